"""The difference between two versions that answered the same prompts.

Sources: Q. McNemar, Psychometrika 12 (1947), in its exact form, and F. Wilcoxon, Biometrics Bulletin 1 (1945), both as
SciPy computes them; where a session holds several pairs, whole sessions change sign: V. L. Durkalski and others,
Statistics in Medicine 22 (2003), for passes, and B. Rosner, R. J. Glynn and M.-L. T. Lee, Biometrics 62 (2006), for
ranks.
"""

import math
from dataclasses import replace
from typing import Final

import numpy as np
from scipy import stats

from tasks.core.comparison.difference import LARGEST, Difference, difference_of, two_levels
from tasks.core.stats.sessions import Floats, Integers, Sessions, session_numbers

EXACT_SESSIONS: Final = 13  # up to so many, every change of signs is counted


def paired_difference(
    values_a: Floats, values_b: Floats, clusters: Sessions, *, confidence: float
) -> Difference | None:
    """Compare two versions on the same prompts; the values of a pair stand at the same place.

    `clusters` are the sessions of the pairs; None, all or one: the pair is on its own. The interval is that of the
    difference of means. The p-value is McNemar's where there are only two values (passes and failures), Wilcoxon's
    signed ranks' where there are more: it asks another question than the interval, so that one may exclude no
    difference where the other does not. Pairs with a value that is not finite do not count. None where there are none.
    """
    a, b = (np.asarray(values, dtype=np.float64) for values in (values_a, values_b))
    kept = (np.abs(a) <= LARGEST) & (np.abs(b) <= LARGEST)
    numbers = session_numbers(clusters, len(a), [], 0)[0][kept]
    a, b = a[kept], b[kept]
    found = difference_of((a, numbers), (b, numbers), confidence=confidence)
    if found is None or found.sessions_a < 2:  # noqa: PLR2004
        return found
    return replace(found, p_value=_p_value(b - a, numbers, is_passed=two_levels(a, b) is not None))


def _p_value(differences: Floats, numbers: Integers, *, is_passed: bool) -> float:
    is_apart = differences != 0
    apart, sessions = differences[is_apart], numbers[is_apart]
    if len(apart) == 0:
        return 1.0
    is_alone = len(np.unique(sessions)) == len(sessions)
    if is_alone and is_passed:
        return float(stats.binomtest(int((apart > 0).sum()), len(apart)).pvalue)
    if is_alone:
        return min(float(stats.wilcoxon(apart).pvalue), 1.0)
    ranks = np.ones(len(apart)) if is_passed else stats.rankdata(np.abs(apart))
    _, places = np.unique(sessions, return_inverse=True)
    return _by_signs(np.bincount(places, weights=np.sign(apart) * ranks).astype(np.float64))


def _by_signs(totals: Floats) -> float:
    """How often so large a sum would be found if the total of each session had either sign by chance."""
    found = totals[totals != 0]
    if len(found) < 2:  # noqa: PLR2004  one session may lean either way
        return 1.0
    if len(found) <= EXACT_SESSIONS:
        test = stats.permutation_test(
            (np.sort(found),), np.sum, permutation_type="samples", n_resamples=2**EXACT_SESSIONS, vectorized=True
        )
        return float(test.pvalue)
    return min(2 * float(stats.norm.sf(abs(found.sum()) / math.sqrt((found**2).sum()))), 1.0)
