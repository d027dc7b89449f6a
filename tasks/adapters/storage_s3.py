"""S3 through boto3, with our own retry of what boto3 does not retry: the body."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Final

import boto3
import stamina
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    FlexibleChecksumError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from tasks.adapters.storage import StoredObject, read_bytes
from tasks.core.errors import StorageError

THREADS: Final = 16
CHUNK_BYTES: Final = 2**20
BODY_FAULTS: Final = (
    ReadTimeoutError,
    ResponseStreamingError,
    IncompleteReadError,
    FlexibleChecksumError,
    HTTPClientError,
)
REMEDIES: Final = {
    "NoSuchBucket": "there is no such bucket; correct the name or create it",
    "InvalidAccessKeyId": "the access key is unknown; correct AWS_ACCESS_KEY_ID or the profile",
    "SignatureDoesNotMatch": "the secret key does not fit the access key; correct AWS_SECRET_ACCESS_KEY",
    "ExpiredToken": "the credentials have expired; renew them",
    "PermanentRedirect": "the bucket lies in another region; set AWS_REGION",
}
SETTINGS: Final = Config(
    connect_timeout=3,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 4},
    max_pool_connections=THREADS,
)


class S3Storage:
    """Objects below `prefix` in one bucket; safe to use from several threads."""

    def __init__(self, root: str, bucket: str, prefix: str, endpoint_url: str | None) -> None:
        self.root = root
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._client: Any = boto3.session.Session().client("s3", config=SETTINGS, endpoint_url=endpoint_url)

    def list(self, prefix: str) -> list[StoredObject]:
        """As `Storage.list`."""
        pages = self._client.get_paginator("list_objects_v2")
        found: list[StoredObject] = []
        with self._refusals("s3:ListBucket", prefix):
            for page in pages.paginate(Bucket=self._bucket, Prefix=f"{self._prefix}{prefix}"):
                found.extend(
                    StoredObject(
                        key=item["Key"].removeprefix(self._prefix),
                        size=item["Size"],
                        etag=item["ETag"],
                        modified=item["LastModified"],
                    )
                    for item in page.get("Contents", ())
                )
        return sorted(found, key=lambda stored: stored.key)

    @stamina.retry(on=BODY_FAULTS, attempts=4, timeout=60, wait_initial=0.2)
    def read(self, key: str, sink: BinaryIO, *, etag: str | None = None) -> None:
        """As `Storage.read`; a body that breaks off is read again from its start."""
        condition = {} if etag is None else {"IfMatch": etag}
        sink.seek(0)
        sink.truncate()
        with self._refusals("s3:GetObject", key):
            body = self._client.get_object(Bucket=self._bucket, Key=f"{self._prefix}{key}", **condition)["Body"]
            sink.writelines(body.iter_chunks(CHUNK_BYTES))

    def put(self, key: str, content: bytes) -> None:
        """As `Storage.put`."""
        with self._refusals("s3:PutObject", key):
            self._client.put_object(Bucket=self._bucket, Key=f"{self._prefix}{key}", Body=content)

    def put_if_absent(self, key: str, content: bytes) -> bool:
        """As `Storage.put_if_absent`; after a lost reply the object is read back to see who wrote it."""
        try:
            with self._refusals("s3:PutObject", key):
                self._client.put_object(Bucket=self._bucket, Key=f"{self._prefix}{key}", Body=content, IfNoneMatch="*")
        except FileExistsError:
            return read_bytes(self, key) == content
        return True

    def delete(self, key: str) -> None:
        """As `Storage.delete`."""
        with self._refusals("s3:DeleteObject", key):
            self._client.delete_object(Bucket=self._bucket, Key=f"{self._prefix}{key}")

    @contextmanager
    def _refusals(self, permission: str, key: str) -> Iterator[None]:
        """Turn the service's refusals into one clear sentence; what a retry of the body may heal passes through."""
        where = f"{self.root}/{key}".rstrip("/")
        try:
            yield
        except ClientError as error:
            raise _refusal(error, where, permission) from error
        except NoCredentialsError as error:
            message = f"{where}: no AWS credentials found; set AWS_PROFILE or AWS_ACCESS_KEY_ID, or attach a role"
            raise StorageError(message) from error
        except (EndpointConnectionError, ConnectTimeoutError) as error:
            message = f"{where}: the S3 server cannot be reached; check AWS_ENDPOINT_URL_S3 and the network"
            raise StorageError(message) from error
        except BODY_FAULTS:
            raise
        except BotoCoreError as error:
            message = f"{where}: {error}"
            raise StorageError(message) from error


def _refusal(error: ClientError, where: str, permission: str) -> Exception:
    code = error.response["Error"]["Code"]
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    if code == "NoSuchKey":
        return FileNotFoundError(f"{where}: there is no such object")
    if code in {"PreconditionFailed", "ConditionalRequestConflict"}:
        if permission == "s3:PutObject":
            return FileExistsError(where)
        return FileNotFoundError(f"{where} was overwritten since it was listed")
    if code in {"AccessDenied", "403"}:
        return StorageError(f"{where}: access denied; grant {permission} to these credentials")
    remedy = REMEDIES.get(code, f"the S3 server answered {status} {code}")
    return StorageError(f"{where}: {remedy}")
