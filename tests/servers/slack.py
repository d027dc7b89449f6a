"""A Slack that keeps messages and threads, and refuses what Slack refuses: chat.postMessage, chat.update, webhooks."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block

from tests.servers.http import HttpServer, Received, Reply, serve

CHANNEL = "C0123ABCD"
TOKEN = "xoxb-sesame"
NEEDED = {"header": {"text"}, "section": set(), "context": {"elements"}, "actions": {"elements"}}


@dataclass
class Slack:
    """The channel: `messages` by timestamp; `refuses` are the next answers, by method, before it takes any."""

    server: HttpServer
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    refuses: list[Reply] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where the Web API answers."""
        return f"{self.server.url}/api/"

    @property
    def top(self) -> list[dict[str, Any]]:
        """What stands in the channel, without the replies."""
        return [one for one in self.messages.values() if one["thread_ts"] is None]

    def replies(self, timestamp: str) -> list[dict[str, Any]]:
        """The thread of a message."""
        return [one for one in self.messages.values() if one["thread_ts"] == timestamp]

    def calls(self) -> list[str]:
        """The methods that were called, in order."""
        return [received.path.rpartition("/")[2] for received in self.server.received]

    def answer(self, received: Received) -> Reply:
        """What Slack would say."""
        if self.refuses:
            return self.refuses.pop(0)
        if not received.path.startswith("/api/"):
            fault = fault_of(received.body)
            return Reply(status=400, content=fault.encode()) if fault else Reply(content=b"ok")
        return Reply(content=json.dumps(self._called(received)).encode(), headers={"content-type": "application/json"})

    def _called(self, received: Received) -> dict[str, Any]:
        body, method = received.body, received.path.rpartition("/")[2]
        place = {"chat.update": "ts", "chat.postMessage": "thread_ts"}[method]
        needed = body.get(place)
        faults = {
            "invalid_auth": received.headers.get("authorization") != f"Bearer {TOKEN}",
            "channel_not_found": body["channel"] != CHANNEL,
            "invalid_blocks": fault_of(body) is not None,
            {"ts": "message_not_found", "thread_ts": "thread_not_found"}[place]: needed not in {None, *self.messages},
        }
        if code := next((code for code, holds in faults.items() if holds), None):
            return {"ok": False, "error": code}
        timestamp = str(needed) if place == "ts" else f"1700000000.{len(self.server.received):06}"
        thread = self.messages[timestamp]["thread_ts"] if place == "ts" else needed
        self.messages[timestamp] = {"text": body["text"], "blocks": body["blocks"], "thread_ts": thread}
        return {"ok": True, "channel": CHANNEL, "ts": timestamp}


@contextmanager
def slack() -> Iterator[Slack]:
    """Serve until the block ends."""
    with serve(lambda _: Reply()) as server:
        found = Slack(server=server)
        server.answer = found.answer
        yield found


def refusal(code: str) -> Reply:
    """The answer of the Web API to what it does not take."""
    return Reply(content=json.dumps({"ok": False, "error": code}).encode())


def fault_of(body: dict[str, Any]) -> str | None:
    """What of a message Slack would not take; None where it would."""
    blocks = body.get("blocks")
    if not body.get("text"):
        return "no_text"
    if not isinstance(blocks, list) or not 1 <= len(blocks) <= 50:
        return "invalid_blocks"
    if len(json.dumps(blocks, ensure_ascii=False)) + len(body["text"]) >= 10_000:
        return "msg_blocks_too_long"
    return next((fault for block in blocks if (fault := _fault(block))), None)


def _fault(block: dict[str, Any]) -> str | None:
    kind = block.get("type")
    if kind not in NEEDED or not NEEDED[kind] <= block.keys():
        return f"{kind} lacks a field"
    if kind == "section" and not ({"text", "fields"} & block.keys()):
        return "a section needs text or fields"
    parsed = Block.parse(block)
    try:
        parsed.validate_json()  # type: ignore[union-attr]
    except SlackObjectFormationError as error:
        return str(error)
    elements = [*block.get("elements", ()), *([block["accessory"]] if "accessory" in block else ())]
    buttons = [one for one in elements if one["type"] == "button"]
    if len({one["action_id"] for one in buttons}) < len(buttons):
        return "doubled action_id"
    if any(not one["url"].startswith(("http://", "https://")) or len(one["url"]) > 3000 for one in buttons):
        return "invalid url"
    most = 2000 if "fields" in block else 3000
    return next(
        (f"{one['type']} of {len(one['text'])}" for one in texts(block) if not 1 <= len(one["text"]) <= most), None
    )


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


def shown(message: dict[str, Any]) -> str:
    """All that people read of a message, a line a text."""
    return "\n".join(text["text"] for text in texts(message["blocks"]))
