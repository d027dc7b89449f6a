"""genwatch itself: its scoring step with five of the built-in metrics, into a ledger in a temporary folder."""

import asyncio
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
from trial import Row, Trial, Verdicts, run, verdict

from configs.load import built_in_metrics
from configs.monitor import MonitorConfig
from tasks.adapters.evaluators import open_evaluator
from tasks.adapters.ledger import Ledger
from tasks.adapters.locations import open_storage
from tasks.core.quality.local.text_statistics import METRICS
from tasks.core.records.interaction import schema
from tasks.core.window import Window
from tasks.score import Watch, score_window

SIX = datetime(2026, 11, 20, 6, tzinfo=UTC)
WINDOW = Window(start=SIX, end=SIX + timedelta(hours=1))
ROLES = ("prompt", "completion", "context", "ground_truth")
KEYS = ("interaction_id", "correlation_id", "input_object", "output_object")
BEST = 5


def evaluate(trial: Trial) -> Verdicts:
    """The five metrics of the local evaluator; what the ledger then holds is counted."""
    with tempfile.TemporaryDirectory() as folder:
        config = monitor(Path(folder), trial)
        rows = pa.Table.from_pylist(
            [interaction(number, row) for number, row in enumerate(trial.rows)], schema=schema(())
        )
        store = open_storage(f"{config.store}/{config.name}", create=True)
        watch = Watch(progress=lambda _asked: None, say=lambda _line: None)
        scored = asyncio.run(score_window(config, WINDOW, rows, store, open_evaluator(config), watch))
        kept = Ledger(store, WINDOW.start, scored.fingerprints).newest().select(["metric", "score"]).to_pylist()
    return {name: [verdict(row["score"], BEST) for row in kept if row["metric"] == name] for name in config.metrics}


def monitor(folder: Path, trial: Trial) -> MonitorConfig:
    """A monitor of the five metrics of the local evaluator, judged by the server."""
    metrics = {name: one for name, one in built_in_metrics().items() if name in METRICS}
    document = {
        "name": "bench",
        "source": {
            "format": "azure_mdc",
            "inputs": (folder / "inputs").as_uri(),
            "outputs": (folder / "outputs").as_uri(),
            "columns": {role: role for role in ROLES},
        },
        "quality": {
            "metrics": {name: {} for name in metrics},
            "definitions": {name: one.model_dump(mode="json") for name, one in metrics.items()},
        },
        "evaluator": {
            "provider": "openai",
            "model": "benchmark",
            "base_url": trial.url,
            "concurrency": trial.in_flight,
        },
        "store": folder.as_uri(),
    }
    return MonitorConfig.model_validate(document)


def interaction(number: int, row: Row) -> dict[str, object]:
    """One row as an interaction."""
    return (
        dict.fromkeys(KEYS, str(number))
        | dict(row)
        | {"event_time": SIX, "output_time": SIX, "suspected_injection": False}
    )


if __name__ == "__main__":
    run("genwatch", evaluate)
