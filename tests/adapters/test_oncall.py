import logging
from collections.abc import Iterator
from typing import Any

import pytest
import stamina
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.alerts import Alerts
from tasks.adapters.channels import open_channel
from tasks.adapters.oncall import opsgenie, pager_duty
from tasks.core.alert import Event, Status
from tasks.core.incident import Step, opsgenie_call, pagerduty_call
from tasks.core.news import Delivered
from tasks.core.verdict import Severity
from tests.news import HOSTILE, PAGE, alert, news, notice
from tests.servers.http import HttpServer, Reply, serve

KEY = "0123456789abcdef0123456789abcdef"
LIFE = [Event.OPENED, Event.REMINDED, Event.ACKNOWLEDGED, Event.ESCALATED, Event.RECOVERED, Event.REOPENED]


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=2):
        yield


@pytest.fixture
def service() -> Iterator[HttpServer]:
    with serve(lambda _: Reply(status=202)) as running:
        yield running


def bodies(service: HttpServer) -> list[dict[str, Any]]:
    return [received.body for received in service.received]


def test_an_alert_is_one_incident_of_pagerduty_from_opening_to_recovery(service: HttpServer) -> None:
    pager = pager_duty(url=f"{service.url}/v2/enqueue", routing_key=KEY)
    assert pager.tell(news(*map(notice, LIFE))) == Delivered()
    actions = [body["event_action"] for body in bodies(service)]
    assert actions == ["trigger", "trigger", "acknowledge", "trigger", "resolve", "trigger"]
    assert {body["dedup_key"] for body in bodies(service)} == {"bot:quality.relevance.pass_rate"}
    assert {body["routing_key"] for body in bodies(service)} == {KEY}


def test_who_is_paged_reads_what_is_wrong_and_where_to_look(service: HttpServer) -> None:
    pager_duty(url=service.url, routing_key=KEY).tell(news(notice(ids=("i-1", "i-2"))))
    (body,) = bodies(service)
    assert body["payload"]["summary"].startswith("bot: relevance pass rate 0.500 (0.400 to 0.600, ")
    assert body["payload"]["severity"] == "critical"
    assert body["payload"]["source"] == "bot"
    assert body["payload"]["custom_details"] == {
        "alert": alert().id,
        "measure": "quality.relevance.pass_rate",
        "verdict": "breach",
        "value": 0.5,
        "low": 0.4,
        "high": 0.6,
        "rows": 100,
        "limit": 0.7,
        "window": "2026-11-20 06:00–07:00 UTC",
        "since": "2026-11-20 06:00 UTC",
        "failed": "i-1, i-2",
    }
    links = [{"href": PAGE, "text": "Report"}, {"href": "https://prefect.example/runs/1", "text": "Run"}]
    assert body["links"] == links
    assert "SAID" not in str(body)


def test_a_page_in_a_bucket_is_no_link(service: HttpServer) -> None:
    told = notice()
    call = pagerduty_call(news(told, run=None), told, Step.TRIGGER, KEY)
    assert [link["text"] for link in call.body["links"]] == ["Report"]
    assert pagerduty_call(news(run="s3://x"), told, Step.TRIGGER, KEY).body["links"] == call.body["links"]


def test_nobody_is_paged_for_what_is_over_or_for_windows_of_the_past(service: HttpServer) -> None:
    told = news(notice(Event.MISSED), notice(Event.AMENDED))
    assert pager_duty(url=service.url, routing_key=KEY).tell(told) == Delivered()
    assert opsgenie(url=service.url, api_key=KEY).tell(told) == Delivered()
    assert service.received == []


def test_a_warning_is_a_warning_there(service: HttpServer) -> None:
    told = news(notice(severity=Severity.WARNING))
    pager_duty(url=service.url, routing_key=KEY).tell(told)
    opsgenie(url=service.url, api_key=KEY).tell(told)
    pager, genie = bodies(service)
    assert (pager["payload"]["severity"], genie["priority"]) == ("warning", "P3")


def test_an_alert_is_one_alert_of_opsgenie_from_opening_to_recovery(service: HttpServer) -> None:
    genie = opsgenie(url=f"{service.url}/v2/alerts", api_key=KEY)
    assert genie.tell(news(notice(), notice(Event.ACKNOWLEDGED), notice(Event.RECOVERED))) == Delivered()
    alias = "bot:quality.relevance.pass_rate"
    assert [received.path for received in service.received] == [
        "/v2/alerts",
        f"/v2/alerts/{alias}/acknowledge?identifierType=alias",
        f"/v2/alerts/{alias}/close?identifierType=alias",
    ]
    assert {received.headers["authorization"] for received in service.received} == {f"GenieKey {KEY}"}
    opened = bodies(service)[0]
    assert (opened["alias"], opened["priority"]) == ("bot:quality.relevance.pass_rate", "P1")
    assert len(opened["message"]) <= 130
    assert all(isinstance(value, str) for value in opened["details"].values())


@pytest.mark.parametrize("status", [400, 403, 503])
def test_a_failure_is_said_without_the_key(service: HttpServer, status: int, caplog: pytest.LogCaptureFixture) -> None:
    service.answer = lambda _: Reply(status=status)
    with caplog.at_level(logging.DEBUG):
        for channel in (
            pager_duty(url=service.url, routing_key=KEY),
            opsgenie(url=service.url, api_key=KEY),
        ):
            (why,) = channel.tell(news()).failures.values()
            assert f" answered {status}; " in why
            assert KEY not in why + repr(channel)
    assert not [record for record in caplog.records if KEY in str(vars(record))]


@settings(deadline=None)
@given(st.text(), st.text(alphabet="a:./é", max_size=400))
def test_hostile_text_stays_within_the_limits_of_the_services(text: str, key: str) -> None:
    told = notice(
        ids=(text + HOSTILE,) * 5, explanation=(text + HOSTILE) * 30, key=f"bot:{key}", status=Status.ACKNOWLEDGED
    )
    pager = pagerduty_call(news(told), told, Step.TRIGGER, KEY).body
    genie = opsgenie_call(news(told), told, Step.TRIGGER, KEY).body
    close = opsgenie_call(news(told), told, Step.RESOLVE, KEY)
    assert len(pager["payload"]["summary"]) <= 1024
    assert len(pager["dedup_key"]) <= 255
    assert len(genie["message"]) <= 130
    assert len(genie["alias"]) <= 512
    assert close.path.isascii()
    assert close.path.count("/") == 2


def test_a_monitor_file_names_them_and_their_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", KEY)
    alerts = Alerts.model_validate(
        {
            "pagerduty": {"routing_key": "env:TEST_KEY", "region": "eu"},
            "opsgenie": {"api_key": "env:TEST_KEY", "site": "jira"},
        }
    )
    assert alerts.channels == ("pagerduty", "opsgenie")
    assert open_channel(alerts, "pagerduty") == pager_duty(
        url="https://events.eu.pagerduty.com/v2/enqueue", routing_key=KEY
    )
    assert open_channel(alerts, "opsgenie") == opsgenie(
        url="https://api.atlassian.com/jsm/ops/integration/v2/alerts", api_key=KEY
    )
