"""The difference of a measure between two versions, with its interval and its p-value."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats

from tasks.core.comparison.shares import Shares, shares_of
from tasks.core.stats.sessions import (
    Floats,
    Integers,
    Sessions,
    Side,
    correlation_of,
    joint_freedom,
    rarer_sessions,
    session_numbers,
    side_of,
)

LARGEST: Final = 1e150  # beyond it squares are no numbers
TINY: Final = 1e-12  # of the largest value: rounding, no spread

Rows = tuple[Floats, Integers]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The mean of b less the mean of a, in the unit of the values.

    `low` and `high` bound its interval, `p_value` (0 to 1) is that of no difference. All are None where either side has
    the rows of one session only; where nothing varies (every value is the same, or every pair as far apart) there is no
    interval either. `n_a` and `n_b` are rows, `sessions_a` and `sessions_b` the sessions behind them, a row without one
    counting as one. `variance_a` and `variance_b` are those of one row and what sessions add to it: divided by the
    rows, the squared standard error of each mean. `correlation` is that of the two means, from -1 to 1, 0 where they
    share no session. `freedom` is the degrees of freedom: infinite for shares of rows on their own, None without an
    interval.
    """

    value: float
    low: float | None
    high: float | None
    p_value: float | None
    n_a: int
    n_b: int
    sessions_a: int
    sessions_b: int
    variance_a: float | None
    variance_b: float | None
    correlation: float
    freedom: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Estimate:
    """What is said of the difference of scaled values; fields as those of `Difference`."""

    bounds: tuple[float, float] | None = None
    p_value: float | None = None
    variances: tuple[float, float] | None = None
    correlation: float = 0.0
    freedom: float | None = None


def difference(
    values_a: Floats, values_b: Floats, clusters_a: Sessions, clusters_b: Sessions, *, confidence: float
) -> Difference | None:
    """Compare the rows of two versions: passes (1.0) and failures (0.0), or any numbers.

    `clusters_a` and `clusters_b` are the sessions of the rows; None, all or one: the row is on its own. A session on
    both sides is one session. Values that are not finite do not count, and the order of the rows makes no difference.
    None where either side has no values.
    """
    a, b = np.asarray(values_a, dtype=np.float64), np.asarray(values_b, dtype=np.float64)
    sessions_a, sessions_b = session_numbers(clusters_a, len(a), clusters_b, len(b))
    return difference_of(counted(a, sessions_a), counted(b, sessions_b), confidence=confidence)


def counted(values: Floats, numbers: Integers) -> Rows:
    """The rows whose values are numbers."""
    is_number = np.abs(values) <= LARGEST
    return values[is_number], numbers[is_number]


def difference_of(a: Rows, b: Rows, *, confidence: float) -> Difference | None:
    """As `difference`, of values and the numbers of their sessions; a number is the same session on both sides."""
    if min(len(a[0]), len(b[0])) == 0:
        return None
    _, places = np.unique(np.concatenate([a[1], b[1]]), return_inverse=True)
    levels = two_levels(a[0], b[0])
    is_share = levels is not None and levels[0] < levels[1]
    lowest, highest = levels if is_share and levels else (0.0, float(max(np.abs(a[0]).max(), np.abs(b[0]).max())))
    scale = highest - lowest or 1.0
    one, other = (
        side_of((values - lowest) / scale, numbers, int(places.max()) + 1)
        for values, numbers in ((a[0], places[: len(a[0])]), (b[0], places[len(a[0]) :]))
    )
    if min(one.sessions, other.sessions) < 2:  # noqa: PLR2004  one session has no spread
        return _found(one, other, scale, _Estimate())
    if not is_share:
        return _found(one, other, scale, _of_numbers(one, other, confidence))
    rarer = (rarer_sessions(a[0] == highest, a[1]), rarer_sessions(b[0] == highest, b[1]))
    return _found(one, other, scale, _of_shares(shares_of(one, other, rarer), one.n, other.n, confidence))


def two_levels(values_a: Floats, values_b: Floats) -> tuple[float, float] | None:
    """The two values that all rows have, (0, 1) where these are 0 or 1, one twice where all are the same; else None."""
    found = np.unique(np.concatenate([values_a, values_b]))
    if len(found) > 2:  # noqa: PLR2004
        return None
    return (0.0, 1.0) if set(found.tolist()) <= {0.0, 1.0} else (float(found[0]), float(found[-1]))


def _of_numbers(a: Side, b: Side, confidence: float) -> _Estimate:
    """By Student's t."""
    value = b.mean - a.mean
    error = math.sqrt(float(((b.influence - a.influence) ** 2).sum()))
    variances, correlation = (a.variance * a.n, b.variance * b.n), correlation_of(a, b)
    if error <= TINY:
        return _Estimate(p_value=1.0 if abs(value) <= TINY else None, variances=variances, correlation=correlation)
    freedom = joint_freedom((a.variance, b.variance), (a.freedom, b.freedom), len(a.influence))
    half = float(stats.t.ppf((1 + confidence) / 2, freedom)) * error
    return _Estimate(
        bounds=(value - half, value + half),
        p_value=2 * float(stats.t.sf(abs(value) / error, freedom)),
        variances=variances,
        correlation=correlation,
        freedom=freedom,
    )


def _of_shares(shares: Shares, n_a: int, n_b: int, confidence: float) -> _Estimate:
    return _Estimate(
        bounds=shares.interval(confidence),
        p_value=shares.p_value(),
        variances=(shares.a.variance * n_a, shares.b.variance * n_b),
        correlation=shares.correlation,
        freedom=shares.freedom,
    )


def _found(a: Side, b: Side, scale: float, estimate: _Estimate) -> Difference:
    low, high = estimate.bounds or (None, None)
    variance_a, variance_b = estimate.variances or (None, None)
    return Difference(
        value=(b.mean - a.mean) * scale,
        low=None if low is None else low * scale,
        high=None if high is None else high * scale,
        p_value=estimate.p_value,
        n_a=a.n,
        n_b=b.n,
        sessions_a=a.sessions,
        sessions_b=b.sessions,
        variance_a=None if variance_a is None else variance_a * scale**2,
        variance_b=None if variance_b is None else variance_b * scale**2,
        correlation=estimate.correlation,
        freedom=estimate.freedom,
    )
