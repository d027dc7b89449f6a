"""The S3 policies of docs/iam.md, enforced by a real S3 server: they are enough, and none of them is superfluous."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tasks.adapters.locations import open_storage
from tasks.adapters.storage import read_bytes
from tasks.core.errors import StorageError
from tests.builders import monitor, write_pairs
from tests.docs.pages import ROOT
from tests.flows.test_alerts import run
from tests.servers.s3 import S3Server, keys_of, serve_s3

PAGE = (ROOT / "docs/iam.md").read_text(encoding="utf-8")
LOGS, STORE = (
    json.loads(re.findall(rf"^```json {name}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[0])["Statement"]
    for name in ("logs", "store")
)
RIGHTS = {
    "list-logs": ("ListLogs", "s3:ListBucket"),
    "read-logs": ("ReadLogs", "s3:GetObject"),
    "list-store": ("ListStore", "s3:ListBucket"),
    "read-store": ("KeepStore", "s3:GetObject"),
    "write-store": ("KeepStore", "s3:PutObject"),
    "delete-store": ("KeepStore", "s3:DeleteObject"),
}


def policy(without: tuple[str, str] | None = None) -> str:
    """Both documents for the buckets of the tests; `without` one action of one statement."""
    statements = []
    for statement in json.loads(json.dumps([*LOGS, *STORE])):
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        statement["Action"] = [one for one in actions if (statement["Sid"], one) != without]
        statements += [statement] if statement["Action"] else []
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    return text.replace("prod-logs", "logs").replace("prod-monitoring", "results")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A server on which one has all of the page's rights, and others lack one each."""
    policies = {"all": policy()} | {name: policy(right) for name, right in RIGHTS.items()}
    with serve_s3(tmp_path_factory.mktemp("iam"), policies) as running:
        client = running.client()
        client.put_object(Bucket="logs", Key="support-bot/line", Body=b"{}")
        client.put_object(Bucket="results", Key="genwatch/there", Body=b"{}")
        yield running


def sign_in(server: S3Server, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    access, secret = keys_of(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", access)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
    monkeypatch.setenv("AWS_REGION", "us-east-1")


def use_every_right() -> None:
    """What a monitor asks of both locations."""
    logs, store = open_storage("s3://logs/support-bot"), open_storage("s3://results/genwatch", create=True)
    assert "line" in [one.key for one in logs.list("")]
    assert read_bytes(logs, "line") == b"{}"
    assert "there" in [one.key for one in store.list("")]
    assert read_bytes(store, "there") == b"{}"
    store.put("new", b"1")
    assert not store.put_if_absent("there", b"1")
    store.delete("new")


@pytest.mark.usefixtures("prefect_server")
def test_a_run_needs_no_more_than_the_rights_of_the_page(
    server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pairs(tmp_path, 40)
    client: Any = server.client()
    for path in (tmp_path / "logs").rglob("*.jsonl"):
        client.upload_file(str(path), "logs", f"support-bot/{path.relative_to(tmp_path / 'logs')}")
    sign_in(server, "all", monkeypatch)
    source = {"inputs": "s3://logs/support-bot/model_inputs", "outputs": "s3://logs/support-bot/model_outputs"}
    config = monitor(tmp_path, source=source, store="s3://results/genwatch", retention={"interactions": "1d"})
    run(config)
    assert [one for one in open_storage("s3://results/genwatch/bot").list("runs/") if one.key.endswith("rev=0.json")]
    use_every_right()


@pytest.mark.parametrize("name", RIGHTS)
def test_a_right_that_is_missing_is_named(server: S3Server, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_in(server, name, monkeypatch)
    with pytest.raises(StorageError, match=f"access denied; grant {RIGHTS[name][1]}"):
        use_every_right()


def test_the_rights_of_the_page_reach_no_other_folder_and_write_no_logs(
    server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(server, "all", monkeypatch)
    with pytest.raises(StorageError, match="access denied"):
        open_storage("s3://logs/other-bot").list("")
    with pytest.raises(StorageError, match="access denied; grant s3:PutObject"):
        open_storage("s3://logs/support-bot").put("line", b"changed")
    with pytest.raises(StorageError, match="access denied; grant s3:PutObject"):
        open_storage("s3://results/other").put("line", b"changed")
