"""Intake: the objects that can matter to some windows, those that are new among them read, all by their halves."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from configs.monitor import MonitorConfig
from tasks.adapters.database import engine_version
from tasks.adapters.halves import Halves, KeptSlice
from tasks.adapters.sampled import Library
from tasks.adapters.settling import Rules
from tasks.adapters.slicing import read_slice
from tasks.adapters.source import Place, objects_of, open_places, slices, version_of
from tasks.adapters.staging import Scratch
from tasks.adapters.storage import Storage, StoredObject
from tasks.core.window import Window

Progress = Callable[[int, int], None]
LAYOUT: Final = 1  # counts up when halves mean something else


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What is known of a source: the slices in the store, the newest version of each object, what was read just now.

    `listed` are the objects that can hold events of the span; `new` the numbers of those read by this call.
    """

    places: Sequence[Place]
    kept: Sequence[KeptSlice]
    listed: frozenset[int]
    new: frozenset[int]

    @property
    def library(self) -> Library:
        """Every object whose halves count, by number: of each object the version that is there, else the last one."""
        found: dict[tuple[int, str], tuple[int, StoredObject]] = {}
        for one in self.kept:
            for number, stored in one.objects.items():
                place = (one.place, stored.key)
                found[place] = max(found.get(place, (number, stored)), (number, stored), key=self._rank)
        return Library(
            places=self.places,
            objects={number: (self.places[place], stored) for (place, _), (number, stored) in found.items()},
        )

    def files(self, halves: Halves, folder: Path) -> list[tuple[Path, set[int]]]:
        """The files of halves in a local folder, with the objects that each is read for: of two readings, one."""
        objects = self.library.objects.keys()
        owner = {number: place for place, one in enumerate(self.kept) for number in one.objects if number in objects}
        owned: dict[int, set[int]] = {}
        for number, place in owner.items():
            owned.setdefault(place, set()).add(number)
        paths = halves.fetch([self.kept[place] for place in owned], folder)
        return list(zip(paths, owned.values(), strict=True))

    def _rank(self, version: tuple[int, StoredObject]) -> tuple[bool, datetime]:
        number, stored = version
        return number in self.listed, stored.modified


def take_in(config: MonitorConfig, store: Storage, span: Window, scratch: Scratch, progress: Progress) -> Intake:
    """Read the objects that can hold events of the span and are not known yet; `progress` goes by bytes."""
    places = open_places(config.source)
    halves = Halves(store, reader_of(config))
    kept = halves.known()
    known = {number for one in kept for number in one.objects.keys() - one.unread}
    found = [objects_of(place, span, config.source.layout_format) for place in places]
    listed = {version_of(place, one) for place, objects in zip(places, found, strict=True) for one in objects}
    wanted = [
        (number, group)
        for number, (place, objects) in enumerate(zip(places, found, strict=True))
        for group in slices([one for one in objects if version_of(place, one) not in known])
    ]
    total, done = sum(one.size for _, group in wanted for one in group), 0
    new: set[int] = set()
    for number, group in wanted:
        one = _read(config, halves, places, number, group, scratch)
        kept.append(one)
        new |= one.objects.keys()
        done += sum(stored.size for stored in group)
        progress(done, total)
    return Intake(places=places, kept=kept, listed=frozenset(listed | new), new=frozenset(new))


def _read(
    config: MonitorConfig,
    halves: Halves,
    places: Sequence[Place],
    number: int,
    group: Sequence[StoredObject],
    scratch: Scratch,
) -> KeptSlice:
    place = places[number]
    sliced = read_slice(config.source, place, group, scratch, config.engine.memory_gb, config.redact)
    day = (place.home_of(group[0]) or group[0].modified).date()
    one = halves.keep(sliced, number, day)
    sliced.halves.unlink()
    return one


def rules_of(config: MonitorConfig) -> Rules:
    """The rules by which the monitor's halves are settled."""
    window = config.window
    return Rules(every=window.every, grace=window.grace, late=max(window.revise, window.grace))


def reader_of(config: MonitorConfig) -> str:
    """A name for what halves depend on: how they are laid out, where they lie, and what hashes them."""
    source = config.source
    layout = (
        f"{LAYOUT} {engine_version()} {source.format} {source.layout} {source.needs_objects} {sorted(config.redact)}"
    )
    return hashlib.sha256(f"{layout} {source.inputs} {source.outputs}".encode()).hexdigest()[:16]
