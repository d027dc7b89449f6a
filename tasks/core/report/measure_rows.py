"""Measures as rows of a table: their value now, their verdict, and their course over the windows."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tasks.core.measure import Measure
from tasks.core.report.history import History
from tasks.core.report.words import named, words
from tasks.core.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureRow:
    """One measure of the newest window, with its values over the windows that have it, and the runs of these."""

    name: str
    measure: Measure
    verdict: Verdict | None
    values: Sequence[float | None]
    runs: Sequence[int]

    @property
    def unit(self) -> str:
        """That of its values; a mean score is no difference, so it has no sign."""
        return unit_of(self.measure)


def within(measure: Measure) -> str:
    """What a measure is called where its subject is known: its own name, or the part of the window."""
    if measure.segment_by is None:
        return named(measure.measure)
    return f"{named(measure.segment_by)}: {measure.segment}"


def unit_of(measure: Measure) -> str:
    """The unit in which a measure is written."""
    return "rating" if measure.unit == "score" and measure.measure == "mean" else measure.unit


def measure_rows(
    measures: Iterable[Measure], history: History, name: Callable[[Measure], str] = words
) -> list[MeasureRow]:
    """The rows of measures of the newest window, called as `name` has it."""
    decided = history.newest.decided if history.newest else {}
    return [
        MeasureRow(
            name=name(measure),
            measure=measure,
            verdict=decided.get(measure.address),
            values=[point.value for point in history.points(measure.address)],
            runs=history.runs(measure.address),
        )
        for measure in measures
    ]
