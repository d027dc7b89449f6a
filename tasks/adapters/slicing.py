"""One slice of objects read once: its halves and its unusable rows, as the store keeps them for every window."""

import gzip
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from configs.monitor import MonitorConfig
from tasks.adapters import lines
from tasks.adapters.database import length_errors
from tasks.adapters.decoding import decode_facts
from tasks.adapters.engine import open_engine
from tasks.adapters.reading import Lines, Quarantined
from tasks.adapters.source import Place, salt_of, version_of
from tasks.adapters.staging import GZIP_MAGIC, Scratch, Staged, staged
from tasks.adapters.storage import StoredObject, read_bytes
from tasks.core.errors import UnreadableObjectError
from tasks.core.measure import TIMESTAMP
from tasks.core.records import decode
from tasks.core.records.fault import KEPT_CHARACTERS, Fault
from tasks.core.safety.redaction import redact

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Engine

FAULTS_SCHEMA: Final = pa.schema(
    [
        pa.field("object", pa.uint64(), nullable=False),
        pa.field("line", pa.int64()),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("content", pa.string()),
        pa.field("time", TIMESTAMP, nullable=False),
    ]
)
LONGEST_NAME: Final = 255  # bytes, in most file systems
HALVES: Final = "object, line_hash, position, side, key, index, row_count, time, facts"
UNREAD: Final = frozenset({Fault.VANISHED_OBJECT, Fault.UNREADABLE_OBJECT})
SHOWN_ROWS: Final = 1_000
FAULTY: Final = f"""
    SELECT object, digest, any_value(left(line, {KEPT_CHARACTERS})) AS head, fault, time, count(*)
    FROM halves WHERE fault IS NOT NULL GROUP BY object, digest, fault, time
"""
WRITTEN: Final = "regexp_matches(line, '\\S')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sliced:
    """What a slice holds: the objects by their numbers as they were read, a Parquet file of halves, the faults.

    `unread` are the objects that could not be read, or that name files which are not there.
    """

    objects: Mapping[int, StoredObject]
    unread: frozenset[int]
    halves: Path
    faults: pa.Table


def read_slice(
    place: Place,
    objects: Sequence[StoredObject],
    scratch: Scratch,
    config: MonitorConfig,
) -> Sliced:
    """Read the objects of one slice; the faults' contents are redacted."""
    with (
        staged(place.storage, objects, scratch) as files,
        open_engine(scratch.folder, config.engine.memory_gb) as engine,
    ):
        by_number = {version_of(place, one.stored): one for one in files}
        found = Lines(engine, by_number, scratch, place.kind)
        if place.facts.with_people:
            engine.execute("SET VARIABLE salt = $1", [salt_of(config)])
        _decode(engine, found, place)
        _read_references(engine, place, by_number)
        decode_facts(engine, found, place)
        if config.redact and place.facts.segments:
            _redact_segments(engine, config.redact)
        waiting = engine.execute(f"SELECT DISTINCT object FROM halves WHERE fault = '{Fault.REFERENCE_MISSING}'")
        unread = {number for (number,) in waiting.fetchall()}
        faults = [*found.faults, *_faulty(engine, found.numbered)]
        homes = _homes(engine, place, by_number)
        target = scratch.path()
        _write(engine, homes, target)
        found.close(by_number)
    timed = [replace(fault, time=fault.time or homes[fault.object]) for fault in faults]
    return Sliced(
        objects={number: one.stored for number, one in by_number.items()},
        unread=frozenset(unread | {number for number, one in by_number.items() if one.fault in UNREAD}),
        halves=target,
        faults=_table(timed, config.redact),
    )


def _decode(engine: "Engine", found: Lines, place: Place) -> None:
    """Make the table `halves`, faulty rows with their lines among them."""
    layout, side, facts = place.layout, place.side, place.inline_facts
    engine.execute("CREATE TABLE referenced_files (object UBIGINT, reference VARCHAR, content JSON)")
    found.read("looked_at", *(decode.quick(layout, "lines", facts, careful=careful) for careful in (False, True)))
    unusual = f"(SELECT object, line FROM looked_at WHERE line IS NOT NULL AND {WRITTEN})"
    longer = decode.thorough(layout, unusual, side, facts, needs_objects=place.needs_objects)
    try:
        engine.execute(f"CREATE TABLE halves AS {decode.usual(layout, 'looked_at', side)} UNION ALL ({longer})")
    except length_errors():
        few = f"(SELECT object, line FROM lines WHERE {WRITTEN})"
        found.read("halves", decode.thorough(layout, few, side, facts, needs_objects=place.needs_objects))


def _read_references(engine: "Engine", place: Place, files: Mapping[int, Staged]) -> None:
    """Read the rows that lie in files beside their object; what is not there, or no JSON, stays missing."""
    missing = f"fault = '{Fault.REFERENCE_MISSING}'"
    wanted = engine.execute(f"SELECT DISTINCT object, reference FROM halves WHERE {missing}").fetchall()
    load_references(engine, place, {number: one.stored for number, one in files.items()}, wanted)
    if wanted:
        engine.execute(f"CREATE TABLE referring AS SELECT object, line FROM halves WHERE {missing}")
        engine.execute(f"DELETE FROM halves WHERE {missing}")
        facts, needs_objects = place.inline_facts, place.needs_objects
        query = decode.thorough(place.layout, "referring", place.side, facts, needs_objects=needs_objects)
        engine.execute(f"INSERT INTO halves {query}")


