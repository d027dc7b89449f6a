"""Alerts as incidents of an on-call service: opened, acknowledged and closed under one key."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final
from urllib.parse import quote

from tasks.core.alert import Event
from tasks.core.news import News, Notice
from tasks.core.plain import plain
from tasks.core.verdict import Severity

SUMMARY_LIMIT: Final = 1_000  # PagerDuty: 1,024
MESSAGE_LIMIT: Final = 130
KEY_LIMIT: Final = 255
EXAMPLES_NAMED: Final = 3
ID_LIMIT: Final = 80
PRIORITIES: Final = {Severity.CRITICAL: "P1", Severity.WARNING: "P3"}


class Step(StrEnum):
    """What is done to an incident; the values are PagerDuty's words."""

    TRIGGER = "trigger"
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"


STEPS: Final[Mapping[Event, Step]] = {
    Event.OPENED: Step.TRIGGER,
    Event.REOPENED: Step.TRIGGER,
    Event.ESCALATED: Step.TRIGGER,
    Event.REMINDED: Step.TRIGGER,
    Event.ACKNOWLEDGED: Step.ACKNOWLEDGE,
    Event.RECOVERED: Step.RESOLVE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request to an on-call service: the path after its address, the JSON body, and the headers."""

    path: str
    body: Mapping[str, Any] = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def step_of(notice: Notice) -> Step | None:
    """What the news does to the incident; None where nobody is to be paged.

    That is so of what was over before it could be told, and of windows of the past.
    """
    return STEPS.get(notice.event)


def pagerduty_call(news: News, notice: Notice, step: Step, routing_key: str) -> Call:
    """An event of PagerDuty's Events API v2."""
    alert = notice.alert
    body: dict[str, Any] = {"routing_key": routing_key, "event_action": step.value, "dedup_key": _key(notice)}
    if step is Step.TRIGGER:
        body["client"] = "genwatch"
        body["links"] = [{"href": href, "text": text} for text, href in _links(news, notice).items()]
        body["payload"] = {
            "summary": plain(f"{news.monitor}: {notice.sentence}", SUMMARY_LIMIT),
            "source": news.monitor,
            "severity": alert.severity.value,
            "component": plain(alert.address, KEY_LIMIT),
            "group": news.monitor,
            "class": notice.kind,
            "custom_details": _details(news, notice),
        }
    return Call(path="", body=body)


def opsgenie_call(news: News, notice: Notice, step: Step, api_key: str) -> Call:
    """A request of Opsgenie's Alert API, which Jira Service Management has, too."""
    headers = {"authorization": f"GenieKey {api_key}"}
    if step is not Step.TRIGGER:
        verb = {Step.RESOLVE: "close", Step.ACKNOWLEDGE: "acknowledge"}[step]
        path = f"/{quote(_key(notice), safe='')}/{verb}?identifierType=alias"
        body = {"source": "genwatch", "note": plain(notice.sentence, SUMMARY_LIMIT)}
        return Call(path=path, body=body, headers=headers)
    details = _details(news, notice) | _links(news, notice)
    return Call(
        path="",
        body={
            "message": plain(f"{news.monitor}: {notice.sentence}", MESSAGE_LIMIT),
            "alias": _key(notice),
            "description": plain(notice.sentence, SUMMARY_LIMIT),
            "priority": PRIORITIES[notice.alert.severity],
            "source": "genwatch",
            "entity": news.monitor,
            "details": {name: str(value) for name, value in details.items()},
        },
        headers=headers,
    )


def _key(notice: Notice) -> str:
    """The key of the incident: the alert's, or its short name where that is too long."""
    return notice.alert.key if len(notice.alert.key) <= KEY_LIMIT else notice.alert.id


def _details(news: News, notice: Notice) -> dict[str, Any]:
    """The figures; what is not known is left out. Of the interactions only IDs are told, never text."""
    alert = notice.alert
    found: dict[str, Any] = {
        "alert": alert.id,
        "measure": plain(alert.address, KEY_LIMIT),
        "verdict": alert.state.value,
        "value": alert.value,
        "low": alert.low,
        "high": alert.high,
        "rows": alert.n,
        "limit": alert.limit,
        "window": f"{news.window.label} UTC",
        "since": f"{alert.since:%Y-%m-%d %H:%M} UTC",
        "failed": ", ".join(plain(one.interaction_id, ID_LIMIT) for one in notice.examples[:EXAMPLES_NAMED]) or None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _links(news: News, notice: Notice) -> dict[str, str]:
    """The places to look at that have an address on the web; a report in a bucket has none."""
    places = {"Report": notice.page, "Run": news.run or ""}
    return {text: href for text, href in places.items() if href.startswith(("http://", "https://"))}
