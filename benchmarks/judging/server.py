"""An OpenAI-compatible server that answers every peer in its own form after a fixed latency, and counts its calls.

Peers are told apart by the first part of the path: `/<peer>/v1/chat/completions`. `GET /stats` tells what each has
asked since `POST /reset`; `POST /faults` sets the shares of calls that are answered badly. The n-th call of each peer
meets the same fault in every run.
"""

import argparse
import asyncio
import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any, Final

from aiohttp import web
from processes import serve

MODEL: Final = "benchmark"
CHAT: Final = "/chat/completions"
READABLE: Final = "readable"
UNREADABLE: Final = "unreadable"
RATE_LIMITED: Final = "rate_limited"
BROKEN: Final = "broken"
PROSE: Final = "I would rather not put a number on this one."
PLAIN: Final = json.dumps({"reason": "ok", "score": 5, "status": "completed"})
# Words of a prompt that asks for a form which neither a schema nor a tool declares, and the best verdict in that form.
FORMS: Final[Mapping[str, str]] = {
    "an integer between 0 and 10": json.dumps({"reason": "ok", "score": 10}),  # deepeval
    "___text_starts_here___": json.dumps({"category": "GOOD", "reasoning": "ok"}),  # evidently
}
HIGHEST: Final = 5
USAGE: Final = {"prompt_tokens": 500, "completion_tokens": 12, "total_tokens": 512}

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """The shares (0 to 1) of calls that are answered with status 429, with words that hold no verdict, and with 500."""

    rate_limited: float = 0.0
    unreadable: float = 0.0
    broken: float = 0.0

    def of_call(self, number: int) -> str:
        """What befalls the call of that number."""
        digest = hashlib.blake2b(str(number).encode(), digest_size=8).digest()
        drawn = int.from_bytes(digest) / 2**64
        for name, share in asdict(self).items():
            if drawn < share:
                return str(name)
            drawn -= share
        return READABLE


@dataclass(slots=True, kw_only=True)
class Asked:
    """What one peer has asked; `characters` is the length of all messages, `most` the calls in flight at the height."""

    calls: int = 0
    characters: int = 0
    flying: int = 0
    most: int = 0
    answered: dict[str, int] = field(default_factory=dict)


class Server:
    """Answers, and remembers how often it was asked."""

    def __init__(self, latency_ms: float) -> None:
        self._latency_s = latency_ms / 1000
        self._faults = Faults()
        self._asked: dict[str, Asked] = defaultdict(Asked)

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """Any request, by its path."""
        if request.path.endswith(CHAT):
            try:
                body = json.loads(await request.read())
            except ConnectionResetError:  # the peer took too long and was ended
                return web.Response()
            return await self._judge(request.path.split("/", 2)[1], body)
        if request.path == "/stats":
            return web.json_response({peer: asdict(asked) for peer, asked in self._asked.items()})
        if request.path == "/reset":
            self._asked.clear()
            return web.json_response({})
        if request.path == "/faults":
            self._faults = Faults(**json.loads(await request.read()))
            return web.json_response(asdict(self._faults))
        return web.json_response({"error": {"message": f"no such path: {request.path}"}}, status=404)

    async def _judge(self, peer: str, body: Json) -> web.Response:
        asked = self._asked[peer]
        asked.calls += 1
        asked.characters += sum(len(part) for message in body["messages"] for part in texts(message.get("content")))
        fate = self._faults.of_call(asked.calls)
        asked.answered[fate] = asked.answered.get(fate, 0) + 1
        asked.flying += 1
        asked.most = max(asked.most, asked.flying)
        await asyncio.sleep(self._latency_s)
        asked.flying -= 1
        return REPLIES[fate](body)


def texts(content: object) -> list[str]:
    """The texts of a message, which may come in parts."""
    if isinstance(content, list):
        return [text for part in content for text in texts(part.get("text"))]
    return [content] if isinstance(content, str) else []


def readable(body: Json) -> web.Response:
    """The best verdict, in the form that the request asks for: a tool call, a schema's object, or the prompt's own."""
    tools = body.get("tools")
    if tools:
        called = tools[0]["function"]
        arguments = json.dumps(example(called["parameters"], called["parameters"]))
        call = {"id": "1", "type": "function", "function": {"name": called["name"], "arguments": arguments}}
        return completion({"role": "assistant", "content": None, "tool_calls": [call]}, "tool_calls")
    wanted = (body.get("response_format") or {}).get("json_schema")
    if wanted:
        return completed(json.dumps(example(wanted["schema"], wanted["schema"])))
    text = "".join(part for message in body["messages"] for part in texts(message.get("content")))
    return completed(next((form for words, form in FORMS.items() if words in text), PLAIN))


def example(schema: Json, root: Json) -> Any:  # noqa: ANN401, PLR0911
    """A value that fits a JSON Schema and is the best verdict: the first choice, the highest number, true."""
    if "$ref" in schema:
        return example(root["$defs"][schema["$ref"].rsplit("/", 1)[1]], root)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return max(schema["enum"]) if all(isinstance(one, int) for one in schema["enum"]) else schema["enum"][0]
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        return example(choices[0], root)
    kind = schema.get("type")
    if kind == "object":
        return {name: example(one, root) for name, one in schema.get("properties", {}).items()}
    if kind == "array":
        return [example(schema["items"], root)]
    return {"integer": schema.get("maximum", HIGHEST), "number": schema.get("maximum", HIGHEST), "boolean": True}.get(
        kind, "ok"
    )


def completed(content: str) -> web.Response:
    """A completion of that text."""
    return completion({"role": "assistant", "content": content}, "stop")


def unreadable(_body: Json) -> web.Response:
    """A completion without a verdict."""
    return completed(PROSE)


def completion(message: Json, finish: str) -> web.Response:
    """The envelope of a chat completion."""
    choice = {"index": 0, "finish_reason": finish, "message": message}
    document = {"id": "1", "object": "chat.completion", "created": 0, "model": MODEL, "choices": [choice]}
    return web.json_response(document | {"usage": USAGE})


def refusal(status: int, _body: Json) -> web.Response:
    """An error; the caller may come again at once."""
    error = {"error": {"message": "try again", "type": "server_error", "code": None}}
    return web.json_response(error, status=status, headers={"Retry-After": "0"})


REPLIES: Final = {
    READABLE: readable,
    UNREADABLE: unreadable,
    RATE_LIMITED: partial(refusal, 429),
    BROKEN: partial(refusal, 500),
}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency-ms", type=float, default=200)
    options = parser.parse_args()
    asyncio.run(serve(Server(options.latency_ms).answer, options.port))
