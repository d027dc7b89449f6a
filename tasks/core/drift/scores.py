"""Drift of scores on a short scale: did they shift, even where they still pass?

The deciles of a column of numbers put the rare low scores into one bin; here each whole score is a bin of its own.
Sources: V. N. Nair, Chi-squared-type tests for ordered alternatives in contingency tables, JASA 82 (1987), section 2,
for Taguchi's cumulative chi-squared statistic; its null is that of the exchange of labels, hence exact however rare a
score is. B. L. Welch, The generalization of Student's problem, Biometrika 34 (1947), for the interval.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.spatial.distance import jensenshannon

from tasks.core.measure import Measure

LEAST_SCORES: Final = 20
PERMUTATIONS: Final = 1_999
PSEUDO_COUNT: Final = 0.5  # in each bin, so that an empty one has a logarithm
ROUNDING: Final = 1e-12

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreDrift:
    """How far the scores of a window are from those of the baseline.

    `js` is the Jensen-Shannon distance, 0 to 1, and `psi` the population stability index, from 0, of the whole scores.
    `p_value`, from 1 / (`PERMUTATIONS` + 1) to 1, is that of the cumulative chi-squared test of the same.
    `shift` is the mean now less the mean before, in points of the scale, `low` and `high` its interval; None where
    neither side has any spread.
    """

    js: float
    psi: float
    p_value: float
    shift: float
    low: float | None
    high: float | None


def score_drift(before: Sequence[float], now: Sequence[float], *, confidence: float, seed: int) -> ScoreDrift | None:
    """The drift of scores; those that are not finite do not count, halves round up to the whole score above.

    None where either side has fewer than `LEAST_SCORES` scores. Their order makes no difference.
    """
    sides = [np.asarray(one, dtype=np.float64) for one in (before, now)]
    old, new = (np.sort(one[np.isfinite(one)]) for one in sides)
    if min(len(old), len(new)) < LEAST_SCORES:
        return None
    low, high = _interval(old, new, confidence) or (None, None)
    whole = [np.floor(one + 0.5) for one in (old, new)]
    counts = _counts(*whole)
    return ScoreDrift(
        js=_js(counts),
        psi=_psi(counts),
        p_value=_p_value(counts, seed),
        shift=float(new.mean() - old.mean()),
        low=low,
        high=high,
    )


def score_measures(metric: str, found: ScoreDrift | None, n: int) -> list[Measure]:
    """The drift of the `n` scores of a metric; None where there are too few here or in the baseline."""
    figures = {
        "js": found.js if found else None,
        "psi": found.psi if found else None,
        "p_value": found.p_value if found else None,
    }
    shift = Measure(
        signal="drift",
        subject=metric,
        measure="mean_shift",
        value=found.shift if found else None,
        low=found.low if found else None,
        high=found.high if found else None,
        n=n,
        unit="score",
    )
    rows = [
        Measure(signal="drift", subject=metric, measure=name, value=value, n=n, unit="ratio")
        for name, value in figures.items()
    ]
    return [*rows, shift]


def _counts(before: Floats, now: Floats) -> Integers:
    """How often each value that is on either side stands before (first row) and now (second row), in order."""
    values = np.unique(np.concatenate([before, now]))
    return np.stack([np.bincount(np.searchsorted(values, one), minlength=len(values)) for one in (before, now)])


def _js(counts: Integers) -> float:
    distance = float(jensenshannon(counts[0], counts[1], base=2))
    return 0.0 if np.isnan(distance) else min(distance, 1.0)  # SciPy's root of a rounding error below 0


def _psi(counts: Integers) -> float:
    shares = (counts + PSEUDO_COUNT) / (counts.sum(axis=1, keepdims=True) + PSEUDO_COUNT * counts.shape[1])
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


def _p_value(counts: Integers, seed: int) -> float:
    """The share of exchanges of the labels that differ as much; how many have each score stays as it is."""
    if counts.shape[1] == 1:
        return 1.0
    both, sizes = counts.sum(axis=0), counts.sum(axis=1)
    smaller = int(sizes.argmin())
    drawn = np.random.default_rng(seed).multivariate_hypergeometric(both, sizes[smaller], size=PERMUTATIONS)
    own, *others = _cumulative_chi_squared(np.vstack([counts[smaller], drawn]), both)
    return float((1 + sum(one >= own * (1 - ROUNDING) for one in others)) / (1 + PERMUTATIONS))


def _cumulative_chi_squared(drawn: Integers, both: Integers) -> Floats:
    """One figure a row of counts: the chi-squared statistics of all cuts of the scale into low and high, summed.

    The factor that all have in common is left out.
    """
    whole = np.cumsum(both)[:-1] / both.sum()
    shares = np.cumsum(drawn, axis=1)[:, :-1] / drawn.sum(axis=1, keepdims=True)
    return np.asarray(((shares - whole) ** 2 / (whole * (1 - whole))).sum(axis=1), dtype=np.float64)


def _interval(before: Floats, now: Floats, confidence: float) -> tuple[float, float] | None:
    """Welch's interval of the difference of the means."""
    parts = [float(one.var(ddof=1)) / len(one) for one in (before, now)]
    if before[0] == before[-1] and now[0] == now[-1]:
        return None
    degrees = sum(parts) ** 2 / sum(part**2 / (len(one) - 1) for part, one in zip(parts, (before, now), strict=True))
    half = float(stats.t.ppf((1 + confidence) / 2, degrees)) * math.sqrt(sum(parts))
    shift = float(now.mean() - before.mean())
    return shift - half, shift + half
