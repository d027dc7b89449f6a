"""From the scores of a window to the measures of each metric."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from tasks.core.measure import Measure, Tails
from tasks.core.quality.metric import Metric
from tasks.core.stats.anytime import Anytime, part_of
from tasks.core.stats.betting import Part
from tasks.core.stats.estimate import Estimate, mean_estimate, share_estimate
from tasks.core.stats.rows import Rows
from tasks.core.stats.sessions import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What became of the sampled interactions on one metric, in rows.

    `histogram` maps each score to its rows, `unscored` and `not_asked` a reason to its rows.
    """

    histogram: Mapping[float, int]
    unscored: Mapping[str, int]
    not_applicable: int
    not_asked: Mapping[str, int]

    @property
    def scored(self) -> int:
        """Rows that have a score."""
        return sum(self.histogram.values())

    @property
    def asked(self) -> int:
        """Rows that the evaluator was asked about, scored or not."""
        return self.scored + sum(self.unscored.values())

    @property
    def sampled(self) -> int:
        """All rows of the sample."""
        return self.asked + self.not_applicable + sum(self.not_asked.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """How the scored rows came to be, which is what their intervals depend on.

    `rows` goes with the `scores`, row by row; without scores they are those of the tally. `population` is the number
    of interactions that the rows were drawn from, where only those are spoken of. `until_decided`: judging ended when
    enough was known, so that intervals have to hold at any such moment; `largest` is then the most rows of a session.
    """

    rows: Rows
    scores: Floats | None = None
    population: int | None = None
    until_decided: bool = False
    largest: int = 1


def quality_measures(metric: Metric, tally: Tally, drawn: Drawn) -> list[Measure]:
    """The measures of one metric: pass rates, coverage, mean, and the share of each level of the scale by its label.

    pass rate = passed / scored, weighted where rows do not count alike, None when nothing was scored; its two
    companions count every missing score as failed or as passed. coverage = scored / asked, None when nothing was
    asked. `design_effect` says how many times as many rows this sample takes as one of rows on their own.
    """
    name, asked, missing = metric.name, tally.asked, tally.asked - tally.scored
    scores = _scores(tally) if drawn.scores is None else drawn.scores
    levels = np.floor(scores + 0.5)  # a score that is not whole counts for the nearest one, halves upwards
    rate = _share(f"quality.{name}.pass_rate", scores >= metric.pass_at, drawn)
    return [
        rate,
        _if_missing(rate, "failed", 0, asked, drawn),
        _if_missing(rate, "passed", missing, asked, drawn),
        _count(name, "coverage", tally.scored, asked),
        _mean(metric, scores, drawn),
        *(
            _share(f"quality.{name}.share_{label}", levels == level, drawn)
            for level, label in metric.scale.labels.items()
        ),
        *_design_effect(name, rate),
    ]


def _scores(tally: Tally) -> Floats:
    return np.repeat(np.array(list(tally.histogram), dtype=np.float64), list(tally.histogram.values()))


def _if_missing(rate: Measure, what: str, more: int, asked: int, drawn: Drawn) -> Measure:
    """The pass rate of the asked rows had `more` of the missing scores passed; these count as the scored do."""
    measure = f"pass_rate_if_missing_{what}"
    if rate.n == asked:
        return replace(rate, measure=measure)
    empty, passed = replace(rate, measure=measure, n=asked), (rate.value or 0.0) * rate.n + more
    if drawn.until_decided:
        part = Part(levels=(0.0, 1.0), counts=(asked - passed, passed), largest=drawn.largest)
        return _estimated(empty, passed / asked, Anytime(part=part), drawn)
    found = share_estimate(np.arange(asked) < passed)
    if found is None:
        return empty
    effect = rate.tails.design_effect if isinstance(rate.tails, Estimate) else None
    crowded = replace(found, value=passed / asked, n_effective=asked / (effect or 1.0), design_effect=effect)
    return _estimated(empty, passed / asked, crowded, drawn)


def _count(name: str, measure: str, part: int, whole: int) -> Measure:
    """A share of everything there was, hence without an interval."""
    value = part / whole if whole else None
    return Measure(signal="quality", subject=name, measure=measure, value=value, n=whole, unit="share")


def _share(address: str, flags: np.ndarray, drawn: Drawn) -> Measure:
    """The share of rows with a flag."""
    signal, subject, name = address.split(".")
    n = len(flags)
    empty = Measure(signal=signal, subject=subject, measure=name, value=None, n=n, unit="share")
    rows = drawn.rows
    found = share_estimate(flags, rows.sessions, rows.weights, rows.largest_weight)
    if found is None:
        return empty
    if drawn.until_decided:
        sessions = rows.sessions if drawn.population is None else None
        so_far = Anytime(
            part=part_of(flags.astype(float).tolist(), sessions, drawn.largest), population=drawn.population
        )
        return _estimated(empty, found.value, so_far, drawn)
    if drawn.population is not None:
        return _of_population(empty, share_estimate(flags, None, rows.weights, rows.largest_weight) or found, drawn)
    return _estimated(empty, found.value, found, drawn)


def _of_population(empty: Measure, found: Estimate, drawn: Drawn) -> Measure:
    """The share among the interactions that the rows were drawn from: the more of them were judged, the surer it is.

    Source: W. G. Cochran, Sampling techniques (1977), 2.6, the finite population correction. Which interactions were
    drawn is what varies, so that sessions make no difference.
    """
    left = 1 - found.n / max(drawn.population or 0, found.n)
    if left == 0:  # all of them were judged
        return replace(empty, value=found.value, low=found.value, high=found.value)
    error = None if found.error is None else found.error * math.sqrt(left)
    corrected = replace(found, n_effective=found.n_effective / left, error=error)
    return _estimated(empty, found.value, corrected, drawn)


def _mean(metric: Metric, scores: Floats, drawn: Drawn) -> Measure:
    empty = Measure(signal="quality", subject=metric.name, measure="mean", value=None, n=len(scores), unit="score")
    found = mean_estimate(scores, drawn.rows.sessions, drawn.rows.weights)
    if found is None:
        return empty
    if not drawn.until_decided:
        return _estimated(empty, found.value, found, drawn)
    lowest, highest = metric.scale.lowest, metric.scale.highest
    values = ((scores - lowest) / (highest - lowest)).tolist()
    anytime = Anytime(part=part_of(values, drawn.rows.sessions, drawn.largest), scale=(lowest, highest))
    return _estimated(empty, found.value, anytime, drawn)


def _estimated(empty: Measure, value: float, found: Tails, drawn: Drawn) -> Measure:
    low, high = found.interval(drawn.rows.confidence) or (None, None)
    return replace(empty, value=value, low=low, high=high, tails=found)


def _design_effect(name: str, rate: Measure) -> list[Measure]:
    effect = rate.tails.design_effect if isinstance(rate.tails, Estimate) else None
    if effect is None:
        return []
    return [Measure(signal="quality", subject=name, measure="design_effect", value=effect, n=rate.n, unit="ratio")]
