"""Plain tables: JSON lines, Parquet or CSV; a record is one row, with both halves or with one."""

from typing import Final

from tasks.core.records.layout import WHOLE, Layout, SourceColumns, path_of

JOIN_ON: Final = "id"
TIME_COLUMN: Final = "time"


def read(source: SourceColumns) -> Layout:
    """The layout of table rows."""
    return Layout(id=path_of(source.join_on), time=path_of(source.time_column), rows=WHOLE)
