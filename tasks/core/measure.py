"""A measure: one number about one window, with its interval, and its table form."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import pyarrow as pa

TIMESTAMP = pa.timestamp("us", tz="UTC")

KEY_FIELDS = (
    pa.field("window_start", TIMESTAMP, nullable=False),
    pa.field("revision", pa.int32(), nullable=False),
    pa.field("signal", pa.string(), nullable=False),
    pa.field("subject", pa.string(), nullable=False),
    pa.field("measure", pa.string(), nullable=False),
    pa.field("segment_by", pa.string()),
    pa.field("segment", pa.string()),
)
VALUE_FIELDS = (
    pa.field("value", pa.float64()),
    pa.field("low", pa.float64()),
    pa.field("high", pa.float64()),
    pa.field("n", pa.int64(), nullable=False),
)
SCHEMA = pa.schema([*KEY_FIELDS, *VALUE_FIELDS, pa.field("unit", pa.string(), nullable=False)])


class Tails(Protocol):
    """How an estimate varies: what tells how well a limit can be told from it."""

    def interval(self, confidence: float) -> tuple[float, float] | None:
        """The two-sided interval; None where the rows tell of no spread."""

    def p_value(self, limit: float, *, below: bool) -> float | None:
        """The one-sided p-value of the hypothesis that the truth is not `below` the limit (else: not above it).

        From 0 to 1; None where the rows tell of no spread.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One number of one window.

    `value` is None when it cannot be computed (nothing was scored), never 0 or NaN. `low` and `high` are the bounds
    of its confidence interval; None where the value is a count of everything and not an estimate. `n` is the number
    of rows behind it. `unit` is `share` (0 to 1), `score` (the metric's scale), `rows`, `values`,
    `seconds` or `ratio`. A measure of a part of the window names it: those interactions whose `segment_by` is
    `segment`. `tails` are those of an estimate as it was computed; they are not stored.
    """

    signal: str
    subject: str
    measure: str
    value: float | None
    low: float | None = None
    high: float | None = None
    n: int
    unit: str
    segment_by: str | None = None
    segment: str | None = None
    tails: Tails | None = field(default=None, compare=False, repr=False)

    @property
    def name(self) -> str:
        """`signal.subject.measure`, whichever part of the window it is of."""
        return f"{self.signal}.{self.subject}.{self.measure}"

    @property
    def address(self) -> str:
        """`signal.subject.measure`, as thresholds and alerts name it; with `[segment_by=segment]` for a part."""
        return address_of(self.signal, self.subject, self.measure, self.segment_by, self.segment)


def address_of(signal: str, subject: str, measure: str, segment_by: str | None, segment: str | None) -> str:
    """The address of a measure, of the whole window or of one part of it."""
    part = "" if segment_by is None else f"[{segment_by}={segment}]"
    return f"{signal}.{subject}.{measure}{part}"


def unmeasured(address: str) -> Measure:
    """A measure of the whole window for which there was nothing to be taken from."""
    signal, subject, measure = address.split(".")
    return Measure(signal=signal, subject=subject, measure=measure, value=None, n=0, unit="ratio")


def to_table(measures: Iterable[Measure], window_start: datetime, revision: int) -> pa.Table:
    """The measures of one window as a table of `SCHEMA`."""
    rows = [
        {
            **key_columns(measure.address, window_start, revision),
            "value": measure.value,
            "low": measure.low,
            "high": measure.high,
            "n": measure.n,
            "unit": measure.unit,
            "segment_by": measure.segment_by,
            "segment": measure.segment,
        }
        for measure in measures
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def from_table(table: pa.Table) -> list[Measure]:
    """The measures in a table of `SCHEMA`, in its order."""
    names = [name for name in SCHEMA.names if name not in {"window_start", "revision"}]
    return [Measure(**row) for row in table.select(names).to_pylist()]


def key_columns(address: str, window_start: datetime, revision: int) -> dict[str, object]:
    """The key columns of a measure's row; both segment columns are null for the whole window."""
    signal, subject, measure = address.partition("[")[0].split(".")
    return {
        "window_start": window_start,
        "revision": revision,
        "signal": signal,
        "subject": subject,
        "measure": measure,
        "segment_by": None,
        "segment": None,
    }
