import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tasks.adapters.slack import send
from tasks.core.alert import Alert, Event, Status
from tasks.core.message import SlackMessage, slack_message
from tasks.core.news import Example, News, Notice
from tasks.core.verdict import Severity, State
from tasks.core.window import Window
from tests.servers.http import HttpServer, Reply, serve

START = datetime(2026, 11, 20, 6, tzinfo=UTC)
WINDOW = Window(start=START, end=START + timedelta(hours=1))
HOSTILE = "<!channel> <@U123> <https://evil.example|your bank> & *bold* ```x``` <script>alert(1)</script> " * 20


@pytest.fixture
def slack() -> Iterator[HttpServer]:
    with serve(lambda _: Reply(content=b"ok")) as running:
        yield running


def alert(
    event: Event = Event.OPENED, explanation: str = "relevance pass rate 0.5 is below 0.7", **changes: Any
) -> Alert:
    fields: dict[str, Any] = {
        "key": "bot:quality.relevance.pass_rate",
        "address": "quality.relevance.pass_rate",
        "status": Status.OPEN,
        "state": State.BREACH,
        "severity": Severity.CRITICAL,
        "since": START,
        "window_start": START,
        "value": 0.5,
        "limit": 0.7,
        "explanation": explanation,
        "created_at": START,
        "openings": 1,
        "news": {"slack": event},
    }
    return Alert(**fields | changes)


def message(alerts: list[Alert], text: str = "fine") -> SlackMessage:
    example = Example(
        interaction_id=text, metric="relevance", score=1.0, prompt=text, completion=text, page="file:///x"
    )
    notices = [
        Notice(alert=one, event=one.news["slack"], told=None, page="file:///x", examples=[example] * 5)
        for one in alerts
    ]
    return slack_message(News(monitor="bot", window=WINDOW, notices=notices, report="file:///x?a=1&b=<2>"))


def texts(block: Any) -> Iterator[dict[str, Any]]:
    """Every text object of a block."""
    if isinstance(block, dict):
        if "type" in block and isinstance(block.get("text"), str):
            yield block
        for value in block.values():
            yield from texts(value)
    elif isinstance(block, list | tuple):
        for value in block:
            yield from texts(value)


def test_a_message_says_what_happened_and_where_to_look(slack: HttpServer) -> None:
    found = message([alert(), alert(Event.RECOVERED)])
    assert send(slack.url, found) is None
    (received,) = slack.received
    assert received.body["text"] == "bot: 1 breach, 1 recovered, 2026-11-20 06:00–07:00 UTC"
    sent = json.dumps(received.body)
    assert "relevance pass rate 0.5 is below 0.7" in sent
    assert "file:///x?a=1&amp;b=&lt;2&gt;" in sent
    assert received.body["unfurl_links"] is False


def test_logged_text_can_mention_nobody_and_forge_no_link() -> None:
    found = message([alert(explanation=HOSTILE)] * 30, HOSTILE)
    for text in texts(found.blocks):
        if text["type"] == "mrkdwn":
            assert "<" not in text["text"]
            assert ">" not in text["text"]
    logged = [text for text in texts(found.blocks) if "Q:" in text["text"]]
    assert logged
    assert all(text["type"] == "plain_text" for text in logged)
    assert "<" not in found.text


def test_a_message_stays_within_the_limits_of_slack() -> None:
    found = message([alert(explanation=HOSTILE)] * 60, HOSTILE * 50)
    assert len(found.blocks) <= 50
    assert all(len(text["text"]) <= 3000 for text in texts(found.blocks))
    assert len(json.dumps([dict(block) for block in found.blocks])) < 10_000


@pytest.mark.parametrize(
    ("told", "headline", "line"),
    [
        (alert(severity=Severity.WARNING), "1 warning", ":large_yellow_circle: *Warning* relevance"),
        (alert(state=State.UNDECIDED), "1 not judged", ":warning: *Not judged* relevance"),
        (alert(Event.ESCALATED, acknowledged_by="sam"), "1 now critical", "*Now critical* (acknowledged by sam) rel"),
        (alert(Event.REOPENED, openings=3), "1 reopened", "*Reopened* (3 times since 2026-11-20 06:00) relevance"),
        (alert(Event.REMINDED), "1 still open", "*Still open* (since 2026-11-20 06:00) relevance"),
        (alert(Event.MISSED), "1 recovered untold", "*Opened and recovered before it could be told* (since 2026"),
        (alert(Event.AMENDED), "1 amended", "*Amended* (2026-11-20 06:00) relevance"),
    ],
)
def test_every_event_has_its_words(told: Alert, headline: str, line: str) -> None:
    found = message([told])
    assert found.text == f"bot: {headline}, 2026-11-20 06:00–07:00 UTC"
    assert line in found.blocks[1]["text"]["text"]


def test_the_worst_is_counted_first() -> None:
    warning = alert(severity=Severity.WARNING)
    found = message([alert(Event.RECOVERED), warning, warning, alert(), alert(Event.REMINDED)])
    assert found.text.startswith("bot: 1 breach, 2 warnings, 1 still open, 1 recovered, ")


def test_a_name_given_on_the_command_line_can_mention_nobody() -> None:
    (line,) = [text["text"] for text in texts(message([alert(acknowledged_by="<!here>\n" * 50)]).blocks[1])]
    assert "<" not in line
    assert len(line) < 400


@pytest.mark.parametrize("fault", [Reply(status=500), Reply(status=429, headers={"retry-after": "0"})])
def test_a_passing_fault_is_tried_again(slack: HttpServer, fault: Reply) -> None:
    slack.answer = lambda received: fault if received.number == 0 else Reply(content=b"ok")
    assert send(slack.url, message([alert()])) is None
    assert len(slack.received) == 2


def test_a_lasting_fault_is_said_without_the_webhook(slack: HttpServer) -> None:
    slack.answer = lambda _: Reply(status=404, content=b"no_team")
    failure = send(f"{slack.url}/services/T0/B0/secret", message([alert()]))
    assert failure == "Slack answered 404; check the webhook"


def test_an_unreachable_slack_is_said_without_the_webhook() -> None:
    failure = send("http://127.0.0.1:9/services/T0/B0/secret", message([alert()]))
    assert failure is not None
    assert failure.startswith("Slack cannot be reached")
    assert "secret" not in failure
