"""The sampled interactions screened, held against the contract and written, batch by batch."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from configs.monitor import MonitorConfig
from tasks.adapters.choosing import SHOWN_ROLES, Candidates, choose_among
from tasks.adapters.contract_gx import check_rows, frame
from tasks.adapters.results import key, read_tables, revisions
from tasks.adapters.staging import Scratch
from tasks.adapters.storage import Storage
from tasks.adapters.wanted import HELD_BACK
from tasks.core.manifest import RecordCounts
from tasks.core.measure import Measure
from tasks.core.records.contract import (
    arrival_measures,
    broken_rules,
    column_measures,
    earlier_windows,
    quarantined,
)
from tasks.core.records.expectation import Check
from tasks.core.records.interaction import BROKEN, INCLUSION, KEYS, logged, schema, screened
from tasks.core.records.strata import Choice
from tasks.core.records.turns import unfolded
from tasks.core.safety.screen import BATCH_ROWS, Screened, screen
from tasks.core.window import Window, key_of

QUARANTINE_SCHEMA: Final = pa.schema(
    [
        pa.field("object", pa.string(), nullable=False),
        pa.field("line", pa.int64()),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("content", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """A file of interactions as they were logged, the rows that have each column, and what the contract says of them.

    `broken` names the rules that each row breaks, null where it keeps them.
    """

    path: Path
    filled: Mapping[str, int]
    checks: tuple[Check, ...]
    broken: pa.Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A file of sampled interactions: its rows, the values redacted in them by kind, the rows that have each column.

    `checks` is what the contract says of them; `broken` lists those that break it, where the monitor wants it so. Where
    they were chosen among candidates, `candidates` is what is kept of all, and `filled` and `checks` are of all.
    """

    path: Path
    rows: int
    redacted: Mapping[str, int]
    filled: Mapping[str, int]
    checks: tuple[Check, ...]
    broken: pa.Table
    candidates: pa.Table | None


def write_sample(
    config: MonitorConfig, batches: Iterable[pa.RecordBatch], to_judge: int, store: Storage, scratch: Scratch
) -> Written:
    """Hold the interactions against the contract, screen them, and write them as Parquet.

    Where the monitor looks at candidates, all are held against it, and `to_judge` of them are chosen and written.
    """
    found = _logged(config, batches, scratch)
    rows = len(found.broken)
    choice, candidates = Choice(chosen=np.arange(rows), inclusion=np.ones(rows)), None
    if config.sample.looked_at is not None:
        seen = Candidates(config=config, path=found.path, broken=found.broken, store=store)
        choice, candidates = choose_among(seen, to_judge)
    path, held_back = scratch.path(), config.contract is not None and config.contract.on_failure == HELD_BACK
    redacted, listed = Counter[str](dict.fromkeys(config.redact, 0)), list[dict[str, object]]()
    with pq.ParquetWriter(path, schema(config.source.segments), compression="zstd") as writer:
        for one in _screened(config, found, choice):
            writer.write_table(one.interactions)
            redacted.update(one.redacted)
            listed += quarantined(one.interactions, one.interactions[BROKEN]) if held_back else []
    found.path.unlink()
    return Written(
        path=_in_order(path, choice, scratch),
        rows=len(choice.chosen),
        redacted=dict(redacted),
        filled=found.filled,
        checks=found.checks,
        broken=pa.Table.from_pylist(listed, schema=QUARANTINE_SCHEMA),
        candidates=candidates,
    )


def contract_measures(
    config: MonitorConfig,
    window: Window,
    checks: Sequence[Check],
    counts: RecordCounts,
    newest: datetime | None,
    store: Storage,
) -> tuple[Measure, ...]:
    """The measures of the contract; none without one."""
    if config.contract is None:
        return ()
    published = revisions(store)
    before = [start for start in published if start < window.start][-config.contract.volume.windows :]
    tables = read_tables(store, [key("measures", key_of(start), published[start]) for start in before])
    earlier = earlier_windows(tables, config.window.every)
    return (*column_measures(checks), *arrival_measures(counts, newest, window.end, earlier))


def _logged(config: MonitorConfig, batches: Iterable[pa.RecordBatch], scratch: Scratch) -> Logged:
    """Write the interactions aside as they were logged, conversations in pieces, and check them."""
    path, kept = scratch.path(), logged(config.source.segments)
    expectations = () if config.contract is None else config.contract.expectations(config.source.all_columns)
    rows, filled, numbers = 0, Counter[str](), [frame(kept.empty_table(), expectations)]
    with pq.ParquetWriter(path, kept, compression="zstd") as writer:
        for batch in batches:
            table = unfolded(pa.Table.from_batches([batch]))
            writer.write_table(table)
            numbers.append(frame(table, expectations))
            rows += table.num_rows
            filled.update({name: table.num_rows - table[name].null_count for name in table.column_names})
    checks = check_rows(pa.concat_tables(numbers), expectations)
    return Logged(path=path, filled=filled, checks=checks, broken=broken_rules(checks, rows))


def _screened(config: MonitorConfig, found: Logged, choice: Choice) -> Iterator[Screened]:
    """The chosen interactions, batch by batch in the order of the file, as `interaction.schema`."""
    is_chosen = pa.array(np.isin(np.arange(len(found.broken)), choice.chosen))
    inclusion, done = pa.array(choice.inclusion), 0
    with pq.ParquetFile(found.path) as source:
        for batch in source.iter_batches(BATCH_ROWS):
            mine = is_chosen.slice(done, batch.num_rows)
            table = pa.Table.from_batches([batch]).filter(mine)
            one = screen(table, config.redact, SHOWN_ROLES, KEYS, screened(config.source.segments))
            told = {BROKEN: found.broken, INCLUSION: inclusion}
            for name, column in told.items():
                part = column.slice(done, batch.num_rows).filter(mine)
                one = replace(one, interactions=one.interactions.append_column(name, part))
            yield one
            done += batch.num_rows


def _in_order(path: Path, choice: Choice, scratch: Scratch) -> Path:
    """The file with its rows in the order in which they were chosen."""
    order = np.searchsorted(np.sort(choice.chosen), choice.chosen)
    if np.array_equal(order, np.arange(len(order))):
        return path
    table, target = pq.read_table(path), scratch.path()
    pq.write_table(pa.concat_tables([table.slice(place, 1) for place in order.tolist()]), target, compression="zstd")
    path.unlink()
    return target
