"""Values of interactions as the measures of a subject: their mean, and how many have none."""

from collections.abc import Sequence

from tasks.core.measure import Measure
from tasks.core.stats.estimates import mean_of


def reference_measures(name: str, values: Sequence[float | None], confidence: float) -> list[Measure]:
    """The mean of one reference metric over the interactions, None among the values where it does not apply."""
    return [mean_of(f"reference.{name}.mean", _known(values), confidence, "ratio")]


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
    return [mean_of(f"custom.{name}.mean", _known(known), confidence, unit), share]


def _known(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None]
