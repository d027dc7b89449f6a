"""URLs of object storage, and the storage that each one names."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from obstore.store import LocalStore, MemoryStore

from tasks.adapters.storage import Storage
from tasks.adapters.storage_local import LocalStorage
from tasks.adapters.storage_s3 import S3Storage
from tasks.core.errors import StorageError


def open_storage(url: str, endpoint_url: str | None = None, *, create: bool = False) -> Storage:
    """The storage behind `s3://bucket/folder`, `file:///folder` or `memory:///`; `endpoint_url` is for S3 alone.

    A local folder must exist unless `create`.

    S3 takes its credentials, region and endpoint from where boto3 looks for them; `endpoint_url` overrides the last.
    Raises StorageError for other schemes.
    """
    root = url.rstrip("/")
    parts = urlsplit(root)
    if parts.scheme == "s3":
        return S3Storage(root, parts.netloc, parts.path.strip("/"), endpoint_url)
    if parts.scheme == "file":
        folder = Path(unquote(parts.path) or "/")
        if not create and not folder.is_dir():
            message = f"{root}: there is no such folder; correct the location"
            raise StorageError(message)
        return LocalStorage(root, LocalStore(prefix=folder, mkdir=create))
    if parts.scheme == "memory":
        return LocalStorage(root, MemoryStore())
    message = f"{url}: storage is s3://bucket/folder or file:///folder"
    raise StorageError(message)


def local_path(url: str) -> Path | None:
    """The path behind a `file://` URL, else None."""
    parts = urlsplit(url)
    return Path(unquote(parts.path) or "/") if parts.scheme == "file" else None
