"""DuckDB: from staged files to the halves, the pairs and the sample of a window."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from tasks.adapters import lines, tabular
from tasks.adapters.database import errors, open_database
from tasks.adapters.staging import Staged
from tasks.core.errors import SourceError
from tasks.core.records import decode, interaction, join, sample, wide
from tasks.core.records.decode import Fault
from tasks.core.records.layout import Layout, SourceColumns
from tasks.core.window import Window

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Engine

# DuckDB takes files of lines for small, and would build its hash table on all of them instead of on the sample.
AS_WRITTEN: Final = "SET disabled_optimizers = 'join_order,build_side_probe_side'"
DELIMITER: Final = "\x01\x02\x01\x02"  # stands in no line, so that a line is one column
NO_LINES: Final = "SELECT NULL::INTEGER AS object, NULL::VARCHAR AS line WHERE false"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A logged row that could not be used, or a whole object (`line` None).

    `line` counts from 1; `time` is the row's event time where it could be read.
    """

    object: int
    line: int | None
    fault: Fault
    content: str | None
    time: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """The staged objects of one side (`inputs` or `outputs`), by the numbers that the engine knows them by."""

    name: str
    staged: Mapping[int, Staged]


@contextmanager
def open_engine(scratch: Path, memory_gb: float) -> "Iterator[Engine]":
    """A DuckDB in memory that spills to `scratch`."""
    with open_database() as engine:
        engine.execute(f"SET memory_limit = '{memory_gb}GB'")
        engine.execute("SET temp_directory = ?", [str(scratch / "spill")])
        engine.execute("SET preserve_insertion_order = false")
        engine.execute("SET enable_progress_bar = false")
        engine.execute("CREATE TABLE objects (object INTEGER, uri VARCHAR, path VARCHAR)")
        engine.execute("CREATE TABLE referenced_files (object INTEGER, reference VARCHAR, content JSON)")
        yield engine


def load(engine: "Engine", side: Side, scratch: Path, *, is_tabular: bool) -> tuple[Side, list[Quarantined]]:
    """Make the view `<side>_lines` over the files, Parquet and CSV as JSON lines.

    Returns the side as it is read now, and what had to be left out.
    """
    faults = [_whole(number, staged.fault) for number, staged in side.staged.items() if staged.fault]
    read: dict[int, Staged] = {}
    for number, staged in side.staged.items():
        path, bad = staged.path, list[lines.BadLine]()
        if is_tabular:
            path, bad = tabular.as_json_lines(engine, staged, scratch / f"{number:06d}.rows")
        read[number] = replace(staged, path=path)
        faults += [_bad(number, line) for line in bad]
        engine.execute("INSERT INTO objects VALUES (?, ?, ?)", [number, staged.uri, str(path)])
    _define_lines(engine, side.name, [staged.path for staged in read.values()])
    return Side(name=side.name, staged=read), faults


def split(
    engine: "Engine", side: Side, layout: Layout, scratch: Path, *, needs_objects: bool
) -> tuple[list[Quarantined], list[tuple[int, str]]]:
    """Make the table `<side>_rows`; return lines that are no text, and files that hold rows: (object, reference)."""
    query = decode.halves(layout, f"{side.name}_lines", needs_objects=needs_objects, with_references=False)
    unread: list[Quarantined] = []
    unreadable, _ = errors()
    try:
        engine.execute(f"CREATE TABLE {side.name}_rows AS {query}")
    except unreadable:  # bytes that are no text, or a line without end
        unread = _clean(engine, side, scratch)
        engine.execute(f"CREATE TABLE {side.name}_rows AS {query}")
    engine.execute(
        f"CREATE VIEW {side.name} AS SELECT * EXCLUDE (fault, line) FROM {side.name}_rows WHERE fault IS NULL"
    )
    missing = f"SELECT DISTINCT object, reference FROM {side.name}_rows WHERE fault = '{Fault.REFERENCE_MISSING}'"
    return unread, engine.execute(missing).fetchall()


def add_referenced(
    engine: "Engine", side: Side, layout: Layout, files: Mapping[tuple[int, str], str], *, needs_objects: bool
) -> None:
    """Read the rows of `side` that lie in files, by object and reference; what is no JSON stays missing."""
    for (number, reference), content in files.items():
        engine.execute(
            "INSERT INTO referenced_files SELECT ?, ?, c FROM (SELECT try_cast(? AS JSON) AS c) WHERE c IS NOT NULL",
            [number, reference, content],
        )
    missing = f"fault = '{Fault.REFERENCE_MISSING}'"
    engine.execute(f"CREATE TABLE {side.name}_referring AS SELECT object, line FROM {side.name}_rows WHERE {missing}")
    engine.execute(f"DELETE FROM {side.name}_rows WHERE {missing}")
    query = decode.halves(layout, f"{side.name}_referring", needs_objects=needs_objects, with_references=True)
    engine.execute(f"INSERT INTO {side.name}_rows {query}")


def mirror(engine: "Engine") -> None:
    """Let the records of the only side serve as both halves."""
    engine.execute("CREATE VIEW outputs AS SELECT * FROM inputs")


