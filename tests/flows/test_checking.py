import gzip
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from configs.monitor import MonitorConfig
from flows.checking import check_monitor
from tasks.core.errors import ConfigError, StorageError
from tasks.core.records.formats import FORMATS
from tasks.core.window import newest_closed
from tests.builders import HOUR, SIX, answered, asked, monitor, write_logs
from tests.core.records import golden
from tests.servers.s3 import S3Server

AT_SIX: Final = "2026/11/20/06"
UPLOAD: Final = "a1b2c3d4-0000-4000-8000-12345678900"
SAME: Final = {"prompt": "prompt", "completion": "completion"}
ROWS: Final = [
    {"id": f"t{n}", "time": f"2026-11-20T06:0{n}:00Z", "prompt": f"Question {n}?", "completion": f"Answer {n}."}
    for n in range(3)
]
ROW_PAIRS: Final = [(row["prompt"], row["completion"]) for row in ROWS]


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def lines(*records: Any) -> bytes:
    return "".join(f"{json.dumps(record)}\n" for record in records).encode()


def logged(kind: str, *names: str) -> bytes:
    """The golden records of some cases as lines."""
    return lines(*(record for name in names for record in golden.records(kind, name)))


def uploaded(number: int, half: str, role: str, text: str) -> dict[str, bytes]:
    messages = [{"role": role, "parts": [{"type": "text", "content": text}]}]
    return {f"{UPLOAD}{number}_{half}.json": json.dumps(messages).encode()}


def parquet(folder: Path) -> bytes:
    pq.write_table(pa.Table.from_pylist(ROWS), folder / "rows.parquet")
    return (folder / "rows.parquet").read_bytes()


def put(folder: Path, objects: Mapping[str, bytes], time: datetime = SIX + HOUR / 2) -> None:
    """Write objects below the inputs, as if at a time."""
    for key, content in objects.items():
        path = folder / "logs/model_inputs" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (time.timestamp(), time.timestamp()))


def auto(folder: Path, columns: Mapping[str, str] | None = None, **source: Any) -> MonitorConfig:
    """A monitor over the days of one location that leaves its format to `check`."""
    given = {"format": "auto", "outputs": None, "columns": columns or {}} | source
    return monitor(folder, source=given, window={"every": "1d"})


LOGS: Final[Mapping[str, tuple[str, Mapping[str, bytes], Sequence[tuple[str, str]]]]] = {
    "azure_traces": (
        "12 of 12 records",
        {
            f"{AT_SIX}/i.jsonl": logged("azure_traces", "two_requests_in_one_trace")
            + logged("azure_traces", "server_with_models").replace(b"0x5b8e", b"0x6c9f")  # a trace of its own
        },
        [("Do you ship to Malta?", "Yes, we ship to Malta."), ("First?", "One.")],
    ),
    "bedrock": (
        "3 of 3 records",
        {f"{AT_SIX}/x.json.gz": gzip.compress(logged("bedrock", "converse", "titan", "llama"))},
        [("And is this one? [image]", "It looks like rye."), ("What is dew?", "Water on grass.")],
    ),
    "litellm": (
        "3 of 3 records",
        {
            f"2026-11-20/time-06-00-00-00000{n}_{name}.json": logged("litellm", name)
            for n, name in enumerate(("chat", "responses", "cache_hit"))
        },
        [("Hi", "Hello!"), ("When?", "It opens at nine."), ("Which bread is left?", "Rye.")],
    ),
    "openai_requests": (
        "4 of 4 records",
        {"stored.jsonl": logged("openai_requests", "chat", "responses", "batch")},
        [("What is this? [image]", "A red square."), ("When does it open?", "It opens at nine.")],
    ),
    "otel_genai": (
        "5 of 5 records",
        {
            key: content
            for n in range(3)
            for half, role in (("inputs", "user"), ("outputs", "assistant"))
            for key, content in uploaded(n, half, role, f"{role} {n}").items()
        },
        [(f"user {n}", f"assistant {n}") for n in range(3)],
    ),
    "sagemaker": (
        "3 of 3 records",
        {f"{AT_SIX}/x.jsonl": logged("sagemaker", "tgi", "chat_base64", "tgi_object")},
        [("Grüße?", "Schöne Grüße!"), ("Say hi", "Hi!")],
    ),
}


def check_table(out: str, pairs: Sequence[tuple[str, str]]) -> None:
    """Each pair stands in a row of the table."""
    table = [[cell.strip() for cell in line.split("│")[1:-1]] for line in out.splitlines() if "│" in line]
    assert [pair for pair in pairs if not any([*pair] == row[:2] for row in table)] == []
    assert len(table) == 3


@pytest.mark.parametrize("name", LOGS)
def test_check_says_which_format_it_sees_and_shows_three_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    share, objects, pairs = LOGS[name]
    put(tmp_path, objects)
    check_monitor(auto(tmp_path))
    out = capsys.readouterr().out
    assert out.startswith(f"format     {name} ({share})\n")
    assert "The window of the newest object, 2026-11-20" in out
    check_table(out, pairs)
    assert out.endswith(f"then the monitor file is good:  format: {name}\n")


def test_every_format_is_shown_by_a_test() -> None:
    assert {*LOGS, "azure_mdc", "table"} == {*FORMATS}


