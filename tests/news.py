"""Builders of what channels are told: alerts, notices, and the news of a window."""

from typing import Any, Final

from tasks.core.alert import Alert, Event, Status, Told
from tasks.core.news import Example, News, Notice
from tasks.core.verdict import Direction, Severity, State
from tests.builders import SIX, WINDOW

HOSTILE: Final = "<!channel> @everyone <@U1> ![x](https://evil.example/i.png) [bank](javascript:1) `x` *b* | {{ 7*7 }}"
PAGE: Final = "https://reports.example/bot/report/metric-relevance.html"


def alert(**changes: Any) -> Alert:
    """An open, critical alert on relevance, as the first window left it."""
    fields: dict[str, Any] = {
        "key": "bot:quality.relevance.pass_rate",
        "address": "quality.relevance.pass_rate",
        "status": Status.OPEN,
        "state": State.BREACH,
        "severity": Severity.CRITICAL,
        "since": SIX,
        "opened_at": SIX,
        "window_start": SIX,
        "value": 0.5,
        "low": 0.4,
        "high": 0.6,
        "n": 100,
        "limit": 0.7,
        "direction": Direction.MIN,
        "explanation": "relevance pass rate 0.500 (0.400 to 0.600, 100 scored of 100 asked) is below 0.7: breach",
        "created_at": SIX,
        "openings": 1,
    }
    return Alert(**fields | changes)


def notice(event: Event = Event.OPENED, told: Told | None = None, ids: tuple[str, ...] = (), **changes: Any) -> Notice:
    """News of an alert with failing interactions of those IDs; their text must be told nowhere.

    The changes are of the alert; those of `page`, `unit`, `examples` and `trend` are of the notice.
    """
    own = {name: changes.pop(name) for name in ("page", "unit", "examples", "trend") if name in changes}
    status = Status.RECOVERED if event in {Event.RECOVERED, Event.MISSED} else Status.OPEN
    state = State.OK if status is Status.RECOVERED else State.BREACH
    examples = [
        Example(
            interaction_id=one, metric="relevance", score=1.0, prompt="SAID", completion="SAID", page=f"{PAGE}#{one}"
        )
        for one in ids
    ]
    fields = {"status": status, "state": state} | changes
    shown: dict[str, Any] = {"page": PAGE, "examples": examples} | own
    return Notice(alert=alert(**fields), event=event, told=told, **shown)


def news(*notices: Notice, **changes: Any) -> News:
    """The news of one window of the monitor `bot`."""
    fields: dict[str, Any] = {
        "monitor": "bot",
        "window": WINDOW,
        "notices": notices or (notice(),),
        "report": "https://reports.example/bot/report/index.html",
        "run": "https://prefect.example/runs/1",
    }
    return News(**fields | changes)
