"""The results of a monitor in its store: where each table lies, and how it is written and read."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from tasks.adapters.staging import Scratch
from tasks.adapters.storage import Storage, read_bytes
from tasks.core.errors import RevisionError
from tasks.core.manifest import Manifest
from tasks.core.window import Window, key_of, start_of_key

THREADS: Final = 16


def key(kind: str, window_start_key: str, revision: int, suffix: str = "parquet") -> str:
    """The key of one result: `<kind>/window=20261121T0600Z/rev=0.parquet`."""
    return f"{kind}/window={window_start_key}/rev={revision}.{suffix}"


def write_table(storage: Storage, place: str, table: pa.Table) -> str:
    """Write a table as Parquet, whole or not at all; returns its key."""
    sink = BytesIO()
    pq.write_table(table, sink, compression="zstd")
    storage.put(place, sink.getvalue())
    return place


def read_table(storage: Storage, place: str) -> pa.Table:
    """The table at a key; raises FileNotFoundError where there is none."""
    return pq.ParquetFile(pa.BufferReader(read_bytes(storage, place))).read()


def read_tables(storage: Storage, places: list[str]) -> list[pa.Table]:
    """Several tables, read in parallel, in their order."""
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(lambda place: read_table(storage, place), places))


def read_manifest(storage: Storage, window_start_key: str, revision: int) -> Manifest:
    """What a run has published of a revision of a window; raises FileNotFoundError where there is none."""
    return Manifest.model_validate_json(read_bytes(storage, key("runs", window_start_key, revision, "json")))


def fetch(places: list[str], storage: Storage, scratch: Scratch) -> list[Path]:
    """Several objects brought to the scratch directory, in parallel, in their order."""

    def one(place: str) -> Path:
        path = scratch.path()
        with path.open("wb") as sink:
            storage.read(place, sink)
        scratch.take(path.stat().st_size)
        return path

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, places))


def fitted(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The columns of a schema; one that the table does not have is null."""
    rows = table.num_rows
    columns = [
        table[field.name].cast(field.type) if field.name in table.column_names else pa.nulls(rows, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def day_folder(root: str, day: date) -> str:
    """The folder of a day: `<root>/date=2026-11-21/`."""
    return f"{root}/date={day:%Y-%m-%d}/"


def days_until(last: date, within: timedelta) -> list[date]:
    """The days before `last` that lie within a span of it, oldest first."""
    return [last - timedelta(days=number) for number in range(within.days, 0, -1)]


def read_days(storage: Storage, root: str, days: Iterable[date], schema: pa.Schema) -> pa.Table:
    """The tables of some days as one."""
    keys = [stored.key for day in days for stored in storage.list(day_folder(root, day))]
    return pa.concat_tables([schema.empty_table(), *read_tables(storage, keys)])


def revisions(storage: Storage) -> dict[datetime, int]:
    """The newest published revision of each window, by the window's start, oldest first."""
    newest: dict[datetime, int] = {}
    for stored in storage.list("runs/"):
        folder, name = stored.key.split("/")[-2:]
        start = start_of_key(folder.removeprefix("window="))
        revision = int(name.removeprefix("rev=").removesuffix(".json"))
        newest[start] = max(revision, newest.get(start, -1))
    return dict(sorted(newest.items()))


def check_unpublished(storage: Storage, monitor: str, window_start_key: str, revision: int) -> None:
    """Raises RevisionError where a run has published this revision of a window."""
    place = key("runs", window_start_key, revision, "json")
    if storage.list(place):
        message = f"{storage.root}/{place} exists: another run of {monitor} was faster; its results stand"
        raise RevisionError(message)


def window_before(published: dict[datetime, int], window: Window) -> tuple[str, int] | None:
    """The key and revision of the newest published window before this one; None where there is none."""
    earlier = [start for start in published if start < window.start]
    if not earlier:
        return None
    start = max(earlier)
    return key_of(start), published[start]
