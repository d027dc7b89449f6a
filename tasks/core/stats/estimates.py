"""Measures that are estimates from rows: shares with Wilson's interval, means with Student's."""

from collections.abc import Sequence

from tasks.core.measure import Measure
from tasks.core.stats.estimate import mean_estimate
from tasks.core.stats.intervals import wilson


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

    The value is None where there are none, the interval where there are fewer than two or all are the same.
    """
    signal, subject, measure = name.split(".")
    found = mean_estimate(values)
    value, interval = (None, None) if found is None else (found.value, found.interval(confidence))
    low, high = interval or (None, None)
    return Measure(
        signal=signal, subject=subject, measure=measure, value=value, low=low, high=high, n=len(values), unit=unit
    )
