import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.adapters.locations import local_path, open_storage
from tasks.adapters.storage import Storage, read_bytes
from tasks.core.errors import StorageError, UnreadableObjectError
from tests.servers.s3 import READER, S3Server

# Each is held by every backend; what only some hold has tests of its own.
ODD_KEYS = [
    "a b/c.txt",
    " /tail ",
    "percent%41/plus+.txt",
    "slash%2Fin/name%25.txt",
    "%zz/%",
    "snow☃/日本.txt",
    "caf\u00e9/nfc.txt",
    "cafe\u0301/nfd.txt",
    "hash#1/q?x=1.txt",
    "app.log#1",
    "dots../x..txt",
    "...",
    ".hidden/.x",
    "quotes'\"`/x",
    "a*?[x]{y}&=;:@$,!~<>|^",
    "😀",
    "/".join(["x" * 195] * 5),
]


@pytest.fixture(params=["file", "s3", "azurite", "memory"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param in {"s3", "azurite"}:
        request.getfixturevalue(request.param)
    roots = {
        "file": tmp_path.as_uri(),
        "s3": f"s3://results/{uuid4()}",
        "azurite": f"az://logs/{uuid4()}",
        "memory": "memory:///",
    }
    return open_storage(roots[request.param])


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
    (stored,) = storage.list("")
    assert stored.key == key
    sink = BytesIO()
    storage.read(key, sink, etag=stored.etag)
    assert sink.getvalue() == b"x"
    storage.delete(key)
    assert storage.list("") == []


def test_two_spellings_of_one_letter_are_two_keys(storage: Storage) -> None:
    storage.put("caf\u00e9", b"1")
    storage.put("cafe\u0301", b"2")
    assert [(one.key, read_bytes(storage, one.key)) for one in storage.list("")] == [
        ("cafe\u0301", b"2"),
        ("caf\u00e9", b"1"),
    ]


def test_keys_come_in_the_order_of_their_bytes(storage: Storage) -> None:
    keys = ["a.txt", "a-b/x", "a/b-c", "a/b/c", "a0", "B", "é", "\uffee", "😀"]
    for key in keys:
        storage.put(key, b"x")
    assert [stored.key for stored in storage.list("")] == sorted(keys, key=str.encode)


@pytest.mark.parametrize("storage", ["s3", "azurite"], indirect=True)
def test_odd_folders_as_roots_are_taken_as_they_are(storage: Storage) -> None:
    inner = open_storage(f"{storage.root}/a b/100%25/x#1/q?y=2/é")
    inner.put("k", b"x")
    assert [stored.key for stored in inner.list("")] == ["k"]
    assert [stored.key for stored in storage.list("")] == ["a b/100%25/x#1/q?y=2/é/k"]


def test_a_file_is_put_whole_and_empty_ones_too(storage: Storage, tmp_path: Path) -> None:
    local = tmp_path.with_name("outside")
    for content in (b"", os.urandom(9 * 2**20)):
        local.write_bytes(content)
        storage.put_file("folder/one", local)
        assert read_bytes(storage, "folder/one") == content
        assert [stored.size for stored in storage.list("")] == [len(content)]


def test_a_missing_folder_is_empty_and_a_missing_object_is_named(storage: Storage) -> None:
    assert storage.list("nothing/") == []
    assert storage.list("nothing") == []
    with pytest.raises(FileNotFoundError, match="nothing: there is no such object"):
        read_bytes(storage, "nothing")
    storage.delete("nothing")


def test_of_many_writers_of_one_key_exactly_one_wins(storage: Storage) -> None:
    with ThreadPoolExecutor(16) as pool:
        won = list(pool.map(lambda number: storage.put_if_absent("lock", f"{number}".encode()), range(16)))
    assert won.count(True) == 1
    assert read_bytes(storage, "lock") == str(won.index(True)).encode()


def test_the_winner_may_ask_again(storage: Storage) -> None:
    assert storage.put_if_absent("lock", b"mine")
    assert storage.put_if_absent("lock", b"mine")
    assert not storage.put_if_absent("lock", b"yours")


def test_an_overwritten_object_is_not_read_as_the_listed_one(storage: Storage) -> None:
    storage.put("x", b"old")
    (listed,) = storage.list("x")
    storage.put("x", b"newer")
    with pytest.raises(FileNotFoundError, match="overwritten"):
        storage.read("x", BytesIO(), etag=listed.etag)


def test_what_a_sink_held_before_is_gone(storage: Storage) -> None:
    storage.put("x", b"new")
    sink = BytesIO(b"something longer")
    sink.seek(5)
    storage.read("x", sink)
    assert sink.getvalue() == b"new"


@pytest.mark.parametrize("name", ["file", "memory", "azurite"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.text(st.sampled_from("a./\\\n\0%é"), min_size=1, max_size=8) | st.text(min_size=1, max_size=20))
def test_a_key_is_refused_or_kept_exactly(
    name: str,
    key: str,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    roots: dict[str, Callable[[], str]] = {
        "file": lambda: tmp_path_factory.mktemp("root").as_uri(),
        "memory": lambda: "memory:///",
        "azurite": lambda: f"az://logs/{uuid4()}",
    }
    if name == "azurite":
        request.getfixturevalue(name)
        if set(key) & AZURITE_LISTS_NOT:
            return
    storage = open_storage(roots[name]())
    try:
        storage.put(key, b"x")
    except StorageError as error:
        assert storage.list("") == []
        assert storage.root in str(error)  # noqa: PT017
        return
    assert [stored.key for stored in storage.list("")] == [key]
    assert read_bytes(storage, key) == b"x"
    storage.delete(key)
    assert storage.list("") == []


AZURITE_LISTS_NOT = set("\ufffe\uffff")  # XML 1.0 has no such characters, and the emulator's listing answers 500


def test_a_listing_longer_than_a_page_is_complete(s3: S3Server) -> None:
    storage = open_storage(f"s3://results/{uuid4()}")
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: storage.put(f"k/{number:05d}", b""), range(1100)))
    assert [stored.key for stored in storage.list("k/")] == [f"k/{number:05d}" for number in range(1100)]


@pytest.mark.parametrize("key", ["n\nl", "t\tx", "\x01", "folder/"])
def test_control_characters_and_folder_markers_are_kept_on_s3(s3: S3Server, key: str) -> None:
    storage = open_storage(f"s3://results/{uuid4()}")
    storage.put(key, b"")
    assert [stored.key for stored in storage.list("")] == [key]
    assert read_bytes(storage, key) == b""
    storage.delete(key)
    assert storage.list("") == []


def test_access_denied_names_the_permission_to_grant(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    open_storage("s3://results").put("x", b"")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", READER[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", READER[1])
    logs, results = open_storage("s3://logs"), open_storage("s3://results")
    assert logs.list(f"{uuid4()}/") == []
    with pytest.raises(StorageError, match="grant s3:ListBucket"):
        results.list("")
    with pytest.raises(StorageError, match="grant s3:GetObject, and s3:ListBucket on the bucket"):
        read_bytes(results, "x")
    with pytest.raises(StorageError, match="grant s3:PutObject"):
        logs.put("x", b"")
    with pytest.raises(StorageError, match="grant s3:DeleteObject"):
        logs.delete("x")


def test_a_missing_bucket_is_one_clear_sentence(s3: S3Server) -> None:
    with pytest.raises(StorageError, match=r"^s3://no-such-bucket: there is no such bucket; correct the name"):
        open_storage("s3://no-such-bucket").list("")


def test_keys_that_are_wrong_are_told_apart(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(StorageError, match="correct AWS_SECRET_ACCESS_KEY"):
        open_storage("s3://logs").list("")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "unknown")
    with pytest.raises(StorageError, match="the access key is unknown"):
        open_storage("s3://logs").list("")


def test_missing_credentials_are_one_clear_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(StorageError, match="no AWS credentials found"):
        open_storage("s3://logs", "http://127.0.0.1:9").list("")
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(StorageError, match=r"nobody.*correct AWS_PROFILE"):
        open_storage("s3://logs")


def test_a_local_folder_that_is_missing_is_one_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="there is no such folder"):
        open_storage((tmp_path / "nothing").as_uri())
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("name", ["100%", "a%20b", "a b", "hash#1", "what?", "snow☃"])
def test_local_roots_of_any_name_are_opened(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    storage = open_storage(folder.as_uri(), create=True)
    storage.put("x", b"1")
    assert (folder / "x").read_bytes() == b"1"
    assert local_path(storage.root) == folder


def test_a_local_root_with_a_bare_hash_is_refused_rather_than_cut(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="%23 for #"):
        open_storage(f"file://{tmp_path}/hash#1", create=True)
    assert list(tmp_path.iterdir()) == []


def test_a_newline_is_kept_in_a_local_name(tmp_path: Path) -> None:
    storage = open_storage(tmp_path.as_uri())
    storage.put("new\nline/\x01", b"x")
    assert [stored.key for stored in storage.list("new\nline/")] == ["new\nline/\x01"]


@pytest.mark.parametrize("key", ["../x", "a/../../x", "a//b", "/a", "a/", ".", "..", "nul\0"])
def test_a_key_that_would_leave_the_folder_is_refused(tmp_path: Path, key: str) -> None:
    (tmp_path / "x").write_bytes(b"outside")
    storage = open_storage((tmp_path / "root").as_uri(), create=True)
    for use in (
        lambda: storage.put(key, b"x"),
        lambda: storage.put_file(key, tmp_path / "x"),
        lambda: storage.put_if_absent(key, b"x"),
        lambda: storage.delete(key),
        lambda: read_bytes(storage, key),
    ):
        with pytest.raises(StorageError, match="no file can be named"):
            use()
    assert (tmp_path / "x").read_bytes() == b"outside"
    assert list((tmp_path / "root").rglob("*")) == []


def test_a_link_that_leads_out_is_an_error_and_never_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "outside").mkdir()
    for name, target in {"file": "secret", "folder": "outside", "dangling": "nothing"}.items():
        root = tmp_path / f"root-{name}"
        root.mkdir()
        (root / "link").symlink_to(tmp_path / target)
        storage = open_storage(root.as_uri())
        with pytest.raises(StorageError, match="link is a link that leads out of this folder"):
            storage.list("")
        with pytest.raises(StorageError, match="leads out of this folder"):
            read_bytes(storage, "link")
        with pytest.raises(StorageError, match="leads out of this folder"):
            storage.list("link/")
    with pytest.raises(StorageError, match="leads out of this folder"):
        open_storage((tmp_path / "root-folder").as_uri()).put("link/x", b"")
    assert list((tmp_path / "outside").iterdir()) == []


def test_what_lies_beside_what_is_listed_is_not_looked_at(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/a.jsonl").write_text("{}")
    (tmp_path / "venv").symlink_to("/usr")
    listed = open_storage(tmp_path.as_uri()).list("logs")
    assert [stored.key for stored in listed] == ["logs/a.jsonl"]


def test_links_within_the_folder_are_read_once(tmp_path: Path) -> None:
    storage = open_storage(tmp_path.as_uri())
    storage.put("2026/x", b"1")
    (tmp_path / "latest").symlink_to("2026")
    (tmp_path / "same").symlink_to("2026/x")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "gone").symlink_to("nothing")
    assert [stored.key for stored in storage.list("")] == ["2026/x"]
    assert read_bytes(storage, "latest/x") == b"1"


def test_a_root_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    storage = open_storage((tmp_path / "link").as_uri())
    storage.put("x", b"1")
    assert [stored.key for stored in storage.list("")] == ["x"]


def test_pipes_and_half_written_files_are_no_objects(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / ".genwatch-part-1").write_bytes(b"half")
    storage = open_storage(tmp_path.as_uri())
    assert storage.list("") == []
    with pytest.raises(FileNotFoundError):
        read_bytes(storage, "pipe")


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    storage = open_storage(tmp_path.as_uri())
    storage.put("a", b"x")
    with pytest.raises(StorageError, match="a file stands where a folder is due"):
        storage.put("a/b", b"x")
    (tmp_path / "folder").mkdir()
    for use in (lambda: storage.put("folder", b"x"), lambda: storage.put_if_absent("folder", b"x")):
        with pytest.raises(StorageError, match="a folder stands where a file is due"):
            use()
    with pytest.raises(StorageError, match="no name this long"):
        storage.put("x" * 256, b"x")
    assert {path.name for path in tmp_path.rglob("*")} == {"a", "folder"}


def test_a_name_that_is_no_text_is_one_clear_sentence(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/raw\xff")).write_bytes(b"x")
    with pytest.raises(StorageError, match="is not UTF-8; rename the file"):
        open_storage(tmp_path.as_uri()).list("")


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="only Linux has a file that cannot be read")
def test_a_file_that_the_disk_cannot_read_costs_that_file() -> None:
    with pytest.raises(UnreadableObjectError, match="the disk cannot read this file"):
        read_bytes(open_storage("file:///proc/self"), "mem")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
def test_local_permissions_are_named(tmp_path: Path) -> None:
    storage = open_storage(tmp_path.as_uri())
    storage.put("folder/x", b"x")
    (tmp_path / "folder/x").chmod(0)
    with pytest.raises(StorageError, match="permission denied; let this user read it"):
        read_bytes(storage, "folder/x")
    (tmp_path / "folder").chmod(0)
    with pytest.raises(StorageError, match="permission denied; let this user list it"):
        storage.list("")
    (tmp_path / "folder").chmod(0o700)


@pytest.mark.parametrize("url", ["ftp://host/x", "/logs", "logs"])
def test_other_schemes_are_refused(url: str) -> None:
    with pytest.raises(StorageError, match="storage is s3://"):
        open_storage(url)
