"""Staging: the objects of a window brought to a bounded scratch directory as files that DuckDB reads."""

import gzip
import shutil
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Final

from tasks.adapters.locations import local_path
from tasks.adapters.storage import Storage, StoredObject
from tasks.core.errors import ScratchError, SourceError
from tasks.core.records.decode import Fault

THREADS: Final = 16
CHUNK_BYTES: Final = 4 * 2**20
GZIP_MAGIC: Final = b"\x1f\x8b"
GLOB: Final = frozenset("*?[]{}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """One object as a local file, decompressed; `fault` says that only what was whole before the damage is there."""

    uri: str
    key: str
    etag: str
    size: int
    modified: datetime
    path: Path
    fault: Fault | None


def stage(storage: Storage, objects: Sequence[StoredObject], scratch: Path, budget: "Budget") -> list[Staged]:
    """Bring the objects to `scratch`, in parallel, in their order; plain local files are read where they are.

    Raises ScratchError where they would take more than the budget has left, SourceError where an object
    changed since it was listed.
    """
    if local_path(storage.root) is None:
        budget.take(sum(stored.size for stored in objects))
    with ThreadPoolExecutor(THREADS) as pool:
        jobs = [
            pool.submit(_stage_one, storage, stored, scratch / f"{index:06d}", budget)
            for index, stored in enumerate(objects)
        ]
        return [job.result() for job in jobs]


def _stage_one(storage: Storage, stored: StoredObject, target: Path, budget: "Budget") -> Staged:
    folder = local_path(storage.root)
    path = target if folder is None else folder / stored.key
    try:
        if folder is not None and GLOB.intersection(str(path)):
            target.symlink_to(path)  # DuckDB would take the name for a pattern
            path = target
        if folder is None:
            with path.open("wb") as sink:
                storage.read(stored.key, sink, etag=stored.etag)
        with path.open("rb") as source:
            compressed = source.read(2) == GZIP_MAGIC
    except FileNotFoundError as error:
        message = f"{storage.root}/{stored.key} vanished or changed while it was read; the run tries again"
        raise SourceError(message) from error
    fault = None
    if compressed:
        plain = target.with_suffix(".plain")
        fault = _decompress(path, plain, budget)
        if folder is None:
            path.unlink()
        path = plain
    return Staged(
        uri=f"{storage.root}/{stored.key}",
        key=stored.key,
        etag=stored.etag,
        size=stored.size,
        modified=stored.modified,
        path=path,
        fault=fault,
    )


def _decompress(source: Path, target: Path, budget: "Budget") -> Fault | None:
    """Decompress every gzip member with its checksum.

    Of a file that was cut short, what is whole stays; where the bytes themselves are wrong, none can be trusted.
    """
    with gzip.open(source, "rb") as compressed, target.open("wb") as plain:
        try:
            while chunk := compressed.read1(CHUNK_BYTES):
                budget.take(len(chunk))
                plain.write(chunk)
        except EOFError:
            return Fault.TRUNCATED_GZIP
        except (gzip.BadGzipFile, zlib.error):
            plain.truncate(0)
            return Fault.DAMAGED_GZIP
    return None


class Budget:
    """Scratch space that several threads draw on; raises ScratchError when it is spent."""

    def __init__(self, scratch: Path, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._left = min(limit_bytes, shutil.disk_usage(scratch).free)
        self._lock = Lock()

    def take(self, size: int) -> None:
        """Draw `size` bytes."""
        with self._lock:
            self._left -= size
            if self._left < 0:
                message = (
                    "the objects of this window need more scratch space than there is "
                    f"(limit {self._limit / 1e9:.1f} GB): "
                    "shorten window.every, raise engine.scratch_gb, or point TMPDIR at a larger disk"
                )
                raise ScratchError(message)
