"""OpenTelemetry GenAI: spans and events, as lines of OTLP or of an SDK's own JSON, and the files of its upload hook.

A call is a span or an event that carries messages, or references to them; others are passed over. Its ID is
`trace_id:span_id`, so that a span and its event join once (without a trace the ID of the response). A name in `join_on`
or `time_column` means the attribute of that name, else the field at the top; it counts for spans and events only.
A message an event (`gen_ai.user.message`, `gen_ai.choice`) makes a half, and so does an uploaded file, whose ID is its
UUID. Documents retrieved earlier in the same trace are the context. Agents and the calls within them are all calls;
`gen_ai.operation.name` tells them apart.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from tasks.core.records.bodies import COLUMNS as BODY_COLUMNS
from tasks.core.records.bodies import present
from tasks.core.records.fault import Fault
from tasks.core.records.gen_ai import (
    CHOICE,
    COMPLETION,
    DOCUMENTS,
    INPUT,
    OUTPUT,
    PROMPT,
    SYSTEM,
    answered_of,
    asked_of,
    facts_of,
    joined,
    passages_of,
    request_of,
    response_of,
    words_of,
)
from tasks.core.records.json_value import Json, Row, at, items, parsed, text_at
from tasks.core.records.layout import Layout, SourceColumns, sql_text
from tasks.core.records.messages import reply
from tasks.core.records.spans import (
    PLACES,
    Places,
    Span,
    attributes_of,
    elements_read,
    enveloped,
    hexadecimal,
    in_order,
    named,
    named_attributes,
    span_of,
)

FOLDERS: Final = ""
SUFFIXES: Final = ("",)
COLUMNS: Final[Mapping[str, str]] = BODY_COLUMNS
BODIES: Final = ("$.input_ref", "$.output_ref", "$.system_ref")
INPUT_REF: Final = f"{INPUT}_ref"
OUTPUT_REF: Final = f"{OUTPUT}_ref"
SYSTEM_REF: Final = f"{SYSTEM}_ref"
CARRIERS: Final = (INPUT, OUTPUT, INPUT_REF, OUTPUT_REF, PROMPT, COMPLETION)
NO_CALLS: Final = ("embeddings", "embedding", "rerank", "retrieval", "execute_tool", "create_agent")
UPLOADED: Final = re.compile(r"(?:.*/)?([0-9a-f-]{36})_(inputs|outputs)\.(jsonl?)", re.DOTALL)
ASIDE: Final = re.compile(r"(?:.*/)?[0-9a-f-]{36,64}_(system_instruction|tool\.definitions)\.jsonl?", re.DOTALL)
PACKED: Final = re.compile(f"{UPLOADED.pattern}|{ASIDE.pattern}", re.DOTALL)  # the names that `unpack` changes
OWN_PLACES: Final = {"event": ("$.eventName", "$.event_name"), "half": ("$.half",), "uploaded": ("$.uploaded",)}
ATTRIBUTES: Final[Mapping[str, tuple[str, ...]]] = {
    "input_ref": (INPUT_REF,),
    "output_ref": (OUTPUT_REF,),
    "system_ref": (SYSTEM_REF,),
    "operation": ("gen_ai.operation.name", "llm.request.type"),
    "response": ("gen_ai.response.id",),
    "event_attribute": ("event.name",),
}
TORN_UPLOAD: Final = f"""CASE
    WHEN json_exists(record, '$.record.uploaded') AND NOT coalesce(list_bool_and(list_transform(
        json_extract(record, '$.record.messages[*]'), lambda m: json_type(m) = 'OBJECT')), false)
    THEN '{Fault.UNDECODABLE_BODY}' END"""
EVENTS: Final = r"^gen_ai\.(user\.message|assistant\.message|choice|content\.prompt|content\.completion|client\.)"
NUMBERED: Final = r"^gen_ai\.(prompt|completion)\.\d+\.(content|tool_calls)"
# Content by its key, in JSON or in JSON within a text, or as a plain text
CONTENT: Final = (
    r'"(content|parts|tool_calls|gen_ai\.(prompt|completion)|gen_ai\.(input|output)\.messages(_ref)?)\\*"'
    r'|"gen_ai\.event\.content("\s*:|",\s*"value":\s*\{"stringValue":)\s*"[^"{\[]'
)


def read(source: SourceColumns) -> Layout:
    """The layout of spans, events and uploaded files, each in an envelope."""
    places = Places(
        paths={name: PLACES[name] for name in ("trace", "span", "time")} | OWN_PLACES,
        attributes={**ATTRIBUTES, **named_attributes(source)},
    )
    return Layout(
        id=("$.id",),
        time=("$.time",),
        records=_records(places, _fields(source, places)),
        is_call="json_extract_string(record, '$.is_call') = 'true'",
        side="json_extract_string(record, '$.side')",
        fault=TORN_UPLOAD,
        group="$.group",
    )


def recognises(record: Json) -> bool:
    """Whether a line holds OTLP, a span or an event of a GenAI call, or an uploaded file."""
    if any(isinstance(at(record, key), list) for key in ("resourceSpans", "resourceLogs")):
        return True
    if text_at(record, "uploaded") is not None:
        return text_at(record, "half") in {"input", "output"}
    span = span_of(record)
    names = [*attributes_of(at(record, "attributes")), *(name for name, _ in span.events), span.event or ""]
    is_told = span.trace is not None or span.event is not None
    return is_told and any(name.startswith("gen_ai.") for name in names)


def decode(records: Sequence[Json], bodies: Mapping[str, Json]) -> tuple[Row, Row]:
    """The input row and the output row of a call; records of its trace tell what was retrieved for it.

    Below their own fields lie the call's attributes, the fields at the top of its record, and its resource's
    attributes, by their names.
    """
    spans = [span_of(record) for record in records]
    own = [span for span in spans if _is_same(span, spans[0])]
    facts = facts_of(own)
    request = _first(_uploaded(own, "input"), _body(bodies, facts, INPUT_REF), request_of(facts, own))
    response = _first(_uploaded(own, "output"), _body(bodies, facts, OUTPUT_REF), response_of(facts, own))
    asked = words_of(request, _first(facts.get(SYSTEM), _body(bodies, facts, SYSTEM_REF)))
    asked |= present({"context": _context(own, spans), "request": request})
    status = "error" if any(span.is_failed for span in own) else None
    answered: Row = {"completion": reply(response), "status": status, "latency_ms": _latency_ms(own)}
    base = _logged(own) | facts
    return (
        base | asked | asked_of(facts),
        base | present(answered | {"response": response}) | answered_of(facts, response),
    )


def unpack(key: str, modified: datetime, content: bytes) -> bytes:
    """An uploaded file as one line that says whose half it is, its time the object's; other objects stay as they are.

    Uploaded instructions and definitions of tools give no line: they are shared by many calls.
    """
    found = UPLOADED.fullmatch(key)
    if found is None:
        return b"" if ASIDE.fullmatch(key) else content
    lines = [line.strip() for line in content.splitlines() if line.strip()]
    messages = b"[%b]" % b",".join(lines) if found[3] == "jsonl" else b" ".join(lines)
    half = found[2].removesuffix("s")
    head = f'{{"uploaded": "{found[1]}", "half": "{half}", "time": "{modified.isoformat()}", "messages": '
    return b"%b%b}\n" % (head.encode(), messages)


def _fields(source: SourceColumns, places: Places) -> dict[str, str]:
    """SQL for the fields of an envelope."""
    trace, span = hexadecimal(places.sql("trace")), hexadecimal(places.sql("span"))
    identity = f"coalesce({trace} || ':' || {span}, {places.sql('response')})"
    if source.join_on is not None:
        identity = named(places, "join_on", source.join_on)
    time = places.sql("time") if source.time_column is None else named(places, "time_column", source.time_column)
    event = f"coalesce({places.sql('event')}, {places.sql('event_attribute')})"
    uploaded, sent = places.sql("uploaded"), "json_extract_string(e.span, '$.time')"
    return {
        "id": f"coalesce({uploaded}, {identity})",
        "time": f"CASE WHEN {uploaded} IS NULL THEN {time} ELSE {sent} END",
        "group": f"coalesce({uploaded}, {trace})",
        "side": f"""CASE WHEN {uploaded} IS NOT NULL THEN {places.sql("half")}
                         WHEN {event} = 'gen_ai.user.message' THEN 'input'
                         WHEN {event} = '{CHOICE}' THEN 'output' ELSE 'both' END""",
        "is_call": f"""{places.sql("half")} IN ('input', 'output') AND {uploaded} IS NOT NULL
            OR CASE WHEN contains(e.span::VARCHAR, '"gen_ai.')
                    THEN coalesce({places.sql("operation")} NOT IN ({", ".join(map(sql_text, NO_CALLS))}), true)
                         AND ({_carries(event)}) END""",
        "input_ref": places.sql("input_ref"),
        "output_ref": places.sql("output_ref"),
        "system_ref": places.sql("system_ref"),
    }


def _carries(event: str) -> str:
    """SQL for whether an element carries messages: in attributes, in the events of a span, in the body of an event."""
    names = ", ".join(map(sql_text, CARRIERS))
    return f"""
        list_has_any(e.names, [{names}])
        OR len(list_filter(e.names, lambda n: regexp_matches(n, {sql_text(NUMBERED)}))) > 0
        OR len(list_filter(json_extract(e.span, '$.events[*]'), lambda v:
            regexp_matches(json_extract_string(v, '$.name'), {sql_text(EVENTS)})
            AND regexp_matches(v::VARCHAR, {sql_text(CONTENT)}))) > 0
        OR coalesce({event} IN ('gen_ai.user.message', '{CHOICE}'), false)
           AND regexp_matches(json_extract(e.span, ['$.body', '$.attributes'])::VARCHAR, {sql_text(CONTENT)})
    """


def _records(places: Places, fields: Mapping[str, str]) -> str:
    """SQL for the envelopes of a line: of all spans and log records of OTLP, else of the line itself."""
    spans = ("scopeSpans[*].spans", "instrumentationLibrarySpans[*].spans", "scopeLogs[*].logRecords")
    inner = ", ".join(f"json_extract(r, '$.{path}[*]')" for path in spans)
    otlp = f"""flatten(list_transform(
        list_concat(json_extract(record, '$.resourceSpans[*]'), json_extract(record, '$.resourceLogs[*]')),
        lambda r: list_transform(list_concat({inner}),
                                 lambda s: {{'span': s, 'resource': json_extract(r, '$.resource')}})))"""
    bare = "[{'span': record, 'resource': NULL::JSON}]"
    elements = f"coalesce(nullif({otlp}, []), {bare})"
    envelopes = enveloped(elements_read(elements, places), fields)
    return f"CASE WHEN json_type(record) = 'OBJECT' THEN {envelopes} ELSE [record] END"


def _is_same(span: Span, first: Span) -> bool:
    """Whether a record tells of the same call as the first."""
    if span is first or first.id is not None:
        return span is first or span.id == first.id
    return first.span is not None and (span.trace, span.span) == (first.trace, first.span)


def _first(*values: Json) -> Json:
    return next((value for value in values if value is not None), None)


def _uploaded(own: Sequence[Span], half: str) -> Json:
    """The messages of the uploaded file of one half."""
    mine = (span.fields for span in own if "uploaded" in span.fields and span.fields.get("half") == half)
    return next((fields.get("messages") for fields in mine), None)


def _body(bodies: Mapping[str, Json], facts: Row, name: str) -> Json:
    """The messages in the file that an attribute names, as JSON or as JSON lines."""
    body = bodies.get(text_at(facts, name) or "")
    if not isinstance(body, str):
        return body
    lines = [parsed(line) for line in body.splitlines() if line.strip()]
    return items(lines[0]) if len(lines) == 1 and isinstance(lines[0], list) else lines


def _context(own: Sequence[Span], spans: Sequence[Span]) -> str | None:
    """What was retrieved in the trace before the call had ended."""
    ends = [end for span in own if (end := span.end or span.start) is not None]
    earlier = [span for span in spans if not ends or span.start is None or span.start <= max(ends)]
    return joined(text for span in in_order(earlier) for text in passages_of(span.attributes.get(DOCUMENTS)))


def _latency_ms(own: Sequence[Span]) -> float | None:
    return next((latency for span in own if (latency := span.latency_ms) is not None), None)


def _logged(own: Sequence[Span]) -> Row:
    """What lies below a row's own fields; fields at the top that mean something else by a role's name are left out."""
    found: Row = {}
    for span in own:
        found = span.resource | {name: value for name, value in span.fields.items() if name not in COLUMNS} | found
    return found
