import logging
import os
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import stamina

from configs.alerts import Alerts
from tasks.adapters.posting import post
from tasks.adapters.webhook import open_webhook
from tasks.core.alert import Event
from tasks.core.errors import ConfigError
from tasks.core.news import Delivered, News
from tasks.core.webhook import json_schema
from tests.news import PAGE, news, notice
from tests.servers.http import HttpServer, Received, Reply, serve

SECRET = f"whsec_{b64encode(os.urandom(32)).decode()}"
ALERTS = Alerts.model_validate({"webhooks": {"ops": {"url": "env:TEST_OPS_URL", "secret": "env:TEST_OPS_KEY"}}})
PAGE_OF_CHANNELS = Path(__file__).parents[2] / "docs/channels.md"


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=4):
        yield


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpServer]:
    with serve(lambda _: Reply(status=204)) as running:
        monkeypatch.setenv("TEST_OPS_URL", f"{running.url}/hook/sesame?token=sesame")
        monkeypatch.setenv("TEST_OPS_KEY", SECRET)
        yield running


def tell(found: News) -> Delivered:
    return open_webhook(ALERTS, "ops").tell(found)


def checker() -> Any:
    """The function that the docs show, as a reader would copy it."""
    (code,) = re.findall(r"```python\n(.*?def verified.*?)```", PAGE_OF_CHANNELS.read_text(), re.DOTALL)
    scope: dict[str, Any] = {}
    exec(code, scope)  # noqa: S102  it is ours
    return scope["verified"]


def headers_of(received: Received) -> Mapping[str, str]:
    return {name: value for name, value in received.headers.items() if name.startswith("webhook-")}


def test_each_change_is_one_request_by_the_schema(receiver: HttpServer) -> None:
    changes = [notice(event, ids=("i-1", "i-2", "i-3", "i-4"), unit="share") for event in Event]
    assert tell(news(*changes)) == Delivered()
    assert [received.body["event"] for received in receiver.received] == [event.value for event in Event]
    for received in receiver.received:
        jsonschema.validate(received.body, json_schema(), format_checker=jsonschema.FormatChecker())
    first = receiver.received[0].body
    assert first["schema_version"] == 1
    assert first["measure"] == {
        "address": "quality.relevance.pass_rate",
        "value": 0.5,
        "low": 0.4,
        "high": 0.6,
        "n": 100,
        "unit": "share",
        "limit": 0.7,
        "direction": "min",
    }
    assert first["links"] == {"report": PAGE, "run": "https://prefect.example/runs/1"}
    assert [one["interaction_id"] for one in first["examples"]] == ["i-1", "i-2", "i-3"]
    assert first["window"] == {"start": "2026-11-20T06:00:00Z", "end": "2026-11-20T07:00:00Z"}


def test_the_text_of_interactions_is_not_told(receiver: HttpServer) -> None:
    tell(news(notice(ids=("i-1",))))
    assert "SAID" not in str(receiver.received[0].body)


def test_a_receiver_verifies_the_signature_as_the_docs_show(receiver: HttpServer) -> None:
    tell(news())
    (received,) = receiver.received
    verified = checker()
    headers = headers_of(received)
    assert verified(headers, received.raw, SECRET)
    assert not verified(headers, received.raw + b" ", SECRET)
    assert not verified({**headers, "webhook-id": "msg_other"}, received.raw, SECRET)
    assert not verified({**headers, "webhook-timestamp": "1614265330"}, received.raw, SECRET)
    assert not verified(headers, received.raw, f"whsec_{b64encode(os.urandom(32)).decode()}")


@pytest.mark.parametrize("fault", [Reply(status=503), Reply(status=429, headers={"retry-after": "0"})])
def test_a_passing_fault_is_tried_again_under_the_same_id(receiver: HttpServer, fault: Reply) -> None:
    receiver.answer = lambda received: fault if received.number < 2 else Reply()
    assert tell(news()) == Delivered()
    assert len({received.headers["webhook-id"] for received in receiver.received}) == 1
    assert len(receiver.received) == 3


