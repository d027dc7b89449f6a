"""Publish: measures, verdicts, alerts, Prefect artifacts, and last the manifest, which commits them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from configs.load import config_hash, evidence_hash
from configs.monitor import MonitorConfig
from tasks.adapters.alert_books import mark_untold, write_book
from tasks.adapters.judgements import read_judgements
from tasks.adapters.locations import open_storage
from tasks.adapters.results import (
    check_unpublished,
    key,
    read_manifest,
    read_table,
    read_tables,
    revisions,
    write_table,
)
from tasks.adapters.storage import Storage
from tasks.artifacts import show_artifacts
from tasks.core.alert import AlertBook
from tasks.core.drift.tokens import to_table as words_table
from tasks.core.errors import RevisionError
from tasks.core.manifest import Counts, Manifest, VerdictRecord, check_counts
from tasks.core.measure import to_table
from tasks.core.report.contract import contract_rows
from tasks.core.report.places import MONITOR_PAGE, address, run_page
from tasks.core.report.view import Point, ReportView, failures, metric_views
from tasks.core.run import Assessed, Job, Outcome, Published
from tasks.core.verdict import State, Verdict, from_table, verdict_table
from tasks.core.window import Window, key_of

HISTORY_WINDOWS: Final = 48
WORST_FIRST: Final = (State.BREACH, State.UNDECIDED, State.NO_DATA, State.OK)


@task(cache_policy=NO_CACHE, task_run_name="publish {job.window.start:%Y-%m-%d %H:%M}")
def publish(config: MonitorConfig, job: Job, outcome: Outcome) -> Published:
    """Write the results of one window; once the manifest is there, they count."""
    store = open_storage(f"{config.store}/{config.name}", config.store_endpoint_url, create=True)
    manifest = manifest_of(config, job, outcome)
    check_unpublished(store, config.name, job.window.key, job.revision)
    view = write_results(config, job, manifest, outcome, store)
    published = _published(config, manifest, job, outcome.assessed.verdicts)
    show_artifacts(config, view, outcome.assessed.measures, published)
    if not job.is_newest and any(alert.news for alert in outcome.assessed.alerts):
        mark_untold(store, job.window.key, job.revision)  # no window follows it that would tell what it amends
    commit(store, manifest)
    log = get_run_logger()
    log.info("published revision %d in %s", job.revision, published.results)
    log.info("report: %s", published.report)
    return published


def manifest_of(config: MonitorConfig, job: Job, outcome: Outcome) -> Manifest:
    """The manifest of a run; raises CountsError where its counts do not add up."""
    collected, assessed = outcome.collected, outcome.assessed
    counts = Counts(**collected.counts.model_dump(), metrics=assessed.metrics)
    check_counts(counts)
    return Manifest(
        monitor=config.name,
        window_start=job.window.start,
        window_end=job.window.end,
        revision=job.revision,
        status=status_of(assessed.verdicts).value,
        scheduled=job.is_scheduled,
        started_at=job.started_at,
        finished_at=datetime.now(UTC),
        config_hash=config_hash(config),
        evidence_hash=evidence_hash(config),
        objects=collected.objects,
        counts=counts,
        digest=collected.digest,
        evaluator=outcome.scored.use,
        fingerprints=outcome.scored.fingerprints,
        scores=outcome.scored.root,
        taken=outcome.scored.taken,
        decided=tuple(sorted(outcome.scored.decided)),
        redacted=collected.redacted,
        verdicts=tuple(
            VerdictRecord(address=one.address, verdict=one.state.value, value=one.value, limit=one.limit)
            for one in assessed.verdicts
        ),
        findings=assessed.findings,
        warnings=outcome.warnings,
    )


def status_of(verdicts: Sequence[Verdict]) -> State:
    """The worst of the verdicts; a monitor without thresholds is ok."""
    states = {verdict.state for verdict in verdicts}
    return next((state for state in WORST_FIRST if state in states), State.OK)


def write_results(config: MonitorConfig, job: Job, manifest: Manifest, outcome: Outcome, store: Storage) -> ReportView:
    """Write everything but the manifest; returns what the artifacts show."""
    window, revision, assessed = job.window, job.revision, outcome.assessed
    write_table(store, key("measures", window.key, revision), to_table(assessed.measures, window.start, revision))
    write_table(store, key("verdicts", window.key, revision), verdict_table(assessed.verdicts, window.start, revision))
    write_table(store, key("words", window.key, revision), words_table(assessed.words))
    write_book(store, window.key, revision, AlertBook(alerts=assessed.alerts, amends=not job.is_newest))
    return _view(config, window, manifest, outcome, store)


def commit(store: Storage, manifest: Manifest) -> None:
    """Write the manifest; raises RevisionError where another run has published the same revision."""
    place = key("runs", key_of(manifest.window_start), manifest.revision, "json")
    if not store.put_if_absent(place, manifest.model_dump_json(indent=2).encode()):
        message = f"{store.root}/{place} exists: another run of {manifest.monitor} was faster; its results stand"
        raise RevisionError(message)


def read_published(config: MonitorConfig, job: Job) -> Published:
    """What a run has published of a window, from the store."""
    store = open_storage(f"{config.store}/{config.name}", config.store_endpoint_url)
    verdicts = from_table(read_table(store, key("verdicts", job.window.key, job.revision)))
    return _published(config, read_manifest(store, job.window.key, job.revision), job, verdicts)


def newest_revisions(config: MonitorConfig) -> Mapping[datetime, int]:
    """The newest revision of each window that was published, by its start."""
    return revisions(open_storage(f"{config.store}/{config.name}", config.store_endpoint_url, create=True))


def published_since(config: MonitorConfig, before: Mapping[datetime, int]) -> list[Published]:
    """What was published, oldest first, since `newest_revisions` was as it was before."""
    now = newest_revisions(config)
    return [
        read_published(
            config,
            Job(
                window=Window(start=start, end=start + config.window.every),
                revision=revision,
                is_scheduled=False,
                is_newest=start == max(now),
                moment=start,
                started_at=start,
            ),
        )
        for start, revision in now.items()
        if before.get(start) != revision
    ]


def _published(config: MonitorConfig, manifest: Manifest, job: Job, verdicts: Sequence[Verdict]) -> Published:
    """The newest window is shown by the monitor's first page, an older one by the page of its run."""
    place = MONITOR_PAGE if job.is_newest else run_page(job.window.key, job.revision)
    root = f"{config.store}/{config.name}"
    return Published(
        window=job.window,
        revision=job.revision,
        status=manifest.status,
        verdicts=tuple(verdicts),
        report=address(place, config.name, config.store, config.report.base_url),
        manifest=f"{root}/{key('runs', job.window.key, job.revision, 'json')}",
        results=root,
        findings=manifest.findings,
        warnings=manifest.warnings,
    )


