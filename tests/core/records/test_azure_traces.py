import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.records import azure_traces
from tasks.core.records.decode import Side
from tasks.core.records.layout import SourceColumns
from tests.core.records import golden, traced

KIND = "azure_traces"
TRACE = "0x" + "ab" * 16


def span(name: str = "flow", number: int = 1, **fields: Any) -> dict[str, Any]:
    attributes = {key.replace("__", "."): value for key, value in fields.pop("attributes", {}).items()}
    return {
        "name": name,
        "context": {"trace_id": TRACE, "span_id": f"0x{number:016x}"},
        "kind": "SpanKind.INTERNAL",
        "parent_id": None,
        "start_time": f"2026-11-20T06:00:{number:02}Z",
        "end_time": f"2026-11-20T06:00:{number + 1:02}Z",
        "status": {"status_code": "OK"},
        "attributes": attributes,
        "events": [],
    } | fields


def line(*spans: Any, **fields: Any) -> dict[str, Any]:
    own = {"type": "azureml.inference.app_traces", "time": "2026-11-20T06:00:09Z", "correlationid": "c-1"}
    return own | {"data": list(spans)} | fields


def child(number: int, **fields: Any) -> dict[str, Any]:
    return span("step", number, parent_id=f"0x{1:016x}", **fields)


def calls(*spans: Any) -> list[bool]:
    return [bool(one["is_call"]) for one in traced.envelopes(azure_traces, [line(*spans)])]


