"""Spans and log records of OpenTelemetry, whoever wrote them: SDKs (`span.to_json()`), collectors (OTLP), Azure.

In SQL, an element of a line becomes an envelope: `id`, `time`, `group` (the trace) and what a format adds, around the
element itself as `record`. In Python, an envelope (or a bare element) becomes a `Span`.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from tasks.core.records.json_value import Json, Row, at, items, text_at
from tasks.core.records.layout import SourceColumns, path_of, sql_text

PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "trace": ("$.context.trace_id", "$.traceId", "$.trace_id"),
    "span": ("$.context.span_id", "$.spanId", "$.span_id"),
    "parent": ("$.parent_id", "$.parentSpanId", "$.parent_span_id"),
    "kind": ("$.kind",),
    "name": ("$.name",),
    "time": (
        *("$.startTimeUnixNano", "$.start_time_unix_nano", "$.start_time"),
        *("$.timeUnixNano", "$.time_unix_nano", "$.timestamp", "$.observedTimeUnixNano", "$.observed_timestamp"),
    ),
}
CLIENT: Final = ("3", "SpanKind.CLIENT", "SPAN_KIND_CLIENT", "CLIENT")
SERVER: Final = ("2", "SpanKind.SERVER", "SPAN_KIND_SERVER", "SERVER")
ERROR: Final = (2, "2", "ERROR", "STATUS_CODE_ERROR")
SCALARS: Final = ("stringValue", "intValue", "doubleValue", "boolValue")
DEEPEST: Final = 64  # levels of an OTLP value; each is three of JSON
WHOLE_NUMBER: Final = re.compile(r"-?[0-9]{1,18}")
NUMBER: Final = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")
SECONDS_BELOW: Final = 1e11  # then milliseconds, a thousand times as many microseconds, then nanoseconds
NANOSECONDS_BELOW: Final = 1e20


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The fields of an element that a format asks for in SQL, by name; each is the first of its paths that is there.

    The SQL reads an element `e`, as `elements_read` gives them. `attributes` are looked for under their own names.
    """

    paths: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def all_paths(self) -> list[str]:
        """Every path, in the order in which the element's texts have them."""
        flat = {name: tuple(map(attribute_path, names)) for name, names in self.attributes.items()}
        return [path for paths in (*self.paths.values(), *flat.values()) for path in paths]

    def sql(self, name: str) -> str:
        """SQL for the text of a field; null where it is not there, is empty or zero."""
        counts = {key: len(paths) for key, paths in (*self.paths.items(), *self.attributes.items())}
        names = list(counts)
        start = 1 + sum(counts[key] for key in names[: names.index(name)])
        texts = [f"e.texts[{place}]" for place in range(start, start + counts[name])]
        found = [f"nullif(nullif({text}, ''), '0')" for text in texts]
        found += [f"e.values[list_position(e.keys, {sql_text(key)})]" for key in self.attributes.get(name, ())]
        return f"coalesce({', '.join(found)})"


def elements_read(elements: str, places: Places) -> str:
    """SQL for a list of structs: span, resource, texts, names, and keys and values of attributes in OTLP's list.

    `elements` is SQL for a list of structs with `span` and `resource`. `names` are those of the attributes, and of the
    fields of a log record's body. Values that are no scalars are null.
    """
    paths = ", ".join(map(sql_text, places.all_paths()))
    values = ", ".join(f"'$.value.{kind}'" for kind in SCALARS)
    return f"""list_transform(list_transform({elements}, lambda e: {{
        'span': e.span, 'resource': e.resource, 'texts': json_extract_string(e.span, [{paths}]),
        'pairs': list_transform(json_extract(e.span, '$.attributes[*]'),
                                lambda a: json_extract_string(a, ['$.key', {values}])),
        'fields': json_keys(e.span, ['$.attributes', '$.body']),
        'body': json_extract_string(e.span, '$.body.kvlistValue.values[*].key')
    }}), lambda e: {{
        'span': e.span, 'resource': e.resource, 'texts': e.texts, 'keys': list_transform(e.pairs, lambda p: p[1]),
        'values': list_transform(e.pairs, lambda p: coalesce(p[2], p[3], p[4], p[5])),
        'names': list_concat(list_transform(e.pairs, lambda p: p[1]), flatten(e.fields), e.body)
    }})"""


def enveloped(elements: str, fields: Mapping[str, str]) -> str:
    """SQL for the JSON list of envelopes of elements that were read; `fields` are SQL over an element `e`."""
    pairs = ", ".join(f"{sql_text(name)}, {value}" for name, value in fields.items())
    return f"list_transform({elements}, lambda e: json_object({pairs}, 'record', e.span, 'resource', e.resource))"


def hexadecimal(text: str) -> str:
    """SQL for an ID of a trace or span, small and without 0x; null where it is none or all zeros."""
    return f"CASE WHEN regexp_matches({text}, '[^0xX]') THEN regexp_replace(lower({text}), '^0x', '') END"


def named(places: Places, name: str, field_name: str) -> str:
    """SQL for a field of the user's: a JSON path into the element, or a name, of an attribute first.

    `name` is what `places` calls the attribute.
    """
    if field_name.startswith("$"):
        return f"json_extract_string(e.span, {sql_text(field_name)})"
    return f"coalesce({places.sql(name)}, json_extract_string(e.span, {sql_text(path_of(field_name))}))"


