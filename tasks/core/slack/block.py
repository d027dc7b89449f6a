"""The blocks of Slack's messages, within Slack's limits.

Logged text stands in `plain_text` objects alone, which Slack does not parse: they hold no mention, link or emphasis.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tasks.core.news import Example
from tasks.core.plain import plain

HEADER_LIMIT: Final = 140  # Slack's is 150
TEXT_LIMIT: Final = 2_900  # Slack's is 3,000
BUTTON_LIMIT: Final = 75
URL_LIMIT: Final = 500  # Slack's is 3,000
EXAMPLE_LIMIT: Final = 240
MESSAGE_LIMIT: Final = 9_500  # characters of the blocks as JSON; Slack names no limit, and refuses from about 13,000 on
TITLE_LIMIT: Final = 120
SENTENCE_LIMIT: Final = 500
EXAMPLES_SHOWN: Final = 3
LOOK_ALIKES: Final = str.maketrans({"*": "∗", "_": "ˍ", "~": "∼", "`": "ˋ"})
SIGNS: Final[Mapping[str, str]] = {
    "breach": "🔴 Breach",
    "not judged": "⚠️ Not judged",
    "now critical": "🔴 Now critical",
    "warning": "🟡 Warning",
    "reopened": "🔴 Reopened",
    "warning again": "🟡 Warning again",
    "still open": "🟠 Still open",
    "acknowledged": "🔵 Acknowledged",
    "recovered": "🟢 Recovered",
    "recovered untold": "🟢 Opened and recovered before it could be told",
    "amended": "⚪ Amended",
}
Block = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is sent to Slack; `text` is what notifications and screen readers have, and nothing in it acts."""

    text: str
    blocks: Sequence[Block]


def inert(text: str, limit: int) -> str:
    """Text on one line, cut to `limit` characters, in which Slack sees no mention, link, entity or emphasis.

    `&`, `<`, `>` are escaped in that order, after the cut; the marks of emphasis become signs that look like them.
    """
    cut = plain(text, limit).translate(LOOK_ALIKES)
    return cut.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def is_web(place: str) -> bool:
    """Whether a person's browser can open it, from a button of Slack."""
    return place.startswith(("https://", "http://")) and len(place) <= URL_LIMIT and place.isprintable()


def header(text: str) -> Block:
    """The title of a message."""
    return {"type": "header", "text": plain_text(text, HEADER_LIMIT)}


def section(text: str, limit: int = SENTENCE_LIMIT) -> Block:
    """A paragraph of any text."""
    return {"type": "section", "text": plain_text(text, limit)}


def figures(values: Mapping[str, str]) -> Block:
    """Names with values, at most ten, two in a row; none of it is logged text."""
    fields = [_mrkdwn(f"*{name}*\n{value}") for name, value in values.items()]
    return {"type": "section", "fields": fields}


def remark(text: str) -> Block:
    """A small line of any text."""
    return {"type": "context", "elements": [plain_text(text, SENTENCE_LIMIT)]}


def mentioned(mentions: Iterable[str]) -> list[Block]:
    """The block that calls people, as the user's setting names them: `here`, `channel`, `U…`, `S…`."""
    called = " ".join(_mention(name) for name in mentions)
    return [{"type": "section", "text": _mrkdwn(called)}] if called else []


def places(links: Mapping[str, str | None]) -> list[Block]:
    """Buttons for what a browser opens; what it does not is named in a line."""
    found = {label: place for label, place in links.items() if place}
    buttons = [_button(label, place) for label, place in found.items() if is_web(place)]
    named = [f"{label}: {place}" for label, place in found.items() if not is_web(place)]
    blocks: list[Block] = [{"type": "actions", "elements": buttons}] if buttons else []
    return [*blocks, *(remark(line) for line in named)]


def failing(examples: Iterable[Example], others: Sequence[Block]) -> list[Block]:
    """Failing interactions, each once, at most `EXAMPLES_SHOWN`, and no more than find room beside the other blocks."""
    shown = list({one.interaction_id: one for one in examples}.values())[:EXAMPLES_SHOWN]
    blocks = [_example(one) for one in shown]
    while blocks and len(json.dumps([*others, *blocks], ensure_ascii=False)) > MESSAGE_LIMIT:
        blocks.pop()
    return blocks


def plain_text(text: str, limit: int) -> Block:
    """Any text as it stands, cut; no emoji is made of it."""
    cut = text if len(text) <= limit else f"{text[: limit - 1]}…"
    return {"type": "plain_text", "text": cut or "–", "emoji": False}


def _mrkdwn(text: str) -> Block:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _button(label: str, place: str) -> Block:
    return {"type": "button", "text": plain_text(label, BUTTON_LIMIT), "url": place, "action_id": label.lower()}


def _mention(name: str) -> str:
    if name in {"here", "channel"}:
        return f"<!{name}>"
    return f"<!subteam^{name}>" if name.startswith("S") else f"<@{name}>"


def _example(example: Example) -> Block:
    title = plain(f"{example.metric} {example.score:g} · {example.interaction_id}", TITLE_LIMIT)
    asked, answered = plain(example.prompt, EXAMPLE_LIMIT), plain(example.completion, EXAMPLE_LIMIT)
    block: Block = section(f"{title}\nQ: {asked}\nA: {answered}", TEXT_LIMIT)
    return {**block, "accessory": _button("Open", example.page)} if is_web(example.page) else block
