import gzip
import json
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import csv

from configs.monitor import MonitorConfig
from tasks.adapters import settling
from tasks.adapters.results import key, read_table
from tasks.collect import collect_window
from tasks.core.errors import RevisionError, ScratchError
from tasks.core.manifest import Counts, check_counts
from tasks.core.records.interaction import schema
from tasks.core.records.sample import sample_hash
from tasks.core.run import Collected
from tasks.core.window import Window
from tasks.preview import preview_window
from tests.builders import HOUR, SIX, WINDOW, answered, asked, event, job, monitor, store_of, write_logs, write_pairs

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


def collected(config: MonitorConfig, window: Window = WINDOW) -> tuple[Collected, list[dict[str, Any]]]:
    found = collect_window(config, job(window), store_of(config))
    check_counts(Counts(**found.counts.model_dump(), metrics={}))
    return found, read_table(store_of(config), found.interactions).to_pylist()


def quarantine(config: MonitorConfig) -> list[tuple[int | None, str]]:
    rows = read_table(store_of(config), key("quarantine", WINDOW.key, 0)).to_pylist()
    return [(row["line"], row["reason"]) for row in rows]


def test_an_input_and_its_output_make_one_interaction(tmp_path: Path) -> None:
    write_logs(tmp_path, "inputs", SIX, [asked("a", SIX + MINUTE, "Why?", expected="So.")])
    write_logs(tmp_path, "outputs", SIX, [answered("a", SIX + 2 * MINUTE, "Because.")])
    found, (row,) = collected(monitor(tmp_path))
    assert (row["interaction_id"], row["prompt"], row["completion"]) == ("a", "Why?", "Because.")
    assert (row["context"], row["ground_truth"], row["language"]) == ("It is here.", "So.", None)
    assert (row["event_time"], row["output_time"]) == (SIX + MINUTE, SIX + 2 * MINUTE)
    assert row["input_object"].endswith("model_inputs/2026/11/20/06/i.jsonl")
    assert (found.counts.lines_read, found.counts.joined, found.counts.sampled) == (2, 1, 1)


def test_the_stored_interactions_have_the_declared_columns(tmp_path: Path) -> None:
    write_pairs(tmp_path, 3)
    config = monitor(tmp_path, source={"columns": {"prompt": "question", "completion": "answer", "tier": "expected"}})
    found, _ = collected(config)
    assert read_table(store_of(config), found.interactions).schema.equals(schema(["tier"]))


def test_halves_without_an_id_never_join(tmp_path: Path) -> None:
    write_logs(tmp_path, "inputs", SIX, [event(None, SIX, [{"question": "?"}]), event("", SIX, [{"question": "?"}])])
    write_logs(tmp_path, "outputs", SIX, [event(None, SIX, [{"answer": "!"}]), event("  ", SIX, [{"answer": "!"}])])
    config = monitor(tmp_path)
    found, rows = collected(config)
    assert rows == []
    assert found.counts.quarantined_by_reason == {"no_correlation_id": 4}


def test_doubled_halves_join_once_and_the_earliest_stands(tmp_path: Path) -> None:
    write_logs(tmp_path, "inputs", SIX, [asked("a", SIX + SECOND * n, f"Question {n}") for n in (5, 1, 9)])
    write_logs(tmp_path, "outputs", SIX, [answered("a", SIX + SECOND * n, f"Answer {n}") for n in (8, 3)] * 2)
    found, (row,) = collected(monitor(tmp_path))
    assert (row["prompt"], row["completion"]) == ("Question 1", "Answer 3")
    assert (found.counts.duplicate_inputs, found.counts.duplicate_outputs) == (2, 3)


def test_orphans_are_counted_on_their_side(tmp_path: Path) -> None:
    write_logs(tmp_path, "inputs", SIX, [asked("a", SIX), asked("b", SIX)])
    write_logs(tmp_path, "outputs", SIX, [answered("b", SIX), answered("c", SIX)])
    found, rows = collected(monitor(tmp_path))
    assert [row["interaction_id"] for row in rows] == ["b"]
    assert (found.counts.orphan_inputs, found.counts.orphan_outputs) == (1, 1)


def test_independent_sampling_of_both_sides_is_recognised(tmp_path: Path) -> None:
    write_logs(tmp_path, "inputs", SIX, [asked(f"i{n}", SIX) for n in range(10)])
    write_logs(tmp_path, "outputs", SIX, [answered(f"o{n}", SIX) for n in range(10)])
    found, _ = collected(monitor(tmp_path))
    assert any("samples both sides on its own" in warning for warning in found.warnings)


