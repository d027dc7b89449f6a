"""Labels in the store: append-only, each file of labels an object named by its content."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from tasks.adapters.results import fitted, read_tables, write_table
from tasks.adapters.storage import Storage
from tasks.core.labels.label import Label, Labelled, labelled
from tasks.core.measure import TIMESTAMP

FOLDER: Final = "labels/"
DIGITS: Final = 32
SCHEMA: Final = pa.schema(
    [
        pa.field("interaction_id", pa.string(), nullable=False),
        pa.field("window_start", TIMESTAMP, nullable=False),
        pa.field("metric", pa.string(), nullable=False),
        pa.field("label", pa.float64(), nullable=False),
        pa.field("labeller", pa.string(), nullable=False),
        pa.field("labelled_at", TIMESTAMP, nullable=False),
        pa.field("probability", pa.float64(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
        pa.field("fingerprint", pa.string(), nullable=False),
        pa.field("session", pa.string()),
        pa.field("frame", pa.map_(pa.float64(), pa.float64()), nullable=False),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The labels of one metric under the present judge; `others` are the labels that only other judges have met."""

    rows: Sequence[Labelled]
    others: int


def write_labels(store: Storage, labels: Sequence[Label]) -> str:
    """Keep labels; returns the key. The same labels again, whenever they were given, are the same object."""
    rows = [_row(one) for one in labels]
    said = sorted(repr([value for name, value in row.items() if name not in {"labelled_at", "frame"}]) for row in rows)
    digest = hashlib.sha256("\n".join(said).encode(errors="surrogatepass")).hexdigest()[:DIGITS]
    place = f"{FOLDER}{digest}.parquet"
    if not store.list(place):
        write_table(store, place, pa.Table.from_pylist(rows, schema=SCHEMA))
    return place


def all_labels(store: Storage) -> list[Label]:
    """Every label that was ever kept, in no particular order."""
    tables = read_tables(store, [stored.key for stored in store.list(FOLDER)])
    return [_label(row) for table in tables for row in fitted(table, SCHEMA).to_pylist()]


def read_labels(store: Storage, fingerprints: Mapping[str, str], pass_at: Mapping[str, int]) -> Mapping[str, Known]:
    """By metric what is known by the judges of these fingerprints; metrics without any label have none."""
    return known_labels(all_labels(store), fingerprints, pass_at)


def known_labels(
    labels: Iterable[Label], fingerprints: Mapping[str, str], pass_at: Mapping[str, int]
) -> dict[str, Known]:
    """As `read_labels`, of labels that were read already."""
    by_metric: dict[str, list[Label]] = {}
    for one in labels:
        if one.metric in pass_at:
            by_metric.setdefault(one.metric, []).append(one)
    found = {}
    for name, rows in by_metric.items():
        mine = [one for one in rows if one.fingerprint == fingerprints.get(name)]
        met = {(one.interaction_id, one.labeller) for one in mine}
        others = {(one.interaction_id, one.labeller) for one in rows} - met
        found[name] = Known(rows=labelled(mine, pass_at[name]), others=len(others))
    return found


def _row(one: Label) -> dict[str, object]:
    row: dict[str, object] = {name: getattr(one, name) for name in SCHEMA.names}
    return row | {"frame": sorted(one.frame.items())}


def _label(row: dict[str, object]) -> Label:
    return Label(**(row | {"frame": dict(row["frame"] or ())}))  # type: ignore[call-overload]
