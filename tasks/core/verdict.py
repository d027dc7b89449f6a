"""Verdicts: a measure against its threshold, with the sentence that explains it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import pyarrow as pa

from tasks.core.measure import KEY_FIELDS, VALUE_FIELDS, Measure, address_of, key_columns
from tasks.core.window import Window

SCHEMA = pa.schema(
    [
        *KEY_FIELDS,
        *VALUE_FIELDS,
        pa.field("threshold", pa.float64(), nullable=False),
        pa.field("direction", pa.string(), nullable=False),
        pa.field("relative", pa.bool_(), nullable=False),
        pa.field("severity", pa.string(), nullable=False),
        pa.field("verdict", pa.string(), nullable=False),
        pa.field("explanation", pa.string(), nullable=False),
    ]
)


class State(StrEnum):
    """What is known of a measure against its threshold."""

    OK = "ok"
    BREACH = "breach"
    UNDECIDED = "undecided"
    NO_DATA = "no_data"


class Severity(StrEnum):
    """How bad a breach is, as the user has it."""

    WARNING = "warning"
    CRITICAL = "critical"


class Direction(StrEnum):
    """Which side of the limit is the good one."""

    MIN = "min"
    MAX = "max"


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """What a measure is held against: so many `windows` before it, or those of a fixed `span`; one is None."""

    windows: int | None = None
    span: Window | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A limit on one measure, named by its address; the limit itself is still good.

    With `against`, the limit is how far the measure may be from where it stood before: below it with the direction min,
    above it with max.
    """

    address: str
    limit: float
    direction: Direction
    severity: Severity = Severity.CRITICAL
    against: Against | None = None

    @property
    def text(self) -> str:
        """The limit as the monitor file says it."""
        names = {Direction.MIN: ("min", "max_drop"), Direction.MAX: ("max", "max_rise")}
        absolute, relative = names[self.direction]
        warning = ", a warning" if self.severity is Severity.WARNING else ""
        if self.against is None:
            return f"{self.address} {absolute} {self.limit:g}{warning}"
        if self.against.span is not None:
            return f"{self.address} {relative} {self.limit:g} against the windows of {self.against.span.label}{warning}"
        return f"{self.address} {relative} {self.limit:g} against the {self.against.windows} windows before{warning}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A decided threshold; the figures are those of the measure.

    `segment_by` and `segment` name the part of the window that it is of, None for the whole. `is_relative`: its
    limit goes by where the measure stood before. `alarms`: it opens an alert although it is no breach.
    """

    address: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    limit: float
    direction: Direction
    state: State
    explanation: str
    severity: Severity = Severity.CRITICAL
    segment_by: str | None = None
    segment: str | None = None
    is_relative: bool = False
    alarms: bool = False

    @property
    def names(self) -> tuple[str, str, str]:
        """Signal, subject and measure."""
        signal, subject, measure = self.address.partition("[")[0].split(".")
        return signal, subject, measure

    @property
    def is_main(self) -> bool:
        """Whether it is of the whole window, against a limit on the measure itself."""
        return self.segment_by is None and not self.is_relative

    @property
    def opens_alert(self) -> bool:
        """Whether somebody is to be told."""
        return self.state is State.BREACH or self.alarms


def stated(measure: Measure, state: State, explanation: str, *, alarms: bool) -> Verdict:
    """The verdict on a count of what should not be at all, which may open an alert without being a breach."""
    return Verdict(
        address=measure.address,
        value=measure.value,
        low=None,
        high=None,
        n=measure.n,
        limit=0.0,
        direction=Direction.MAX,
        state=state,
        explanation=explanation,
        alarms=alarms,
    )


def verdict_table(verdicts: Iterable[Verdict], window_start: datetime, revision: int) -> pa.Table:
    """The verdicts of one window as a table of `SCHEMA`."""
    rows = [
        {
            **key_columns(verdict.address, window_start, revision),
            "value": verdict.value,
            "low": verdict.low,
            "high": verdict.high,
            "n": verdict.n,
            "threshold": verdict.limit,
            "direction": verdict.direction.value,
            "relative": verdict.is_relative,
            "severity": verdict.severity.value,
            "segment_by": verdict.segment_by,
            "segment": verdict.segment,
            "verdict": verdict.state.value,
            "explanation": verdict.explanation,
        }
        for verdict in verdicts
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def from_table(table: pa.Table) -> tuple[Verdict, ...]:
    """The verdicts in a table of `SCHEMA`; it does not tell which of them alarm."""
    return tuple(
        Verdict(
            address=address_of(row["signal"], row["subject"], row["measure"], row["segment_by"], row["segment"]),
            value=row["value"],
            low=row["low"],
            high=row["high"],
            n=row["n"],
            limit=row["threshold"],
            direction=Direction(row["direction"]),
            severity=Severity(row["severity"]),
            segment_by=row["segment_by"],
            segment=row["segment"],
            is_relative=row["relative"],
            state=State(row["verdict"]),
            explanation=row["explanation"],
        )
        for row in table.to_pylist()
    )
