"""The halves of every object that was read, kept in the store, so that each version is read once for all windows."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tasks.adapters.slicing import FAULTS_SCHEMA, Sliced
from tasks.adapters.staging import Scratch
from tasks.adapters.storage import Storage, StoredObject, read_bytes
from tasks.core.measure import TIMESTAMP
from tasks.core.window import Window

THREADS: Final = 16
ROOT: Final = "halves"
INDEX: Final = "objects.json"
CONSIDERED: Final = f"{ROOT}/considered.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSlice:
    """A slice in the store: its folder, and the objects that it holds, by number; `place` is their location's number.

    `unread` are those that could not be read as a whole: they are tried again by the next run.
    """

    folder: str
    place: int
    objects: Mapping[int, StoredObject]
    unread: frozenset[int]


def owners(slices: Sequence[KeptSlice]) -> dict[int, int]:
    """By object, the place among the slices of the one that counts for it: a reading comes before a failed one."""
    found = {number: place for place, one in enumerate(slices) for number in one.unread}
    return found | {number: place for place, one in enumerate(slices) for number in one.objects.keys() - one.unread}


class Halves:
    """The slices below `halves/` in a monitor's store, by the day that their objects are of.

    `reader` names everything that the halves depend on beside the objects: a slice of another reader does not count.
    """

    def __init__(self, storage: Storage, reader: str) -> None:
        self._storage = storage
        self._reader = reader

    def known(self) -> list[KeptSlice]:
        """The slices of this reader."""
        indexes = [stored.key for stored in self._storage.list(f"{ROOT}/") if stored.key.endswith(INDEX)]
        with ThreadPoolExecutor(THREADS) as pool:
            found = pool.map(self._open, indexes)
            return [one for one in found if one is not None]

    def keep(self, sliced: Sliced, place: int, day: date) -> KeptSlice:
        """Write a slice; its index is written last, and makes it count."""
        name = hashlib.sha256(f"{self._reader} {sorted(sliced.objects)} {sorted(sliced.unread)}".encode()).hexdigest()[
            :24
        ]
        folder = f"{ROOT}/date={day:%Y-%m-%d}/{name}"
        self._storage.put_file(f"{folder}/halves.parquet", sliced.halves)
        faults = BytesIO()
        pq.write_table(sliced.faults, faults)
        self._storage.put(f"{folder}/faults.parquet", faults.getvalue())
        document = {
            "reader": self._reader,
            "place": place,
            "unread": sorted(sliced.unread),
            "objects": {number: _document(stored) for number, stored in sliced.objects.items()},
        }
        self._storage.put(f"{folder}/{INDEX}", json.dumps(document).encode())
        return KeptSlice(folder=folder, place=place, objects=sliced.objects, unread=sliced.unread)

    def fetch(self, slices: Sequence[KeptSlice], scratch: Scratch) -> list[Path]:
        """The files of halves in the scratch directory."""
        with ThreadPoolExecutor(THREADS) as pool:
            return list(pool.map(lambda kept: self._fetch(kept, scratch), slices))

    def faults(
        self,
        slices: Sequence[KeptSlice],
        objects: Collection[int],
        span: Window | None = None,
        columns: Sequence[str] = FAULTS_SCHEMA.names,
    ) -> pa.Table:
        """The unusable rows of some slices that are of the given objects, in a span of time, with some columns.

        A reading of an object counts before a failed one.
        """
        schema = pa.schema([FAULTS_SCHEMA.field(name) for name in columns])
        within = None
        if span is not None:
            start, end = (pa.scalar(edge, TIMESTAMP) for edge in (span.start, span.end))
            within = (pc.field("time") >= start) & (pc.field("time") < end)
        owner = owners(slices)
        with ThreadPoolExecutor(THREADS) as pool:
            tables = list(pool.map(lambda kept: self._faults(kept, schema.names, within), slices))
        mine = [
            table.filter(
                pc.is_in(table["object"], pa.array([one for one in objects if owner.get(one) == place], pa.uint64()))
            )
            for place, table in enumerate(tables)
        ]
        return pa.concat_tables([schema.empty_table(), *mine])

    def considered(self) -> set[str]:
        """The folders of the slices that no closed window has to be revised for any more."""
        try:
            return set(json.loads(read_bytes(self._storage, CONSIDERED)))
        except FileNotFoundError:
            return set()

    def consider(self, folders: Collection[str]) -> None:
        """Note the slices that no closed window has to be revised for any more."""
        self._storage.put(CONSIDERED, json.dumps(sorted(folders)).encode())

    def forget(self, before: date, read_before: datetime) -> int:
        """Delete the slices of days before `before` that were read before a moment; returns how many objects are gone.

        What was read since may be waited for: a backfill reads all of its days before the first window.
        """
        kept = f"{ROOT}/date={before:%Y-%m-%d}/"
        old = [
            one.key
            for one in self._storage.list(f"{ROOT}/")
            if f"{ROOT}/date=" < one.key < kept and one.modified < read_before
        ]
        for key in sorted(old, key=lambda key: not key.endswith(INDEX)):  # without its index, no slice counts
            self._storage.delete(key)
        return len(old)

    def _open(self, key: str) -> KeptSlice | None:
        try:
            document = json.loads(read_bytes(self._storage, key))
        except FileNotFoundError:  # another run has just forgotten it
            return None
        if document["reader"] != self._reader:
            return None
        objects = {int(number): _stored(one) for number, one in document["objects"].items()}
        return KeptSlice(
            folder=key.removesuffix(f"/{INDEX}"),
            place=document["place"],
            objects=objects,
            unread=frozenset(document["unread"]),
        )

    def _faults(self, kept: KeptSlice, columns: Sequence[str], within: pc.Expression | None) -> pa.Table:
        content = read_bytes(self._storage, f"{kept.folder}/faults.parquet")
        return pq.read_table(BytesIO(content), columns=list(columns), filters=within)

    def _fetch(self, kept: KeptSlice, scratch: Scratch) -> Path:
        target = scratch.path()
        with target.open("wb") as sink:
            self._storage.read(f"{kept.folder}/halves.parquet", sink)
        scratch.take(target.stat().st_size)
        return target


def _document(stored: StoredObject) -> dict[str, Any]:
    return {
        "key": stored.key,
        "size": stored.size,
        "etag": stored.etag,
        "modified": stored.modified.isoformat(),
    }


def _stored(document: Mapping[str, Any]) -> StoredObject:
    return StoredObject(**(dict(document) | {"modified": datetime.fromisoformat(document["modified"])}))
