"""What S3 answers when things go wrong: a real server behind a proxy that breaks what it is told to."""

import os
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import pytest

from tasks.adapters.locations import open_storage
from tasks.adapters.storage import Storage, read_bytes
from tasks.adapters.storage_s3 import S3Storage
from tasks.core.errors import StorageError, UnreadableObjectError
from tests.servers.faults import Fault, Passed, Proxy, faulty
from tests.servers.s3 import S3Server

CONTENT = bytes(range(256)) * 400


def error_of(code: str, message: str = "made up") -> bytes:
    return f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()


def first(times: int, fault: Fault) -> Callable[[Passed], Fault | None]:
    return lambda passed: fault if passed.number < times else None


@pytest.fixture
def proxy(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    with faulty(s3.url, lambda _: None) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.url)
        yield proxy


@pytest.fixture
def storage(proxy: Proxy) -> Storage:
    """A folder with one object, `x`; no fault has happened yet."""
    storage = open_storage(f"s3://results/{uuid4()}")
    storage.put("x", CONTENT)
    proxy.passed.clear()
    return storage


THROTTLED = [
    Fault(status=503, content=error_of("SlowDown")),
    Fault(status=500, content=error_of("InternalError")),
    Fault(status=400, content=error_of("RequestTimeout")),
    Fault(status=429, content=error_of("TooManyRequests")),
    Fault(status=429, headers={"Retry-After": "0"}),
    Fault(status=429, headers={"Retry-After": "soon"}),
]


@pytest.mark.parametrize("fault", THROTTLED)
def test_what_passes_is_asked_again(storage: Storage, proxy: Proxy, fault: Fault, tmp_path: Path) -> None:
    local = tmp_path / "local"
    local.write_bytes(b"file")
    uses: list[Callable[[], object]] = [
        lambda: [stored.key for stored in storage.list("")],
        lambda: read_bytes(storage, "x"),
        lambda: storage.put("y", b"new"),
        lambda: storage.put_file("z", local),
        lambda: storage.put_if_absent("w", b"lock"),
        lambda: storage.delete("w"),
    ]
    found = []
    for use in uses:
        proxy.passed.clear()
        proxy.fault_of = first(1, fault)
        found.append(use())
        assert len(proxy.passed) == 2
    assert found == [["x"], CONTENT, None, None, True, None]
    assert [(one.key, one.size) for one in storage.list("")] == [("x", len(CONTENT)), ("y", 3), ("z", 4)]


@pytest.mark.parametrize("fault", [THROTTLED[0], THROTTLED[3]])
def test_a_server_that_throttles_for_long_ends_the_run(storage: Storage, proxy: Proxy, fault: Fault) -> None:
    proxy.fault_of = lambda _: fault
    with pytest.raises(StorageError, match=r"x: the S3 server is throttling; it was asked several times, run again"):
        read_bytes(storage, "x")
    assert len(proxy.passed) == 4


BODY_FAULTS = [Fault(cut_at=1000), Fault(cut_at=0), Fault(flip_at=50_000)]


@pytest.mark.parametrize("fault", BODY_FAULTS)
def test_a_damaged_body_is_read_again_from_its_start(storage: Storage, proxy: Proxy, fault: Fault) -> None:
    proxy.fault_of = first(2, fault)
    assert read_bytes(storage, "x") == CONTENT
    assert len(proxy.passed) == 3


@pytest.mark.parametrize("fault", BODY_FAULTS)
def test_a_body_that_is_damaged_each_time_costs_this_object(storage: Storage, proxy: Proxy, fault: Fault) -> None:
    proxy.fault_of = lambda _: fault
    with pytest.raises(UnreadableObjectError, match="x: read 4 times, it broke off or did not fit its checksum"):
        read_bytes(storage, "x")
    assert len(proxy.passed) == 4


def test_a_body_that_stalls_is_read_again(storage: Storage, proxy: Proxy) -> None:
    _, _, bucket, folder = storage.root.split("/")
    impatient = S3Storage(storage.root, bucket, folder, None, read_timeout_s=0.5)
    proxy.fault_of = first(1, Fault(cut_at=1000, stall_s=3))
    assert read_bytes(impatient, "x") == CONTENT


