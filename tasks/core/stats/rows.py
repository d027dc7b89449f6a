"""Measures that are estimates from sampled rows as they were drawn: in sessions, with unequal probabilities."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import compress

import numpy as np

from tasks.core.measure import Measure
from tasks.core.stats.estimate import Estimate, mean_estimate, share_estimate
from tasks.core.stats.sessions import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """How the rows of a sample were drawn, row by row; `confidence` is that of intervals.

    `sessions`: a row without one is on its own. `weights` are 1 / the probability of each row to be chosen, and
    `largest_weight` the largest of the whole sample. None where rows are on their own, or count alike.
    """

    confidence: float
    sessions: Sequence[str | None] | None = None
    weights: Floats | None = None
    largest_weight: float | None = None

    def only(self, known: Sequence[bool]) -> "Rows":
        """Some of the rows."""
        return replace(
            self,
            sessions=None if self.sessions is None else list(compress(self.sessions, known)),
            weights=None if self.weights is None else self.weights[np.array(known, dtype=np.bool_)],
        )


def share_among(name: str, flags: Sequence[bool | None], rows: Rows) -> Measure:
    """The share of rows with a flag as the measure `signal.subject.measure`; rows without an answer do not count."""
    known = [flag is not None for flag in flags]
    kept = rows.only(known)
    found = share_estimate(
        [flag for flag in flags if flag is not None], kept.sessions, kept.weights, kept.largest_weight
    )
    return _measure(name, found, sum(known), "share", rows)


def share_of(name: str, part: int, whole: int, confidence: float) -> Measure:
    """The share `part` / `whole` of rows on their own as the measure `signal.subject.measure`."""
    return share_among(name, [True] * part + [False] * (whole - part), Rows(confidence=confidence))


def mean_among(name: str, values: Sequence[float | None], rows: Rows, unit: str) -> Measure:
    """The mean of the rows' finite values as the measure `signal.subject.measure`; rows without one do not count."""
    known = [value is not None for value in values]
    kept = rows.only(known)
    found = mean_estimate([value for value in values if value is not None], kept.sessions, kept.weights)
    return _measure(name, found, sum(known), unit, rows)


def _measure(name: str, found: Estimate | None, n: int, unit: str, rows: Rows) -> Measure:
    signal, subject, measure = name.split(".")
    low, high = (None, None) if found is None else found.interval(rows.confidence) or (None, None)
    return Measure(
        signal=signal,
        subject=subject,
        measure=measure,
        value=None if found is None else found.value,
        low=low,
        high=high,
        n=n,
        unit=unit,
        tails=found,
    )
