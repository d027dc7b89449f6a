"""Amazon Bedrock's model invocation logs: both halves in one record, long bodies in files of their own.

The bodies of Converse are the API's, those of InvokeModel the model family's; `bodies` reads all of them, and says what
the rows hold. `input.inputBodyJson` and `output.outputBodyJson` are there also where the record names a file instead.
Source: Amazon Bedrock User Guide, "Monitor model invocation using CloudWatch Logs and Amazon S3".
"""

from collections.abc import Mapping, Sequence
from typing import Final

from tasks.core.records.bodies import COLUMNS as BODY_COLUMNS
from tasks.core.records.bodies import answered, asked, fields, present, response_of
from tasks.core.records.chunks import Steps
from tasks.core.records.json_value import Json, Row, at, text_at
from tasks.core.records.layout import BOTH, Layout, SourceColumns, paths_of

FOLDERS: Final = "{yyyy}/{MM}/{dd}/{HH}"
SUFFIXES: Final = (".json.gz", ".json")
BODY_FOLDER: Final = "/data/"  # bodies that records name
COLUMNS: Final = BODY_COLUMNS
BODIES: Final = ("$.input.inputBodyS3Path", "$.output.outputBodyS3Path")
# The files of long bodies lie below the same folders; embeddings, pictures and rankings have no completion to judge
IS_CALL: Final = """(record->>'$.schemaType') = 'ModelInvocationLog' AND
    NOT regexp_matches(lower(coalesce((record->>'$.modelId'), '')), 'embed|rerank|image|canvas|reel|stability|sonic')"""
LOGGED: Final[Mapping[str, tuple[Steps, ...]]] = {
    "model_version": (("modelId",),),
    "status": (("errorCode",), ("status",)),
    "input_tokens": (("input", "inputTokenCount"),),
    "output_tokens": (("output", "outputTokenCount"),),
}


def read(source: SourceColumns) -> Layout:
    """The layout of invocation logs."""
    return Layout(
        id=paths_of(source.join_on, "$.requestId"),
        time=paths_of(source.time_column, "$.timestamp"),
        is_call=IS_CALL,
        side=BOTH,
    )


def recognises(record: Json) -> bool:
    """Whether a record is of Bedrock's invocation log."""
    return at(record, "schemaType") == "ModelInvocationLog"


def decode(records: Sequence[Json], bodies: Mapping[str, Json]) -> tuple[Row, Row]:
    """The input and the output row of an invocation; the record's own counts, model and error win over the body's."""
    record = records[0] if records and isinstance(records[0], dict) else {}
    request, response = (_body(record, side, bodies) for side in ("input", "output"))
    logged = present(fields(record, LOGGED))
    asks = _row(record, "input", request) | present({"request": request}) | asked(request)
    answers = _row(record, "output", response) | present({"response": response_of(response)}) | answered(response)
    return asks | _only(logged, "model_version"), answers | logged


def _body(record: Row, side: str, bodies: Mapping[str, Json]) -> Json:
    """The body of a side: in the record, else in the file that it names."""
    inline = at(record, side, f"{side}BodyJson")
    return bodies.get(text_at(record, side, f"{side}BodyS3Path") or "") if inline is None else inline


def _row(record: Row, side: str, body: Json) -> Row:
    """The record's own fields without those of the other side, and the body in its usual place."""
    other = "output" if side == "input" else "input"
    half = record.get(side)
    filled: Row = {side: half | {f"{side}BodyJson": body}} if isinstance(half, dict) and body is not None else {}
    return {name: value for name, value in record.items() if name != other} | filled


def _only(row: Row, name: str) -> Row:
    return {name: row[name]} if name in row else {}
