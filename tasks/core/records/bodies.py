"""What requests to models ask and their responses answer, whichever API they follow.

A body is known by its shape, not by its model's name: OpenAI chat, completions and Responses, Anthropic, Bedrock
Converse and Nova, Titan, Llama, Mistral, Cohere, AI21, text generation inference, Gemini. Streamed responses are lists
of chunks.

The rows of all formats follow one rule: the fields of `asked` and `answered` win; below them the fields at the top of
the record stay what they are; `request` and `response` hold the whole body of the row's side. What was not logged is
not there; an empty reply is "".
"""

from collections.abc import Mapping
from typing import Final

from tasks.core.records.chunks import Steps, chunks_of, merged
from tasks.core.records.json_value import Json, Row, at, items, shown, text_at, unwrapped
from tasks.core.records.messages import Turns, conversation, reply, turns_of
from tasks.core.records.templates import messages_of

COLUMNS: Final[Mapping[str, str]] = {
    role: role
    for role in (
        *("prompt", "completion", "system", "history", "context", "model_version", "user", "session"),
        *("latency_ms", "status", "finish_reason", "input_tokens", "output_tokens", "temperature"),
    )
}
PROMPTS: Final[tuple[Steps, ...]] = (("prompt",), ("inputText",), ("inputs",), ("text_inputs",), ("text",))
REPLIES: Final[tuple[Steps, ...]] = (
    ("choices", 0),
    ("candidates", 0),
    ("output", "message"),
    ("output",),
    ("output_text",),
    ("generated_text",),
    ("generation",),
    ("generations", 0),
    ("results", 0, "outputText"),
    ("outputs", 0),
    ("completions", 0, "data", "text"),
    ("completion",),
    ("content",),
    ("text",),
)
ASKED: Final[Mapping[str, tuple[Steps, ...]]] = {
    "model_version": (("model",), ("modelId",)),
    "user": (("user",), ("metadata", "user_id"), ("safety_identifier",)),
    "session": (("conversation", "id"), ("conversation",), ("conversation_id",)),
    "temperature": (
        ("temperature",),
        *(("inferenceConfig", "temperature"), ("textGenerationConfig", "temperature")),
        *(("parameters", "temperature"), ("generationConfig", "temperature")),
    ),
}
ANSWERED: Final[Mapping[str, tuple[Steps, ...]]] = {
    "model_version": (("model",), ("modelVersion",)),
    "input_tokens": (
        *(("usage", "prompt_tokens"), ("usage", "input_tokens"), ("usage", "inputTokens")),
        *(("prompt_token_count",), ("inputTextTokenCount",), ("usageMetadata", "promptTokenCount")),
        *(("meta", "billed_units", "input_tokens"), ("amazon-bedrock-invocationMetrics", "inputTokenCount")),
    ),
    "output_tokens": (
        *(("usage", "completion_tokens"), ("usage", "output_tokens"), ("usage", "outputTokens")),
        *(("generation_token_count",), ("results", 0, "tokenCount"), ("usageMetadata", "candidatesTokenCount")),
        *(("meta", "billed_units", "output_tokens"), ("amazon-bedrock-invocationMetrics", "outputTokenCount")),
        ("details", "generated_tokens"),
    ),
    "latency_ms": (("metrics", "latencyMs"), ("amazon-bedrock-invocationMetrics", "invocationLatency")),
    "status": (("error", "code"), ("error", "type"), ("error_type",), ("error",), ("status",)),
    "finish_reason": (
        *(("choices", 0, "finish_reason"), ("stopReason",), ("stop_reason",), ("results", 0, "completionReason")),
        *(("outputs", 0, "stop_reason"), ("candidates", 0, "finishReason"), ("incomplete_details", "reason")),
        *(("generations", 0, "finish_reason"), ("finish_reason",), ("details", "finish_reason")),
    ),
}


