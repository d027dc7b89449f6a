"""Collect: from the objects in storage to the sampled interactions of a window, every line accounted for."""

import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa
from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from configs.monitor import JUDGED_ROLES, MonitorConfig
from tasks.adapters import engine
from tasks.adapters.engine import Quarantined, Side
from tasks.adapters.locations import open_storage
from tasks.adapters.results import key, write_table
from tasks.adapters.source import Place, objects_of, open_place
from tasks.adapters.staging import Budget, Staged, stage
from tasks.adapters.storage import Storage, read_bytes
from tasks.core.errors import ConfigError
from tasks.core.manifest import Manifest, ReadObject, RecordCounts
from tasks.core.records.interaction import KEYS, schema
from tasks.core.records.layout import Layout
from tasks.core.run import Collected, Job
from tasks.core.safety.redaction import redact
from tasks.core.safety.screen import screen
from tasks.core.window import Window
from tasks.retry import may_heal

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

GIGABYTE: Final = 1_000_000_000
SECOND_SIDE: Final = 1_000_000  # the outputs' objects are numbered from here
ALONE: Final = 0.5
QUARANTINE_SCHEMA: Final = pa.schema(
    [
        pa.field("object", pa.string(), nullable=False),
        pa.field("line", pa.int64()),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("content", pa.string()),
    ]
)


@task(
    retries=2,
    retry_delay_seconds=10,
    retry_condition_fn=may_heal,
    cache_policy=NO_CACHE,
    task_run_name="collect {job.window.key}",
)
def collect(config: MonitorConfig, job: Job) -> Collected:
    """Pull, join and sample one window; the interactions and the quarantine are written to the store."""
    log = get_run_logger()
    store = open_storage(f"{config.store}/{config.name}", config.store_endpoint_url, create=True)
    collected = collect_window(config, job.window, job.revision, store)
    counts = collected.counts
    log.info("read %d lines in %d objects", counts.lines_read, len(collected.objects))
    log.info("joined %d interactions, sampled %d", counts.joined, counts.sampled)
    for warning in collected.warnings:
        log.warning(warning)
    return collected


@task(cache_policy=NO_CACHE, task_run_name="recollect {job.window.key}")
def recollect(config: MonitorConfig, job: Job) -> Collected:
    """What the last revision of the window collected, for this one: the logs are not read again."""
    store = open_storage(f"{config.store}/{config.name}", config.store_endpoint_url, create=True)
    return recollect_window(job.window, job.revision, store)


