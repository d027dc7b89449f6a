"""Intake: the objects that can matter to some windows, those that are new among them read, all by their halves."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from configs.monitor import MonitorConfig
from tasks.adapters.cluster import each, open_cluster
from tasks.adapters.database import engine_version
from tasks.adapters.halves import Halves, KeptSlice, owners
from tasks.adapters.locations import open_storage
from tasks.adapters.sampled import Library
from tasks.adapters.settling import Rules
from tasks.adapters.slicing import read_slice
from tasks.adapters.source import Place, covering, objects_of, open_places, salt_of, slices, version_of
from tasks.adapters.staging import Scratch, open_scratch
from tasks.adapters.storage import Storage, StoredObject
from tasks.core.window import Window

Progress = Callable[[int, int], None]
LAYOUT: Final = 4  # counts up when halves mean something else


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What is known of a source: the slices in the store, the newest version of each object, what was read just now.

    `listed` are the objects that can hold events of the span; `new` the numbers of those read by this call; `gone` are
    those that were read once and that the span's folders hold no more.
    """

    places: Sequence[Place]
    kept: Sequence[KeptSlice]
    listed: frozenset[int]
    new: frozenset[int]
    gone: Mapping[int, tuple[Place, StoredObject]]

    @property
    def library(self) -> Library:
        """Every object whose halves count, by number: of each object the version that is there, else the last one."""
        found: dict[tuple[int, str], tuple[int, StoredObject]] = {}
        for one in self.kept:
            for number, stored in one.objects.items():
                if number in self.gone:
                    continue
                place = (one.place, stored.key)
                found[place] = max(found.get(place, (number, stored)), (number, stored), key=self._rank)
        return Library(
            places=self.places,
            objects={number: (self.places[place], stored) for (place, _), (number, stored) in found.items()},
        )

    def files(self, halves: Halves, scratch: Scratch) -> list[tuple[Path, set[int]]]:
        """The files of halves, brought to scratch, with the objects that each is read for: of two readings, one."""
        objects = self.library.objects.keys()
        owner = owners(self.kept)
        owned: dict[int, set[int]] = {}
        for number in objects:
            owned.setdefault(owner[number], set()).add(number)
        paths = halves.fetch([self.kept[place] for place in owned], scratch)
        return list(zip(paths, owned.values(), strict=True))

    def _rank(self, version: tuple[int, StoredObject]) -> tuple[bool, datetime]:
        number, stored = version
        return number in self.listed, stored.modified


def take_in(config: MonitorConfig, store: Storage, span: Window, scratch: Scratch, progress: Progress) -> Intake:
    """Read the objects that can hold events of the span and are not known yet; `progress` goes by bytes."""
    places = open_places(config)
    halves = Halves(store, reader_of(config))
    kept = halves.known()
    known = {number for one in kept for number in one.objects.keys() - one.unread}
    found = [objects_of(place, span) for place in places]
    listed = {version_of(place, one) for place, objects in zip(places, found, strict=True) for one in objects}
    wanted = [
        (number, group)
        for number, (place, objects) in enumerate(zip(places, found, strict=True))
        for group in slices([one for one in objects if version_of(place, one) not in known])
    ]
    work = [Work(config=config, place=number, objects=tuple(group)) for number, group in wanted]
    read = _read_all(config, store, work, scratch, progress)
    new = frozenset(number for one in read for number in one.objects)
    keys = [{one.key for one in objects} for objects in found]
    covers = [covering(place, span) for place in places]
    gone = {
        number: (places[one.place], stored)
        for one in kept
        for number, stored in one.objects.items()
        if covers[one.place](stored) and stored.key not in keys[one.place]
    }
    return Intake(places=places, kept=[*kept, *read], listed=frozenset(listed) | new, new=new, gone=gone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One slice that is to be read: objects of the location numbered `place`."""

    config: MonitorConfig
    place: int
    objects: tuple[StoredObject, ...]

    @property
    def size(self) -> int:
        """The bytes of the objects."""
        return sum(stored.size for stored in self.objects)


def read_apart(work: Work) -> KeptSlice:
    """Read one slice in a scratch directory of its own; on a worker."""
    config = work.config
    store = open_storage(f"{config.store}/{config.name}", config.store_endpoint_url)
    with open_scratch(config.engine.scratch_gb) as scratch:
        return _read(work, store, scratch)


def _read_all(
    config: MonitorConfig, store: Storage, work: Sequence[Work], scratch: Scratch, progress: Progress
) -> list[KeptSlice]:
    """Read the slices, here or on the workers of a cluster."""
    total, sizes = sum(one.size for one in work), list[int]()

    def done(place: int) -> None:
        sizes.append(work[place].size)
        progress(sum(sizes), total)

    if config.engine.dask is None or not work:
        read = []
        for place, one in enumerate(work):
            read.append(_read(one, store, scratch))
            done(place)
        return read
    with open_cluster(config.engine.dask) as client:
        return each(client, read_apart, work, done)


def _read(work: Work, store: Storage, scratch: Scratch) -> KeptSlice:
    config = work.config
    place = open_places(config)[work.place]
    sliced = read_slice(place, work.objects, scratch, config)
    day = (place.home_of(work.objects[0]) or work.objects[0].modified).date()
    one = Halves(store, reader_of(config)).keep(sliced, work.place, day)
    sliced.halves.unlink()
    return one


def rules_of(config: MonitorConfig) -> Rules:
    """The rules by which the monitor's halves are settled."""
    window = config.window
    return Rules(every=window.every, grace=window.grace, late=max(window.revise, window.grace))


def reader_of(config: MonitorConfig) -> str:
    """A name for what halves depend on: how they are laid out, where they lie, and what hashes them."""
    source = config.source
    salted = salt_of(config) if config.facts.with_people else ""
    layout = (
        f"{LAYOUT} {engine_version()} {source.format} {source.layout} {source.needs_objects} {sorted(config.redact)} "
        f"{[(name, one.location, one.format, one.layout) for name, one in source.later.items()]} "
        f"{config.facts.paths} {config.facts.segments} {salted}"
    )
    return hashlib.sha256(f"{layout} {source.inputs} {source.outputs}".encode()).hexdigest()[:16]
