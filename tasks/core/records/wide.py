"""SQL that reads the columns of the sampled interactions from their lines."""

from collections.abc import Iterable, Mapping
from typing import Final

from tasks.core.records.decode import id_of, records, row_at
from tasks.core.records.interaction import KEYS, NUMERIC_ROLES, ROLES
from tasks.core.records.layout import Layout, path_of, sql_text

WANTED: Final = """
    CREATE OR REPLACE TABLE wanted_lines AS
    SELECT number, 0::UTINYINT AS side, input_object AS object, input_hash AS line_hash, input_position AS place, index
    FROM sampled
    UNION ALL
    SELECT number, 1::UTINYINT, output_object, output_hash, output_position, index FROM sampled
    UNION ALL
    SELECT number, 3::UTINYINT, truth_object, truth_hash, truth_position, index FROM sampled
    WHERE truth_object IS NOT NULL
    UNION ALL
    SELECT number, 4::UTINYINT, feedback_object, feedback_hash, feedback_position, index FROM sampled
    WHERE feedback_object IS NOT NULL
"""
RELATIONS: Final[Mapping[str, str]] = {"ground_truth": "g", "feedback": "f"}
PARTS: Final = """
    SELECT min(number), max(number)
    FROM (
        SELECT number, sum(sum(strlen(row::VARCHAR))) OVER (ORDER BY number) // $bytes AS part FROM rows GROUP BY number
    )
    GROUP BY part ORDER BY part
"""
TEXT: Final = "(record->'$')::VARCHAR"  # written anew, without the commas before brackets that Python does not read
_LINES: Final = """(
    SELECT w.*, l.line FROM lines l JOIN wanted_lines w ON l.object = w.object AND hash(l.line) = w.line_hash
)"""


def rows(layout: Layout) -> str:
    """A query of number, side, ID and row of the wanted lines; those that are not wanted are not parsed.

    Expects `lines`, `wanted_lines` and `referenced_files`.
    """
    found = f"SELECT * EXCLUDE (line), {id_of(layout)} AS id FROM ({records(layout, _LINES)})"
    return f"SELECT number, side, id, row FROM ({row_at(layout, found, 'index')})"


def references(layout: Layout) -> str:
    """A query of object and reference of the wanted lines whose rows lie in a file."""
    return f"""
        SELECT DISTINCT object, record->>{sql_text(layout.reference or "$")} AS reference
        FROM ({records(layout, _LINES)}) WHERE reference IS NOT NULL
    """


def own_records(layout: Layout) -> str:
    """A query of object, number, side, ID, record and group of the wanted lines, for formats that decode them."""
    group = "NULL" if layout.group is None else f"record->>{sql_text(layout.group)}"
    return f"""
        SELECT object, number, side, {id_of(layout)} AS id, {TEXT} AS record, {group} AS "group"
        FROM ({records(layout, _LINES)}) WHERE position = place
    """


def kin_records(layout: Layout) -> str:
    """A query of group and record of all lines whose records share a group with one of the table `own`."""
    group = f"record->>{sql_text(layout.group or '$')}"
    return f"""
        SELECT "group", {TEXT} AS record
        FROM (SELECT record, {group} AS "group" FROM ({records(layout, "lines")}))
        WHERE "group" IN (SELECT "group" FROM own)
    """


def interactions(
    columns: Mapping[str, str], later: Mapping[str, Mapping[str, str]], segments: Iterable[str], part: tuple[int, int]
) -> str:
    """A query of the sampled interactions from one number to another in their order, as `interaction.logged`.

    Expects `rows(number, side, id, row)`, `sampled` and `objects(object, uri)`. A prompt is looked for in the input
    only and a completion in the output only; every other column in the output first, then in the input. `later` are the
    columns of ground truth and feedback, which are looked for there first.
    """
    named = {
        "interaction_id": "CASE WHEN s.row_count > 1 THEN i.id || '_' || s.index ELSE i.id END AS interaction_id",
        "correlation_id": "i.id AS correlation_id",
        "input_object": "a.uri AS input_object",
        "output_object": "b.uri AS output_object",
    }
    keys = [named.get(key, f"s.{key}") for key in KEYS]
    wide = [_column(role, columns.get(role), later) for role in (*ROLES, *segments)]
    return f"""
        SELECT {", ".join([*keys, *wide])}
        FROM sampled s
        JOIN rows i ON i.number = s.number AND i.side = 0
        JOIN rows o ON o.number = s.number AND o.side = 1
        LEFT JOIN rows g ON g.number = s.number AND g.side = 3
        LEFT JOIN rows f ON f.number = s.number AND f.side = 4
        JOIN objects a ON a.object = s.input_object
        JOIN objects b ON b.object = s.output_object
        WHERE s.number BETWEEN {part[0]} AND {part[1]}
        ORDER BY s.number
    """


def _column(role: str, field: str | None, later: Mapping[str, Mapping[str, str]]) -> str:
    kind = "DOUBLE" if role in NUMERIC_ROLES else "VARCHAR"
    name = '"{}"'.format(role.replace('"', '""'))
    places = [(RELATIONS[side], columns[role]) for side, columns in later.items() if role in columns]
    if field is not None:
        places += [(side, field) for side in {"prompt": ("i",), "completion": ("o",)}.get(role, ("o", "i"))]
    if not places:
        return f"NULL::{kind} AS {name}"
    value = "coalesce({}, NULL)".format(", ".join(_text(side, place) for side, place in places))
    return f"try_cast({value} AS DOUBLE) AS {name}" if kind == "DOUBLE" else f"{value} AS {name}"


def _text(side: str, field: str) -> str:
    """A value as text: a list of texts (retrieved passages) is joined by blank lines, other JSON stays as it is."""
    path = sql_text(path_of(field))
    value = f"{side}.row->{path}"
    kinds = f"list_transform(json_extract({value}, '$[*]'), lambda v: json_type(v) = 'VARCHAR')"
    return (
        f"CASE WHEN json_type({side}.row, {path}) = 'ARRAY' AND list_bool_and({kinds}) "
        f"THEN array_to_string(({value})::VARCHAR[], chr(10) || chr(10)) "
        f"ELSE {side}.row->>{path} END"
    )
