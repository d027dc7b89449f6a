"""Conversations as logged by any producer: the prompt, what was said before it, and the reply.

Lists of messages are read as `parts` reads them, and as prompt-flow's `chat_history` and lists of pairs write them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tasks.core.records.json_value import Json, at, text_at, unwrapped
from tasks.core.records.parts import HIDDEN, parts_of

ROLES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("user", "human"), "user"),
    **dict.fromkeys(("assistant", "model", "ai", "bot", "chatbot"), "assistant"),
    **dict.fromkeys(("system", "developer"), "system"),
    **dict.fromkeys(("tool", "function"), "tool"),
}
CONTENTS: Final = {"content", "parts", "text", "refusal", "tool_calls", "function_call", "audio"}
QUESTIONS: Final = ("question", "chat_input", "query", "input", "prompt")
ANSWERS: Final = ("output", "answer", "reply", "response", "completion")


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """A conversation in its pieces, each as plain text; None where there is no such piece.

    `system` holds the system's and developer's instructions; `prompt` is the last turn of the user; `history` the turns
    before it, a line "role: text" each, tool calls and their results included; `steps` the same for what stands between
    the prompt and the reply (tool calls, their results); `completion` the reply, where the conversation ends with it.
    """

    system: str | None = None
    history: str | None = None
    prompt: str | None = None
    steps: str | None = None
    completion: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one speaker says before another does: a text (None: none was written), and the tools called."""

    role: str
    text: str | None
    calls: tuple[str, ...] = ()


def conversation(messages: Json, system: Json = None) -> Turns:
    """The pieces of a conversation.

    `messages` is a list of messages, one message, a plain text (then it is the prompt), a JSON string of any of them,
    or an object that holds them as `messages` or `contents`. `system` are instructions that were logged apart from
    them, in any shape that the content of a message has.
    """
    turns = _turns(_messages(messages), "user")
    told = [turn for turn in turns if turn.role != "system"]
    orders = [*_turns(_messages(system), "system"), *(turn for turn in turns if turn.role == "system")]
    place = next((index for index in reversed(range(len(told))) if _asks(told[index])), None)
    before, after = ([], told) if place is None else (told[:place], told[place + 1 :])
    steps, tail = _without_reply(after)
    return Turns(
        system="\n".join(turn.text for turn in orders if turn.text) or None,
        history=_lines(before),
        prompt=None if place is None else told[place].text,
        steps=_lines(steps),
        completion=_said(tail),
    )


def reply(value: Json) -> str | None:
    """The text of an assistant's reply; tool calls are shown where there is no text; a refusal counts as text.

    `value` is a text, a message, a list of its parts, a list of messages or output items (of which those count that
    end it and are the assistant's), or a choice or a list of choices (of which the first counts). An empty reply is "".
    None where there is none.
    """
    turns = _turns(_choice(_messages(value)), "assistant")
    return _said(_without_reply(turns)[1])


def transcript(value: Json) -> str | None:
    """All turns of a conversation as text, one "role: text" after the other, the system's left out.

    None where the value holds no messages (and for an empty list of them).
    """
    found = _messages(value)
    if not _holds_messages(found):
        return None
    return _lines(turn for turn in _turns(found, "user") if turn.role != "system")


def turns_of(value: Json) -> Turns | None:
    """The pieces of a conversation that stands in a user's own column, as a list of messages or a JSON string of one.

    None where the value is anything else, which then is what the user says it is.
    """
    found = _messages(value)
    return conversation(found) if _holds_messages(found) else None


def _messages(value: Json) -> Json:
    """The messages themselves: out of a JSON string, out of the object that holds them."""
    found = unwrapped(value)
    if isinstance(found, dict) and "role" not in found:
        found = next((found[key] for key in ("messages", "contents") if isinstance(found.get(key), list)), found)
    return found if not isinstance(value, str) or _holds_messages(found) else value


def _holds_messages(value: Json) -> bool:
    """Whether a value is a list of messages, or one message."""
    listed = value if isinstance(value, list) else [value]
    return any(_is_turn(item) for item in listed)


def _is_turn(item: Json) -> bool:
    """Whether a value says who speaks, by a role, a kind or a pair."""
    if isinstance(item, list):
        return len(item) == 2 and all(isinstance(text, str) for text in item)  # noqa: PLR2004  # a pair
    return _role(item) is not None or _is_exchange(item)


