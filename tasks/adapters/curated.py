"""The examples of some windows: judged interactions that fail, or pass, a metric, sorted on disk."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from configs.monitor import MonitorConfig
from tasks.adapters.engine import open_engine
from tasks.adapters.grades import Grade, read_grades
from tasks.adapters.results import fitted, key, read_manifest, read_table
from tasks.adapters.staging import Scratch
from tasks.adapters.storage import Storage
from tasks.core.curation.example import SCHEMA, TEXTS, Example
from tasks.core.curation.passages import passages
from tasks.core.manifest import Manifest
from tasks.core.quality.metric import Metric
from tasks.core.records.interaction import SUSPECTED, schema
from tasks.core.window import key_of

BATCH_ROWS: Final = 500
OWN: Final = (
    "interaction_id",
    "correlation_id",
    "event_time",
    "session",
    "model_version",
    "input_object",
    "output_object",
)
SORTED: Final = """
    SELECT * FROM read_parquet($path)
    ORDER BY CASE WHEN $best_first THEN -score ELSE score END, interaction_id, window_start
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A Parquet file of examples, and how many interactions were looked at.

    Of those, `scored` have a score on the metric and `unscored` were judged in vain; `matching` are in the file. `gone`
    are the windows whose interactions the store does not keep any more.
    """

    path: Path
    matching: int
    scored: int
    unscored: int
    windows: int
    gone: int


def find_examples(
    config: MonitorConfig,
    store: Storage,
    asked: Mapping[datetime, int],
    metric: Metric,
    *,
    passing: bool,
    scratch: Scratch,
) -> Found:
    """Look through windows, given with their revisions, one after the other."""
    kept = {stored.key for stored in store.list("interactions/")}
    path = scratch.path()
    matching = scored = unscored = gone = 0
    with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
        for start, revision in sorted(asked.items()):
            place = key("interactions", key_of(start), revision)
            if place not in kept:
                gone += 1
                continue
            manifest = read_manifest(store, key_of(start), revision)
            table = fitted(read_table(store, place), schema(config.source.segments))
            grades = read_grades(config, store, manifest, table)
            on_metric = [one[metric.name] for one in grades.values() if metric.name in one]
            unscored += sum(one.score is None for one in on_metric)
            scored += sum(one.score is not None for one in on_metric)
            rows = list(_examples(table, manifest, grades, metric, passing=passing))
            matching += len(rows)
            writer.write_table(pa.Table.from_pylist(rows, schema=SCHEMA))
    scratch.take(path.stat().st_size)
    return Found(path=path, matching=matching, scored=scored, unscored=unscored, windows=len(asked) - gone, gone=gone)


def sorted_examples(found: Found, memory_gb: float, scratch: Scratch, *, best_first: bool) -> Iterator[Example]:
    """The examples by their score, the lowest first unless `best_first`, then by ID and window."""
    with open_engine(scratch.folder, memory_gb) as engine:
        reader = engine.sql(SORTED, params={"path": str(found.path), "best_first": best_first}).to_arrow_reader(
            BATCH_ROWS
        )
        for batch in reader:
            for row in pa.Table.from_batches([batch]).cast(SCHEMA).to_pylist():
                yield Example(**(row | {name: tuple(row[name]) for name in ("context", "redacted")}))


def _examples(
    table: pa.Table, manifest: Manifest, grades: Mapping[str, Mapping[str, Grade]], metric: Metric, *, passing: bool
) -> Iterator[dict[str, object]]:
    """The rows of `SCHEMA`; a metric without a score neither fails nor passes."""
    names = list(dict.fromkeys((*OWN, *TEXTS, SUSPECTED)))
    for batch in table.select(names).to_batches(max_chunksize=BATCH_ROWS):
        for row in batch.to_pylist():
            mine = grades.get(row["interaction_id"], {})
            grade = mine.get(metric.name)
            if grade is None or grade.score is None or (grade.score >= metric.pass_at) is not passing:
                continue
            yield row | {
                "metric": metric.name,
                "score": grade.score,
                "passed": passing,
                "pass_at": metric.pass_at,
                "reason": grade.reason,
                "context": passages(row["context"]),
                "scores": json.dumps({name: one.score for name, one in sorted(mine.items())}),
                "monitor": manifest.monitor,
                "window_start": manifest.window_start,
                "revision": manifest.revision,
                "judge_model": grade.model,
                "fingerprint": grade.fingerprint,
                "judged_at": grade.judged_at,
                "redacted": sorted(manifest.redacted),
                "config_hash": manifest.config_hash,
            }
