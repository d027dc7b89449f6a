"""How the records of a format are laid out: where a record keeps its ID, its time and its rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

WHOLE: Final = "$"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceColumns:
    """What the user says of the records: names of fields, or JSON paths (`$.a[0].b`; `$` is the whole row).

    `join_on` and `time_column` are looked for in the record, `columns` (role to field) in its rows.
    """

    join_on: str
    time_column: str
    columns: Mapping[str, str]

    @property
    def needs_objects(self) -> bool:
        """Whether a row must be a JSON object for the columns to be found in it."""
        return any(column != WHOLE for column in self.columns.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """JSON paths into the object of one line.

    `rows` leads to a list of rows, to one row, or to a string that holds either as JSON; `reference` to the name of a
    file beside the object that holds the rows instead, None where the format has no such thing.
    """

    id: str
    time: str
    rows: str
    reference: str | None = None


def path_of(field: str) -> str:
    """The JSON path of a field's name; a JSON path stays as it is."""
    return field if field.startswith("$") else '$."{}"'.format(field.replace('"', '\\"'))


def sql_text(text: str) -> str:
    """A text as an SQL literal."""
    return "'{}'".format(text.replace("'", "''"))
