"""One window read from its source: what is new taken in, its halves settled, its sample drawn and screened."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from configs.monitor import MonitorConfig
from tasks.adapters import settling
from tasks.adapters.engine import open_engine
from tasks.adapters.halves import Halves
from tasks.adapters.intake import Intake, Progress, reader_of, rules_of, take_in
from tasks.adapters.observing import Observing
from tasks.adapters.results import fetch, key, revisions
from tasks.adapters.sampled import Library, read_sampled
from tasks.adapters.screening import QUARANTINE_SCHEMA, Written, contract_measures, write_sample
from tasks.adapters.source import salt_of
from tasks.adapters.staging import Scratch
from tasks.adapters.storage import Storage
from tasks.core.manifest import ReadObject, RecordCounts
from tasks.core.measure import Measure
from tasks.core.operations.service import Terms, service_measures
from tasks.core.records.contract import warnings
from tasks.core.records.facts import hashed
from tasks.core.records.fault import Fault
from tasks.core.records.observed import Observed
from tasks.core.usage.people import usage_measures
from tasks.core.window import Window, key_of

ALONE: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a window's logs hold: the unusable rows, the objects, what became of every row, what a person should know.

    `sample` names a local Parquet file of the sampled interactions, `redacted` the values redacted in them by kind.
    `users` names one of the hashes of users, None where nobody is counted. `candidates` is what is kept of all that the
    sample was chosen from, a table of `candidates_schema`; None where it was not chosen.
    """

    sample: Path
    users: Path | None
    redacted: Mapping[str, int]
    candidates: pa.Table | None
    quarantine: pa.Table
    objects: tuple[ReadObject, ...]
    counts: RecordCounts
    digest: str
    measured: tuple[Measure, ...]
    warnings: tuple[str, ...]


def read_window(
    config: MonitorConfig, window: Window, moment: datetime, store: Storage, scratch: Scratch, progress: Progress
) -> Found:
    """Read what is new, settle the window and read its sample; halves are kept in `store`, all else in `scratch`."""
    intake = take_in(config, store, span_of(config, [window], moment), scratch, progress)
    halves = Halves(store, reader_of(config))
    library = intake.library
    files = intake.files(halves, scratch)
    quarantine = _quarantine(halves, intake, library, window)
    with open_engine(scratch.folder, config.engine.memory_gb) as engine:
        settling.load(engine, files)
        slow_ms = config.operations.slow_ms if config.operations else None
        observing = None
        if config.facts.fields:
            salt_mark = hashed(salt_of(config), "")
            observing = Observing(engine, window, config.facts.segments, slow_ms, salt_mark)
        each_part = observing.add if observing else _nothing
        counts = settling.sample_of(engine, window, rules_of(config), config.sample, each_part)
        observed, users = None, None
        if observing is not None:
            earlier = _earlier(config, window, store, scratch)
            observed = observing.observed(config.decide.min_scored, _written(library), earlier)
            users = scratch.path() if config.facts.with_people else None
            if users is not None:
                observing.write_users(users)
        astray = settling.astray(engine, _homes(library, window), rules_of(config))
        batches = read_sampled(engine, config.source, library, intake.listed, scratch)
        written = write_sample(config, batches, counts["to_judge"], store, scratch)
    record_counts = _counts(counts, quarantine, written.rows)
    read = [library.objects[number] for number in intake.listed & library.objects.keys()]
    objects = sorted(((f"{place.storage.root}/{stored.key}", stored) for place, stored in read), key=lambda one: one[0])
    return Found(
        sample=written.path,
        users=users,
        redacted=written.redacted,
        candidates=written.candidates,
        quarantine=pa.concat_tables(
            [quarantine.select(QUARANTINE_SCHEMA.names).cast(QUARANTINE_SCHEMA), written.broken]
        ),
        objects=tuple(ReadObject(uri=uri, etag=stored.etag, size=stored.size) for uri, stored in objects),
        counts=record_counts,
        digest=str(counts["digest"]),
        measured=(
            *contract_measures(config, window, written.checks, record_counts, counts["newest"], store),
            *_observed_measures(config, window, record_counts, observed),
        ),
        warnings=(
            *_warnings(config, record_counts, len(objects)),
            *_empty_columns(config, written),
            *_astray(*astray),
            *([f"{len(intake.gone)} objects that were read before are gone"] if intake.gone else []),
            *warnings(written.checks),
        ),
    )


def _nothing() -> None:
    pass


def _earlier(config: MonitorConfig, window: Window, store: Storage, scratch: Scratch) -> list[Path]:
    """The users of the windows that are remembered, brought to scratch."""
    if config.usage is None or not config.facts.with_people:
        return []
    since = window.start - config.usage.remember
    kept = {stored.key for stored in store.list("users/")}
    places = [
        key("users", key_of(start), rev) for start, rev in revisions(store).items() if since <= start < window.start
    ]
    return fetch([place for place in places if place in kept], store, scratch)


