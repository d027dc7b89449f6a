"""PySpark on two local cores: both sides filtered, joined and written; the session starts before the clock."""

from functools import partial

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f
from trial import COLUMNS, RATE, Found, Trial, run

PARTS = 10_000


def started() -> SparkSession:
    """A session that says nothing."""
    quiet = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false"}
    session = SparkSession.builder.master("local[2]").config(map=quiet).getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    return session


def collect(session: SparkSession, trial: Trial) -> Found:
    """Both sides joined on the ID."""
    inputs, outputs = (side(session, trial, name) for name in COLUMNS)
    target = trial.target.as_uri()
    inputs.join(outputs, "id").coalesce(1).write.parquet(target, compression="zstd")
    return Found(rows=session.read.parquet(target).count())


def side(session: SparkSession, trial: Trial, name: str) -> DataFrame:
    """The sampled records of one side."""
    columns, suffix = COLUMNS[name], "" if name == "model_inputs" else "_output"
    if trial.is_parquet:
        records = session.read.parquet(*trial.paths(name))
        rows = {column: f.col(column) for column in columns}
    else:
        row = ", ".join(f"{column}: STRING" for column in columns)
        schema = f"correlationid STRING, time TIMESTAMP, data ARRAY<STRUCT<{row}>>"
        records = session.read.schema(schema).json(trial.paths(name)).withColumnRenamed("correlationid", "id")
        rows = {column: f.col("data")[0][column] for column in columns}
    taken = records.filter(f.pmod(f.xxhash64("id"), f.lit(PARTS)) < round(RATE * PARTS))
    return taken.select("id", f.col("time").alias(f"time{suffix}"), *(rows[name].alias(name) for name in columns))


if __name__ == "__main__":
    with started() as spark:
        run("pyspark", partial(collect, spark))
