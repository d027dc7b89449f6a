"""Measures that are estimates from rows: shares with Wilson's interval, means with Student's."""

from collections.abc import Sequence
from statistics import fmean, stdev

from tasks.core.measure import Measure
from tasks.core.stats.intervals import student, wilson


def share_of(name: str, part: int, whole: int, confidence: float) -> Measure:
    """The share `part` / `whole` of rows as the measure `signal.subject.measure`; None where there is no row."""
    signal, subject, measure = name.split(".")
    low, high = wilson(part, whole, confidence) or (None, None)
    value = part / whole if whole else None
    return Measure(
        signal=signal, subject=subject, measure=measure, value=value, low=low, high=high, n=whole, unit="share"
    )


def mean_of(name: str, values: Sequence[float], confidence: float, unit: str) -> Measure:
    """The mean of finite values as the measure `signal.subject.measure`.

    The value is None where there are none, the interval where there are fewer than two.
    """
    signal, subject, measure = name.split(".")
    n = len(values)
    value = fmean(values) if values else None
    interval = student(value, stdev(values), n, confidence) if value is not None and n > 1 else None
    low, high = interval or (None, None)
    return Measure(signal=signal, subject=subject, measure=measure, value=value, low=low, high=high, n=n, unit=unit)
