"""Local files and memory through obstore."""

from typing import BinaryIO, Final

from obstore.exceptions import AlreadyExistsError, PermissionDeniedError
from obstore.store import LocalStore, MemoryStore

from tasks.adapters.storage import StoredObject
from tasks.core.errors import StorageError

CHUNK_BYTES: Final = 8 * 2**20


class LocalStorage:
    """Objects through obstore: local files, written through a temporary file and a rename, or memory."""

    def __init__(self, root: str, store: LocalStore | MemoryStore) -> None:
        self.root = root
        self._store = store

    def list(self, prefix: str) -> list[StoredObject]:
        """As `Storage.list`; a prefix ends at a slash or names a whole object, as folders do."""
        found = [meta for page in self._store.list(prefix or None) for meta in page]
        if not found and prefix:
            try:
                found = [self._store.head(prefix)]
            except FileNotFoundError:
                return []
        objects = [
            StoredObject(
                key=meta["path"],
                size=meta["size"],
                etag=meta["e_tag"] or "",
                modified=meta["last_modified"],
            )
            for meta in found
        ]
        return sorted(objects, key=lambda stored: stored.key)

    def read(self, key: str, sink: BinaryIO, *, etag: str | None = None) -> None:
        """As `Storage.read`; a local file has no versions to choose from, so `etag` is compared with what is there."""
        try:
            found = self._store.get(key)
        except PermissionDeniedError as error:
            message = f"{self.root}/{key}: permission denied; let this user read it"
            raise StorageError(message) from error
        if etag is not None and found.meta["e_tag"] != etag:
            message = f"{self.root}/{key} was overwritten since it was listed"
            raise FileNotFoundError(message)
        sink.seek(0)
        sink.truncate()
        sink.writelines(found.stream(min_chunk_size=CHUNK_BYTES))

    def put(self, key: str, content: bytes) -> None:
        """As `Storage.put`."""
        try:
            self._store.put(key, content)
        except PermissionDeniedError as error:
            message = f"{self.root}/{key}: permission denied; let this user write there"
            raise StorageError(message) from error

    def put_if_absent(self, key: str, content: bytes) -> bool:
        """As `Storage.put_if_absent`."""
        try:
            self._store.put(key, content, mode="create")
        except AlreadyExistsError:
            return False
        return True

    def delete(self, key: str) -> None:
        """As `Storage.delete`."""
        try:
            self._store.delete(key)
        except FileNotFoundError:
            return
        except PermissionDeniedError as error:
            message = f"{self.root}/{key}: permission denied; let this user delete it"
            raise StorageError(message) from error
