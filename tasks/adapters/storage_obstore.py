"""Azure Blob Storage, Google Cloud Storage and memory through obstore."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

import stamina
from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore, MemoryStore

from tasks.adapters.clouds import AZURE, GOOGLE, MEMORY, Cloud, refusal, status_of, unanswered
from tasks.adapters.storage import StoredObject, read_bytes, tree_fault
from tasks.core.errors import StorageError, UnreadableObjectError

if TYPE_CHECKING:
    from obstore.store import AzureConfig, ClientConfig, GCSConfig, RetryConfig

ATTEMPTS: Final = 2  # for a body that breaks off; within each, obstore asks four times
CHUNK_BYTES: Final = 8 * 2**20
PARTS_AT_ONCE: Final = 4
CLIENT: Final["ClientConfig"] = {
    "allow_http": True,  # where an endpoint says so, as emulators do
    "connect_timeout": "3s",
    "read_timeout": "30s",
    "timeout": "1h",
}
RETRY: Final["RetryConfig"] = {
    "max_retries": 3,
    "retry_timeout": timedelta(minutes=4),
    "backoff": {"init_backoff": timedelta(milliseconds=200), "max_backoff": timedelta(seconds=5), "base": 2},
}


class ObstoreStorage:
    """Objects through obstore, which holds no key with `//`, `.`, `..`, a backslash or a control character."""

    def __init__(self, root: str, store: AzureStore | GCSStore | MemoryStore, cloud: Cloud) -> None:
        self.root = root
        self._store = store
        self._cloud = cloud

    def list(self, prefix: str) -> list[StoredObject]:
        """As `Storage.list`."""
        folder = prefix.rstrip("/")
        with self._refusals("list", folder):
            found = [meta for page in self._store.list(folder or None) for meta in page]
            if not found and prefix and folder == prefix:
                try:
                    found = [self._store.head(prefix)]
                except FileNotFoundError:
                    return []
        objects = [
            StoredObject(
                key=meta["path"],
                size=meta["size"],
                etag=_bare(meta["e_tag"]),
                modified=meta["last_modified"],
            )
            for meta in found
        ]
        return sorted(objects, key=lambda stored: stored.key)

    @stamina.retry(on=UnreadableObjectError, attempts=ATTEMPTS, timeout=None, wait_initial=0.2, wait_jitter=0.2)
    def read(self, key: str, sink: BinaryIO, *, etag: str | None = None) -> None:
        """As `Storage.read`."""
        with self._refusals("read", key):
            found = self._store.get(key)
        if etag is not None and _bare(found.meta["e_tag"]) != _bare(etag):
            message = f"{self.root}/{key} was overwritten since it was listed"
            raise FileNotFoundError(message)
        sink.seek(0)
        sink.truncate()
        try:
            sink.writelines(found.stream(min_chunk_size=CHUNK_BYTES))
        except BaseError as error:
            if status_of(error) is not None:
                raise refusal(error, f"{self.root}/{key}", "read", self._cloud) from error
            message = f"{self.root}/{key}: the server breaks off within it, however often it is asked"
            raise UnreadableObjectError(message) from error

    def put(self, key: str, content: bytes) -> None:
        """As `Storage.put`."""
        with self._refusals("write", key):
            self._store.put(key, content, max_concurrency=PARTS_AT_ONCE)

    def put_file(self, key: str, path: Path) -> None:
        """As `Storage.put_file`."""
        with self._refusals("write", key):
            self._store.put(key, path, max_concurrency=PARTS_AT_ONCE)

    @stamina.retry(
        on=lambda error: isinstance(error, StorageError) and unanswered(error.__cause__),
        attempts=ATTEMPTS,
        timeout=None,
        wait_initial=0.2,
        wait_jitter=0.2,
    )
    def put_if_absent(self, key: str, content: bytes) -> bool:
        """As `Storage.put_if_absent`; after a lost reply the object is read back to see who wrote it."""
        try:
            with self._refusals("write", key):
                self._store.put(key, content, mode="create")
        except FileExistsError:
            return read_bytes(self, key) == content
        return True

    def delete(self, key: str) -> None:
        """As `Storage.delete`."""
        with self._refusals("delete", key):
            try:
                self._store.delete(key)
            except FileNotFoundError:
                return

    @contextmanager
    def _refusals(self, action: str, key: str) -> Iterator[None]:
        """Turn what obstore raises into one clear sentence."""
        if key and (fault := _fault(key)) is not None:
            message = f"{self.root}: no object can be named {key!r}: {fault}"
            raise StorageError(message)
        try:
            yield
        except (BaseError, FileNotFoundError) as error:
            raise refusal(error, f"{self.root}/{key}".rstrip("/"), action, self._cloud) from error


def open_azure(root: str, container: str, folder: str, endpoint_url: str | None, account: str | None) -> ObstoreStorage:
    """A container, with credentials from where obstore looks for them; `account` overrides the environment's."""
    config: AzureConfig = {}
    if endpoint_url is not None:
        config["endpoint"] = endpoint_url
    if account is not None:
        config["account_name"] = account
    with _opening(root, folder, AZURE):
        store = AzureStore(container, prefix=folder or None, config=config, client_options=CLIENT, retry_config=RETRY)
    return ObstoreStorage(root, store, AZURE)


def open_google(root: str, bucket: str, folder: str, endpoint_url: str | None) -> ObstoreStorage:
    """A bucket, with application default credentials."""
    config: GCSConfig = {} if endpoint_url is None else {"base_url": endpoint_url}
    with _opening(root, folder, GOOGLE):
        store = GCSStore(bucket, prefix=folder or None, config=config, client_options=CLIENT, retry_config=RETRY)
    return ObstoreStorage(root, store, GOOGLE)


def open_memory(root: str) -> ObstoreStorage:
    """An empty storage of its own, for tests."""
    return ObstoreStorage(root, MemoryStore(), MEMORY)


@contextmanager
def _opening(root: str, folder: str, cloud: Cloud) -> Iterator[None]:
    if folder and (fault := _fault(folder)) is not None:
        message = f"{root}: {cloud.name} is not read from such a folder: {fault}"
        raise StorageError(message)
    try:
        yield
    except (BaseError, OSError) as error:
        raise refusal(error, root, "open", cloud) from error


def _fault(key: str) -> str | None:
    """What keeps obstore from naming the key."""
    if any(char < " " or char in "\\\x7f" for char in key):
        return "it holds a control character or a backslash"
    return tree_fault(key)


def _bare(etag: str | None) -> str:
    """The etag without quotes, which Azure's listing leaves out."""
    return (etag or "").strip('"')
