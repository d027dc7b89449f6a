"""The monitor and the rows that the measurements of judging share."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from configs.load import built_in_metrics
from configs.monitor import MonitorConfig
from tasks.core.quality.local.text_statistics import METRICS
from tasks.core.records.interaction import schema
from tasks.core.window import Window

SIX: Final = datetime(2026, 11, 20, 6, tzinfo=UTC)
WINDOW: Final = Window(start=SIX, end=SIX + timedelta(hours=1))
# 1,200 characters a row
LENGTHS: Final = {"prompt": 200, "completion": 500, "context": 300, "ground_truth": 200}
MODEL: Final = "benchmark"


def monitor(folder: Path, base_url: str, in_flight: int, judging: str, **evaluator: Any) -> MonitorConfig:  # noqa: ANN401
    """A monitor of the five metrics of the local evaluator, judged by the server."""
    metrics = {name: one for name, one in built_in_metrics().items() if name in METRICS}
    source = {
        "format": "azure_mdc",
        "inputs": (folder / "inputs").as_uri(),
        "outputs": (folder / "outputs").as_uri(),
        "columns": {role: role for role in LENGTHS},
    }
    quality = {
        "metrics": {name: {} for name in metrics},
        "definitions": {name: one.model_dump(mode="json") for name, one in metrics.items()},
    }
    asked = {"provider": "openai", "model": MODEL, "base_url": base_url, "concurrency": in_flight, "judging": judging}
    document = {
        "name": "bench",
        "source": source,
        "quality": quality,
        "evaluator": asked | evaluator,
        "store": folder.as_uri(),
    }
    return MonitorConfig.model_validate(document)


def interactions(rows: int) -> pa.Table:
    """Interactions whose texts differ in every role, 1,200 characters a row."""
    return pa.Table.from_pylist([interaction(number) for number in range(rows)], schema=schema(()))


def interaction(number: int) -> dict[str, object]:
    """One interaction."""
    keys = {name: str(number) for name in ("interaction_id", "correlation_id", "input_object", "output_object")}
    texts = {role: text(f"{role} {number}", length) for role, length in LENGTHS.items()}
    return keys | texts | {"event_time": SIX, "output_time": SIX, "suspected_injection": False}


def text(seed: str, length: int) -> str:
    """Words of eight characters that the seed determines."""
    digest = hashlib.shake_128(seed.encode()).hexdigest(length // 2)
    return " ".join(digest[at : at + 8] for at in range(0, length, 8))[:length]
