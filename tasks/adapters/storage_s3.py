"""S3 through boto3, with our own retry of what boto3 does not retry: the body, and answers of 429."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar

import boto3
import stamina
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    FlexibleChecksumError,
    HTTPClientError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from tasks.adapters.s3_refusals import refusal, silence
from tasks.adapters.storage import StoredObject, read_bytes
from tasks.core.errors import StorageError, UnreadableObjectError

THREADS: Final = 16
ATTEMPTS: Final = 4
CHUNK_BYTES: Final = 2**20
READ_TIMEOUT_S: Final = 10.0
LONGEST_PAUSE_S: Final = 20.0
BODY_FAULTS: Final = (
    ReadTimeoutError,
    ResponseStreamingError,
    IncompleteReadError,
    FlexibleChecksumError,
    HTTPClientError,
    HTTPError,
)
MULTIPART: Final = TransferConfig(multipart_threshold=64 * 2**20, multipart_chunksize=16 * 2**20, max_concurrency=4)
Answer = TypeVar("Answer")


class S3Storage:
    """Objects below `prefix` in one bucket."""

    def __init__(
        self,
        root: str,
        bucket: str,
        prefix: str,
        endpoint_url: str | None,
        *,
        read_timeout_s: float = READ_TIMEOUT_S,
    ) -> None:
        self.root = root
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        settings = Config(
            connect_timeout=3,
            read_timeout=read_timeout_s,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            max_pool_connections=THREADS,
        )
        try:
            with self._refusals("s3:ListBucket", ""):
                self._client: Any = boto3.session.Session().client("s3", config=settings, endpoint_url=endpoint_url)
        except ValueError as error:
            message = f"{root}: {error}; correct endpoint_url or AWS_ENDPOINT_URL_S3"
            raise StorageError(message) from error

    def list(self, prefix: str) -> list[StoredObject]:
        """As `Storage.list`."""
        pages = self._client.get_paginator("list_objects_v2")
        wanted = {"Bucket": self._bucket, "Prefix": f"{self._prefix}{prefix}"}
        with self._refusals("s3:ListBucket", prefix):
            found = _answer(lambda: [item for page in pages.paginate(**wanted) for item in _items(page)])
        objects = [
            StoredObject(
                key=item["Key"].removeprefix(self._prefix),
                size=item["Size"],
                etag=item["ETag"],
                modified=item["LastModified"],
            )
            for item in found
        ]
        return sorted(objects, key=lambda stored: stored.key)

    @stamina.retry(
        on=lambda error: isinstance(error.__cause__, BODY_FAULTS),
        attempts=ATTEMPTS,
        timeout=None,
        wait_initial=0.2,
        wait_jitter=0.2,
    )
    def read(self, key: str, sink: BinaryIO, *, etag: str | None = None) -> None:
        """As `Storage.read`; a body that breaks off is read again from its start."""
        wanted = {"Bucket": self._bucket, "Key": f"{self._prefix}{key}"} | ({} if etag is None else {"IfMatch": etag})
        with self._refusals("s3:GetObject", key):
            body = _answer(lambda: self._client.get_object(**wanted))["Body"]
        sink.seek(0)
        sink.truncate()
        try:
            sink.writelines(body.iter_chunks(CHUNK_BYTES))
        except BODY_FAULTS as error:
            message = f"{self.root}/{key}: read {ATTEMPTS} times, it broke off or did not fit its checksum each time"
            raise UnreadableObjectError(message) from error

    def put(self, key: str, content: bytes) -> None:
        """As `Storage.put`."""
        self._put(key, content, {})

    def put_file(self, key: str, path: Path) -> None:
        """As `Storage.put_file`; in parts, which are dropped where one fails."""

        def send() -> None:
            with path.open("rb") as content:
                self._client.upload_fileobj(content, self._bucket, f"{self._prefix}{key}", Config=MULTIPART)

        with self._refusals("s3:PutObject", key):
            _answer(send)

    def put_if_absent(self, key: str, content: bytes) -> bool:
        """As `Storage.put_if_absent`; after a lost reply the object is read back to see who wrote it."""
        try:
            self._put(key, content, {"IfNoneMatch": "*"})
        except FileExistsError:
            return read_bytes(self, key) == content
        return True

    def delete(self, key: str) -> None:
        """As `Storage.delete`."""
        with self._refusals("s3:DeleteObject", key):
            _answer(lambda: self._client.delete_object(Bucket=self._bucket, Key=f"{self._prefix}{key}"))

    def _put(self, key: str, content: bytes, condition: dict[str, str]) -> None:
        wanted = {"Bucket": self._bucket, "Key": f"{self._prefix}{key}", "Body": content}
        with self._refusals("s3:PutObject", key):
            _answer(lambda: self._client.put_object(**wanted, **condition))

    @contextmanager
    def _refusals(self, permission: str, key: str) -> Iterator[None]:
        """Turn what boto3 raises into one clear sentence."""
        where = f"{self.root}/{key}".rstrip("/")
        try:
            yield
        except ClientError as error:
            raise refusal(error, where, permission) from error
        except (BotoCoreError, ResponseParserError) as error:
            raise silence(error, where) from error


def _items(page: dict[str, Any]) -> list[dict[str, Any]]:
    """The objects on a page of a listing; boto3 takes any page, a login's too, for an empty one."""
    if "IsTruncated" not in page:
        message = "no page of a listing"
        raise ResponseParserError(message)
    items: list[dict[str, Any]] = page.get("Contents", [])
    return items


def _pause(error: Exception) -> bool | float:
    """Whether to ask again, or the seconds to wait first; boto3 itself has asked again for other passing faults."""
    if not isinstance(error, ClientError):
        return False
    answer = error.response["ResponseMetadata"]
    if answer["HTTPStatusCode"] != HTTPStatus.TOO_MANY_REQUESTS or answer["RetryAttempts"]:
        return False
    wanted = answer["HTTPHeaders"].get("retry-after", "")
    return min(float(wanted), LONGEST_PAUSE_S) if wanted.isdigit() else True


@stamina.retry(on=_pause, attempts=ATTEMPTS, timeout=None, wait_initial=0.5, wait_jitter=0.5)
def _answer(request: Callable[[], Answer]) -> Answer:
    """What a request answers."""
    return request()
