"""Local files: every name that the file system can hold, written whole, and nothing outside the folder."""

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final
from uuid import uuid4

from tasks.adapters.storage import StoredObject, read_bytes, tree_fault
from tasks.core.errors import StorageError, UnreadableObjectError

CHUNK_BYTES: Final = 8 * 2**20
PART: Final = ".genwatch-part-"  # begins the name of a file that is still being written
REMEDIES: Final = {
    errno.EACCES: "permission denied; let this user {action} it",
    errno.EPERM: "permission denied; let this user {action} it",
    errno.EROFS: "the file system is read-only; name another location",
    errno.ENOSPC: "the disk is full; make room or name another location",
    errno.EDQUOT: "the disk quota is used up; make room or name another location",
    errno.ENAMETOOLONG: "the file system takes no name this long (mostly 255 bytes); shorten it",
    errno.ENOTDIR: "a file stands where a folder is due; rename one of them",
    errno.EEXIST: "a file stands where a folder is due; rename one of them",
    errno.EISDIR: "a folder stands where a file is due; rename one of them",
    errno.EOPNOTSUPP: "the file system has no hard links, which new files are claimed by; name another location",
}


class FileStorage:
    """The files below one folder, as objects.

    Links are not followed: what a link leads to inside the folder is listed under its own name, so that no line counts
    twice, and a link that leads out of the folder is an error, so that nothing is passed over.
    """

    def __init__(self, root: str, folder: Path) -> None:
        self.root = root
        self._folder = folder.resolve()

    def list(self, prefix: str) -> list[StoredObject]:
        """As `Storage.list`."""
        name = prefix[: prefix.rfind("/") + 1]
        with self._refusals("list", prefix):
            start = self._inside(name, self._path(name.rstrip("/"))) if name else self._folder
            found = [
                _stored(key, seen)
                for key, seen in self._files(f"{start}", name, prefix)
                if not key.rpartition("/")[2].startswith(PART)
            ]
        return sorted(found, key=lambda stored: stored.key)

    def read(self, key: str, sink: BinaryIO, *, etag: str | None = None) -> None:
        """As `Storage.read`; a file has no versions to choose from, so `etag` is compared with what is there."""
        with self._refusals("read", key):
            path = self._inside(key, self._path(key))
            if not path.is_file():
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            with path.open("rb") as source:
                if etag is not None and etag != _etag(os.fstat(source.fileno())):
                    message = f"{self.root}/{key} was overwritten since it was listed"
                    raise FileNotFoundError(message)
                sink.seek(0)
                sink.truncate()
                shutil.copyfileobj(source, sink, CHUNK_BYTES)

    def put(self, key: str, content: bytes) -> None:
        """As `Storage.put`."""
        with self._part_of(key) as (part, path):
            part.write_bytes(content)
            part.replace(path)

    def put_file(self, key: str, path: Path) -> None:
        """As `Storage.put_file`."""
        with self._part_of(key) as (part, target):
            shutil.copyfile(path, part)
            part.replace(target)

    def put_if_absent(self, key: str, content: bytes) -> bool:
        """As `Storage.put_if_absent`."""
        with self._part_of(key) as (part, path):
            part.write_bytes(content)
            try:
                path.hardlink_to(part)
            except FileExistsError:
                return read_bytes(self, key) == content
        return True

    def delete(self, key: str) -> None:
        """As `Storage.delete`; its folder stays."""
        with self._refusals("delete", key):
            path = self._path(key)
            if path.is_symlink() or path.is_file():
                path.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        """Where the key lies; the folders on the way are not followed out of the root."""
        fault = "it holds a NUL" if "\0" in key else tree_fault(key)
        if fault is not None:
            message = f"{self.root}: no file can be named {key!r}: {fault}"
            raise StorageError(message)
        path = self._folder / key
        return self._inside(key, path.parent) / path.name

    def _inside(self, key: str, path: Path) -> Path:
        """The path without links; raises StorageError where it lies outside the folder."""
        real = Path(os.path.realpath(path))  # unlike `resolve`, it bears links that lead to themselves
        if not real.is_relative_to(self._folder):
            message = f"{self.root}/{key} is a link that leads out of this folder; name the folder behind it instead"
            raise StorageError(message)
        return real

    def _files(self, folder: str, name: str, prefix: str) -> Iterator[tuple[str, os.stat_result]]:
        """The files at any depth below a folder, whose own key is `name`, by their keys, as far as they have a prefix.

        What vanishes is left out, and what has another key is not looked at.
        """
        waiting = [(folder, name)]
        while waiting:
            folder, name = waiting.pop()
            for entry in _entries(folder):
                key = f"{name}{entry.name}"
                if not key.startswith(prefix):
                    continue
                if entry.is_symlink():
                    self._inside(_utf8(self.root, key), Path(entry.path))
                elif entry.is_dir(follow_symlinks=False):
                    waiting.append((entry.path, f"{key}/"))
                elif (seen := _seen(entry)) is not None and stat.S_ISREG(seen.st_mode):
                    yield _utf8(self.root, key), seen

    @contextmanager
    def _part_of(self, key: str) -> Iterator[tuple[Path, Path]]:
        """A path beside the key's own, to be written first; nothing is left of it after the block."""
        with self._refusals("write", key):
            path = self._path(key)
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            part = path.with_name(f"{PART}{uuid4().hex}")
            try:
                yield part, path
            finally:
                part.unlink(missing_ok=True)

    @contextmanager
    def _refusals(self, action: str, key: str) -> Iterator[None]:
        """Turn the system's refusals into one clear sentence."""
        where = f"{self.root}/{key}"
        try:
            yield
        except FileNotFoundError as error:
            if error.errno is None:
                raise
            message = f"{where}: there is no such object"
            raise FileNotFoundError(message) from error
        except OSError as error:
            if action == "read" and error.errno == errno.EIO:
                message = f"{where}: the disk cannot read this file; restore it from a copy"
                raise UnreadableObjectError(message) from error
            if action == "list" and error.filename:
                where = Path(error.filename).as_uri()
            remedy = REMEDIES.get(error.errno or 0, f"{error.strerror}").format(action=action)
            message = f"{where}: {remedy}"
            raise StorageError(message) from error


def _entries(folder: str) -> list[os.DirEntry[str]]:
    """What stands in a folder; nothing where it is gone or is none."""
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _seen(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None


def _utf8(root: str, key: str) -> str:
    """The key, once it is known to be text; raises StorageError for other bytes."""
    try:
        key.encode()
    except UnicodeEncodeError as error:
        message = f"{root}: the file name {key!a} is not UTF-8; rename the file"
        raise StorageError(message) from error
    return key


def _stored(key: str, seen: os.stat_result) -> StoredObject:
    modified = datetime.fromtimestamp(seen.st_mtime, UTC)
    return StoredObject(key=key, size=seen.st_size, etag=_etag(seen), modified=modified)


def _etag(seen: os.stat_result) -> str:
    return f'"{seen.st_ino:x}-{seen.st_mtime_ns // 1000:x}-{seen.st_size:x}"'
