"""Curate: sets for evaluation and fine-tuning, made of the interactions that failed or passed a metric."""

from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from configs.monitor import MonitorConfig
from tasks.adapters.curated import find_examples, sorted_examples
from tasks.adapters.example_files import open_new
from tasks.adapters.locations import open_storage
from tasks.adapters.results import revisions
from tasks.adapters.staging import open_scratch
from tasks.adapters.storage import Storage
from tasks.core.curation.formats import FORMATS, Format, provenance
from tasks.core.errors import ConfigError
from tasks.core.quality.metric import Metric
from tasks.core.window import asked_windows

ASIDE: Final = ".provenance.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for: a metric, whether its interactions are to pass it, of which windows, and at most how many.

    Without `start` it is the newest published window.
    """

    metric: str
    passing: bool
    start: datetime | None = None
    end: datetime | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Curated:
    """What was written of what there is.

    Of the interactions of so many `windows`, `scored` have a score and `unscored` were judged in vain; `matching` fail,
    or pass, and `rows` of them are in the file. `left_out` counts by reason those that the format cannot hold; others
    are beyond the limit. `aside` is the file of provenance, None where the rows hold it. `gone` are windows whose
    interactions are not kept any more.
    """

    rows: int
    matching: int
    scored: int
    unscored: int
    windows: int
    gone: int
    left_out: Mapping[str, int]
    aside: Path | None


def curate(config: MonitorConfig, wanted: Wanted, kind: str, out: Path) -> Curated:
    """Write a file of a format, and that of its provenance where it has no place for it.

    Raises ConfigError for what cannot be: an unknown metric or format, a file that exists, no published window.
    """
    format_ = _format(config, wanted, kind)
    metric = _metric(config, wanted.metric)
    aside = out.with_name(f"{out.name}{ASIDE}") if format_.aside else None
    for path in (out, aside):
        if path is not None and path.exists():
            message = f"--out is {path}, which exists; give another name, or delete it"
            raise ConfigError(message)
    store = open_storage(f"{config.store}/{config.name}", config.store_endpoint_url, create=True)
    windows = _windows(config, store, wanted)
    left_out: Counter[str] = Counter()
    rows = 0
    with open_scratch(config.engine.scratch_gb) as scratch, ExitStack() as files:
        found = find_examples(config, store, windows, metric, passing=wanted.passing, scratch=scratch)
        write = files.enter_context(open_new(out, format_.kind))
        write_aside = files.enter_context(open_new(aside, "jsonl")) if aside is not None else _nowhere
        for example in sorted_examples(found, config.engine.memory_gb, scratch, best_first=wanted.passing):
            row = format_.write(example)
            if isinstance(row, str):
                left_out[row] += 1
                continue
            write(row)
            write_aside(provenance(example))
            rows += 1
            if rows == wanted.limit:
                break
    return Curated(
        rows=rows,
        matching=found.matching,
        scored=found.scored,
        unscored=found.unscored,
        windows=found.windows,
        gone=found.gone,
        left_out=dict(left_out),
        aside=aside,
    )


def _format(config: MonitorConfig, wanted: Wanted, kind: str) -> Format:
    found = FORMATS.get(kind)
    if found is None:
        message = f"--format is {kind!r}; use {', '.join(FORMATS)}"
        raise ConfigError(message)
    if wanted.passing not in found.of:
        message = f"--format {kind} holds what failed against its ground truth; give --failing, or another format"
        raise ConfigError(message)
    if found.truth and not wanted.passing and "ground_truth" not in config.source.all_columns:
        message = (
            f"--format {kind} of what failed teaches its ground truth, and source.columns.ground_truth is not mapped; "
            "map it, or use jsonl"
        )
        raise ConfigError(message)
    return found


def _metric(config: MonitorConfig, name: str) -> Metric:
    if name not in config.metrics:
        message = f"{config.name} has no metric {name!r}; there are: {', '.join(config.metrics)}"
        raise ConfigError(message)
    return config.metrics[name]


def _windows(config: MonitorConfig, store: Storage, wanted: Wanted) -> dict[datetime, int]:
    """The published windows that are asked for, with their newest revisions."""
    published = revisions(store)
    if wanted.start is None:
        if wanted.end is not None:
            message = "--window-end was given without --window-start; give both, or neither"
            raise ConfigError(message)
        found = dict(list(published.items())[-1:])
    else:
        asked = asked_windows(wanted.start, wanted.end, config.window.every, datetime.now(UTC))
        found = {start: rev for start, rev in published.items() if asked[0].start <= start <= asked[-1].start}
    if not found:
        message = f"{store.root} has no published window there; run the monitor first, or give other windows"
        raise ConfigError(message)
    return found


def _nowhere(_row: Mapping[str, object]) -> None:
    """Where rows hold their provenance, none is written aside."""
