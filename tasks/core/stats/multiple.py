"""Corrections for many tests at once."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


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


def _checked(p_values: Sequence[float]) -> npt.NDArray[np.float64]:
    """The p-values as an array; raises ValueError where one is not from 0 to 1: a test not made has no place here."""
    given = np.asarray(p_values, dtype=np.float64)
    if not np.all((given >= 0) & (given <= 1)):
        message = "p-values lie from 0 to 1; leave out the tests that were not made"
        raise ValueError(message)
    return given