def named_attributes(source: SourceColumns) -> dict[str, tuple[str, ...]]:
    """The attributes that the user may mean, for `Places`."""
    fields = {"join_on": source.join_on, "time_column": source.time_column}
    return {name: (one,) for name, one in fields.items() if one is not None and not one.startswith("$")}


def attribute_path(name: str) -> str:
    """The JSON path of an attribute in an element that has them as an object."""
    return f"$.attributes{path_of(name)[1:]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A span or a log record with its attributes as plain JSON; IDs are small and without 0x, times in seconds.

    `id` is the envelope's. `events` are names and attributes. A log record has an `event` (its name) and a `body`.
    `fields` is all of it as it was logged, `resource` the attributes of what wrote it.
    """

    id: str | None
    trace: str | None
    span: str | None
    parent: str | None
    name: str | None
    is_server: bool
    is_failed: bool
    start: float | None
    end: float | None
    attributes: Row
    events: Sequence[tuple[str, Row]]
    event: str | None
    body: Json
    fields: Row
    resource: Row

    @property
    def latency_ms(self) -> float | None:
        """How long it took; None where a time is missing, or they contradict each other."""
        if self.start is None or self.end is None or self.end < self.start:
            return None
        return round((self.end - self.start) * 1000, 3)


def span_of(value: Json) -> Span:
    """The span in an envelope, or in an element itself; of anything else one with nothing in it."""
    inner = at(value, "record")
    element: Row = inner if isinstance(inner, dict) else value if isinstance(value, dict) else {}
    attributes = attributes_of(element.get("attributes"))
    status = at(element, "status")
    codes = (at(status, "status_code"), at(status, "code"), status)
    return Span(
        id=text_at(value, "id") if element is inner else None,
        trace=_hexadecimal(element, "trace"),
        span=_hexadecimal(element, "span"),
        parent=_hexadecimal(element, "parent"),
        name=text_at(element, "name"),
        is_server=str(element.get("kind")) in SERVER,
        is_failed=any(code in ERROR for code in codes if isinstance(code, str | int)),
        start=next((found for text in _texts(element, "time") if (found := seconds(text)) is not None), None),
        end=seconds(next((end for key in ("endTimeUnixNano", "end_time") if (end := element.get(key))), None)),
        attributes=attributes,
        events=[
            (text_at(event, "name") or "", attributes_of(at(event, "attributes")))
            for event in items(element.get("events"))
        ],
        event=next((text for text in _event_names(element, attributes) if text), None),
        body=plain(element.get("body")),
        fields=element,
        resource=attributes_of(at(value, "resource", "attributes") or at(element, "resource", "attributes")),
    )


def below(root: Span, spans: Sequence[Span], is_end: Callable[[Span], bool]) -> list[Span]:
    """The spans under another, by their starts; those that end a branch are left out, with all below them."""
    children: dict[str, list[Span]] = {}
    for span in spans:
        if span.parent is not None and not is_end(span):
            children.setdefault(span.parent, []).append(span)
    found: list[Span] = []
    waiting = children.pop(root.span, []) if root.span is not None else []
    while waiting:
        span = waiting.pop()
        found.append(span)
        waiting += children.pop(span.span, []) if span.span is not None else []
    return in_order(span for span in found if span is not root)


def in_order(spans: Iterable[Span]) -> list[Span]:
    """Spans by their starts; those without one come first."""
    return sorted(spans, key=lambda span: span.start or 0.0)


def attributes_of(value: Json) -> Row:
    """Attributes as plain JSON, from an object or from OTLP's list of keys and values."""
    if isinstance(value, dict):
        return value
    return {key: plain(at(pair, "value")) for pair in items(value) if (key := text_at(pair, "key")) is not None}


def plain(value: Json, depth: int = DEEPEST) -> Json:
    """The plain JSON of a value that OTLP wraps by its type (nothing by nothing); any other value stays."""
    if not isinstance(value, dict) or len(value) > 1 or depth == 0:
        return value
    kind, inner = next(iter(value.items()), ("bytesValue", None))
    if kind == "arrayValue":
        return [plain(one, depth - 1) for one in items(at(inner, "values"))]
    if kind == "kvlistValue":
        pairs = ((text_at(one, "key"), at(one, "value")) for one in items(at(inner, "values")))
        return {key: plain(one, depth - 1) for key, one in pairs if key is not None}
    if kind == "intValue" and isinstance(inner, str) and WHOLE_NUMBER.fullmatch(inner):
        return int(inner)
    return inner if kind in (*SCALARS, "bytesValue") else value


def seconds(value: Json) -> float | None:
    """Seconds since 1970 of an ISO 8601 text (UTC where it has no offset) or a Unix time of any usual unit."""
    if isinstance(value, str) and not NUMBER.fullmatch(value):
        return _seconds_of_text(value)
    number = float(value) if isinstance(value, str) else value
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 < number < NANOSECONDS_BELOW:
        return None
    scale = next((scale for scale in (1, 1e3, 1e6) if number < SECONDS_BELOW * scale), 1e9)
    return number / scale


def _seconds_of_text(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _texts(element: Row, name: str) -> list[Json]:
    return [at(element, *path.removeprefix("$.").split(".")) for path in PLACES[name]]


def _hexadecimal(element: Row, name: str) -> str | None:
    text = next((text for text in _texts(element, name) if isinstance(text, str) and text), "").lower()
    return text.removeprefix("0x") if text.strip("0x") else None


def _event_names(element: Row, attributes: Row) -> list[str | None]:
    return [text_at(element, "eventName"), text_at(element, "event_name"), text_at(attributes, "event.name")]
