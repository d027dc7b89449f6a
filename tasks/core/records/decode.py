"""SQL from raw lines to halves: every line becomes rows with a key and a time, or a reason for quarantine.

The statements read a relation of lines, (object UBIGINT, line VARCHAR). The usual line, one record with one row that is
an object, is decided by one parse (`quick`); the others keep their text and take the longer way (`thorough`).
"""

from enum import IntEnum
from typing import Final

from tasks.core.records.facts import Facts
from tasks.core.records.fault import KEPT_CHARACTERS, Fault
from tasks.core.records.layout import WHOLE, Layout, sql_text

MILLISECONDS_FROM: Final = 100_000_000_000  # seconds reach the year 5138, milliseconds begin in 1973
MICROSECONDS_FROM: Final = MILLISECONDS_FROM * 1_000
NANOSECONDS_FROM: Final = MILLISECONDS_FROM * 1_000_000
TIMES: Final = "TIMESTAMPTZ '1000-01-01 00:00:00+00' AND TIMESTAMPTZ '9000-01-01 00:00:00+00'"  # of four digits
NOTHING: Final = "$.a[0]"  # a path, where a layout has none


class Side(IntEnum):
    """What a row is: the input or the output of a call, a record that belongs to no call, or what came later of one."""

    INPUT = 0
    OUTPUT = 1
    OTHER = 2
    GROUND_TRUTH = 3
    FEEDBACK = 4


def quick(layout: Layout, lines: str, facts: Facts, *, careful: bool) -> str:
    """A query of object, line_hash, key, time, facts, and the line itself where it needs the longer way.

    `key` is the MD5 of the ID, as a UUID. Unless `careful`, a line that is no JSON fails the query, which is then half
    the work.
    """
    if layout.records is not None:
        nothing = f"NULL::UUID AS key, NULL::TIMESTAMPTZ AS time, {facts.none} AS facts"
        return f"SELECT object, hash(line) AS line_hash, {nothing}, line FROM {lines}"
    record = "CASE WHEN json_valid(line) THEN line END" if careful else "line"
    good = ["id IS NOT NULL", "time IS NOT NULL", _is_usual(layout)]
    good += [f"({layout.is_call})"] if layout.is_call else []
    good += [f"({layout.fault}) IS NULL"] if layout.fault else []
    return f"""
        SELECT object, hash(line) AS line_hash, md5_number(id)::UUID AS key, time, facts,
               CASE WHEN {" AND ".join(good)} THEN NULL ELSE line END AS line
        FROM ({_keyed(layout, f"SELECT *, {record} AS record FROM {lines}", facts)})
    """


def _is_usual(layout: Layout) -> str:
    """SQL that is true only for a line whose record has exactly one row, an object."""
    if layout.rows in {None, WHOLE}:
        return "starts_with(line, '{')"
    return "starts_with(first, '{') AND second IS NULL"


def usual(layout: Layout, looked_at: str, side: Side) -> str:
    """A query of the halves of the lines that `quick` has decided, as `thorough` has them."""
    sides = [Side.INPUT, Side.OUTPUT] if layout.side is not None else [side]
    parts = [
        f"SELECT object, line_hash, 0::UINTEGER AS position, {one}::UTINYINT AS side, key, 0::UINTEGER AS index, "
        f"1::UINTEGER AS row_count, time, facts, NULL::VARCHAR AS reference, NULL::VARCHAR AS fault, "
        f"NULL::VARCHAR AS line, NULL::VARCHAR AS digest "
        f"FROM {looked_at} WHERE line IS NULL"
        for one in sides
    ]
    return " UNION ALL ".join(parts)


