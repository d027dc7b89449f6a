import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.records.formats import FORMATS
from tasks.core.records.layout import SourceColumns
from tasks.core.records.recognise import MOST_SPECIFIC_FIRST, Head, Seen, recognise
from tests.core.records import golden

STORED = datetime(2026, 11, 20, 6, tzinfo=UTC)
NOTHING_SAID = SourceColumns(join_on=None, time_column=None, columns={})
COLLECTED = {
    "type": "azureml.inference.model_inputs",
    "time": "2026-11-20T06:00:00Z",
    "correlationid": "a",
    "data": [{"question": "Why?", "documents": ["So."]}],
}
ROW = {"id": "a", "time": "2026-11-20T06:00:00Z", "prompt": "Why?", "completion": "So."}
UPLOAD = "a1b2c3d4-0000-4000-8000-123456789abc"


def head(*records: Any, key: str = "", is_whole: bool = True) -> Head:
    """An object of lines; with a name that any format reads."""
    lines = "".join(f"{record if isinstance(record, str) else json.dumps(record)}\n" for record in records)
    return Head(key=key, modified=STORED, content=lines.encode(), is_whole=is_whole)


def seen(*heads: Head, **said: Any) -> Seen:
    return recognise(heads, SourceColumns(**{"join_on": None, "time_column": None, "columns": {}} | said))


def named(name: str) -> str:
    """A name that objects of the format have."""
    return f"2026/11/20/06/x{FORMATS[name].suffixes[0]}".removesuffix(".gz")


def test_every_format_can_be_recognised() -> None:
    assert sorted(MOST_SPECIFIC_FIRST) == sorted(FORMATS)


@pytest.mark.parametrize("name", [name for name in FORMATS if golden.names(name)])
def test_every_golden_file_is_of_its_format(name: str) -> None:
    for case in golden.names(name):
        records = [record for record in golden.records(name, case) if record is not None]
        found = seen(head(*records, key=named(name)))
        assert found.format == name, case


def test_rows_of_the_collector_and_of_tables_are_told_by_what_they_hold() -> None:
    found = seen(head(COLLECTED, key="i.jsonl"))
    assert (found.format, found.share, found.keys) == ("azure_mdc", "1 of 1 records", ("question", "documents"))
    found = seen(head(ROW, ROW))
    assert (found.format, found.share) == ("table", "2 of 2 records")
    assert found.keys == ("id", "time", "prompt", "completion")


@pytest.mark.parametrize(("key", "packed"), [("x.parquet", b"PAR1"), ("x.csv", b"id,time\n"), ("x.CSV.gz", b"id\n")])
def test_parquet_and_csv_are_tables_by_their_names(key: str, packed: bytes) -> None:
    found = recognise([Head(key=key, modified=STORED, content=packed, is_whole=True)] * 2, NOTHING_SAID)
    assert (found.format, found.share) == ("table", "2 of 2 objects")


def test_an_array_in_a_file_is_a_table_unless_its_name_says_that_it_was_uploaded() -> None:
    messages = [{"role": "user", "parts": [{"type": "text", "content": "Why?"}]}]
    assert seen(head(messages, key="rows.json")).format == "table"
    uploads = [head(messages, key=f"x/{UPLOAD}_{half}.json") for half in ("inputs", "outputs")]
    aside = head(messages, key=f"x/{UPLOAD}_system_instruction.json")
    found = seen(*uploads, aside)
    assert (found.format, found.share) == ("otel_genai", "2 of 2 records")


def test_a_record_counts_for_its_most_specific_format_and_the_most_records_win() -> None:
    trace = golden.records("azure_traces", "flow_with_retrieval")[0]
    found = seen(head(COLLECTED, trace, trace, "no JSON", key="i.jsonl"))
    assert (found.format, found.share) == ("azure_traces", "2 of 4 records")
    found = seen(head(COLLECTED, trace, key="i.jsonl"))
    assert found.format == "azure_traces"


def test_an_object_is_of_no_format_that_passes_over_its_name() -> None:
    (record,) = golden.records("bedrock", "converse")
    assert seen(head(record, key="2026/11/20/06/x.json.gz")).format == "bedrock"
    assert seen(head(record, key="2026/11/20/06/data/x.json.gz")).format is None


def test_the_fields_that_the_user_named_make_a_table() -> None:
    row = {"meta": {"call": [{"key": 7}]}, "at.utc": 1795154400, "q": "Why?"}
    assert seen(head(row)).format is None
    assert seen(head(row), join_on="$.meta.call[0].key", time_column='$."at.utc"').format == "table"
    assert seen(head(row), join_on="q", time_column="at.utc").format == "table"
    assert seen(head(row), join_on="$.meta.call[1].key", time_column="q").format is None


def test_of_an_object_that_was_cut_the_last_line_does_not_count() -> None:
    cut = head(ROW, ROW)
    cut = Head(key="", modified=STORED, content=cut.content[:-5], is_whole=False)
    assert seen(cut).share == "1 of 1 records"
    assert seen(Head(key="", modified=STORED, content=cut.content, is_whole=True)).share == "1 of 2 records"


def test_keys_of_unknown_records_are_plain_and_short() -> None:
    found = seen(head({"a\x1b[2Jb\n\u202e": 1, "k" * 1000: 2}, *({str(n): 0} for n in range(100))))
    assert found.format is None
    assert found.keys[:2] == ("a [2Jb  ", f"{'k' * 39}…")
    assert len(found.keys) == 12


@given(st.lists(st.binary(max_size=200) | golden.JSON.map(lambda value: json.dumps(value).encode()), max_size=6))
def test_anything_at_all_is_counted_without_a_fault(contents: list[bytes]) -> None:
    for key in ("", "x.json", "x.jsonl", f"{UPLOAD}_inputs.json"):
        found = recognise(
            [Head(key=key, modified=STORED, content=content, is_whole=False) for content in contents], NOTHING_SAID
        )
        assert sum(found.votes.values()) <= found.total
        assert all(name.isprintable() for name in found.keys)
