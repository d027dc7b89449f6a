"""Plain tables: JSON lines, Parquet or CSV; a record is one row, with both halves or with one."""

from tasks.core.records.json_value import Json, at
from tasks.core.records.layout import WHOLE, Layout, SourceColumns, paths_of


def read(source: SourceColumns) -> Layout:
    """The layout of table rows."""
    return Layout(
        id=paths_of(source.join_on, "$.id"),
        time=paths_of(source.time_column, "$.time"),
        rows=WHOLE,
    )


def recognises(record: Json) -> bool:
    """Whether a record has the keys that a table is joined by."""
    return at(record, "id") is not None and at(record, "time") is not None
