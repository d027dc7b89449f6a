"""The windows before one as they were published: chosen measures, with the judge and the file that they came from."""

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from tasks.adapters.results import THREADS, key, read_manifest, read_tables
from tasks.adapters.storage import Storage
from tasks.core.measure import Measure, from_table
from tasks.core.window import key_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One published window: its measures by address, and the judge and the monitor file that they came from."""

    start: datetime
    measures: Mapping[str, Measure]
    fingerprints: Mapping[str, str]
    evidence_hash: str


def read_past(
    store: Storage, published: Mapping[datetime, int], starts: Sequence[datetime], names: Collection[str]
) -> list[Past]:
    """The windows that begin at `starts`, in that order, with the measures of `names` (`signal.subject.measure`)."""
    tables = read_tables(store, [key("measures", key_of(start), published[start]) for start in starts])
    with ThreadPoolExecutor(THREADS) as pool:
        manifests = list(pool.map(lambda start: read_manifest(store, key_of(start), published[start]), starts))
    return [
        Past(
            start=start,
            measures={one.address: one for one in from_table(_named(table, names))},
            fingerprints=manifest.fingerprints,
            evidence_hash=manifest.evidence_hash,
        )
        for start, table, manifest in zip(starts, tables, manifests, strict=True)
    ]


def _named(table: pa.Table, names: Collection[str]) -> pa.Table:
    own = pc.binary_join_element_wise(table["signal"], table["subject"], table["measure"], ".")
    return table.filter(pc.is_in(own, value_set=pa.array(sorted(names), pa.string())))
