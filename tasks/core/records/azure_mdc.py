"""Azure ML Model Data Collector: one CloudEvents object a line, its rows in `data` or in a file beside it."""

from typing import Final

from tasks.core.records.layout import Layout, SourceColumns, path_of

FOLDERS: Final = "{yyyy}/{MM}/{dd}/{HH}"
JOIN_ON: Final = "correlationid"
TIME_COLUMN: Final = "time"
SUFFIXES: Final = (".jsonl", ".jsonl.gz")  # a file of rows beside them ends otherwise


def read(source: SourceColumns) -> Layout:
    """The layout of collected records."""
    return Layout(id=path_of(source.join_on), time=path_of(source.time_column), rows="$.data", reference="$.dataref")
