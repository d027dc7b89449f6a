import json
from typing import Any

import pytest
from hypothesis import given, settings

from tasks.core.records import litellm
from tasks.core.records.layout import SourceColumns
from tests.core.records import golden

LAYOUT = litellm.read(SourceColumns(join_on=None, time_column=None, columns={}))
NAMES = golden.names("litellm")


@pytest.mark.parametrize("name", NAMES)
def test_a_payload_becomes_the_rows_that_are_written_down(name: str) -> None:
    asks, answers = litellm.decode(golden.records("litellm", name), {})
    assert {"input": asks, "output": answers} == golden.rows("litellm", name)


@pytest.mark.parametrize("name", NAMES)
def test_the_layout_finds_the_keys_of_every_payload(name: str) -> None:
    (record,) = golden.records("litellm", name)
    assert litellm.recognises(record)
    assert golden.first(LAYOUT.id, record) == record["id"]
    assert float(golden.first(LAYOUT.time, record)) == record["startTime"]
    assert golden.sql(LAYOUT.side, record) == "both"
    assert golden.sql(LAYOUT.is_call, record) is True


@pytest.mark.parametrize("call", ["aembedding", "arerank", "aimage_generation", "call_mcp_tool", "aretrieve_batch"])
def test_what_is_no_conversation_is_no_call(call: str) -> None:
    assert golden.sql(LAYOUT.is_call, {"call_type": call}) is False


@pytest.mark.parametrize("call", ["completion", "acompletion", "aresponses", "anthropic_messages", "atext_completion"])
def test_every_conversation_is_a_call(call: str) -> None:
    assert golden.sql(LAYOUT.is_call, {"call_type": call}) is True


def test_texts_that_the_proxy_withheld_are_not_judged() -> None:
    asks, answers = litellm.decode(golden.records("litellm", "withheld"), {})
    assert "prompt" not in asks
    assert "completion" not in answers


def test_a_failed_call_says_so_and_has_no_completion() -> None:
    _, answers = litellm.decode(golden.records("litellm", "failure"), {})
    assert (answers["status"], answers["error"]) == ("failure", "429")
    assert "completion" not in answers


@pytest.mark.parametrize("end", [None, "soon", True, 1795154000.0])
def test_an_end_before_the_start_gives_no_latency(end: object) -> None:
    (record,) = golden.records("litellm", "chat")
    _, answers = litellm.decode([record | {"endTime": end}], {})
    assert "latency_ms" not in answers


@settings(max_examples=200, deadline=None)
@given(golden.mutations("litellm"))
def test_a_changed_payload_is_decoded_without_a_fault(records: list[Any]) -> None:
    assert all(isinstance(litellm.recognises(record), bool) for record in records)
    for row in litellm.decode(records, {}):
        assert json.dumps(row)


@settings(max_examples=100)
@given(golden.JSON)
def test_any_json_is_decoded_without_a_fault(record: Any) -> None:
    for records in ([], [record], [{"messages": record, "response": record, "model_parameters": record}]):
        assert len(litellm.decode(records, {})) == 2
    assert isinstance(litellm.recognises(record), bool)
