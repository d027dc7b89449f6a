"""Collect: from the objects in storage to the sampled interactions of a window, every line accounted for."""

from collections.abc import Sequence
from typing import Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from configs.monitor import MonitorConfig
from tasks.adapters.intake import Progress, take_in
from tasks.adapters.locations import open_storage
from tasks.adapters.results import check_unpublished, key, read_manifest, read_table, write_table
from tasks.adapters.staging import open_scratch
from tasks.adapters.storage import Storage, read_bytes
from tasks.adapters.windows import read_window, span_of
from tasks.core.errors import ConfigError
from tasks.core.manifest import RecordCounts
from tasks.core.measure import from_table
from tasks.core.operations.service import MEASURES as SERVICE
from tasks.core.progress import Sampled
from tasks.core.records.contract import SIGNAL as CONTRACT
from tasks.core.run import Collected, Job
from tasks.core.usage.people import MEASURES as USAGE
from tasks.core.window import Window
from tasks.progress import read_progress, tell
from tasks.retry import may_heal

MAY_BE_ABSENT: Final = ("users", "candidates")  # nobody may have been counted, nothing chosen


@task(
    retries=2,
    retry_delay_seconds=10,
    retry_condition_fn=may_heal,
    cache_policy=NO_CACHE,
    task_run_name="collect {job.window.start:%Y-%m-%d %H:%M}",
)
def collect(config: MonitorConfig, job: Job) -> Collected:
    """Pull, join and sample one window; the interactions and the quarantine are written to the store."""
    log = get_run_logger()
    store = open_storage(f"{config.store}/{config.name}", config.store_endpoint_url, create=True)
    collected = collect_window(config, job, store, read_progress(log, job.window))
    counts = collected.counts
    tell(Sampled(window=job.window, joined=counts.joined, sampled=counts.sampled))
    log.info("listed %d objects of this window and its neighbours", len(collected.objects))
    log.info("read %d lines: %d inputs, %d outputs, %d in quarantine", *_read(counts))
    log.info("joined %d interactions; %d inputs without an output", counts.joined, counts.orphan_inputs)
    log.info("sampled %d of %d", counts.sampled, counts.joined)
    for warning in collected.warnings:
        log.warning("%s", warning)
    return collected


@task(
    retries=2,
    retry_delay_seconds=10,
    retry_condition_fn=may_heal,
    cache_policy=NO_CACHE,
    task_run_name="read logs from {jobs[0].window.start:%Y-%m-%d %H:%M} on",
)
def prepare(config: MonitorConfig, jobs: Sequence[Job]) -> int:
    """Read the logs of several windows, each object once; returns how many objects were new."""
    log = get_run_logger()
    store = open_storage(f"{config.store}/{config.name}", config.store_endpoint_url, create=True)
    span = span_of(config, [job.window for job in jobs], max(job.moment for job in jobs))
    with open_scratch(config.engine.scratch_gb) as scratch:
        intake = take_in(config, store, span, scratch, read_progress(log))
    log.info("read %d objects that were new", len(intake.new))
    return len(intake.new)


@task(cache_policy=NO_CACHE, task_run_name="recollect {job.window.start:%Y-%m-%d %H:%M}")
def recollect(config: MonitorConfig, job: Job) -> Collected:
    """What the last revision of the window collected, for this one: the logs are not read again."""
    store = open_storage(f"{config.store}/{config.name}", config.store_endpoint_url, create=True)
    return recollect_window(job.window, job.revision, store)


def _read(counts: RecordCounts) -> tuple[int, int, int, int]:
    return counts.lines_read, counts.inputs, counts.outputs, counts.quarantined


def recollect_window(window: Window, revision: int, store: Storage) -> Collected:
    """As `recollect`, without Prefect; raises ConfigError where the window was never run."""
    try:
        before = read_manifest(store, window.key, revision - 1)
    except FileNotFoundError as error:
        message = f"the window {window.label} UTC has not been run; a replay needs a run before it"
        raise ConfigError(message) from error
    tables = {kind: key(kind, window.key, revision) for kind in ("interactions", "quarantine", *MAY_BE_ABSENT)}
    for kind, place in tables.items():
        copied = key(kind, window.key, revision - 1)
        if kind not in MAY_BE_ABSENT or store.list(copied):
            store.put(place, read_bytes(store, copied))
    return Collected(
        interactions=tables["interactions"],
        objects=before.objects,
        counts=RecordCounts.model_validate(before.counts.model_dump(exclude={"metrics"})),
        digest=before.digest,
        redacted=before.redacted,
        warnings=(),
        measured=tuple(
            measure
            for measure in from_table(read_table(store, key("measures", window.key, revision - 1)))
            if measure.signal == CONTRACT or measure.name in (*SERVICE, *USAGE)
        ),
    )


def collect_window(
    config: MonitorConfig, job: Job, store: Storage, progress: Progress = lambda _done, _total: None
) -> Collected:
    """As `collect`, without Prefect."""
    with open_scratch(config.engine.scratch_gb) as scratch:
        found = read_window(config, job.window, job.moment, store, scratch, progress)
        check_unpublished(store, config.name, job.window.key, job.revision)
        place = key("interactions", job.window.key, job.revision)
        store.put_file(place, found.sample)
        if found.users is not None:
            store.put_file(key("users", job.window.key, job.revision), found.users)
        if found.candidates is not None:
            write_table(store, key("candidates", job.window.key, job.revision), found.candidates)
    write_table(store, key("quarantine", job.window.key, job.revision), found.quarantine)
    return Collected(
        interactions=place,
        objects=found.objects,
        counts=found.counts,
        digest=found.digest,
        redacted=found.redacted,
        warnings=found.warnings,
        measured=found.measured,
    )
