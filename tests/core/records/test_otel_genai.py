import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.records import otel_genai
from tasks.core.records.decode import Side
from tasks.core.records.layout import SourceColumns
from tests.core.records import golden, traced

KIND = "otel_genai"
UPLOAD = "0b9f3c1e-7a52-4d0c-9e43-3f2d1c0b9a87"
SIX = datetime(2026, 11, 20, 6, tzinfo=UTC)
BOTH = {Side.INPUT, Side.OUTPUT}


def span(name: str = "chat", **attributes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "context": {"trace_id": "0x" + "ab" * 16, "span_id": "0x" + "cd" * 8},
        "start_time": "2026-11-20T06:00:00Z",
        "end_time": "2026-11-20T06:00:01.5Z",
        "attributes": {key.replace("__", "."): value for key, value in attributes.items()},
    }


def said(role: str, text: str) -> str:
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}])


def is_call(record: Any) -> bool:
    (envelope,) = traced.envelopes(otel_genai, [record])
    return bool(envelope["is_call"])


def ids(record: Any, **named: str) -> list[Any]:
    source = SourceColumns(join_on=None, time_column=None, columns={})
    source = SourceColumns(join_on=named.get("join_on"), time_column=named.get("time_column"), columns=source.columns)
    return [(one["id"], one["time"]) for one in traced.envelopes(otel_genai, [record], source)]


@pytest.mark.parametrize("name", golden.names(KIND))
def test_golden_records_give_their_rows(name: str) -> None:
    found = traced.interactions(otel_genai, golden.records(KIND, name), golden.bodies(KIND, name))
    assert {"interactions": found} == golden.rows(KIND, name)


@pytest.mark.parametrize("name", golden.names(KIND))
def test_golden_records_are_recognised(name: str) -> None:
    assert otel_genai.recognises(golden.records(KIND, name)[0])


@pytest.mark.parametrize("other", ["bedrock", "litellm", "azure_traces"])
def test_records_of_other_formats_are_not_recognised(other: str) -> None:
    found = [record for name in golden.names(other) for record in golden.records(other, name)]
    assert not any(otel_genai.recognises(record) for record in found)


@settings(max_examples=150, deadline=None)
@given(st.lists(golden.JSON, max_size=4), golden.JSON)
def test_anything_at_all_is_decoded_without_a_fault(records: list[Any], body: Any) -> None:
    json.dumps(otel_genai.decode(records, {"reference": body}))
    assert all(otel_genai.recognises(record) in {True, False} for record in records)


@settings(max_examples=150, deadline=None)
@given(golden.mutations(KIND))
def test_a_mutated_record_is_decoded_without_a_fault(records: list[Any]) -> None:
    asked, answered = otel_genai.decode([{"id": "a", "record": record} for record in records], {})
    assert json.loads(json.dumps([asked, answered])) == [asked, answered]


@settings(max_examples=12, deadline=None)
@given(golden.mutations(KIND))
def test_a_mutated_line_is_split_or_named_as_faulty(records: list[Any]) -> None:
    found = traced.halves(otel_genai, records)
    assert len(found) >= len(records)
    sides = [side for side, time, fault in found if fault is None and time is not None]
    assert set(sides) <= {*Side}
    json.dumps(traced.interactions(otel_genai, records, {}))


def test_nothing_is_invented_where_nothing_was_said() -> None:
    asked, answered = otel_genai.decode([span(gen_ai__operation__name="chat")], {})
    assert not {"prompt", "context", "history", "system", "user", "session"} & asked.keys()
    assert not {"completion", "status", "input_tokens"} & answered.keys()


def test_an_empty_answer_stays_empty() -> None:
    empty = said("assistant", "")
    _, answered = otel_genai.decode([span(gen_ai__output__messages=empty)], {})
    assert answered["completion"] == ""


@pytest.mark.parametrize(
    "attributes",
    [
        {"gen_ai__input__messages": "[]"},
        {"gen_ai__output__messages_ref": "s3://logs/x_outputs.json"},
        {"gen_ai__prompt": "Hi"},
        {"gen_ai__completion": "Hello"},
        {"gen_ai__prompt__0__content": "Hi"},
        {"gen_ai__completion__0__tool_calls__0__name": "search"},
    ],
)
def test_a_span_that_carries_content_is_a_call(attributes: dict[str, Any]) -> None:
    assert is_call(span(**attributes))


