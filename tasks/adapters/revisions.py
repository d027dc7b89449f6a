"""Revisions: the closed windows that what came late has changed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from configs.monitor import MonitorConfig
from tasks.adapters import settling
from tasks.adapters.engine import open_engine
from tasks.adapters.halves import Halves, KeptSlice
from tasks.adapters.intake import Intake, Progress, reader_of, rules_of, take_in
from tasks.adapters.results import read_manifest
from tasks.adapters.staging import open_scratch
from tasks.adapters.storage import Storage
from tasks.core.manifest import Manifest
from tasks.core.window import Window, key_of, window_at

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Engine


def changed_windows(
    config: MonitorConfig, store: Storage, published: Mapping[datetime, int], moment: datetime, progress: Progress
) -> list[Window]:
    """The published windows that are not what they were when they were published, oldest first.

    Those are looked at that ended within `window.revise` before `moment`: the objects that can hold their halves, or
    outputs that came late, are listed, and what is new is read.
    """
    every = config.window.every
    open_still = [start for start in published if start + every + config.window.revise > moment]
    if not open_still:
        return []
    halves = Halves(store, reader_of(config))
    span = Window(start=min(open_still) - config.window.grace, end=max(moment, max(open_still) + every))
    with open_scratch(config.engine.scratch_gb) as scratch:
        intake = take_in(config, store, span, scratch, progress)
        considered = halves.considered()
        fresh = [one for one in intake.kept if one.folder not in considered]
        if not fresh:
            return []
        with open_engine(scratch.folder, config.engine.memory_gb) as engine:
            settling.load(engine, intake.files(halves, scratch))
            starts = _touched(config, engine, halves, intake, fresh) & set(open_still) - _without_logs(config, intake)
            now = _counts(config, engine, halves, intake, sorted(starts))
    before = {start: read_manifest(store, key_of(start), published[start]) for start in sorted(starts)}
    changed = [start for start, manifest in before.items() if _differs(manifest, now[start])]
    if not changed:
        halves.consider([one.folder for one in intake.kept])
    return [window_at(start, every) for start in changed]


def _touched(
    config: MonitorConfig, engine: "Engine", halves: Halves, intake: Intake, fresh: Sequence[KeptSlice]
) -> set[datetime]:
    """The starts of the windows that hold anything of an ID, or an unusable row, of the fresh slices."""
    numbers = sorted({number for one in fresh for number in one.objects})
    engine.execute("CREATE OR REPLACE TABLE fresh AS SELECT unnest($1::UBIGINT[]) AS object", [numbers])
    keys = "SELECT key FROM all_halves SEMI JOIN fresh USING (object)"
    counted = settling.counts_of(engine, None, keys, rules_of(config))
    faults = halves.faults(fresh, intake.library.objects.keys(), columns=("object", "time"))
    return counted.keys() | {window_at(time, config.window.every).start for time in faults["time"].to_pylist()}


def _without_logs(config: MonitorConfig, intake: Intake) -> set[datetime]:
    """The starts of the windows whose logs are gone, at least in part: they stay as they are."""
    homes = [place.home_of(stored) or stored.modified for place, stored in intake.gone.values()]
    return {window_at(home, config.window.every).start for home in homes}


def _counts(
    config: MonitorConfig, engine: "Engine", halves: Halves, intake: Intake, starts: Sequence[datetime]
) -> dict[datetime, dict[str, Any]]:
    """What each of the windows counts now."""
    faults = halves.faults(intake.kept, intake.library.objects.keys(), columns=("object", "time"))
    unusable = Counter(window_at(time, config.window.every).start for time in faults["time"].to_pylist())
    found = {}
    for start in starts:
        window = window_at(start, config.window.every)
        counts = settling.counts_of(engine, window, settling.keys_in(window), rules_of(config)).get(start, {})
        found[start] = {**settling.NOTHING, **counts, "unusable": unusable[start]}
    return found


def _differs(manifest: Manifest, counts: Mapping[str, Any]) -> bool:
    before = manifest.counts.model_dump()
    unusable = manifest.counts.quarantined + manifest.counts.quarantined_objects
    return (
        any(before[name] != counts[name] for name in settling.COUNTED)
        or manifest.digest != str(counts["digest"])
        or unusable != counts["unusable"]
    )
