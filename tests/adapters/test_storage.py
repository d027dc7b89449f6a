import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import pytest

from tasks.adapters.locations import open_storage
from tasks.adapters.storage import Storage, read_bytes
from tasks.core.errors import StorageError
from tests.servers.http import HttpServer, Received, Reply, serve
from tests.servers.s3 import READER, S3Server

ODD_KEYS = ["a b/c.txt", "percent%41/plus+.txt", "snow☃/日本.txt", "hash#1/q?x=1.txt", "dots../x..txt"]


@pytest.fixture(params=["file", "s3", "memory"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "s3":
        request.getfixturevalue("s3")
        return open_storage(f"s3://results/{uuid4()}")
    return open_storage(tmp_path.as_uri() if request.param == "file" else "memory:///")


def test_what_was_put_is_listed_and_read(storage: Storage) -> None:
    for key in ("b/2", "b/1", "c", "b-other/3"):
        storage.put(key, key.encode())
    assert [stored.key for stored in storage.list("")] == sorted(["b/1", "b/2", "b-other/3", "c"])
    assert [stored.key for stored in storage.list("b/")] == ["b/1", "b/2"]
    assert [stored.key for stored in storage.list("c")] == ["c"]
    assert [stored.size for stored in storage.list("b/")] == [3, 3]
    assert read_bytes(storage, "b/1") == b"b/1"


@pytest.mark.parametrize("key", ODD_KEYS)
def test_odd_keys_are_kept_as_they_are(storage: Storage, key: str) -> None:
    storage.put(key, b"x")
    assert [stored.key for stored in storage.list("")] == [key]
    assert read_bytes(storage, key) == b"x"


def test_a_missing_folder_is_empty_and_a_missing_object_is_named(storage: Storage) -> None:
    assert storage.list("nothing/") == []
    with pytest.raises(FileNotFoundError):
        read_bytes(storage, "nothing")


def test_of_many_writers_of_one_key_exactly_one_wins(storage: Storage) -> None:
    with ThreadPoolExecutor(16) as pool:
        won = list(pool.map(lambda number: storage.put_if_absent("lock", f"{number}".encode()), range(16)))
    assert won.count(True) == 1
    assert read_bytes(storage, "lock") == str(won.index(True)).encode()


def test_an_overwritten_object_is_not_read_as_the_listed_one(storage: Storage) -> None:
    storage.put("x", b"old")
    (listed,) = storage.list("x")
    storage.put("x", b"newer")
    with pytest.raises(FileNotFoundError, match="overwritten"):
        storage.read("x", BytesIO(), etag=listed.etag)


def test_a_listing_longer_than_a_page_is_complete(s3: S3Server) -> None:
    storage = open_storage(f"s3://results/{uuid4()}")
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: storage.put(f"k/{number:05d}", b""), range(1100)))
    assert [stored.key for stored in storage.list("k/")] == [f"k/{number:05d}" for number in range(1100)]


def test_access_denied_names_the_permission_to_grant(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", READER[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", READER[1])
    assert open_storage("s3://logs").list("") == []
    with pytest.raises(StorageError, match="grant s3:ListBucket"):
        open_storage("s3://results").list("")
    with pytest.raises(StorageError, match="grant s3:PutObject"):
        open_storage("s3://logs").put("x", b"")


def test_a_missing_bucket_is_one_clear_sentence(s3: S3Server) -> None:
    with pytest.raises(StorageError, match=r"^s3://no-such-bucket: there is no such bucket; correct the name"):
        open_storage("s3://no-such-bucket").list("")


def test_an_unreachable_server_is_one_clear_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "eu-west-1"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(StorageError, match="cannot be reached"):
        open_storage("s3://logs", "http://127.0.0.1:9").list("")


def test_missing_credentials_are_one_clear_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(StorageError, match="no AWS credentials found"):
        open_storage("s3://logs", "http://127.0.0.1:9").list("")


@pytest.fixture
def cutting_s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], HttpServer]]:
    """A server that cuts the body of the first few reads of an object."""
    content = b"x" * 50_000

    def answer(received: Received) -> Reply:
        return Reply(content=content if received.number >= cuts[0] else content[:1000], cut=received.number < cuts[0])

    cuts = [0]
    for name, value in {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "eu-west-1"}.items():
        monkeypatch.setenv(name, value)
    with serve(answer) as server:

        def start(times: int) -> HttpServer:
            cuts[0] = times
            return server

        yield start


def test_a_body_that_breaks_off_is_read_again_from_its_start(cutting_s3: Callable[[int], HttpServer]) -> None:
    server = cutting_s3(2)
    assert read_bytes(open_storage("s3://logs", server.url), "x") == b"x" * 50_000
    assert len(server.received) == 3


def test_a_local_folder_that_is_missing_is_one_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="there is no such folder"):
        open_storage((tmp_path / "nothing").as_uri())
    assert not (tmp_path / "nothing").exists()


def test_other_schemes_are_refused() -> None:
    with pytest.raises(StorageError, match="storage is s3://"):
        open_storage("ftp://host/x")
