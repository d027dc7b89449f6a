"""Slack messages in Block Kit: what happened, the figures, where to look; logged text cannot speak in them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tasks.core.alert import Alert, Event
from tasks.core.verdict import State
from tasks.core.window import Window

TEXT_LIMIT: Final = 2_900
HEADER_LIMIT: Final = 150
ALERTS_SHOWN: Final = 10
EXAMPLES_SHOWN: Final = 3
EXAMPLE_LIMIT: Final = 300
SIGNS: Final[Mapping[Event, str]] = {
    Event.OPENED: ":red_circle: *Breach*",
    Event.STILL_OPEN: ":large_orange_circle: *Still open*",
    Event.RECOVERED: ":large_green_circle: *Recovered*",
    Event.AMENDED: ":white_circle: *Amended*",
}
NOT_JUDGED: Final = ":warning: *Not judged*"
EXPLANATION_LIMIT: Final = 400


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
    words = {"breach": "breach" if kinds["breach"] == 1 else "breaches"}
    order = ("breach", "not judged", "still open", "recovered", "amended")
    return ", ".join(f"{kinds[kind]} {words.get(kind, kind)}" for kind in order if kinds[kind])


def _kind(alert: Alert) -> str:
    if alert.event is Event.OPENED:
        return "breach" if alert.state is State.BREACH else "not judged"
    return alert.event.value.replace("_", " ")


def _alert_line(alert: Alert) -> str:
    sign = NOT_JUDGED if _kind(alert) == "not judged" else SIGNS[alert.event]
    return f"{sign} {escape(alert.explanation, EXPLANATION_LIMIT)}"


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
