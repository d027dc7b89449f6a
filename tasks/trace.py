"""Trace: one interaction from its logged lines to the verdicts that it counted in; or why it is not there."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import pyarrow as pa

from configs.monitor import MonitorConfig
from tasks.adapters.locations import open_storage
from tasks.adapters.results import fitted, key, read_manifest, read_table, revisions
from tasks.adapters.sought import Sought, find_quarantined, find_sampled
from tasks.adapters.staging import Scratch, open_scratch
from tasks.adapters.storage import Storage
from tasks.adapters.tracing import read_open_alerts, read_said_by_people, read_scores
from tasks.adapters.whereabouts import Traces, find_halves, find_lines
from tasks.core.errors import ConfigError, StorageError
from tasks.core.manifest import Manifest
from tasks.core.measure import from_table as measures_from
from tasks.core.plain import plain
from tasks.core.records.interaction import BROKEN, INCLUSION, KEYS, SUSPECTED, schema
from tasks.core.records.sample import HASHES, sample_hash
from tasks.core.report.places import address, interaction_anchor, interactions_page
from tasks.core.traced import Fate, HalfSeen, Sampled, Trace, counted_in
from tasks.core.verdict import from_table as verdicts_from
from tasks.core.window import Window, asked_windows, key_of
from tasks.measuring import segments

Progress = Callable[[int, int], None]
ROW: Final = re.compile(r"(?P<call>.+)_(?P<index>\d{1,9})", re.DOTALL)
TEXTS: Final = ("system", "history", "prompt", "completion", "context", "ground_truth", "feedback")
HOUR: Final = timedelta(hours=1)
NAME_SHOWN: Final = 100
PLACE_SHOWN: Final = 500
IN_QUARANTINE: Final = "in quarantine: unusable lines mention it"
NOT_RUN: Final = "has not been run"
MENTIONS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    """Where an interaction is looked for: the published windows, all or the one that was asked for."""

    config: MonitorConfig
    store: Storage
    name: str
    windows: Mapping[datetime, int]
    scratch: Scratch


def trace_interaction(config: MonitorConfig, name: str, window: datetime | None, progress: Progress) -> Trace:
    """Trace an interaction by its ID or that of its call; in the newest window that has it, or in one window.

    `progress` goes by windows. Raises ConfigError where nothing is known of the ID, or where a call has several rows.
    """
    store = open_storage(f"{config.store}/{config.name}", config.store_endpoint_url, create=True)
    published = revisions(store)
    if window is not None:
        (asked,) = asked_windows(window, None, config.window.every, datetime.now(UTC))
        published = {start: rev for start, rev in published.items() if start == asked.start}
    with open_scratch(config.engine.scratch_gb) as scratch:
        search = _Search(config=config, store=store, name=name, windows=published, scratch=scratch)
        sought = find_sampled(store, published, name, progress)
        return _not_sampled(search) if sought is None else _sampled(search, sought)


def _sampled(search: _Search, sought: Sought) -> Trace:
    config, store = search.config, search.store
    if len(sought.interactions) > 1:
        rows = ", ".join(plain(one, NAME_SHOWN) for one in sought.interactions)
        message = f"the call {plain(search.name, NAME_SHOWN)} has several sampled interactions; name one of {rows}"
        raise ConfigError(message)
    (name,) = sought.interactions
    manifest = read_manifest(store, key_of(sought.start), sought.revision)
    place = key("interactions", key_of(sought.start), sought.revision)
    table = fitted(read_table(store, place), schema(config.source.segments))
    mine = table.slice(table["interaction_id"].to_pylist().index(name), 1)
    halves, notes = _halves_of(search, mine.to_pylist()[0], manifest)
    window = Window(start=manifest.window_start, end=manifest.window_end)
    return Trace(
        monitor=config.name,
        interaction_id=name,
        correlation_id=mine["correlation_id"][0].as_py(),
        outcome=f"sampled in the window {window.label} UTC, revision {manifest.revision}",
        window_start=window.start,
        window_end=window.end,
        halves=halves,
        sampled=_as_stored(search, manifest, table, mine),
        notes=(*notes, *_untold(config)),
    )


def _as_stored(search: _Search, manifest: Manifest, table: pa.Table, mine: pa.Table) -> Sampled:
    config, store = search.config, search.store
    (row,) = mine.to_pylist()
    said = read_scores(config, store, manifest, table, row)
    within = {by: values[0] for by, values in segments(config, mine, None).items()}
    within[SUSPECTED] = str(row[SUSPECTED]).lower()
    of_window = key_of(manifest.window_start), manifest.revision
    measures = measures_from(read_table(store, key("measures", *of_window)))
    verdicts = verdicts_from(read_table(store, key("verdicts", *of_window)))
    counted = counted_in(said, within, measures, verdicts)
    page = f"{interactions_page(*of_window)}{interaction_anchor(row['interaction_id'])}"
    others = [name for name in mine.column_names if name not in {*KEYS, *TEXTS, SUSPECTED, BROKEN, INCLUSION}]
    return Sampled(
        revision=manifest.revision,
        event_time=row["event_time"],
        output_time=row["output_time"],
        inclusion=1.0 if row[INCLUSION] is None else row[INCLUSION],
        suspected_injection=row[SUSPECTED],
        contract_broken=row[BROKEN],
        redacted=tuple(sorted(manifest.redacted)),
        texts={role: row[role] for role in TEXTS if row[role] is not None},
        columns={name: row[name] for name in others if row[name] is not None},
        scores=said,
        labels=read_said_by_people(store, manifest, row["interaction_id"]),
        counted_in=counted,
        alerts=read_open_alerts(store, manifest, [one.address for one in counted]),
        report=address(page, config.name, config.store, config.report.base_url),
    )


def _untold(config: MonitorConfig) -> list[str]:
    """Segments by topic are told by the topics of a baseline, which may be another one by now."""
    if "topic" in config.segment_columns and "topic" not in config.source.all_columns:
        return ["which topic it is in, and what it counts in by that, is not told"]
    return []


def _halves_of(
    search: _Search, row: Mapping[str, str], manifest: Manifest
) -> tuple[tuple[HalfSeen, ...], tuple[str, ...]]:
    """The halves of a sampled interaction, and what could not be looked at."""
    call, name = row["correlation_id"], row["interaction_id"]
    index = 0 if name == call else int(name.removeprefix(f"{call}_"))
    traces, notes = _kept_halves(search, call, index)
    if traces.halves:
        return traces.halves, notes
    etags = {one.uri: one.etag for one in manifest.objects}
    objects = {uri: etags.get(uri) for uri in (row["input_object"], row["output_object"])}
    try:
        found = find_lines(search.config, call, index, objects, search.scratch)
    except StorageError as error:
        return (), (*notes, f"its lines were not looked for: {error}")
    note = "the store keeps its halves no more: its lines are where its objects have them now"
    missing = [uri for uri in objects if uri not in {one.object for one in found}]
    gone = [f"it is not in {plain(uri, PLACE_SHOWN)} any more, or that is gone" for uri in missing]
    return found, (*(notes or (note,)), *gone)


def _kept_halves(search: _Search, call: str, index: int | None) -> tuple[Traces, tuple[str, ...]]:
    """The halves that the store keeps of a call; none, and why, where they cannot be looked at."""
    try:
        return find_halves(search.config, search.store, call, index, search.scratch), ()
    except (ConfigError, StorageError) as error:
        return Traces(halves=(), slices=0, days=()), (f"the halves in the store were not looked at: {error}",)


def _not_sampled(search: _Search) -> Trace:
    """Why an ID is in no sample; raises ConfigError where nothing is known of it."""
    config, name = search.config, search.name
    row = ROW.fullmatch(name)
    call, index = name, None
    traces, notes = _kept_halves(search, call, index)
    if not traces.halves and row is not None:
        call, index = row["call"], int(row["index"])
        traces, notes = _kept_halves(search, call, index)
    quarantined = [] if traces.halves else find_quarantined(search.store, search.windows, name, MENTIONS)
    if not traces.halves and not quarantined:
        raise ConfigError(_unknown(search, traces, notes))
    head = next((one for one in traces.halves if one.fate is Fate.JOINED), next(iter(traces.halves), None))
    start = head.window_start if head is not None else quarantined[0].window_start
    return Trace(
        monitor=config.name,
        interaction_id=name,
        correlation_id=call,
        outcome=_why(search, call, index or 0, traces.halves) if traces.halves else IN_QUARANTINE,
        window_start=start,
        window_end=start + config.window.every,
        halves=traces.halves,
        quarantined=tuple(quarantined),
        notes=notes,
    )


def _why(search: _Search, call: str, index: int, halves: Sequence[HalfSeen]) -> str:
    """Why logged halves are in no sample that was looked at."""
    sides = {one.side for one in halves}
    joined = next((one for one in halves if one.fate is Fate.JOINED and one.side == "input"), None)
    if joined is not None:
        return _why_not_chosen(search, call, index, joined.window_start)
    if "input" in sides:
        late = max(search.config.window.revise, search.config.window.grace) / HOUR
        return f"an input without an output: none came within {late:g} h after it (window.revise)"
    if "output" in sides:
        return "an output without an input: none was logged before it"
    if sides == {"other"}:
        return "a record that belongs to no call"
    return f"{' and '.join(sorted(sides)).replace('_', ' ')} of an interaction that was not logged"


def _why_not_chosen(search: _Search, call: str, index: int, start: datetime) -> str:
    config = search.config
    label = Window(start=start, end=start + config.window.every).label
    if start not in search.windows:
        known = start in revisions(search.store)
        return (
            f"joined in the window {label} UTC, which {'was not looked at: leave out --window' if known else NOT_RUN}"
        )
    revision = search.windows[start]
    if not search.store.list(key("interactions", key_of(start), revision)):
        return f"joined in the window {label} UTC, whose interactions are not kept any more (retention.interactions)"
    share = sample_hash(config.sample.seed, call, index) / HASHES
    if config.sample.is_uneven:
        return f"joined in the window {label} UTC, and not chosen among its candidates (sample.stratify, sample.prefer)"
    if share >= config.sample.rate:
        return (
            f"joined in the window {label} UTC, and not sampled: its hash lies at {share:.4f} of all hashes, and the "
            f"sample takes those below {config.sample.rate:g} (sample.rate)"
        )
    sampled = read_manifest(search.store, key_of(start), revision).counts.sampled
    if sampled >= config.sample.at_most:
        return (
            f"joined in the window {label} UTC, and not sampled: {sampled} interactions had smaller hashes "
            "(sample.at_most)"
        )
    return (
        f"joined in the window {label} UTC, and not in its revision {revision}: it came after that was published, or "
        "the sample was set otherwise then; the next run looks whether the window has changed"
    )


def _unknown(search: _Search, traces: Traces, notes: Sequence[str]) -> str:
    config, windows = search.config, sorted(search.windows)
    samples = "no sample, as none is published"
    if windows:
        samples = f"{len(windows)} samples ({windows[0]:%Y-%m-%d %H:%M} to {windows[-1]:%Y-%m-%d %H:%M} UTC)"
    halves = f"the halves of {traces.days[0]} to {traces.days[-1]}" if traces.days else "no halves, as none are kept"
    said = f"; {notes[0]}" if notes else ""
    return (
        f"{config.name} knows no interaction {plain(search.name, NAME_SHOWN)}: looked through {samples}, {halves}, and "
        f"the quarantine{said}; give its ID, or that of its call, as it was logged"
    )
