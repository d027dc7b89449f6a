"""URLs of object storage, and the storage that each one names."""

from pathlib import Path
from typing import Final
from urllib.parse import unquote

from tasks.adapters.storage import Storage
from tasks.core.errors import StorageError

AZURE_HOSTS: Final = (".dfs.core.windows.net", ".blob.core.windows.net")


def open_storage(url: str, endpoint_url: str | None = None, *, create: bool = False) -> Storage:
    """The storage behind `s3://bucket/folder`, `az://container/folder`, `gs://bucket/folder` or `file:///folder`.

    `abfss://container@account.dfs.core.windows.net/folder` names an Azure container with its account, `memory:///` an
    empty storage for tests. Credentials, regions and endpoints come from where each cloud's own tools look for them;
    `endpoint_url` overrides the last. A local folder must exist unless `create`. Only in `file://` URLs does `%20`, or
    its like, stand for another character. Raises StorageError for other schemes.
    """
    scheme, _, rest = url.partition("://")
    rest = rest.rstrip("/")
    root = f"{scheme}://{rest}"
    place, _, folder = rest.partition("/")
    match scheme:
        case "file":
            return _open_file(root, create=create)
        case "s3":
            from tasks.adapters.storage_s3 import S3Storage  # noqa: PLC0415  half a second, for those who need it

            return S3Storage(root, place, folder, endpoint_url)
        case "az" | "abfs" | "abfss":
            from tasks.adapters.storage_obstore import open_azure  # noqa: PLC0415

            container, account = _container(url, place)
            return open_azure(root, container, folder, endpoint_url, account)
        case "gs":
            from tasks.adapters.storage_obstore import open_google  # noqa: PLC0415

            return open_google(root, place, folder, endpoint_url)
        case "memory":
            from tasks.adapters.storage_obstore import open_memory  # noqa: PLC0415

            return open_memory(root)
    message = f"{url}: storage is s3://bucket/folder, az://container/folder, gs://bucket/folder or file:///folder"
    raise StorageError(message)


def local_path(url: str) -> Path | None:
    """The path behind a `file://` URL, else None."""
    scheme, _, path = url.partition("://")
    return Path(unquote(path) or "/") if scheme == "file" else None


def _open_file(root: str, *, create: bool) -> Storage:
    from tasks.adapters.storage_file import FileStorage  # noqa: PLC0415

    folder = local_path(root)
    if folder is None or not folder.is_absolute() or {"#", "?"}.intersection(root):
        message = f"{root}: a local folder is file:///folder, with %23 for # and %3F for ?; correct the location"
        raise StorageError(message)
    if create:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            message = f"{root}: the folder cannot be made ({error.strerror}); correct the location, or its rights"
            raise StorageError(message) from error
    if not folder.is_dir():
        message = f"{root}: there is no such folder; correct the location"
        raise StorageError(message)
    return FileStorage(root, folder)


def _container(url: str, place: str) -> tuple[str, str | None]:
    """The container and, where the URL names it, the account."""
    container, at, host = place.partition("@")
    account = next((host.removesuffix(suffix) for suffix in AZURE_HOSTS if host.endswith(suffix)), None)
    if at and account is None:
        message = (
            f"{url}: {host} is no host of an Azure storage account; write az://{container}/folder, with "
            "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ENDPOINT"
        )
        raise StorageError(message)
    return container, account
