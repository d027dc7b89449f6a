"""Evidence about a rate or a mean that may be looked at after every batch: what bets against the limit have won.

A bet stakes a fixed fraction of its capital on each row at odds that are fair or worse while the mean is not beyond the
limit. Its capital then exceeds 1 / error, at any time, with a probability of at most `error`: J. Ville, Etude critique
de la notion de collectif (1939). Several fractions with equal parts of the first capital are a bet as well: H. Robbins,
Statistical methods related to the law of the iterated logarithm, Annals of Mathematical Statistics 41 (1970). For means
of bounded values: I. Waudby-Smith and A. Ramdas, Estimating means of bounded random variables by betting, JRSS B 86
(2024), section 4. For passes and failures a stake of f against the limit m has won the likelihood of the rate
m + f (1 - m) over that of m.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

Floats = npt.NDArray[np.float64]
STEPS: Final = range(1, 13)
STAKES: Final = tuple(2 ** (-step / 2) for step in STEPS)  # measured: benchmarks/deciding/judgements.py
GROWTH: Final = 10  # a batch is at least the tenth part of what was judged before
FIRST_STEPS: Final = 3  # and at least the third part of the first batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Rows by their value: `counts[i]` rows of the value `levels[i]`, from 0 to 1.

    `largest` is at least the number of these rows that one session has, 1 where rows are independent. The capital is
    taken to the power 1 / largest: the geometric mean of what a session's rows win is at most their arithmetic one, so
    that the evidence holds however they depend on each other. Sessions must then be looked at whole, in random order.
    `shares` is for `of_sessions`, empty where rows stand for themselves. Raises ValueError outside these ranges.
    """

    levels: Sequence[float]
    counts: Sequence[float]
    largest: int = 1
    shares: Sequence[float] = ()

    def __post_init__(self) -> None:
        """Check the ranges."""
        if len(self.levels) != len(self.counts) or not all(0 <= level <= 1 for level in self.levels):
            message = "each level lies from 0 to 1 and has one count"
            raise ValueError(message)
        if not all(0 <= count < math.inf for count in self.counts) or self.largest < 1:
            message = "counts are not negative, and a session has at least one row"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Natural logarithms of what the bets at a limit have won: 0 at the start, infinite where the opposite cannot be.

    `log_up` speaks for a mean above the limit, `log_down` for one below. One that ever reaches log(1 / error) is wrong
    with a probability of at most `error`.
    """

    log_up: float
    log_down: float


def of_sessions(totals: Sequence[float], rows: Sequence[int], largest: int) -> Part:
    """Whole sessions by the sum of their values and their rows, at most `largest`; the mean is still that of rows.

    Rows of a session may depend on each other in any way. It takes fewer of them than counts with `largest` do: half as
    many for sessions of four rows with a correlation of 0.3 (`benchmarks/deciding/judgements.py`).
    """
    if not all(1 <= one <= largest for one in rows):
        message = f"a session has from 1 to {largest} rows"
        raise ValueError(message)
    levels = [total / one for total, one in zip(totals, rows, strict=True)]
    return Part(levels=levels, counts=[1] * len(levels), shares=[one / largest for one in rows])


def evidence(parts: Sequence[Part], limit: float) -> Evidence:
    """The evidence about the application: rows, or whole sessions, are independent draws; `limit` from 0 to 1.

    Parts, such as windows, add up. A mean above 1 or below 0 is never shown; one below 1 is by the first row that is.
    """
    return Evidence(log_up=_up(parts, limit), log_down=_down(parts, limit))


def recent_evidence(windows: Sequence[Part], limit: float) -> Evidence:
    """The evidence of the newest windows, newest first: the mean of what bets have won that began with each of them.

    Windows before a change do not drown it, as they do where all are added up. At one moment each side is wrong with a
    probability of at most `error`; with the newest k windows at every moment, the first time that one is wrong is
    expected after k / error windows or later. Source: J. Shin, A. Ramdas and A. Rinaldo, E-detectors, New England
    Journal of Statistics in Data Science (2023).
    """
    if not windows:
        return Evidence(log_up=0.0, log_down=0.0)
    up = np.cumsum([_bets(window, limit) for window in windows], axis=0)
    down = np.cumsum([_bets(_mirrored(window), 1 - limit) for window in windows], axis=0)
    return Evidence(log_up=_mixed(up), log_down=_mixed(down))


def bounds(parts: Sequence[Part], error: float) -> tuple[float, float]:
    """The confidence sequence at this moment, (low, high) in [0, 1]: each bound is ever wrong with the share `error`.

    limit < low just where `log_up` reaches log(1 / error) at that limit, and high < limit just where `log_down` does.
    """
    enough = _enough(error)
    return (
        _edge(lambda limit: _up(parts, limit) >= enough, 0.0, 1.0),
        _edge(lambda limit: _down(parts, limit) >= enough, 1.0, 0.0),
    )


def evidence_within(passed: int, judged: int, population: int, limit: float) -> Evidence:
    """The evidence about the share of passes among the `population` rows of which the judged were drawn at random.

    They are drawn one by one without replacement, never by whole sessions; rows of a session may then be alike. Source:
    I. Waudby-Smith and A. Ramdas, Confidence sequences for sampling without replacement, NeurIPS 2020. What is won is
    a ratio of hypergeometric likelihoods; as that is monotone (S. Karlin and H. Rubin, Annals of Mathematical
    Statistics 27, 1956), it holds for every share that is not beyond the limit. A share that equals the limit is on
    neither side. Raises ValueError where passed > judged or judged > population.
    """
    _check_drawn(passed, judged, population)
    if judged == 0:
        return Evidence(log_up=0.0, log_down=0.0)
    most = max(count for count in _near(limit, population) if count / population <= limit)
    least = most if most / population == limit else most + 1
    return Evidence(
        log_up=_drawn(passed, judged - passed, population, most),
        log_down=_drawn(judged - passed, passed, population, population - least),
    )


def bounds_within(passed: int, judged: int, population: int, error: float) -> tuple[float, float]:
    """The bounds of the share of passes among the `population` rows, as `bounds` and in terms of `evidence_within`."""
    _check_drawn(passed, judged, population)
    enough = _enough(error)
    failed = judged - passed
    if judged == 0:
        return 0.0, 1.0
    passes = _first(lambda most: _drawn(passed, failed, population, most) < enough, population)
    failures = _first(lambda most: _drawn(failed, passed, population, most) < enough, population)
    return passes / population, (population - failures) / population


def next_batch(judged: int, first: int) -> int:
    """How many rows to judge before the next look: `first` at the start, then a tenth of the judged, or a third of it.

    From a first batch of 30 it takes 31 looks to 900 rows; a verdict takes 15 % more rows than with a look at each.
    """
    return max(math.ceil(first / FIRST_STEPS), math.ceil(judged / GROWTH)) if judged else first


def _up(parts: Sequence[Part], limit: float) -> float:
    """The logarithm of what the bets on a mean above the limit have won."""
    return _mixed(sum((_bets(part, limit) for part in parts), np.zeros(len(STAKES))))


def _down(parts: Sequence[Part], limit: float) -> float:
    return _up([_mirrored(part) for part in parts], 1 - limit)


def _mirrored(part: Part) -> Part:
    """Failures for passes."""
    return replace(part, levels=[1 - level for level in part.levels])


def _bets(part: Part, limit: float) -> Floats:
    """The logarithm of what each stake on a mean above the limit has won."""
    counts = np.asarray(part.counts, dtype=np.float64)
    gains = _gains(np.asarray(part.levels, dtype=np.float64), limit) * (np.asarray(part.shares) if part.shares else 1)
    seen = counts > 0
    return np.asarray((np.log1p(np.outer(STAKES, gains[seen])) * counts[seen]).sum(axis=1) / part.largest)


def _gains(levels: Floats, limit: float) -> Floats:
    """What a stake of 1 wins by each value, from -1; it falls as the limit rises."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.asarray(np.where(levels > 0, levels / limit, 0.0) - 1)


