"""Slack messages in Block Kit: what happened, the figures, where to look; logged text cannot speak in them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tasks.core.alert import Alert, Event
from tasks.core.plain import plain
from tasks.core.verdict import Severity, State
from tasks.core.window import Window

TEXT_LIMIT: Final = 2_900
HEADER_LIMIT: Final = 150
ALERTS_SHOWN: Final = 10
EXAMPLES_SHOWN: Final = 3
EXAMPLE_LIMIT: Final = 300
EXPLANATION_LIMIT: Final = 400
NAME_LIMIT: Final = 60
SIGNS: Final[Mapping[str, str]] = {  # what happened, as the headline counts it, worst first
    "breach": ":red_circle: *Breach*",
    "not judged": ":warning: *Not judged*",
    "now critical": ":red_circle: *Now critical*",
    "warning": ":large_yellow_circle: *Warning*",
    "reopened": ":red_circle: *Reopened*",
    "warning again": ":large_yellow_circle: *Warning again*",
    "still open": ":large_orange_circle: *Still open*",
    "recovered": ":large_green_circle: *Recovered*",
    "recovered untold": ":large_green_circle: *Opened and recovered before it could be told*",
    "amended": ":white_circle: *Amended*",
}
WORDS: Final = {Event.OPENED: "breach", Event.REOPENED: "reopened"}
WORDS_OF_WARNINGS: Final = {Event.OPENED: "warning", Event.REOPENED: "warning again"}
WORDS_OF_BOTH: Final = {
    Event.ESCALATED: "now critical",
    Event.RECOVERED: "recovered",
    Event.MISSED: "recovered untold",
    Event.AMENDED: "amended",
}
PLURALS: Final = {"breach": "breaches", "warning": "warnings", "warning again": "warnings again"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A failing interaction as a message shows it; all of it is logged or judged text, hence hostile."""

    interaction_id: str
    metric: str
    score: float
    prompt: str
    completion: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackMessage:
    """`text` is the fallback that notifications show; both are escaped and within Slack's limits."""

    text: str
    blocks: Sequence[Mapping[str, Any]]


def slack_message(
    monitor: str, window: Window, alerts: Sequence[Alert], examples: Sequence[Example], links: Mapping[str, str]
) -> SlackMessage:
    """One message for the alerts of one window; `links` are labels with the addresses of report and run."""
    told = [_alert_line(alert) for alert in alerts[:ALERTS_SHOWN]]
    if len(alerts) > ALERTS_SHOWN:
        told.append(f"and {len(alerts) - ALERTS_SHOWN} more")
    headline = f"{monitor}: {_summary(alerts)}, {window.label} UTC"
    blocks: list[Mapping[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": headline[:HEADER_LIMIT], "emoji": False}},
        _section("\n".join(told)),
    ]
    blocks += [_example(example) for example in examples[:EXAMPLES_SHOWN]]
    if places := [f"{label}: {escape(address, TEXT_LIMIT)}" for label, address in links.items()]:
        blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": "\n".join(places)[:TEXT_LIMIT]}]})
    return SlackMessage(text=escape(headline, TEXT_LIMIT), blocks=blocks)


def escape(text: str, limit: int) -> str:
    """Text cut to `limit` characters, in which Slack sees no mention, link or entity: `&`, `<`, `>` in that order."""
    cut = text if len(text) <= limit else f"{text[: limit - 1]}…"
    return cut.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _summary(alerts: Iterable[Alert]) -> str:
    kinds = Counter(_kind(alert) for alert in alerts)
    counted = ((kinds[kind], kind) for kind in SIGNS if kinds[kind])
    return ", ".join(f"{count} {kind if count == 1 else PLURALS.get(kind, kind)}" for count, kind in counted)


def _kind(alert: Alert) -> str:
    """What happened, as a key of `SIGNS`."""
    if alert.event is Event.OPENED and alert.state is not State.BREACH:
        return "not judged"
    words = WORDS_OF_WARNINGS if alert.severity is Severity.WARNING else WORDS
    return (words | WORDS_OF_BOTH).get(alert.event or Event.REMINDED, "still open")


def _alert_line(alert: Alert) -> str:
    """What happened, the sentence, and the name to answer by: `genwatch alerts CONFIG ack ID`."""
    remark = f" ({_remark(alert)})" if _remark(alert) else ""
    return f"{SIGNS[_kind(alert)]}{remark} {escape(alert.explanation, EXPLANATION_LIMIT)} `{alert.id}`"


def _remark(alert: Alert) -> str:
    """When it began where that is not now, how often it came back, who has it."""
    since = f"{alert.since:%Y-%m-%d %H:%M}"
    remarks = {
        Event.REMINDED: f"since {since}",
        Event.REOPENED: f"{alert.openings} times since {since}",
        Event.MISSED: f"since {since}",
        Event.AMENDED: f"{alert.window_start:%Y-%m-%d %H:%M}",
    }
    found = [remarks[alert.event]] if alert.event in remarks else []
    if alert.acknowledged_by is not None:
        found.append(f"acknowledged by {escape(plain(alert.acknowledged_by, NAME_LIMIT), NAME_LIMIT)}")
    return ", ".join(found)


def _section(text: str) -> Mapping[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:TEXT_LIMIT], "verbatim": True}}


def _example(example: Example) -> Mapping[str, Any]:
    """Logged text stands as plain text, which Slack does not parse at all."""
    title = f"{example.metric} {example.score:g} · {example.interaction_id}"
    shown = f"{title[:120]}\nQ: {_cut(example.prompt)}\nA: {_cut(example.completion)}"
    return {"type": "section", "text": {"type": "plain_text", "text": shown, "emoji": False}}


def _cut(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= EXAMPLE_LIMIT else f"{flat[: EXAMPLE_LIMIT - 1]}…"
