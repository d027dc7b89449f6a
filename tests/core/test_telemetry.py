"""What dashboards are told: the series of a window, evaluation events, headers."""

from datetime import timedelta
from typing import Any

import pytest

from tasks.core.errors import ConfigError
from tasks.core.measure import Measure
from tasks.core.quality.judgement import Judgement
from tasks.core.telemetry.evaluations import Logged, evaluations, unsent
from tasks.core.telemetry.headers import headers_of
from tasks.core.telemetry.series import Family, Snapshot, bounded, families
from tasks.core.verdict import Direction, Severity, State, Verdict
from tests.builders import FLUENCY, HOUR, SIX, WINDOW

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def measure(segment: str | None = None, n: int = 10, name: str = "pass_rate", **changes: Any) -> Measure:
    fields = {"signal": "quality", "subject": "fluency", "measure": name, "value": 0.5, "n": n, "unit": "share"}
    return Measure(**fields | {"segment_by": None if segment is None else "tier", "segment": segment} | changes)


def verdict(state: State = State.OK, segment: str | None = None, **changes: Any) -> Verdict:
    fields = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 10, "limit": 0.7, "direction": Direction.MIN}
    of = {"segment_by": None if segment is None else "tier", "segment": segment}
    return Verdict(
        **{"address": "quality.fluency.pass_rate", "state": state, "explanation": "", **fields, **of, **changes}
    )


def snapshot(*measures: Measure, verdicts: tuple[Verdict, ...] = (), **changes: Any) -> Snapshot:
    fields: dict[str, Any] = {"monitor": "bot", "window": WINDOW, "state": State.OK, "alerts": (), "cost_usd": None}
    return Snapshot(measures=measures, verdicts=verdicts, **fields | changes)


def family(found: list[Family], name: str) -> Family:
    return next(one for one in found if one.name == name)


def segments(of: Snapshot) -> list[str | None]:
    return [one.segment for one in of.measures]


def test_of_many_segments_those_with_a_verdict_and_the_most_rows_stay() -> None:
    many = [measure(f"s{rows}", n=rows) for rows in range(1, 6)]
    kept, left_out = bounded(snapshot(measure(), *many, verdicts=(verdict(segment="s1"), verdict())), most=3)
    assert segments(kept) == [None, "s1", "s5", "s4"]
    assert left_out == 2
    assert [one.segment for one in kept.verdicts] == ["s1", None]


def test_a_segment_is_told_whole_or_not_at_all() -> None:
    parts = [measure("a", name="pass_rate"), measure("a", name="mean"), measure("b"), measure("b", name="mean")]
    kept, left_out = bounded(snapshot(*parts), most=3)
    assert (segments(kept), left_out) == (["a", "a"], 2)


def test_the_measures_of_the_whole_window_are_never_left_out() -> None:
    whole = [measure(name=f"share_{number}") for number in range(30)]
    kept, left_out = bounded(snapshot(*whole), most=3)
    assert (list(kept.measures), left_out) == (whole, 0)


def test_segments_whose_names_are_the_same_by_the_limit_are_one_series() -> None:
    long = "x" * 200
    kept, left_out = bounded(snapshot(measure(f"{long}1", n=5), measure(f"{long}2", n=9), measure("a\nb")))
    assert [(one.segment, one.n) for one in kept.measures] == [("a b", 10), (f"{'x' * 119}…", 9)]
    assert left_out == 1


def test_two_verdicts_on_the_same_limit_are_one_series_the_worse() -> None:
    found = families(snapshot(verdicts=(verdict(State.OK), verdict(State.BREACH), verdict(State.NO_DATA))))
    states = {labels["state"]: value for labels, value in family(found, "genwatch.verdict").points}
    assert states == {"ok": 0, "breach": 1, "undecided": 0, "no_data": 0}


def test_a_warning_a_relative_limit_and_a_segment_are_series_of_their_own() -> None:
    others = [verdict(severity=Severity.WARNING), verdict(is_relative=True), verdict(segment="gold")]
    found = family(families(snapshot(verdicts=(verdict(), *others))), "genwatch.limit")
    assert len({tuple(labels.items()) for labels, _ in found.points}) == 4


def test_what_has_no_value_has_no_point() -> None:
    found = families(snapshot(measure(value=None, n=0), alerts=None))
    names = {one.name for one in found}
    assert names == {"genwatch.measure.rows", "genwatch.state", "genwatch.window.end_timestamp"}
    assert family(families(snapshot(cost_usd=0.0)), "genwatch.evaluator.cost_usd").points == [({"monitor": "bot"}, 0.0)]


def judged(interaction: str = "c1", **changes: Any) -> Judgement:
    return Judgement(interaction_id=interaction, metric=FLUENCY, **{"score": 4.0, "judged_at": SIX + HOUR, **changes})


@pytest.mark.parametrize(
    ("correlation_id", "log_format", "trace", "response"),
    [
        (f"{TRACE}:{SPAN}", "otel_genai", int(TRACE, 16), None),
        (f"{TRACE}:{SPAN}", "azure_traces", int(TRACE, 16), None),
        (f"{TRACE}:{SPAN}", "table", None, None),
        (f"{TRACE}:{SPAN}0", "otel_genai", None, None),
        ("chatcmpl-9x", "otel_genai", None, "chatcmpl-9x"),
        ("msg_01", "table", None, "msg_01"),
        ("7f0c2d8e", "azure_mdc", None, None),
    ],
)
def test_an_event_is_linked_to_the_span_or_the_response_that_its_id_names(
    correlation_id: str, log_format: str, trace: int | None, response: str | None
) -> None:
    logged = {"c1": Logged(correlation_id=correlation_id, event_time=SIX)}
    (event,) = evaluations([judged()], logged, "bot", log_format, explained=False)
    assert (event.trace_id, event.span_id) == ((trace, int(SPAN, 16)) if trace else (None, None))
    assert event.attributes.get("gen_ai.response.id") == response


def test_what_was_never_asked_is_no_event() -> None:
    logged = {"c1": Logged(correlation_id="c1", event_time=SIX)}
    others = [judged(score=None, judged_at=None, not_asked="budget"), judged(score=None, judged_at=None)]
    assert list(evaluations(others, logged, "bot", "table", explained=True)) == []


def test_what_the_revision_before_had_is_not_sent_again() -> None:
    until = SIX + 2 * HOUR
    old, again, new = judged("c1"), judged("c1", judged_at=until + timedelta(seconds=1)), judged("c2")
    assert list(unsent([old, again, new], {"c1"}, until)) == [again, new]


def test_headers_are_read_as_opentelemetry_writes_them() -> None:
    assert headers_of("api-key=a%2Cb, x-team = bots ,") == {"api-key": "a,b", "x-team": "bots"}
    with pytest.raises(ConfigError) as caught:
        headers_of("api-key=1,sesame")
    assert "sesame" not in str(caught.value)
