"""A message for each alert, with what follows in its thread, as a bot can send it."""

from tasks.core.alert import Event
from tasks.core.news import News, Notice
from tasks.core.sentence import figure
from tasks.core.slack.block import (
    SENTENCE_LIMIT,
    SIGNS,
    Message,
    failing,
    figures,
    header,
    inert,
    mentioned,
    places,
    remark,
    section,
)
from tasks.core.slack.compact import Mentions, called, course, line
from tasks.core.verdict import Direction

BOUNDS = {Direction.MIN: "at least", Direction.MAX: "at most"}


def first(news: News, notice: Notice, mentions: Mentions) -> Message:
    """The message of an alert as it is now: the sentence, the figures, the course, failing interactions, where to look.

    People are called where it opened, reopened or became critical.
    """
    name = f"{news.monitor}, {news.window.label} UTC · genwatch alerts CONFIG ack {notice.alert.id}"
    begins = [
        header(f"{SIGNS[notice.kind]}: {notice.subject}"),
        *mentioned(called([notice], mentions)),
        section(f"{notice.sentence}{f' ({notice.remark})' if notice.remark else ''}"),
        figures(_figures(notice)),
        *course(notice),
    ]
    ends = [*places({"Report": notice.page, "Run": news.run}), remark(name)]
    return Message(
        text=_fallback(news, notice),
        blocks=[*begins, *failing(notice.examples, [*begins, *ends]), *ends],
    )


def present(news: News, notice: Notice) -> Message:
    """What the first message becomes when something follows: it calls nobody again."""
    return first(news, notice, {})


def reply(news: News, notice: Notice, mentions: Mentions) -> Message:
    """What follows, in the thread: a line, and whom it calls."""
    window = notice.alert.window_start if notice.event is Event.AMENDED else news.window.start
    return Message(
        text=_fallback(news, notice),
        blocks=[
            section(line(notice)),
            *mentioned(called([notice], mentions)),
            remark(f"window of {window:%Y-%m-%d %H:%M} UTC"),
        ],
    )


def _fallback(news: News, notice: Notice) -> str:
    return inert(f"{news.monitor}: {notice.kind}: {notice.sentence}", SENTENCE_LIMIT)


def _figures(notice: Notice) -> dict[str, str]:
    """The figures of the window; nothing of them was logged."""
    alert, shown = notice.alert, notice.figure
    values = {}
    if alert.value is not None:
        bounds = "" if alert.low is None or alert.high is None else f" ({shown(alert.low)} to {shown(alert.high)})"
        values["Value"] = f"{shown(alert.value)}{bounds}"
    if alert.limit is not None:
        bound = f"{BOUNDS[alert.direction]} " if alert.direction else ""
        values["Limit"] = f"{bound}{figure('', alert.limit)}"
    if alert.n is not None:
        values["Rows"] = f"{alert.n:,}"
    return values | {
        "Severity": alert.severity.value,
        "Since": f"{alert.since:%Y-%m-%d %H:%M} UTC",
        "Alert": f"`{alert.id}`",
    }
