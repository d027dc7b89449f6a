"""Confidence intervals."""

import math

from scipy import stats

Interval = tuple[float, float]


def wilson(successes: int, n: int, confidence: float) -> Interval | None:
    """The score interval of a proportion, (low, high) in [0, 1]; None where n is 0.

    Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927),
    as `scipy.stats.binomtest(...).proportion_ci(method="wilson")` computes it.
    """
    if n == 0:
        return None
    bounds = stats.binomtest(successes, n).proportion_ci(confidence_level=confidence, method="wilson")
    return float(bounds.low), float(bounds.high)


def student(mean: float, deviation: float, n: int, confidence: float) -> Interval | None:
    """The t interval of a mean; `deviation` is the sample's (n - 1). None where n is below 2.

    Source: Student, The probable error of a mean, Biometrika 6 (1908).
    """
    if n < 2:  # noqa: PLR2004  one value has no spread
        return None
    half = float(stats.t.ppf((1 + confidence) / 2, n - 1)) * deviation / math.sqrt(n)
    return mean - half, mean + half