def thorough(layout: Layout, lines: str, side: Side, facts: Facts, *, needs_objects: bool) -> str:
    """A query of the halves in any lines, a row a logged row.

    Columns: object, line_hash, position (of the record in its line), side, key, index (of the row in its record),
    row_count, time, facts, reference, fault, and where there is one the line, as far as it is kept, and its MD5; of
    rows that lie elsewhere the whole line. A line that cannot be split into rows gives one row with its fault. `side`
    is that of the location, for layouts that do not say it themselves. Expects
    `referenced_files(object, reference, content JSON)`, the rows that lie in files.
    """
    keyed = f"SELECT *, json_type(record) AS record_kind FROM ({_keyed(layout, records(layout, lines), Facts())})"
    return f"""
        WITH split AS (
            SELECT object, line, position, record_kind, id, time, time_text, reference, {_sides(layout, side)} AS sides,
                   {f"({layout.fault})" if layout.fault else "NULL"} AS call_fault, {_shapes(layout, facts)} AS shapes
            FROM ({keyed}) LEFT JOIN referenced_files f USING (object, reference)
        ), unnested AS (
            SELECT * EXCLUDE (shapes), len(shapes) AS row_count,
                   unnest(CASE WHEN len(shapes) > 0 THEN shapes ELSE [NULL] END) AS shape,
                   unnest(range(greatest(coalesce(len(shapes), 0), 1))) AS index
            FROM split
        ), judged AS (
            SELECT *, shape.kind AS kind, {_fault(layout, needs_objects=needs_objects)} AS fault,
                   {facts.struct("shape.found", 1)} AS facts
            FROM unnested
        )
        SELECT object, hash(line) AS line_hash, position::UINTEGER AS position,
               unnest(CASE WHEN fault IS NULL THEN sides ELSE [{Side.OTHER}] END)::UTINYINT AS side,
               md5_number(id)::UUID AS key, index::UINTEGER AS index, row_count::UINTEGER AS row_count, time,
               facts, reference, fault,
               CASE WHEN fault = '{Fault.REFERENCE_MISSING}' THEN line
                    WHEN fault IS NOT NULL THEN left(line, {KEPT_CHARACTERS}) END AS line,
               CASE WHEN fault IS NOT NULL THEN md5(line) END AS digest
        FROM judged
    """


def records(layout: Layout, lines: str) -> str:
    """A query of every column of `lines` beside `position` and `record`, a row a record; null where a line is none."""
    record = "try_cast(line AS JSON)"
    if layout.records is None:
        return f"SELECT *, 0 AS position, {record} AS record FROM {lines}"
    return f"""
        SELECT * EXCLUDE (found), unnest(range(greatest(coalesce(len(found), 0), 1))) AS position,
               unnest(CASE WHEN len(found) > 0 THEN found ELSE [NULL] END) AS record
        FROM (SELECT * EXCLUDE (record), {layout.records} AS found FROM (SELECT *, {record} AS record FROM {lines}))
    """


def row_at(layout: Layout, recorded: str, index: str) -> str:
    """A query of every column of `recorded` beside `row`, the JSON of the row numbered `index` of its `record`."""
    if layout.rows is None:
        return f"SELECT * EXCLUDE (record), record AS row FROM ({recorded})"
    reference = "NULL" if layout.reference is None else f"record->>{sql_text(layout.reference)}"
    return f"""
        SELECT * EXCLUDE (record, reference, content), {_unwrapped(f"({_rows(layout)})->{index}")} AS row
        FROM (SELECT *, {reference} AS reference FROM ({recorded}))
        LEFT JOIN referenced_files f USING (object, reference)
    """


def id_of(layout: Layout) -> str:
    """SQL for the ID of `record`, trimmed; null where it has none."""
    texts = [f"json_extract_string(record, {sql_text(path)})" for path in layout.id]
    return f"nullif(trim(coalesce({', '.join(texts)}, NULL)), '')"


def _keyed(layout: Layout, recorded: str, facts: Facts) -> str:
    """Every column of `recorded`, which has `record`, beside its id, time, reference, first and second row as JSON.

    The `facts` are those of the first row.
    """
    rows = layout.rows or WHOLE
    paths = [*layout.id, *layout.time, layout.reference or NOTHING, f"{rows}[0]", f"{rows}[1]"]
    ids, times = len(layout.id), len(layout.time)
    after = ids + times
    first = rows if rows == WHOLE else f"{rows}[0]"
    struct = facts.struct("found", len(paths) + 1)
    paths += [f"{first}{path.removeprefix(WHOLE)}" for path in facts.paths]
    return f"""
        SELECT *, {_time("time_text")} AS time
        FROM (
            SELECT * EXCLUDE (found), {struct} AS facts,
                   nullif(trim({_first(1, ids)}), '') AS id, {_first(ids + 1, times)} AS time_text,
                   found[{after + 1}]->>'$' AS reference, found[{after + 2}] AS first, found[{after + 3}] AS second
            FROM (SELECT *, json_extract(record, [{", ".join(map(sql_text, paths))}]) AS found FROM ({recorded}))
        )
    """


