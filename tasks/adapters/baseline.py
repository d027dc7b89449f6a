"""The fixed baseline of a monitor in its store: the interactions that every window's drift is held against."""

import json
from collections import Counter
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv
from pyarrow import json as lines

from tasks.adapters.results import write_table
from tasks.adapters.storage import Storage, read_bytes
from tasks.core.errors import ConfigError

PLACE: Final = "baseline/interactions.parquet"
MADE: Final = "baseline/made.json"
FEWEST: Final = 20
REMEDY: Final = "make it anew with genwatch baseline"


def write_baseline(store: Storage, interactions: pa.Table, source: str) -> None:
    """Keep the interactions as the baseline, with a line on where they come from.

    Raises ConfigError where there are fewer than `FEWEST`.
    """
    if interactions.num_rows < FEWEST:
        message = f"a baseline needs {FEWEST} interactions, {source} has {interactions.num_rows}; take more of them"
        raise ConfigError(message)
    write_table(store, PLACE, interactions)
    store.put(MADE, json.dumps({"source": source, "rows": interactions.num_rows}).encode())


def read_baseline(store: Storage, schema: pa.Schema) -> pa.Table:
    """The columns of `schema` of the baseline.

    Raises ConfigError where there is no baseline, or where it lacks a column: it was made for another mapping.
    """
    try:
        table = pq.read_table(BytesIO(read_bytes(store, PLACE)))
    except FileNotFoundError as error:
        message = "drift.baseline.fixed: the store has no baseline yet; make it with genwatch baseline"
        raise ConfigError(message) from error
    if missing := [name for name in schema.names if name not in table.column_names]:
        message = f"the baseline in the store has no column {missing[0]}, which source.columns maps now; {REMEDY}"
        raise ConfigError(message)
    return table.select(schema.names).cast(schema)


def read_given(path: Path, columns: Mapping[str, str], schema: pa.Schema) -> pa.Table:
    """The interactions in a user's file (JSON lines, CSV or Parquet), as a table of `schema`.

    A column may have the name of its role, else that of the logged field that `columns` maps to it; columns that are
    missing are null, but a prompt or a completion there must be. Raises ConfigError in one line where the file cannot
    be read so.
    """
    try:
        table = _read(path)
    except (OSError, pa.ArrowInvalid) as error:
        message = f"{path}: it cannot be read: {str(error).splitlines()[0]}; give JSON lines, CSV or Parquet"
        raise ConfigError(message) from error
    if doubled := [name for name, count in Counter(table.column_names).items() if count > 1]:
        message = f"{path}: it has the column {doubled[0]} twice; remove one"
        raise ConfigError(message)
    names = {
        field.name: name
        for field in schema
        if (name := next((one for one in (field.name, columns.get(field.name)) if one in table.column_names), None))
    }
    if not {"prompt", "completion"}.intersection(names):
        found = ", ".join(table.column_names[:8])
        message = f"{path}: it has neither prompt nor completion but {found}; name the columns by their roles"
        raise ConfigError(message)
    try:
        found_columns = [
            table[names[field.name]].cast(field.type) if field.name in names else pa.nulls(table.num_rows, field.type)
            for field in schema
        ]
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        message = f"{path}: a column has values of another kind: {str(error).splitlines()[0]}; correct them"
        raise ConfigError(message) from error
    return pa.Table.from_arrays(found_columns, schema=schema)


def _read(path: Path) -> pa.Table:
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return pq.read_table(path)
    return csv.read_csv(path) if suffix == ".csv" else lines.read_json(path)