def _drawn(passed: int, failed: int, population: int, most: int) -> float:
    """The logarithm of what the bets on more than `most` passes in the population have won."""
    if passed > most:
        return math.inf
    others = most + np.array(STAKES) * (population - most)
    possible = population - others >= failed
    bets = np.full(len(STAKES), -np.inf)
    bets[possible] = (
        _falling(others[possible], passed)
        - _falling(np.float64(most), passed)
        + _falling(population - others[possible], failed)
        - _falling(np.float64(population - most), failed)
    )
    return _mixed(bets)


def _falling(start: Floats | np.float64, factors: int) -> Floats:
    """The logarithm of start (start - 1) ... of so many factors."""
    return np.asarray(gammaln(start + 1) - gammaln(start - factors + 1))


def _mixed(bets: Floats) -> float:
    """The logarithm of the mean of what was won."""
    top = float(bets.max())
    return top if math.isinf(top) else top + math.log(np.exp(bets - top).mean())


def _enough(error: float) -> float:
    if not 0 < error < 1:
        message = "error lies between 0 and 1"
        raise ValueError(message)
    return -math.log(error)


def _edge(holds: Callable[[float], bool], start: float, end: float) -> float:
    """The first point from `start` on where it does not hold; it never holds at `end`, and holds up to one point."""
    if not holds(start):
        return start
    while (middle := (start + end) / 2) not in (start, end):
        start, end = (middle, end) if holds(middle) else (start, middle)
    return end


def _first(found: Callable[[int], bool], end: int) -> int:
    """The smallest number from 0 to `end` with what is found at `end` and from one number on."""
    start = 0
    while start < end:
        middle = (start + end) // 2
        start, end = (start, middle) if found(middle) else (middle + 1, end)
    return end


def _near(limit: float, population: int) -> range:
    """The numbers of passes next to the limit, whatever the rounding."""
    nearest = round(limit * population)
    return range(max(nearest - 1, 0), min(nearest + 1, population) + 1)


def _check_drawn(passed: int, judged: int, population: int) -> None:
    if not 0 <= passed <= judged <= population:
        message = "passed, judged and population must rise from 0"
        raise ValueError(message)