def test_a_record_of_several_rows_makes_an_interaction_of_each(tmp_path: Path) -> None:
    write_logs(tmp_path, "inputs", SIX, [event("a", SIX, [{"question": f"q{n}"} for n in range(3)])])
    write_logs(tmp_path, "outputs", SIX, [event("a", SIX, [{"answer": f"a{n}"} for n in range(2)])])
    found, rows = collected(monitor(tmp_path))
    assert {(row["interaction_id"], row["prompt"], row["completion"]) for row in rows} == {
        ("a_0", "q0", "a0"),
        ("a_1", "q1", "a1"),
    }
    assert (found.counts.lines_read, found.counts.inputs, found.counts.orphan_inputs) == (5, 3, 1)


@pytest.mark.parametrize(
    "data",
    [
        {"question": "Why?"},
        [{"question": "Why?"}],
        '{"question": "Why?"}',
        '[{"question": "Why?"}]',
        ['{"question": "Why?"}'],
    ],
    ids=["object", "list", "object in a string", "list in a string", "string in a list"],
)
def test_data_is_found_in_every_shape_that_the_collector_writes(tmp_path: Path, data: object) -> None:
    write_logs(tmp_path, "inputs", SIX, [event("a", SIX, data)])
    write_logs(tmp_path, "outputs", SIX, [answered("a", SIX)])
    _, (row,) = collected(monitor(tmp_path))
    assert row["prompt"] == "Why?"


def test_a_single_value_is_taken_whole_where_the_column_is_the_row(tmp_path: Path) -> None:
    write_logs(tmp_path, "inputs", SIX, [event("a", SIX, "Just text"), event("b", SIX, 17)])
    write_logs(tmp_path, "outputs", SIX, [event("a", SIX, "An answer"), event("b", SIX, ["Another"])])
    config = monitor(tmp_path)
    whole = config.source.model_copy(update={"columns": {"prompt": "$", "completion": "$"}})
    _, rows = collected(config.model_copy(update={"source": whole}))
    assert {(row["prompt"], row["completion"]) for row in rows} == {("Just text", "An answer"), ("17", "Another")}


def test_nested_fields_and_lists_of_passages_become_text(tmp_path: Path) -> None:
    row = {"messages": [{"content": "first"}, {"content": "last"}], "documents": ["one", "two"], "k": {"a": 1}}
    write_logs(tmp_path, "inputs", SIX, [event("a", SIX, [row])])
    write_logs(tmp_path, "outputs", SIX, [answered("a", SIX)])
    columns = {"prompt": "$.messages[#-1].content", "completion": "answer", "context": "documents", "raw": "k"}
    config = monitor(tmp_path)
    source = config.source.model_copy(update={"columns": columns})
    _, (found,) = collected(config.model_copy(update={"source": source}))
    assert (found["prompt"], found["context"], found["raw"]) == ("last", "one\n\ntwo", '{"a":1}')


def test_a_completion_is_never_taken_from_the_input_nor_a_prompt_from_the_output(tmp_path: Path) -> None:
    write_logs(tmp_path, "inputs", SIX, [event("a", SIX, [{"text": "the question"}])])
    write_logs(tmp_path, "outputs", SIX, [event("a", SIX, [{"other": 1}])])
    config = monitor(tmp_path)
    source = config.source.model_copy(update={"columns": {"prompt": "text", "completion": "text"}})
    _, (row,) = collected(config.model_copy(update={"source": source}))
    assert (row["prompt"], row["completion"]) == ("the question", None)


def test_rows_in_a_file_beside_the_object_are_read(tmp_path: Path) -> None:
    line = json.dumps(
        {"time": SIX.isoformat(), "correlationid": "a", "dataref": "https://x.example/c/model_inputs/rows.json?sig=1"}
    )
    path = write_logs(tmp_path, "inputs", SIX, [line, asked("b", SIX)])
    path.with_name("rows.json").write_text('[{"question": "far away"}]')
    write_logs(tmp_path, "outputs", SIX, [answered("a", SIX), answered("b", SIX)])
    config = monitor(tmp_path, source={"inputs": (tmp_path / "logs/model_inputs").as_uri()})
    found, rows = collected(config)
    assert "far away" in {row["prompt"] for row in rows}
    assert len(rows) == 2
    assert found.counts.quarantined == 0


