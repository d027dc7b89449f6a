"""SQL from raw lines to halves: every line becomes rows with an ID and a time, or a reason for quarantine.

The statements read a relation of lines, (object INTEGER, line VARCHAR), and `referenced_files(object, reference,
content JSON)`. The usual record, one row that is an object, is decided by one
parse of the line; the others take the longer way through `_rows`.
"""

from enum import StrEnum
from typing import Final

from tasks.core.records.layout import Layout, sql_text

MILLISECONDS_FROM: Final = 100_000_000_000  # seconds reach the year 5138, milliseconds begin in 1973


class Fault(StrEnum):
    """Why a line, or a whole object where no line is named, is in quarantine."""

    MALFORMED_JSON = "malformed_json"
    NOT_AN_OBJECT = "not_an_object"
    NO_CORRELATION_ID = "no_correlation_id"
    INVALID_TIME = "invalid_time"
    NO_ROWS = "no_rows"
    REFERENCE_MISSING = "reference_missing"
    ROW_NOT_AN_OBJECT = "row_not_an_object"
    INVALID_UTF8 = "invalid_utf8"
    LINE_TOO_LONG = "line_too_long"
    MALFORMED_CSV = "malformed_csv"
    TRUNCATED_GZIP = "truncated_gzip"
    DAMAGED_GZIP = "damaged_gzip"
    UNREADABLE_OBJECT = "unreadable_object"

    @property
    def is_whole_object(self) -> bool:
        """Whether the fault is an object's and not a line's."""
        return self in {Fault.TRUNCATED_GZIP, Fault.DAMAGED_GZIP, Fault.UNREADABLE_OBJECT}


def halves(layout: Layout, lines: str, *, needs_objects: bool, with_references: bool) -> str:
    """A query of one row a logged row: object, line_hash, id, index, row_count, time, reference, fault, faulty line.

    `index` counts the rows of a record from 0. A line that cannot be split into rows gives one row with its fault.
    """
    row_fault = f"WHEN kind <> 'OBJECT' THEN '{Fault.ROW_NOT_AN_OBJECT}'" if needs_objects else ""
    return f"""
        WITH parsed AS (
            {_parsed(lines, layout, with_references=with_references)}
        ), decoded AS (
            SELECT object, line, hash(line) AS line_hash, types[1] AS record_kind, reference,
                   nullif(trim(texts[1]), '') AS id, {_time("texts[2]")} AS time,
                   CASE WHEN types[2] = 'OBJECT' OR (types[2] = 'ARRAY' AND types[3] = 'OBJECT' AND types[4] IS NULL)
                        THEN ['OBJECT']
                        ELSE list_transform(json_extract({_rows(layout)}, '$[*]'),
                                            lambda r: json_type({_unwrapped("r")})) END AS kinds
            FROM parsed
        ), unnested AS (
            SELECT * EXCLUDE (kinds), len(kinds) AS row_count,
                   unnest(CASE WHEN len(kinds) > 0 THEN kinds ELSE [NULL] END) AS kind,
                   unnest(range(greatest(coalesce(len(kinds), 0), 1))) AS index
            FROM decoded
        ), judged AS (
            SELECT *, CASE
                WHEN record_kind IS NULL THEN '{Fault.MALFORMED_JSON}'
                WHEN record_kind <> 'OBJECT' THEN '{Fault.NOT_AN_OBJECT}'
                WHEN id IS NULL THEN '{Fault.NO_CORRELATION_ID}'
                WHEN time IS NULL THEN '{Fault.INVALID_TIME}'
                WHEN row_count IS NULL AND reference IS NOT NULL THEN '{Fault.REFERENCE_MISSING}'
                WHEN coalesce(row_count, 0) = 0 THEN '{Fault.NO_ROWS}'
                {row_fault}
            END AS fault
            FROM unnested
        )
        SELECT object, line_hash, id, index::INTEGER AS index, row_count::INTEGER AS row_count, time, reference, fault,
               CASE WHEN fault IS NOT NULL THEN line END AS line
        FROM judged
    """


def row_at(lines: str, layout: Layout, index: str, *, with_references: bool) -> str:
    """A query of object, every further column of `lines`, and `row`, the JSON of the row numbered `index`."""
    rows = f"({_rows(layout)})->{index}"
    direct = f"record->{sql_text(layout.rows)}"
    return f"""
        SELECT * EXCLUDE (record, referenced, types, texts, reference, line),
               CASE WHEN types[2] = 'OBJECT' THEN {direct}
                    WHEN types[2] = 'ARRAY' AND types[3] = 'OBJECT' AND types[4] IS NULL THEN {direct}->0
                    ELSE {_unwrapped(rows)} END AS row
        FROM ({_parsed(lines, layout, with_references=with_references)})
    """


def _parsed(lines: str, layout: Layout, *, with_references: bool) -> str:
    """Each line as `record` (null when malformed), with the JSON types of record and rows and the texts of its keys."""
    paths = f"['$', {', '.join(sql_text(layout.rows + end) for end in ('', '[0]', '[1]'))}]"
    named = [layout.id, layout.time] + ([layout.reference] if layout.reference else [])
    reference = "texts[3]" if layout.reference else "NULL::VARCHAR"
    parsed = f"""
        SELECT *, {reference} AS reference
        FROM (SELECT *, json_type(record, {paths}) AS types,
                     json_extract_string(record, [{", ".join(sql_text(path) for path in named)}]) AS texts
              FROM (SELECT *, try_cast(line AS JSON) AS record FROM {lines}))
    """
    if not with_references:
        return f"SELECT *, NULL::JSON AS referenced FROM ({parsed})"
    return f"""
        SELECT p.*, f.content AS referenced FROM ({parsed}) p
        LEFT JOIN referenced_files f ON f.object = p.object AND f.reference = p.reference
    """


def _rows(layout: Layout) -> str:
    """The rows of any record as a JSON array: an array is its rows, anything else is one row, null is none."""
    value = f"coalesce(nullif(record->{sql_text(layout.rows)}, 'null'::JSON), referenced)"
    value = _unwrapped(value)
    return (
        f"CASE WHEN json_type({value}) IS NULL THEN NULL WHEN json_type({value}) = 'ARRAY' THEN {value} "
        f"ELSE json_array({value}) END"
    )


def _unwrapped(value: str) -> str:
    """A JSON string that itself holds a JSON object or array becomes that object or array."""
    inner = f"try_cast(({value})->>'$' AS JSON)"
    return (
        f"CASE WHEN json_type({value}) = 'VARCHAR' AND json_type({inner}) IN ('OBJECT', 'ARRAY') "
        f"THEN {inner} ELSE {value} END"
    )


def _time(text: str) -> str:
    """ISO 8601 text, or a Unix time in seconds or milliseconds; a time without an offset is UTC; null where neither."""
    number = f"try_cast({text} AS DOUBLE)"
    seconds = f"CASE WHEN abs({number}) >= {MILLISECONDS_FROM} THEN {number} / 1000 ELSE {number} END"
    return f"coalesce(try_cast({text} AS TIMESTAMPTZ), to_timestamp({seconds}))"