def earliest(engine: "Engine", side: Side) -> dict[int, datetime]:
    """The earliest event time in each object; objects without any are missing."""
    found = engine.execute(f"SELECT object, min(time) FROM {side.name}_rows WHERE time IS NOT NULL GROUP BY object")
    return dict(found.fetchall())


def join_halves(engine: "Engine", window: Window) -> dict[str, int]:
    """Make the table `pairs` of the window's interactions; return the counts of its halves."""
    bounds = {"start": window.start, "end": window.end}
    for statement in (join.KEEP_INPUTS, join.KEEP_OUTPUTS):
        engine.execute(statement)
    engine.execute(join.JOIN, bounds)
    engine.execute(join.PAIRS)
    counted = engine.execute(join.COUNTS)
    names = [column[0] for column in counted.description or ()]
    return dict(zip(names, counted.fetchone() or (), strict=True))


def draw(engine: "Engine", rate: float, at_most: int, seed: int) -> int:
    """Make the table `sampled`; return its number of rows."""
    below = sample.hash_below(rate)
    engine.execute(sample.SAMPLE, {"seed": str(seed), "below": below, "at_most": at_most})
    (rows,) = engine.execute("SELECT count(*) FROM sampled").fetchone() or (0,)
    return int(rows)


def read_sample(
    engine: "Engine", sides: Sequence[Side], layout: Layout, source: SourceColumns, segments: Sequence[str]
) -> pa.Table:
    """The sampled interactions, in the order of their hashes, as `interaction.logged`.

    Raises SourceError where a line is no longer what it was when the halves were read.
    """
    engine.execute(AS_WRITTEN)
    for name, side in zip(("input", "output"), sides, strict=True):
        query = wide.rows_of_side(name, f"{side.name}_lines", layout, with_references=_has_references(engine))
        engine.execute(f"CREATE TABLE {name}_columns AS {query}")
    engine.execute("RESET disabled_optimizers")
    table = engine.sql(wide.interactions(source, segments)).to_arrow_table()
    (expected,) = engine.execute("SELECT count(*) FROM sampled").fetchone() or (0,)
    if table.num_rows != expected:
        message = f"{expected - table.num_rows} of {expected} sampled lines changed while they were read"
        raise SourceError(message)
    return table.cast(interaction.logged(segments))


def _define_lines(engine: "Engine", name: str, paths: Sequence[Path]) -> None:
    files = ", ".join(tabular.quoted(path) for path in paths)
    query = f"""
        SELECT o.object, t.line
        FROM read_csv([{files}], columns = {{'line': 'VARCHAR'}}, header = false, auto_detect = false,
                      delim = '{DELIMITER}', quote = '', escape = '', strict_mode = false,
                      max_line_size = {lines.LINE_LIMIT_BYTES}, filename = true) t
        JOIN objects o ON o.path = t.filename
        WHERE regexp_matches(t.line, '\\S')
    """
    engine.execute(f"CREATE OR REPLACE VIEW {name}_lines AS {query if files else NO_LINES}")


def _clean(engine: "Engine", side: Side, scratch: Path) -> list[Quarantined]:
    """Read the side from copies without the lines that are no text."""
    faults: list[Quarantined] = []
    paths: list[Path] = []
    for number in side.staged:
        (path,) = engine.execute("SELECT path FROM objects WHERE object = ?", [number]).fetchone() or ("",)
        paths.append(scratch / f"{number:06d}.clean")
        faults += [_bad(number, line) for line in lines.clean(Path(path), paths[-1])]
        engine.execute("UPDATE objects SET path = ? WHERE object = ?", [str(paths[-1]), number])
    _define_lines(engine, side.name, paths)
    return faults


def faulty_rows(engine: "Engine", side: Side) -> list[Quarantined]:
    """The rows that cannot be used, with their line numbers from a second reading of the damaged files."""
    found = engine.execute(
        f"SELECT object, left(line, {lines.KEPT_CHARACTERS}) AS head, fault, time, count(*) "
        f"FROM {side.name}_rows WHERE fault IS NOT NULL GROUP BY ALL"
    ).fetchall()
    by_object: dict[int, dict[str, list[tuple[str, datetime | None, int]]]] = {}
    for number, line, fault, time, rows in found:
        by_object.setdefault(number, {}).setdefault(line, []).append((fault, time, rows))
    faults = []
    for number, wanted in by_object.items():
        places: dict[str, list[int]] = {}
        for place, content in lines.numbers(side.staged[number].path, wanted):
            places.setdefault(content, []).append(place)
        for content, causes in wanted.items():
            for fault, time, rows in causes:
                at: list[int | None] = [*places.get(content, ())] or [None]
                faults += [
                    Quarantined(object=number, line=at[row % len(at)], fault=Fault(fault), content=content, time=time)
                    for row in range(rows)
                ]
    return faults


def _whole(number: int, fault: Fault) -> Quarantined:
    return Quarantined(object=number, line=None, fault=fault, content=None, time=None)


def _bad(number: int, bad: lines.BadLine) -> Quarantined:
    return Quarantined(object=number, line=bad.line, fault=bad.fault, content=bad.content, time=None)


def _has_references(engine: "Engine") -> bool:
    return engine.execute("SELECT 1 FROM referenced_files LIMIT 1").fetchone() is not None
