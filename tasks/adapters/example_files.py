"""Files of examples, written row by row; one that is not finished never has its name."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from tasks.core.curation.example import SCHEMA

BATCH_ROWS: Final = 500
PART: Final = ".part"
Row = Mapping[str, object]
Write = Callable[[Row], None]


@contextmanager
def open_jsonl(path: Path) -> Iterator[Write]:
    """A line of JSON for each row."""
    with path.open("w", encoding="utf-8", errors="replace", newline="\n") as sink:
        yield lambda row: print(_json(row), file=sink)


@contextmanager
def open_json(path: Path) -> Iterator[Write]:
    """One JSON list."""
    with path.open("w", encoding="utf-8", errors="replace", newline="\n") as sink:
        before = "[\n"

        def write(row: Row) -> None:
            nonlocal before
            sink.write(f"{before}{_json(row)}")
            before = ",\n"

        yield write
        sink.write("\n]\n" if before.startswith(",") else "[]\n")


@contextmanager
def open_csv(path: Path) -> Iterator[Write]:
    """CSV as RFC 4180 has it, with a byte order mark, so that spreadsheets read it as UTF-8."""
    with path.open("w", encoding="utf-8-sig", errors="replace", newline="") as sink:
        writer = csv.DictWriter(sink, SCHEMA.names, lineterminator="\r\n")
        writer.writeheader()
        yield writer.writerow


@contextmanager
def open_parquet(path: Path) -> Iterator[Write]:
    """Parquet of the examples' schema."""
    rows: list[Row] = []
    with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:

        def write(row: Row) -> None:
            rows.append(row)
            if len(rows) == BATCH_ROWS:
                flush()

        def flush() -> None:
            writer.write_table(pa.Table.from_pylist(rows, schema=SCHEMA))
            rows.clear()

        yield write
        flush()


KINDS: Final = {"jsonl": open_jsonl, "json": open_json, "csv": open_csv, "parquet": open_parquet}


@contextmanager
def open_new(path: Path, kind: str) -> Iterator[Write]:
    """A file of a kind, which has its name once the block has ended well."""
    part = path.with_name(f"{path.name}{PART}")
    try:
        with KINDS[kind](part) as write:
            yield write
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _json(row: Row) -> str:
    return json.dumps(row, ensure_ascii=False, allow_nan=False)
