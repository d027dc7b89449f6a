"""The objects of a source that can hold a window: listed by dated folders, in parallel."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from tasks.adapters.locations import open_storage
from tasks.adapters.storage import Storage, StoredObject
from tasks.core.records.folders import Folders, holds, split_location
from tasks.core.window import Window

THREADS: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One side of a source: its storage and the folders in it."""

    storage: Storage
    folders: Folders


def open_place(location: str, default_folders: str, endpoint_url: str | None) -> Place:
    """The place of a location; raises StorageError where it does not exist."""
    root, folders = split_location(location, default_folders)
    return Place(storage=open_storage(root, endpoint_url), folders=folders)


def objects_of(place: Place, window: Window, reach: timedelta, suffixes: tuple[str, ...]) -> list[StoredObject]:
    """The objects in the folders that the window reaches, in order, each once; empty objects hold nothing."""
    prefixes = list(place.folders.covering(window, reach))
    with ThreadPoolExecutor(THREADS) as pool:
        pages: Sequence[list[StoredObject]] = list(pool.map(place.storage.list, prefixes))
    found = {
        stored.key: stored
        for prefix, page in zip(prefixes, pages, strict=True)
        for stored in page
        if stored.size and holds(prefix, stored.key) and stored.key.endswith(suffixes)
    }
    return sorted(found.values(), key=lambda stored: stored.key)
