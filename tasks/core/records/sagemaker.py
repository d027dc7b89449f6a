"""Amazon SageMaker's data capture, both halves in one record, and the ground truth that is merged into it later.

A row holds the fields at the top of the decoded body, over them those of the record (without `captureData`), the body
whole as `request` or `response`, and what `bodies` finds in it. CSV becomes the list of its fields, of several lines a
list of such lists. Source: Amazon SageMaker Developer Guide, "Data capture" and "Ingest ground truth labels".
"""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from typing import Final

from tasks.core.records.bodies import COLUMNS as BODY_COLUMNS
from tasks.core.records.bodies import answered, asked, present, response_of
from tasks.core.records.fault import Fault
from tasks.core.records.json_value import Json, Row, at, parsed, shown, text_at
from tasks.core.records.layout import Layout, SourceColumns, paths_of

FOLDERS: Final = "{yyyy}/{MM}/{dd}/{HH}"
SUFFIXES: Final = (".jsonl",)
COLUMNS: Final = BODY_COLUMNS
HALVES: Final = ("$.captureData.endpointInput", "$.captureData.endpointOutput")
SIDE: Final = f"""CASE WHEN (record->>'{HALVES[1]}') IS NULL THEN 'input'
    WHEN (record->>'{HALVES[0]}') IS NULL THEN 'output' ELSE 'both' END"""
CELL: Final = re.compile(r'(?:"((?>[^"]|"")*+)"|([^,\n]*))(,|\n|\Z)')


def _undecodable(half: str) -> str:
    """SQL that is true where a body says that it is base64 and is not."""
    return f"""((record->>'{half}.encoding') = 'BASE64' AND (record->>'{half}.data') IS NOT NULL
        AND try(from_base64((record->>'{half}.data'))) IS NULL)"""


FAULT: Final = f"CASE WHEN {' OR '.join(map(_undecodable, HALVES))} THEN '{Fault.UNDECODABLE_BODY}' END"
GROUND_TRUTH_FAULT: Final = f"CASE WHEN {_undecodable('$.groundTruthData')} THEN '{Fault.UNDECODABLE_BODY}' END"


def read(source: SourceColumns) -> Layout:
    """The layout of captured data; a capture of one side only is a half."""
    return Layout(
        id=paths_of(source.join_on, "$.eventMetadata.inferenceId", "$.eventMetadata.eventId"),
        time=paths_of(source.time_column, "$.eventMetadata.inferenceTime"),
        side=SIDE,
        fault=FAULT,
    )


def read_ground_truth(source: SourceColumns) -> Layout:
    """The layout of ground truth, by the ID of the inference; its records name no time, so the folder's counts."""
    return Layout(
        id=paths_of(source.join_on, "$.eventMetadata.eventId"),
        time=paths_of(source.time_column),
        fault=GROUND_TRUTH_FAULT,
    )


def recognises(record: Json) -> bool:
    """Whether a record is captured data."""
    return isinstance(at(record, "captureData"), dict) and isinstance(at(record, "eventMetadata"), dict)


def decode(records: Sequence[Json], bodies: Mapping[str, Json]) -> tuple[Row, Row]:  # noqa: ARG001  # all of one shape
    """The input and the output row of a captured call."""
    asking, request = _captured(records, "endpointInput")
    answering, response = _captured(records, "endpointOutput")
    whole = response_of(response)
    asks = _top(request) | asking | present({"request": request}) | asked(request)
    return asks, _top(whole) | answering | present({"response": whole}) | answered(response)


def decode_ground_truth(records: Sequence[Json], bodies: Mapping[str, Json]) -> tuple[Row, Row]:  # noqa: ARG001  # as above
    """The row of a ground-truth record, twice: `ground_truth` as text, a list of several values as JSON."""
    record = records[0] if records else None
    body = body_of(at(record, "groundTruthData"))
    single = at(body, 0) if isinstance(body, list) and len(body) == 1 else body
    row = (record if isinstance(record, dict) else {}) | present({"ground_truth": shown(single)})
    return row, row


def body_of(half: Json) -> Json:
    """The decoded body of a captured half; None where there is none, or it is no text."""
    data = at(half, "data")
    encoding = text_at(half, "encoding")
    if not isinstance(data, str):
        return data
    if encoding == "CSV":
        return _cells(data)
    text = _from_base64(data) if encoding == "BASE64" else data
    return None if text is None else _json_of(text)


def _captured(records: Sequence[Json], half: str) -> tuple[Row, Json]:
    """The record's own fields and the body, of the first record that has the half."""
    own = next((record for record in records if at(record, "captureData", half) is not None), None)
    top = own if isinstance(own, dict) else {}
    fields = {name: value for name, value in top.items() if name != "captureData"}
    return fields, body_of(at(own, "captureData", half))


def _top(body: Json) -> Row:
    """The fields at the top of a body, none where it is no object."""
    return body if isinstance(body, dict) else {}


def _from_base64(data: str) -> str | None:
    """The text in base64; None where it is no base64, or its bytes are no text (UTF-8)."""
    try:
        return base64.b64decode(data, validate=True).decode()
    except (binascii.Error, ValueError):
        return None


def _json_of(text: str) -> Json:
    """The value that a text is JSON of, a list where it is JSON lines; else the text."""
    whole = parsed(text)
    if not isinstance(whole, str) or "\n" not in text.strip():
        return whole
    lines = [parsed(line) for line in text.split("\n") if line.strip()]
    return lines if all(isinstance(line, dict | list) for line in lines) else whole


def _cells(text: str) -> Json:
    """The fields of a line of CSV, or of each of several lines; quoted fields may hold commas, quotes and newlines."""
    lines: list[list[Json]] = [[]]
    for cell in CELL.finditer(text.replace("\r\n", "\n").removesuffix("\n")):
        quoted, plain, end = cell.groups()
        lines[-1].append(plain if quoted is None else quoted.replace('""', '"'))
        if end == "\n":
            lines.append([])
        if not end:
            break
    return lines[0] if len(lines) == 1 else [*lines]
