"""Azure Blob Storage as its emulator serves it, with faults on the way; Google's as a loopback server answers."""

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import pytest

from tasks.adapters.locations import open_storage
from tasks.adapters.storage import Storage, read_bytes
from tasks.core.errors import StorageError, UnreadableObjectError
from tests.servers.azurite import ACCOUNT, KEY, Azurite
from tests.servers.faults import Fault, Passed, Proxy, faulty

CONTENT = bytes(range(256)) * 400


def error_of(code: str) -> bytes:
    return f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>made up</Message></Error>".encode()


def first(times: int, fault: Fault) -> Callable[[Passed], Fault | None]:
    return lambda passed: fault if passed.number < times else None


@pytest.fixture
def proxy(azurite: Azurite, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    with faulty(azurite.url, lambda _: None) as proxy:
        monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", proxy.url)
        yield proxy


@pytest.fixture
def storage(proxy: Proxy) -> Storage:
    """A folder with one blob, `x`; no fault has happened yet."""
    storage = open_storage(f"az://logs/{uuid4()}")
    storage.put("x", CONTENT)
    proxy.passed.clear()
    return storage


@pytest.fixture
def signed(azurite: Azurite, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets a signature with these permissions as the only credentials."""

    def sign(permissions: str, *, hours: float = 1.0) -> None:
        monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_KEY", raising=False)
        monkeypatch.setenv("AZURE_STORAGE_SAS_KEY", azurite.signature(permissions, hours=hours))

    return sign


def test_the_endpoint_may_stand_in_the_monitor_file(azurite: Azurite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_STORAGE_ENDPOINT")
    storage = open_storage(f"az://logs/{uuid4()}", azurite.url)
    storage.put("x", b"1")
    assert read_bytes(storage, "x") == b"1"


@pytest.mark.parametrize("scheme", ["abfs", "abfss"])
def test_a_url_may_name_the_account(azurite: Azurite, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME")
    folder = uuid4()
    storage = open_storage(f"{scheme}://logs@{ACCOUNT}.dfs.core.windows.net/{folder}")
    storage.put("x", b"1")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", ACCOUNT)
    assert read_bytes(open_storage(f"az://logs/{folder}"), "x") == b"1"


def test_a_host_that_is_no_storage_account_is_refused() -> None:
    with pytest.raises(StorageError, match=r"is no host of an Azure storage account; write az://logs/folder"):
        open_storage("abfss://logs@account.example.com/folder")


def test_a_missing_account_is_one_clear_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME", raising=False)
    with pytest.raises(StorageError, match=r"az://logs: .*Account must be specified; check AZURE_STORAGE_ACCOUNT_NAME"):
        open_storage("az://logs")


def test_a_missing_container_is_one_clear_sentence(azurite: Azurite) -> None:
    storage = open_storage("az://nothere/folder")
    for use in (lambda: storage.list(""), lambda: read_bytes(storage, "x"), lambda: storage.put("x", b"")):
        with pytest.raises(StorageError, match="there is no such container; correct the name or create it"):
            use()


def test_access_denied_names_the_role_to_grant(storage: Storage, signed: Callable[..., None]) -> None:
    signed("r")
    reader = open_storage(storage.root)
    assert read_bytes(reader, "x") == CONTENT
    with pytest.raises(StorageError, match="grant the role Storage Blob Data Reader, or a SAS with `l`"):
        reader.list("")
    for write in (lambda: reader.put("y", b""), lambda: reader.put_if_absent("y", b"")):
        with pytest.raises(StorageError, match="grant the role Storage Blob Data Contributor, or a SAS with `cw`"):
            write()
    with pytest.raises(StorageError, match="grant the role Storage Blob Data Contributor, or a SAS with `d`"):
        reader.delete("x")
    signed("l")
    lister = open_storage(storage.root)
    assert [stored.key for stored in lister.list("")] == ["x"]
    with pytest.raises(StorageError, match="grant the role Storage Blob Data Reader, or a SAS with `r`"):
        read_bytes(lister, "x")


def test_expired_and_wrong_keys_are_told_and_never_shown(
    storage: Storage, signed: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    signed("rl", hours=-1)
    with pytest.raises(StorageError, match="key or SAS is wrong or expired, this machine's clock is off") as raised:
        open_storage(storage.root).list("")
    assert "sig=" not in f"{raised.value} {raised.value.__cause__}"
    monkeypatch.delenv("AZURE_STORAGE_SAS_KEY")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", KEY[::-1].replace("=", "A"))
    with pytest.raises(StorageError, match="correct AZURE_STORAGE_ACCOUNT_KEY") as raised:
        open_storage(storage.root).list("")
    assert KEY[::-1] not in f"{raised.value} {raised.value.__cause__}"


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=503, content=error_of("ServerBusy")),
        Fault(status=500, content=error_of("OperationTimedOut")),
        Fault(status=429, headers={"Retry-After": "0"}),
    ],
)
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
    assert [stored.key for stored in storage.list("")] == ["x", "y", "z"]


def test_a_server_that_throttles_for_long_ends_the_run(storage: Storage, proxy: Proxy) -> None:
    proxy.fault_of = lambda _: Fault(status=503, content=error_of("ServerBusy"))
    with pytest.raises(StorageError, match="Azure Blob Storage is throttling; it was asked several times, run again"):
        read_bytes(storage, "x")
    assert len(proxy.passed) == 4


@pytest.mark.parametrize("cut_at", [0, 1000])
def test_a_body_that_breaks_off_is_read_on(storage: Storage, proxy: Proxy, cut_at: int) -> None:
    proxy.fault_of = first(2, Fault(cut_at=cut_at))
    assert read_bytes(storage, "x") == CONTENT


def test_a_body_that_breaks_off_each_time_costs_this_object(storage: Storage, proxy: Proxy) -> None:
    proxy.fault_of = lambda _: Fault(cut_at=0)
    with pytest.raises(UnreadableObjectError, match="x: the server breaks off within it, however often it is asked"):
        read_bytes(storage, "x")
    assert len(proxy.passed) == 8


def test_a_blob_overwritten_while_its_body_was_cut_is_not_pieced_together(storage: Storage, proxy: Proxy) -> None:
    (listed,) = storage.list("")

    def overwrite(passed: Passed) -> Fault | None:
        return Fault(cut_at=1000) if passed.method == "GET" and "range" not in passed.headers else None

    proxy.fault_of = overwrite
    sink = Overwriting(lambda: storage.put("x", CONTENT[::-1]))
    with pytest.raises(FileNotFoundError, match="overwritten"):
        storage.read("x", sink, etag=listed.etag)


class Overwriting(BytesIO):
    """A sink at whose first use something happens."""

    def __init__(self, happens: Callable[[], None]) -> None:
        super().__init__()
        self._happens: Callable[[], None] | None = happens

    def truncate(self, size: int | None = None, /) -> int:
        if self._happens is not None:
            happens, self._happens = self._happens, None
            happens()
        return super().truncate(size)


def test_a_blob_that_vanished_since_it_was_listed_is_not_found(storage: Storage) -> None:
    (listed,) = storage.list("")
    storage.delete("x")
    with pytest.raises(FileNotFoundError, match="x: there is no such object"):
        storage.read("x", BytesIO(), etag=listed.etag)


def test_a_lost_reply_does_not_lose_the_race(storage: Storage, proxy: Proxy) -> None:
    proxy.fault_of = first(1, Fault(lose_reply=True))
    assert storage.put_if_absent("lock", b"mine")
    assert not storage.put_if_absent("lock", b"yours")
    assert read_bytes(storage, "lock") == b"mine"


def test_an_archived_blob_costs_this_blob(storage: Storage, proxy: Proxy) -> None:
    proxy.fault_of = lambda _: Fault(status=409, content=error_of("BlobArchived"))
    with pytest.raises(UnreadableObjectError, match="x lies in the archive tier; rehydrate it"):
        read_bytes(storage, "x")


REFUSED = {
    "AuthorizationPermissionMismatch": (403, "access denied; grant the role Storage Blob Data"),
    "KeyBasedAuthenticationNotPermitted": (403, "the storage account takes no keys; use a role"),
    "InvalidAuthenticationInfo": (401, "the token is wrong or has expired; renew AZURE_STORAGE_TOKEN"),
    "NoAuthenticationInformation": (401, "no credentials that Azure Blob Storage takes were found"),
    "AccountIsDisabled": (403, "the storage account is disabled; enable it"),
    "ContainerBeingDeleted": (409, "the container is being deleted"),
    "SomethingNew": (418, "Azure Blob Storage answered 418 SomethingNew"),
}


@pytest.mark.parametrize("code", REFUSED)
def test_what_is_refused_for_good_is_one_sentence_and_asked_once(storage: Storage, proxy: Proxy, code: str) -> None:
    status, sentence = REFUSED[code]
    proxy.fault_of = lambda _: Fault(status=status, content=error_of(code))
    for use in (lambda: storage.list(""), lambda: read_bytes(storage, "x"), lambda: storage.put("y", b"")):
        proxy.passed.clear()
        with pytest.raises(StorageError, match=sentence) as raised:
            use()
        assert "\n" not in str(raised.value)
        assert str(raised.value).startswith(storage.root)
        assert len(proxy.passed) == 1


def test_what_answers_but_is_not_azure_is_told(storage: Storage, proxy: Proxy) -> None:
    proxy.fault_of = lambda _: Fault(status=200, content=b"<html>Please log in</html>")
    for use in (lambda: storage.list(""), lambda: read_bytes(storage, "x")):
        with pytest.raises(
            StorageError, match="what answers is not Azure Blob Storage; check AZURE_STORAGE_ACCOUNT_NAME"
        ):
            use()


def test_an_unreachable_account_is_one_clear_sentence(azurite: Azurite) -> None:
    for url in ("http://127.0.0.1:9/x", "https://no-such-account.invalid"):
        with pytest.raises(
            StorageError, match="Azure Blob Storage cannot be reached; check AZURE_STORAGE_ACCOUNT_NAME"
        ):
            open_storage("az://logs", url).list("")


@pytest.mark.parametrize("key", ["a//b", "a/../b", "./x", "new\nline"])
def test_a_blob_that_obstore_cannot_name_is_named_to_the_user(azurite: Azurite, key: str) -> None:
    folder = f"{uuid4()}"
    assert azurite.put(f"{folder}/bad/{key}", b"x") == 201
    storage = open_storage(f"az://logs/{folder}")
    storage.put("good/x", b"1")
    with pytest.raises(StorageError) as raised:
        storage.list("")
    assert (
        f"the key {f'{folder}/bad/{key}'!r} cannot be read by genwatch; rename it, or name a folder"
        in f"{raised.value}"
    )
    assert [stored.key for stored in storage.list("good/")] == ["good/x"]
    assert azurite.request("DELETE", f"logs/{folder}/bad/{key}".replace("\n", "%0A")) == 202


def test_a_folder_marker_is_an_empty_object(azurite: Azurite) -> None:
    folder = f"{uuid4()}"
    azurite.put(f"{folder}/day/", b"")
    assert [(stored.key, stored.size) for stored in open_storage(f"az://logs/{folder}").list("")] == [("day", 0)]


def test_a_listing_of_several_pages_is_complete(storage: Storage, proxy: Proxy) -> None:
    folder = storage.root.rpartition("/")[2]

    def page(passed: Passed) -> Fault | None:
        is_last = "marker=more" in passed.path
        blobs = "".join(
            f"<Blob><Name>{folder}/k/{name}</Name><Properties>"
            "<Last-Modified>Fri, 20 Nov 2026 03:05:49 GMT</Last-Modified><Etag>0x1</Etag>"
            "<Content-Length>0</Content-Length><Content-Type>x</Content-Type></Properties></Blob>"
            for name in ("2" if is_last else "01")
        )
        marker = "" if is_last else "more"
        listing = f"<EnumerationResults><Blobs>{blobs}</Blobs><NextMarker>{marker}</NextMarker></EnumerationResults>"
        return Fault(status=200, content=listing.encode())

    proxy.fault_of = page
    assert [stored.key for stored in storage.list("k/")] == ["k/0", "k/1", "k/2"]


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """No emulator works with obstore: a server that answers what a test says."""
    monkeypatch.setenv("GOOGLE_BEARER_TOKEN", "made-up")
    with faulty("http://127.0.0.1:9", lambda _: None) as proxy:
        yield proxy


def test_google_names_the_permission_to_grant(google: Proxy) -> None:
    storage = open_storage("gs://logs/folder", google.url)
    google.fault_of = lambda _: Fault(status=403, content=error_of("AccessDenied"))
    uses: dict[str, Callable[[], object]] = {
        "storage.objects.list": lambda: storage.list(""),
        "storage.objects.get": lambda: read_bytes(storage, "x"),
        "storage.objects.create and storage.objects.delete": lambda: storage.put("x", b""),
        "storage.objects.delete": lambda: storage.delete("x"),
    }
    for permission, use in uses.items():
        with pytest.raises(StorageError, match=f"access denied; grant {permission} to these credentials"):
            use()


def test_a_missing_bucket_of_google_is_one_clear_sentence(google: Proxy) -> None:
    google.fault_of = lambda _: Fault(status=404, content=error_of("NoSuchBucket"))
    storage = open_storage("gs://logs/folder", google.url)
    for use in (lambda: storage.list(""), lambda: read_bytes(storage, "x"), lambda: storage.put("x", b"")):
        with pytest.raises(StorageError, match="there is no such bucket; correct the name or create it"):
            use()


def test_google_is_listed_and_read(google: Proxy) -> None:
    listing = (
        b'<ListBucketResult><Contents><Key>folder/a b%</Key><Size>1</Size><ETag>"1"</ETag>'
        b"<LastModified>2026-11-20T03:05:49Z</LastModified></Contents></ListBucketResult>"
    )
    given = {"ETag": '"1"', "Last-Modified": "Fri, 20 Nov 2026 03:05:49 GMT"}
    google.fault_of = lambda passed: (
        Fault(status=429)
        if passed.number < 2
        else Fault(status=200, content=listing if "list-type" in passed.path else b"1", headers=given)
    )
    storage = open_storage("gs://logs/folder", google.url)
    (stored,) = storage.list("")
    assert (stored.key, stored.size) == ("a b%", 1)
    sink = BytesIO()
    storage.read(stored.key, sink, etag=stored.etag)
    assert sink.getvalue() == b"1"
    assert google.passed[-1].path == "/logs/folder%2Fa%20b%25"


def test_a_missing_key_file_of_google_is_one_clear_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", f"{tmp_path}/nothing")
    with pytest.raises(StorageError, match="set GOOGLE_APPLICATION_CREDENTIALS"):
        open_storage("gs://logs")