def test_after_a_lasting_fault_the_others_are_not_tried(receiver: HttpServer) -> None:
    receiver.answer = lambda _: Reply(status=500)
    one, other = notice(), notice(key="bot:other")
    failures = tell(news(one, other)).failures
    assert set(failures) == {one.key, other.key}
    assert set(failures.values()) == {"the receiver answered 500; it may be down or busy"}
    assert len(receiver.received) == 4


def test_a_request_that_is_refused_stops_no_other(receiver: HttpServer) -> None:
    receiver.answer = lambda received: Reply(status=400 if received.number == 0 else 200)
    one, other = notice(), notice(key="bot:other")
    assert tell(news(one, other)).failures == {one.key: "the receiver answered 400; check its address and key"}


def test_redirects_are_not_followed(receiver: HttpServer) -> None:
    receiver.answer = lambda _: Reply(status=307, headers={"location": "/elsewhere"})
    (why,) = tell(news()).failures.values()
    assert why == "the receiver answered 307; redirects are not followed: give the final address"
    assert len(receiver.received) == 1


def test_a_receiver_that_does_not_answer_in_time_is_given_up() -> None:
    with serve(lambda _: Reply(delay_s=30)) as slow:
        found = post(slow.url, b"{}", dict, timeout_s=0.05)
    assert found is not None
    assert found.why == "did not answer in time; check its address and the network"


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/sesame", "http://[sesame", "http://sesame.invalid:99999/x"])
def test_no_failure_and_no_log_shows_the_address_or_the_key(
    url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TEST_OPS_URL", url)
    monkeypatch.setenv("TEST_OPS_KEY", SECRET)
    with caplog.at_level(logging.DEBUG):
        (why,) = tell(news()).failures.values()
    assert why.startswith(("the receiver cannot be reached", "the receiver has no web address"))
    shown = why + "".join(str(vars(record)) for record in caplog.records) + repr(open_webhook(ALERTS, "ops"))
    assert "sesame" not in shown
    assert SECRET not in shown


def test_the_id_is_that_of_the_change_and_not_of_the_run(receiver: HttpServer) -> None:
    told = notice().alert.heard_by("webhook:ops", notice().alert.since).told["webhook:ops"]
    again = notice(window_start=news().window.end, value=0.4)
    changes = [notice(), again, notice(Event.RECOVERED), notice(told=told), notice(since=news().window.end)]
    tell(news(*changes))
    ids = [received.headers["webhook-id"] for received in receiver.received]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 4
    assert all(re.fullmatch("msg_[0-9a-f]{32}", one) for one in ids)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        (
            "TEST_OPS_URL",
            "ops.example/sesame",
            "alerts.webhooks.ops.url: what env:TEST_OPS_URL holds is no web address",
        ),
        ("TEST_OPS_KEY", "open sesame", "alerts.webhooks.ops.secret: what env:TEST_OPS_KEY holds is no signing secret"),
        ("TEST_OPS_KEY", "", "the environment variable TEST_OPS_KEY is not set"),
    ],
)
def test_a_wrong_address_or_secret_is_said_before_a_run(
    receiver: HttpServer, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=said) as found:
        open_webhook(ALERTS, "ops")
    assert "sesame" not in str(found.value)


def test_the_command_that_makes_a_secret_makes_one(
    receiver: HttpServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TEST_OPS_KEY", "none")
    with pytest.raises(ConfigError) as found:
        open_webhook(ALERTS, "ops")
    exec(str(found.value).partition('python -c "')[2].rpartition('"')[0])  # noqa: S102  it is ours
    monkeypatch.setenv("TEST_OPS_KEY", capsys.readouterr().out)
    assert open_webhook(ALERTS, "ops").key
