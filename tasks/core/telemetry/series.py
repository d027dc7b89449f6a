"""The series of a window, as Prometheus and OpenTelemetry have them: measures, limits, verdicts, alerts."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tasks.core.alert import Alert, Status
from tasks.core.measure import Measure
from tasks.core.plain import plain
from tasks.core.verdict import Severity, State, Verdict
from tasks.core.window import Window

MOST_OF_PARTS: Final = 1000  # measures of segments; those of the whole window are bounded by the monitor file
LONGEST_LABEL: Final = 120
WORST_FIRST: Final = (State.BREACH, State.UNDECIDED, State.NO_DATA, State.OK)
OPEN: Final = (Status.OPEN, Status.ACKNOWLEDGED)
Labels = Mapping[str, str]
Part = tuple[str | None, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What one window shows.

    `state` is the worst of its verdicts, `cost_usd` what its judging cost, None where no price is known. `alerts` are
    None where the window is not the newest: they tell how things stand now.
    """

    monitor: str
    window: Window
    state: State
    measures: Sequence[Measure]
    verdicts: Sequence[Verdict]
    alerts: Sequence[Alert] | None
    cost_usd: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """The series of one name, with a value for each set of labels; a label without a value is left out.

    `unit` is `s` for seconds since 1970, else empty: a name holds measures of several units, which a label tells.
    """

    name: str
    says: str
    points: Sequence[tuple[Labels, float]]
    unit: str = ""


def families(snapshot: Snapshot) -> list[Family]:
    """All series of a window; what has no value has no point. No two points of a family have the same labels."""
    whole = {"monitor": snapshot.monitor}
    measured = [({**whole, **_labels(one)}, one) for one in snapshot.measures]
    decided = _decided(snapshot)
    found = [
        _valued("genwatch.measure", "What was measured in the window.", [(at, one.value) for at, one in measured]),
        _valued("genwatch.measure.low", "Lower end of the interval.", [(at, one.low) for at, one in measured]),
        _valued("genwatch.measure.high", "Upper end of the interval.", [(at, one.high) for at, one in measured]),
        _valued("genwatch.measure.rows", "Rows behind the measure.", [(at, one.n) for at, one in measured]),
        _valued("genwatch.limit", "The limit on the measure.", [(at, one.limit) for at, one in decided]),
        _states("genwatch.verdict", "1 for what is known of the limit.", [(at, one.state) for at, one in decided]),
        _states("genwatch.state", "1 for the worst verdict of the window.", [(whole, snapshot.state)]),
        _valued("genwatch.alerts", "Alerts that are open.", _alerts(whole, snapshot.alerts)),
        _valued("genwatch.evaluator.cost_usd", "What judging cost, in USD.", [(whole, snapshot.cost_usd)]),
        Family(
            name="genwatch.window.end_timestamp",
            says="The end of the window that all this is of.",
            points=[(whole, snapshot.window.end.timestamp())],
            unit="s",
        ),
    ]
    return [family for family in found if family.points]


def bounded(snapshot: Snapshot, most: int = MOST_OF_PARTS) -> tuple[Snapshot, int]:
    """The snapshot with at most so many measures of segments, and how many measures were left out.

    Segments with a verdict come first, then those with the most rows. Their names are one line of `LONGEST_LABEL`
    characters; of those that are the same by then the first stays.
    """
    parts: dict[Part, list[Measure]] = defaultdict(list)
    for one in snapshot.measures:
        parts[one.segment_by, one.segment].append(one)
    whole = parts.pop((None, None), [])
    judged = {(one.segment_by, one.segment) for one in snapshot.verdicts}
    order = sorted(parts, key=lambda part: (part not in judged, -max(one.n for one in parts[part]), str(part)))
    kept: dict[Part, Part] = {}
    taken = 0
    for part in order:
        name = (_shown(part[0]), _shown(part[1]))
        if taken + len(parts[part]) <= most and name not in kept.values():
            kept[part] = name
            taken += len(parts[part])
    measures = [*whole, *(_named(one, kept[part]) for part in kept for one in parts[part])]
    kept[None, None] = (None, None)
    verdicts = [
        replace(one, segment_by=kept[part][0], segment=kept[part][1])
        for one in snapshot.verdicts
        if (part := (one.segment_by, one.segment)) in kept
    ]
    return replace(snapshot, measures=measures, verdicts=verdicts), len(snapshot.measures) - len(measures)


def _named(measure: Measure, part: Part) -> Measure:
    return replace(measure, segment_by=part[0], segment=part[1])


def _shown(name: str | None) -> str:
    return plain(name or "", LONGEST_LABEL)


def _labels(measure: Measure) -> Labels:
    signal, subject, name = measure.signal, measure.subject, measure.measure
    return {"signal": signal, "subject": subject, "measure": name, "unit": measure.unit, **_part(measure)}


def _part(one: Measure | Verdict) -> Labels:
    if one.segment_by is None:
        return {}
    return {"segment_by": one.segment_by, "segment": one.segment or ""}


def _decided(snapshot: Snapshot) -> list[tuple[Labels, Verdict]]:
    """The verdicts by their labels; of two on the same limit the worse."""
    found: dict[tuple[tuple[str, str], ...], tuple[Labels, Verdict]] = {}
    for one in sorted(snapshot.verdicts, key=lambda one: WORST_FIRST.index(one.state)):
        signal, subject, measure = one.names
        labels = {
            "monitor": snapshot.monitor,
            "signal": signal,
            "subject": subject,
            "measure": measure,
            "direction": one.direction.value,
            "severity": one.severity.value,
            "relative": str(one.is_relative).lower(),
            **_part(one),
        }
        found.setdefault(tuple(labels.items()), (labels, one))
    return list(found.values())


def _alerts(whole: Labels, alerts: Sequence[Alert] | None) -> Iterator[tuple[Labels, float]]:
    """How many alerts are open, by severity and by whether somebody has them; none where that is not known."""
    for severity in Severity if alerts is not None else ():
        for status in OPEN:
            count = sum(one.severity is severity and one.status is status for one in alerts or ())
            yield {**whole, "severity": severity.value, "status": status.value}, count


def _valued(name: str, says: str, points: Iterable[tuple[Labels, float | None]]) -> Family:
    return Family(name=name, says=says, points=[(labels, value) for labels, value in points if value is not None])


def _states(name: str, says: str, points: Iterable[tuple[Labels, State]]) -> Family:
    return Family(
        name=name,
        says=says,
        points=[({**labels, "state": state.value}, float(state is own)) for labels, own in points for state in State],
    )
