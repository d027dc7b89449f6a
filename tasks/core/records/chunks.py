"""The chunks of a streamed reply, put together to one body.

Known: OpenAI chat, completions and Responses, Anthropic, Bedrock Converse and Nova, Titan, Llama, Mistral, Cohere, text
generation inference, Gemini; as a list of chunks, or as the text of a stream of server-sent events.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from tasks.core.records.json_value import Json, Row, at, items, parsed, text_at

Steps = tuple[str | int, ...]

TEXTS: Final[tuple[Steps, ...]] = (
    ("choices", 0, "delta", "content"),
    ("choices", 0, "delta", "refusal"),
    ("choices", 0, "text"),
    ("delta", "message", "content", "text"),
    ("contentBlockDelta", "delta", "text"),
    ("delta", "text"),
    ("completion",),
    ("outputText",),
    ("generation",),
    ("outputs", 0, "text"),
    ("token", "text"),
    ("candidates", 0, "content", "parts", 0, "text"),
)
ENDS: Final[tuple[Steps, ...]] = (
    ("choices", 0, "finish_reason"),
    ("choices", 0, "stop_reason"),
    ("messageStop", "stopReason"),
    ("delta", "stop_reason"),
    ("stop_reason",),
    ("completionReason",),
    ("outputs", 0, "stop_reason"),
    ("finish_reason",),
    ("details", "finish_reason"),
    ("candidates", 0, "finishReason"),
)
NAMES: Final[tuple[Steps, ...]] = (
    ("contentBlockStart", "start", "toolUse", "name"),
    ("content_block", "name"),
)
ARGUMENTS: Final[tuple[Steps, ...]] = (
    ("contentBlockDelta", "delta", "toolUse", "input"),
    ("delta", "partial_json"),
)
PLACES: Final[tuple[Steps, ...]] = (
    ("contentBlockStart", "contentBlockIndex"),
    ("contentBlockDelta", "contentBlockIndex"),
    ("index",),
)
SPREAD: Final = ("message", "metadata", "response")  # where a chunk keeps what a body has at its top
EVENTS: Final = ("messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop")
PIECES: Final = {key for *_, key in TEXTS} | {"choices", "candidates", "token", "delta", "event_type", "is_finished"}


def chunks_of(body: Json) -> list[Json] | None:
    """The chunks of a body that was streamed; None where it was not."""
    found = list(_events(body)) if isinstance(body, str) else items(body)
    return found if any(_is_chunk(chunk) for chunk in found) else None


def merged(chunks: Sequence[Json]) -> Row:
    """One body of many chunks: `choices` with the reply, and the fields that chunks have beside it, the last of each.

    No `choices` where the chunks say nothing of a reply. OpenAI Responses end with the whole body: it is the result.
    """
    body: Row = {}
    for chunk in chunks:
        _add_fields(body, chunk)
    if at(body, "object") == "response" and items(body.get("output")):
        return body
    texts = [text for chunk in chunks if (text := _text(chunk)) is not None]
    end = next((end for chunk in reversed(chunks) if isinstance(end := _first(chunk, ENDS), str)), None)
    calls = _calls(chunks)
    if texts or calls or end:
        message: Row = {"role": "assistant", "content": "".join(texts), "tool_calls": calls}
        body["choices"] = [{"message": message, "finish_reason": end}]
    return body


def _events(stream: str) -> Iterator[Json]:
    """The data of server-sent events."""
    if not stream.startswith(("data:", "event:", "id:", ":")):
        return
    for line in stream.split("\n"):
        if line.startswith("data:") and isinstance(event := parsed(line[5:].strip()), dict):
            yield event


def _is_chunk(value: Json) -> bool:
    """Whether a value is a chunk, by a piece of text or a kind of event that only chunks have."""
    if not isinstance(value, dict):
        return False
    kind = text_at(value, "type") or ""
    if kind.startswith(("response.", "message_", "content_block_")) or "event_type" in value:
        return True
    if any(event in value for event in EVENTS) or text_at(value, "object") == "chat.completion.chunk":
        return True
    return isinstance(_first(value, TEXTS), str)


def _text(chunk: Json) -> str | None:
    """The piece of the reply in a chunk."""
    kind = text_at(chunk, "type")
    if kind in {"response.output_text.delta", "response.refusal.delta"}:
        return text_at(chunk, "delta")
    if text_at(chunk, "event_type") == "text-generation" or isinstance(at(chunk, "is_finished"), bool):
        return text_at(chunk, "text")
    if at(chunk, "token", "special") is True:
        return None
    found = _first(chunk, TEXTS)
    return found if isinstance(found, str) else None


def _calls(chunks: Sequence[Json]) -> list[Json]:
    """The tools that are called, in the shape of OpenAI's; arguments come in pieces."""
    names: dict[str, str] = {}
    arguments: dict[str, str] = {}
    for chunk in chunks:
        for place, name, piece in _call_pieces(chunk):
            names[place] = name or names.get(place, "")
            arguments[place] = arguments.get(place, "") + (piece or "")
    return [{"function": {"name": names[place] or "tool", "arguments": arguments[place]}} for place in names]


def _call_pieces(chunk: Json) -> Iterator[tuple[str, str | None, str | None]]:
    """The place of each call in a chunk, its name, the piece of its arguments."""
    for call in items(at(chunk, "choices", 0, "delta", "tool_calls")):
        yield str(at(call, "index")), text_at(call, "function", "name"), text_at(call, "function", "arguments")
    name, piece = _first(chunk, NAMES), _first(chunk, ARGUMENTS)
    if isinstance(name, str) or isinstance(piece, str):
        place = str(_first(chunk, PLACES))
        yield place, name if isinstance(name, str) else None, piece if isinstance(piece, str) else None


def _add_fields(body: Row, chunk: Json) -> None:
    """Set the fields of a chunk that are no pieces; counts are gathered from all, nulls change nothing."""
    if not isinstance(chunk, dict):
        return
    own = {key: value for key, value in chunk.items() if key not in SPREAD}
    for fields in (own, *(inner for key in SPREAD if isinstance(inner := chunk.get(key), dict))):
        for key, value in fields.items():
            if value is not None and key not in PIECES and key not in EVENTS:
                body[key] = _joined(body.get(key), value)


def _joined(known: Json, value: Json) -> Json:
    """A later value over an earlier one; objects are joined field by field."""
    return {**known, **value} if isinstance(known, dict) and isinstance(value, dict) else value


def _first(value: Json, places: Sequence[Steps]) -> Json:
    """The first thing that is found at one of the places."""
    return next((found for steps in places if (found := at(value, *steps)) is not None), None)
