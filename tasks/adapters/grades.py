"""What the ledger says of the interactions of a published window."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from configs.monitor import MonitorConfig
from tasks.adapters.labelling import calls_of
from tasks.adapters.ledger import Ledger
from tasks.adapters.storage import Storage
from tasks.adapters.wanted import judgeable
from tasks.core.manifest import Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """One row of the ledger; `score` and `unscored` are as there.

    `interaction_id` is the one that was judged: equal contents share its score. `latency_ms`, tokens and cost are None
    where the score was taken over from another day.
    """

    interaction_id: str
    content_hash: str
    score: float | None
    reason: str | None
    unscored: str | None
    spread: float | None
    disagreement: float | None
    dropped_passages: int
    model: str | None
    fingerprint: str
    prompt_tokens: int | None
    cached_tokens: int | None
    completion_tokens: int | None
    cost_usd: float | None
    latency_ms: float | None
    judged_at: datetime


Grades = Mapping[str, Mapping[str, Grade]]  # by interaction, by metric


def read_grades(config: MonitorConfig, store: Storage, manifest: Manifest, interactions: pa.Table) -> Grades:
    """The grades of a window's interactions by the judge that it was published with; a metric never asked has none."""
    ledger = Ledger(store, manifest.window_start, manifest.fingerprints, manifest.scores).newest()
    names = list(Grade.__dataclass_fields__)
    known = {
        (row["content_hash"], metric): Grade(**row)
        for metric, row in zip(ledger["metric"].to_pylist(), ledger.select(names).to_pylist(), strict=True)
    }
    found: dict[str, dict[str, Grade]] = {}
    for call in calls_of(config, judgeable(config, interactions)):
        for name in call.names:
            grade = known.get((call.content_hash, name))
            if grade is not None and grade.fingerprint == manifest.fingerprints.get(name):
                found.setdefault(call.interaction_id, {})[name] = grade
    return found
