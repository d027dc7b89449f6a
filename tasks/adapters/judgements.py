"""The judgements of a window as the store has them."""

from collections.abc import Iterator, Mapping

import pyarrow as pa

from configs.monitor import MonitorConfig
from tasks.adapters.ledger import Ledger
from tasks.adapters.storage import Storage
from tasks.adapters.wanted import judgeable
from tasks.core.quality.judgement import Judgement, Passed, judgements
from tasks.core.quality.order import judging_order
from tasks.core.quality.score import SCHEMA, NotAsked
from tasks.core.run import Scored
from tasks.core.window import Window


def _passed_over(config: MonitorConfig, interactions: pa.Table, scored: Scored, stopped: str) -> Mapping[str, Passed]:
    """By metric the interactions that came after the last one it was asked about."""
    if not scored.taken:
        return {}
    ids, by_session = interactions["interaction_id"].to_pylist(), config.is_judged_by_session
    order = [ids[place] for place in judging_order(interactions, config.sample.seed, by_session=by_session)]
    return {
        name: Passed(interactions=frozenset(order[taken:]), why=NotAsked.DECIDED if name in scored.decided else stopped)
        for name, taken in scored.taken.items()
    }


def read_judgements(
    config: MonitorConfig, window: Window, interactions: pa.Table, scored: Scored, store: Storage
) -> Iterator[Judgement]:
    """Every sampled interaction on every metric of the monitor, with its score or why it has none."""
    ledger = Ledger(store, window.start, scored.fingerprints, scored.root).newest(scored.until)
    metrics, fused = list(config.metrics.values()), config.evaluator.judging == "fused"
    stopped = scored.use.stopped.reason if scored.use.stopped else NotAsked.NOT_REACHED
    table = judgeable(config, interactions)
    passed_over = _passed_over(config, table, scored, stopped)
    yield from judgements(table, metrics, ledger, fused=fused, not_asked=stopped, passed_over=passed_over)
    held_back = judgeable(config, interactions, held_back=True)
    yield from judgements(held_back, metrics, SCHEMA.empty_table(), fused=fused, not_asked=NotAsked.CONTRACT)
