"""Values of interactions as the measures of a subject: their mean, and how many have none."""

from collections.abc import Sequence

from tasks.core.measure import Measure
from tasks.core.stats.rows import Rows, mean_among


def reference_measures(name: str, values: Sequence[float | None], rows: Rows) -> list[Measure]:
    """The mean of one reference metric over the interactions, None among the values where it does not apply."""
    return [mean_among(f"reference.{name}.mean", values, rows, "ratio")]


def function_measures(
    name: str, values: Sequence[float | None] | None, rows: Rows, *, count: int, unit: str
) -> list[Measure]:
    """The mean of a function's values over `count` interactions, and the share of them that have no value.

    With values of None, where the function failed, the mean is None and every row is missing; the share itself is None
    where there is no row.
    """
    given = [None] * count if values is None else values
    missing = count - sum(value is not None for value in given)
    share = Measure(
        signal="custom",
        subject=name,
        measure="missing_share",
        value=missing / count if count else None,
        n=count,
        unit="share",
    )
    return [mean_among(f"custom.{name}.mean", given, rows, unit), share]
