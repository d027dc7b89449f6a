"""Stored requests to OpenAI's API and their responses: in one record, or the files of the Batch API in two.

One record: `{"request": {...}, "response": {...}}`, either also as a JSON string, the response also as the chunks of
its stream. Two: `{"custom_id", "method", "url", "body"}` and `{"id", "custom_id", "response": {"status_code", "body"},
"error"}`, or a stored response object. `bodies` says what the rows hold.
Source: OpenAI API reference, Chat Completions, Responses, Batch.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tasks.core.records.bodies import COLUMNS as BODY_COLUMNS
from tasks.core.records.bodies import answered, asked, fields, present, response_of
from tasks.core.records.chunks import Steps
from tasks.core.records.json_value import Json, Row, at, text_at, unwrapped
from tasks.core.records.layout import Layout, SourceColumns, paths_of

COLUMNS: Final = BODY_COLUMNS
OBJECTS: Final = {"chat.completion", "response", "text_completion"}
SIDE: Final = """CASE
    WHEN coalesce((record->>'$.request'), (record->>'$.body')) IS NULL THEN 'output'
    WHEN coalesce((record->>'$.response'), (record->>'$.error')) IS NULL THEN 'input' ELSE 'both' END"""
IS_CALL: Final = """NOT regexp_matches(coalesce((record->>'$.url'), ''), 'embeddings|moderations|images')
    AND coalesce((record->>'$.response.body.object'), '') <> 'list'"""
IDS: Final = ("$.custom_id", "$.response.id", "$.response[0].id", "$.response[0].response.id", "$.id")
TIMES: Final = (
    *("$.time", "$.timestamp", "$.created", "$.created_at"),
    *("$.response.created", "$.response.created_at", "$.response.body.created", "$.response.body.created_at"),
    *("$.response[0].created", "$.response[0].response.created_at"),
)
STATUS: Final[Mapping[str, tuple[Steps, ...]]] = {
    "status": (("error", "code"), ("error", "type"), ("error",), ("response", "error", "code"), ("status",)),
}
HTTP: Final[Mapping[str, tuple[Steps, ...]]] = {"status": (("response", "status_code"), ("status_code",))}


def read(source: SourceColumns) -> Layout:
    """The layout of stored requests; `custom_id` comes first, as it joins the two files of a batch."""
    return Layout(
        id=paths_of(source.join_on, *IDS),
        time=paths_of(source.time_column, *TIMES),
        untimed=True,
        is_call=IS_CALL,
        side=SIDE,
    )


def recognises(record: Json) -> bool:
    """Whether a record holds a request or a response of the API."""
    request, response = _request(record), _response(record)
    asks = isinstance(request, dict) and any(key in request for key in ("messages", "input", "prompt"))
    answers = text_at(response, "object") in OBJECTS
    return asks or answers


def decode(records: Sequence[Json], bodies: Mapping[str, Json]) -> tuple[Row, Row]:  # noqa: ARG001  # all of one shape
    """The input and the output row of a call.

    `status` is the error's code, else what the response says of itself ("completed"), else the HTTP status.
    """
    asking = _first_with(records, _request)
    answering = _first_with(records, _response)
    request, response = _request(asking), _response(answering)
    asks = _without(asking, "response") | present({"request": request}) | asked(request)
    said = present(fields(answering, HTTP)) | answered(response) | present(fields(answering, STATUS))
    return asks, _without(answering, "request", "body") | present({"response": response_of(response)}) | said


def _first_with(records: Sequence[Json], half: Callable[[Json], Json]) -> Row:
    """The first record that has the half, else the first that could; an empty one where there is none."""
    rows = [record for record in records if isinstance(record, dict)]
    return next((row for row in rows if half(row) is not None), rows[-1] if rows else {})


def _request(record: Json) -> Json:
    """The body of a request: by itself, in a request with its URL, or in a JSON string."""
    stored = unwrapped(at(record, "request"))
    return _body(at(record, "body") if stored is None else stored)


def _response(record: Json) -> Json:
    """The body of a response: by itself, with its HTTP status, in a JSON string; or the record, where it is one."""
    stored = _body(at(record, "response"))
    return record if stored is None and text_at(record, "object") in OBJECTS else stored


def _body(stored: Json) -> Json:
    whole = unwrapped(stored)
    inner = at(whole, "body")
    return unwrapped(whole if inner is None else inner)


def _without(record: Row, *halves: str) -> Row:
    return {name: value for name, value in record.items() if name not in halves}
