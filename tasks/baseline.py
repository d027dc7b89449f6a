"""Baseline: the interactions that the drift of windows is held against, from windows of the logs or from a file."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from configs.monitor import MonitorConfig
from tasks.adapters.baseline import read_given, write_baseline
from tasks.adapters.intake import Progress
from tasks.adapters.locations import open_storage
from tasks.core.evidence import MOST_ROWS
from tasks.core.records.interaction import KEYS, logged
from tasks.core.safety.redaction import redact
from tasks.core.window import Window
from tasks.preview import preview_windows


def baseline_of_windows(config: MonitorConfig, windows: Sequence[Window], progress: Progress) -> int:
    """Keep the sampled interactions of some windows as the monitor's baseline; returns how many they are.

    At most `MOST_ROWS` are kept, as many of each window, all with the same chance. Raises ConfigError where they are
    too few.
    """
    first = MOST_ROWS // len(windows)
    alike = config.sample.model_copy(update={"stratify": (), "prefer": (), "candidates": None})
    plain = config.model_copy(update={"sample": alike})
    previews = preview_windows(plain, windows, datetime.now(UTC), progress)
    found = [preview.interactions.slice(0, first) for preview in previews]
    return _keep(config, pa.concat_tables(found), f"{windows[0].label} to {windows[-1].label} UTC")


def baseline_of_file(config: MonitorConfig, path: Path) -> int:
    """Keep the interactions of a user's file as the monitor's baseline, redacted as those of the logs are."""
    asked = pa.schema([field for field in logged(config.source.segments) if field.name not in KEYS])
    given = read_given(path, config.source.all_columns, asked).slice(0, MOST_ROWS)
    texts = [field.name for field in asked if field.type == pa.string()]
    rows = [
        row
        | redact({name: row[name] for name in texts}, config.redact).texts
        | dict.fromkeys(("interaction_id", "correlation_id"), f"row-{number}")
        for number, row in enumerate(given.to_pylist(), start=1)
    ]
    ids = [pa.field("interaction_id", pa.string()), pa.field("correlation_id", pa.string())]
    return _keep(config, pa.Table.from_pylist(rows, schema=pa.schema([*ids, *asked])), str(path))


def _keep(config: MonitorConfig, interactions: pa.Table, source: str) -> int:
    store = open_storage(f"{config.store}/{config.name}", config.store_endpoint_url, create=True)
    write_baseline(store, interactions, source)
    return int(interactions.num_rows)
