"""Drift of a window's texts against those of the windows before it, as the store has them."""

from collections.abc import Iterator, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from configs.drift import ROLES
from configs.monitor import MonitorConfig
from tasks.adapters.results import key, read_tables, revisions
from tasks.adapters.storage import Storage
from tasks.core.drift.measures import text_measures
from tasks.core.drift.text import text_drift
from tasks.core.measure import Measure
from tasks.core.window import Window, key_of

MOST_TEXTS: Final = 20_000  # on either side
COLUMNS: Final = ("interaction_id", "session", *ROLES)


def drift_measures(config: MonitorConfig, window: Window, interactions: pa.Table, store: Storage) -> Iterator[Measure]:
    """The measures of drift; none where the monitor does not ask for them."""
    if config.drift is None:
        return
    baseline = previous_interactions(store, window, config.drift.baseline.previous)
    for role in ROLES:
        before, now = _texts(baseline, role), _texts(interactions, role).slice(0, MOST_TEXTS)
        found = text_drift(
            before[role].to_pylist(),
            now[role].to_pylist(),
            (_sessions(before), _sessions(now)) if "session" in config.source.all_columns else None,
            confidence=config.decide.confidence,
            seed=config.sample.seed,
        )
        yield from text_measures(role, found, now.num_rows)


def previous_interactions(store: Storage, window: Window, windows: int) -> pa.Table:
    """The sampled interactions of so many published windows before this one, as far as they are still kept.

    At most `MOST_TEXTS`, as many of each: they lie in the order of the sample, so the first are a sample as well.
    """
    published = revisions(store)
    before = [start for start in published if start < window.start][-windows:]
    kept = {stored.key for stored in store.list("interactions/")}
    wanted = [key("interactions", key_of(start), published[start]) for start in before]
    tables = read_tables(store, [one for one in wanted if one in kept])
    schema = pa.schema([(name, pa.string()) for name in COLUMNS])
    first = MOST_TEXTS // max(len(tables), 1)
    parts = [table.select(COLUMNS).slice(0, first).cast(schema) for table in tables]
    return pa.concat_tables([schema.empty_table(), *parts])


def _texts(interactions: pa.Table, role: str) -> pa.Table:
    return interactions.filter(pc.is_valid(interactions[role]))


def _sessions(interactions: pa.Table) -> Sequence[str]:
    """The session of each interaction; one without is a session of its own."""
    named = pc.binary_join_element_wise("session", interactions["session"], ":")
    alone = pc.binary_join_element_wise("interaction", interactions["interaction_id"], ":")
    sessions: list[str] = pc.coalesce(named, alone).to_pylist()
    return sessions
