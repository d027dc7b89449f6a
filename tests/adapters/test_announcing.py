import logging
import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from prefect.blocks.notifications import CustomWebhookNotificationBlock, MattermostWebhook, PagerDutyWebHook
from prefect.blocks.system import Secret
from prefect.settings import PREFECT_API_URL, temporary_settings
from pydantic import SecretStr

from configs.alerts import Alerts
from tasks.adapters.announcing import open_service
from tasks.adapters.channels import open_channel
from tasks.adapters.oncall import pager_duty
from tasks.core.alert import Event
from tasks.core.errors import ConfigError
from tasks.core.news import Delivered
from tasks.core.verdict import Severity
from tests.news import HOSTILE, news, notice
from tests.servers.http import HttpServer, Reply, serve
from tests.servers.mail import serve_mail

PAGE_OF_CHANNELS = Path(__file__).parents[2] / "docs/channels.md"
ALERTS = Alerts.model_validate({"apprise": {"chat": "env:TEST_URL"}})


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpServer]:
    with serve(lambda _: Reply()) as running:
        monkeypatch.setenv("TEST_URL", f"{running.url.replace('http', 'json')}/hook/sesame?wait=0")
        yield running


def blocks(**named: str) -> Alerts:
    return Alerts.model_validate({"apprise": {name: f"block:{block}" for name, block in named.items()}})


def test_all_news_of_a_window_is_one_message(service: HttpServer) -> None:
    assert open_service(ALERTS, "chat").tell(news(notice(), notice(Event.RECOVERED))) == Delivered()
    (received,) = service.received
    assert received.body["title"] == "bot: 1 breach, 1 recovered, 2026-11-20 06:00–07:00 UTC"
    assert received.body["message"].startswith("BREACH: relevance pass rate 0.500")


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (notice(), "failure"),
        (notice(severity=Severity.WARNING), "warning"),
        (notice(Event.RECOVERED), "success"),
    ],
)
def test_a_service_colours_it_by_what_happened(service: HttpServer, told: Any, kind: str) -> None:
    open_service(ALERTS, "chat").tell(news(told))
    assert service.received[0].body["type"] == kind


