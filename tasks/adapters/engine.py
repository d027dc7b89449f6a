"""DuckDB as the engine of collecting: bounded in memory, spilling to the scratch directory."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tasks.adapters.database import open_database

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Engine

SHARE: Final = 0.5  # of engine.memory_gb; the interpreter, Arrow and buffers outside DuckDB's account take the rest


@contextmanager
def open_engine(scratch: Path, memory_gb: float) -> "Iterator[Engine]":
    """A DuckDB in memory that spills to `scratch`, for a process that takes about `memory_gb`."""
    with open_database() as engine:
        megabytes = int(memory_gb * SHARE * 1000)
        engine.execute(f"SET VARIABLE megabytes = {megabytes}")
        engine.execute(f"SET memory_limit = '{megabytes}MB'")
        engine.execute("SET temp_directory = ?", [str(scratch / "spill")])
        engine.execute("SET preserve_insertion_order = false")
        engine.execute("SET enable_progress_bar = false")
        yield engine


def allow(engine: "Engine", more: int) -> None:
    """Let the engine take so many bytes beyond its limit, for a row so long that it goes through alone."""
    (megabytes,) = engine.execute("SELECT getvariable('megabytes')").fetchone() or (0,)
    engine.execute(f"SET memory_limit = '{megabytes + more // 1_000_000}MB'")
