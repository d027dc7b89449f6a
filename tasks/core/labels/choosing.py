"""Which rows to have labelled: half at random, half where a label tells most, all with known probabilities.

Sources: T. Zrnic and E. J. Candes, Active statistical inference, ICML 2024, for mixing with uniform probabilities, so
that no weight grows without bound; W. G. Madow, On the theory of systematic sampling II, Annals of Mathematical
Statistics 20 (1949), for drawing exactly as many rows as asked for.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

UNIFORM: Final = 0.5  # of the labels; no weight is more than 1 / UNIFORM times that of a plain sample
FARTHEST: Final = 0.1  # what a score at the far end of the scale counts beside one at the border
BITS: Final = 2**64

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A row, by its place among those given, and the probability (0 to 1) with which it was chosen."""

    place: int
    probability: float


def choose(names: Sequence[str], telling: Sequence[float], n: int, seed: int) -> list[Chosen]:
    """Exactly `n` of the rows, or all where there are no more; in the order of the rows.

    `names` are distinct, `telling` (0 and up) is by how much the label of each would tell. The seed and the names alone
    decide: the same rows give the same choice.
    """
    if n >= len(names):
        return [Chosen(place=place, probability=1.0) for place in range(len(names))]
    shares = probabilities(np.array(telling, dtype=np.float64), n)
    order = sorted(range(len(names)), key=lambda place: _hash(names[place], seed))
    reached = np.cumsum(shares[order])
    marks = _hash("start", seed) / BITS + np.arange(n)
    hit = np.minimum(np.searchsorted(reached, marks, side="right"), len(names) - 1)
    return [Chosen(place=place, probability=float(shares[place])) for place in sorted(order[one] for one in hit)]


def probabilities(telling: Floats, n: int) -> Floats:
    """The probability of each row to be among `n`, fewer than there are rows; they sum up to `n`, none is over 1."""
    rows = len(telling)
    size = np.full(rows, UNIFORM / rows)
    total = float(telling.sum())
    size += (1 - UNIFORM) * (telling / total if total > 0 else np.full(rows, 1 / rows))
    certain = np.zeros(rows, dtype=bool)
    while True:
        left = n - int(certain.sum())
        shares = np.where(certain, 1.0, left * size / size[~certain].sum())
        over = (shares >= 1) & ~certain
        if not over.any():
            return shares
        certain |= over


def telling(score: float | None, pass_at: int, width: int, spread: float | None) -> float:
    """By how much a label would tell (0 and up): a score near where rows begin to pass, a judge that wavers.

    `width` is how many points the scale spans, `spread` the standard deviation of the judge's repeats or jurors; None
    counts as none. A row without a score tells nothing of the judge.
    """
    if score is None:
        return 0.0
    away = abs(score - (pass_at - 0.5)) / max(width, 1)
    return max(1 - away, FARTHEST) + (spread or 0.0)


def _hash(name: str, seed: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}:{name}".encode(errors="surrogatepass")).digest()[:8])