def _written(library: Library) -> dict[int, datetime]:
    return {number: stored.modified for number, (_, stored) in library.objects.items()}


def _observed_measures(
    config: MonitorConfig, window: Window, counts: RecordCounts, observed: Observed | None
) -> Iterator[Measure]:
    if observed is None:
        return
    mapped = config.source.columns
    if config.operations is not None:
        prices = {name: price.resolved for name, price in config.operations.prices.items()}
        terms = Terms(slow_ms=config.operations.slow_ms, prices=prices)
        yield from service_measures(observed, window, counts.inputs - counts.duplicate_inputs, mapped, terms)
    if config.usage is not None:
        yield from usage_measures(observed, mapped, with_people=config.facts.with_people)


def span_of(config: MonitorConfig, windows: Sequence[Window], moment: datetime) -> Window:
    """The span whose objects can hold halves of the windows, as far as there are any at `moment`."""
    last = max(window.end for window in windows)
    until = min(max(moment, last + config.window.grace), last + rules_of(config).late)
    return Window(
        start=min(window.start for window in windows) - config.window.grace,
        end=max(until, last + config.window.grace),
    )


def _quarantine(halves: Halves, intake: Intake, library: Library, window: Window) -> pa.Table:
    """The unusable rows of the window, by object and line."""
    faults = halves.faults(intake.kept, library.objects.keys(), window)
    uris = {number: f"{place.storage.root}/{stored.key}" for number, (place, stored) in library.objects.items()}
    names = pa.array([uris[number] for number in faults["object"].to_pylist()], pa.string())
    named = faults.set_column(faults.schema.get_field_index("object"), "object", names)
    return named.sort_by([("object", "ascending"), ("line", "ascending")])


def _counts(counts: Mapping[str, Any], quarantine: pa.Table, sampled: int) -> RecordCounts:
    """The counts of the window."""
    reasons = Counter(quarantine["reason"].to_pylist())
    whole = sum(rows for reason, rows in reasons.items() if Fault(reason).is_whole_object)
    lines = quarantine.num_rows - whole
    return RecordCounts(
        lines_read=counts["usable"] + lines,
        quarantined=lines,
        quarantined_objects=whole,
        quarantined_by_reason=dict(sorted(reasons.items())),
        sampled=sampled,
        not_sampled=counts["joined"] - sampled,
        **{name: counts[name] for name in settling.COUNTED},
    )


def _warnings(config: MonitorConfig, counts: RecordCounts, objects: int) -> list[str]:
    """What a person should know about the window's records, one sentence each."""
    told = []
    if not objects:
        told.append(f"there are no objects for this window under {config.source.inputs}")
    limit = config.source.quarantine.warn_above
    if limit is not None and counts.quarantined > limit * counts.lines_read:
        reasons = ", ".join(f"{rows} {reason}" for reason, rows in counts.quarantined_by_reason.items())
        told.append(f"{counts.quarantined} of {counts.lines_read} lines are in quarantine ({reasons})")
    if counts.quarantined_objects:
        told.append(f"{counts.quarantined_objects} objects are damaged; see the quarantine")
    if counts.joined and not counts.sampled:
        told.append(f"none of {counts.joined} interactions fell into the sample; raise sample.rate")
    if counts.orphan_inputs > ALONE * counts.inputs and counts.orphan_outputs > ALONE * counts.outputs:
        told.append(
            "most inputs have no output and most outputs no input: if the collector samples both sides on its own, "
            "collect all of one call or nothing of it"
        )
    return told


def _homes(library: Library, window: Window) -> dict[int, Window]:
    """The times that the folders of objects are for, by object, of those that begin in the window."""
    found = {}
    for number, (place, stored) in library.objects.items():
        home = place.home_of(stored)
        if home is not None and window.start <= home < window.end:
            found[number] = Window(start=home, end=home + place.folders.length)
    return found


def _astray(rows: int, earliest: datetime | None) -> list[str]:
    if earliest is None:
        return []
    return [
        f"{rows} rows have times far from that of their folder, such as {earliest:%Y-%m-%d %H:%M} UTC: no window will "
        "count them; check the clocks of what logs them, and source.time_column"
    ]


def _empty_columns(config: MonitorConfig, written: Written) -> list[str]:
    """A field that the user mapped and no sampled row has is more likely misspelt than absent."""
    own = {
        role for role, field in config.source.columns.items() if config.source.layout_format.columns.get(role) != field
    }
    return [
        f"the field {config.source.columns[role]} is in none of the {written.rows} sampled interactions; "
        f"correct source.columns.{role}"
        for role in config.source.columns
        if role in own and written.rows and not written.filled[role]
    ]
