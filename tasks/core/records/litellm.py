"""The LiteLLM proxy's logs in object storage: one JSON object a file, its standard logging payload.

Objects are named `<path>/<yyyy-MM-dd>/time-<HH-MM-SS-ffffff>_<id>.json`; the date is that of the proxy's own clock. The
rows hold the fields of the payload (`metadata`, `request_tags`, `response_cost`, `cache_hit`, ...) and what `bodies`
finds in its messages and its response. Texts that the proxy withheld are not there.
Source: BerriAI/litellm, litellm/types/utils.py (StandardLoggingPayload), litellm/integrations/s3.py.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from tasks.core.records.bodies import COLUMNS as BODY_COLUMNS
from tasks.core.records.bodies import answered, asked, fields, present, response_of
from tasks.core.records.chunks import Steps
from tasks.core.records.json_value import Json, Row
from tasks.core.records.layout import BOTH, Layout, SourceColumns, paths_of

FOLDERS: Final = "{yyyy}-{MM}-{dd}"
SUFFIXES: Final = (".json", ".jsonl")  # the proxy may log one call a file, or many
BATCHES: Final = "/batch_line_items/"
COLUMNS: Final = {**BODY_COLUMNS, "first_token_ms": "first_token_ms", "cached": "cache_hit"}
IS_CALL: Final = """(record->>'$.call_type') IS NOT NULL AND NOT regexp_matches(record->>'$.call_type',
    'embedding|rerank|moderation|image|transcription|speech|video|ocr|search|mcp|_batch|file|fine_tuning|vector')"""
WITHHELD: Final = "redacted-by-litellm"
ASKED: Final[Mapping[str, tuple[Steps, ...]]] = {
    "model_version": (("model",),),
    "user": (
        ("end_user",),
        ("metadata", "user_api_key_end_user_id"),
        ("model_parameters", "user"),
        ("metadata", "user_api_key_user_id"),
    ),
    "session": (("session_id",), ("metadata", "requester_metadata", "session_id")),
}
ANSWERED: Final[Mapping[str, tuple[Steps, ...]]] = {
    "status": (("status",),),
    "error": (("error_information", "error_code"), ("error_information", "error_class"), ("error_str",)),
    "input_tokens": (("prompt_tokens",),),
    "output_tokens": (("completion_tokens",),),
}


def read(source: SourceColumns) -> Layout:
    """The layout of logging payloads."""
    return Layout(
        id=paths_of(source.join_on, "$.id"),
        time=paths_of(source.time_column, "$.startTime"),
        is_call=IS_CALL,
        side=BOTH,
    )


def recognises(record: Json) -> bool:
    """Whether a record is a standard logging payload."""
    named = record if isinstance(record, dict) else {}
    return {"call_type", "startTime", "response_cost", "model_parameters"} <= named.keys()


def decode(records: Sequence[Json], bodies: Mapping[str, Json]) -> tuple[Row, Row]:  # noqa: ARG001  # all of one shape
    """The input and the output row of a call.

    `latency_ms` is from start to end, `first_token_ms` from start to the first token. Of a failed call `status` is
    "failure" and `error` its code, else its class, else its text.
    """
    record = records[0] if records and isinstance(records[0], dict) else {}
    response = record.get("response")
    asks = _told(asked(_request(record))) | present(fields(record, ASKED))
    answers = _told(answered(response)) | present(fields(record, ANSWERED) | _durations(record))
    whole = present({"response": response_of(response)})
    return _without(record, "response") | asks, _without(record, "messages") | whole | answers


def _request(record: Row) -> Json:
    """The messages and parameters of a call as its request had them."""
    messages = record.get("messages")
    parameters = record.get("model_parameters")
    held = messages if isinstance(messages, dict) else {"messages" if isinstance(messages, list) else "input": messages}
    return (parameters if isinstance(parameters, dict) else {}) | held


def _durations(record: Row) -> Row:
    """The times from the start of a call in milliseconds."""
    ends = {"latency_ms": "endTime", "first_token_ms": "completionStartTime"}
    return {name: _milliseconds(record.get("startTime"), record.get(end)) for name, end in ends.items()}


def _milliseconds(start: Json, end: Json) -> float | None:
    """The time between two Unix times in seconds; None where one is missing, or the end comes first."""
    if not _is_number(start) or not _is_number(end):
        return None
    between = (float(str(end)) - float(str(start))) * 1000
    return round(between, 3) if between >= 0 else None


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _told(row: Row) -> Row:
    """A row without the texts that hold what the proxy withheld."""
    return {name: value for name, value in row.items() if not (isinstance(value, str) and WITHHELD in value)}


def _without(record: Row, half: str) -> Row:
    return {name: value for name, value in record.items() if name != half}
