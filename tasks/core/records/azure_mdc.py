"""Azure ML Model Data Collector: one CloudEvents object a line, its rows in `data` or in a file beside it."""

from typing import Final

from tasks.core.records.json_value import Json, text_at
from tasks.core.records.layout import Layout, SourceColumns, paths_of

FOLDERS: Final = "{yyyy}/{MM}/{dd}/{HH}"
SUFFIXES: Final = (".jsonl", ".jsonl.gz")  # a file of rows beside them ends otherwise


def read(source: SourceColumns) -> Layout:
    """The layout of collected records."""
    return Layout(
        id=paths_of(source.join_on, "$.correlationid"),
        time=paths_of(source.time_column, "$.time"),
        rows="$.data",
        reference="$.dataref",
    )


def recognises(record: Json) -> bool:
    """Whether a record was written by the collector."""
    return (text_at(record, "type") or "").startswith("azureml.inference.")
