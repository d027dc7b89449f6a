import json
from typing import Any

import pytest
from hypothesis import given, settings

from tasks.core.records import openai_requests
from tasks.core.records.layout import SourceColumns
from tests.core.records import golden

LAYOUT = openai_requests.read(SourceColumns(join_on=None, time_column=None, columns={}))
NAMES = golden.names("openai_requests")


@pytest.mark.parametrize("name", NAMES)
def test_a_stored_request_becomes_the_rows_that_are_written_down(name: str) -> None:
    asks, answers = openai_requests.decode(golden.records("openai_requests", name), {})
    assert {"input": asks, "output": answers} == golden.rows("openai_requests", name)


@pytest.mark.parametrize(
    ("name", "ids", "times", "sides"),
    [
        ("batch", ["q-1", "q-1"], [None, "1795154400"], ["input", "output"]),
        ("batch_failed", ["q-2", "q-2"], [None, None], ["input", "output"]),
        ("chat", ["chatcmpl-1"], ["2026-11-20T06:00:00+01:00"], ["both"]),
        ("chat_refusal", ["own-3"], ["1795154402"], ["both"]),
        ("chat_stream", ["chatcmpl-2"], ["1795154401"], ["both"]),
        ("failed", ["own-5"], ["1795154405000"], ["both"]),
        ("responses", ["resp_1"], ["1795154403"], ["both"]),
        ("responses_cut_stream", ["resp_2"], ["1795154404"], ["both"]),
        ("responses_stream", ["resp_2"], ["1795154404"], ["both"]),
    ],
)
def test_the_layout_finds_the_keys_of_every_record(
    name: str, ids: list[str], times: list[str | None], sides: list[str]
) -> None:
    records = golden.records("openai_requests", name)
    assert [golden.first(LAYOUT.id, record) for record in records] == ids
    assert [golden.first(LAYOUT.time, record) for record in records] == times
    assert [golden.sql(LAYOUT.side, record) for record in records] == sides
    assert all(golden.sql(LAYOUT.is_call, record) is True for record in records)
    assert openai_requests.recognises(records[0])


def test_either_half_of_a_batch_may_come_first() -> None:
    records = golden.records("openai_requests", "batch")
    assert openai_requests.decode(records[::-1], {}) == openai_requests.decode(records, {})


def test_a_response_object_by_itself_is_an_output() -> None:
    (record,) = golden.records("openai_requests", "responses")
    response = record["response"]
    assert golden.sql(LAYOUT.side, response) == "output"
    assert openai_requests.recognises(response)
    _, answers = openai_requests.decode([response], {})
    assert (answers["completion"], answers["status"]) == ("It opens at nine.", "completed")


@pytest.mark.parametrize(
    "record",
    [
        {"custom_id": "q", "method": "POST", "url": "/v1/embeddings", "body": {"input": "x"}},
        {"custom_id": "q", "response": {"status_code": 200, "body": {"object": "list", "data": []}}, "error": None},
    ],
)
def test_embeddings_in_a_batch_are_no_calls(record: dict[str, Any]) -> None:
    assert golden.sql(LAYOUT.is_call, record) is False


@pytest.mark.parametrize(
    "record", [{"id": "a", "time": "b"}, {"request": {"url": "/"}}, {"response": {}}, {"object": []}, {}, None]
)
def test_other_records_are_not_recognised(record: Any) -> None:
    assert not openai_requests.recognises(record)


@settings(max_examples=200, deadline=None)
@given(golden.mutations("openai_requests"))
def test_a_changed_record_is_decoded_without_a_fault(records: list[Any]) -> None:
    assert all(isinstance(openai_requests.recognises(record), bool) for record in records)
    for row in openai_requests.decode(records, {}):
        assert json.dumps(row)


@settings(max_examples=100)
@given(golden.JSON)
def test_any_json_is_decoded_without_a_fault(record: Any) -> None:
    for records in ([], [record], [{"request": record, "response": record}], [{"body": record}, {"response": record}]):
        assert len(openai_requests.decode(records, {})) == 2
    assert isinstance(openai_requests.recognises(record), bool)
