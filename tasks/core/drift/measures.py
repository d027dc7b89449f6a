"""What drift says of the texts and the columns of a window, as measures."""

from tasks.core.drift.columns import ColumnDrift
from tasks.core.drift.text import TextDrift
from tasks.core.measure import Measure


def text_measures(role: str, found: TextDrift | None, n: int) -> list[Measure]:
    """The AUC and the p-value of one role's `n` texts; both None where there are too few here or in the baseline."""
    return [
        Measure(
            signal="drift",
            subject=role,
            measure="auc",
            value=found.auc if found else None,
            low=found.low if found else None,
            high=found.high if found else None,
            n=n,
            unit="ratio",
        ),
        Measure(
            signal="drift",
            subject=role,
            measure="p_value",
            value=found.p_value if found else None,
            n=n,
            unit="ratio",
        ),
    ]


def column_measures(name: str, found: ColumnDrift | None, n: int, *, is_number: bool) -> list[Measure]:
    """How far a column's `n` values are from the baseline's; None where there are too few here or there."""
    figures = {
        "psi": found.psi if found else None,
        "js": found.js if found else None,
        "p_value": found.p_value if found else None,
    }
    if is_number:
        figures["wasserstein"] = found.wasserstein if found else None
    return [
        Measure(signal="drift", subject=name, measure=measure, value=value, n=n, unit="ratio")
        for measure, value in figures.items()
    ]


def importance_measure(name: str, value: float | None, n: int) -> Measure:
    """How well a column alone tells which of `n` interactions failed a metric, 0 to 1; None where that is not known."""
    return Measure(signal="drift", subject=name, measure="importance", value=value, n=n, unit="ratio")
