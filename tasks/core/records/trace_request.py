"""One request in a trace: what its own span says of it, and what the spans around it tell."""

from collections.abc import Mapping, Sequence
from typing import Final

from tasks.core.records.bodies import answered, asked, fields, present
from tasks.core.records.chunks import Steps
from tasks.core.records.gen_ai import (
    ANSWERED,
    ASKED,
    DOCUMENTS,
    SYSTEM,
    facts_of,
    joined,
    passages_of,
    request_of,
    response_of,
    words_of,
)
from tasks.core.records.json_value import Json, Row, at, parsed, shown, text_at
from tasks.core.records.messages import ANSWERS, QUESTIONS, reply, transcript, turns_of
from tasks.core.records.spans import Span, below, in_order

FEEDBACK: Final = "promptflow-feedback"
MODEL: Final = "LLM"
FLOW: Final = "Flow"
RETRIEVAL: Final = "Retrieval"
MODEL_CALLS: Final = ("chat", "text_completion", "generate_content")
PAYLOADS: Final = {"inputs", "output"}  # JSON in a string each, and one side's only
CUMULATED: Final[Mapping[str, str]] = {
    "input_tokens": "__computed__.cumulative_token_count.prompt",
    "output_tokens": "__computed__.cumulative_token_count.completion",
}
OWN: Final[Mapping[str, tuple[Steps, ...]]] = {
    "user": (*ASKED["user"], ("user_id",)),
    "session": ASKED["session"],
    "status": (("error.type",), ("exception.type",)),
}


def request_rows(own: Span, spans: Sequence[Span], roles: Mapping[str, str]) -> tuple[Row, Row]:
    """The input row and the output row of the request whose span is `own`, in a trace of `spans`.

    Fields at the top of the span that mean something else by the name of a role are left out.
    """
    part, whole = _below(own, spans)
    speakers = [own] if _speaks(own) else [span for span in part if _type(span) in {FLOW, MODEL} and _speaks(span)]
    first, last = (speakers[0], speakers[-1]) if speakers else (own, own)
    request, response = _request(first), _response(last)
    passages = [text for span in in_order([own, *whole]) for text in _passages(span)]
    told = _told_by_models(_models([own, *whole])) | _told_by_own(own)
    told = _cumulated(own) | told | present({"context": joined(passages), "feedback": _feedback(own, spans, whole)})
    fields_on_top = {name: value for name, value in own.fields.items() if name not in roles}
    base = (
        own.resource | fields_on_top | {name: value for name, value in own.attributes.items() if name not in PAYLOADS}
    )
    given, made = present({"inputs": request, "request": request}), present({"output": response, "response": response})
    return (
        base | given | _object(request) | _asked(first) | told,
        base | made | _object(response) | _answered(last) | told,
    )


def _below(own: Span, spans: Sequence[Span]) -> tuple[list[Span], list[Span]]:
    """The spans below a request without those of other requests, and all of them.

    Where a trace has no other request, all its spans are the request's, even if those between them were lost.
    """
    found = {span.span: span for span in spans if span.name != FEEDBACK}  # one that was logged twice counts once
    rest = [span for name, span in found.items() if name != own.span]
    if not any(_is_other(span, own) for span in rest):
        return in_order(rest), in_order(rest)
    return below(own, rest, lambda span: _is_other(span, own)), below(own, rest, lambda _: False)


def _is_other(span: Span, own: Span) -> bool:
    """Whether a span is that of another request."""
    begins = span.parent is None or span.is_server or span.attributes.get("span_type") == FLOW
    return begins and (span.id is None or span.id != own.id)


def _type(span: Span) -> str | None:
    """What kind of step it is, in prompt flow's words."""
    is_model = text_at(span.attributes, "gen_ai.operation.name") in MODEL_CALLS
    return MODEL if is_model else text_at(span.attributes, "span_type")


def _speaks(span: Span) -> bool:
    return _request(span) is not None or _response(span) is not None


def _request(span: Span) -> Json:
    """What a step was given, whole."""
    payload = _payload(span, "inputs", "promptflow.function.inputs")
    return request_of(facts_of([span]), [span]) if payload is None else payload


def _response(span: Span) -> Json:
    """What a step gave back, whole."""
    payload = _payload(span, "output", "promptflow.function.output")
    if payload is None:
        payload = _payload(span, "llm.generated_message", "promptflow.llm.generated_message")
    return response_of(facts_of([span]), [span]) if payload is None else payload


