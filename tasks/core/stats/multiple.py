"""Corrections for many tests at once."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import stats


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values that stand beside alpha when several hypotheses are tested, from 0 to 1, in the order given.

    Whoever rejects those below alpha rejects a true hypothesis with a probability of at most alpha, however the tests
    depend on each other. Source: S. Holm, A simple sequentially rejective multiple test procedure, Scandinavian
    Journal of Statistics 6 (1979); as adjusted p-values in S. P. Wright, Biometrics 48 (1992).
    """
    given = _checked(p_values)
    order = np.argsort(given, kind="stable")
    stepped = np.maximum.accumulate(given[order] * np.arange(len(given), 0, -1))
    adjusted = np.empty_like(given)
    adjusted[order] = np.minimum(stepped, 1)
    return [float(value) for value in adjusted]


def false_discovery(p_values: Sequence[float]) -> list[float]:
    """The p-values, from 0 to 1 and in the order given, that hold the share of false ones among the rejected.

    Of the hypotheses with a value below alpha at most the share alpha is expected to be true, where the tests are
    independent or depend positively. Source: Y. Benjamini and Y. Hochberg, Controlling the false discovery rate,
    Journal of the Royal Statistical Society B 57 (1995), as `scipy.stats.false_discovery_control` computes it.
    """
    given = _checked(p_values)
    return [float(value) for value in stats.false_discovery_control(given, method="bh")] if len(given) else []


def _checked(p_values: Sequence[float]) -> npt.NDArray[np.float64]:
    """The p-values as an array; raises ValueError where one is not from 0 to 1: a test not made has no place here."""
    given = np.asarray(p_values, dtype=np.float64)
    if not np.all((given >= 0) & (given <= 1)):
        message = "p-values lie from 0 to 1; leave out the tests that were not made"
        raise ValueError(message)
    return given
