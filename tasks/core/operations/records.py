"""The measures of a window's records: how many there are, and how many could not be used."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from tasks.core.manifest import RecordCounts
from tasks.core.measure import Measure

QUARANTINED: Final = "operations.records.quarantined_share"
LARGEST_SESSION: Final = "operations.records.largest_session"


def record_measures(counts: RecordCounts) -> list[Measure]:
    """Shares of the window's records; they count everything, hence have no interval."""
    lost = {
        "quarantined_share": (counts.quarantined, counts.lines_read),
        "orphan_input_share": (counts.orphan_inputs, counts.inputs),
        "orphan_output_share": (counts.orphan_outputs, counts.outputs),
    }
    shares = [
        Measure(
            signal="operations",
            subject="records",
            measure=name,
            value=part / whole if whole else None,
            n=whole,
            unit="share",
        )
        for name, (part, whole) in lost.items()
    ]
    rows = Measure(
        signal="operations",
        subject="records",
        measure="interactions",
        value=float(counts.joined),
        n=counts.joined,
        unit="rows",
    )
    return [*shares, rows]


def largest_session(sessions: Sequence[str]) -> Measure:
    """How many of the sampled interactions the largest session has; None without any."""
    counts = Counter(sessions)
    return Measure(
        signal="operations",
        subject="records",
        measure="largest_session",
        value=float(max(counts.values())) if counts else None,
        n=len(sessions),
        unit="rows",
    )
