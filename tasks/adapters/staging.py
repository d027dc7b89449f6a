"""Staging: objects brought to a bounded scratch directory as files that DuckDB reads."""

import gzip
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import BinaryIO, Final

import pyarrow as pa

from tasks.adapters.locations import local_path
from tasks.adapters.storage import Storage, StoredObject
from tasks.core.errors import ScratchError, UnreadableObjectError
from tasks.core.records.fault import Fault

THREADS: Final = 16
CHUNK_BYTES: Final = 4 * 2**20
GZIP_MAGIC: Final = b"\x1f\x8b"
ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
GLOB: Final = frozenset("*?[]{}")
ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """One object as a local file, decompressed; `stored` is the version that was read.

    `fault` says that only what was whole before the damage is there; `taken` is the scratch space that it takes.
    """

    stored: StoredObject
    path: Path
    fault: Fault | None
    taken: int


class Scratch:
    """A directory of staged files that takes at most so many bytes; raises ScratchError when more is wanted."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self.folder = folder
        self._limit = limit_bytes
        self._left = min(limit_bytes, shutil.disk_usage(folder).free)
        self._lock = Lock()
        self._names = 0

    def take(self, size: int) -> None:
        """Draw `size` bytes."""
        with self._lock:
            self._left -= size
            if self._left < 0:
                message = (
                    f"reading needs more scratch space than there is (limit {self._limit / 1e9:.1f} GB): "
                    "raise engine.scratch_gb, or point TMPDIR at a larger disk"
                )
                raise ScratchError(message)

    def give_back(self, staged: Sequence[Staged]) -> None:
        """Delete staged files; their space can be drawn on again."""
        for one in staged:
            if one.taken or one.path.is_symlink():
                one.path.unlink(missing_ok=True)
            with self._lock:
                self._left += one.taken

    def path(self) -> Path:
        """A path in the directory that nothing has."""
        with self._lock:
            self._names += 1
            return self.folder / f"{self._names:06d}"


@contextmanager
def open_scratch(scratch_gb: float) -> Iterator[Scratch]:
    """A directory of its own, which is gone after the block."""
    with tempfile.TemporaryDirectory(prefix="genwatch-") as folder:
        yield Scratch(Path(folder), int(scratch_gb * 1e9))


@contextmanager
def staged(storage: Storage, objects: Sequence[StoredObject], scratch: Scratch) -> Iterator[list[Staged]]:
    """The objects as files, brought in parallel, in their order; plain local files are read where they are.

    An object that vanished, or that cannot be read however often, is there as an empty file with its fault.
    """
    with ThreadPoolExecutor(THREADS) as pool:
        jobs = [pool.submit(_stage, storage, stored, scratch) for stored in objects]
        found = [job.result() for job in jobs]
    try:
        yield found
    finally:
        scratch.give_back(found)


def _stage(storage: Storage, stored: StoredObject, scratch: Scratch) -> Staged:
    target = scratch.path()
    try:
        fetched = _fetch(storage, stored, target, scratch)
    except FileNotFoundError:
        target.touch()
        return Staged(stored=stored, path=target, fault=Fault.VANISHED_OBJECT, taken=0)
    except UnreadableObjectError:
        target.write_bytes(b"")
        return Staged(stored=stored, path=target, fault=Fault.UNREADABLE_OBJECT, taken=0)
    with fetched.path.open("rb") as source:
        head = source.read(len(ZSTD_MAGIC))
    unpack = next((one for magic, one in UNPACKERS.items() if head.startswith(magic)), None)
    return fetched if unpack is None else _unpacked(fetched, scratch, unpack)


def _fetch(storage: Storage, stored: StoredObject, target: Path, scratch: Scratch) -> Staged:
    """The object as it is now: where it was written again since it was listed, its new version."""
    folder = local_path(storage.root)
    if folder is not None:
        return _in_place(stored, folder, target)
    for _ in range(ATTEMPTS):
        try:
            scratch.take(stored.size)
            with target.open("wb") as sink:
                storage.read(stored.key, sink, etag=stored.etag)
            return Staged(stored=stored, path=target, fault=None, taken=stored.size)
        except FileNotFoundError:
            scratch.take(-stored.size)
            stored = _listed_again(storage, stored.key)
    raise FileNotFoundError(stored.key)


def _in_place(stored: StoredObject, root: Path, target: Path) -> Staged:
    path = root / stored.key
    if not path.exists() or not path.resolve().is_relative_to(root.resolve()):  # a link may have taken its place
        raise FileNotFoundError(path)
    if GLOB.intersection(str(path)):
        target.symlink_to(path)  # DuckDB would take the name for a pattern
        path = target
    return Staged(stored=stored, path=path, fault=None, taken=0)


def _listed_again(storage: Storage, key: str) -> StoredObject:
    """The object as it is listed now; raises FileNotFoundError where it is gone."""
    found = next((stored for stored in storage.list(key) if stored.key == key), None)
    if found is None:
        raise FileNotFoundError(key)
    return found


Unpack = Callable[[BinaryIO, BinaryIO, Callable[[int], None]], Fault | None]


def _unpacked(fetched: Staged, scratch: Scratch, unpack: Unpack) -> Staged:
    plain = scratch.path()
    taken = 0

    def take(size: int) -> None:
        nonlocal taken
        scratch.take(size)
        taken += size

    with fetched.path.open("rb") as source, plain.open("wb") as sink:
        fault = unpack(source, sink, take)
    scratch.give_back([fetched])
    return replace(fetched, path=plain, fault=fault, taken=taken)


def _gunzip(source: BinaryIO, sink: BinaryIO, take: Callable[[int], None]) -> Fault | None:
    """Decompress every gzip member with its checksum.

    Of a file that was cut short, what is whole stays; where the bytes themselves are wrong, none can be trusted.
    """
    with gzip.open(source, "rb") as compressed:
        try:
            while chunk := compressed.read1(CHUNK_BYTES):
                take(len(chunk))
                sink.write(chunk)
        except EOFError:
            return Fault.TRUNCATED_GZIP
        except (gzip.BadGzipFile, zlib.error):
            sink.truncate(0)
            return Fault.DAMAGED_GZIP
    return None


def _unzstd(source: BinaryIO, sink: BinaryIO, take: Callable[[int], None]) -> Fault | None:
    """Decompress zstd; of a damaged file nothing can be trusted."""
    try:
        with pa.CompressedInputStream(pa.PythonFile(source, "r"), "zstd") as compressed:
            while chunk := compressed.read(CHUNK_BYTES):
                take(len(chunk))
                sink.write(chunk)
    except OSError:
        sink.truncate(0)
        return Fault.DAMAGED_ZSTD
    return None


UNPACKERS: Final = {GZIP_MAGIC: _gunzip, ZSTD_MAGIC: _unzstd}
