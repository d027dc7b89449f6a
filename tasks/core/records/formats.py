"""The log formats: a table of readers, and the defaults that each brings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tasks.core.records import azure_mdc, table
from tasks.core.records.layout import Layout, SourceColumns


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A log format: how to read a record, what its keys are called, and in which folders it lies.

    `folders` is appended to a location that names no date itself; "" reads everything below the location.
    Objects whose names end otherwise than `suffixes` are no logs. `tabular` formats may come as Parquet and CSV, and as
    one location that holds both halves.
    """

    read: Callable[[SourceColumns], Layout]
    join_on: str
    time_column: str
    folders: str
    suffixes: tuple[str, ...]
    tabular: bool


FORMATS: Final[Mapping[str, Format]] = {
    "azure_mdc": Format(
        read=azure_mdc.read,
        join_on=azure_mdc.JOIN_ON,
        time_column=azure_mdc.TIME_COLUMN,
        folders=azure_mdc.FOLDERS,
        suffixes=azure_mdc.SUFFIXES,
        tabular=False,
    ),
    "table": Format(
        read=table.read,
        join_on=table.JOIN_ON,
        time_column=table.TIME_COLUMN,
        folders="",
        suffixes=("",),
        tabular=True,
    ),
}