def _is_exchange(item: Json) -> bool:
    """Whether a value is a turn of prompt-flow's `chat_history`."""
    return isinstance(at(item, "inputs"), dict) and at(item, "outputs") is not None


def _role(item: Json) -> str | None:
    """Who speaks, in our words, None where nothing says so; a role that nobody knows stays what it is."""
    role = text_at(item, "role")
    kind = text_at(item, "type") or ""
    if not isinstance(item, dict) or item.keys().isdisjoint(CONTENTS):
        return _role_of_item(kind)
    return ROLES.get(kind) if role is None else ROLES.get(role.lower(), role.lower())


def _role_of_item(kind: str) -> str | None:
    """Who speaks in an item of OpenAI Responses that is no message."""
    if kind.endswith("_call_output") or kind.startswith("mcp_"):
        return "tool"
    return "assistant" if kind.endswith("_call") or kind == "reasoning" else None


def _turns(value: Json, speaker: str) -> list[Turn]:
    """The turns in their order; `speaker` says what nobody is said to say."""
    if value is None or value == []:
        return []
    if not _holds_messages(value) or not isinstance(value, list):
        return _turn(value, speaker)
    return [turn for item in value for turn in _turn(item, speaker)]


def _turn(item: Json, speaker: str) -> list[Turn]:
    """The turns of one message: results of tools within it are the tools' own turns."""
    if isinstance(item, list) and _is_turn(item):
        return [Turn(role=role, text=shown) for role, shown in zip(("user", "assistant"), map(str, item), strict=True)]
    if _is_exchange(item):
        return _exchange(item)
    if text_at(item, "type") in HIDDEN:
        return []
    parts = parts_of(item)
    results = [Turn(role="tool", text=part.text) for part in parts if part.kind == "result"]
    texts = [part.text for part in parts if part.kind == "text"]
    calls = tuple(part.text for part in parts if part.kind == "call")
    if results and not texts and not calls:
        return results
    role = _role(item) or speaker
    joint = "" if role == "assistant" else "\n"  # an answer's texts are cut by citations, a question's are parts
    return [*results, Turn(role=role, text=joint.join(texts) if texts else None, calls=calls)]


def _exchange(item: Json) -> list[Turn]:
    """A question and its answer in prompt-flow's `chat_history`."""
    sides = (("user", "inputs", QUESTIONS), ("assistant", "outputs", ANSWERS))
    return [Turn(role=role, text=_named(at(item, side), names)) for role, side, names in sides]


def _named(fields: Json, names: Sequence[str]) -> str | None:
    """The text of the first of the names that there is, else the only text of all; anything else is not guessed at."""
    if isinstance(fields, str):
        return fields
    named = next((text for name in names if (text := text_at(fields, name)) is not None), None)
    texts = [value for value in fields.values() if isinstance(value, str)] if isinstance(fields, dict) else []
    return named if named is not None or len(texts) != 1 else texts[0]


def _choice(value: Json) -> Json:
    """The message of the first choice, where these are choices: OpenAI's, Gemini's, OpenTelemetry's."""
    first = at(value, 0) if isinstance(value, list) else value
    marks = ("finish_reason", "finishReason", "message", "delta")
    if not isinstance(first, dict) or not any(mark in first for mark in marks):
        return value
    return next((first[key] for key in ("message", "delta") if key in first), first)


def _without_reply(turns: Sequence[Turn]) -> tuple[Sequence[Turn], Sequence[Turn]]:
    """The turns, cut before those of the assistant that end them."""
    last = next((index for index in reversed(range(len(turns))) if turns[index].role != "assistant"), -1)
    return turns[: last + 1], turns[last + 1 :]


def _said(turns: Sequence[Turn]) -> str | None:
    """What turns of one speaker say: their texts, else the tools they call."""
    texts = [turn.text for turn in turns if turn.text is not None]
    calls = [call for turn in turns for call in turn.calls]
    said = "\n".join(text for text in texts if text) or "\n".join(calls)
    return said or ("" if texts else None)


def _asks(turn: Turn) -> bool:
    """Whether a turn is a text of the user's."""
    return turn.role == "user" and turn.text is not None


def _lines(turns: Iterable[Turn]) -> str | None:
    """Turns as a judge reads them."""
    lines = [f"{turn.role}: {said}" for turn in turns for said in (turn.text, *turn.calls) if said]
    return "\n".join(lines) or None
