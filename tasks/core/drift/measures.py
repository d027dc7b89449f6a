"""What drift says of the texts of a window, as measures."""

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
