"""Parquet and CSV files as JSON lines, a row a line, so that every format is read in one way."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tasks.adapters.database import errors
from tasks.adapters.lines import LINE_LIMIT_BYTES, BadLine
from tasks.core.records.fault import KEPT_CHARACTERS, Fault

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

HEAD_BYTES: Final = 4096
CSV: Final = "header = true, all_varchar = true, ignore_errors = true, store_rejects = true, compression = 'none'"
FOLDERS: Final = "hive_partitioning = false"  # the names of folders are no columns
READERS: Final[Mapping[str, str]] = {
    ".parquet": f"read_parquet($path, {FOLDERS})",
    ".csv": f"read_csv($path, delim = ',', {CSV}, {FOLDERS})",
    ".tsv": f"read_csv($path, delim = '\t', {CSV}, {FOLDERS})",
}


def as_json_lines(engine: "DuckDBPyConnection", path: Path, key: str, target: Path) -> tuple[Path, list[BadLine]]:
    """The file as JSON lines and the CSV lines that are malformed; a file that is JSON lines already stays.

    The name in `key` tells what it is; a `.json` file may be one array. A line is a row in the file's order. A file
    that cannot be read gives no row and one fault, without a line.
    """
    suffix = Path(key.lower().removesuffix(".gz").removesuffix(".zst")).suffix
    if suffix == ".json":
        return _array_as_lines(path, target)
    reader = READERS.get(suffix)
    if reader is None:
        return path, []
    reader = reader.replace("$path", quoted(path))
    _, any_error = errors()
    engine.execute("SET preserve_insertion_order = true")
    try:
        engine.execute(
            f"COPY (SELECT to_json(whole_row)::VARCHAR FROM {reader} whole_row) TO {quoted(target)} "
            "(FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x01')"
        )
        return target, _rejected(engine)
    except any_error as error:
        target.write_bytes(b"")
        return target, [BadLine(line=None, fault=Fault.UNREADABLE_OBJECT, content=str(error)[:KEPT_CHARACTERS])]
    finally:
        engine.execute("DROP TABLE IF EXISTS reject_errors; DROP TABLE IF EXISTS reject_scans")
        engine.execute("SET preserve_insertion_order = false")


def _array_as_lines(path: Path, target: Path) -> tuple[Path, list[BadLine]]:
    """The elements of a JSON array as lines; any other file stays as it is."""
    with path.open("rb") as content:
        begins = content.read(HEAD_BYTES).lstrip(b"\xef\xbb\xbf \t\r\n")
    if not begins.startswith(b"[") or path.stat().st_size > LINE_LIMIT_BYTES:
        return path, []
    try:
        text = "".join(f"{json.dumps(element)}\n" for element in json.loads(path.read_bytes()))
    except (ValueError, RecursionError) as error:
        target.write_bytes(b"")
        return target, [BadLine(line=None, fault=Fault.UNREADABLE_OBJECT, content=str(error)[:KEPT_CHARACTERS])]
    target.write_text(text, encoding="utf-8")
    return target, []


def quoted(path: Path) -> str:
    """A path as an SQL text."""
    return "'{}'".format(str(path).replace("'", "''"))


def _rejected(engine: "DuckDBPyConnection") -> list[BadLine]:
    names = engine.execute("SELECT table_name FROM duckdb_tables() WHERE table_name = 'reject_errors'").fetchall()
    if not names:
        return []
    found = engine.execute("SELECT DISTINCT line, csv_line FROM reject_errors ORDER BY line").fetchall()
    return [
        BadLine(line=line, fault=Fault.MALFORMED_CSV, content=(content or "")[:KEPT_CHARACTERS])
        for line, content in found
    ]
