"""Several scores of the same judgement made one: a judge's repeats, the jurors of a jury."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from statistics import fmean, stdev
from typing import Final

from tasks.core.quality.score import Score, Use

Rule = Callable[[Sequence[float]], float]


def majority(scores: Sequence[float]) -> float:
    """The most frequent score; among equally frequent ones that nearest the mean, then the lower."""
    mean, votes = fmean(scores), Counter(scores)
    return min(votes, key=lambda score: (-votes[score], abs(score - mean), score))


RULES: Final[Mapping[str, Rule]] = {"mean": fmean, "majority": majority}


def repeated(scores: Sequence[Score], rule: Rule = fmean) -> Score:
    """One judge's repeats as one score: by the rule, and their standard deviation as its `spread`."""
    combined = _combined(scores, rule)
    return replace(combined, spread=_deviation(scores))


def jury(scores: Sequence[Score], rule: Rule) -> Score:
    """The jurors' scores as one: by the rule, and their standard deviation as `disagreement`."""
    combined = _combined(scores, rule)
    models = sorted({score.model for score in scores if score.model})
    return replace(combined, disagreement=_deviation(scores), spread=None, model=", ".join(models) or None)


def _combined(scores: Sequence[Score], rule: Rule) -> Score:
    """What could be scored decides; with none of it, the last one says why. The reason is that of the nearest score."""
    known = [(score.score, score) for score in scores if score.score is not None]
    use = sum((score.use for score in scores), start=Use())
    if not known:
        return replace(scores[-1], use=use)
    value = rule([number for number, _ in known])
    _, nearest = min(known, key=lambda pair: abs(pair[0] - value))
    return replace(nearest, score=value, use=use)


def _deviation(scores: Sequence[Score]) -> float | None:
    known = [score.score for score in scores if score.score is not None]
    return stdev(known) if len(known) > 1 else None
