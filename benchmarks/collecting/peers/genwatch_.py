"""genwatch: the collecting step over the whole day, quarantine and all."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb  # noqa: F401  imported where it is used otherwise, and then inside the clock; so is pandas, by pyarrow
import pandas as pd  # noqa: F401
from trial import MEMORY_GB, RATE, Found, Trial, run

from configs.load import built_in_metrics
from configs.monitor import MonitorConfig
from tasks.adapters.locations import open_storage
from tasks.collect import collect_window
from tasks.core.manifest import RecordCounts
from tasks.core.run import Job
from tasks.core.window import Window

DAY = datetime(2026, 11, 20, tzinfo=UTC)
LENGTH = timedelta(days=1)
JOB = Job(
    window=Window(start=DAY, end=DAY + LENGTH),
    revision=0,
    is_scheduled=True,
    is_newest=True,
    moment=DAY + LENGTH + timedelta(hours=1),
    started_at=DAY + LENGTH + timedelta(hours=1),
)
COUNTED = ("joined", "orphan_inputs", "orphan_outputs", "duplicate_inputs", "duplicate_outputs", "quarantined")


def collect(trial: Trial) -> Found:
    """The sample and the quarantine go to a store in the working folder."""
    config = MonitorConfig.model_validate(document(trial))
    store = open_storage(f"{config.store}/{config.name}", create=True)
    counts = collect_window(config, JOB, store).counts
    return Found(rows=counts.sampled, told=told(counts))


def told(counts: RecordCounts) -> str:
    """What became of the records, where it is not nothing."""
    known = ((name.replace("_", " "), getattr(counts, name)) for name in COUNTED)
    return ", ".join(f"{count:,} {name}" for name, count in known if count)


def document(trial: Trial) -> dict[str, Any]:
    """The monitor, as its file would say it."""
    fluency = built_in_metrics()["fluency"].model_dump(mode="json")
    dates = "/{yyyy}/{MM}/{dd}/{HH}" if trial.is_parquet else ""
    return {
        "name": "bench",
        "window": {"every": "1d"},
        "source": {
            "format": "table" if trial.is_parquet else "azure_mdc",
            "inputs": f"{(trial.folder / 'model_inputs').as_uri()}{dates}",
            "outputs": f"{(trial.folder / 'model_outputs').as_uri()}{dates}",
            "columns": {"prompt": "question", "completion": "answer", "context": "context"},
        },
        "sample": {"rate": RATE, "at_most": trial.at_most},
        "quality": {"metrics": {"fluency": {}}, "definitions": {"fluency": fluency}},
        "engine": {"memory_gb": MEMORY_GB},
        "store": Path("store").resolve().as_uri(),
    }


if __name__ == "__main__":
    run("genwatch", collect)
