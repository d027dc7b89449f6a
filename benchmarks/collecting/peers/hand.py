"""DuckDB by hand: the query that somebody would write who knows these files, and accounts for nothing."""

import duckdb
from trial import COLUMNS, MEMORY_GB, RATE, Found, Trial, run

BELOW = f"{round(RATE * 2**128)}::UHUGEINT"
TAKEN = f"md5_number(id) < {BELOW}"
ROWS = """
    SELECT id, i.time AS event_time, o.time AS output_time, i.row.question AS prompt, i.row.context AS context,
           o.row.answer AS completion
    FROM ({inputs}) i JOIN ({outputs}) o USING (id)
"""


def collect(trial: Trial) -> Found:
    """The sample is pushed into both scans, which parse nothing but what is asked for."""
    inputs, outputs = (f"FROM ({half(trial, side)}) WHERE {TAKEN}" for side in COLUMNS)
    with opened() as database:
        return Found(rows=write(database, ROWS.format(inputs=inputs, outputs=outputs), trial))


def opened() -> duckdb.DuckDBPyConnection:
    """A database of so much memory, which spills to the working folder."""
    database = duckdb.connect()
    database.execute(f"SET memory_limit = '{MEMORY_GB}GB'; SET temp_directory = 'spill'; SET TimeZone = 'UTC'")
    database.execute("SET preserve_insertion_order = false; SET enable_progress_bar = false")
    return database


def half(trial: Trial, side: str) -> str:
    """A query of the ID, time and row of every record of one side."""
    names = COLUMNS[side]
    if trial.is_parquet:
        row = ", ".join(f"{name}: {name}" for name in names)
        return f"SELECT id, time, {{{row}}} AS row FROM read_parquet({trial.paths(side)})"
    row = ", ".join(f"{name} VARCHAR" for name in names)
    return f"""
        SELECT correlationid AS id, time, data[1] AS row
        FROM read_json({trial.paths(side)}, format = 'newline_delimited',
                       columns = {{correlationid: 'VARCHAR', time: 'TIMESTAMP', data: 'STRUCT({row})[]'}})
    """


def write(database: duckdb.DuckDBPyConnection, query: str, trial: Trial) -> int:
    """Write the sample; returns its rows."""
    written = database.execute(f"COPY ({query}) TO '{trial.target}' (FORMAT parquet, COMPRESSION zstd)").fetchone()
    return int(written[0]) if written else 0


if __name__ == "__main__":
    run("duckdb", collect)
