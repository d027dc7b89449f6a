"""A message that tries a channel out: it says that it is a test, and opens nothing that stays open."""

from datetime import datetime, timedelta
from typing import Final

from tasks.core.alert import Alert, Event, Status
from tasks.core.news import News, Notice
from tasks.core.verdict import Severity, State
from tasks.core.window import Window

SENTENCE: Final = "this is a test of the channel by genwatch, nothing is wrong"
SPAN: Final = timedelta(hours=1)


def trial_news(monitor: str, moment: datetime, report: str) -> News:
    """A warning that opens and its recovery, so that an on-call service closes at once what it opened."""
    opened = Alert(
        key=f"{monitor}:test",
        address="operations.channel.test",
        status=Status.OPEN,
        state=State.BREACH,
        severity=Severity.WARNING,
        since=moment,
        opened_at=moment,
        window_start=moment,
        value=None,
        limit=None,
        explanation=SENTENCE,
        openings=1,
        created_at=moment,
    )
    recovered = opened.model_copy(update={"status": Status.RECOVERED, "state": State.OK})
    return News(
        monitor=monitor,
        window=Window(start=moment - SPAN, end=moment),
        notices=[
            Notice(alert=opened, event=Event.OPENED, told=None, page=report),
            Notice(alert=recovered, event=Event.RECOVERED, told=None, page=report),
        ],
        report=report,
    )