@pytest.mark.parametrize("key", ["rows.jsonl", "rows.jsonl.gz", "rows.parquet", "rows.csv", "rows.json"])
def test_a_table_is_seen_in_every_file_that_it_comes_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], key: str
) -> None:
    csv = "\n".join([",".join(ROWS[0]), *(",".join(row.values()) for row in ROWS)])
    content = {
        "rows.jsonl": lines(*ROWS),
        "rows.jsonl.gz": gzip.compress(lines(ROWS[0])) + gzip.compress(lines(*ROWS[1:])),
        "rows.parquet": parquet(tmp_path),
        "rows.csv": csv.encode(),
        "rows.json": json.dumps(ROWS).encode(),
    }[key]
    put(tmp_path, {key: content})
    check_monitor(auto(tmp_path, SAME))
    out = capsys.readouterr().out
    assert out.startswith(f"format     table ({'3 of 3 records' if 'jsonl' in key else '1 of 1 objects'})\n")
    check_table(out, ROW_PAIRS)


def test_fresh_logs_of_both_sides_are_shown_from_the_newest_closed_window(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    window = newest_closed(datetime.now(UTC), HOUR, timedelta(minutes=15))
    for side, write in (("inputs", asked), ("outputs", answered)):
        typed = [
            json.dumps(json.loads(write(f"c{n}", window.start)) | {"type": f"azureml.inference.model_{side}"})
            for n in range(3)
        ]
        write_logs(tmp_path, side, window.start, typed)
    put(tmp_path, {f"{AT_SIX}/old.jsonl": lines(*ROWS)})
    check_monitor(monitor(tmp_path, source={"format": "auto"}))
    out = capsys.readouterr().out
    assert out.startswith("format     azure_mdc (6 of 6 records)\nfields     question, documents, answer\n")
    assert f"The newest closed window, {window.label} UTC" in out
    check_table(out, [("Where is it?", "It is here, on the table.")])


def test_logged_text_that_looks_like_markup_is_shown_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moment = datetime.now(UTC)
    start = newest_closed(moment, HOUR, HOUR / 4).start
    said = r"\[a^2 + b^2 = c^2\] [/x] \[/x] [red]no[/red]"
    write_logs(tmp_path, "inputs", start, [asked("a", start)])
    write_logs(tmp_path, "outputs", start, [answered("a", start, said)])
    check_monitor(monitor(tmp_path))
    assert said in capsys.readouterr().out


def test_a_named_format_is_said_and_nothing_is_looked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check_monitor(monitor(tmp_path))
    out = capsys.readouterr().out
    assert out.startswith("format     azure_mdc\nmonitor    bot\n")
    assert out.endswith("The monitor file is good.\n")


def test_what_is_off_for_one_reason_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check_monitor(monitor(tmp_path))
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("off ")]
    assert line.startswith(
        "off        needs the column feedback, which source.columns does not map: feedback.records, "
    )
    assert line.endswith(", feedback.fluency")


def test_what_a_recognised_format_still_needs_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(tmp_path, {"rows.jsonl": lines(*ROWS)})
    with pytest.raises(ConfigError, match=r"auto, which is table here: source: columns is missing: map roles") as error:
        check_monitor(auto(tmp_path))
    assert "\n" not in str(error.value)
    assert "fields     id, time, prompt, completion\n" in capsys.readouterr().out
    put(tmp_path, {"rows.jsonl": logged("sagemaker", "tgi")})
    with pytest.raises(ConfigError, match=r"auto, which is sagemaker here: .* remove outputs"):
        check_monitor(monitor(tmp_path, source={"format": "auto"}))


def test_logs_of_no_known_format_are_one_line_with_their_keys(tmp_path: Path) -> None:
    put(tmp_path, {"rows.jsonl": lines({"uuid\x1b[31m": 1, "ts": 2, "q\n": 3})})
    with pytest.raises(ConfigError) as error:
        check_monitor(auto(tmp_path))
    message = str(error.value)
    assert message.isprintable()
    assert "none of 1 records" in message
    assert "records with the keys uuid [31m, ts, q :" in message
    assert all(name in message for name in FORMATS)


def test_a_location_without_objects_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there are no objects below file:///"):
        check_monitor(auto(tmp_path))
    with pytest.raises(StorageError, match="there is no such folder"):
        check_monitor(auto(tmp_path, inputs=(tmp_path / "nowhere/logs").as_uri()))


def test_one_object_and_dated_locations_are_looked_at_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(tmp_path, {"day=2026-11-20/rows.jsonl": lines(*ROWS), "notes.txt": b"none"})
    root = (tmp_path / "logs/model_inputs").as_uri()
    for inputs in (f"{root}/day=2026-11-20/rows.jsonl", f"{root}/day={{yyyy}}-{{MM}}-{{dd}}"):
        check_monitor(auto(tmp_path, SAME, inputs=inputs))
        out = capsys.readouterr().out
        assert out.startswith("format     table (3 of 3 records)\n")
        check_table(out, ROW_PAIRS)


def test_of_a_large_object_in_s3_only_the_head_is_read(
    tmp_path: Path, s3: S3Server, capsys: pytest.CaptureFixture[str]
) -> None:
    wide = [row | {"noise": hashlib.shake_256(row["id"].encode()).hexdigest(200_000)} for row in ROWS * 4]
    content = {"plain.jsonl": lines(*wide), "packed.jsonl.gz": gzip.compress(lines(*wide))}
    content["packed.jsonl.zst"] = pa.compress(lines(*wide), "zstd", asbytes=True)
    for key, body in content.items():
        s3.client().put_object(Bucket="logs", Key=f"heads/{key}", Body=body)
    config = auto(tmp_path, SAME, inputs="s3://logs/heads")
    check_monitor(config)
    assert capsys.readouterr().out.startswith("format     table (6 of 6 records)\n")


def test_what_reads_logs_refuses_auto_by_whatever_way_it_comes(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"source\.format is auto: genwatch check CONFIG says which format it is"):
        assert auto(tmp_path).source.layout