def load_references(
    engine: "Engine", place: Place, objects: Mapping[int, StoredObject], wanted: Sequence[tuple[int, str]]
) -> None:
    """Put the files that objects name into the table `referenced_files`."""
    for number, reference in wanted:
        content = beside(place, objects[number], reference)
        if content is not None:
            engine.execute(
                "INSERT INTO referenced_files SELECT $1, $2, content "
                "FROM (SELECT try_cast($3 AS JSON) AS content) WHERE content IS NOT NULL",
                [number, reference, content],
            )


def beside(place: Place, stored: StoredObject, reference: str) -> str | None:
    """The text of a file beside an object, or in the folder `data` there; None where there is none.

    A reference is logged text: its name counts and the address before it does not, so that it reaches no other folder.
    A name that no storage holds names no file.
    """
    name = reference.split("?", maxsplit=1)[0].rstrip("/").rsplit("/", 1)[-1]
    if name in {"", ".", ".."} or "\\" in name or not name.isprintable() or len(name.encode()) > LONGEST_NAME:
        return None
    folder = stored.key.rpartition("/")[0]
    for within in (folder, f"{folder}/data".lstrip("/")):
        try:
            content = read_bytes(place.storage, f"{within}/{name}".lstrip("/"))
            return (gzip.decompress(content) if content.startswith(GZIP_MAGIC) else content).decode()
        except (FileNotFoundError, UnreadableObjectError, UnicodeDecodeError, EOFError, gzip.BadGzipFile, zlib.error):
            continue
    return None


def _redact_segments(engine: "Engine", kinds: Sequence[str]) -> None:
    """Redact the values of segments among the facts, each different one once."""
    values = engine.execute("SELECT DISTINCT unnest(facts.segments) AS value FROM halves").fetchall()
    marked = {value: redact({"value": value}, kinds).texts["value"] for (value,) in values if value is not None}
    changed = {value: mark for value, mark in marked.items() if mark != value}
    if changed:
        engine.execute(
            "CREATE TABLE marks AS SELECT map($1::VARCHAR[], $2::VARCHAR[]) AS mark", [[*changed], [*changed.values()]]
        )
        segments = "list_transform(facts.segments, lambda v: coalesce(mark[v], v))"
        engine.execute(
            "CREATE OR REPLACE TABLE halves AS SELECT * EXCLUDE (mark) "
            f"REPLACE (struct_update(facts, segments := {segments}) AS facts) FROM halves, marks"
        )


def _homes(engine: "Engine", place: Place, files: Mapping[int, Staged]) -> dict[int, datetime]:
    """The time that a row without one is counted under: the earliest in its object, if its folder is for that time."""
    earliest = dict(
        engine.execute("SELECT object, min(time) FROM halves WHERE time IS NOT NULL GROUP BY object").fetchall()
    )
    return {number: _home(place, one.stored, earliest.get(number)) for number, one in files.items()}


def _home(place: Place, stored: StoredObject, earliest: datetime | None) -> datetime:
    folder = place.home_of(stored)
    if earliest is not None and (folder is None or folder <= earliest < folder + place.folders.length):
        return earliest
    return folder or stored.modified


def _write(engine: "Engine", homes: Mapping[int, datetime], target: Path) -> None:
    engine.execute("CREATE TABLE homes (object UBIGINT, home TIMESTAMPTZ)")
    engine.execute(
        "INSERT INTO homes SELECT unnest($1::UBIGINT[]), unnest($2::TIMESTAMPTZ[])",
        [list(homes.keys()), list(homes.values())],
    )
    columns = HALVES.replace("time", "coalesce(time, home) AS time")
    engine.execute(
        f"COPY (SELECT {columns} FROM halves LEFT JOIN homes USING (object) WHERE fault IS NULL) "
        f"TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
    )


def _faulty(engine: "Engine", paths: Mapping[int, Path]) -> list[Quarantined]:
    """The rows that cannot be used, with their line numbers from a second reading of the damaged files."""
    by_object: dict[int, list[tuple[str, str, str, datetime | None, int]]] = {}
    for number, *cause in engine.execute(FAULTY).fetchall():
        by_object.setdefault(number, []).append(tuple(cause))
    faults = []
    for number, causes in by_object.items():
        places: dict[str, list[int]] = {}
        for place, digest in lines.numbers(paths[number], {digest: head for digest, head, *_ in causes}):
            places.setdefault(digest, []).append(place)
        for digest, head, fault, time, rows in causes:
            at: list[int | None] = [*places.get(digest, ())] or [None]
            faults += [
                Quarantined(object=number, line=at[row % len(at)], fault=Fault(fault), content=head, time=time)
                for row in range(rows)
            ]
    return faults


def _table(faults: Sequence[Quarantined], redacted: Sequence[str]) -> pa.Table:
    """The faults by object and line; of each reason the first `SHOWN_ROWS` with their contents."""
    seen = Counter[Fault]()
    rows = []
    for fault in sorted(faults, key=lambda fault: (fault.object, fault.line or 0)):
        seen[fault.fault] += 1
        shown = fault.content if seen[fault.fault] <= SHOWN_ROWS else None
        rows.append(
            {
                "object": fault.object,
                "line": fault.line,
                "reason": str(fault.fault),
                "content": redact({"content": shown}, redacted).texts["content"],
                "time": fault.time,
            }
        )
    return pa.Table.from_pylist(rows, schema=FAULTS_SCHEMA)
