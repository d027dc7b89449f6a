"""How many rows a verdict takes."""

import math
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from tasks.core.stats.betting import STAKES

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
MOST_TO_FIND: Final = 100_000
MOST_TO_DECIDE: Final = 1_000_000
LOOKS: Final = 200  # the rows found are a hundredth too many for it
LATE: Final = 2.5  # standard deviations: next to none is found later
NEGLIGIBLE: Final = 1e-9
SMALLEST: Final = 1e-300
LARGEST_LOG: Final = 700.0


def rows_to_find(rate: float, limit: float, *, error: float, power: float = 0.9, largest: int = 1) -> int | None:
    """Judged rows until `betting.evidence` tells with a probability of `power` on which side of the limit the rate is.

    Rows are taken for independent, but the evidence is that of sessions of up to `largest` rows; more are needed where
    those are alike. The chances of all numbers of passes are followed from look to look. None where rate and limit are
    equal or it takes more than 100,000 rows.
    """
    if not (0 <= rate <= 1 and 0 <= limit <= 1 and 0 < error < 1 and 0 < power < 1 and largest >= 1):
        message = "rate and limit lie from 0 to 1, error and power between, and a session has at least one row"
        raise ValueError(message)
    if rate == limit:
        return None
    share, bound = (rate, limit) if rate > limit else (1 - rate, 1 - limit)
    wins, losses = np.log1p(np.array(STAKES) * (1 / max(bound, SMALLEST) - 1)), np.log1p(-np.array(STAKES))
    last = _last(share, wins, losses, -math.log(error / len(STAKES)) * largest)
    if last is None:
        return None
    looks = np.unique(np.linspace(1, min(last, MOST_TO_FIND), LOOKS).astype(np.int64))
    edges = _edges(looks, wins / largest, losses / largest, 1 / error)
    return _rows_until(power, share, looks, edges)


def rows_to_decide(value: float, n: int, limit: float, *, error: float, design_effect: float = 1.0) -> int | None:
    """About how many more rows would decide, should the share stay at `value`: `n` were judged.

    `error` is that of each side, `design_effect` how much sessions add to the variance, from 1. By the score test, that
    is where Wilson's interval leaves the limit out. None where the share equals the limit, where more than 1,000,000
    rows are wanting, and where these are enough, so that it is not rows that are wanting.
    """
    away = (value - limit) ** 2
    if away == 0:
        return None
    needed = float(special.ndtri(error)) ** 2 * limit * (1 - limit) * design_effect / away
    return math.ceil(needed - n) if n < needed <= n + MOST_TO_DECIDE else None


def _last(share: float, wins: Floats, losses: Floats, enough: float) -> float | None:
    """Rows after which the best stake by itself has won enough in next to all streams; None where none gains."""
    gains = share * wins + (1 - share) * losses
    best = gains.argmax()
    if gains[best] <= 0:
        return None
    spread = LATE * math.sqrt(share * (1 - share)) * (wins[best] - losses[best])
    return float((spread + math.sqrt(spread**2 + 4 * gains[best] * enough)) / (2 * gains[best])) ** 2 + 1


def _edges(looks: Integers, wins: Floats, losses: Floats, enough: float) -> Integers:
    """The fewest passes at each look that have won enough; one more than rows where none have."""
    low, high = np.zeros_like(looks), looks + 1
    while (low < high).any():
        middle = (low + high) // 2
        logs = np.outer(middle, wins) + np.outer(looks - middle, losses)
        is_enough = np.exp(np.minimum(logs, LARGEST_LOG)).mean(axis=1) >= enough
        low, high = np.where(is_enough | (low >= high), low, middle + 1), np.where(is_enough, middle, high)
    return high


def _rows_until(power: float, share: float, looks: Integers, edges: Integers) -> int | None:
    """The first look by which so many passes were there, then or before, with a probability of `power`."""
    batches = np.diff(looks, prepend=0)
    added = {batch: _added(int(batch), share) for batch in np.unique(batches)}
    chances, fewest = np.ones(1), 0
    for rows, edge, batch in zip(looks, edges, batches, strict=True):
        more, at_least = added[batch]
        chances, fewest = np.convolve(chances, more)[: max(edge - fewest - at_least, 0)], fewest + at_least
        if chances.sum() <= 1 - power:
            return int(rows)
        few = int(np.argmax(chances > NEGLIGIBLE))
        chances, fewest = chances[few:], fewest + few
    return None


def _added(batch: int, share: float) -> tuple[Floats, int]:
    """The chances of numbers of passes in a batch, and the smallest of those numbers."""
    few, many = stats.binom.ppf([NEGLIGIBLE, 1 - NEGLIGIBLE], batch, share).astype(int)
    return np.asarray(stats.binom.pmf(np.arange(few, many + 1), batch, share)), int(few)
