"""The objects of a source: listed by dated folders, in parallel, and cut into slices."""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from configs.monitor import Source
from tasks.adapters.locations import open_storage
from tasks.adapters.storage import Storage, StoredObject
from tasks.core.records.decode import Side
from tasks.core.records.folders import Folders, holds, split_location
from tasks.core.records.formats import Format
from tasks.core.window import Window

THREADS: Final = 16
SLICE_BYTES: Final = 256 * 2**20
SLICE_OBJECTS: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One location of a source: its storage, the folders in it, and the side that it holds where formats do not say."""

    storage: Storage
    folders: Folders
    side: Side

    def home_of(self, stored: StoredObject) -> datetime | None:
        """The time that the object's folder names; None where locations name none."""
        return self.folders.time_of(stored.key)


def open_places(source: Source) -> list[Place]:
    """The locations of a source, inputs first; raises StorageError where one does not exist."""
    locations = [source.inputs] if source.outputs is None else [source.inputs, source.outputs]
    places = []
    for side, location in zip(Side, locations, strict=False):
        root, folders = split_location(location, source.layout_format.folders)
        places.append(Place(storage=open_storage(root, source.endpoint_url), folders=folders, side=side))
    return places


def objects_of(place: Place, span: Window, kind: Format) -> list[StoredObject]:
    """The objects that can hold events of the span, in the order of their keys, each once.

    Dated folders are chosen by their dates; what was last written before the span cannot hold its events. Empty objects
    hold nothing.
    """
    prefixes = list(place.folders.covering(span, timedelta(0)))
    with ThreadPoolExecutor(THREADS) as pool:
        pages: Sequence[list[StoredObject]] = list(pool.map(place.storage.list, prefixes))
    found = {
        stored.key: stored
        for prefix, page in zip(prefixes, pages, strict=True)
        for stored in page
        if stored.size
        and holds(prefix, stored.key)
        and stored.key.endswith(kind.suffixes)
        and not (kind.passed_over and kind.passed_over in f"/{stored.key}")
        and (place.folders.is_dated or stored.modified >= span.start)
    }
    return sorted(found.values(), key=lambda stored: stored.key)


def slices(objects: Sequence[StoredObject]) -> Iterator[list[StoredObject]]:
    """The objects in groups that fit into the memory of one machine, in their order."""
    group: list[StoredObject] = []
    size = 0
    for stored in objects:
        if group and (size + stored.size > SLICE_BYTES or len(group) == SLICE_OBJECTS):
            yield group
            group, size = [], 0
        group.append(stored)
        size += stored.size
    if group:
        yield group


def version_of(place: Place, stored: StoredObject) -> int:
    """A number for one version of an object, from 0 to 2**64 - 1."""
    name = f"{place.side} {place.storage.root}/{stored.key} {stored.etag} {stored.size}"
    return int.from_bytes(hashlib.md5(name.encode("utf-8", "surrogatepass"), usedforsecurity=False).digest()[:8])
