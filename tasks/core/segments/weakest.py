"""The weakest slices of a window: where, by one column or by two, fewer interactions pass than elsewhere.

Every slice that is large enough is tested, one-sided, against all other rows by Fisher's exact test. Rows of a session
are alike, so counts are first divided by their design effect. The false discovery rate is held over all slices tested
by Benjamini and Hochberg's procedure: a slice and the pairs inside it rise and fall together, for which it is proven;
values of one column do the opposite, for which docs/segments.md has counted false alarms.
Sources: J. N. K. Rao and A. J. Scott, A simple method for the analysis of clustered binary data, Biometrics 48 (1992),
for counts divided by their design effect; Y. Benjamini and D. Yekutieli, The control of the false discovery rate under
dependency, Annals of Statistics 29 (2001), and for intervals after a choice, JASA 100 (2005).
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy import stats

from tasks.core.plain import plain

MOST_VALUES: Final = 20
LEAST_SESSIONS: Final = 5  # in a slice, unequal ones counting for less
LONGEST_VALUE: Final = 60
EMPTY: Final = '""'
CERTAINTY: Final = 0.9  # of the bound of the design effect
TINY: Final = 1e-9  # so that a count divided by itself is whole

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Where = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """A part of the window with a lower pass rate than the rest of it.

    `where` names one column and its value, or two. `rate` and `elsewhere` are shares of the `n` and `n_elsewhere`
    scored rows; `low` and `high` bound the rate, at a confidence that allows for the slice having been looked for.
    `p_value` is adjusted for all slices that were tested.
    """

    where: Where
    rate: float
    low: float
    high: float
    n: int
    elsewhere: float
    n_elsewhere: int
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counts:
    """Of one slice or of many: rows, those that passed, and two sums over sessions.

    `squares` adds the squared numbers of rows; `spread` the squared distances of the passed rows from what the rate of
    the slice would give, 0 where it is not known.
    """

    n: Floats
    passed: Floats
    squares: Floats
    spread: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pooled:
    """The design effect of the window, from 1, and the correlation of two rows of a session, from 0 to 1."""

    effect: float
    alike: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Window:
    """The scored rows: whether each passed, the number of its session, and by column the number of its value or -1."""

    passed: Floats
    sessions: Integers
    codes: Mapping[str, Integers]
    values: Mapping[str, Sequence[str]]


def weakest(
    passed: Sequence[bool | None],
    columns: Mapping[str, Sequence[str | None]],
    clusters: Sequence[str],
    *,
    min_rows: int = 30,
    rate: float = 0.05,
    most: int = 5,
) -> tuple[Slice, ...]:
    """The slices that pass significantly less often than all other rows, the surest first; at most `most`.

    A row: whether it `passed` (None: not scored, and left out), its value in each of `columns` (None is no slice), its
    session in `clusters` (a row on its own has a session of its own). Slices are the values of a column and the pairs
    of values of two columns, of `min_rows` scored rows or more with as many elsewhere; of a column, its `MOST_VALUES`
    most frequent values. `rate` (0 to 1) is the false discovery rate. A pair is only told where it is also worse than
    the rest of either of its single slices, at the level `rate`. The order of the rows makes no difference.
    """
    least = max(min_rows, 1)
    window = _window(passed, columns, clusters, least)
    n, total = len(window.passed), float(window.passed.sum())
    if not 0 < total < n:
        return ()
    pooled = _pooled(window)
    names, counts, others = _slices(window, least)
    if not names:
        return ()
    chances = _chances(counts, others, pooled)
    adjusted = stats.false_discovery_control(chances)
    low = np.flatnonzero(adjusted <= rate).tolist()
    kept: list[int] = []
    for at in sorted(low, key=lambda at: (chances[at], _share(counts, at), names[at])):
        if len(kept) < most and (len(names[at]) == 1 or _adds(window, names[at], pooled, rate)):
            kept.append(at)
    worth = counts.n / _design_effect(counts, pooled)
    bounds = {at: _wilson(_share(counts, at), float(worth[at]), 1 - rate * len(kept) / len(names)) for at in kept}
    return tuple(
        Slice(
            where=names[at],
            rate=_share(counts, at),
            low=min(bounds[at][0], _share(counts, at)),
            high=max(bounds[at][1], _share(counts, at)),
            n=int(counts.n[at]),
            elsewhere=_share(others, at),
            n_elsewhere=int(others.n[at]),
            p_value=float(adjusted[at]),
        )
        for at in kept
    )


def sentence(metric: str, found: Slice) -> str:
    """A slice in words; of a value, its first `LONGEST_VALUE` characters without line ends and control characters."""
    told = {column: plain(value, LONGEST_VALUE) or EMPTY for column, value in found.where}
    where = " and ".join(f"{column} = {value}" for column, value in told.items())
    return f"{metric} {found.rate:.2f} where {where} (n = {found.n}), {found.elsewhere:.2f} elsewhere"


def _window(
    passed: Sequence[bool | None], columns: Mapping[str, Sequence[str | None]], clusters: Sequence[str], min_rows: int
) -> _Window:
    outcomes = np.array(passed, dtype=np.float64)
    scored = ~np.isnan(outcomes)
    codes, values = {}, {}
    for name in sorted(columns):
        codes[name], values[name] = _coded(columns[name], scored, min_rows)
    sessions = _numbers(clusters)[0][scored]
    return _Window(passed=outcomes[scored], sessions=sessions, codes=codes, values=values)


def _numbers(values: Sequence[str | None]) -> tuple[Integers, Sequence[str]]:
    """The number of each value in the sorted list that comes second; -1 for None."""
    encoded = pa.array(values, pa.string()).dictionary_encode()
    found = encoded.dictionary.to_pylist()
    order = sorted(range(len(found)), key=found.__getitem__)
    new = np.full(len(found) + 1, -1, dtype=np.int64)  # the last stands for None
    new[order] = np.arange(len(found))
    return new[encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)], [found[at] for at in order]


def _coded(values: Sequence[str | None], scored: npt.NDArray[np.bool_], min_rows: int) -> tuple[Integers, list[str]]:
    """The scored rows' numbers in the list of the values that can be a slice; -1 for the others and for None."""
    numbers, found = _numbers(values)
    numbers = numbers[scored]
    rows = np.bincount(numbers[numbers >= 0], minlength=len(found))
    named = [at for at in range(len(found)) if rows[at] >= min_rows]
    named = sorted(named, key=lambda at: (-rows[at], found[at]))[:MOST_VALUES]
    new = np.full(len(found) + 1, -1, dtype=np.int64)  # the last stands for None
    new[named] = np.arange(len(named))
    return new[numbers], [found[at] for at in named]


