"""The weakest slices of a window as measures."""

from collections.abc import Iterable

from tasks.core.measure import Measure
from tasks.core.segments.weakest import Slice


def slice_measures(metric: str, slices: Iterable[Slice]) -> list[Measure]:
    """The pass rate of each slice, named `weakest_pass_rate`; of a pair, both columns and both values are named."""
    return [
        Measure(
            signal="quality",
            subject=metric,
            measure="weakest_pass_rate",
            value=one.rate,
            low=one.low,
            high=one.high,
            n=one.n,
            unit="share",
            segment_by=" and ".join(column for column, _ in one.where),
            segment=" and ".join(value for _, value in one.where),
        )
        for one in slices
    ]