def test_an_object_that_vanished_since_it_was_listed_is_not_found(storage: Storage) -> None:
    (listed,) = storage.list("")
    storage.delete("x")
    with pytest.raises(FileNotFoundError, match="x: there is no such object"):
        storage.read("x", BytesIO(), etag=listed.etag)


def test_an_object_overwritten_while_its_body_was_cut_is_not_pieced_together(storage: Storage, proxy: Proxy) -> None:
    (listed,) = storage.list("")
    other = open_storage(storage.root, os.environ["AWS_ENDPOINT_URL_S3"])

    def overwrite(passed: Passed) -> Fault | None:
        return Fault(cut_at=1000) if passed.method == "GET" and passed.number == 0 else None

    proxy.passed.clear()
    proxy.fault_of = overwrite
    sink = Overwriting(lambda: other.put("x", b"newer"))
    with pytest.raises(FileNotFoundError, match="overwritten"):
        storage.read("x", sink, etag=listed.etag)


class Overwriting(BytesIO):
    """A sink at whose first write something happens."""

    def __init__(self, happens: Callable[[], None]) -> None:
        super().__init__()
        self._happens: Callable[[], None] | None = happens

    def truncate(self, size: int | None = None, /) -> int:
        if self._happens is not None:
            happens, self._happens = self._happens, None
            happens()
        return super().truncate(size)


def test_a_lost_reply_does_not_lose_the_race(storage: Storage, proxy: Proxy) -> None:
    proxy.fault_of = first(1, Fault(lose_reply=True))
    assert storage.put_if_absent("lock", b"mine")
    assert not storage.put_if_absent("lock", b"yours")
    assert read_bytes(storage, "lock") == b"mine"


REFUSED = {
    "ExpiredToken": (400, "the credentials have expired; renew them"),
    "RequestTimeTooSkewed": (403, "this machine's clock is wrong; set it"),
    "InvalidToken": (400, "correct AWS_SESSION_TOKEN"),
    "PermanentRedirect": (301, "the bucket lies in another region; set AWS_REGION"),
    "AuthorizationHeaderMalformed": (400, "the bucket lies in another region; set AWS_REGION"),
    "NoSuchBucket": (404, "there is no such bucket"),
    "AccessDenied": (403, "access denied; grant s3:"),
    "SomethingNew": (418, "the S3 server answered 418 SomethingNew"),
}


@pytest.mark.parametrize("code", REFUSED)
def test_what_is_refused_for_good_is_one_sentence_and_not_asked_for_long(
    storage: Storage, proxy: Proxy, code: str
) -> None:
    status, sentence = REFUSED[code]
    proxy.fault_of = lambda _: Fault(
        status=status, content=error_of(code), headers={"x-amz-bucket-region": "us-east-1"}
    )
    for use in (lambda: storage.list(""), lambda: read_bytes(storage, "x"), lambda: storage.put("y", b"")):
        proxy.passed.clear()
        with pytest.raises(StorageError, match=sentence) as raised:
            use()
        assert "\n" not in str(raised.value)
        assert str(raised.value).startswith(storage.root)
        assert len(proxy.passed) <= 2


def test_the_permission_that_s3_names_is_the_one_to_grant(storage: Storage, proxy: Proxy) -> None:
    told = "User: arn:aws:iam::000000000000:user/x is not authorized to perform: kms:Decrypt on resource: y"
    proxy.fault_of = lambda _: Fault(status=403, content=error_of("AccessDenied", told))
    with pytest.raises(StorageError, match="access denied; grant kms:Decrypt to these credentials"):
        read_bytes(storage, "x")


def test_the_region_that_s3_names_is_tried(storage: Storage, proxy: Proxy) -> None:
    elsewhere = Fault(status=301, content=error_of("PermanentRedirect"), headers={"x-amz-bucket-region": "eu-west-1"})
    proxy.fault_of = first(1, elsewhere)
    assert read_bytes(storage, "x") == CONTENT
    assert "/eu-west-1/s3/" in proxy.passed[-1].headers["authorization"]


def test_an_archived_object_costs_this_object(storage: Storage, proxy: Proxy) -> None:
    proxy.fault_of = lambda _: Fault(status=403, content=error_of("InvalidObjectState"))
    with pytest.raises(UnreadableObjectError, match="x lies in an archive tier; restore it"):
        read_bytes(storage, "x")
    assert len(proxy.passed) == 1


