"""The windows before one, as they were published: chosen measures, what was decided of them, and by which judge."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from tasks.adapters.results import key, read_tables
from tasks.adapters.storage import Storage, read_bytes
from tasks.core.manifest import Manifest
from tasks.core.measure import Measure
from tasks.core.measure import from_table as measures_from
from tasks.core.verdict import Direction, State
from tasks.core.verdict import from_table as verdicts_from
from tasks.core.window import key_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One published window: its measures by address, and the states of absolute limits by address and direction."""

    start: datetime
    measures: Mapping[str, Measure]
    states: Mapping[tuple[str, Direction], State]
    fingerprints: Mapping[str, str]
    config_hash: str


def read_past(
    store: Storage, published: Mapping[datetime, int], starts: Sequence[datetime], names: Collection[str]
) -> list[Past]:
    """The windows that begin at `starts`, in that order, with the measures of `names` (`signal.subject.measure`)."""
    places = {
        kind: [key(kind, key_of(start), published[start]) for start in starts] for kind in ("measures", "verdicts")
    }
    measures, verdicts = (read_tables(store, places[kind]) for kind in ("measures", "verdicts"))
    return [
        _past(store, start, published[start], _named(measured, names), decided)
        for start, measured, decided in zip(starts, measures, verdicts, strict=True)
    ]


def _past(store: Storage, start: datetime, revision: int, measured: pa.Table, decided: pa.Table) -> Past:
    manifest = Manifest.model_validate_json(read_bytes(store, key("runs", key_of(start), revision, "json")))
    return Past(
        start=start,
        measures={one.address: one for one in measures_from(measured)},
        states={(one.address, one.direction): one.state for one in verdicts_from(decided) if not one.is_relative},
        fingerprints=manifest.fingerprints,
        config_hash=manifest.config_hash,
    )


def _named(table: pa.Table, names: Collection[str]) -> pa.Table:
    own = pc.binary_join_element_wise(table["signal"], table["subject"], table["measure"], ".")
    return table.filter(pc.is_in(own, value_set=pa.array(sorted(names), pa.string())))
