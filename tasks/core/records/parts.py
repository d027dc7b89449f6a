"""The parts of one message, whoever wrote it: what it says, the tools it calls, what the tools answered.

Known: OpenAI chat and Responses, Anthropic, Bedrock Converse, OpenTelemetry GenAI, Gemini, LangChain. A picture, a
sound or a file becomes a short mark such as `[image]`; a model's reasoning is no part of what it says.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from tasks.core.records.json_value import Json, at, items, shown, text_at

HIDDEN: Final = {
    *("reasoning", "thinking", "redacted_thinking", "reasoningContent", "thoughtSignature", "compaction"),
    *("cachePoint", "cache_point"),
}
CALLS: Final = {"tool_use", "server_tool_use", "mcp_tool_use", "toolUse", "functionCall", "function"}
RESULTS: Final = {"tool_call_response", "server_tool_call_response", "toolResult", "functionResponse"}
MEDIA: Final[Mapping[str, str]] = {
    **dict.fromkeys(("image", "image_url", "input_image"), "image"),
    **dict.fromkeys(("audio", "audio_url", "input_audio"), "audio"),
    **dict.fromkeys(("video", "video_url", "input_video"), "video"),
    **dict.fromkeys(("file", "input_file", "blob", "uri", "inlineData", "inline_data"), "file"),
    **dict.fromkeys(("fileData", "file_data", "media"), "file"),
    "document": "document",
}
SPEAKERS: Final = {"human", "ai", "system", "tool", "message"}  # types of messages, not of parts
MODALITIES: Final = {"image", "audio", "video"}
DATA_URI: Final = re.compile(r"data:(image|audio|video|application)/[\w.+-]+;base64,[\w+/=-]+")
MARK: Final = re.compile(r"[A-Za-z][\w.-]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a message as text; `call` is a tool that is called, `result` what a tool gave back."""

    kind: Literal["text", "call", "result"]
    text: str


def parts_of(message: Json) -> list[Part]:
    """The parts of a message: its content, its refusal, its tool calls.

    The message may also be a text, a list of parts, or one part. No parts where it says nothing, or is none of these;
    an empty content says "".
    """
    if not isinstance(message, dict):
        return _content(message) if isinstance(message, str | list) else []
    if not _is_message(message):
        return _part(message) if _is_part(message) else []
    content = next((message[key] for key in ("content", "parts", "text") if message.get(key) is not None), None)
    inner = at(content, "parts")
    found = _content(content if inner is None else inner)
    spoken = (text_at(message, "refusal"), text_at(message, "audio", "transcript"))
    said = [Part(kind="text", text=text) for text in spoken if text]
    called = [Part(kind="call", text=_call(call)) for call in _calls(message)]
    return [*(part for part in found if part.text or not (said or called)), *said, *called]


def _is_message(value: dict[str, Json]) -> bool:
    """Whether an object is a message, not a part of one."""
    kind = value.get("type")
    if isinstance(value.get("role"), str):
        return True
    return (not isinstance(kind, str) or kind in SPEAKERS) and any(
        key in value for key in ("content", "parts", "tool_calls")
    )


def _calls(message: dict[str, Json]) -> list[Json]:
    """The tool calls that stand beside the content (OpenAI, LangChain)."""
    one = message.get("function_call")
    return items(message.get("tool_calls")) + ([one] if one else [])


def _is_part(value: dict[str, Json]) -> bool:
    """Whether an object that stands alone is a part of a message."""
    known = {*HIDDEN, *CALLS, *RESULTS, *MEDIA}
    return any(isinstance(value.get(key), str) for key in ("type", "text")) or not known.isdisjoint(value)


def _content(content: Json) -> list[Part]:
    """The parts of a message's content; the text "" where it is empty, or all of it is hidden."""
    if isinstance(content, list):
        found = [part for value in content for part in _part(value)]
        silent = not found and all(isinstance(value, dict) for value in content)
    else:
        found = _part(content) if isinstance(content, str | dict) else _part(shown(content))
        silent = not found and isinstance(content, dict)
    return [Part(kind="text", text="")] if silent else found


def _part(value: Json) -> list[Part]:
    """A part of a content, none where it is hidden; numbers in a list of parts, such as tokens, say nothing."""
    if isinstance(value, str):
        return [Part(kind="text", text=_without_files(value))]
    if not isinstance(value, dict):
        return []
    tag, inner = _tagged(value)
    if tag in HIDDEN or value.get("thought") is True:
        return []
    if tag in CALLS or tag.endswith("_call"):
        return [Part(kind="call", text=_call(inner))]
    if tag in RESULTS or tag.endswith(("_output", "_result")):
        return [Part(kind="result", text=_result(inner))]
    return [Part(kind="text", text=_text(tag, inner))]


def _tagged(part: dict[str, Json]) -> tuple[str, Json]:
    """What kind of part it is, and the part: kinds are named by `type`, or by the one key (Bedrock, Gemini)."""
    kind = part.get("type")
    if isinstance(kind, str):
        return kind, part
    if isinstance(part.get("text"), str):
        return "text", part
    return next(iter(part.items()), ("part", None))


def _text(tag: str, part: Json) -> str:
    """What a part says: its text, or a mark in square brackets for what is none."""
    if tag in MEDIA:
        return f"[{_modality(tag, part)}]"
    places = (("text",), ("content",), ("text", "value"), ("text", "text"), ("refusal",), ("transcript",))
    found = next((text for steps in places if (text := text_at(part, *steps)) is not None), None)
    if found is None and tag == "citationsContent":
        found = "".join(text_at(piece, "text") or "" for piece in items(at(part, "content")))
    if found is not None:
        return _without_files(found)
    return f"[{tag}]" if MARK.fullmatch(tag) else "[part]"


def _modality(tag: str, part: Json) -> str:
    """What kind of file: as it says itself, by its media type, or by the kind of its part."""
    names = ("modality", "mime_type", "mimeType", "media_type")
    said = next((text for name in names if (text := text_at(part, name))), "")
    modality = said.split("/")[0].lower()
    return modality if modality in MODALITIES else MEDIA[tag]


def _call(call: Json) -> str:
    """A call of a tool, as it would be written: `[tool call: search({"query": "shoes"})]`."""
    inner = at(call, "function") or at(call, "server_tool_call") or call
    name = text_at(call, "name") or text_at(inner, "name") or text_at(call, "type") or "tool"
    keys = ("arguments", "input", "args", "parameters")
    arguments = next((value for key in keys if (value := at(inner, key)) is not None), None)
    return _without_files(f"[tool call: {name}({shown(arguments) or ''})]")


def _result(result: Json) -> str:
    """What a tool gave back, as text; lists of parts line by line."""
    keys = ("output", "content", "result", "response", "server_tool_call_response")
    value = next((found for key in keys if (found := at(result, key)) is not None), None)
    lines = [_piece(piece) for piece in value] if isinstance(value, list) else [shown(value) or ""]
    return _without_files("\n".join(lines))


def _piece(piece: Json) -> str:
    """One piece of a tool's answer; not looked into further, however deep it nests."""
    if not isinstance(piece, dict):
        return shown(piece) or ""
    tag, inner = _tagged(piece)
    if tag == "json":
        return shown(inner) or ""
    if tag in MEDIA or text_at(inner, "text") is not None:
        return _text(tag, inner)
    return shown(piece) or ""


def _without_files(text: str) -> str:
    """A text without the files that are written into it."""
    return DATA_URI.sub(r"[\1]", text) if "data:" in text else text
