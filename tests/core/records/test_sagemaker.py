import base64
import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.records import sagemaker
from tasks.core.records.layout import SourceColumns
from tests.core.records import golden

COLUMNS = SourceColumns(join_on=None, time_column=None, columns={})
LAYOUT = sagemaker.read(COLUMNS)
LABELS = sagemaker.read_ground_truth(COLUMNS)
NAMES = golden.names("sagemaker")
CELLS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\r\0"), max_size=8)


def half(data: object, encoding: str) -> dict[str, Any]:
    return {"data": data, "encoding": encoding}


@pytest.mark.parametrize("name", NAMES)
def test_a_capture_becomes_the_rows_that_are_written_down(name: str) -> None:
    asks, answers = sagemaker.decode(golden.records("sagemaker", name), {})
    assert {"input": asks, "output": answers} == golden.rows("sagemaker", name)


@pytest.mark.parametrize("name", NAMES)
def test_the_layout_finds_the_keys_of_every_capture(name: str) -> None:
    (record,) = golden.records("sagemaker", name)
    assert sagemaker.recognises(record)
    event = record["eventMetadata"]
    assert golden.first(LAYOUT.id, record) == event.get("inferenceId", event["eventId"])
    assert golden.first(LAYOUT.time, record) == event["inferenceTime"]
    assert golden.sql(LAYOUT.side, record) == ("input" if name == "input_only" else "both")
    assert golden.sql(LAYOUT.fault, record) == ("undecodable_body" if name == "undecodable" else None)


def test_an_output_without_its_input_is_a_half() -> None:
    assert golden.sql(LAYOUT.side, {"captureData": {"endpointInput": None, "endpointOutput": {}}}) == "output"


@pytest.mark.parametrize("data", ["SGk=", "", "SGk", "SG k=", "@", "SGk=\n", "SGk=SGk=", "Z\u00fc==", "/w==", None, 7])
def test_the_fault_is_told_exactly_where_python_cannot_decode_either(data: str | int | None) -> None:
    record = {"captureData": {"endpointInput": half(data, "BASE64"), "endpointOutput": half("Hi", "CSV")}}
    try:
        base64.b64decode("" if data is None else str(data), validate=True)
        fault = None
    except ValueError:
        fault = "undecodable_body"
    assert golden.sql(LAYOUT.fault, record) == fault


@settings(max_examples=100)
@given(golden.JSON)
def test_json_is_the_same_in_every_encoding(body: Any) -> None:
    text = json.dumps(body)
    assert sagemaker.body_of(half(text, "JSON")) == body
    assert sagemaker.body_of(half(base64.b64encode(text.encode()).decode(), "BASE64")) == body


@pytest.mark.parametrize("data", ["/9j/4A==", "@@@"])
def test_bytes_that_are_no_text_are_no_body(data: str) -> None:
    assert sagemaker.body_of(half(data, "BASE64")) is None


@settings(max_examples=100)
@given(st.lists(st.lists(CELLS, min_size=1, max_size=4), min_size=1, max_size=3))
def test_csv_is_read_as_it_was_written(lines: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(lines)
    assert sagemaker.body_of(half(text.getvalue(), "CSV")) == (lines[0] if len(lines) == 1 else lines)


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("a,b", ["a", "b"]),
        ("a,,", ["a", "", ""]),
        ("", [""]),
        ('"open,a', ['"open', "a"]),
        ('"a"b,c', ['"a"b', "c"]),
        ("a\r\nb\r\n", [["a"], ["b"]]),
    ],
)
def test_csv_that_is_not_quoted_well_loses_nothing(text: str, cells: list[Any]) -> None:
    assert sagemaker.body_of(half(text, "CSV")) == cells


def test_every_field_of_a_body_is_reached_by_its_name() -> None:
    asks, answers = sagemaker.decode(golden.records("sagemaker", "own_fields"), {})
    assert (asks["question"], answers["answer"]) == ("Which size?", "M")
    asks, answers = sagemaker.decode(golden.records("sagemaker", "csv"), {})
    assert (asks["request"], answers["response"]) == (
        ["17", 'Where is it, "my" order?', "de"],
        ["On its\nway, soon", "0.9"],
    )


def test_the_event_wins_over_a_field_of_the_body_with_its_name() -> None:
    (record,) = golden.records("sagemaker", "tgi")
    record["captureData"]["endpointInput"]["data"] = json.dumps({"inputs": "Hi", "eventMetadata": "mine"})
    asks, _ = sagemaker.decode([record], {})
    assert asks["eventMetadata"] == record["eventMetadata"]


@pytest.mark.parametrize("name", golden.names("sagemaker_ground_truth"))
def test_a_label_is_joined_by_the_id_of_its_inference(name: str) -> None:
    (record,) = golden.records("sagemaker_ground_truth", name)
    assert golden.first(LABELS.id, record) == record["eventMetadata"]["eventId"]
    assert golden.sql(LABELS.fault, record) is None
    assert {"row": sagemaker.decode_ground_truth([record], {})[0]} == golden.rows("sagemaker_ground_truth", name)


def test_a_label_names_no_time_unless_the_user_says_where() -> None:
    assert LABELS.time == ()
    own = sagemaker.read_ground_truth(SourceColumns(join_on=None, time_column="$.at", columns={}))
    assert own.time == ("$.at",)


@settings(max_examples=200, deadline=None)
@given(golden.mutations("sagemaker"))
def test_a_changed_capture_is_decoded_without_a_fault(records: list[Any]) -> None:
    assert all(isinstance(sagemaker.recognises(record), bool) for record in records)
    for row in sagemaker.decode(records, {}):
        assert json.dumps(row)
    assert json.dumps(sagemaker.decode_ground_truth(records, {})[0])


@settings(max_examples=100)
@given(golden.JSON, st.sampled_from(["JSON", "CSV", "BASE64", None]))
def test_any_json_is_decoded_without_a_fault(value: Any, encoding: str | None) -> None:
    captured = {"data": value, "encoding": encoding}
    halves = {"endpointInput": captured, "endpointOutput": captured}
    for records in ([], [value], [{"captureData": value}], [{"captureData": halves}]):
        assert len(sagemaker.decode(records, {})) == 2
    assert isinstance(sagemaker.decode_ground_truth([{"groundTruthData": captured}], {})[0], dict)
    assert isinstance(sagemaker.recognises(value), bool)