def test_rows_that_arrive_after_their_reference_are_read_by_the_next_run(tmp_path: Path) -> None:
    line = json.dumps({"time": SIX.isoformat(), "correlationid": "a", "dataref": "https://x.example/c/rows.json"})
    folder = write_logs(tmp_path, "inputs", SIX, [line, asked("b", SIX, "Who?")]).parent
    write_logs(tmp_path, "outputs", SIX, [answered("a", SIX), answered("b", SIX)])
    found, _ = collected(monitor(tmp_path))
    assert (found.counts.joined, found.counts.quarantined_by_reason) == (1, {"reference_missing": 1})
    (folder / "rows.json").write_text('[{"question": "Why?"}]')
    found, rows = collected(monitor(tmp_path))
    assert (found.counts.joined, found.counts.quarantined_by_reason) == (2, {})
    assert sorted(row["prompt"] for row in rows) == ["Who?", "Why?"]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_names_of_folders_are_no_columns(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "calls" / "id=b"
    folder.mkdir(parents=True)
    rows = pa.table({"id": ["a"], "time": ["2026-11-20T06:10:00Z"], "question": ["Why?"], "answer": ["So."]})
    if kind == "csv":
        csv.write_csv(rows, folder / "x.csv")
    else:
        pq.write_table(rows, folder / "x.parquet")
    columns = {"prompt": "question", "completion": "answer", "folder": "x"}
    source = {"format": "table", "inputs": (tmp_path / "calls").as_uri(), "outputs": None, "columns": columns}
    _, found = collected(monitor(tmp_path, source=source))
    assert [one["interaction_id"] for one in found] == ["a"]


@pytest.mark.parametrize("reference", ["missing.json", "../../../../../secret.json", "..", "file:///etc/passwd", "/"])
def test_a_reference_reaches_no_file_but_those_beside_its_object(tmp_path: Path, reference: str) -> None:
    (tmp_path / "secret.json").write_text('[{"question": "stolen"}]')
    line = json.dumps({"time": SIX.isoformat(), "correlationid": "a", "dataref": reference})
    write_logs(tmp_path, "inputs", SIX, [line])
    write_logs(tmp_path, "outputs", SIX, [answered("a", SIX)])
    found, rows = collected(monitor(tmp_path))
    assert rows == []
    assert found.counts.quarantined_by_reason == {"reference_missing": 1}


def test_each_bad_line_costs_itself_and_is_named_with_its_number(tmp_path: Path) -> None:
    good = asked("a", SIX)
    lines = [
        good,
        good[:30],
        "",
        good + " trailing",
        "[1, 2]",
        event("b", "yesterday", [{"question": "?"}]),
        event("c", SIX, []),
        event("d", SIX, None),
        event("e", SIX, "one string where an object was due"),
        event("f", SIX, [{"question": "kept"}, "lost"]),
        good[:30],
    ]
    write_logs(tmp_path, "inputs", SIX, lines)
    write_logs(tmp_path, "outputs", SIX, [answered(one, SIX) for one in "abcdef"])
    config = monitor(tmp_path)
    found, rows = collected(config)
    assert {row["interaction_id"] for row in rows} == {"a"} | {
        row["interaction_id"] for row in rows if row["prompt"] == "kept"
    }
    assert sorted(quarantine(config), key=lambda one: one[0] or 0) == [
        (2, "malformed_json"),
        (4, "malformed_json"),
        (5, "not_an_object"),
        (6, "invalid_time"),
        (7, "no_rows"),
        (8, "no_rows"),
        (9, "row_not_an_object"),
        (10, "row_not_an_object"),
        (11, "malformed_json"),
    ]
    assert found.counts.quarantined == 9


def test_bytes_that_are_no_text_cost_their_line(tmp_path: Path) -> None:
    path = write_logs(tmp_path, "inputs", SIX, [asked("a", SIX), "BYTES", asked("b", SIX)])
    path.write_bytes(path.read_bytes().replace(b"BYTES", b'{"x": "\xff\xfe"}') + b'{"nul": "\x00"}\n')
    write_logs(tmp_path, "outputs", SIX, [answered("a", SIX), answered("b", SIX)])
    config = monitor(tmp_path)
    _, rows = collected(config)
    assert {row["interaction_id"] for row in rows} == {"a", "b"}
    assert sorted(quarantine(config)) == [(2, "invalid_utf8"), (4, "malformed_json")]


def test_line_ends_and_byte_order_marks_of_windows_are_read(tmp_path: Path) -> None:
    path = write_logs(tmp_path, "inputs", SIX, [asked("a", SIX), asked("b", SIX)])
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    write_logs(tmp_path, "outputs", SIX, [answered("a", SIX), answered("b", SIX)])
    found, rows = collected(monitor(tmp_path))
    assert len(rows) == 2
    assert found.counts.quarantined == 0


def test_a_long_bad_line_is_numbered_and_kept_by_its_beginning(tmp_path: Path) -> None:
    write_logs(tmp_path, "inputs", SIX, [asked("a", SIX), "{" + "x" * 200_000])
    write_logs(tmp_path, "outputs", SIX, [answered("a", SIX)])
    config = monitor(tmp_path)
    collected(config)
    (row,) = read_table(store_of(config), key("quarantine", WINDOW.key, 0)).to_pylist()
    assert (row["line"], row["reason"], len(row["content"])) == (2, "malformed_json", 10_000)


@pytest.mark.parametrize("name", ["a[1]*?.jsonl", "{b}.jsonl", "it's.jsonl", "snow ☃.jsonl"])
def test_an_odd_file_name_is_a_name_and_no_pattern(tmp_path: Path, name: str) -> None:
    write_logs(tmp_path, "inputs", SIX, [asked("a", SIX)], name=name)
    write_logs(tmp_path, "outputs", SIX, [answered("a", SIX)], name=name)
    _, (row,) = collected(monitor(tmp_path))
    assert row["input_object"].endswith(f"/{name}")


def test_gzip_is_recognised_by_its_bytes_and_read_to_its_last_member(tmp_path: Path) -> None:
    path = write_logs(tmp_path, "inputs", SIX, [])
    path.write_bytes(gzip.compress(f"{asked('a', SIX)}\n".encode()) + gzip.compress(f"{asked('b', SIX)}\n".encode()))
    write_logs(tmp_path, "outputs", SIX, [answered("a", SIX), answered("b", SIX)])
    _, rows = collected(monitor(tmp_path))
    assert len(rows) == 2


def test_of_a_truncated_gzip_the_whole_lines_are_used_and_the_object_is_named(tmp_path: Path) -> None:
    lines = [asked(f"id{n}", SIX, f"{n * 7919}") for n in range(2000)]
    whole = gzip.compress("".join(f"{line}\n" for line in lines).encode())
    write_logs(tmp_path, "inputs", SIX, []).write_bytes(whole[: len(whole) // 2])
    write_logs(tmp_path, "outputs", SIX, [answered(f"id{n}", SIX) for n in range(2000)])
    config = monitor(tmp_path)
    found, rows = collected(config)
    assert 500 < len(rows) < 1500
    reasons = Counter(reason for _, reason in quarantine(config))
    assert reasons["truncated_gzip"] == 1
    assert reasons["malformed_json"] <= 1
    assert found.counts.quarantined_objects == 1


def test_a_gzip_with_a_wrong_checksum_is_not_trusted_at_all(tmp_path: Path) -> None:
    whole = bytearray(gzip.compress(f"{asked('a', SIX)}\n".encode()))
    whole[-6] ^= 1
    write_logs(tmp_path, "inputs", SIX, []).write_bytes(bytes(whole))
    write_logs(tmp_path, "outputs", SIX, [answered("a", SIX)])
    config = monitor(tmp_path)
    _, rows = collected(config)
    assert rows == []
    assert quarantine(config) == [(None, "damaged_gzip")]


def test_windows_go_by_the_time_of_the_input_and_not_by_the_folder(tmp_path: Path) -> None:
    late = SIX + HOUR - SECOND
    write_logs(tmp_path, "inputs", SIX, [asked("a", SIX), asked("b", late), asked("c", SIX + HOUR)])
    write_logs(tmp_path, "outputs", SIX + HOUR, [answered("b", late + 3 * SECOND)])
    write_logs(tmp_path, "inputs", SIX + HOUR, [asked("d", late)], name="x.jsonl")
    write_logs(tmp_path, "outputs", SIX, [answered("a", SIX), answered("c", SIX + HOUR), answered("d", late)])
    config = monitor(tmp_path)
    _, rows = collected(config)
    assert {row["interaction_id"] for row in rows} == {"a", "b", "d"}
    following = Window(start=WINDOW.end, end=WINDOW.end + HOUR)
    _, rows = collected(config, following)
    assert {row["interaction_id"] for row in rows} == {"c"}


def test_an_output_after_midnight_still_finds_its_input(tmp_path: Path) -> None:
    midnight = SIX.replace(day=21, hour=0)
    write_logs(tmp_path, "inputs", midnight - HOUR, [asked("a", midnight - SECOND)])
    write_logs(tmp_path, "outputs", midnight, [answered("a", midnight + SECOND)])
    config = monitor(tmp_path)
    _, rows = collected(config, Window(start=midnight - HOUR, end=midnight))
    assert [row["interaction_id"] for row in rows] == ["a"]
    found, rows = collected(config, Window(start=midnight, end=midnight + HOUR))
    assert (rows, found.counts.orphan_outputs) == ([], 0)


HALVES = st.lists(
    st.tuples(
        st.sampled_from(["inputs", "outputs"]),
        st.integers(0, 8),
        st.integers(0, 4 * 60 - 1),
        st.sampled_from([0, 0, 0, 1]),
    ),
    max_size=40,
)


@given(HALVES, st.integers(0, 3))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_adjacent_windows_count_every_row_exactly_once(
    tmp_path_factory: pytest.TempPathFactory, halves: list[tuple[str, int, int, int]], torn: int
) -> None:
    """Random traffic over four hours, some of it in the folder after its hour: the windows sum to the whole."""
    folder = tmp_path_factory.mktemp("logs")
    lines: dict[tuple[str, int], list[str]] = {}
    for side, number, minute, delay in halves:
        moment = SIX + minute * MINUTE
        line = asked(f"id{number}", moment) if side == "inputs" else answered(f"id{number}", moment)
        lines.setdefault((side, minute // 60 + delay), []).append(line)
    for number in range(torn):
        lines.setdefault(("inputs", number), []).append("{torn")
    for (side, hour), written in lines.items():
        write_logs(folder, side, SIX + hour * HOUR, written)
    wide = monitor(folder, window={"every": "1h", "grace": "8h"}, source={"quarantine": {"warn_above": None}})
    windows = [Window(start=SIX + n * HOUR, end=SIX + (n + 1) * HOUR) for n in range(-1, 6)]
    found = [collected(wide, window) for window in windows]
    assert sum(one.counts.inputs for one, _ in found) == sum(side == "inputs" for side, *_ in halves)
    assert sum(one.counts.outputs for one, _ in found) == sum(side == "outputs" for side, *_ in halves)
    assert sum(one.counts.quarantined for one, _ in found) == torn
    both = {n for side, n, *_ in halves if side == "inputs"} & {n for side, n, *_ in halves if side == "outputs"}
    seen = Counter(row["interaction_id"] for _, rows in found for row in rows)
    assert seen == Counter(f"id{number}" for number in both)


def test_the_same_window_gives_the_same_sample_and_a_smaller_one_is_part_of_it(tmp_path: Path) -> None:
    write_pairs(tmp_path, 200)

    def drawn(**sample: Any) -> list[str]:
        _, rows = collected(monitor(tmp_path, sample=sample))
        return [row["interaction_id"] for row in rows]

    half = drawn(rate=0.5)
    assert drawn(rate=0.5) == half
    assert 70 < len(half) < 130
    assert set(drawn(rate=0.2)) < set(half)
    assert drawn(rate=0.5, at_most=20) == half[:20]
    assert set(drawn(rate=0.5, seed=8)) != set(half)


def test_the_sample_is_the_smallest_hashes_of_seed_and_interaction(tmp_path: Path) -> None:
    write_pairs(tmp_path, 50)
    _, rows = collected(monitor(tmp_path, sample={"rate": 1.0, "at_most": 10, "seed": 3}))
    everyone = sorted((f"{SIX:%d%H}-{number}" for number in range(50)), key=lambda one: sample_hash(3, one))
    assert [row["interaction_id"] for row in rows] == everyone[:10]


def test_an_empty_sample_is_said_and_not_replaced_by_other_rows(tmp_path: Path) -> None:
    write_pairs(tmp_path, 3)
    found, rows = collected(monitor(tmp_path, sample={"rate": 0.0001}))
    assert rows == []
    assert found.counts.not_sampled == 3
    assert any("raise sample.rate" in warning for warning in found.warnings)


def test_no_objects_are_said(tmp_path: Path) -> None:
    found, rows = collected(monitor(tmp_path))
    assert (rows, found.counts.lines_read) == ([], 0)
    assert any("no objects" in warning for warning in found.warnings)


ROWS = [
    {"key": "a", "at": "2026-11-20T06:10:00Z", "question": "Why?", "answer": "So, and thus.", "ms": 12},
    {"key": "b", "at": "2026-11-20T06:20:00+00:00", "question": 'With "quotes", and\nlines', "answer": "ok", "ms": 7},
    {"key": "c", "at": "2026-11-20T09:00:00Z", "question": "Later", "answer": "ok", "ms": 7},
]
TABLE = {
    "format": "table",
    "join_on": "key",
    "time_column": "at",
    "columns": {"prompt": "question", "completion": "answer", "latency_ms": "ms"},
    "outputs": None,
}


def write_table_file(folder: Path, kind: str) -> Path:
    table = pa.Table.from_pylist(ROWS)
    path = folder / f"calls.{kind}"
    if kind == "parquet":
        pq.write_table(table, path)
    elif kind.startswith("csv"):
        quoted = [[f'"{str(value).replace(chr(34), chr(34) * 2)}"' for value in row.values()] for row in ROWS]
        text = "\n".join(",".join(row) for row in [list(ROWS[0]), *quoted]) + "\n"
        path.write_bytes(gzip.compress(text.encode()) if kind.endswith("gz") else text.encode())
    else:
        text = "".join(f"{json.dumps(row)}\n" for row in ROWS)
        path.write_bytes(gzip.compress(text.encode()) if kind.endswith("gz") else text.encode())
    return path


@pytest.mark.parametrize("kind", ["jsonl", "jsonl.gz", "parquet", "csv", "csv.gz"])
def test_a_table_of_whole_calls_is_read_in_every_file_format(tmp_path: Path, kind: str) -> None:
    path = write_table_file(tmp_path, kind)
    found, rows = collected(monitor(tmp_path, source=TABLE | {"inputs": path.as_uri()}))
    assert {(row["interaction_id"], row["prompt"], row["latency_ms"]) for row in rows} == {
        ("a", "Why?", 12.0),
        ("b", 'With "quotes", and\nlines', 7.0),
    }
    assert (found.counts.inputs, found.counts.outputs) == (2, 2)


def test_a_table_of_two_sides_is_joined(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"id": 1, "time": 1795154400, "question": "Why?"}\n')
    (tmp_path / "out.jsonl").write_text('{"id": "1", "time": 1795154401000, "answer": "So."}\n')
    source = {
        "format": "table",
        "inputs": (tmp_path / "in.jsonl").as_uri(),
        "outputs": (tmp_path / "out.jsonl").as_uri(),
        "columns": {"prompt": "question", "completion": "answer"},
    }
    _, (row,) = collected(monitor(tmp_path, source=source))
    assert (row["interaction_id"], row["completion"], row["event_time"]) == ("1", "So.", SIX)


def test_malformed_csv_lines_and_unreadable_files_are_quarantined(tmp_path: Path) -> None:
    (tmp_path / "calls").mkdir()
    good = "id,time,question,answer\na,2026-11-20T06:00:00Z,Why?,So.\n"
    (tmp_path / "calls/good.csv").write_text(f"{good}b,2026-11-20T06:00:00Z,one,two,three,four\n")
    (tmp_path / "calls/bad.parquet").write_bytes(b"PAR1 and then nothing")
    columns = {"prompt": "question", "completion": "answer"}
    source = {"format": "table", "inputs": (tmp_path / "calls").as_uri(), "outputs": None, "columns": columns}
    config = monitor(tmp_path, source=source)
    wide = Window(start=SIX, end=SIX + 10_000 * HOUR)  # the unreadable file counts at the time it was written
    found, rows = collected(config, wide)
    assert [row["interaction_id"] for row in rows] == ["a"]
    assert found.counts.quarantined_by_reason == {"malformed_csv": 1, "unreadable_object": 1}


@pytest.mark.parametrize("pattern", ["{yyyy}/{MM}/{dd}/{HH}", "{yyyy}-{MM}-{dd}", "{yyyy}/{MM}", "y={yyyy}"])
def test_dated_folders_of_any_grain_are_read(tmp_path: Path, pattern: str) -> None:
    folder = pattern.format(yyyy="2026", MM="11", dd="20", HH="06")
    (tmp_path / folder).mkdir(parents=True)
    row = {"id": "a", "time": "2026-11-20T06:10:00Z", "question": "Why?", "answer": "So."}
    (tmp_path / folder / "x.jsonl").write_text(json.dumps(row) + "\n{torn\n")
    columns = {"prompt": "question", "completion": "answer"}
    source = {"format": "table", "inputs": f"{tmp_path.as_uri()}/{pattern}", "outputs": None, "columns": columns}
    config = monitor(tmp_path, source=source)
    _, rows = collected(config)
    assert [one["interaction_id"] for one in rows] == ["a"]


def test_a_window_that_is_settled_in_parts_counts_and_samples_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pairs(tmp_path, 300)
    write_pairs(tmp_path, 20, SIX - HOUR)
    write_logs(tmp_path, "inputs", SIX, [asked("twice", SIX + SECOND * n) for n in range(100)], name="twice.jsonl")
    write_logs(tmp_path, "outputs", SIX, [answered(f"alone-{n}", SIX) for n in range(50)], name="alone.jsonl")
    config = monitor(tmp_path, sample={"rate": 0.5, "at_most": 100})
    whole, rows = collected(config)
    monkeypatch.setattr(settling, "PART_ROWS", 40)
    assert collected(config) == (whole, rows)
    assert (whole.counts.joined, whole.counts.duplicate_inputs, whole.counts.orphan_outputs) == (300, 99, 50)


def test_a_torn_line_in_the_folder_of_a_day_counts_in_the_hour_of_its_object(tmp_path: Path) -> None:
    folder = tmp_path / "calls" / f"{SIX:%Y-%m-%d}"
    folder.mkdir(parents=True)
    for hour, times in {"06": [SIX + MINUTE], "07": [SIX + HOUR], "odd": [SIX.replace(year=1970)], "only": []}.items():
        rows = [{"id": hour, "time": f"{time}", "question": "Why?", "answer": "So."} for time in times]
        (folder / f"{hour}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows) + "{torn\n")
    source = {"format": "table", "inputs": f"{(tmp_path / 'calls').as_uri()}/{{yyyy}}-{{MM}}-{{dd}}", "outputs": None}
    config = monitor(tmp_path, source=source | {"columns": {"prompt": "question", "completion": "answer"}})
    torn = {}
    for hour in (0, 6, 7):
        start = SIX.replace(hour=hour)
        found, _ = collected(config, Window(start=start, end=start + HOUR))
        torn[hour] = found.counts.quarantined
    assert torn == {0: 2, 6: 1, 7: 1}


def test_a_preview_needs_no_cluster_and_leaves_nothing_in_the_store(tmp_path: Path) -> None:
    write_pairs(tmp_path, 3)
    config = monitor(tmp_path, engine={"dask": "tcp://127.0.0.1:9"})
    assert preview_window(config, WINDOW, SIX + 2 * HOUR, lambda _done, _total: None).counts.joined == 3
    assert not (tmp_path / "store").exists()


def test_a_published_revision_is_not_written_over(tmp_path: Path) -> None:
    write_pairs(tmp_path, 3)
    config = monitor(tmp_path)
    found, _ = collected(config)
    store_of(config).put(key("runs", WINDOW.key, 0, "json"), b"{}")
    before = store_of(config).list("interactions/")
    with pytest.raises(RevisionError, match="another run of bot was faster"):
        collected(config)
    assert (store_of(config).list("interactions/"), found.counts.joined) == (before, 3)


def test_the_contents_of_a_flood_of_unusable_rows_are_kept_of_the_first(tmp_path: Path) -> None:
    write_logs(tmp_path, "inputs", SIX, [event(None, SIX, [{"question": f"{n}"}]) for n in range(1500)])
    config = monitor(tmp_path)
    found, _ = collected(config)
    rows = read_table(store_of(config), key("quarantine", WINDOW.key, 0)).to_pylist()
    assert found.counts.quarantined == len(rows) == 1500
    assert [row["line"] for row in rows] == list(range(1, 1501))
    assert [row["content"] is None for row in rows] == [False] * 1000 + [True] * 500


def test_rows_that_no_window_will_count_are_told(tmp_path: Path) -> None:
    times = [SIX.replace(year=1970), SIX - 2 * HOUR, SIX + 2 * HOUR, SIX.replace(year=2036)]
    write_logs(tmp_path, "inputs", SIX, [asked(f"{time}", time) for time in times])
    config = monitor(tmp_path, window={"every": "1h", "revise": "2h"})
    found, _ = collected(config)
    told = [warning for warning in found.warnings if "far from" in warning]
    assert [warning.partition(",")[0] for warning in told] == ["2 rows have times far from that of their folder"]
    assert "such as 1970-11-20 06:00 UTC" in told[0]
    elsewhere, _ = collected(config, Window(start=SIX - HOUR, end=SIX))
    assert [warning for warning in elsewhere.warnings if "far from" in warning] == []


def test_a_window_that_does_not_fit_the_scratch_space_is_one_clear_sentence(tmp_path: Path) -> None:
    write_logs(tmp_path, "inputs", SIX, []).write_bytes(gzip.compress(b" " * 2_000_000))
    with pytest.raises(ScratchError, match=r"raise engine\.scratch_gb"):
        collected(monitor(tmp_path, engine={"scratch_gb": 0.001}))


def test_the_halves_of_a_window_draw_on_the_scratch_space(tmp_path: Path) -> None:
    write_pairs(tmp_path, 500)
    with pytest.raises(ScratchError, match=r"raise engine\.scratch_gb"):
        collected(monitor(tmp_path, engine={"scratch_gb": 1e-5}))
    collected(monitor(tmp_path, engine={"scratch_gb": 1e-3}))


def write_later(folder: Path, name: str, rows: list[dict[str, Any]]) -> str:
    path = folder / "later" / f"{name}.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path.as_uri()


def test_ground_truth_and_feedback_join_by_id_and_the_last_stands(tmp_path: Path) -> None:
    write_logs(tmp_path, "inputs", SIX, [asked(one, SIX + MINUTE) for one in "abc"])
    write_logs(tmp_path, "outputs", SIX, [answered(one, SIX + MINUTE) for one in "abc"])
    times = [(SIX + 5 * HOUR).isoformat(), (SIX + 6 * HOUR).isoformat()]
    truths = [{"id": "a", "time": times[0], "expected": "old"}, {"id": "a", "time": times[1], "expected": "new"}]
    truth = write_later(tmp_path, "truth", [*truths, {"id": "nobody", "time": times[0], "expected": "?"}])
    votes = write_later(tmp_path, "votes", [{"call": "b", "time": times[0], "thumb": "up"}, {"thumb": "down"}])
    later = {
        "ground_truth": {"location": truth, "columns": {"ground_truth": "expected"}},
        "feedback": {"location": votes, "join_on": "call", "columns": {"feedback": "thumb"}},
    }
    config = monitor(tmp_path, source=later)
    found, rows = collected(config)
    assert {(row["interaction_id"], row["ground_truth"], row["feedback"]) for row in rows} == {
        ("a", "new", None),
        ("b", None, "up"),
        ("c", None, None),
    }
    assert (found.counts.joined, found.counts.later, found.counts.lines_read) == (3, 3, 9)
    assert collected(config, Window(start=SIX + 5 * HOUR, end=SIX + 6 * HOUR))[0].counts.later == 1


def test_sagemaker_ground_truth_joins_captured_calls_by_inference_id(tmp_path: Path) -> None:
    moment = (SIX + MINUTE).isoformat().replace("+00:00", "Z")
    half = {"observedContentType": "application/json", "encoding": "JSON"}
    captured = {
        "captureData": {
            "endpointInput": half | {"mode": "INPUT", "data": json.dumps({"inputs": "Why?"})},
            "endpointOutput": half | {"mode": "OUTPUT", "data": json.dumps([{"generated_text": "So."}])},
        },
        "eventMetadata": {"eventId": "e1", "inferenceId": "order-17", "inferenceTime": moment},
        "eventVersion": "0",
    }
    truth = {
        "groundTruthData": {"data": "Because.", "encoding": "CSV"},
        "eventMetadata": {"eventId": "order-17"},
        "eventVersion": "0",
    }
    for root, hour, record in (("capture", SIX, captured), ("truth", SIX + 3 * HOUR, truth)):
        path = tmp_path / root / f"{hour:%Y/%m/%d/%H}" / "x.jsonl"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(record) + "\n")
    source = {
        "format": "sagemaker",
        "inputs": (tmp_path / "capture").as_uri(),
        "outputs": None,
        "columns": {},
        "ground_truth": {"location": (tmp_path / "truth").as_uri(), "format": "sagemaker"},
    }
    _, (row,) = collected(monitor(tmp_path, source=source))
    assert (row["interaction_id"], row["prompt"], row["completion"], row["ground_truth"]) == (
        "order-17",
        "Why?",
        "So.",
        "Because.",
    )