def _payload(span: Span, attribute: str, event: str) -> Json:
    """The value of an attribute, else of an event's payload; each is JSON in a string."""
    found = span.attributes.get(attribute)
    if found is None:
        found = next((at(attributes, "payload") for name, attributes in span.events if name == event), None)
    return parsed(found) if isinstance(found, str) else found


def _asked(span: Span) -> Row:
    """What a step was asked: prompt, history and what else a model's request says."""
    request = _payload(span, "inputs", "promptflow.function.inputs")
    if request is None:
        return words_of(_request(span), span.attributes.get(SYSTEM))
    if _type(span) == MODEL or turns_of(request) is not None:
        return asked(request)
    found = _named(request, QUESTIONS)
    history = transcript(at(request, "chat_history"))
    return words_of(found, None) | present({"history": history})


def _answered(span: Span) -> Row:
    """What a step answered: completion and what else a model's response says."""
    response = _response(span)
    if isinstance(response, list) and response and all(isinstance(piece, str) for piece in response):
        return {"completion": "".join(map(str, response))}  # a stream of words
    if _type(span) == MODEL or at(response, "choices") is not None:
        return present({"completion": reply(response)}) | answered(response)
    found = _named(response, ANSWERS)
    return present({"completion": reply(found) if isinstance(found, dict | list) else shown(found)})


def _named(value: Json, names: Sequence[str]) -> Json:
    """The first of the names that there is, else the only text of all; what is no object stays as it is."""
    if not isinstance(value, dict):
        return value
    texts = [one for one in value.values() if isinstance(one, str)]
    only = texts[0] if len(texts) == 1 else None
    return next((found for name in names if (found := value.get(name)) is not None), only)


def _models(spans: Sequence[Span]) -> list[Span]:
    """The calls of models, in order; not those that are parts of another such call."""
    models = [span for span in in_order(spans) if _type(span) == MODEL]
    inner = {id(span) for model in models for span in below(model, spans, lambda _: False)}
    return [span for span in models if id(span) not in inner]


def _told_by_models(models: Sequence[Span]) -> Row:
    """The tokens of all calls of models together; the model and the temperature of the last."""
    rows = [_model_row(span) for span in models]
    tokens: Row = {name: _sum([row.get(name) for row in rows]) for name in CUMULATED}
    last = rows[-1] if rows else {}
    return present(tokens | {name: last.get(name) for name in ("model_version", "temperature")})


def _model_row(span: Span) -> Row:
    facts = facts_of([span])
    said = asked(_request(span)) | answered(_response(span))
    return said | present(fields(facts, ASKED)) | present(fields(facts, ANSWERED))


def _sum(values: Sequence[Json]) -> Json:
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    return sum(numbers) if numbers else None


def _cumulated(own: Span) -> Row:
    """The tokens as prompt flow has summed them itself."""
    return present(fields(own.attributes, {name: ((key,),) for name, key in CUMULATED.items()}))


def _told_by_own(own: Span) -> Row:
    """Who asked, how long it took, and the fault it ended with."""
    faults = [attributes for name, attributes in own.events if name == "exception"]
    known = (faults[-1] if faults else {}) | own.fields | own.attributes
    found = {name: value for name, value in present(fields(known, OWN)).items() if value != ""}
    if own.is_failed:
        found.setdefault("status", "error")
    else:
        found.pop("status", None)
    return present({"latency_ms": own.latency_ms}) | found


def _passages(span: Span) -> list[str]:
    """The texts of the documents that a step retrieved."""
    found = _payload(span, "retrieval.documents", "promptflow.retrieval.documents")
    documents = found if found is not None else span.attributes.get(DOCUMENTS)
    if documents is None and _type(span) == RETRIEVAL:
        documents = _payload(span, "output", "promptflow.function.output")
    return passages_of(documents)


def _feedback(own: Span, spans: Sequence[Span], whole: Sequence[Span]) -> Json:
    """What users posted to the flow about this request; the last counts."""
    mine = {span.span for span in (own, *whole)}
    alone = not any(_is_other(span, own) for span in spans if span is not own and span.name != FEEDBACK)
    posted = [span for span in in_order(spans) if span.name == FEEDBACK and (alone or span.parent in mine)]
    return posted[-1].attributes.get("feedback") if posted else None


def _object(value: Json) -> Row:
    return value if isinstance(value, dict) else {}
