"""Parquet and CSV files as JSON lines, a row a line, so that every format is read in one way."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tasks.adapters.database import errors
from tasks.adapters.lines import KEPT_CHARACTERS, BadLine
from tasks.adapters.staging import Staged
from tasks.core.records.decode import Fault

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

CSV: Final = "header = true, all_varchar = true, ignore_errors = true, store_rejects = true"
READERS: Final[Mapping[str, str]] = {
    ".parquet": "read_parquet($path)",
    ".csv": f"read_csv($path, delim = ',', {CSV})",
    ".tsv": f"read_csv($path, delim = '\t', {CSV})",
}


def as_json_lines(engine: "DuckDBPyConnection", staged: Staged, target: Path) -> tuple[Path, list[BadLine]]:
    """The file as JSON lines and the CSV lines that are malformed; a file that is JSON lines already stays.

    A line is a row in the file's order. A file that cannot be read gives no row and one fault, without a line.
    """
    reader = READERS.get(Path(staged.key.removesuffix(".gz")).suffix.lower())
    if reader is None:
        return staged.path, []
    reader = reader.replace("$path", quoted(staged.path))
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
