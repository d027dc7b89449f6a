"""Confidence intervals."""

import math

from scipy import special

Interval = tuple[float, float]


def wilson(successes: float, n: float, confidence: float) -> Interval | None:
    """The score interval of a proportion, (low, high) in [0, 1]; None where n is 0.

    Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927).
    """
    return None if n == 0 else score_bounds(successes / n, n, t_quantile(confidence, math.inf))


def score_bounds(share: float, rows: float, quantile: float) -> Interval:
    """Wilson's interval of a share (0 to 1) of rows above 0 that need not be whole; it holds the share.

    `quantile` is that of the standard normal, or of Student's t where the rows are effective ones: E. L. Korn and
    B. I. Graubard, Survey Methodology 24 (1998); N. Dean and M. Pagano, Journal of Survey Statistics and Methodology 3
    (2015).
    """
    added = quantile**2 / rows
    half = quantile * math.sqrt((share * (1 - share) + added / 4) / rows)
    low, rest = (part * (part / (part + added / 2 + half)) if part > 0 else 0.0 for part in (share, 1 - share))
    return low, max(1 - rest, share)


def exact_bounds(successes: float, n: float, tail: float) -> Interval:
    """The exact interval of a proportion, in [0, 1]; each bound misses the truth with a chance of at most `tail`.

    `successes` and `n`, above 0, need not be whole. Source: C. J. Clopper and E. S. Pearson, Biometrika 26 (1934), by
    quantiles of the beta distribution.
    """
    failures = n - successes
    low = float(special.betaincinv(successes, failures + 1, tail)) if successes > 0 else 0.0
    high = float(special.betaincinv(successes + 1, failures, 1 - tail)) if failures > 0 else 1.0
    return low, high


def student(mean: float, deviation: float, n: int, confidence: float) -> Interval | None:
    """The t interval of a mean; `deviation` is the sample's (n - 1). None where n is below 2.

    Source: Student, The probable error of a mean, Biometrika 6 (1908).
    """
    if n < 2:  # noqa: PLR2004  one value has no spread
        return None
    half = t_quantile(confidence, n - 1) * deviation / math.sqrt(n)
    return mean - half, mean + half


def t_quantile(confidence: float, freedom: float) -> float:
    """How many standard errors reach to either side at the confidence; `freedom` inf is the normal distribution."""
    return float(special.stdtrit(freedom, (1 + confidence) / 2))
