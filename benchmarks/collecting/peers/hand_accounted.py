"""DuckDB by hand, as genwatch promises it: both sides whole, joined in full, counted, of every ID the first record."""

from hand import ROWS, TAKEN, half, opened, write
from trial import COLUMNS, Found, Trial, run

# Only the rows of the sample are kept; of the others the ID, the time and how many there are.
FIRST = """
    CREATE TABLE {side} AS
    SELECT id, min(time) AS time, count(*) AS records, arg_min(row, time) AS row
    FROM (SELECT id, time, CASE WHEN {taken} THEN row END AS row FROM ({half})) GROUP BY id
"""
COUNTS = """
    SELECT count(*) FILTER (i.id IS NOT NULL AND o.id IS NOT NULL), count(*) FILTER (o.id IS NULL),
           count(*) FILTER (i.id IS NULL), sum(i.records - 1), sum(o.records - 1)
    FROM model_inputs i FULL JOIN model_outputs o ON i.id = o.id
"""
NAMES = ("joined", "orphan inputs", "orphan outputs", "duplicate inputs", "duplicate outputs")


def collect(trial: Trial) -> Found:
    """One scan of each side, the counts, the sample."""
    with opened() as database:
        for side in COLUMNS:
            database.execute(FIRST.format(side=side, taken=TAKEN, half=half(trial, side)))
        counts = database.execute(COUNTS).fetchone() or ()
        taken = (f"FROM {side} WHERE row IS NOT NULL" for side in COLUMNS)
        rows = write(database, ROWS.format(**dict(zip(("inputs", "outputs"), taken, strict=True))), trial)
    told = ", ".join(f"{count:,} {name}" for name, count in zip(NAMES, counts, strict=True) if count)
    return Found(rows=rows, told=told)


if __name__ == "__main__":
    run("duckdb", collect)
