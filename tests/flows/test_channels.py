"""Channels as a user has them: tried on the command line, checked before a run, told by a run."""

import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stamina
from prefect.client.schemas.objects import State
from typer.testing import CliRunner, Result

from configs.load import load_monitor
from configs.monitor import MonitorConfig
from flows.cli import app
from flows.monitor import monitor as monitor_flow
from tasks.core.errors import ConfigError, MonitorError
from tasks.notify import check_channel
from tests.builders import HOUR, SIX, write_monitor_file, write_pairs
from tests.servers.http import HttpServer, Reply, serve

SALAD = "the the of of is is the the"
KEY = f"whsec_{b64encode(bytes(range(32))).decode()}"
ALERTS = {
    "apprise": {"chat": "env:TEST_CHAT"},
    "webhooks": {"ops": {"url": "env:TEST_OPS_URL", "secret": "env:TEST_OPS_KEY"}},
}


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=2):
        yield


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpServer]:
    with serve(lambda _: Reply()) as running:
        monkeypatch.setenv("TEST_CHAT", f"{running.url.replace('http', 'json')}/chat/sesame?wait=0")
        monkeypatch.setenv("TEST_OPS_URL", f"{running.url}/ops/sesame")
        monkeypatch.setenv("TEST_OPS_KEY", KEY)
        yield running


def config(folder: Path, alerts: Any = ALERTS) -> MonitorConfig:
    return load_monitor(monitor_file(folder, alerts))


def monitor_file(folder: Path, alerts: Any = ALERTS) -> Path:
    return write_monitor_file(folder, f"alerts: {json.dumps(alerts)}\n")


def genwatch(*arguments: object) -> Result:
    found = CliRunner().invoke(app, ["alerts", *map(str, arguments)])
    if found.exception is not None and not isinstance(found.exception, SystemExit | MonitorError):
        raise found.exception
    return found


def run(monitor: MonitorConfig, hour: int = 0) -> State[Any]:
    start = SIX + hour * HOUR
    state: State[Any] = monitor_flow(monitor, start, start + HOUR, return_state=True)
    assert state.is_completed(), state.message
    return state


def told(receiver: HttpServer) -> list[str]:
    """Each request in a word: the headline of the chat's message, the event of the webhook's."""
    return [received.body.get("title") or received.body["event"] for received in receiver.received]


def test_a_test_message_tries_every_channel_and_stays_open_in_none(tmp_path: Path, receiver: HttpServer) -> None:
    found = genwatch(monitor_file(tmp_path), "test")
    assert found.stdout.splitlines() == [
        "apprise:chat: took a test message",
        "webhook:ops: took a test message",
    ]
    message, opened, recovered = receiver.received
    assert "WARNING: channel test: this is a test of the channel by genwatch" in message.body["message"]
    assert [one.body["event"] for one in (opened, recovered)] == ["opened", "recovered"]
    assert opened.body["alert"]["key"] == recovered.body["alert"]["key"] == "bot:test"
    assert not (tmp_path / "store").exists()


def test_a_channel_that_does_not_take_it_is_named_and_the_others_are_tried(
    tmp_path: Path, receiver: HttpServer
) -> None:
    receiver.answer = lambda received: Reply(status=403 if "chat" in received.path else 200)
    found = genwatch(monitor_file(tmp_path), "test")
    assert isinstance(found.exception, MonitorError)
    assert str(found.exception) == "apprise:chat did not take the test message; alerts would not arrive there"
    assert found.stdout.splitlines() == [
        "apprise:chat: JSON answered 403; check its address, its key and the network",
        "webhook:ops: took a test message",
    ]
    assert "sesame" not in found.output


def test_a_monitor_without_channels_says_so(tmp_path: Path) -> None:
    assert "bot tells nobody; name a channel under alerts:" in genwatch(monitor_file(tmp_path, {}), "test").stdout


def test_check_names_the_channels(tmp_path: Path, receiver: HttpServer) -> None:
    assert check_channel(config(tmp_path)) == "apprise:chat, webhook:ops"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TEST_CHAT", "sesame://sesame", r"alerts\.apprise\.chat: what env:TEST_CHAT holds is no URL that Apprise can"),
        ("TEST_CHAT", "", r"alerts\.apprise\.chat: the environment variable TEST_CHAT is not set"),
        ("TEST_OPS_KEY", "sesame", r"alerts\.webhooks\.ops\.secret: what env:TEST_OPS_KEY holds is no signing secret"),
    ],
)
def test_check_finds_a_wrong_channel_before_a_run(
    tmp_path: Path, receiver: HttpServer, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=said) as found:
        check_channel(config(tmp_path))
    assert "sesame" not in str(found.value)


@pytest.mark.parametrize(
    ("alerts", "said"),
    [
        ({"apprise": {"chat": "discord://ID/TOKEN"}}, "a secret is named, never written"),
        ({"apprise": {"My Chat": "env:X"}}, "apprise"),
        ({"webhooks": {"ops": {"url": "env:X"}}}, "secret"),
        ({"pagerduty": {"routing_key": "env:X", "region": "moon"}}, "region"),
    ],
)
def test_a_wrong_entry_of_the_monitor_file_is_said(tmp_path: Path, alerts: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as found:
        config(tmp_path, alerts)
    assert "TOKEN" not in str(found.value)


@pytest.mark.usefixtures("prefect_server")
def test_one_channel_that_fails_makes_no_other_hear_it_twice(tmp_path: Path, receiver: HttpServer) -> None:
    for hour in range(2):
        write_pairs(tmp_path, 40, SIX + hour * HOUR, dict.fromkeys(range(30), SALAD))
    monitor = config(tmp_path)
    receiver.answer = lambda received: Reply(status=403 if "ops" in received.path else 200)
    state = run(monitor)
    assert told(receiver) == ["bot: 1 breach, 2026-11-20 06:00–07:00 UTC", "opened"]
    manifest = (tmp_path / "store/bot/runs/window=20261120T0600Z/rev=0.json").read_text()
    assert "sesame" not in manifest + str(state.message)
    receiver.answer = lambda _: Reply()
    run(monitor, 1)
    assert told(receiver)[2:] == ["opened"]
    first, second = (received for received in receiver.received if "ops" in received.path)
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    examples = [example["interaction_id"] for example in second.body["examples"]]
    assert len(examples) == 3
    assert SALAD not in second.raw.decode()
    assert SALAD not in str([received.body for received in receiver.received])
