"""Drift of a column: how differently its values are spread in a window and in a baseline.

Bins and categories are those of the baseline, so that figures of different windows can be compared.
Sources: J. Lin, Divergence measures based on the Shannon entropy, IEEE Transactions on Information Theory 37 (1991);
B. Yurdakul, Statistical properties of the population stability index, Western Michigan University (2018), for the PSI;
`scipy.stats` for the tests and the distance.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.spatial.distance import jensenshannon

LEAST_VALUES: Final = 20
BINS: Final = 10
CATEGORIES: Final = 50
PSEUDO_COUNT: Final = 0.5  # in each bin, so that an empty one has a logarithm

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnDrift:
    """How far a window's values are from the baseline's.

    `js` is the Jensen-Shannon distance, from 0 to 1; `psi` the population stability index, from 0. `p_value` is that of
    the Kolmogorov-Smirnov test of numbers, of the chi-squared test of categories. `wasserstein` is in the unit of the
    column; None for categories.
    """

    js: float
    psi: float
    p_value: float
    wasserstein: float | None


def numeric_drift(baseline: Sequence[float], window: Sequence[float]) -> ColumnDrift | None:
    """The drift of numbers, in bins of equal shares of the baseline; values that are not finite do not count.

    None where either side has fewer than `LEAST_VALUES` values.
    """
    before, now = (_finite(values) for values in (baseline, window))
    if min(len(before), len(now)) < LEAST_VALUES:
        return None
    inner = np.quantile(before, np.arange(1, BINS) / BINS, method="inverted_cdf")
    edges = np.unique([np.nextafter(before.min(), -np.inf), *inner, before.max()])
    counts = [np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1) for values in (before, now)]
    return ColumnDrift(
        js=_js(*counts),
        psi=_psi(*counts),
        p_value=float(stats.ks_2samp(before, now, method="asymp").pvalue),
        wasserstein=float(stats.wasserstein_distance(before, now)),
    )


def categorical_drift(baseline: Sequence[str], window: Sequence[str]) -> ColumnDrift | None:
    """The drift of categories: the `CATEGORIES` that are most frequent in the baseline, and all others together.

    None where either side has fewer than `LEAST_VALUES` values.
    """
    if min(len(baseline), len(window)) < LEAST_VALUES:
        return None
    found = [Counter(values) for values in (baseline, window)]
    named = sorted(found[0], key=lambda name: (-found[0][name], name))[:CATEGORIES]
    counts = [
        np.array([*(one[name] for name in named), one.total() - sum(one[name] for name in named)]) for one in found
    ]
    table = np.stack(counts)[:, np.sum(counts, axis=0) > 0]
    is_one = table.shape[1] == 1
    p_value = 1.0 if is_one else float(stats.chi2_contingency(table, correction=False).pvalue)
    return ColumnDrift(js=_js(*counts), psi=_psi(*counts), p_value=p_value, wasserstein=None)


def _finite(values: Sequence[float]) -> Floats:
    numbers = np.asarray(values, dtype=np.float64)
    return numbers[np.isfinite(numbers)]


def _js(before: npt.NDArray[np.int64], now: npt.NDArray[np.int64]) -> float:
    distance = float(jensenshannon(before, now, base=2))
    return 0.0 if np.isnan(distance) else min(distance, 1.0)  # SciPy's root of a rounding error below 0


def _psi(before: npt.NDArray[np.int64], now: npt.NDArray[np.int64]) -> float:
    shares = [(counts + PSEUDO_COUNT) / (counts.sum() + PSEUDO_COUNT * len(counts)) for counts in (before, now)]
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())
