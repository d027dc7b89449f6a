"""Replies of an OpenAI-compatible server, good and bad."""

import json
from typing import Any

from tests.servers.http import Received, Reply

JSON = {"content-type": "application/json"}


def verdict(score: object, reason: str = "as told") -> Reply:
    """A well-formed judgement; `score` may be anything JSON can hold."""
    return said(json.dumps({"reason": reason, "score": score}))


def said(text: str | None, **message: Any) -> Reply:
    """A chat completion with this text."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text, **message}}
    return chat(choice)


def filtered() -> Reply:
    """A chat completion that the provider's content filter ended."""
    return chat({"index": 0, "finish_reason": "content_filter", "message": {"role": "assistant", "content": None}})


def chat(choice: dict[str, Any]) -> Reply:
    """A chat completion of one choice."""
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "judge-2026-01-01",
        "choices": [choice],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
    }
    return Reply(content=json.dumps(body).encode(), headers=JSON)


def failure(status: int, code: str | None = None, message: str = "no", **headers: str) -> Reply:
    """An error as OpenAI words it; header names are written with underscores."""
    body = {"error": {"message": message, "type": "error", "param": None, "code": code}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(content=json.dumps(body).encode(), status=status, headers=JSON | named)


def user_text(received: Received) -> str:
    """The user message of a request."""
    return str(received.body["messages"][1]["content"])


def metric_of(received: Received) -> str:
    """The metric that a request asks for, from its system message."""
    return str(received.body["messages"][0]["content"]).split("Grade the ANSWER on ")[1].split(",")[0]


def part_of(received: Received, title: str) -> str:
    """The text of one part of the user message, such as ANSWER."""
    text = user_text(received)
    mark = text[: text.index(" ")]
    return text.split(f"{mark} {title}\n")[1].split(f"\n{mark} ")[0]
