"""Object storage behind one Protocol; `locations.open_storage` opens the one that a URL names."""

from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import BinaryIO, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """One object as it was listed; `key` is relative to the storage's root, `size` in bytes before decompression."""

    key: str
    size: int
    etag: str
    modified: datetime


class Storage(Protocol):
    """A folder of objects. Every method raises StorageError where the service refuses for good."""

    @property
    def root(self) -> str:
        """The URL of the folder, without a slash at its end."""

    def list(self, prefix: str) -> list[StoredObject]:
        """The objects whose key is `prefix` or begins with it, in the order of their keys."""

    def read(self, key: str, sink: BinaryIO, *, etag: str | None = None) -> None:
        """Write the whole object to `sink`, from its start; with `etag`, only that version.

        Raises FileNotFoundError where there is no such object, or no such version any more.
        """

    def put(self, key: str, content: bytes) -> None:
        """Write the object as a whole; a reader sees the old or the new one, never a part."""

    def put_if_absent(self, key: str, content: bytes) -> bool:
        """Write the object unless there is one; whether it is now this content."""

    def delete(self, key: str) -> None:
        """Delete the object; one that is gone already is no error."""


def read_bytes(storage: Storage, key: str) -> bytes:
    """A small object as a whole; raises FileNotFoundError where there is none."""
    sink = BytesIO()
    storage.read(key, sink)
    return sink.getvalue()
