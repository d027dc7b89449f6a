"""Slack messages in Block Kit: what happened, the figures, where to look; logged text cannot speak in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tasks.core.news import Example, News, Notice

TEXT_LIMIT: Final = 2_900
HEADER_LIMIT: Final = 150
ALERTS_SHOWN: Final = 10
EXAMPLES_SHOWN: Final = 3
EXAMPLE_LIMIT: Final = 300
EXPLANATION_LIMIT: Final = 400
SIGNS: Final[Mapping[str, str]] = {
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


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackMessage:
    """`text` is the fallback that notifications show; both are escaped and within Slack's limits."""

    text: str
    blocks: Sequence[Mapping[str, Any]]


def slack_message(news: News) -> SlackMessage:
    """One message for the alerts of one window."""
    told = [_line(notice) for notice in news.notices[:ALERTS_SHOWN]]
    if len(news.notices) > ALERTS_SHOWN:
        told.append(f"and {len(news.notices) - ALERTS_SHOWN} more")
    blocks: list[Mapping[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": news.headline[:HEADER_LIMIT], "emoji": False}},
        _section("\n".join(told)),
    ]
    examples = {example.interaction_id: example for notice in news.notices for example in notice.examples}
    blocks += [_example(example) for example in list(examples.values())[:EXAMPLES_SHOWN]]
    links = {"Report": news.report} | ({"Run": news.run} if news.run else {})
    places = [f"{label}: {escape(address, TEXT_LIMIT)}" for label, address in links.items()]
    blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": "\n".join(places)[:TEXT_LIMIT]}]})
    return SlackMessage(text=escape(news.headline, TEXT_LIMIT), blocks=blocks)


def escape(text: str, limit: int) -> str:
    """Text cut to `limit` characters, in which Slack sees no mention, link or entity: `&`, `<`, `>` in that order."""
    cut = text if len(text) <= limit else f"{text[: limit - 1]}…"
    return cut.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _line(notice: Notice) -> str:
    """What happened, the sentence, and the name to answer by: `genwatch alerts CONFIG ack ID`."""
    remark = f" ({escape(notice.remark, EXPLANATION_LIMIT)})" if notice.remark else ""
    return f"{SIGNS[notice.kind]}{remark} {escape(notice.sentence, EXPLANATION_LIMIT)} `{notice.alert.id}`"


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
