"""The difference of two shares of rows, by the score intervals of both: it has a width where every row has passed.

Sources: R. G. Newcombe, Statistics in Medicine 17 (1998), 873 (two samples, method 10) and 2635 (pairs, method 10), and
G. Y. Zou and A. Donner, Statistics in Medicine 27 (2008), for the interval; E. L. Korn and B. I. Graubard, Survey
Methodology 24 (1998), and N. Dean and M. Pagano, Journal of Survey Statistics and Methodology 3 (2015), for effective
numbers of rows; L. Kish, Survey Sampling (1965), 5.4, for what sessions of several rows take from them.
"""

import math
from dataclasses import dataclass
from typing import Final

from scipy import optimize, stats

from tasks.core.stats.intervals import score_bounds
from tasks.core.stats.sessions import Side, correlation_of, joint_freedom

ALIKE: Final = 0.5  # sessions whose rows are all the same, added to what the sessions show
FARTHEST: Final = 1e6  # standard errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share of rows, from 0 to 1; `rows` are as many independent ones as would say as much.

    `variance` is the squared standard error of a share a little nearer to one half, so that it is never 0; `freedom` is
    its degrees of freedom, infinite where every row is on its own.
    """

    value: float
    rows: float
    variance: float
    freedom: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Two shares, the `correlation` of the two, and the degrees of freedom of their difference."""

    a: Share
    b: Share
    correlation: float
    freedom: float

    def interval(self, confidence: float) -> tuple[float, float]:
        """That of b less a, from -1 to 1."""
        return self._at(float(stats.t.ppf((1 + confidence) / 2, self.freedom)))

    def p_value(self) -> float:
        """1 less the confidence at which the interval reaches 0."""
        value = self.b.value - self.a.value
        if value == 0:
            return 1.0
        bound = 0 if value > 0 else 1

        def inside(quantile: float) -> float:
            return math.copysign(1.0, value) * self._at(quantile)[bound]

        reached = FARTHEST if inside(FARTHEST) > 0 else float(optimize.brentq(inside, 0.0, FARTHEST, xtol=1e-10))
        return 2 * float(stats.t.sf(reached, self.freedom))

    def _at(self, quantile: float) -> tuple[float, float]:
        (low_a, high_a), (low_b, high_b) = (score_bounds(one.value, one.rows, quantile) for one in (self.a, self.b))
        down, up = (
            math.sqrt(max(x * x - 2 * self.correlation * x * y + y * y, 0.0))
            for x, y in ((self.b.value - low_b, high_a - self.a.value), (high_b - self.b.value, self.a.value - low_a))
        )
        return self.b.value - self.a.value - down, self.b.value - self.a.value + up


def shares_of(a: Side, b: Side, rarer: tuple[float, float]) -> Shares:
    """The shares of two sides whose values are 0 and 1; `rarer` as `rarer_sessions` counts them."""
    alike = (_likeness(a, rarer[0]), _likeness(b, rarer[1]))
    pooled = _pooled((a, b), rarer, alike)  # what one side shows by chance too little of, the other may show
    one, other = _share(a, max(alike[0], pooled)), _share(b, max(alike[1], pooled))
    freedom = joint_freedom((one.variance, other.variance), (one.freedom, other.freedom), len(a.influence))
    return Shares(a=one, b=other, correlation=_less_chance(correlation_of(a, b), one, other), freedom=freedom)


def _likeness(side: Side, rarer: float) -> float:
    """How alike the rows of a session are, from 0 (as any) to 1 (all the same); 0 where nothing tells."""
    if side.crowding <= 1 or rarer == 0:
        return 0.0
    inflation = side.variance * (side.n - 1) / (side.mean * (1 - side.mean))
    return min(max((inflation - 1) / (side.crowding - 1), 0.0), 1.0)


def _pooled(sides: tuple[Side, Side], rarer: tuple[float, float], alike: tuple[float, float]) -> float:
    """The likeness of both sides together; each counts by its sessions with the rarer value.

    Where none has failed, nothing tells whether failures come together, and `ALIKE` sessions say that they do.
    """
    known = [sessions if side.crowding > 1 else 0 for side, sessions in zip(sides, rarer, strict=True)]
    told = sum(sessions * one for sessions, one in zip(known, alike, strict=True))
    return (told + ALIKE) / (sum(known) + ALIKE)


def _share(side: Side, alike: float) -> Share:
    rows = side.n / (1 + (side.crowding - 1) * alike)
    middle = (side.mean * rows + 2) / (rows + 4)  # A. Agresti and B. A. Coull, The American Statistician 52 (1998)
    freedom = side.freedom if side.crowding > 1 else math.inf
    return Share(value=side.mean, rows=rows, variance=middle * (1 - middle) / rows, freedom=freedom)


def _less_chance(correlation: float, a: Share, b: Share) -> float:
    """A correlation above 0 less half a row (Newcombe, pairs, method 10): few rows agree by chance too."""
    spread = math.sqrt(a.value * (1 - a.value) * b.value * (1 - b.value) * a.rows * b.rows)
    return max(correlation - 1 / (2 * spread), 0.0) if correlation > 0 and spread > 0 else correlation
