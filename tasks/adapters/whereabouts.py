"""Where the halves of one call lie: what became of each, in which object, on which line."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from configs.monitor import MonitorConfig
from tasks.adapters import lines, settling
from tasks.adapters.engine import open_engine
from tasks.adapters.halves import Halves
from tasks.adapters.intake import Intake, reader_of, rules_of
from tasks.adapters.reading import lines_of
from tasks.adapters.sampled import Library
from tasks.adapters.source import Place, open_places, version_of
from tasks.adapters.staging import Scratch
from tasks.adapters.storage import Storage, StoredObject
from tasks.core.records import decode
from tasks.core.records.decode import Side
from tasks.core.records.facts import Facts
from tasks.core.records.fault import KEPT_CHARACTERS
from tasks.core.records.sample import key_of
from tasks.core.traced import Fate, HalfSeen
from tasks.core.window import window_at

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Engine

OF_KEY: Final = """
    SELECT DISTINCT object, side, index, time, line_hash FROM halves
    WHERE key = $1::UUID AND fault IS NULL ORDER BY time
"""
TEXTS: Final = f"""
    SELECT DISTINCT object, hash(line) AS line_hash, md5(line) AS digest, left(line, {KEPT_CHARACTERS}) AS head
    FROM lines WHERE hash(line) IN (SELECT unnest($hashes::UBIGINT[]))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """The halves of a call, and among how many slices of how many days they were looked for."""

    halves: tuple[HalfSeen, ...]
    slices: int
    days: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A half before its line is known; `number` is that of its object's version."""

    number: int
    side: Side
    time: datetime
    line_hash: int
    window_start: datetime
    fate: Fate | None


def find_halves(config: MonitorConfig, store: Storage, call: str, index: int | None, scratch: Scratch) -> Traces:
    """The halves of a call, of one of its rows where an `index` is given, from those that the store keeps.

    Raises ConfigError where the salt that they depend on is not there, StorageError where the logs' location is not.
    """
    kept = Halves(store, reader_of(config))
    known = kept.known()
    intake = Intake(places=open_places(config), kept=known, listed=frozenset(), new=frozenset(), gone={})
    library = intake.library
    with open_engine(scratch.folder, config.engine.memory_gb) as engine:
        settling.load(engine, intake.files(kept, scratch))
        rows = settling.fates_of(engine, key_of(call), rules_of(config))
        found = [_found(row) for row in rows if index is None or row["index"] == index]
        numbers = _line_numbers(engine, library, [(one.number, one.line_hash) for one in found], scratch)
    return Traces(
        halves=tuple(_seen(one, library.objects[one.number], line) for one, line in zip(found, numbers, strict=True)),
        slices=len(known),
        days=tuple(sorted({one.folder.split("/")[1].removeprefix("date=") for one in known})),
    )


def find_lines(
    config: MonitorConfig, call: str, index: int, objects: Mapping[str, str | None], scratch: Scratch
) -> tuple[HalfSeen, ...]:
    """The halves of one row of a call as they lie in some objects now; `objects` are the etags by URI.

    For what is so old that the store keeps no halves of it. An object that was written again since has no etag.
    """
    library = _library(open_places(config), objects)
    found: dict[tuple[int, int], _Found] = {}
    with open_engine(scratch.folder, config.engine.memory_gb) as engine:
        for number, (place, stored) in library.objects.items():
            for one in _of_key(engine, place, number, stored, call, scratch):
                if one["index"] == index:
                    start = window_at(one["time"], config.window.every).start
                    found.setdefault((number, one["side"]), _found(one | {"window_start": start, "fate": None}))
        halves = list(found.values())
        numbers = _line_numbers(engine, library, [(one.number, one.line_hash) for one in halves], scratch)
    etags = {f"{place.storage.root}/{stored.key}": stored.etag for place, stored in library.objects.values()}
    return tuple(
        _seen(one, library.objects[one.number], line, is_known=_is_same(etags, objects, library.objects[one.number]))
        for one, line in zip(halves, numbers, strict=True)
    )


def _is_same(now: Mapping[str, str], then: Mapping[str, str | None], of: tuple[Place, StoredObject]) -> bool:
    uri = f"{of[0].storage.root}/{of[1].key}"
    return now[uri] == then[uri]


def _library(places: Sequence[Place], uris: Collection[str]) -> Library:
    """The objects that are there of some URIs."""
    objects: dict[int, tuple[Place, StoredObject]] = {}
    for place in places:
        root = f"{place.storage.root}/"
        for key in (uri.removeprefix(root) for uri in uris if uri.startswith(root)):
            for stored in place.storage.list(key):
                if stored.key == key:
                    objects[version_of(place, stored)] = (place, stored)
    return Library(places=places, objects=objects)


def _of_key(
    engine: "Engine", place: Place, number: int, stored: StoredObject, call: str, scratch: Scratch
) -> Iterator[dict[str, Any]]:
    """The halves of a call in one object, by its own lines; rows that lie in files beside it are not looked at."""
    with lines_of(engine, place.kind, place.storage, {number: stored}, scratch) as found:
        engine.execute("CREATE OR REPLACE TABLE referenced_files (object UBIGINT, reference VARCHAR, content JSON)")
        query = decode.thorough(place.layout, "lines", place.side, Facts(), needs_objects=place.needs_objects)
        found.read("halves", query)
    rows = engine.execute(OF_KEY, [str(key_of(call))])
    names = [column[0] for column in rows.description or ()]
    yield from (dict(zip(names, row, strict=True)) for row in rows.fetchall())


def _found(row: Mapping[str, Any]) -> _Found:
    return _Found(
        number=row["object"],
        side=Side(row["side"]),
        time=row["time"],
        line_hash=row["line_hash"],
        window_start=row["window_start"],
        fate=None if row["fate"] is None else Fate(row["fate"]),
    )


def _seen(found: _Found, of: tuple[Place, StoredObject], line: int | None, *, is_known: bool = True) -> HalfSeen:
    place, stored = of
    return HalfSeen(
        side=found.side.name.lower(),
        object=f"{place.storage.root}/{stored.key}",
        line=line,
        etag=stored.etag if is_known else None,
        time=found.time,
        window_start=found.window_start,
        fate=found.fate,
    )


def _line_numbers(
    engine: "Engine", library: Library, wanted: Sequence[tuple[int, int]], scratch: Scratch
) -> list[int | None]:
    """The numbers of some lines, given by object and hash; None where an object has no such line any more.

    Where a line stands in an object several times, each of its halves gets the next.
    """
    places: dict[tuple[int, int], list[int]] = {}
    for place, group in library.groups(sorted({number for number, _ in wanted})):
        with lines_of(engine, place.kind, place.storage, group, scratch) as found:
            found.read("texts", TEXTS.replace("$hashes", _listed(line_hash for _, line_hash in wanted)))
            for number in group:
                rows = engine.execute(
                    "SELECT line_hash, digest, head FROM texts WHERE object = $1", [number]
                ).fetchall()
                hashes = {digest: line_hash for line_hash, digest, _ in rows}
                heads = {digest: head for _, digest, head in rows}
                for line, digest in lines.numbers(found.numbered[number], heads) if heads else ():
                    places.setdefault((number, hashes[digest]), []).append(line)
    return [
        at[min(wanted[:place].count(one), len(at) - 1)] if (at := places.get(one)) else None
        for place, one in enumerate(wanted)
    ]


def _listed(hashes: Iterator[int]) -> str:
    return f"[{', '.join(map(str, sorted(set(hashes))))}]"