def test_a_server_without_conditional_writes_is_told(storage: Storage, proxy: Proxy) -> None:
    proxy.fault_of = lambda _: Fault(status=501, content=error_of("NotImplemented"))
    with pytest.raises(StorageError, match="does not know this request, mostly `If-None-Match`"):
        storage.put_if_absent("lock", b"")


@pytest.mark.parametrize("page", [b"<html>Please log in</html>", b""])
def test_what_answers_but_is_no_s3_server_is_told(storage: Storage, proxy: Proxy, page: bytes) -> None:
    proxy.fault_of = lambda _: Fault(status=200, content=page)
    with pytest.raises(StorageError, match="what answers is no S3 server; check AWS_ENDPOINT_URL_S3"):
        storage.list("")


@pytest.mark.parametrize(
    "fault", [Fault(cut_at=100), Fault(status=200, content=b"<ListBucketResult>"), Fault(status=502)]
)
def test_a_listing_that_is_never_whole_ends_the_run(storage: Storage, proxy: Proxy, fault: Fault) -> None:
    proxy.fault_of = lambda _: fault
    with pytest.raises(StorageError, match=r"the S3 server answered 50\d and no more; run again later, or check"):
        storage.list("")
    assert len(proxy.passed) == 4


def test_a_listing_that_breaks_off_is_asked_again(storage: Storage, proxy: Proxy) -> None:
    proxy.fault_of = first(2, Fault(cut_at=100))
    assert [stored.key for stored in storage.list("")] == ["x"]


def test_a_server_that_hangs_up_each_time_ends_the_run(storage: Storage, proxy: Proxy) -> None:
    proxy.fault_of = lambda _: Fault(lose_reply=True)
    with pytest.raises(StorageError, match="the S3 server gave no whole answer, asked several times; run again later"):
        storage.put("y", b"")
    assert len(proxy.passed) == 4


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://no-such-host.invalid"])
def test_an_unreachable_server_is_one_clear_sentence(s3: S3Server, url: str) -> None:
    with pytest.raises(StorageError, match="cannot be reached; check AWS_ENDPOINT_URL_S3"):
        open_storage("s3://logs", url).list("")


def test_an_endpoint_that_is_no_url_is_one_clear_sentence(s3: S3Server) -> None:
    with pytest.raises(StorageError, match=r"Invalid endpoint.*correct endpoint_url"):
        open_storage("s3://logs", "not a url")


@pytest.mark.parametrize("key", ["a//b", "/lead", "a/../b", "./x", "back\\slash"])
def test_keys_that_look_like_paths_are_asked_for_as_they_are(storage: Storage, proxy: Proxy, key: str) -> None:
    listing = (
        "<ListBucketResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'>"
        "<IsTruncated>false</IsTruncated><Contents>"
        f'<Key>f/{key}</Key><Size>1</Size><ETag>"e"</ETag><LastModified>2026-11-20T03:05:49Z</LastModified>'
        "</Contents></ListBucketResult>"
    )
    proxy.fault_of = lambda passed: Fault(status=200, content=listing.encode() if "list-type" in passed.path else b"1")
    folder = open_storage("s3://results/f")
    (stored,) = folder.list("")
    assert stored.key == key
    assert read_bytes(folder, stored.key) == b"1"
    assert proxy.passed[-1].path == f"/results/f/{key}".replace("\\", "%5C")


def test_an_upload_that_fails_half_way_leaves_no_object(storage: Storage, proxy: Proxy, tmp_path: Path) -> None:
    local = tmp_path / "large"
    with local.open("wb") as sink:
        sink.truncate(65 * 2**20)
    proxy.fault_of = lambda passed: (
        Fault(status=403, content=error_of("AccessDenied")) if "partNumber=3" in passed.path else None
    )
    with pytest.raises(StorageError, match="grant s3:PutObject"):
        storage.put_file("large", local)
    assert [stored.key for stored in storage.list("")] == ["x"]
    assert [passed.method for passed in proxy.passed if passed.method == "DELETE"] == ["DELETE"]
    proxy.fault_of = lambda _: None
    storage.put_file("large", local)
    assert [(stored.key, stored.size) for stored in storage.list("large")] == [("large", 65 * 2**20)]
