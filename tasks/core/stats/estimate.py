"""Estimates from one fixed sample of rows: shares and means, of rows on their own, in sessions, or with weights.

Sources: D. G. Horvitz and D. J. Thompson, JASA 47 (1952), and J. Hajek, Comment, in Foundations of statistical
inference (1971), for weights that are 1 / inclusion probability and the ratio of their sums; C.-E. Sarndal, B. Swensson
and J. Wretman, Model assisted survey sampling (1992), 5.6, for its linearised variance; L. Kish, Survey sampling
(1965), 5.4 and 8.1, for design effects; E. L. Korn and B. I. Graubard, Survey Methodology 24 (1998), and C. Franco,
R. J. A. Little, T. A. Louis and E. V. Slud, Journal of Survey Statistics and Methodology 7 (2019), for intervals of
shares from effective numbers of rows, here by the exact tails of C. J. Clopper and E. S. Pearson, Biometrika 26 (1934):
with few rows, or limits near 0 and 1, those of the normal law are wrong many times too often.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special

from tasks.core.stats.intervals import Interval, exact_bounds, t_quantile
from tasks.core.stats.sessions import (
    Floats,
    Integers,
    Sessions,
    Side,
    freedom_of,
    rarer_sessions,
    session_numbers,
    side_of,
)

TINY: Final = 1e-12  # of the largest value: rounding, no spread
PRIOR: Final = 1.0  # sessions with the rarer value, as alike as can be, added to those that were seen

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A share of rows that passed (0 to 1), or a mean, and how far it may be from the truth.

    `n` are the rows, `n_effective` as many rows on their own as would tell as much, `design_effect` the first by the
    second; None where the rows are on their own and count alike. `error` is the standard error, that of a share never
    0; None where there is no spread to tell it from: one row, one session, or sessions that are all the same. `freedom`
    is the degrees of freedom of its square, infinite for shares of rows on their own.
    """

    value: float
    n: int
    n_effective: float
    design_effect: float | None
    freedom: float
    error: float | None
    is_share: bool

    def interval(self, confidence: float) -> Interval | None:
        """The two-sided interval: Clopper's and Pearson's for a share, else Student's; None as `error`."""
        if self.error is None:
            return None
        quantile = t_quantile(confidence, self.freedom)
        if self.is_share:
            return exact_bounds(self.value * self.n_effective, self.n_effective, float(special.ndtr(-quantile)))
        return self.value - quantile * self.error, self.value + quantile * self.error

    def p_value(self, limit: float, *, below: bool) -> float | None:
        """The one-sided p-value, from 0 to 1, of the hypothesis that the truth is not below (or not above) `limit`.

        It is under (1 - confidence) / 2 exactly where the interval ends short of the limit. None as `error`.
        """
        if self.error is None:
            return None
        if self.is_share and not 0 <= limit <= 1:
            return 0.0 if below is (limit > 1) else 1.0
        if self.is_share:
            distance = float(special.ndtri(self._tail(limit, below=below)))
        else:
            distance = (self.value - limit if below else limit - self.value) / self.error
        return float(special.stdtr(self.freedom, distance))

    def _tail(self, limit: float, *, below: bool) -> float:
        """The chance of as many passes as there are, or fewer (or more), among the effective rows at the limit."""
        passed, failed = self.value * self.n_effective, (1 - self.value) * self.n_effective
        if below:
            return float(special.betaincc(passed + 1, failed, limit)) if failed > 0 else 1.0
        return float(special.betainc(passed, failed + 1, limit)) if passed > 0 else 1.0


def share_estimate(
    passed: Sequence[bool] | Flags,
    sessions: Sessions = None,
    weights: Floats | None = None,
    largest_weight: float | None = None,
) -> Estimate | None:
    """The share of rows that passed; None without a row.

    `sessions` are those of the rows, None for a row on its own. `weights` are 1 / the probability with which each row
    came into the sample, above 0; only their ratios count. `largest_weight` is the largest of the design, drawn or not:
    without it nothing is known of rows that might have been drawn and were not, so rows never tell more than as many
    of an even sample. Raises ValueError for weights that are no such numbers.
    """
    if not len(passed):
        return None
    values, numbers, each = _ordered(passed, sessions, _weights(weights, len(passed), largest_weight))
    side = side_of(values, numbers, int(numbers.max()) + 1, each)
    least = 1.0 if each is None or largest_weight is None else 0.0
    effect = _share_effect(side, rarer_sessions(values > 0, numbers, each), each, least)
    rows = side.n / (effect or 1.0)
    middle = (side.mean * rows + 2) / (rows + 4)  # A. Agresti and B. A. Coull, The American Statistician 52 (1998)
    return Estimate(
        value=side.mean,
        n=side.n,
        n_effective=rows,
        design_effect=effect,
        freedom=math.inf if effect is None else side.freedom,
        error=math.sqrt(middle * (1 - middle) / rows),
        is_share=True,
    )


