"""The sampled interactions, read from their lines: the second reading, which parses the wide columns of few rows."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from configs.source import Source
from tasks.adapters.reading import lines_of
from tasks.adapters.slicing import beside, load_references
from tasks.adapters.source import Place, slices
from tasks.adapters.staging import Scratch
from tasks.adapters.storage import StoredObject
from tasks.core.errors import SourceError
from tasks.core.records import wide
from tasks.core.records.interaction import logged
from tasks.core.records.json_value import Json, Row, parsed, parsed_record, text_at

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Engine

# DuckDB takes files of lines for small, and would build its hash table on all of them instead of on the sample.
AS_WRITTEN: Final = "SET disabled_optimizers = 'join_order,build_side_probe_side'"
BATCH_ROWS: Final = 500
ELSEWHERE: Final = "FROM found WHERE row IS NULL"  # the rows that lie in files beside their objects
PART_BYTES: Final = 8 * 2**20  # of rows that are parsed at once
OWN: Final = 'SELECT object, number, side, id, record, "group" FROM own ORDER BY "group", number'
KIN: Final = 'SELECT DISTINCT record FROM kin WHERE "group" = ? ORDER BY record'
ROWS_SCHEMA: Final = pa.schema(
    [("number", pa.int64()), ("side", pa.uint8()), ("id", pa.string()), ("row", pa.string())]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """The objects of a source by the numbers of their versions, with the place that each lies in."""

    places: Sequence[Place]
    objects: Mapping[int, tuple[Place, StoredObject]]

    def groups(self, numbers: Sequence[int]) -> Iterator[tuple[Place, dict[int, StoredObject]]]:
        """Some of the objects by place, in slices."""
        for place in self.places:
            mine = {number: self.objects[number][1] for number in numbers if self.objects[number][0] is place}
            by_key = {stored.key: number for number, stored in mine.items()}
            for group in slices(sorted(mine.values(), key=lambda stored: stored.key)):
                yield place, {by_key[stored.key]: stored for stored in group}


def read_sampled(
    engine: "Engine", source: Source, library: Library, near: Collection[int], scratch: Scratch
) -> Iterator[pa.RecordBatch]:
    """The interactions of the table `sampled`, in its order, as `interaction.logged`.

    `near` are the objects in which other records of the same traces are looked for.

    Raises SourceError where a line is no longer what it was when the halves were read.
    """
    engine.execute(wide.WANTED)
    engine.execute("CREATE OR REPLACE TABLE rows (number BIGINT, side UTINYINT, id VARCHAR, row JSON)")
    engine.execute(
        "CREATE OR REPLACE TABLE own "
        '(object UBIGINT, number BIGINT, side UTINYINT, id VARCHAR, record VARCHAR, "group" VARCHAR)'
    )
    engine.execute('CREATE OR REPLACE TABLE kin ("group" VARCHAR, record VARCHAR)')
    engine.execute("CREATE OR REPLACE TABLE referenced_files (object UBIGINT, reference VARCHAR, content JSON)")
    numbers = [number for (number,) in engine.execute("SELECT DISTINCT object FROM wanted_lines").fetchall()]
    engine.execute(AS_WRITTEN)
    for place, group in library.groups(numbers):
        _read_group(engine, place, group, scratch)
    engine.execute("RESET disabled_optimizers")
    if source.layout.group is not None:
        _read_kin(engine, source, library, near, scratch)
    for place in library.places:
        if place.kind.decode is not None:
            _decode(engine, place, library)
    _check(engine)
    _define_uris(engine, library, numbers)
    schema = logged(source.segments)
    later = {name: one.all_columns for name, one in source.later.items()}
    for part in engine.execute(wide.PARTS, {"bytes": PART_BYTES}).fetchall():
        query = wide.interactions(source.columns, later, source.segments, part)
        reader = engine.sql(query).to_arrow_reader(BATCH_ROWS)
        for batch in reader:
            yield from pa.Table.from_batches([batch]).cast(schema).to_batches()


def _read_group(engine: "Engine", place: Place, group: Mapping[int, StoredObject], scratch: Scratch) -> None:
    kind, layout = place.kind, place.layout
    query, kept = (wide.rows(layout), "rows") if kind.decode is None else (wide.own_records(layout), "own")
    with lines_of(engine, kind, place.storage, group, scratch) as found:
        found.read("found", query)
        if layout.reference is not None and engine.execute(ELSEWHERE).fetchone():
            found.read("referring", wide.references(layout))
            load_references(engine, place, group, engine.execute("SELECT DISTINCT * FROM referring").fetchall())
            found.read("found", query)
    engine.execute(f"INSERT INTO {kept} SELECT DISTINCT ON (number, side) * FROM found")


def _read_kin(engine: "Engine", source: Source, library: Library, near: Collection[int], scratch: Scratch) -> None:
    """Find the other records of the groups that the sampled ones are of, in the objects that are near."""
    if engine.execute('FROM own WHERE "group" IS NOT NULL LIMIT 1').fetchone() is None:
        return
    for place, group in library.groups([number for number in library.objects if number in near]):
        with lines_of(engine, source.layout_format, place.storage, group, scratch) as found:
            found.read("found", wide.kin_records(source.layout))
        engine.execute("INSERT INTO kin SELECT * FROM found")


def _decode(engine: "Engine", place: Place, library: Library) -> None:
    """Make the rows of the records that were found in one place; what they share with others is read once a group."""
    decode = place.kind.decode
    if decode is None:
        return
    mine = {number for number, (one, _) in library.objects.items() if one is place}
    cursor = engine.cursor()  # a connection has one open result, and rows are written while this one is read
    owned = (one for batch in cursor.sql(OWN).to_arrow_reader(BATCH_ROWS) for one in batch.to_pylist())
    rows: list[Row] = []
    for group, members in groupby((one for one in owned if one["object"] in mine), key=itemgetter("group")):
        kin = {text: parsed_record(text) for (text,) in engine.execute(KIN, [group]).fetchall()}
        for one in members:
            own = parsed_record(one["record"])
            records = [own, *(record for text, record in kin.items() if text != one["record"])]
            halves = decode(records, _bodies(library, one["object"], own, place.kind.bodies))
            row = _text(halves[min(one["side"], 1)])
            rows.append({name: one[name] for name in ("number", "side", "id")} | {"row": row})
            if len(rows) == BATCH_ROWS:
                _keep(engine, rows)
                rows = []
    _keep(engine, rows)


def _keep(engine: "Engine", rows: Sequence[Row]) -> None:
    engine.register("decoded", pa.Table.from_pylist(rows, schema=ROWS_SCHEMA))
    engine.execute("INSERT INTO rows SELECT * FROM decoded")
    engine.unregister("decoded")


def _text(row: Row) -> str:
    """A row as JSON that can be stored: half a character, as broken texts have it, becomes a question mark."""
    return json.dumps(row, ensure_ascii=False).encode(errors="replace").decode()


def _bodies(library: Library, number: int, record: Json, paths: Sequence[str]) -> dict[str, Json]:
    """The bodies that a record names, by reference; those that cannot be read are missing."""
    place, stored = library.objects[number]
    references = [reference for path in paths if (reference := text_at(record, *path.split(".")[1:]))]
    found = {reference: beside(place, stored, reference) for reference in references}
    return {reference: parsed(text) for reference, text in found.items() if text is not None}


def _check(engine: "Engine") -> None:
    (wanted,) = engine.execute("SELECT count(*) FROM wanted_lines").fetchone() or (0,)
    (found,) = engine.execute("SELECT count(*) FROM rows").fetchone() or (0,)
    if found != wanted:
        message = f"{wanted - found} of {wanted} sampled lines changed while they were read; the run tries again"
        raise SourceError(message)


def _define_uris(engine: "Engine", library: Library, numbers: Sequence[int]) -> None:
    engine.execute("CREATE OR REPLACE TABLE objects (object UBIGINT, uri VARCHAR)")
    found = [library.objects[number] for number in numbers]
    uris = [f"{place.storage.root}/{stored.key}" for place, stored in found]
    engine.execute("INSERT INTO objects SELECT unnest($1::UBIGINT[]), unnest($2::VARCHAR[])", [numbers, uris])