@pytest.mark.parametrize(
    "record",
    [
        span("GET /"),
        span("chat without content", gen_ai__operation__name="chat"),
        span(gen_ai__prompt__name="greeting", gen_ai__prompt__0__role="user"),
        span(gen_ai__prompt__0__content="Bonn", llm__request__type="embedding"),
        span(gen_ai__input__messages="[]", gen_ai__operation__name="execute_tool"),
        {"event_name": "gen_ai.choice", "trace_id": "ab", "span_id": "cd", "body": {"finish_reason": "stop"}},
        {"event_name": "gen_ai.assistant.message", "trace_id": "ab", "span_id": "cd", "body": {"content": "before"}},
        {"resourceMetrics": []},
        {},
    ],
)
def test_what_carries_no_content_or_answers_nothing_is_passed_over(record: Any) -> None:
    assert not is_call(record)
    assert [fault for _, _, fault in traced.halves(otel_genai, [record])] == [None]


def test_a_span_and_its_event_have_one_id_whoever_wrote_them() -> None:
    flat = span(gen_ai__input__messages="[]")
    attributes = [{"key": "gen_ai.input.messages", "value": {"arrayValue": {}}}]
    log = {"traceId": "AB" * 16, "spanId": "CD" * 8, "timeUnixNano": "1795154401000000000", "attributes": attributes}
    otlp = {"resourceLogs": [{"scopeLogs": [{"logRecords": [log]}]}]}
    assert ids(flat)[0][0] == ids(otlp)[0][0] == "ab" * 16 + ":" + "cd" * 8


def test_times_are_read_in_every_unit_and_zero_is_none() -> None:
    log = {"trace_id": "ab", "span_id": "cd", "attributes": {"gen_ai.prompt": "Hi"}}
    stamps = [{"timeUnixNano": "0", "observedTimeUnixNano": "1795154401000000000"}, {"timestamp": 1795154401}]
    found = traced.halves(otel_genai, [log | stamp for stamp in stamps])
    assert {time for _, time, _ in found} == {datetime(2026, 11, 20, 6, 0, 1, tzinfo=UTC)}


def test_a_call_without_a_trace_has_the_id_of_its_response_or_is_in_quarantine() -> None:
    record = span(gen_ai__prompt="Hi", gen_ai__response__id="chatcmpl-7")
    record["context"] = {"trace_id": "0x" + "0" * 32, "span_id": "0x" + "0" * 16}
    assert ids(record)[0][0] == "chatcmpl-7"
    del record["attributes"]["gen_ai.response.id"]
    assert [fault for _, _, fault in traced.halves(otel_genai, [record])] == ["no_correlation_id"]


@pytest.mark.parametrize("field", ["app.request", '$.attributes."app.request"'])
def test_the_users_own_id_and_time_are_attributes_first(field: str) -> None:
    record = span(gen_ai__prompt="Hi", app__request="r-1", at="2026-11-20T07:00:00Z")
    assert ids(record, join_on=field, time_column="at") == [("r-1", "2026-11-20T07:00:00Z")]
    assert ids(record, join_on="name") == [("chat", "2026-11-20T06:00:00Z")]


@pytest.mark.parametrize(
    ("value", "text"), [({"stringValue": "r-1"}, "r-1"), ({"intValue": "17"}, "17"), ({"boolValue": True}, "true")]
)
def test_the_users_own_id_is_found_in_otlp(value: Any, text: str) -> None:
    attributes = [{"key": "gen_ai.prompt", "value": {"stringValue": "Hi"}}, {"key": "app.request", "value": value}]
    line = {"resourceSpans": [{"scopeSpans": [{"spans": [{"spanId": "cd", "attributes": attributes}]}]}]}
    assert ids(line, join_on="app.request") == [(text, None)]


def test_every_span_of_a_line_stands_alone_and_knows_its_resource() -> None:
    lines = golden.records(KIND, "otlp_spans")
    found = traced.envelopes(otel_genai, lines)
    assert [one["record"]["name"] for one in found if one["is_call"]] == ["chat gpt-4o-mini"]
    assert len(found) == 5
    asked, _ = otel_genai.decode([found[3]], {})
    assert asked["service.name"] == "support-bot"