def _first(start: int, count: int) -> str:
    texts = [f"(found[{place}]->>'$')" for place in range(start, start + count)]
    return texts[0] if len(texts) == 1 else f"coalesce({', '.join([*texts, 'NULL::VARCHAR'])})"


def _sides(layout: Layout, side: Side) -> str:
    """The sides that a record stands for, as an SQL list."""
    mine = f"[{side}]"
    if layout.side is not None:
        both, only = f"[{Side.INPUT}, {Side.OUTPUT}]", f"[{Side.INPUT}]"
        mine = f"CASE {layout.side} WHEN 'both' THEN {both} WHEN 'input' THEN {only} ELSE [{Side.OUTPUT}] END"
    return mine if layout.is_call is None else f"CASE WHEN {layout.is_call} THEN {mine} ELSE [{Side.OTHER}] END"


def _fault(layout: Layout, *, needs_objects: bool) -> str:
    row_fault = f"WHEN kind <> 'OBJECT' THEN '{Fault.ROW_NOT_AN_OBJECT}'" if needs_objects else ""
    no_time = "time IS NULL AND time_text IS NOT NULL" if layout.untimed else "time IS NULL"
    return f"""CASE
        WHEN record_kind IS NULL AND NOT json_valid(line) THEN '{Fault.MALFORMED_JSON}'
        WHEN record_kind IS NULL THEN '{Fault.NO_ROWS}'
        WHEN record_kind <> 'OBJECT' THEN '{Fault.NOT_AN_OBJECT}'
        WHEN sides = [{Side.OTHER}] THEN NULL
        WHEN id IS NULL THEN '{Fault.NO_CORRELATION_ID}'
        WHEN {no_time} THEN '{Fault.INVALID_TIME}'
        WHEN call_fault IS NOT NULL THEN call_fault
        WHEN row_count IS NULL AND reference IS NOT NULL THEN '{Fault.REFERENCE_MISSING}'
        WHEN coalesce(row_count, 0) = 0 THEN '{Fault.NO_ROWS}'
        {row_fault}
    END"""


def _shapes(layout: Layout, facts: Facts) -> str:
    """SQL for a list: of each row its JSON type, and the values that facts are made of; null without rows."""
    if layout.rows is None:
        return "[{'kind': 'OBJECT', 'found': NULL::JSON[]}]"
    row, paths = _unwrapped("r"), ", ".join(map(sql_text, facts.paths))
    found = f"json_extract({row}, [{paths}])" if paths else "NULL::JSON[]"
    shape = f"{{'kind': json_type({row}), 'found': {found}}}"
    return f"list_transform(json_extract({_rows(layout)}, '$[*]'), lambda r: {shape})"


def _rows(layout: Layout) -> str:
    """The rows of any record as a JSON array: an array is its rows, anything else is one row, null is none."""
    value = _unwrapped(f"coalesce(nullif(record->{sql_text(layout.rows or '$')}, 'null'::JSON), content)")
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
    """ISO 8601 text, or a Unix time in seconds, milli-, micro- or nanoseconds; a time without an offset is UTC.

    Null where it is neither, or not in the years 1000 to 8999.
    """
    number = f"try_cast({text} AS DOUBLE)"
    unit = f"""CASE WHEN abs({number}) >= {NANOSECONDS_FROM} THEN 1e9 WHEN abs({number}) >= {MICROSECONDS_FROM} THEN 1e6
        WHEN abs({number}) >= {MILLISECONDS_FROM} THEN 1e3 ELSE 1 END"""
    iso = f"try_cast({text} AS TIMESTAMPTZ)"
    time = f"CASE WHEN {text} LIKE '____-%' THEN {iso} ELSE coalesce(try(to_timestamp({number} / {unit})), {iso}) END"
    return f"CASE WHEN {time} BETWEEN {TIMES} THEN {time} END"
