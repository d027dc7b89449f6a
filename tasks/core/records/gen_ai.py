"""What the spans and events of one GenAI call say, by the names of all of OpenTelemetry's conventions so far.

Content stands in `gen_ai.input.messages` and `gen_ai.output.messages` (as JSON, or as JSON in a string); in older ones
in `gen_ai.prompt` and `gen_ai.completion`, in numbered attributes (`gen_ai.prompt.0.content`), or in an event for each
message.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from tasks.core.records.bodies import fields, present
from tasks.core.records.chunks import Steps
from tasks.core.records.json_value import Json, Row, at, items, text_at, unwrapped
from tasks.core.records.messages import conversation
from tasks.core.records.spans import Span, in_order

INPUT: Final = "gen_ai.input.messages"
OUTPUT: Final = "gen_ai.output.messages"
SYSTEM: Final = "gen_ai.system_instructions"
PROMPT: Final = "gen_ai.prompt"
COMPLETION: Final = "gen_ai.completion"
DOCUMENTS: Final = "gen_ai.retrieval.documents"
DETAILS: Final = "gen_ai.client.inference.operation.details"
EVENT_CONTENT: Final = "gen_ai.event.content"
CHOICE: Final = "gen_ai.choice"
ROLES: Final[Mapping[str, str]] = {f"gen_ai.{role}.message": role for role in ("system", "user", "assistant", "tool")}
CONTENT_EVENTS: Final[Mapping[str, str]] = {"gen_ai.content.prompt": PROMPT, "gen_ai.content.completion": COMPLETION}
NUMBERED: Final = re.compile(r"gen_ai\.(prompt|completion)\.([0-9]{1,6})\.([a-z_]+)(?:\.([0-9]{1,6})\.([a-z_]+))?")
ASKED: Final[Mapping[str, tuple[Steps, ...]]] = {
    "user": (("user.id",), ("enduser.id",), ("enduser.pseudo.id",), ("traceloop.association.properties.user_id",)),
    "session": (
        *(("gen_ai.conversation.id",), ("session.id",), ("session_id",)),
        *(("traceloop.association.properties.session_id",), ("traceloop.association.properties.conversation_id",)),
    ),
    "model_version": (("gen_ai.request.model",),),
    "temperature": (("gen_ai.request.temperature",),),
}
ANSWERED: Final[Mapping[str, tuple[Steps, ...]]] = {
    "model_version": (("gen_ai.response.model",), ("llm.response.model",)),
    "input_tokens": (("gen_ai.usage.input_tokens",), ("gen_ai.usage.prompt_tokens",), ("llm.usage.prompt_tokens",)),
    "output_tokens": (
        *(("gen_ai.usage.output_tokens",), ("gen_ai.usage.completion_tokens",), ("llm.usage.completion_tokens",)),
    ),
    "status": (("error.type",),),
}
PASSAGES: Final[tuple[Steps, ...]] = (
    *(("document.content",), ("content",), ("text",), ("page_content",), ("pageContent",), ("snippet",)),
    *(("document", "content"), ("document", "page_content")),
)


def facts_of(spans: Iterable[Span]) -> Row:
    """The attributes of spans of one call, and what their bodies and events add to them; the first wins."""
    found: Row = {}
    for span in spans:
        told = [facts for name, attributes in span.events for facts in _facts_of_event(name, attributes)]
        body = span.body if isinstance(span.body, dict) else {}
        told.append({name: value for name, value in body.items() if name.startswith("gen_ai.")})
        for facts in (span.attributes, *told):
            found = present(facts) | found
    return found


def request_of(facts: Row, spans: Sequence[Span]) -> Json:
    """The messages that a call was asked with, in any shape that `conversation` reads; None where they are nowhere."""
    whole = next((unwrapped(value) for name in (INPUT, PROMPT) if (value := facts.get(name)) is not None), None)
    if whole is not None:
        return whole
    told: list[Json] = [_message(ROLES[name], said) for name, said in _said(spans) if name in ROLES]
    return _numbered("prompt", facts) or [message for message in told if message is not None] or None


def response_of(facts: Row, spans: Sequence[Span]) -> Json:
    """The messages that a call was answered with, in any shape that `reply` reads; None where they are nowhere."""
    whole = next((unwrapped(value) for name in (OUTPUT, COMPLETION) if (value := facts.get(name)) is not None), None)
    if whole is not None:
        return whole
    choices = sorted((_choice(said) for name, said in _said(spans) if name == CHOICE), key=_index)
    return _numbered("completion", facts) or list(choices) or None


def words_of(request: Json, system: Json) -> Row:
    """What a call was asked: prompt, history, steps, system."""
    turns = conversation(request, unwrapped(system))
    said: Row = {"prompt": turns.prompt, "history": turns.history, "steps": turns.steps, "system": turns.system}
    return present(said)


def asked_of(facts: Row) -> Row:
    """Who asked which model, and how."""
    return present(fields(facts, ASKED))


def answered_of(facts: Row, response: Json) -> Row:
    """Which model answered, with how many tokens, and why it ended: status (a fault), finish_reason."""
    reasons = unwrapped(facts.get("gen_ai.response.finish_reasons"))
    told = [reason for message in items(response) if (reason := text_at(message, "finish_reason"))]
    ended = [reason for reason in items(reasons) if isinstance(reason, str)] or told
    reason = reasons if isinstance(reasons, str) else ", ".join(dict.fromkeys(ended)) or None
    return present({"finish_reason": reason} | fields(facts, ANSWERED))


def passages_of(documents: Json) -> list[str]:
    """The texts of retrieved documents, in their order; those that were logged without a text are left out."""
    found = [document if isinstance(document, str) else _passage(document) for document in items(unwrapped(documents))]
    return [text for text in found if text]


def joined(passages: Iterable[str]) -> str | None:
    """Passages as one text, each once; None where there are none."""
    return "\n\n".join(dict.fromkeys(passages)) or None


def _passage(document: Json) -> str | None:
    found = fields(document, {"text": PASSAGES})["text"]
    return found if isinstance(found, str) else None


def _facts_of_event(name: str, attributes: Row) -> Iterator[Row]:
    """What an event says as the attributes of its span would."""
    if name == DETAILS:
        yield attributes
    elif name in CONTENT_EVENTS:
        fact = CONTENT_EVENTS[name]
        yield {fact: attributes.get(fact, attributes.get(EVENT_CONTENT))}


def _said(spans: Sequence[Span]) -> Iterator[tuple[str, Json]]:
    """The names of events, and what they carry, in the order of their times."""
    for span in in_order(spans):
        if span.event is not None:
            yield span.event, span.attributes.get(EVENT_CONTENT) if span.body is None else span.body
        for name, attributes in span.events:
            yield name, attributes.get(EVENT_CONTENT, attributes)


def _message(role: str, said: Json) -> Json:
    """The message that an event carries; None where its content was not captured."""
    inner = unwrapped(said)
    if not isinstance(inner, dict):
        return None if inner is None else {"role": role, "content": inner}
    if all(inner.get(key) is None for key in ("content", "parts", "tool_calls")):
        return None
    return {"role": role, **inner, "tool_calls": unwrapped(inner.get("tool_calls"))}


def _choice(said: Json) -> Json:
    """The message of a choice, with its number and the reason of its end."""
    inner = unwrapped(said)
    message = unwrapped(at(inner, "message"))
    found = _message("assistant", inner if message is None else message)
    whole: Row = found if isinstance(found, dict) else {"role": "assistant"}
    return whole | {"index": at(inner, "index"), "finish_reason": at(inner, "finish_reason")}


def _index(choice: Json) -> int:
    index = at(choice, "index")
    return index if isinstance(index, int) else 0


def _numbered(kind: str, facts: Row) -> list[Json]:
    """The messages of attributes such as `gen_ai.prompt.0.content` and `gen_ai.prompt.0.tool_calls.0.name`."""
    messages: dict[int, Row] = {}
    calls: dict[tuple[int, int], Row] = {}
    for name, value in facts.items():
        found = NUMBERED.fullmatch(name)
        if found is None or found[1] != kind:
            continue
        if found[4] is None:
            messages.setdefault(int(found[2]), {})[found[3]] = _parts(value)
        elif found[3] == "tool_calls":
            calls.setdefault((int(found[2]), int(found[4])), {})[found[5]] = value
    for place, call in sorted(calls.items()):
        message = messages.setdefault(place[0], {})
        message["tool_calls"] = [*items(message.get("tool_calls")), call]
    speaker: Row = {"role": "user" if kind == "prompt" else "assistant"}
    return [speaker | message for _, message in sorted(messages.items())]


def _parts(value: Json) -> Json:
    """Content that was logged as the JSON of its parts; any other text is what was said."""
    inner = unwrapped(value)
    return inner if isinstance(inner, list) and all(text_at(part, "type") for part in inner) and inner else value
