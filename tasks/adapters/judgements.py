"""The judgements of a window as the store has them."""

from collections.abc import Iterator

import pyarrow as pa

from configs.monitor import MonitorConfig
from tasks.adapters.ledger import Ledger
from tasks.adapters.storage import Storage
from tasks.adapters.wanted import judgeable
from tasks.core.quality.judgement import Judgement, judgements
from tasks.core.quality.score import SCHEMA, NotAsked
from tasks.core.run import Scored
from tasks.core.window import Window


def read_judgements(
    config: MonitorConfig, window: Window, interactions: pa.Table, scored: Scored, store: Storage
) -> Iterator[Judgement]:
    """Every sampled interaction on every metric of the monitor, with its score or why it has none."""
    ledger = Ledger(store, window.start, scored.fingerprints, scored.root).newest()
    metrics, fused = list(config.metrics.values()), config.evaluator.judging == "fused"
    stopped = scored.use.stopped.reason if scored.use.stopped else NotAsked.NOT_REACHED
    yield from judgements(judgeable(config, interactions), metrics, ledger, fused=fused, not_asked=stopped)
    held_back = judgeable(config, interactions, held_back=True)
    yield from judgements(held_back, metrics, SCHEMA.empty_table(), fused=fused, not_asked=NotAsked.CONTRACT)