def _view(config: MonitorConfig, window: Window, manifest: Manifest, outcome: Outcome, store: Storage) -> ReportView:
    assessed = outcome.assessed
    interactions = read_table(store, outcome.collected.interactions)
    judged = read_judgements(config, window, interactions, outcome.scored, store)
    worst, failed = failures(judged, interactions)
    metrics = metric_views(config.metrics, assessed.measures, assessed.verdicts, _history(manifest, assessed, store))
    shown = [metric.verdict for metric in metrics]
    return ReportView(
        manifest=manifest,
        description=config.description,
        metrics=metrics,
        other_verdicts=[verdict for verdict in assessed.verdicts if verdict not in shown],
        failures=worst,
        failed_judgements=failed,
        contract=contract_rows(assessed.measures, assessed.verdicts, interactions) if config.contract else (),
    )


def _history(manifest: Manifest, assessed: Assessed, store: Storage) -> Mapping[str, Sequence[Point]]:
    """The pass rates by metric over the windows before this one, and this one last."""
    published = revisions(store)
    starts = [start for start in published if start < manifest.window_start][-(HISTORY_WINDOWS - 1) :]
    keys = [key("measures", key_of(start), published[start]) for start in starts]
    manifests = [read_manifest(store, key_of(start), published[start]) for start in starts]
    history: dict[str, list[Point]] = {name: [] for name in assessed.metrics}
    tables = [
        *read_tables(store, keys),
        to_table(assessed.measures, manifest.window_start, manifest.revision),
    ]
    for table, of in zip(tables, [*manifests, manifest], strict=True):
        for row in table.to_pylist():
            if row["measure"] == "pass_rate" and row["segment_by"] is None and row["subject"] in history:
                point = Point(
                    window_start=row["window_start"],
                    value=row["value"],
                    low=row["low"],
                    high=row["high"],
                    n=row["n"],
                    fingerprint=of.fingerprints.get(row["subject"]),
                )
                history[row["subject"]].append(point)
    return history
