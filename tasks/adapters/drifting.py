"""Drift of a window's texts and columns against those of the windows before it, as the store has them."""

from collections.abc import Iterator
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from configs.drift import ROLES, UNCOMPARED, Baseline
from configs.monitor import MonitorConfig
from tasks.adapters.baseline import read_baseline
from tasks.adapters.results import key, read_tables, revisions
from tasks.adapters.storage import Storage
from tasks.core.drift.columns import categorical_drift, numeric_drift
from tasks.core.drift.measures import column_measures, text_measures
from tasks.core.drift.text import text_drift
from tasks.core.measure import Measure
from tasks.core.records.interaction import NUMERIC_ROLES, sessions_of
from tasks.core.window import Window, key_of

MOST_TEXTS: Final = 20_000  # on either side
NEEDED: Final = ("interaction_id", "session", *ROLES)


def drift_measures(config: MonitorConfig, window: Window, interactions: pa.Table, store: Storage) -> Iterator[Measure]:
    """The measures of drift; none where the monitor does not ask for them."""
    if config.drift is None:
        return
    compared = [name for name in config.source.all_columns if name not in UNCOMPARED]
    schema = pa.schema(
        [(name, pa.float64() if name in NUMERIC_ROLES else pa.string()) for name in (*NEEDED, *compared)]
    )
    before = baseline_of(config.drift.baseline, store, window, schema)
    now = interactions.select(schema.names).slice(0, MOST_TEXTS)
    for role in ROLES:
        yield from _of_texts(config, role, before, now)
    for name in compared:
        values = _values(before, name), _values(now, name)
        is_number = name in NUMERIC_ROLES
        found = numeric_drift(*values) if is_number else categorical_drift(*values)
        yield from column_measures(name, found, len(values[1]), is_number=is_number)


def baseline_of(asked: Baseline, store: Storage, window: Window, schema: pa.Schema) -> pa.Table:
    """The interactions that a window is held against; raises ConfigError where a fixed baseline is not there."""
    return read_baseline(store, schema) if asked.fixed else previous_interactions(store, window, asked.previous, schema)


def previous_interactions(store: Storage, window: Window, windows: int, schema: pa.Schema) -> pa.Table:
    """The sampled interactions of so many published windows before this one, as far as they are still kept.

    At most `MOST_TEXTS`, as many of each: they lie in the order of the sample, so the first are a sample as well. A
    column that a window did not have yet is null there.
    """
    published = revisions(store)
    before = [start for start in published if start < window.start][-windows:]
    kept = {stored.key for stored in store.list("interactions/")}
    wanted = [key("interactions", key_of(start), published[start]) for start in before]
    tables = read_tables(store, [one for one in wanted if one in kept])
    first = MOST_TEXTS // max(len(tables), 1)
    parts = [_fitted(table.slice(0, first), schema) for table in tables]
    return pa.concat_tables([schema.empty_table(), *parts])


def _fitted(table: pa.Table, schema: pa.Schema) -> pa.Table:
    rows = table.num_rows
    columns = [
        table[field.name].cast(field.type) if field.name in table.column_names else pa.nulls(rows, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _of_texts(config: MonitorConfig, role: str, before: pa.Table, now: pa.Table) -> list[Measure]:
    told = [table.filter(pc.is_valid(table[role])) for table in (before, now)]
    found = text_drift(
        told[0][role].to_pylist(),
        told[1][role].to_pylist(),
        (sessions_of(told[0]), sessions_of(told[1])) if "session" in config.source.all_columns else None,
        confidence=config.decide.confidence,
        seed=config.sample.seed,
    )
    return text_measures(role, found, told[1].num_rows)


def _values(table: pa.Table, name: str) -> list[Any]:
    values: list[Any] = table[name].drop_null().to_pylist()
    return values
