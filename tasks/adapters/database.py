"""DuckDB, opened so that a process ends quietly.

The module is imported where it is used and not at the top: Prefect's threads keep the modules of a flow alive to the
end of the process, and DuckDB's binding would print a page about types that were never freed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


@contextmanager
def open_database() -> "Iterator[duckdb.DuckDBPyConnection]":
    """A database in memory whose times are in UTC."""
    import duckdb  # noqa: PLC0415  see above

    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        yield database


def errors() -> tuple[type[Exception], type[Exception]]:
    """What DuckDB raises for input that it cannot read, and for anything at all."""
    import duckdb  # noqa: PLC0415  see above

    return duckdb.InvalidInputException, duckdb.Error


def length_errors() -> tuple[type[Exception], ...]:
    """What DuckDB raises for lines that are too long, or too many at once, for its memory or its buffers."""
    import duckdb  # noqa: PLC0415  see above

    return duckdb.OutOfMemoryException, duckdb.NotImplementedException


def engine_version() -> str:
    """DuckDB's version: its hashes may differ between versions."""
    return version("duckdb")