def _pooled(window: _Window) -> _Pooled:
    """How far the rows of a session are alike, over all rows of the window.

    It is an upper bound of the variance between sessions over that of as many rows on their own: few sessions tell it
    badly.
    """
    sizes = np.bincount(window.sessions)
    sessions, n, mean = int(np.count_nonzero(sizes)), len(window.passed), float(window.passed.mean())
    size = float((sizes**2).sum()) / n
    if sizes.max() == 1 or sessions == 1:
        return _Pooled(effect=size, alike=1.0)
    distances = np.bincount(window.sessions, weights=window.passed) - mean * sizes
    ratio = float((distances**2).sum()) / (n * mean * (1 - mean))
    effect = max(1.0, ratio * sessions / float(stats.chi2.ppf(1 - CERTAINTY, sessions - 1)))
    return _Pooled(effect=effect, alike=min((effect - 1) / (size - 1), 1.0))


def _slices(window: _Window, min_rows: int) -> tuple[list[Where], _Counts, _Counts]:
    """The slices to test, and what is in and outside each; a pair that is the whole of a single slice is none."""
    sizes = np.bincount(window.sessions)
    whole = (len(window.passed), float(window.passed.sum()), float((sizes**2).sum()))
    names: list[Where] = []
    parts = []
    for taken, codes, least in _groupings(window):
        rows = np.flatnonzero(codes >= 0)
        groups, sessions, count = codes[rows], window.sessions[rows], len(least)
        n = np.bincount(groups, minlength=count)
        passed = np.bincount(groups, weights=window.passed[rows], minlength=count)
        squares, spread = _by_session(groups, sessions, window.passed[rows], passed / np.maximum(n, 1))
        shared = np.bincount(groups, weights=sizes[sessions], minlength=count)
        is_large = (n >= min_rows) & (whole[0] - n >= min_rows) & (n**2 >= LEAST_SESSIONS * squares)
        tested = np.flatnonzero(is_large & (n < least))
        names.extend(_where(window, taken, int(at)) for at in tested)
        parts.append(np.stack([n, passed, squares, spread, whole[2] - 2 * shared + squares])[:, tested])
    n, passed, squares, spread, outer = np.concatenate(parts, axis=1) if parts else np.zeros((5, 0))
    others = _Counts(n=whole[0] - n, passed=whole[1] - passed, squares=outer, spread=np.zeros_like(n))
    return names, _Counts(n=n, passed=passed, squares=squares, spread=spread), others


