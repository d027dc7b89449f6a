import json
from typing import Any

import pytest
from hypothesis import given, settings

from tasks.core.records import bedrock
from tasks.core.records.layout import SourceColumns
from tests.core.records import golden

LAYOUT = bedrock.read(SourceColumns(join_on=None, time_column=None, columns={}))
NAMES = golden.names("bedrock")


@pytest.mark.parametrize("name", NAMES)
def test_an_invocation_becomes_the_rows_that_are_written_down(name: str) -> None:
    asks, answers = bedrock.decode(golden.records("bedrock", name), golden.bodies("bedrock", name))
    assert {"input": asks, "output": answers} == golden.rows("bedrock", name)


@pytest.mark.parametrize("name", NAMES)
def test_the_layout_finds_the_keys_of_every_record(name: str) -> None:
    (record,) = golden.records("bedrock", name)
    assert bedrock.recognises(record)
    assert golden.first(LAYOUT.id, record) == record["requestId"]
    assert golden.first(LAYOUT.time, record) == record["timestamp"]
    assert golden.sql(LAYOUT.side, record) == "both"
    assert golden.sql(LAYOUT.is_call, record) is True


def test_an_application_can_join_on_its_own_metadata() -> None:
    layout = bedrock.read(SourceColumns(join_on="$.requestMetadata.session", time_column=None, columns={}))
    assert golden.first(layout.id, golden.records("bedrock", "converse")[0]) == "s-17"


@pytest.mark.parametrize(
    "record",
    [
        {"schemaType": "ModelInvocationLog", "modelId": "amazon.titan-embed-text-v2:0"},
        {"schemaType": "ModelInvocationLog", "modelId": "stability.sd3-5-large-v1:0"},
        {"messages": [{"role": "user", "content": [{"text": "the file of a long body"}]}]},
    ],
)
def test_records_without_a_completion_to_judge_are_no_calls(record: dict[str, Any]) -> None:
    assert not golden.sql(LAYOUT.is_call, record)


def test_what_the_record_counts_wins_over_what_the_body_counts() -> None:
    _, answers = bedrock.decode(golden.records("bedrock", "converse_tools"), {})
    assert (answers["input_tokens"], answers["response"]["usage"]["inputTokens"]) == (22, 80)


def test_a_body_that_is_missing_leaves_its_row_without_texts() -> None:
    asks, answers = bedrock.decode(golden.records("bedrock", "by_reference"), {})
    assert asks.keys().isdisjoint({"prompt", "request"})
    assert answers.keys().isdisjoint({"completion", "response"})
    assert asks["requestId"] == answers["requestId"] == "req-19"


def test_every_column_of_the_format_is_found_in_some_golden_row() -> None:
    found = [row for name in NAMES for row in golden.rows("bedrock", name).values()]
    fields = {field for row in found for field in row}
    assert set(bedrock.COLUMNS.values()) - fields == {"session"}  # Bedrock has none of its own


@settings(max_examples=200, deadline=None)
@given(golden.mutations("bedrock"), golden.JSON)
def test_a_changed_record_is_decoded_without_a_fault(records: list[Any], body: Any) -> None:
    reference = golden.records("bedrock", "by_reference")[0]["input"]["inputBodyS3Path"]
    assert all(isinstance(bedrock.recognises(record), bool) for record in records)
    for row in bedrock.decode(records, {reference: body}):
        assert json.dumps(row)


@settings(max_examples=100)
@given(golden.JSON)
def test_any_json_is_decoded_without_a_fault(record: Any) -> None:
    body = {"inputBodyJson": record, "outputBodyJson": record}
    for records in ([], [record], [{"input": body, "output": body}]):
        assert len(bedrock.decode(records, {})) == 2
    assert isinstance(bedrock.recognises(record), bool)
