"""The data contract: from checks and counts to measures, to the rows that break it, and to their reasons."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any, Final

import pyarrow as pa

from tasks.core.manifest import RecordCounts
from tasks.core.measure import Measure
from tasks.core.records.expectation import Check
from tasks.core.records.interaction import BROKEN

SIGNAL: Final = "contract"
RECORDS: Final = "records"
FEWEST_EARLIER: Final = 3
SEPARATOR: Final = ", "


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What is known of an earlier window; `freshness_s` is None where no event was known then."""

    end: datetime
    interactions: int
    freshness_s: float | None


def column_measures(checks: Iterable[Check]) -> list[Measure]:
    """The share of the looked-at values that keep each rule; None where there was none to look at.

    Every sampled row is looked at and the contract is about these rows, hence no interval: by an interval a limit of 1
    could never be met.
    """
    return [
        Measure(
            signal=SIGNAL,
            subject=check.expectation.column,
            measure=check.expectation.measure,
            value=1 - check.unexpected / check.evaluated if check.evaluated else None,
            n=check.evaluated,
            unit="share",
        )
        for check in checks
    ]


def arrival_measures(
    counts: RecordCounts, newest: datetime | None, end: datetime, earlier: Sequence[Earlier]
) -> list[Measure]:
    """What the counts of a window say: who found the other half, what came twice, how new and how much it is.

    join_rate = joined / (inputs - duplicate inputs). duplicate_rate = duplicates / (inputs + outputs). freshness_s =
    seconds from the newest event to the `end` of the window; a window without events looks back to the newest of
    `earlier` ones. volume_ratio = joined / the median of `earlier`; None with fewer than three of them, or a median of
    0. volume_surge is the same number: a limit above needs an address of its own. `newest` is the time of the newest
    event of this window, None without any.
    """
    distinct, halves = counts.inputs - counts.duplicate_inputs, counts.inputs + counts.outputs
    fresh = freshness_s(newest, end, earlier)
    return [
        _records("join_rate", _ratio(counts.joined, distinct), distinct, "share"),
        _records("duplicate_rate", _ratio(counts.duplicate_inputs + counts.duplicate_outputs, halves), halves, "share"),
        _records("freshness_s", fresh, 0 if fresh is None else 1, "seconds"),
        *_volume(counts.joined, [window.interactions for window in earlier]),
    ]


def freshness_s(newest: datetime | None, end: datetime, earlier: Iterable[Earlier]) -> float | None:
    """Seconds from the newest event known to `end`; None where none is known."""
    ages = [(end - newest).total_seconds()] if newest is not None else []
    ages += [
        (end - window.end).total_seconds() + window.freshness_s
        for window in earlier
        if window.freshness_s is not None and window.end <= end
    ]
    return min(ages, default=None)


def earlier_windows(tables: Iterable[pa.Table], every: timedelta) -> list[Earlier]:
    """What the measures of earlier windows, a table each, say of them; those that hold no count are left out."""
    found = []
    for table in tables:
        values = {(row["signal"], row["measure"]): row for row in _whole_window(table) if row["subject"] == RECORDS}
        counted = values.get(("operations", "interactions"))
        if counted is not None and counted["value"] is not None:
            fresh = values.get((SIGNAL, "freshness_s"))
            found.append(
                Earlier(
                    end=counted["window_start"] + every,
                    interactions=int(counted["value"]),
                    freshness_s=None if fresh is None else fresh["value"],
                )
            )
    return found


def _whole_window(table: pa.Table) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.filter(table["segment_by"].is_null()).to_pylist()
    return rows


def broken_rules(checks: Iterable[Check], rows: int) -> pa.Array:
    """For each of the `rows`, the names of the rules that it breaks, as text; null where it keeps the contract."""
    names: dict[int, list[str]] = {}
    for check in checks:
        for row in check.failing:
            names.setdefault(row, []).append(check.expectation.name)
    texts: list[str | None] = [None] * rows
    for row, broken in names.items():
        texts[row] = SEPARATOR.join(broken)
    return pa.array(texts, pa.string())


def quarantined(interactions: pa.Table, broken: pa.Array) -> list[dict[str, object]]:
    """The rows that break the contract as the quarantine lists them, once for each rule.

    They have no line of their own, and their content stays where it is: among the interactions.
    """
    found = interactions.select(["input_object"]).append_column(BROKEN, broken).filter(broken.is_valid())
    return [
        {"object": row["input_object"], "line": None, "reason": f"contract:{name}", "content": None}
        for row in found.to_pylist()
        for name in row[BROKEN].split(SEPARATOR)
    ]


def warnings(checks: Iterable[Check]) -> list[str]:
    """What could not be checked, one sentence each."""
    return [
        f"the contract's {check.expectation.name} was not checked: {check.error}" for check in checks if check.error
    ]


def _volume(interactions: int, earlier: Sequence[int]) -> list[Measure]:
    usual = median(earlier) if len(earlier) >= FEWEST_EARLIER else 0
    ratio, n = _ratio(interactions, usual), interactions + sum(earlier)
    return [_records(name, ratio, n, "ratio") for name in ("volume_ratio", "volume_surge")]


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _records(name: str, value: float | None, n: int, unit: str) -> Measure:
    return Measure(signal=SIGNAL, subject=RECORDS, measure=name, value=value, n=n, unit=unit)