def _by_session(groups: Integers, sessions: Integers, passed: Floats, shares: Floats) -> tuple[Floats, Floats]:
    """By group, the two sums over sessions of `_Counts`; `shares` are the groups' pass rates."""
    cells, places, sizes = np.unique(
        groups * (sessions.max(initial=0) + 1) + sessions, return_inverse=True, return_counts=True
    )
    of = cells // (sessions.max(initial=0) + 1)
    distances = np.bincount(places, weights=passed, minlength=len(cells)) - shares[of] * sizes
    squares: Floats = np.bincount(of, weights=sizes**2, minlength=len(shares)).astype(np.float64)
    spread: Floats = np.bincount(of, weights=distances**2, minlength=len(shares)).astype(np.float64)
    return squares, spread


def _groupings(window: _Window) -> Iterator[tuple[tuple[str, ...], Integers, Floats]]:
    """Columns, one or two; each row's group, or -1; and of each group, the number of rows that it must stay below."""
    rows = {
        name: np.bincount(codes[codes >= 0], minlength=len(window.values[name])).astype(float)
        for name, codes in window.codes.items()
    }
    for name, codes in window.codes.items():
        yield (name,), codes, np.full(len(rows[name]), np.inf)
    for one, other in combinations(window.codes, 2):
        first, second = window.codes[one], window.codes[other]
        codes = np.where((first >= 0) & (second >= 0), first * len(rows[other]) + second, -1)
        yield (one, other), codes, np.minimum.outer(rows[one], rows[other]).ravel()


def _where(window: _Window, taken: tuple[str, ...], at: int) -> Where:
    places = np.unravel_index(at, [len(window.values[name]) for name in taken])
    return tuple((name, window.values[name][int(place)]) for name, place in zip(taken, places, strict=True))


def _chances(counts: _Counts, others: _Counts, pooled: _Pooled) -> Floats:
    """By slice, the probability of so few passed rows in it by chance; a part of a row counts against the finding."""
    inside, outside = _design_effect(counts, pooled), _design_effect(others, pooled)
    passed = np.ceil(counts.passed / inside - TINY)
    failed = np.floor((counts.n - counts.passed) / inside + TINY)
    passed_elsewhere = np.floor(others.passed / outside + TINY)
    failed_elsewhere = np.ceil((others.n - others.passed) / outside - TINY)
    n, total = passed + failed, passed + passed_elsewhere
    rows = n + passed_elsewhere + failed_elsewhere
    chances: Floats = np.minimum(stats.hypergeom.cdf(passed, rows, total, n), 1.0)
    return chances


def _design_effect(counts: _Counts, pooled: _Pooled) -> Floats:
    """How many rows say as much as one row on its own.

    That of the whole window where the slice's share of a session is no smaller, and by its alikeness where that is
    larger; more where the slice's own sessions spread wider.
    """
    n = np.maximum(counts.n, 1)
    size = counts.squares / n
    own = np.maximum(counts.passed * (n - counts.passed) / n, TINY)
    expected = np.maximum(np.minimum(pooled.effect, size), 1 + pooled.alike * (size - 1))
    return np.maximum(expected, counts.spread / own)


def _adds(window: _Window, where: Where, pooled: _Pooled, rate: float) -> bool:
    """Whether a pair is worse than the rest of either of its single slices."""
    single = [window.codes[name] == window.values[name].index(value) for name, value in where]
    inside = single[0] & single[1]
    return all(_chances(_counted(window, inside), _counted(window, one & ~inside), pooled)[0] <= rate for one in single)


def _counted(window: _Window, rows: npt.NDArray[np.bool_]) -> _Counts:
    passed = window.passed[rows]
    n, total = np.array([float(len(passed))]), np.array([float(passed.sum())])
    groups = np.zeros(len(passed), dtype=np.int64)
    squares, spread = _by_session(groups, window.sessions[rows], passed, total / np.maximum(n, 1))
    return _Counts(n=n, passed=total, squares=squares, spread=spread)


def _share(counts: _Counts, at: int) -> float:
    return float(counts.passed[at] / counts.n[at])


def _wilson(share: float, n: float, confidence: float) -> tuple[float, float]:
    """The score interval of a rate from rows that the design effect has made fewer, hence not whole."""
    z = float(stats.norm.ppf((1 + confidence) / 2))
    middle, half = share + z**2 / (2 * n), z * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max((middle - half) / (1 + z**2 / n), 0.0), min((middle + half) / (1 + z**2 / n), 1.0)
