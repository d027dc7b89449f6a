"""Azure ML trace collections (`app_traces`): prompt flow's and GenAI spans, in lines of the Model Data Collector.

A request is a span without a parent, a server's span, or a flow: a flow that was called from a traced client has a
parent that is not in the logs. A flow within a flow shares the ID of its request, and so joins once. Posted feedback,
probes (GET, HEAD, OPTIONS) and a client's own calls are no requests. The ID is `request_id` or `line_run_id`, else
`trace_id:span_id`; a name in `join_on` or `time_column` means the attribute of that name, else the span's field.

The rest of a request's trace tells what was retrieved, how many tokens were used and, where the request's own span has
no inputs or output, what the first flow or model in it was asked and the last one answered. Another request in it is
another interaction: its words are not taken for this one's.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from tasks.core.records.bodies import COLUMNS as BODY_COLUMNS
from tasks.core.records.fault import Fault
from tasks.core.records.gen_ai import INPUT, OUTPUT
from tasks.core.records.json_value import Json, Row, at, text_at, unwrapped
from tasks.core.records.layout import BOTH, Layout, SourceColumns, sql_text
from tasks.core.records.spans import (
    CLIENT,
    PLACES,
    SERVER,
    Places,
    elements_read,
    enveloped,
    hexadecimal,
    named,
    named_attributes,
    span_of,
)
from tasks.core.records.trace_request import FEEDBACK, request_rows

FOLDERS: Final = "{yyyy}/{MM}/{dd}/{HH}"
SUFFIXES: Final = (".jsonl", ".jsonl.gz")
COLUMNS: Final[Mapping[str, str]] = {**BODY_COLUMNS, "feedback": "feedback"}
CARRIERS: Final = ("inputs", "output", INPUT, OUTPUT)
PROBES: Final = ("GET", "HEAD", "OPTIONS")
ATTRIBUTES: Final[Mapping[str, tuple[str, ...]]] = {
    "request": ("request_id", "line_run_id"),
    "type": ("span_type",),
    "method": ("http.request.method", "http.method"),
}
ENVELOPED: Final[Mapping[str, tuple[str, ...]]] = {
    "dataref": ("$.dataref",),
    "correlation": ("$.correlationid",),
    "sent": ("$.time",),
}
REFERENCE_MISSING: Final = f"""CASE
    WHEN json_exists(record, '$.record.dataref') THEN '{Fault.REFERENCE_MISSING}' END"""


def read(source: SourceColumns) -> Layout:
    """The layout of trace lines, each span in an envelope; a line whose spans lie in another file cannot be read."""
    places = Places(
        paths={**PLACES, **ENVELOPED},
        attributes={**ATTRIBUTES, **named_attributes(source)},
    )
    return Layout(
        id=("$.id",),
        time=("$.time",),
        records=_records(places, _fields(source, places)),
        is_call="json_extract_string(record, '$.is_call') = 'true'",
        side=BOTH,
        fault=REFERENCE_MISSING,
        group="$.group",
    )


def recognises(record: Json) -> bool:
    """Whether a line of the collector holds spans."""
    data = unwrapped(at(record, "data"))
    first = at(data, 0) if isinstance(data, list) else data
    return (text_at(record, "type") or "").startswith("azureml.inference.") and span_of(first).trace is not None


def decode(records: Sequence[Json], bodies: Mapping[str, Json]) -> tuple[Row, Row]:  # noqa: ARG001  # as all formats
    """The input row and the output row of a request; the records of its trace tell the rest.

    Below their own fields lie the fields of the flow's inputs or outputs, the span's attributes, and the fields at its
    top, by their names.
    """
    spans = [span_of(record) for record in records]
    return request_rows(spans[0], spans, COLUMNS) if spans else ({}, {})


def _fields(source: SourceColumns, places: Places) -> dict[str, str]:
    """SQL for the fields of an envelope."""
    trace, span, parent = (hexadecimal(places.sql(name)) for name in ("trace", "span", "parent"))
    identity = f"coalesce({places.sql('request')}, {trace} || ':' || {span})"
    if source.join_on is not None:
        identity = named(places, "join_on", source.join_on)
    time = places.sql("time") if source.time_column is None else named(places, "time_column", source.time_column)
    lone, kind = f"{places.sql('dataref')} IS NOT NULL", places.sql("kind")
    without_words = f"NOT list_has_any(e.names, {_listed(CARRIERS)})"
    is_begun_here = f"{parent} IS NULL OR {kind} IN {_tuple(SERVER)} OR {places.sql('type')} = 'Flow'"
    is_aside = (
        f"{places.sql('name')} = '{FEEDBACK}' OR {without_words} AND ({kind} IN {_tuple(CLIENT)} OR {_probes(places)})"
    )
    is_span = f"({trace} IS NOT NULL OR {places.sql('type')} IS NOT NULL)"
    return {
        "id": f"CASE WHEN {lone} THEN {places.sql('correlation')} ELSE {identity} END",
        "time": f"CASE WHEN {lone} THEN {places.sql('sent')} ELSE {time} END",
        "group": trace,
        "is_call": f"{lone} OR {is_span} AND ({is_begun_here}) AND NOT coalesce({is_aside}, false)",
    }


def _probes(places: Places) -> str:
    return f"upper({places.sql('method')}) IN {_tuple(PROBES)}"


def _records(places: Places, fields: Mapping[str, str]) -> str:
    """SQL for the envelopes of a line's spans; none where it has no data, the line itself where they lie elsewhere."""
    data = "json_extract(record, '$.data')"
    text = "try_cast(json_extract_string(record, '$.data') AS JSON)"
    value = f"CASE json_type({data}) WHEN 'VARCHAR' THEN {text} WHEN 'NULL' THEN NULL ELSE {data} END"
    spans = f"CASE json_type({value}) WHEN 'ARRAY' THEN json_extract({value}, '$[*]') WHEN 'OBJECT' THEN [{value}] END"
    lone = "CASE WHEN json_extract_string(record, '$.dataref') IS NOT NULL THEN [record] ELSE [] END"
    elements = f"""list_transform(coalesce({spans}, {lone}),
                                  lambda s: {{'span': s, 'resource': json_extract(s, '$.resource')}})"""
    envelopes = enveloped(elements_read(elements, places), fields)
    return f"CASE WHEN json_type(record) = 'OBJECT' THEN {envelopes} ELSE [record] END"


def _tuple(texts: Sequence[str]) -> str:
    return f"({', '.join(map(sql_text, texts))})"


def _listed(texts: Sequence[str]) -> str:
    return f"[{', '.join(map(sql_text, texts))}]"
