"""From the scores of a window to the measures of each metric."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from tasks.core.measure import Measure
from tasks.core.quality.metric import FIVE_POINTS, Scale
from tasks.core.stats.estimates import share_of
from tasks.core.stats.intervals import student


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


def quality_measures(
    name: str, tally: Tally, pass_at: int, confidence: float, scale: Scale = FIVE_POINTS
) -> list[Measure]:
    """The measures of one metric: pass rates, coverage, mean, and the share of each level of the scale by its label.

    pass rate = passed / scored, None when nothing was scored; its two companions count every missing score as failed
    or as passed. coverage = scored / asked, None when nothing was asked.
    """
    passed = sum(rows for score, rows in tally.histogram.items() if score >= pass_at)
    scored, asked = tally.scored, tally.asked
    missing = asked - scored
    levels = levels_of(tally.histogram, scale)
    shares = [
        share_of(f"quality.{name}.share_{label}", levels[level], scored, confidence)
        for level, label in scale.labels.items()
    ]
    return [
        share_of(f"quality.{name}.pass_rate", passed, scored, confidence),
        _count(name, "pass_rate_if_missing_failed", passed, asked),
        _count(name, "pass_rate_if_missing_passed", passed + missing, asked),
        _count(name, "coverage", scored, asked),
        _mean(name, tally.histogram, confidence),
        *shares,
    ]


def levels_of(histogram: Mapping[float, int], scale: Scale = FIVE_POINTS) -> Mapping[int, int]:
    """The rows of each level of the scale; a score that is not whole counts for the nearest one, halves upwards."""
    levels = dict.fromkeys(scale.labels, 0)
    for score, rows in histogram.items():
        levels[math.floor(score + 0.5)] += rows
    return levels


def _count(name: str, measure: str, part: int, whole: int) -> Measure:
    """A share of everything there was, hence without an interval."""
    value = part / whole if whole else None
    return Measure(signal="quality", subject=name, measure=measure, value=value, n=whole, unit="share")


def _mean(name: str, histogram: Mapping[float, int], confidence: float) -> Measure:
    n = sum(histogram.values())
    value, low, high = None, None, None
    if n:
        value = sum(score * rows for score, rows in histogram.items()) / n
        squares = sum(rows * (score - value) ** 2 for score, rows in histogram.items())
        interval = student(value, math.sqrt(squares / (n - 1)), n, confidence) if n > 1 else None
        low, high = interval or (None, None)
    return Measure(signal="quality", subject=name, measure="mean", value=value, low=low, high=high, n=n, unit="score")
