"""Builders of alerts and of what is told of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tasks.core.alert import Alert, Event, Status, Told
from tasks.core.news import Example, News, Notice
from tasks.core.verdict import Direction, Severity, State
from tasks.core.window import Window

START = datetime(2026, 11, 20, 6, tzinfo=UTC)
WINDOW = Window(start=START, end=START + timedelta(hours=1))
EXPLANATION = "relevance pass rate 0.500 (0.346 to 0.654, 40 scored of 40 asked) is below 0.7: breach"


def alert(**changes: Any) -> Alert:
    """An open alert about a pass rate, not told to anybody."""
    fields: dict[str, Any] = {
        "key": "bot:quality.relevance.pass_rate",
        "address": "quality.relevance.pass_rate",
        "status": Status.OPEN,
        "state": State.BREACH,
        "severity": Severity.CRITICAL,
        "since": START,
        "window_start": START,
        "value": 0.5,
        "low": 0.346,
        "high": 0.654,
        "n": 40,
        "limit": 0.7,
        "direction": Direction.MIN,
        "explanation": EXPLANATION,
        "created_at": START,
        "openings": 1,
    }
    return Alert(**fields | changes)


def notice(event: Event = Event.OPENED, *, thread: str | None = None, **changes: Any) -> Notice:
    """What one channel is to be told of an alert; the fields of the alert and of the notice may be changed."""
    own = {name: changes.pop(name) for name in ("examples", "trend", "page", "unit") if name in changes}
    told = None if thread is None else Told(at=START, severity=Severity.CRITICAL, state=State.BREACH, thread=thread)
    fields: dict[str, Any] = {"page": "https://reports.example.com/metric-relevance.html", "unit": "share"} | own
    return Notice(alert=alert(**changes), event=event, told=told, **fields)


def example(text: str = "fine", **changes: Any) -> Example:
    """A failing interaction, all of whose texts are the same."""
    fields: dict[str, Any] = {"page": "https://reports.example.com/interactions.html#i=1", "metric": "relevance"}
    return Example(interaction_id=text, score=1.0, prompt=text, completion=text, **fields | changes)


def news(*notices: Notice, **changes: Any) -> News:
    """The news of one window."""
    fields: dict[str, Any] = {
        "report": "https://reports.example.com/bot/report/index.html",
        "run": "http://127.0.0.1:4200/runs/flow-run/1",
    }
    return News(monitor="bot", window=WINDOW, notices=notices, **fields | changes)
