"""Generate a day of logs: azure_mdc JSON lines, the same torn and gzipped, and a table as Parquet; an object an hour.

A million pairs of JSON lines take about 1.8 GB. What lies there already stays.
"""

import argparse
import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import duckdb

DAY: Final = datetime(2026, 11, 20, tzinfo=UTC)
HOURS: Final = 24
TORN_LINES: Final = 100
SIDES: Final = {
    "model_inputs": "{question: repeat(md5(i::VARCHAR) || ' ', 9), context: repeat(md5((i * 7)::VARCHAR) || ' ', 9)}",
    "model_outputs": "{answer: repeat(md5((i * 3)::VARCHAR) || ' ', 9), latency_ms: i % 900}",
}
TIMED: Final = """
    SELECT i, TIMESTAMP '{start:%Y-%m-%d %H:%M:%S}' + to_milliseconds(((i - {first}) * 3600000.0 / {count})::BIGINT)
        AS time, {row} AS row
    FROM range({first}, {first} + {count}) t(i)
"""
RECORD: Final = """
    SELECT to_json({{
        specversion: '1.0', id: md5('{side}' || i), source: '/subscriptions/x/onlineEndpoints/shop/deployments/blue',
        type: 'azureml.inference.{side}', datacontenttype: 'application/json',
        time: strftime(time, '%Y-%m-%dT%H:%M:%S.%gZ'),
        data: [row], correlationid: md5('c' || i), xrequestid: md5('c' || i), agent: 'azureml-ai-monitoring/1.0.0'
    }})::VARCHAR FROM ({timed})
"""
TABLE: Final = "SELECT md5('c' || i) AS id, time, unnest(row) FROM ({timed})"
LINES: Final = "FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x01'"


def lines(side: str, timed: str, target: Path) -> None:
    """An hour of JSON lines."""
    duckdb.execute(f"COPY ({RECORD.format(side=side, timed=timed)}) TO '{target}' ({LINES})")


def gzipped(side: str, timed: str, target: Path) -> None:
    """An hour of JSON lines, compressed."""
    duckdb.execute(f"COPY ({RECORD.format(side=side, timed=timed)}) TO '{target}' ({LINES}, COMPRESSION gzip)")


def table(_side: str, timed: str, target: Path) -> None:
    """An hour of rows."""
    duckdb.execute(f"COPY ({TABLE.format(timed=timed)}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")


# What a folder holds: how the names end, and how an object is written. Torn lines are made of whole ones.
KINDS: Final[Mapping[str, tuple[str, Callable[[str, str, Path], None]]]] = {
    "jsonl": (".jsonl", lines),
    "torn": (".jsonl", lines),
    "gzip": (".jsonl.gz", gzipped),
    "parquet": (".parquet", table),
}


def generate(folder: Path, pairs: int, kind: str) -> None:
    """Write the objects that are missing under `folder`."""
    suffix, write = KINDS[kind]
    places = [(side, hour) for side in SIDES for hour in range(HOURS)]
    for number, (side, hour) in enumerate(places):
        start = DAY + timedelta(hours=hour)
        path = folder / side / f"{start:%Y/%m/%d/%H}" / f"i{suffix}"
        if path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        first, past = pairs * hour // HOURS, pairs * (hour + 1) // HOURS
        timed = TIMED.format(start=start, first=first, count=past - first, row=SIDES[side])
        unfinished = path.with_name("unfinished")
        write(side, timed, unfinished)
        if kind == "torn":
            count = TORN_LINES * (number + 1) // len(places) - TORN_LINES * number // len(places)
            tear(unfinished, [(one + 1) / (count + 1 + number // HOURS) for one in range(count)])
        shutil.move(unfinished, path)


def tear(path: Path, places: Sequence[float]) -> None:
    """Blank the second half of the line after each place, a share of the file; its size stays."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        for place in places:
            file.seek(int(size * place))
            file.readline()
            line = file.readline()
            half = len(line) // 2
            file.seek(half - len(line), 1)
            file.write(b" " * (len(line) - half - 1))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--kind", choices=KINDS, default="jsonl")
    given = parser.parse_args()
    generate(given.folder, given.pairs, given.kind)
