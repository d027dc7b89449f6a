"""A published window in a store, as a run leaves it, made without one: interactions, scores, verdicts, manifest."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa

from configs.load import evidence_hash
from configs.monitor import MonitorConfig
from tasks.adapters.alert_books import write_book
from tasks.adapters.locations import local_path
from tasks.adapters.results import day_folder, key, write_table
from tasks.adapters.screening import QUARANTINE_SCHEMA
from tasks.adapters.window_pages import write_window_pages
from tasks.core import verdict
from tasks.core.alert import AlertBook
from tasks.core.manifest import Counts, EvaluatorUse, Manifest, MetricCounts, ReadObject
from tasks.core.quality.plan import NotApplicable, plan
from tasks.core.quality.score import SCHEMA
from tasks.core.records.interaction import schema
from tasks.core.window import Window
from tests.builders import SIX, WINDOW, monitor, store_of

Judge = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Logged:
    """A window to be put into a store: rows of interactions, and what the judge said by interaction and metric.

    Scores that are not given are unscored: timeout.
    """

    rows: Sequence[Mapping[str, Any]]
    judged: Mapping[tuple[str, str], Judge]
    quarantine: Sequence[Mapping[str, Any]] = ()
    objects: Sequence[ReadObject] = (ReadObject(uri="s3://logs/model_inputs/i.jsonl", etag="1", size=4_321),)
    verdicts: Sequence[verdict.Verdict] = ()
    book: AlertBook = field(default_factory=AlertBook)
    changes: Mapping[str, Any] = field(default_factory=dict)


def interaction(
    name: str, prompt: str = "Where is it?", completion: str = "It is here.", **more: Any
) -> dict[str, Any]:
    """A row of the table of interactions."""
    keys = {"interaction_id": name, "correlation_id": name, "event_time": SIX, "output_time": SIX}
    places = {"input_object": "s3://logs/in", "output_object": "s3://logs/out"}
    return keys | places | {"prompt": prompt, "completion": completion, "suspected_injection": False} | more


def said(score: float | None, reason: str | None = None, **more: Any) -> Judge:
    """What a judge said."""
    return {"score": score, "reason": reason, "unscored": None if score is not None else "timeout"} | more


def reported(folder: Path, **changes: Any) -> MonitorConfig:
    """A monitor of two metrics, with a segment."""
    columns = {"prompt": "q", "completion": "a", "context": "d", "channel": "channel"}
    metrics = {"fluency": {"min_pass_rate": 0.7}, "groundedness": {"min_pass_rate": 0.8, "pass_at": 4}}
    source = {"columns": columns} | changes.pop("source", {})
    return monitor(folder, source=source, quality={"metrics": metrics}, **changes)


def put(config: MonitorConfig, logged: Logged, window: Window = WINDOW, revision: int = 0) -> Manifest:
    """Write all that a run publishes, and no page."""
    store = store_of(config)
    table = pa.Table.from_pylist([dict(row) for row in logged.rows], schema=schema(config.source.segments))
    write_table(store, key("interactions", window.key, revision), table)
    quarantine = pa.Table.from_pylist([dict(one) for one in logged.quarantine], schema=QUARANTINE_SCHEMA)
    write_table(store, key("quarantine", window.key, revision), quarantine)
    verdicts = verdict.verdict_table(logged.verdicts, window.start, revision)
    write_table(store, key("verdicts", window.key, revision), verdicts)
    write_book(store, window.key, revision, logged.book)
    scores, counts = _scores(config, table, logged, window)
    write_table(store, f"{day_folder('scores', window.start.date())}{uuid4()}.parquet", scores)
    manifest = _manifest(config, logged, window, revision, counts)
    store.put(key("runs", window.key, revision, "json"), manifest.model_dump_json().encode())
    return manifest


def write(config: MonitorConfig, logged: Logged, window: Window = WINDOW, revision: int = 0) -> Path:
    """The folder of the monitor's store after the window was put there and its pages were written."""
    put(config, logged, window, revision)
    write_window_pages(config, window, revision, store_of(config))
    folder = local_path(store_of(config).root)
    assert folder is not None
    return folder


def _scores(
    config: MonitorConfig, table: pa.Table, logged: Logged, window: Window
) -> tuple[pa.Table, Mapping[str, MetricCounts]]:
    rows: list[dict[str, Any]] = []
    states: dict[str, list[str]] = {name: [] for name in config.metrics}
    for wanted in plan(table, list(config.metrics.values()), fused=False):
        if isinstance(wanted, NotApplicable):
            states[wanted.metric.name].append("not applicable")
            continue
        (name,) = wanted.names
        one = logged.judged.get((wanted.interaction_id, name), said(None))
        states[name].append("scored" if one["score"] is not None else "timeout")
        own = {"interaction_id": wanted.interaction_id, "content_hash": wanted.content_hash, "metric": name}
        made = {"window_start": window.start, "fingerprint": f"judge-of-{name}", "judged_at": window.end}
        rows.append(own | made | {"dropped_passages": 0} | dict(one))
    counts = {
        name: MetricCounts(
            scored=found.count("scored"),
            unscored={"timeout": found.count("timeout")} if "timeout" in found else {},
            not_applicable=found.count("not applicable"),
            not_asked={},
        )
        for name, found in states.items()
    }
    return pa.Table.from_pylist(rows, schema=SCHEMA), counts


def _manifest(
    config: MonitorConfig, logged: Logged, window: Window, revision: int, metrics: Mapping[str, MetricCounts]
) -> Manifest:
    rows, lines = len(logged.rows), sum(one["line"] is not None for one in logged.quarantine)
    reasons = [one["reason"] for one in logged.quarantine]
    counts = Counts(
        lines_read=2 * rows + lines + 7,
        inputs=rows + 4,
        outputs=rows + 3,
        quarantined=lines,
        quarantined_objects=len(reasons) - lines,
        quarantined_by_reason={reason: reasons.count(reason) for reason in sorted(set(reasons))},
        joined=rows,
        orphan_inputs=3,
        duplicate_inputs=1,
        orphan_outputs=2,
        duplicate_outputs=1,
        sampled=rows,
        not_sampled=0,
        metrics=metrics,
    )
    use = EvaluatorUse(
        provider="openai",
        calls=2 * rows,
        judged=2 * rows,
        reused=0,
        prompt_tokens=812 * rows,
        cached_tokens=100 * rows,
        completion_tokens=40 * rows,
        cost_usd=0.00012 * rows,
        models=("gpt-4o-mini-2024-07-18",),
        stopped=None,
    )
    fields: dict[str, Any] = {
        "monitor": config.name,
        "window_start": window.start,
        "window_end": window.end,
        "revision": revision,
        "status": "ok",
        "scheduled": True,
        "started_at": _later(window.end, 15),
        "finished_at": _later(window.end, 17),
        "config_hash": "0123456789abcdef",
        "evidence_hash": evidence_hash(config),
        "objects": tuple(logged.objects),
        "counts": counts,
        "evaluator": use,
        "fingerprints": {name: f"judge-of-{name}" for name in config.metrics},
        "verdicts": (),
        "warnings": (),
    }
    return Manifest(**fields | dict(logged.changes))


def _later(time: datetime, minutes: int) -> datetime:
    return time + timedelta(minutes=minutes)


def judged_rows(rows: Iterable[Mapping[str, Any]], **scores: Judge) -> dict[tuple[str, str], Judge]:
    """The same judgement of every row, by metric."""
    return {(row["interaction_id"], name): one for row in rows for name, one in scores.items()}