def test_attributes_and_fields_at_the_top_are_there_for_the_user() -> None:
    record = span(gen_ai__prompt="Hi", app__tier="gold") | {"status": {"status_code": "OK"}}
    asked, answered = otel_genai.decode([record], {})
    assert (asked["app.tier"], answered["app.tier"], asked["name"]) == ("gold", "gold", "chat")
    assert not {"status", "context"} & asked.keys()  # a span's status and its context are no roles


def test_what_was_retrieved_after_the_call_is_not_its_context() -> None:
    call = span(gen_ai__prompt="Hi")
    documents = json.dumps([{"id": "a", "content": "Told."}, {"id": "b", "score": 0.5}])
    earlier = span("retrieval", gen_ai__retrieval__documents=documents) | {"start_time": "2026-11-20T05:59:59Z"}
    later = earlier | {"start_time": "2026-11-20T06:10:00Z"}
    assert otel_genai.decode([call, earlier], {})[0]["context"] == "Told."
    assert "context" not in otel_genai.decode([call, later], {})[0]


def test_documents_that_were_logged_without_text_are_no_context() -> None:
    asked, _ = otel_genai.decode([span(gen_ai__prompt="Hi", gen_ai__retrieval__documents='[{"id": "a"}]')], {})
    assert "context" not in asked


@pytest.mark.parametrize(
    ("key", "side"),
    [(f"genai/{UPLOAD}_inputs.json", Side.INPUT), (f"{UPLOAD}_outputs.json", Side.OUTPUT)],
)
def test_an_uploaded_file_is_one_half(key: str, side: Side) -> None:
    line = otel_genai.unpack(key, SIX, b'[{"role": "user", "parts": []}]\n').decode()
    assert line.count("\n") == 1
    assert traced.halves(otel_genai, [line]) == [(side, SIX, None)]
    assert ids(line) == [(UPLOAD, SIX.isoformat())]
    assert ids(line, join_on="gen_ai.response.id") == [(UPLOAD, SIX.isoformat())]


def test_uploaded_json_lines_are_the_same_half() -> None:
    lines = b'{"role": "user", "parts": [], "index": 0}\r\n\n{"role": "user", "parts": [], "index": 1}\n'
    line = json.loads(otel_genai.unpack(f"{UPLOAD}_inputs.jsonl", SIX, lines))
    assert [message["index"] for message in line["messages"]] == [0, 1]


@pytest.mark.parametrize("name", ["system_instruction.json", "tool.definitions.jsonl"])
@pytest.mark.parametrize("owner", [UPLOAD, "0f" * 32])
def test_uploaded_instructions_and_tools_give_no_line(owner: str, name: str) -> None:
    assert otel_genai.unpack(f"genai/{owner}_{name}", SIX, b"[{}]\n") == b""


@pytest.mark.parametrize("key", ["traces.json", "daily_inputs.json", "x/.one_off_test_to_see_if_upload_works.json"])
def test_any_other_object_stays_as_it_is(key: str) -> None:
    assert otel_genai.unpack(key, SIX, b"\n{}\n") == b"\n{}\n"


@pytest.mark.parametrize("kind", ["json", "jsonl"])
@pytest.mark.parametrize("content", [b"", b"\n", b'[{"role": "us', b"[]\n[]", b"17", b"{}}", b"null", b"\xef\xbb\xbf["])
def test_a_torn_upload_is_in_quarantine_and_never_vanishes(kind: str, content: bytes) -> None:
    line = otel_genai.unpack(f"{UPLOAD}_inputs.{kind}", SIX, content)
    assert line.count(b"\n") == 1
    (half,) = traced.halves(otel_genai, [line.decode()])
    assert half[2] in {"malformed_json", "undecodable_body"}


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60), st.sampled_from(["json", "jsonl"]))
def test_an_upload_is_always_one_line(content: bytes, kind: str) -> None:
    line = otel_genai.unpack(f"{UPLOAD}_outputs.{kind}", SIX, content)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert line.count(b"\r") == 0
