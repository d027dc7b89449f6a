"""SQL that reads the columns of the sampled interactions from their lines."""

from collections.abc import Iterable

from tasks.core.records.decode import row_at
from tasks.core.records.interaction import KEYS, NUMERIC_ROLES, ROLES
from tasks.core.records.layout import Layout, SourceColumns, path_of, sql_text


def rows_of_side(side: str, lines: str, layout: Layout, *, with_references: bool) -> str:
    """A query of the sampled rows of one side (`input` or `output`): interaction_id and its row as JSON.

    Expects the relation `lines` and `sampled`; lines that are not sampled are passed over before they are parsed.
    """
    sampled_lines = f"""(
        SELECT l.object, l.line, s.interaction_id, s.index
        FROM {lines} l JOIN sampled s ON l.object = s.{side}_object AND hash(l.line) = s.{side}_hash
    )"""
    rows = row_at(sampled_lines, layout, "index", with_references=with_references)
    return f"SELECT DISTINCT ON (interaction_id) interaction_id, row FROM ({rows})"


def interactions(source: SourceColumns, segments: Iterable[str]) -> str:
    """A query of the sampled interactions in the order of the sample, with the columns of `interaction.schema`.

    Expects `input_columns`, `output_columns`, `sampled` and `objects(object, uri)`. A prompt is looked for in the
    input only and a completion in the output only; every other column in the output first, then in the input.
    """
    columns = [_column(role, source.columns.get(role)) for role in (*ROLES, *segments)]
    keys = {"input_object": "a.uri AS input_object", "output_object": "b.uri AS output_object"}
    named = [keys.get(key, f"s.{key}") for key in KEYS]
    return f"""
        SELECT {", ".join([*named, *columns])}
        FROM sampled s
        JOIN input_columns i USING (interaction_id)
        JOIN output_columns o USING (interaction_id)
        JOIN objects a ON a.object = s.input_object
        JOIN objects b ON b.object = s.output_object
        ORDER BY s.sample_hash, s.interaction_id
    """


def _column(role: str, field: str | None) -> str:
    kind = "DOUBLE" if role in NUMERIC_ROLES else "VARCHAR"
    name = '"{}"'.format(role.replace('"', '""'))
    if field is None:
        return f"NULL::{kind} AS {name}"
    sides = {"prompt": ("i",), "completion": ("o",)}.get(role, ("o", "i"))
    value = "coalesce({})".format(", ".join(_text(side, field) for side in sides))
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