def recollect_window(window: Window, revision: int, store: Storage) -> Collected:
    """As `recollect`, without Prefect; raises ConfigError where the window was never run."""
    try:
        before = Manifest.model_validate_json(read_bytes(store, key("runs", window.key, revision - 1, "json")))
    except FileNotFoundError as error:
        message = f"the window {window.label} UTC has not been run; a replay needs a run before it"
        raise ConfigError(message) from error
    tables = {kind: key(kind, window.key, revision) for kind in ("interactions", "quarantine")}
    for kind, place in tables.items():
        store.put(place, read_bytes(store, key(kind, window.key, revision - 1)))
    return Collected(
        interactions=tables["interactions"],
        objects=before.objects,
        counts=RecordCounts.model_validate(before.counts.model_dump(exclude={"metrics"})),
        redacted=before.redacted,
        warnings=(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a window's logs hold: the sampled interactions, the unusable rows, what became of every row."""

    interactions: pa.Table
    redacted: Mapping[str, int]
    quarantine: pa.Table
    objects: tuple[ReadObject, ...]
    counts: RecordCounts
    warnings: tuple[str, ...]


def collect_window(config: MonitorConfig, window: Window, revision: int, store: Storage) -> Collected:
    """As `collect`, without Prefect."""
    found = read_window(config, window)
    write_table(store, key("quarantine", window.key, revision), found.quarantine)
    return Collected(
        interactions=write_table(store, key("interactions", window.key, revision), found.interactions),
        objects=found.objects,
        counts=found.counts,
        redacted=found.redacted,
        warnings=found.warnings,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One window's logs while they are read."""

    config: MonitorConfig
    window: Window
    places: Sequence[Place]
    sides: Sequence[Side]
    database: "DuckDBPyConnection"
    scratch: Path


def read_window(config: MonitorConfig, window: Window) -> Found:
    """Pull, join and sample one window; nothing is written."""
    source = config.source
    places = [open_place(source.inputs, source.layout_format.folders, source.endpoint_url)]
    if source.outputs is not None:
        places.append(open_place(source.outputs, source.layout_format.folders, source.endpoint_url))
    with tempfile.TemporaryDirectory(prefix="genwatch-") as folder:
        scratch = Path(folder)
        sides = _stage_sides(config, window, places, scratch)
        staged = {number: one for side in sides for number, one in side.staged.items()}
        with engine.open_engine(scratch, config.engine.memory_gb) as database:
            reading = Reading(
                config=config, window=window, places=places, sides=sides, database=database, scratch=scratch
            )
            interactions, counts, quarantine = _decode(reading)
    screened = screen(interactions, config.redact, JUDGED_ROLES, KEYS, schema(source.segments))
    return Found(
        interactions=screened.interactions,
        redacted=screened.redacted,
        quarantine=_quarantine_table(quarantine, staged, config.redact),
        objects=tuple(ReadObject(uri=one.uri, etag=one.etag, size=one.size) for _, one in sorted(staged.items())),
        counts=counts,
        warnings=(*_warnings(config, counts, len(staged)), *_empty_columns(config, interactions)),
    )


def _stage_sides(config: MonitorConfig, window: Window, places: Sequence[Place], scratch: Path) -> list[Side]:
    sides = []
    budget = Budget(scratch, int(config.engine.scratch_gb * GIGABYTE))
    for name, place, first in zip(("inputs", "outputs"), places, (0, SECOND_SIDE), strict=False):
        target = scratch / name
        target.mkdir()
        found = objects_of(place, window, config.window.grace, config.source.layout_format.suffixes)
        staged = stage(place.storage, found, target, budget)
        sides.append(Side(name=name, staged=dict(enumerate(staged, start=first))))
    return sides


def _decode(reading: Reading) -> tuple[pa.Table, RecordCounts, list[Quarantined]]:
    """The sampled interactions, what became of every row, and the rows of this window that cannot be used."""
    config, window, database = reading.config, reading.window, reading.database
    source = config.source
    layout = source.layout_format.read(source.source_columns)
    faults: list[Quarantined] = []
    for place, side in zip(reading.places, reading.sides, strict=True):
        faults += _split_side(reading, place, side, layout)
    if len(reading.sides) == 1:
        engine.mirror(database)
    homes = _homes(reading)
    mine = [fault for fault in faults if window.start <= (fault.time or homes[fault.object]) < window.end]
    halves = engine.join_halves(database, window)
    sampled = engine.draw(database, config.sample.rate, config.sample.at_most, config.sample.seed)
    sides = [reading.sides[0], reading.sides[-1]]
    interactions = engine.read_sample(database, sides, layout, source.source_columns, source.segments)
    return interactions, _counts(halves, faults, mine, sampled), mine


def _split_side(reading: Reading, place: Place, side: Side, layout: Layout) -> list[Quarantined]:
    """Make the halves of one side; return the rows that cannot be used."""
    source, database = reading.config.source, reading.database
    read, unread = engine.load(database, side, reading.scratch, is_tabular=source.layout_format.tabular)
    needs_objects = source.source_columns.needs_objects
    no_text, references = engine.split(database, read, layout, reading.scratch, needs_objects=needs_objects)
    if references:
        files = {
            (number, reference): content
            for number, reference in references
            if (content := _referenced(place, read.staged[number], reference)) is not None
        }
        engine.add_referenced(database, read, layout, files, needs_objects=needs_objects)
    return [*unread, *no_text, *engine.faulty_rows(database, read)]


def _referenced(place: Place, staged: Staged, reference: str) -> str | None:
    """The rows that lie in a file beside the object; the name counts, the address before it does not.

    A reference is logged text: it can name no file outside the object's own folder.
    """
    name = reference.split("?", maxsplit=1)[0].rstrip("/").rsplit("/", 1)[-1]
    if name in {"", ".", ".."}:
        return None
    folder = staged.key.rpartition("/")[0]
    sink = BytesIO()
    try:
        place.storage.read(f"{folder}/{name}" if folder else name, sink)
        return sink.getvalue().decode()
    except (FileNotFoundError, UnicodeDecodeError):
        return None


def _homes(reading: Reading) -> Mapping[int, datetime]:
    """The time that a line without one is counted under: its folder's, else the earliest in its object."""
    homes: dict[int, datetime] = {}
    for place, side in zip(reading.places, reading.sides, strict=True):
        earliest = engine.earliest(reading.database, side)
        for number, one in side.staged.items():
            homes[number] = place.folders.time_of(one.key) or earliest.get(number) or one.modified
    return homes


def _counts(
    halves: Mapping[str, int], faults: Sequence[Quarantined], mine: Sequence[Quarantined], sampled: int
) -> RecordCounts:
    """The counts of the window; `lines_read` is what was read less what belongs elsewhere, not a sum of the rest."""
    lines = [fault for fault in mine if not fault.fault.is_whole_object]
    all_lines = sum(1 for fault in faults if not fault.fault.is_whole_object)
    read = halves["usable"] + all_lines
    elsewhere = halves["elsewhere"] + all_lines - len(lines)
    names = RecordCounts.model_fields.keys() & halves.keys()
    return RecordCounts(
        lines_read=read - elsewhere,
        quarantined=len(lines),
        quarantined_objects=len(mine) - len(lines),
        quarantined_by_reason=dict(sorted(Counter(str(fault.fault) for fault in mine).items())),
        sampled=sampled,
        not_sampled=halves["joined"] - sampled,
        **{name: halves[name] for name in names},
    )


def _quarantine_table(mine: Sequence[Quarantined], staged: Mapping[int, Staged], kinds: Sequence[str]) -> pa.Table:
    rows = [
        {
            "object": staged[fault.object].uri,
            "line": fault.line,
            "reason": str(fault.fault),
            "content": redact({"content": fault.content}, kinds).texts["content"],
        }
        for fault in sorted(mine, key=lambda fault: (fault.object, fault.line or 0))
    ]
    return pa.Table.from_pylist(rows, schema=QUARANTINE_SCHEMA)


def _warnings(config: MonitorConfig, counts: RecordCounts, objects: int) -> list[str]:
    """What a person should know about the window's records, one sentence each."""
    warnings = []
    if not objects:
        warnings.append(f"there are no objects for this window under {config.source.inputs}")
    limit = config.source.quarantine.warn_above
    if limit is not None and counts.quarantined > limit * counts.lines_read:
        reasons = ", ".join(f"{rows} {reason}" for reason, rows in counts.quarantined_by_reason.items())
        warnings.append(f"{counts.quarantined} of {counts.lines_read} lines are in quarantine ({reasons})")
    if counts.quarantined_objects:
        warnings.append(f"{counts.quarantined_objects} objects are damaged; see the quarantine")
    if counts.joined and not counts.sampled:
        warnings.append(f"none of {counts.joined} interactions fell into the sample; raise sample.rate")
    if counts.orphan_inputs > ALONE * counts.inputs and counts.orphan_outputs > ALONE * counts.outputs:
        warnings.append(
            "most inputs have no output and most outputs no input: if the collector samples both sides on its own, "
            "collect all of one call or nothing of it"
        )
    return warnings


def _empty_columns(config: MonitorConfig, interactions: pa.Table) -> list[str]:
    """A mapped field that no sampled row has is more likely misspelt than absent."""
    rows = interactions.num_rows
    return [
        f"the field {field} is in none of the {rows} sampled interactions; correct source.columns.{role}"
        for role, field in config.source.columns.items()
        if rows and interactions[role].null_count == rows
    ]