@pytest.mark.parametrize("status", [500, 404, 302])
def test_a_failure_is_tried_again_and_said_without_the_address(
    service: HttpServer, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    service.answer = lambda _: Reply(status=status, headers={"location": f"{service.url}/elsewhere"})
    told = news(notice(), notice(key="bot:other"))
    with caplog.at_level(logging.DEBUG):
        channel = open_service(ALERTS, "chat")
        failures = channel.tell(told).failures
    said = f"JSON answered {status}; check its address, its key and the network"
    assert failures == {one.key: said for one in told.notices}
    assert len(service.received) == 3
    assert "sesame" not in repr(channel) + "".join(str(vars(record)) for record in caplog.records)


def test_a_passing_failure_is_none(service: HttpServer) -> None:
    service.answer = lambda received: Reply(status=503 if received.number == 0 else 200)
    assert open_service(ALERTS, "chat").tell(news()) == Delivered()


def test_what_is_too_long_for_a_chat_comes_in_parts(service: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_URL", f"{service.url.replace('http', 'rocket')}/ops?mode=webhook&webhook=sesame/token")
    told = news(*[notice(key=f"bot:quality.m{number}.pass_rate") for number in range(9)])
    assert open_service(ALERTS, "chat").tell(told) == Delivered()
    parts = [received.body["text"] for received in service.received]
    assert len(parts) == 2
    assert all(len(part) <= 1000 for part in parts)
    assert "Report: https://reports.example/bot/report/index.html" in parts[-1]


def test_a_failure_is_never_optional(service: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    service.answer = lambda _: Reply(status=500)
    monkeypatch.setenv("TEST_URL", f"{service.url.replace('http', 'json')}/?optional=yes&wait=0")
    assert open_service(ALERTS, "chat").tell(news()).failures


def test_an_unreachable_service_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_URL", "json://127.0.0.1:9/sesame?wait=0")
    (why,) = open_service(ALERTS, "chat").tell(news()).failures.values()
    assert why == "JSON did not take the message; check its address, its key and the network"


@pytest.mark.parametrize(
    "url",
    ["nope://sesame", "sesame", "discord://sesame", "mailto://me:sesame@", "a, b sesame", "https://x.example/sesame"],
)
def test_what_is_no_url_of_apprise_is_said_without_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, url: str
) -> None:
    monkeypatch.setenv("TEST_URL", url)
    with (
        caplog.at_level(logging.DEBUG),
        pytest.raises(
            ConfigError, match=r"alerts\.apprise\.chat: what env:TEST_URL holds is no URL that Appr"
        ) as found,
    ):
        open_channel(ALERTS, "apprise:chat")
    assert "sesame" not in str(found.value) + "".join(str(vars(record)) for record in caplog.records)


NATIVE = [
    "https://discord.com/api/webhooks/123456789012345678/abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz01",
    "https://prod-00.westeurope.logic.azure.com:443/workflows/0a1b2c3d/triggers/manual/paths/invoke"
    "?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=AbCd-Ef",
]


@pytest.mark.parametrize("url", [*re.findall(r"`(\w+://[^`]+[^/`])`", PAGE_OF_CHANNELS.read_text()), *NATIVE])
def test_apprise_reads_every_form_of_url_that_the_docs_show(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("TEST_URL", url)
    assert open_service(ALERTS, "chat").name in {"E-Mail", "Discord", "Power Automate / Workflows (for MSTeams)"}


@pytest.mark.parametrize(
    ("url", "instead"),
    [
        ("pagerduty://sesame@sesame", "write alerts.pagerduty: {routing_key: env:NAME}"),
        ("Opsgenie://sesame", "write alerts.opsgenie: {api_key: env:NAME}"),
    ],
)
def test_an_on_call_service_is_refused_as_apprise_cannot_close_what_it_opens(
    monkeypatch: pytest.MonkeyPatch, url: str, instead: str
) -> None:
    monkeypatch.setenv("TEST_URL", url)
    with pytest.raises(ConfigError, match=instead.replace("{", r"\{")) as found:
        open_service(ALERTS, "chat")
    assert "sesame" not in str(found.value)
    with pytest.raises(ConfigError, match=r"write alerts\.pagerduty: \{routing_key: block:pager-duty-webhook/NAME\}"):
        open_service(blocks(chat="pager-duty-webhook/ops"), "chat")


def test_markdown_and_html_services_get_text_that_cannot_speak(
    service: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for scheme in ("mmost", "rocket"):
        monkeypatch.setenv("TEST_URL", service.url.replace("http", scheme) + "/a1b2c3d4e5f6g7h8i9j0k1l2/#ops?wait=0")
        if scheme == "rocket":
            monkeypatch.setenv("TEST_URL", service.url.replace("http://", "rocket://tok/tok@") + "/#ops?wait=0")
        open_service(ALERTS, "chat").tell(news(notice(explanation=HOSTILE)))
    assert service.received
    for received in service.received:
        said = str(received.body)
        assert "@everyone" not in said
        assert "](" not in said
        assert "<!channel>" not in said


def test_mail_is_plain_text_with_the_headline_as_subject(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve_mail() as (port, mails):
        monkeypatch.setenv("TEST_URL", f"mailto://127.0.0.1:{port}?from=bot@example.com&to=ops@example.com&format=text")
        told = news(notice(explanation=f"<b>{HOSTILE}\r\nBcc: evil@evil.example"))
        assert open_service(ALERTS, "chat").tell(told) == Delivered()
    (content,) = mails
    mail = message_from_bytes(content, policy=policy.default)
    assert mail["subject"] == "bot: 1 breach, 2026-11-20 06:00–07:00 UTC"
    assert mail["bcc"] is None
    assert "BREACH: relevance pass rate: ‹b›" in str(mail.get_content())


@pytest.mark.usefixtures("prefect_server")
def test_a_notification_block_of_prefect_is_told_and_its_failure_is_not_hidden(service: HttpServer) -> None:
    port = int(service.url.rpartition(":")[2])
    MattermostWebhook(hostname="127.0.0.1", port=port, secure=False, token=SecretStr("a1b2c3d4e5f6g7h8i9j0k1l2")).save(
        "ops"
    )
    CustomWebhookNotificationBlock(
        name="own", url=f"{service.url}/sesame", json_data={"text": "{{subject}}: {{body}}"}
    ).save("ops")
    alerts = blocks(chat="mattermost-webhook/ops", own="custom-webhook/ops")
    for which in ("chat", "own"):
        assert open_service(alerts, which).tell(news()) == Delivered()
        assert "bot: 1 breach" in service.received[-1].body["text"]
    service.answer = lambda _: Reply(status=500)
    failures = [open_service(alerts, which).tell(news()).failures for which in ("chat", "own")]
    said = [why for found in failures for why in found.values()]
    assert said == [
        "the block mattermost-webhook/ops answered 500; check its address, its key and the network",
        "the block custom-webhook/ops did not take the message; check its address, its key and the network",
    ]


@pytest.mark.parametrize("alerts", [{"slack": "block:secret/ops"}, {"apprise": {"chat": "block:secret/ops"}}])
def test_a_block_that_prefect_does_not_give_now_is_said(alerts: Any) -> None:
    config = Alerts.model_validate(alerts)
    with (
        temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}),
        pytest.raises(ConfigError, match=r"Prefect's server does not give the block secret/ops \(ConnectError\)"),
    ):
        open_channel(config, *config.channels)


@pytest.mark.usefixtures("prefect_server")
def test_blocks_hold_urls_and_keys_too(service: HttpServer) -> None:
    Secret(value=f"{service.url.replace('http', 'json')}/sesame").save("chat-url")
    assert open_service(blocks(chat="secret/chat-url"), "chat").tell(news()) == Delivered()
    PagerDutyWebHook(integration_key=SecretStr("sesame"), api_key=SecretStr("other")).save("ops")
    pager = Alerts.model_validate({"pagerduty": {"routing_key": "block:pager-duty-webhook/ops"}})
    assert open_channel(pager, "pagerduty") == pager_duty(
        url="https://events.pagerduty.com/v2/enqueue", routing_key="sesame"
    )
    with pytest.raises(ConfigError, match=r"alerts\.apprise\.chat: there is no Prefect block teams-webhook/none"):
        open_service(blocks(chat="teams-webhook/none"), "chat")