def rows(*spans: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    return azure_traces.decode(traced.envelopes(azure_traces, [line(*spans)]), {})


@pytest.mark.parametrize("name", golden.names(KIND))
def test_golden_records_give_their_rows(name: str) -> None:
    found = traced.interactions(azure_traces, golden.records(KIND, name), {})
    assert {"interactions": found} == golden.rows(KIND, name)


@pytest.mark.parametrize("name", golden.names(KIND))
def test_golden_records_are_recognised(name: str) -> None:
    assert all(azure_traces.recognises(record) for record in golden.records(KIND, name))


def test_rows_of_the_collector_are_no_spans() -> None:
    assert not azure_traces.recognises(line({"question": "Why?"}))
    assert not azure_traces.recognises(line(span(), type="other"))


@settings(max_examples=150, deadline=None)
@given(st.lists(golden.JSON, max_size=4))
def test_anything_at_all_is_decoded_without_a_fault(records: list[Any]) -> None:
    json.dumps(azure_traces.decode(records, {}))
    assert all(azure_traces.recognises(record) in {True, False} for record in records)


@settings(max_examples=150, deadline=None)
@given(golden.mutations(KIND))
def test_a_mutated_trace_is_decoded_without_a_fault(records: list[Any]) -> None:
    spans = [one for record in records if isinstance(record, dict) for one in _spans(record.get("data"))]
    asked, answered = azure_traces.decode([{"id": "a", "record": one} for one in spans], {})
    assert json.loads(json.dumps([asked, answered])) == [asked, answered]


@settings(max_examples=12, deadline=None)
@given(golden.mutations(KIND))
def test_a_mutated_line_is_split_or_named_as_faulty(records: list[Any]) -> None:
    found = traced.halves(azure_traces, records)
    assert len(found) >= len(records)
    json.dumps(traced.interactions(azure_traces, records, {}))


def _spans(data: Any) -> list[Any]:
    return data if isinstance(data, list) else [data]


@pytest.mark.parametrize(
    "record",
    [
        span(),
        span(parent_id=""),
        span(parent_id="0x0000000000000000"),
        span(parent_id="0x00000000000000aa", kind="SpanKind.SERVER"),
        span(parent_id="0x00000000000000aa", kind=2),
        span(parent_id="0x00000000000000aa", attributes={"span_type": "Flow"}),
        span(kind="SpanKind.SERVER", attributes={"http__request__method": "POST"}),
        span(kind="SpanKind.CLIENT", attributes={"gen_ai__input__messages": "[]"}),
        span(kind="SpanKind.SERVER", attributes={"http__method": "get", "inputs": "{}"}),
    ],
)
def test_a_span_that_nothing_logged_called_is_a_request(record: Any) -> None:
    assert calls(record) == [True]


@pytest.mark.parametrize(
    "record",
    [
        child(2),
        child(2, attributes={"span_type": "LLM", "inputs": "{}"}),
        span("promptflow-feedback"),
        span(kind="SpanKind.SERVER", attributes={"http__method": "get"}),
        span(kind="SpanKind.CLIENT", attributes={"http__method": "POST"}),
        {"question": "Why?"},
        17,
        None,
    ],
)
def test_steps_feedback_probes_and_what_is_no_span_are_passed_over(record: Any) -> None:
    assert calls(record) == [False]


def test_the_id_is_the_requests_own_else_that_of_its_span() -> None:
    found = [
        span(attributes={"request_id": "r-1", "line_run_id": "l-1"}),
        span(attributes={"line_run_id": "l-1"}),
        span(),
    ]
    ids = [one["id"] for one in traced.envelopes(azure_traces, [line(*found)])]
    assert ids == ["r-1", "l-1", "ab" * 16 + ":" + "0" * 15 + "1"]


def test_the_users_own_id_is_an_attribute_or_a_field_of_the_span() -> None:
    record = span(attributes={"order__id": "o-1"})
    for field, expected in (("order.id", "o-1"), ("name", "flow"), ("$.context.span_id", "0x" + "0" * 15 + "1")):
        source = SourceColumns(join_on=field, time_column="end_time", columns={})
        (one,) = traced.envelopes(azure_traces, [line(record)], source)
        assert (one["id"], one["time"]) == (expected, "2026-11-20T06:00:02Z")


@pytest.mark.parametrize("data", [None, [], "", "no json", 17])
def test_a_line_without_spans_is_in_quarantine(data: Any) -> None:
    assert [fault for _, _, fault in traced.halves(azure_traces, [line(data=data)])] == ["no_rows"]


def test_spans_that_lie_in_another_file_are_missed_by_name() -> None:
    lone = {name: value for name, value in line(dataref="https://x.example/c/spans.json").items() if name != "data"}
    assert [fault for _, _, fault in traced.halves(azure_traces, [lone])] == ["reference_missing"]


def test_a_request_is_both_halves_at_the_time_of_its_start() -> None:
    found = traced.halves(azure_traces, [line(span(), child(2))])
    assert [(side, str(time)) for side, time, _ in found] == [
        (Side.INPUT, "2026-11-20 06:00:01+00:00"),
        (Side.OUTPUT, "2026-11-20 06:00:01+00:00"),
        (Side.OTHER, "2026-11-20 06:00:02+00:00"),
    ]


def test_fields_of_inputs_and_outputs_are_there_for_the_user() -> None:
    asked, answered = rows(
        span(attributes={"inputs": '{"topic": "tea", "mood": "calm"}', "output": '{"poem": "Leaves.", "lines": 1}'})
    )
    assert (asked["topic"], asked["mood"], answered["poem"], answered["lines"]) == ("tea", "calm", "Leaves.", 1)
    assert "prompt" not in asked  # neither of two texts is known to be the question
    assert answered["completion"] == "Leaves."


def test_a_flows_own_context_stands_where_nothing_was_retrieved() -> None:
    given = span(attributes={"inputs": '{"question": "Why?", "context": "So it is."}', "output": '""'})
    asked, answered = rows(given)
    assert (asked["prompt"], asked["context"], answered["completion"]) == ("Why?", "So it is.", "")
    documents = json.dumps([{"document.content": "Found."}] * 2)
    asked, _ = rows(given, child(2, attributes={"span_type": "Retrieval", "retrieval__documents": documents}))
    assert asked["context"] == "Found."


def test_words_of_another_request_in_the_trace_are_not_taken_for_this_ones() -> None:
    outer = span("POST /ask", kind="SpanKind.SERVER")
    inner = child(2, kind="SpanKind.SERVER", attributes={"inputs": '{"question": "Inner?"}', "output": '"Yes."'})
    asked, answered = rows(outer, inner)
    assert not {"prompt", "completion"} & (asked.keys() | answered.keys())


def test_steps_count_even_where_those_between_were_lost() -> None:
    found = json.dumps([{"content": "Found."}])
    lost = span("search", 5, parent_id="0x00000000000000ff", attributes={"gen_ai__retrieval__documents": found})
    assert rows(span(), lost)[0]["context"] == "Found."


def test_tokens_of_a_model_call_within_a_model_call_count_once() -> None:
    outer = child(2, attributes={"span_type": "LLM", "llm__usage__prompt_tokens": 10})
    inner = span(
        "chat",
        3,
        parent_id=f"0x{2:016x}",
        attributes={"gen_ai__operation__name": "chat", "gen_ai__usage__input_tokens": 10},
    )
    assert rows(span(), outer, inner)[1]["input_tokens"] == 10
    assert rows(span(), outer, outer)[1]["input_tokens"] == 10  # logged twice


def test_the_flows_own_sums_stand_where_no_model_call_was_logged() -> None:
    _, answered = rows(span(attributes={"__computed__.cumulative_token_count.prompt": 40}))
    assert "input_tokens" not in answered  # the builder reads __ as a dot
    record = span()
    record["attributes"] = {"__computed__.cumulative_token_count.prompt": 40}
    assert rows(record)[1]["input_tokens"] == 40


def test_spans_that_are_their_own_parents_end() -> None:
    circle = [span("a", 1, parent_id=f"0x{2:016x}"), span("b", 2, parent_id=f"0x{1:016x}"), span("c", 3)]
    asked, answered = rows(*circle)
    assert json.loads(json.dumps([asked, answered])) == [asked, answered]