def asked(body: Json) -> Row:
    """What a request asks: prompt, history, steps, system, context, model_version, user, session, temperature."""
    whole = unwrapped(body)
    turns = _turns(whole)
    begun = None if turns.completion is None else f"assistant: {turns.completion}"  # the reply goes on from there
    steps = "\n".join(part for part in (turns.steps, begun) if part) or None
    said: Row = {"prompt": turns.prompt, "history": turns.history, "steps": steps, "system": turns.system}
    return present(said | {"context": _context(whole)} | fields(whole, ASKED))


def answered(body: Json) -> Row:
    """What a response answers: completion, model_version, tokens, latency_ms, status, finish_reason."""
    whole = response_of(body)
    return present({"completion": _reply(whole)} | fields(whole, ANSWERED))


def response_of(body: Json) -> Json:
    """The whole body of a response: streams put together, JSON taken out of a string."""
    whole = unwrapped(body)
    chunks = chunks_of(whole)
    return whole if chunks is None else merged(chunks)


def fields(value: Json, places: Mapping[str, tuple[Steps, ...]]) -> Row:
    """Each field from the first of its places that holds a number or a text that is not empty."""
    return {
        name: next((found for steps in paths if (found := _single(value, steps)) is not None), None)
        for name, paths in places.items()
    }


def present(row: Row) -> Row:
    """A row without what was not logged."""
    return {name: value for name, value in row.items() if value is not None}


def _single(value: Json, steps: Steps) -> Json:
    found = at(value, *steps)
    return found if isinstance(found, str | int | float) and not isinstance(found, bool) and found != "" else None


def _turns(body: Json) -> Turns:
    """The conversation of a request; of a batch the first."""
    if isinstance(body, list):
        return turns_of(body) or _turns(body[0] if body and isinstance(body[0], dict) else None)
    if isinstance(body, dict):
        return conversation(*_messages_and_system(body))
    return conversation(messages_of(body)) if isinstance(body, str) else Turns()


def _messages_and_system(body: Row) -> tuple[Json, Json]:
    """The messages of a request, and its instructions where they stand apart."""
    if isinstance(body.get("messages"), list):
        return body["messages"], body.get("system") or body.get("instructions")
    if isinstance(body.get("contents"), list | str):
        return body["contents"], body.get("systemInstruction") or body.get("system_instruction")
    if isinstance(body.get("message"), str):
        return _cohere(body), body.get("preamble")
    if isinstance(body.get("input"), list | str):
        return body["input"], body.get("instructions")
    return _prompt(body), body.get("system")


def _cohere(body: Row) -> Json:
    """The messages of a Cohere chat, which keeps the last apart."""
    told = [{"role": at(turn, "role"), "content": at(turn, "message")} for turn in items(body.get("chat_history"))]
    return [*told, {"role": "user", "content": body["message"]}]


def _prompt(body: Row) -> Json:
    """The text of a request that holds no messages; of a batch the first."""
    found = next((value for steps in PROMPTS if (value := at(body, *steps)) is not None), None)
    inner = next((text for key in ("question", "text") if (text := text_at(found, key)) is not None), found)
    first = at(inner, 0) if isinstance(inner, list) and isinstance(at(inner, 0), list | str) else inner
    return messages_of(first) if isinstance(first, str) else first


def _context(body: Json) -> str | None:
    """The passages that a request brings along (Cohere's documents, a question's context)."""
    passages = [_passage(document) for document in items(at(body, "documents"))]
    return "\n\n".join(passages) if passages else text_at(body, "inputs", "context")


def _passage(document: Json) -> str:
    inner = at(document, "data") or document
    texts = (text_at(inner, key) for key in ("snippet", "text", "content"))
    return next((text for text in texts if text is not None), shown(inner) or "")


def _reply(body: Json) -> str | None:
    """The reply in a response; of a batch the first."""
    if isinstance(body, list):
        inner = at(body, 0, "generated_text")
        return reply(at(body, 0, "generation") if inner is None else inner)
    if not isinstance(body, dict):
        return body if isinstance(body, str) else None
    message = body.get("message") if isinstance(body.get("message"), dict) else None
    found = next((value for steps in REPLIES if (value := at(body, *steps)) is not None), message)
    if isinstance(found, str):
        return found
    return reply({"role": "assistant", "content": found} if found is body.get("content") else found)
