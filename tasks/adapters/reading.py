"""Staged files as the relation of lines that every format is read from, and what cannot be a line of it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from tasks.adapters import lines, tabular
from tasks.adapters.database import errors, length_errors
from tasks.adapters.engine import allow
from tasks.adapters.lines import BadLine
from tasks.adapters.staging import Scratch, Staged, staged
from tasks.adapters.storage import Storage, StoredObject
from tasks.core.records.fault import Fault
from tasks.core.records.formats import Format

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Engine

DELIMITER: Final = "\x01\x02\x01\x02"  # stands in no line, so that a line is one column
BUFFER_BYTES: Final = 4 * lines.QUICK_BYTES  # DuckDB would take sixteen times the longest line in one piece
BYTES_A_BYTE: Final = 64  # of a long line, as DuckDB reckons what it needs to parse it; little of that is touched
NO_LINES: Final = "SELECT NULL::UBIGINT AS object, NULL::VARCHAR AS line WHERE false"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A logged row that cannot be used, or a whole object (`line` None).

    `object` is the number of the object's version, `line` counts from 1; `time` is the row's event time, else that of
    its object.
    """

    object: int
    line: int | None
    fault: Fault
    content: str | None
    time: datetime | None


class Lines:
    """Staged files by the numbers of their objects, as the view `lines(object, line)`.

    `faults` are the lines, and the objects, that were left out; lines are numbered as in the files `numbered`.
    """

    def __init__(self, engine: "Engine", files: Mapping[int, Staged], scratch: Scratch, kind: Format) -> None:
        self._engine = engine
        self._scratch = scratch
        self.faults = [_whole(number, one.fault) for number, one in files.items() if one.fault]
        self.paths = {number: one.path for number, one in files.items()}
        engine.execute("CREATE OR REPLACE TABLE files (object UBIGINT, path VARCHAR)")
        for number, one in files.items():
            self._prepare(number, one, kind)
        self.numbered = dict(self.paths)
        self._is_clean, self._is_long = False, any(map(lines.has_long, self.paths.values()))
        self._define()

    def _prepare(self, number: int, one: Staged, kind: Format) -> None:
        """Bring a file that is no lines into lines."""
        key = one.stored.key
        if kind.unpack is not None and kind.packed is not None and kind.packed.fullmatch(key):
            self._replace(number, kind.unpack(key, one.stored.modified, one.path.read_bytes()))
        elif kind.tabular:
            path, bad = tabular.as_json_lines(self._engine, one.path, key, self._scratch.path())
            self.paths[number] = path
            self.faults += [_bad(number, line) for line in bad]

    def _replace(self, number: int, content: bytes) -> None:
        self.paths[number] = self._scratch.path()
        self.paths[number].write_bytes(content)

    def read(self, name: str, *queries: str) -> None:
        """Make the table `name` of the first query over `lines` that can read them all.

        Where even the last one fails, it is tried again without the lines that are no text; where lines are so long
        that memory does not suffice, with few at once. A query says of each line what it says of it alone.
        """
        if self._read_whole(name, *queries):
            return
        self._clean()
        if not self._read_whole(name, queries[-1]):
            self._read_few(name, queries[-1])

    def _read_whole(self, name: str, *queries: str) -> bool:
        """Whether DuckDB could read the files by itself."""
        unreadable, _ = errors()
        for query in () if self._is_long else queries:
            try:
                self._engine.execute(f"CREATE OR REPLACE TABLE {name} AS {query}")
            except unreadable:
                continue
            except length_errors():
                self._is_long = True
                break
            return True
        return False

    def _read_few(self, name: str, query: str) -> None:
        statement = f"CREATE OR REPLACE TABLE {name} AS"
        for batch in lines.batches(self.paths):
            self._engine.register("few", pa.Table.from_batches([batch]))
            self._engine.execute("CREATE OR REPLACE TEMP VIEW lines AS FROM few")
            self._engine.execute(f"{statement} {query}")
            statement = f"INSERT INTO {name}"

    def close(self, originals: Mapping[int, Staged]) -> None:
        """Delete the files that were made beside the staged ones."""
        for number, original in originals.items():
            for path in {self.paths[number], self.numbered[number]} - {original.path}:
                path.unlink(missing_ok=True)

    def _clean(self) -> None:
        """Go on with copies that lack the lines that are no text."""
        if self._is_clean:
            return
        longest = 0
        for number, path in self.paths.items():
            target = self._scratch.path()
            found = lines.clean(path, target)
            longest = max(longest, found.longest)
            if found.bad:
                self.faults += [_bad(number, line) for line in found.bad]
                self.paths[number] = target
            else:
                target.unlink()
        self._is_clean, self._is_long = True, self._is_long or longest > lines.QUICK_BYTES
        self._allow(longest)
        self._define()

    def _allow(self, longest: int) -> None:
        """Let the engine take what a line of so many bytes needs; what it was allowed for a longer one stays."""
        (before,) = self._engine.execute("SELECT coalesce(getvariable('longest'), 0)").fetchone() or (0,)
        self._engine.execute(f"SET VARIABLE longest = {max(before, longest)}")
        allow(self._engine, BYTES_A_BYTE * max(before, longest))

    def _define(self) -> None:
        self._engine.execute("DELETE FROM files")
        rows = [(number, str(path)) for number, path in self.paths.items() if path.stat().st_size]
        self._engine.execute(
            "INSERT INTO files SELECT unnest($1::UBIGINT[]), unnest($2::VARCHAR[])",
            [[number for number, _ in rows], [path for _, path in rows]],
        )
        self._engine.execute(f"CREATE OR REPLACE TEMP VIEW lines AS {_query([path for _, path in rows])}")


@contextmanager
def lines_of(
    engine: "Engine", kind: Format, storage: Storage, objects: Mapping[int, StoredObject], scratch: Scratch
) -> Iterator[Lines]:
    """The lines of some objects by their numbers, as the objects are now."""
    with staged(storage, list(objects.values()), scratch) as files:
        by_number = dict(zip(objects, files, strict=True))
        found = Lines(engine, by_number, scratch, kind)
        try:
            yield found
        finally:
            found.close(by_number)


def _query(paths: Sequence[str]) -> str:
    if not paths:
        return NO_LINES
    files = ", ".join(tabular.quoted(Path(path)) for path in paths)
    return f"""
        SELECT f.object, t.line
        FROM read_csv([{files}], columns = {{'line': 'VARCHAR'}}, header = false, auto_detect = false,
                      delim = '{DELIMITER}', quote = '', escape = '', strict_mode = false, compression = 'none',
                      max_line_size = {lines.QUICK_BYTES}, buffer_size = {BUFFER_BYTES}, filename = true) t
        JOIN files f ON f.path = t.filename
        WHERE t.line IS NOT NULL
    """


def _whole(number: int, fault: Fault) -> Quarantined:
    return Quarantined(object=number, line=None, fault=fault, content=None, time=None)


def _bad(number: int, bad: BadLine) -> Quarantined:
    return Quarantined(object=number, line=bad.line, fault=bad.fault, content=bad.content, time=None)
