"""Polars: one lazy query, streamed to the file."""

import polars as pl
from trial import COLUMNS, RATE, Found, Trial, run

BELOW = int(RATE * 2**64)


def collect(trial: Trial) -> Found:
    """Both sides joined on the ID; the optimiser pushes the sample into the scans."""
    inputs, outputs = (side(trial, name) for name in COLUMNS)
    inputs.join(outputs, on="id", suffix="_output").sink_parquet(trial.target, compression="zstd")
    return Found(rows=pl.scan_parquet(trial.target).select(pl.len()).collect().item())


def side(trial: Trial, name: str) -> pl.LazyFrame:
    """The sampled records of one side."""
    columns = COLUMNS[name]
    if trial.is_parquet:
        return pl.scan_parquet(trial.paths(name)).select("id", "time", *columns).filter(pl.col("id").hash() < BELOW)
    row = pl.Struct(dict.fromkeys(columns, pl.String))
    records = pl.scan_ndjson(
        trial.paths(name), schema={"correlationid": pl.String, "time": pl.String, "data": pl.List(row)}
    )
    return records.filter(pl.col("correlationid").hash() < BELOW).select(
        pl.col("correlationid").alias("id"),
        pl.col("time").str.to_datetime(time_zone="UTC"),
        *(pl.col("data").list.first().struct.field(column) for column in columns),
    )


if __name__ == "__main__":
    run("polars", collect)
