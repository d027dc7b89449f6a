"""Where a measure stood before: the same measure over earlier windows, pooled."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from tasks.core.measure import Measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """A measure over earlier windows.

    `value` is the mean of their values by rows, `n` those rows. `error` is its standard error: the larger of what the
    windows' own intervals and the differences between the windows say; None where neither is known.
    """

    value: float
    error: float | None
    n: int
    windows: int


def pooled(measures: Sequence[Measure], confidence: float) -> Before | None:
    """The measure over some windows, whose intervals have the `confidence`; None where none of them has a value."""
    known = [(one.value, one) for one in measures if one.value is not None and one.n > 0]
    if not known:
        return None
    values = np.array([value for value, _ in known])
    rows = np.array([one.n for _, one in known], dtype=np.float64)
    shares = rows / rows.sum()
    value = float(shares @ values)
    return Before(
        value=value,
        error=_error(values, shares, [one for _, one in known], confidence),
        n=int(rows.sum()),
        windows=len(known),
    )


def _error(values: np.ndarray, shares: np.ndarray, known: Sequence[Measure], confidence: float) -> float | None:
    width = 2 * float(stats.norm.ppf((1 + confidence) / 2))
    spans = [one.high - one.low for one in known if one.low is not None and one.high is not None]
    within = math.sqrt(float(shares**2 @ (np.array(spans) / width) ** 2)) if len(spans) == len(known) else None
    between = None
    if len(values) > 1:
        away = values - float(shares @ values)
        between = math.sqrt(float(shares**2 @ away**2) * len(values) / (len(values) - 1))
    found = [one for one in (within, between) if one is not None]
    return max(found) if found else None
