"""Verdicts: a measure against its threshold, with the sentence that explains it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial

import pyarrow as pa

from tasks.core.measure import KEY_FIELDS, VALUE_FIELDS, Measure, address_of, key_columns

THOUSAND = 1000  # from there on without decimals
SCHEMA = pa.schema(
    [
        *KEY_FIELDS,
        *VALUE_FIELDS,
        pa.field("threshold", pa.float64(), nullable=False),
        pa.field("direction", pa.string(), nullable=False),
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
class Threshold:
    """A limit on one measure, named by its address; the limit itself is still good."""

    address: str
    limit: float
    direction: Direction
    severity: Severity = Severity.CRITICAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How evidence is weighed.

    `by_interval`: the whole interval must lie on one side of the limit; else the estimate alone is compared.
    `min_n`: an estimate from fewer rows is undecided. `min_coverage`: below this share of scored among asked, a pass
    rate is decided only if the missing scores could not change the verdict; None = never asked.
    """

    by_interval: bool
    min_n: int
    min_coverage: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A decided threshold; the figures are those of the measure.

    `segment_by` and `segment` name the part of the window that it is of, None for the whole. `alarms`: it opens an
    alert although it is no breach.
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
    alarms: bool = False

    @property
    def opens_alert(self) -> bool:
        """Whether somebody is to be told."""
        return self.state is State.BREACH or self.alarms


def decide(threshold: Threshold, measures: Mapping[str, Measure], rule: Rule) -> Verdict:
    """The verdict on one threshold; `measures` are those of the window by address.

    A measure without an interval is a count of everything: it is compared as it stands. Raises KeyError where the
    threshold names no measure.
    """
    measure = measures[threshold.address]
    state, remark = _state(threshold, measure, measures, rule)
    return Verdict(
        address=threshold.address,
        value=measure.value,
        low=measure.low,
        high=measure.high,
        n=measure.n,
        limit=threshold.limit,
        direction=threshold.direction,
        severity=threshold.severity,
        segment_by=measure.segment_by,
        segment=measure.segment,
        state=state,
        explanation=_explain(threshold, measure, state, remark),
    )


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


def _state(threshold: Threshold, measure: Measure, measures: Mapping[str, Measure], rule: Rule) -> tuple[State, str]:
    if measure.value is None:
        return State.NO_DATA, ""
    if measure.low is None or measure.high is None:
        return _compare(threshold, measure.value, measure.value), ""
    coverage = _sibling(measures, measure, "coverage")
    if rule.min_coverage is not None and coverage is not None and coverage < rule.min_coverage:
        return _despite_missing(threshold, measures, measure), f"only {coverage:.0%} of the asked were scored"
    if measure.n < rule.min_n:
        return State.UNDECIDED, f"fewer than {rule.min_n} rows"
    if rule.by_interval:
        return _compare(threshold, measure.low, measure.high), ""
    return _compare(threshold, measure.value, measure.value), ""


def _compare(threshold: Threshold, low: float, high: float) -> State:
    """Where [low, high] lies: wholly on the good side, wholly on the bad side, or across the limit."""
    if threshold.direction is Direction.MIN:
        good, bad = low >= threshold.limit, high < threshold.limit
    else:
        good, bad = high <= threshold.limit, low > threshold.limit
    return State.OK if good else State.BREACH if bad else State.UNDECIDED


def _despite_missing(threshold: Threshold, measures: Mapping[str, Measure], measure: Measure) -> State:
    """The verdict that holds whatever the missing scores had been; undecided where they could change it."""
    worst = _sibling(measures, measure, f"{measure.measure}_if_missing_failed")
    best = _sibling(measures, measure, f"{measure.measure}_if_missing_passed")
    if worst is None or best is None:
        return State.UNDECIDED
    return _compare(threshold, worst, best)


def _sibling(measures: Mapping[str, Measure], measure: Measure, name: str) -> float | None:
    found = measures.get(f"{measure.signal}.{measure.subject}.{name}")
    return None if found is None else found.value


def _explain(threshold: Threshold, measure: Measure, state: State, remark: str) -> str:
    """One plain sentence with the figures."""
    name = f"{measure.subject} {measure.measure.replace('_', ' ')}"
    if measure.value is None:
        return f"{name}: nothing was measured, so nothing can be said of the limit {threshold.limit:g}"
    shown = partial(_figure, measure.unit)
    bounds = "" if measure.low is None or measure.high is None else f"{shown(measure.low)} to {shown(measure.high)}, "
    figures = f"{name} {shown(measure.value)} ({bounds}n = {measure.n})"
    good, bad = ("at least", "below") if threshold.direction is Direction.MIN else ("at most", "above")
    sentence = {
        State.OK: f"{figures} is {good} {threshold.limit:g}",
        State.BREACH: f"{figures} is {bad} {threshold.limit:g}",
    }.get(state, f"{figures} cannot be told from {threshold.limit:g}")
    return f"{sentence}: {remark}" if remark else sentence


def _figure(unit: str, value: float) -> str:
    """Shares, scores and ratios with three decimals, counts and amounts with as many digits as tell something."""
    return (
        f"{value:.3f}"
        if unit in {"share", "score", "ratio"}
        else f"{value:,.0f}"
        if abs(value) >= THOUSAND
        else f"{value:.4g}"
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
            state=State(row["verdict"]),
            explanation=row["explanation"],
        )
        for row in table.to_pylist()
    )
