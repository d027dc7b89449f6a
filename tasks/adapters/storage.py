"""Object storage behind one Protocol; `locations.open_storage` opens the one that a URL names."""

from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """One object as it was listed; `key` is relative to the storage's root, `size` in bytes before decompression."""

    key: str
    size: int
    etag: str
    modified: datetime


class Storage(Protocol):
    """A folder of objects, safe to use from several threads.

    Every method asks again, a few times, where that helps. Then it raises StorageError, which says what was refused,
    where, and what to do: a permission to grant, a name or a key to correct.
    """

    @property
    def root(self) -> str:
        """The URL of the folder, without a slash at its end."""

    def list(self, prefix: str) -> list[StoredObject]:
        """The objects in the order of their keys: all, those in the folder `prefix/`, or those of the name `prefix`.

        A prefix without a slash at its end may bring others whose key begins with it.
        """

    def read(self, key: str, sink: BinaryIO, *, etag: str | None = None) -> None:
        """Write the whole object to `sink`, from its start; with `etag`, only that version.

        Raises FileNotFoundError where there is no such object, or no such version any more, and UnreadableObjectError
        where this one object cannot be had however often it is asked for.
        """

    def put(self, key: str, content: bytes) -> None:
        """Write the object as a whole; a reader sees the old or the new one, never a part."""

    def put_file(self, key: str, path: Path) -> None:
        """As `put`, of a local file that need not fit into memory."""

    def put_if_absent(self, key: str, content: bytes) -> bool:
        """Write the object unless there is one; whether it is now this content."""

    def delete(self, key: str) -> None:
        """Delete the object; one that is gone already is no error."""


def read_bytes(storage: Storage, key: str) -> bytes:
    """A small object as a whole; raises FileNotFoundError where there is none."""
    sink = BytesIO()
    storage.read(key, sink)
    return sink.getvalue()


def tree_fault(key: str) -> str | None:
    """What keeps a tree of folders from holding the key, such as `//` or `..`; None where nothing does."""
    found = next((segment for segment in key.split("/") if segment in {"", ".", ".."}), None)
    return None if found is None else f"{found!r} between slashes is no name"
