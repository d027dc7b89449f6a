"""An interaction looked for in what the store holds: the published samples, and the quarantine."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tasks.adapters.results import key
from tasks.adapters.storage import Storage, read_bytes
from tasks.core.traced import Quarantined
from tasks.core.window import key_of

THREADS: Final = 16
IDS: Final = ("interaction_id", "correlation_id")
Progress = Callable[[int, int], None]
Place = tuple[datetime, int]  # the start of a window, and a revision


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Where an ID stands in a published sample, and the interactions there that have it: their own, or their call's."""

    start: datetime
    revision: int
    interactions: tuple[str, ...]


def find_sampled(store: Storage, windows: Mapping[datetime, int], name: str, progress: Progress) -> Sought | None:
    """The newest window whose sample has an ID, a few windows at a time; None where none of them has it."""
    newest_first = sorted(windows.items(), reverse=True)
    for place, table in _read(store, "interactions", newest_first, IDS, progress):
        own, calls = (table[column].to_pylist() for column in IDS)
        found = [one for one, call in zip(own, calls, strict=True) if name in {one, call}]
        if found:
            exact = [one for one in found if one == name]
            return Sought(start=place[0], revision=place[1], interactions=tuple(sorted(set(exact or found))))
    return None


def find_quarantined(store: Storage, windows: Mapping[datetime, int], name: str, most: int) -> list[Quarantined]:
    """At most so many lines in quarantine, the newest windows first, whose beginnings have an ID as a whole word."""
    word = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")
    newest_first = sorted(windows.items(), reverse=True)
    columns = ("object", "line", "reason", "content")
    rows = (
        Quarantined(window_start=start, object=row["object"], line=row["line"], reason=row["reason"])
        for (start, _), table in _read(store, "quarantine", newest_first, columns, lambda _done, _total: None)
        for row in table.filter(pc.match_substring(table["content"], name)).to_pylist()
        if word.search(row["content"])
    )
    return list(islice(rows, most))


def _read(
    store: Storage, kind: str, windows: Sequence[Place], columns: Sequence[str], progress: Progress
) -> Iterator[tuple[Place, pa.Table]]:
    """Some columns of a table of each window that is kept, read as they are taken, so many at a time."""
    kept = {stored.key for stored in store.list(f"{kind}/")}
    there = [one for one in windows if key(kind, key_of(one[0]), one[1]) in kept]

    def one(place: Place) -> pa.Table:
        content = read_bytes(store, key(kind, key_of(place[0]), place[1]))
        return pq.read_table(pa.BufferReader(content), columns=list(columns))

    with ThreadPoolExecutor(THREADS) as pool:
        for first in range(0, len(there), THREADS):
            some = there[first : first + THREADS]
            progress(first, len(there))
            yield from zip(some, pool.map(one, some), strict=True)
