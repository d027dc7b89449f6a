"""Preview: what a run would collect from a window, read without a trace of it in the store."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.parquet as pq

from configs.monitor import MonitorConfig
from tasks.adapters.intake import Progress
from tasks.adapters.locations import open_storage
from tasks.adapters.staging import open_scratch
from tasks.adapters.windows import read_window
from tasks.core.manifest import RecordCounts
from tasks.core.window import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a run would collect from a window, with its sampled interactions."""

    interactions: pa.Table
    objects: int
    counts: RecordCounts
    warnings: tuple[str, ...]


def preview_window(config: MonitorConfig, window: Window, moment: datetime, progress: Progress) -> Preview:
    """Read a window as `collect_window` does; nothing stays."""
    (found,) = preview_windows(config, [window], moment, progress)
    return found


def preview_windows(
    config: MonitorConfig, windows: Sequence[Window], moment: datetime, progress: Progress
) -> Iterator[Preview]:
    """Read windows one after the other, each object once; nothing stays."""
    with open_scratch(config.engine.scratch_gb) as scratch:
        aside = open_storage((scratch.folder / "store").as_uri(), create=True)
        here = config.model_copy(update={"engine": config.engine.model_copy(update={"dask": None})})
        for window in windows:
            found = read_window(here, window, moment, aside, scratch, progress)
            yield Preview(
                interactions=pq.read_table(found.sample),
                objects=len(found.objects),
                counts=found.counts,
                warnings=found.warnings,
            )
