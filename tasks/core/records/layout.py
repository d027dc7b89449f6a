"""How the records of a format are laid out: where a record keeps its ID, its time, its rows, and which half it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

WHOLE: Final = "$"
BOTH: Final = "'both'"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceColumns:
    """What the user says of the records: names of fields, or JSON paths (`$.a[0].b`; `$` is the whole row).

    `join_on` and `time_column` are looked for in the record, `columns` (role to field) in its rows; the first two are
    None where the format's own are meant.
    """

    join_on: str | None
    time_column: str | None
    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where the records of one line keep what the join needs: JSON paths, and SQL over `record`, a JSON object.

    `id` and `time` are paths of which the first that holds something counts. `records` is SQL for the JSON list of the
    records in a line; None: the line is one record. `is_call` is SQL that is true for records that are calls or halves
    of them; others are counted and passed over; None: all are. `side` is SQL that gives `input`, `output` or `both`;
    None: the location says it. `rows` leads to a list of rows, to one row, or to a string that holds either as JSON;
    None: a record is one row. `reference` leads to the name of a file beside the object that holds the rows instead.
    `fault` is SQL that names the fault of a call that cannot be read, and is null for a good one. `group` leads to what
    the records of one interaction share, where others than its own tell of it. With `untimed`, a call without any time
    counts at the time of its object.
    """

    id: tuple[str, ...]
    time: tuple[str, ...]
    records: str | None = None
    is_call: str | None = None
    side: str | None = None
    rows: str | None = None
    reference: str | None = None
    fault: str | None = None
    group: str | None = None
    untimed: bool = False


def path_of(field: str) -> str:
    """The JSON path of a field's name; a JSON path stays as it is."""
    return field if field.startswith("$") else '$."{}"'.format(field.replace('"', '\\"'))


def paths_of(field: str | None, *defaults: str) -> tuple[str, ...]:
    """The path of the user's own field, else the paths of a format."""
    return defaults if field is None else (path_of(field),)


def sql_text(text: str) -> str:
    """A text as an SQL literal."""
    return "'{}'".format(text.replace("'", "''"))
