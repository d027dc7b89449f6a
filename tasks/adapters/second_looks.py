"""Judgements beside the window's own: canaries with known scores, and old interactions when the judge changes."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import pyarrow as pa

from configs.monitor import JUDGED_ROLES, MonitorConfig
from tasks.adapters.ledger import Ledger
from tasks.adapters.results import key, read_manifest, read_table, revisions, window_before
from tasks.adapters.storage import Storage
from tasks.core.drift.judge import Pair
from tasks.core.manifest import Manifest
from tasks.core.measure import TIMESTAMP
from tasks.core.quality.exchange import Judged
from tasks.core.quality.metric import Metric
from tasks.core.quality.plan import Call, Purpose, plan
from tasks.core.window import Window

CANARY_SCHEMA: Final = pa.schema(
    [
        *((name, pa.string()) for name in ("interaction_id", "session", "history", *JUDGED_ROLES)),
        ("event_time", TIMESTAMP),
    ]
)
Scores = Mapping[tuple[str, str], float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Calls to be made once more, and the scores to compare with, by interaction and metric."""

    calls: tuple[Call, ...] = ()
    known: Mapping[tuple[str, str], float]


def canaries(config: MonitorConfig) -> Look:
    """The canaries of a monitor with their known scores; none where it has none."""
    asked = config.quality.canaries
    rows = asked.rows if asked is not None else ()
    table = pa.Table.from_pylist(
        [
            {"interaction_id": f"canary-{number}"} | {role: getattr(row, role) for role in JUDGED_ROLES}
            for number, row in enumerate(rows)
        ],
        schema=CANARY_SCHEMA,
    )
    known = {(f"canary-{number}", name): score for number, row in enumerate(rows) for name, score in row.scores.items()}
    return _look(config, table, known, Purpose.CANARY)


def bridge(config: MonitorConfig, before: Manifest, store: Storage) -> Look:
    """The first interactions of an earlier window with the scores that its judge gave them."""
    window = Window(start=before.window_start, end=before.window_end)
    table = read_table(store, key("interactions", window.key, before.revision)).slice(0, config.quality.bridge)
    ledger = Ledger(store, window.start, before.fingerprints, before.scores).newest()
    wanted = set(table["interaction_id"].to_pylist())
    known = {
        (row["interaction_id"], row["metric"]): row["score"]
        for row in ledger.select(["interaction_id", "metric", "score", "window_start"]).to_pylist()
        if row["score"] is not None and row["interaction_id"] in wanted and row["window_start"] == window.start
    }
    return _look(config, table, known, Purpose.BRIDGE)


def manifest_before(window: Window, store: Storage) -> Manifest | None:
    """The manifest of the newest published window before this one; None where there is none."""
    before = window_before(revisions(store), window)
    return None if before is None else read_manifest(store, *before)


def has_changed(before: Manifest, fingerprints: Mapping[str, str], models: Collection[str]) -> bool:
    """Whether another judge scores now: a metric's fingerprint differs, or the model that the provider reports."""
    shared = before.fingerprints.keys() & fingerprints.keys()
    if any(before.fingerprints[name] != fingerprints[name] for name in shared):
        return True
    return bool(models) and bool(before.evaluator.models) and set(models) != set(before.evaluator.models)


def pairs(config: MonitorConfig, look: Look, judged: Iterable[tuple[Call, Judged]]) -> Iterator[Pair]:
    """Each score that was known beside the one that was given now; what was not asked has none."""
    now = {
        (call.interaction_id, name): score.score
        for call, one in judged
        for name, score in zip(call.names, one.scores, strict=True)
    }
    for name, metric in config.metrics.items():
        for place in [place for place in look.known if place[1] == name]:
            yield Pair(metric=name, pass_at=metric.pass_at, before=look.known[place], now=now.get(place))


def _look(config: MonitorConfig, table: pa.Table, known: Mapping[tuple[str, str], float], purpose: Purpose) -> Look:
    """The calls that have a known score to compare with."""
    metrics: Sequence[Metric] = list(config.metrics.values())
    planned = plan(table, metrics, fused=config.evaluator.judging == "fused")
    calls = [replace(one, purpose=purpose) for one in planned if isinstance(one, Call)]
    wanted = tuple(one for one in calls if any((one.interaction_id, name) in known for name in one.names))
    return Look(calls=wanted, known=known)
