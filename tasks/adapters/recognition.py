"""The newest objects of a source and their beginnings, to tell which format they have."""

import zlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from typing import Final

import pyarrow as pa

from configs.source import Source
from tasks.adapters.locations import open_storage
from tasks.adapters.staging import GZIP_MAGIC, ZSTD_MAGIC
from tasks.adapters.storage import Storage, StoredObject
from tasks.core.errors import UnreadableObjectError
from tasks.core.records.folders import Folders, holds, split_location
from tasks.core.records.formats import FORMATS
from tasks.core.records.layout import SourceColumns
from tasks.core.records.recognise import Head, Seen, reads, recognise
from tasks.core.window import Window

OBJECTS: Final = 5  # of one location
HEAD_BYTES: Final = 2**20
RECENT: Final = timedelta(days=1)
THREADS: Final = 16
DATED: Final = sorted({kind.folders for kind in FORMATS.values()} - {""})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What was recognised, and the time of the newest object: that of its folder, else of its last writing.

    `newest` is None where there are no objects.
    """

    seen: Seen
    newest: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Newest:
    """The newest objects of one location, and the folders that its own dates make."""

    storage: Storage
    folders: Folders
    objects: Sequence[StoredObject]


def sight(source: Source, moment: datetime) -> Sighting:
    """The format of the newest objects of a source; raises StorageError where a location cannot be read."""
    locations = [source.inputs] if source.outputs is None else [source.inputs, source.outputs]
    found = [_newest(location, source.endpoint_url, moment) for location in locations]
    heads = [head for one in found for stored in one.objects if (head := _head(one.storage, stored)) is not None]
    said = SourceColumns(join_on=source.join_on, time_column=source.time_column, columns=source.columns)
    seen = recognise(heads, said)
    times = [_time_of(one.folders, stored, seen.format) for one in found for stored in one.objects]
    return Sighting(seen=seen, newest=max(times, default=None))


def _newest(location: str, endpoint_url: str | None, moment: datetime) -> Newest:
    """The newest objects in the dated folders of the last day; else of all below the location.

    A location without dates may itself hold objects, or the dated folders of any format.
    """
    root, own = split_location(location, "")
    storage = open_storage(root, endpoint_url)
    recent = Window(start=moment - RECENT, end=moment)
    dated = [own] if own.is_dated else [_below(own, folders) for folders in DATED]
    prefixes = [prefix for folders in dated for prefix in folders.covering(recent)]
    objects = _listed(storage, prefixes) or _listed(storage, ["" if own.is_dated else own.template])
    dated_alike = [one for one in objects if not own.is_dated or own.time_of(one.key) is not None]
    ranked = sorted(dated_alike, key=lambda one: (not _is_passed_over(one), one.modified, one.key), reverse=True)
    return Newest(storage=storage, folders=own, objects=ranked[:OBJECTS])


def _listed(storage: Storage, prefixes: Sequence[str]) -> list[StoredObject]:
    with ThreadPoolExecutor(THREADS) as pool:
        pages = pool.map(storage.list, prefixes)
        return [
            one
            for prefix, page in zip(prefixes, pages, strict=True)
            for one in page
            if one.size and holds(prefix, one.key)
        ]


def _below(own: Folders, folders: str) -> Folders:
    return Folders(template=f"{own.template}/{folders}".lstrip("/"))


def _is_passed_over(stored: StoredObject) -> bool:
    """Whether a format has such objects beside its logs."""
    return any(kind.passed_over is not None and not reads(kind, stored.key) for kind in FORMATS.values())


def _time_of(own: Folders, stored: StoredObject, name: str | None) -> datetime:
    folders = FORMATS[name].folders if name is not None and not own.is_dated else ""
    return (_below(own, folders) if folders else own).time_of(stored.key) or stored.modified


class _Enough(Exception):  # noqa: N818  it ends a reading, nothing is broken
    """The head of an object is there."""


class _Sink(BytesIO):
    """Takes the head of an object, then raises _Enough."""

    def writelines(self, chunks: Iterable[bytes], /) -> None:  # type: ignore[override]
        """Take chunks while they are wanted."""
        for chunk in chunks:
            self.write(chunk)
            if self.tell() > HEAD_BYTES:
                raise _Enough


def _head(storage: Storage, stored: StoredObject) -> Head | None:
    """The beginning of an object, decompressed; None where it cannot be read."""
    sink = _Sink()
    try:
        storage.read(stored.key, sink)
        is_whole = True
    except _Enough:
        is_whole = False
    except (FileNotFoundError, UnreadableObjectError):
        return None
    content = _decompressed(sink.getvalue())
    return Head(
        key=stored.key,
        modified=stored.modified,
        content=content[:HEAD_BYTES],
        is_whole=is_whole and len(content) <= HEAD_BYTES,
    )


def _decompressed(raw: bytes) -> bytes:
    """At most a byte more than a head of what the bytes hold; of damaged ones what is whole before the damage."""
    if raw.startswith(GZIP_MAGIC):
        return _gunzipped(raw)
    return _unzstd(raw) if raw.startswith(ZSTD_MAGIC) else raw


def _gunzipped(raw: bytes) -> bytes:
    content = b""
    try:
        while raw and len(content) <= HEAD_BYTES:
            member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
            content += member.decompress(raw, HEAD_BYTES + 1 - len(content))
            raw = member.unused_data
    except zlib.error:
        return content
    return content


def _unzstd(raw: bytes) -> bytes:
    content = b""
    with pa.CompressedInputStream(pa.BufferReader(raw), "zstd") as compressed:
        try:
            while len(content) <= HEAD_BYTES and (chunk := compressed.read(2**16)):
                content += chunk
        except OSError:
            return content
    return content
