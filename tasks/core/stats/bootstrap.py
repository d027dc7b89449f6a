"""Intervals of statistics that have no formula, such as weighted kappa and rank correlations, by resampling."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special

from tasks.core.stats.intervals import Interval
from tasks.core.stats.sessions import Floats, Integers, Sessions, session_numbers

LEAST_TOLD: Final = 0.95  # of the resamples must have the statistic
JACKKNIFED: Final = 200  # groups of units that are left out in turn

Column = npt.NDArray[np.generic]
Statistic = Callable[..., float | None]


def bca(
    statistic: Statistic,
    columns: Sequence[Column],
    confidence: float,
    *,
    sessions: Sessions = None,
    resamples: int = 2000,
    seed: int = 0,
) -> Interval | None:
    """The bias-corrected and accelerated bootstrap interval of `statistic(*columns)`, columns of as many rows each.

    With `sessions` whole sessions are drawn; a row whose session is None is drawn alone. The statistic returns None
    (or NaN) where it cannot be computed. The interval is None where that is so for the rows themselves or for more than
    one resample in twenty, where there is one session only, and where the resamples are too much alike or too skewed.

    Source: B. Efron, Better bootstrap confidence intervals, JASA 82 (1987); the acceleration by a jackknife, of groups
    of sessions where there are more than `JACKKNIFED`; B. Efron and R. J. Tibshirani, An introduction to the bootstrap
    (1993), 14.3.
    """
    n = len(columns[0])
    units = _units(np.arange(n) if sessions is None else session_numbers(sessions, n, None, 0)[0])
    value = _told(statistic, columns) if len(units) > 1 else None  # one session has no spread
    if value is None:
        return None
    rng = np.random.default_rng(seed)
    drawn = (units.rows(rng.integers(0, len(units), len(units))) for _ in range(resamples))
    found = [_told(statistic, [column[rows] for column in columns]) for rows in drawn]
    known = np.sort([one for one in found if one is not None])
    if len(known) < LEAST_TOLD * resamples or known[0] == known[-1]:
        return None
    bias = float(special.ndtri(((known < value).mean() + (known <= value).mean()) / 2))
    shares = _shares(bias, _acceleration(statistic, columns, units), confidence)
    if shares is None:
        return None
    low, high = np.quantile(known, shares)
    return float(low), float(high)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Units:
    """The rows in the `order` of their sessions; each session has so many from its start on."""

    order: Integers
    starts: Integers
    sizes: Integers

    def __len__(self) -> int:
        return len(self.starts)

    def rows(self, chosen: Integers) -> Integers:
        """Those of the chosen sessions, as often as each was chosen."""
        sizes = self.sizes[chosen]
        before = np.cumsum(sizes) - sizes
        places = np.arange(sizes.sum()) + np.repeat(self.starts[chosen] - before, sizes)
        rows: Integers = self.order[places]
        return rows


def _units(numbers: Integers) -> _Units:
    _, starts, sizes = np.unique(np.sort(numbers), return_index=True, return_counts=True)
    return _Units(order=np.argsort(numbers, kind="stable"), starts=starts, sizes=sizes)


def _told(statistic: Statistic, columns: Sequence[Column]) -> float | None:
    found = statistic(*columns)
    return None if found is None or not np.isfinite(found) else float(found)


def _shares(bias: float, acceleration: float, confidence: float) -> Floats | None:
    """Which shares of the resamples lie below the bounds; None where the correction has no meaning."""
    reach = bias + special.ndtri(np.array([(1 - confidence) / 2, (1 + confidence) / 2]))
    if not np.isfinite(bias) or np.any(acceleration * reach >= 1):
        return None
    shares: Floats = special.ndtr(bias + reach / (1 - acceleration * reach))
    return shares


def _acceleration(statistic: Statistic, columns: Sequence[Column], units: _Units) -> float:
    """How fast the standard error changes with the value; 0 where leaving units out changes nothing."""
    groups = np.array_split(np.arange(len(units)), min(len(units), JACKKNIFED))
    found = []
    for group in groups:
        kept = np.ones(len(columns[0]), dtype=np.bool_)
        kept[units.rows(group)] = False
        found.append(_told(statistic, [column[kept] for column in columns]))
    known = np.array([one for one in found if one is not None])
    away = known.mean() - known if len(known) else known
    spread = float((away**2).sum()) ** 1.5
    return float((away**3).sum()) / (6 * spread) if spread > 0 else 0.0
