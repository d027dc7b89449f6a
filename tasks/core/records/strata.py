"""Which candidates are judged: so many of each stratum, more of the preferred, each with a known probability.

Sources: J. Neyman, Contribution to the theory of sampling human populations, JASA 33 (1938), for strata among the rows
of a first sample; C.-E. Sarndal, B. Swensson and J. Wretman, Model assisted survey sampling (1992), 9.3 and 9.4; M. D.
Bankier, Power allocations, The American Statistician 42 (1988), between equal and proportional parts; M. L. Balinski
and H. P. Young, Fair representation (1982), for Webster's method, by which no part shrinks as the whole grows.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

MOST_STRATA: Final = 50
POWER: Final = 0.5  # 0: equal parts, 1: proportional ones
PREFERENCE: Final = 4.0  # the chance of a preferred row over that of another of its stratum
EACH: Final = 2  # rows of every cell, where it has them: one has no spread
CLASSES: Final = 2

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """`chosen` are the places of the chosen candidates, `inclusion` the probability of each candidate, from 0 to 1.

    The first of the chosen are a sample in the same proportions, however many. The 1 / inclusion of all chosen add up
    to the number of candidates.
    """

    chosen: Integers
    inclusion: Floats


def choose(strata: Sequence[Hashable], is_preferred: Sequence[bool], rows: int) -> Choice:
    """Choose so many `rows` among candidates, which stand in the order of their hashes; all where there are no more.

    A cell is the preferred rows of a stratum, or its others; of each the first are chosen, at least `EACH`. The parts
    of strata go by the square root of their sizes, and a preferred row has `PREFERENCE` times the chance of another,
    both as far as the cells have rows. Of more strata than `MOST_STRATA`, or than the `rows` are enough for, the
    smallest count as one. More `rows` choose a superset, unless they are enough for more strata.
    """
    if rows >= len(strata):
        return Choice(chosen=np.arange(len(strata)), inclusion=np.ones(len(strata)))
    codes, cell = np.unique(_cells(strata, is_preferred, rows), return_inverse=True)
    sizes = np.bincount(cell)
    place = _places(cell, sizes)
    wanted = np.where(place < EACH, np.inf, _parts(codes, sizes)[cell] / (place + 0.5))
    chosen = np.sort(np.argsort(-wanted, kind="stable")[:rows])
    taken = np.bincount(cell[chosen], minlength=len(sizes))
    spread = np.argsort((place[chosen] + 0.5) / taken[cell[chosen]], kind="stable")
    return Choice(chosen=chosen[spread], inclusion=(taken / sizes)[cell])


def thinned(inclusion: Sequence[float | None], seed: int) -> list[bool]:
    """Which rows of a sample make an equal one: each is kept with the least probability of all over its own.

    None counts as 1. What knows no weights is told from these rows.
    """
    given = np.array([1.0 if one is None else one for one in inclusion])
    kept: list[bool] = (np.random.default_rng(seed).random(len(given)) * given < given.min(initial=1.0)).tolist()
    return kept


def _cells(strata: Sequence[Hashable], is_preferred: Sequence[bool], rows: int) -> Integers:
    """The cell of each candidate as a number, twice its stratum's, plus 1 where it is preferred; few enough cells."""
    counts = Counter(strata)
    most = min(MOST_STRATA, rows // (CLASSES * EACH))
    largest = sorted(counts, key=lambda name: (-counts[name], repr(name)))
    kept = largest if len(counts) <= most else largest[: max(most - 1, 0)]
    numbers = {name: number for number, name in enumerate(kept)}
    stratum = np.array([numbers.get(name, len(kept)) for name in strata], dtype=np.int64)
    return CLASSES * stratum + (np.asarray(is_preferred, dtype=np.int64) if most else 0)


def _places(cell: Integers, sizes: Integers) -> Integers:
    """The place of each candidate in its cell, from 0."""
    order = np.argsort(cell, kind="stable")
    found = np.empty_like(order)
    found[order] = np.arange(len(cell)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return found


def _parts(codes: Integers, sizes: Integers) -> Floats:
    """The part of each cell in the rows, as a ratio."""
    stratum = codes // CLASSES
    counted = sizes * np.where(codes % CLASSES, PREFERENCE, 1.0)
    whole, rows = (np.bincount(stratum, weights=one)[stratum] for one in (counted, sizes))
    parts: Floats = rows**POWER * counted / whole
    return parts