def mean_estimate(
    values: Sequence[float] | Floats, sessions: Sessions = None, weights: Floats | None = None
) -> Estimate | None:
    """The mean of finite values; None without a value. `sessions` and `weights` as for `share_estimate`."""
    if not len(values):
        return None
    given, numbers, each = _ordered(values, sessions, _weights(weights, len(values), None))
    lowest, highest = float(given[0]), float(given[-1])
    scale = max(abs(lowest), abs(highest)) or 1.0
    side = side_of(given / scale, numbers, int(numbers.max()) + 1, each)
    error = math.sqrt(side.variance)
    is_spread = error > TINY
    effect = _mean_effect(side, given / scale, each, is_spread=is_spread)
    return Estimate(
        value=min(max(side.mean * scale, lowest), highest),
        n=side.n,
        n_effective=side.n / (effect or 1.0),
        design_effect=effect,
        freedom=side.freedom if each is not None or effect is None else _mean_freedom(side, numbers, effect),
        error=error * scale if is_spread else None,
        is_share=False,
    )


def _ordered(
    values: Sequence[float] | Floats | Flags, sessions: Sessions, weights: Floats | None
) -> tuple[Floats, Integers, Floats | None]:
    """The rows by value and weight, so that sums are the same in whatever order the rows come."""
    given = np.asarray(values, dtype=np.float64)
    numbers = np.arange(len(given)) if sessions is None else session_numbers(sessions, len(given), None, 0)[0]
    order = np.argsort(given, kind="stable") if weights is None else np.lexsort((weights, given))
    return given[order], numbers[order], None if weights is None else weights[order]


def _weights(weights: Floats | None, n: int, largest: float | None) -> Floats | None:
    """The weights as shares of the largest, drawn or not, from 0 to 1; None where all are 1: as good as none."""
    if weights is None:
        return None
    given = np.asarray(weights, dtype=np.float64)
    if given.shape != (n,) or not np.all((given > 0) & np.isfinite(given)):
        message = "weights are finite numbers above 0, one for each row"
        raise ValueError(message)
    each = given / max(float(given.max()), largest or 0.0)
    return None if each.min() >= 1 else each


def _share_effect(side: Side, seen: float, weights: Floats | None, least: float) -> float | None:
    """The design effect: the one that was estimated, and the worst as far as the rarer value was `seen` too rarely.

    The worst is that all rows of a session are alike, and that the rarer value is found where the weights are largest.
    """
    if weights is None and side.crowding <= 1:
        return None
    worst = side.crowding / (1.0 if weights is None else float(weights.mean()))
    if side.mean in {0.0, 1.0} or side.sessions == 1:
        return worst
    shown = min(max(side.variance * (side.n - 1) / (side.mean * (1 - side.mean)), least), worst)
    return (seen * shown + PRIOR * worst) / (seen + PRIOR)


def _mean_effect(side: Side, values: Floats, weights: Floats | None, *, is_spread: bool) -> float | None:
    """The design effect; where nothing varies, that of sessions whose rows are all alike."""
    if weights is None and side.crowding <= 1:
        return None
    each = np.ones(side.n) if weights is None else weights / weights.mean()
    if not is_spread:
        return side.crowding * float((each**2).mean())
    return side.variance * side.n * (side.n - 1) / float((each * (values - side.mean) ** 2).sum())


def _mean_freedom(side: Side, numbers: Integers, effect: float) -> float:
    """With the rows of a session as alike as the design effect has them."""
    return freedom_of(numbers, min(max((effect - 1) / (side.crowding - 1), 0.0), 1.0))
