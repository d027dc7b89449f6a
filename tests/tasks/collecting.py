"""One window collected from objects given as bytes: its counts, its quarantine, what came out of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from configs.monitor import MonitorConfig
from tasks.adapters.results import key, read_table
from tasks.collect import collect_window
from tasks.core.manifest import Counts, check_counts
from tasks.core.records.fault import Fault
from tasks.core.window import Window
from tests.builders import SIX, WINDOW, job, monitor, store_of

HOURS = "{yyyy}/{MM}/{dd}/{HH}"
COUNTED = (
    "inputs",
    "outputs",
    "not_calls",
    "later",
    "quarantined",
    "quarantined_objects",
    "joined",
    "orphan_inputs",
    "orphan_outputs",
    "duplicate_inputs",
    "duplicate_outputs",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What became of a window: the counts that are not zero, (object, line, reason) of what is in quarantine, the rows.

    Objects go by their side and name, `inputs/i.jsonl`.
    """

    counts: Mapping[str, int]
    quarantine: Sequence[tuple[str, int | None, str]]
    rows: Sequence[Mapping[str, Any]]

    @property
    def texts(self) -> dict[str, tuple[str | None, str | None]]:
        """The prompt and the completion of each interaction."""
        return {row["interaction_id"]: (row["prompt"], row["completion"]) for row in self.rows}


def put(folder: Path, side: str, objects: Mapping[str, bytes]) -> None:
    """Write objects into the folder of the hour, as the collector lays it out."""
    put_in(folder / f"logs/model_{side}", objects)


def put_in(location: Path, objects: Mapping[str, bytes]) -> None:
    """Write objects into the folder of the hour in a location with dated folders."""
    path = location / f"{SIX:%Y/%m/%d/%H}"
    path.mkdir(parents=True, exist_ok=True)
    for name, content in objects.items():
        (path / name).write_bytes(content)


def source_of(kind: str, folder: Path) -> dict[str, Any]:
    """The source of a format whose records hold both halves, in dated folders of `folder/kind`."""
    return {"format": kind, "inputs": f"{(folder / kind).as_uri()}/{HOURS}", "outputs": None, "columns": {}}


def look(folder: Path, inputs: bytes, outputs: bytes, name: str = "i.jsonl", **changes: Any) -> Seen:
    """Collect the window of an object on either side."""
    put(folder, "inputs", {name: inputs})
    put(folder, "outputs", {name: outputs})
    return see(monitor(folder, **changes))


def see(config: MonitorConfig, window: Window = WINDOW) -> Seen:
    """Collect a window whose counts add up, to each other, to the rows and to the quarantine."""
    store = store_of(config)
    found = collect_window(config, job(window), store)
    counts = found.counts
    check_counts(Counts(**counts.model_dump(), metrics={}))
    rows = read_table(store, found.interactions).to_pylist()
    unusable = read_table(store, key("quarantine", window.key, 0)).to_pylist()
    split = counts.orphan_inputs + counts.orphan_outputs + counts.duplicate_inputs + counts.duplicate_outputs
    assert counts.lines_read == 2 * counts.joined + split + counts.not_calls + counts.later + counts.quarantined
    assert len(rows) == counts.sampled
    whole = sum(Fault(row["reason"]).is_whole_object for row in unusable)
    assert (len(unusable) - whole, whole) == (counts.quarantined, counts.quarantined_objects)
    return Seen(
        counts={name: number for name in COUNTED if (number := getattr(counts, name))},
        quarantine=[(_short(row["object"]), row["line"], row["reason"]) for row in unusable],
        rows=rows,
    )


def _short(uri: str) -> str:
    side, _, name = uri.partition("/model_")[2].partition("/")
    return f"{side}/{name.rpartition('/')[2]}" if side else uri.rpartition("/")[2]
