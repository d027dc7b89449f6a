"""The objects of a source: listed by dated folders, in parallel, and cut into slices."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from configs.monitor import MonitorConfig
from configs.source import Later, Source
from tasks.adapters.locations import open_storage
from tasks.adapters.secret import resolve
from tasks.adapters.storage import Storage, StoredObject
from tasks.core.records.decode import Side
from tasks.core.records.facts import Facts
from tasks.core.records.folders import Folders, holds, split_location
from tasks.core.records.formats import Format
from tasks.core.records.layout import WHOLE, Layout
from tasks.core.window import Window

THREADS: Final = 16
SLICE_BYTES: Final = 256 * 2**20
SLICE_OBJECTS: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One location of a source: its storage, the folders in it, how its records are read, and the side that they are.

    The side counts where the format does not say it. With `needs_objects`, rows that are no objects cannot be used.
    `facts` are what is kept of every row.
    """

    storage: Storage
    folders: Folders
    side: Side
    kind: Format
    layout: Layout
    needs_objects: bool
    facts: Facts

    @property
    def inline_facts(self) -> Facts:
        """The facts that the rows hold as they are logged; none where the format has to decode them."""
        return self.facts if self.kind.decode is None else Facts(are_kept=self.facts.are_kept)

    def home_of(self, stored: StoredObject) -> datetime | None:
        """The time that the object's folder names; None where locations name none."""
        return self.folders.time_of(stored.key)


def open_places(config: MonitorConfig) -> list[Place]:
    """The locations of a monitor's source, inputs first; raises StorageError where one does not exist."""
    source, facts = config.source, config.facts
    places = [_place(source, source.inputs, Side.INPUT, facts)]
    if source.outputs is not None:
        places.append(_place(source, source.outputs, Side.OUTPUT, facts))
    for name, later in source.later.items():
        one = _place(source, later.location, Side[name.upper()], Facts(are_kept=facts.are_kept), later)
        places.append(one)
    return places


def _place(source: Source, location: str, side: Side, facts: Facts, later: Later | None = None) -> Place:
    of = later or source
    root, folders = split_location(location, of.layout_format.folders)
    columns = later.all_columns if later else source.columns
    return Place(
        storage=open_storage(root, source.endpoint_url),
        folders=folders,
        side=side,
        kind=of.layout_format,
        layout=of.layout,
        needs_objects=any(column != WHOLE for column in columns.values()),
        facts=facts,
    )


def salt_of(config: MonitorConfig) -> str:
    """The secret that users and sessions are hashed with; raises ConfigError where it is not there."""
    reference = config.usage.salt if config.usage else None
    return resolve(reference, "usage.salt") if reference else ""


def objects_of(place: Place, span: Window) -> list[StoredObject]:
    """The objects that can hold events of the span, in the order of their keys, each once.

    Dated folders are chosen by their dates; what was last written before the span cannot hold its events. Empty objects
    hold nothing.
    """
    prefixes = list(place.folders.covering(span))
    with ThreadPoolExecutor(THREADS) as pool:
        pages: Sequence[list[StoredObject]] = list(pool.map(place.storage.list, prefixes))
    found = {
        stored.key: stored
        for prefix, page in zip(prefixes, pages, strict=True)
        for stored in page
        if stored.size
        and holds(prefix, stored.key)
        and stored.key.endswith(place.kind.suffixes)
        and not (place.kind.passed_over and place.kind.passed_over in f"/{stored.key}")
        and (place.folders.is_dated or stored.modified >= span.start)
    }
    return sorted(found.values(), key=lambda stored: stored.key)


def covering(place: Place, span: Window) -> Callable[[StoredObject], bool]:
    """What tells whether an object, were it still there, would be among `objects_of` the span."""
    prefixes = list(place.folders.covering(span))

    def covers(stored: StoredObject) -> bool:
        return any(holds(prefix, stored.key) for prefix in prefixes) and (
            place.folders.is_dated or stored.modified >= span.start
        )

    return covers


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
