"""The sampled interactions screened, held against the contract and written, batch by batch."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from configs.monitor import JUDGED_ROLES, MonitorConfig
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
from tasks.core.records.interaction import BROKEN, KEYS, logged, schema, screened
from tasks.core.records.turns import unfolded
from tasks.core.safety.screen import screen
from tasks.core.window import Window, key_of

QUARANTINE_SCHEMA: Final = pa.schema(
    [
        pa.field("object", pa.string(), nullable=False),
        pa.field("line", pa.int64()),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("content", pa.string()),
    ]
)


SHOWN_ROLES: Final = (*JUDGED_ROLES, "history")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A file of sampled interactions: its rows, the values redacted in them by kind, the rows that have each column.

    `checks` is what the contract says of them; `broken` lists those that break it, where the monitor wants it so.
    """

    path: Path
    rows: int
    redacted: Mapping[str, int]
    filled: Mapping[str, int]
    checks: tuple[Check, ...]
    broken: pa.Table


def write_sample(config: MonitorConfig, batches: Iterable[pa.RecordBatch], scratch: Scratch) -> Written:
    """Screen the sampled interactions, hold them against the contract, and write them as Parquet."""
    aside = scratch.path()
    expectations = () if config.contract is None else config.contract.expectations(config.source.all_columns)
    rows, redacted, filled = 0, Counter[str](dict.fromkeys(config.redact, 0)), Counter[str]()
    numbers = [frame(logged(config.source.segments).empty_table(), expectations)]
    kept = screened(config.source.segments)
    with pq.ParquetWriter(aside, kept, compression="zstd") as writer:
        for batch in batches:
            table = unfolded(pa.Table.from_batches([batch]))
            numbers.append(frame(table, expectations))
            found = screen(table, config.redact, SHOWN_ROLES, KEYS, kept)
            writer.write_table(found.interactions)
            rows += batch.num_rows
            redacted.update(found.redacted)
            filled.update({name: table.num_rows - table[name].null_count for name in table.column_names})
    checks = check_rows(pa.concat_tables(numbers), expectations)
    path, broken = _with_verdicts(config, aside, broken_rules(checks, rows), scratch)
    return Written(path=path, rows=rows, redacted=dict(redacted), filled=filled, checks=checks, broken=broken)


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


def _with_verdicts(config: MonitorConfig, aside: Path, broken: pa.Array, scratch: Scratch) -> tuple[Path, pa.Table]:
    """The file with the rules that each row breaks, and the rows that are to be listed in quarantine for it."""
    path = scratch.path()
    held_back = config.contract is not None and config.contract.on_failure == HELD_BACK
    listed: list[dict[str, object]] = []
    done = 0
    with (
        pq.ParquetFile(aside) as source,
        pq.ParquetWriter(path, schema(config.source.segments), compression="zstd") as writer,
    ):
        for batch in source.iter_batches():
            table = pa.Table.from_batches([batch])
            mine = broken.slice(done, table.num_rows)
            listed += quarantined(table, mine) if held_back else []
            writer.write_table(table.append_column(BROKEN, mine))
            done += table.num_rows
    aside.unlink()
    return path, pa.Table.from_pylist(listed, schema=QUARANTINE_SCHEMA)
