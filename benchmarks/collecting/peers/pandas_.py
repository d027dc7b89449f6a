"""pandas: file by file, each cut down to the sample before the next is read."""

import pandas as pd
from trial import COLUMNS, RATE, Found, Trial, run

BELOW = int(RATE * 2**64)


def collect(trial: Trial) -> Found:
    """Both sides merged on the ID."""
    inputs, outputs = (side(trial, name) for name in COLUMNS)
    joined = inputs.merge(outputs, on="id", suffixes=("", "_output"))
    joined.to_parquet(trial.target, compression="zstd", index=False)
    return Found(rows=len(joined))


def side(trial: Trial, name: str) -> pd.DataFrame:
    """The sampled records of one side."""
    return pd.concat([part(trial, path, COLUMNS[name]) for path in trial.paths(name)], ignore_index=True)


def part(trial: Trial, path: str, columns: tuple[str, ...]) -> pd.DataFrame:
    """The sampled records of one file."""
    if trial.is_parquet:
        frame = pd.read_parquet(path, columns=["id", "time", *columns])
        return frame[sampled(frame["id"])]
    frame = pd.read_json(path, lines=True, dtype=False, convert_dates=["time"])
    frame = frame.loc[sampled(frame["correlationid"]), ["correlationid", "time", "data"]]
    rows = pd.DataFrame(frame["data"].str[0].tolist(), index=frame.index)[list(columns)]
    return frame[["correlationid", "time"]].rename(columns={"correlationid": "id"}).join(rows)


def sampled(ids: pd.Series) -> pd.Series:
    """Whether each ID is in the sample."""
    return pd.util.hash_pandas_object(ids, index=False) < BELOW


if __name__ == "__main__":
    run("pandas", collect)
