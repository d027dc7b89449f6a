"""Values of interactions as the measures of a subject: their mean, and how many have none."""

from collections.abc import Sequence
from statistics import fmean, stdev

from tasks.core.measure import Measure
from tasks.core.stats.intervals import student


def mean_measure(signal: str, name: str, values: Sequence[float | None], confidence: float, unit: str) -> Measure:
    """The mean of the values that there are, with its t interval; None where there are none.

    Values are finite. n counts those that are not None; the interval needs two of them.
    """
    known = [value for value in values if value is not None]
    value = fmean(known) if known else None
    interval = student(value, stdev(known), len(known), confidence) if value is not None and len(known) > 1 else None
    low, high = interval or (None, None)
    return Measure(
        signal=signal, subject=name, measure="mean", value=value, low=low, high=high, n=len(known), unit=unit
    )


def reference_measures(name: str, values: Sequence[float | None], confidence: float) -> list[Measure]:
    """The mean of one reference metric over the interactions, None among the values where it does not apply."""
    return [mean_measure("reference", name, values, confidence, "ratio")]


def function_measures(
    name: str, values: Sequence[float | None] | None, confidence: float, *, rows: int, unit: str
) -> list[Measure]:
    """The mean of a function's values over `rows` interactions, and the share of rows that have no value.

    With values of None, where the function failed, the mean is None and every row is missing; the share itself is None
    where there is no row.
    """
    known = values or ()
    missing = rows - sum(value is not None for value in known)
    share = Measure(
        signal="custom",
        subject=name,
        measure="missing_share",
        value=missing / rows if rows else None,
        n=rows,
        unit="share",
    )
    return [mean_measure("custom", name, known, confidence, unit), share]
