"""Assess: from interactions and scores to measures, verdicts and alerts."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from configs.monitor import MonitorConfig
from tasks.adapters.judgements import read_judgements
from tasks.adapters.locations import open_storage
from tasks.adapters.results import key, read_table, revisions, window_before
from tasks.adapters.storage import Storage, read_bytes
from tasks.core.alert import Alert, AlertBook, amend, follow
from tasks.core.manifest import MetricCounts, RecordCounts
from tasks.core.measure import Measure
from tasks.core.quality.judgement import tallies
from tasks.core.quality.pass_rate import Tally, quality_measures
from tasks.core.run import Assessed, Collected, Job, Scored
from tasks.core.verdict import Direction, Rule, State, Threshold, Verdict, decide
from tasks.retry import may_heal

QUARANTINED: Final = "operations.records.quarantined_share"


@task(
    cache_policy=NO_CACHE,
    retries=2,
    retry_delay_seconds=10,
    retry_condition_fn=may_heal,
    task_run_name="assess {job.window.key}",
)
def assess(config: MonitorConfig, job: Job, collected: Collected, scored: Scored) -> Assessed:
    """Decide every threshold of the monitor on one window."""
    log = get_run_logger()
    store = open_storage(f"{config.store}/{config.name}", config.store_endpoint_url)
    assessed = assess_window(config, job, collected, scored, store)
    for verdict in assessed.verdicts:
        log.log(30 if verdict.state is State.BREACH else 20, "%s: %s", verdict.state, verdict.explanation)
    return assessed


def assess_window(config: MonitorConfig, job: Job, collected: Collected, scored: Scored, store: Storage) -> Assessed:
    """As `assess`, without Prefect."""
    interactions = read_table(store, collected.interactions)
    tallied = tallies(read_judgements(config, job.window, interactions, scored, store), config.metrics)
    measures = [*_record_measures(collected.counts), *_quality(config, tallied)]
    verdicts = _verdicts(config, measures)
    return Assessed(
        measures=tuple(measures),
        verdicts=verdicts,
        alerts=_alerts(config, job, verdicts, store),
        metrics={name: MetricCounts.of(tally) for name, tally in tallied.items()},
    )


def _quality(config: MonitorConfig, tallied: Mapping[str, Tally]) -> Iterable[Measure]:
    for name, tally in tallied.items():
        yield from quality_measures(name, tally, config.metrics[name].pass_at, config.decide.confidence)


def _record_measures(counts: RecordCounts) -> list[Measure]:
    """Shares of the window's records; they count everything, hence have no interval."""
    lost = {
        "quarantined_share": (counts.quarantined, counts.lines_read),
        "orphan_input_share": (counts.orphan_inputs, counts.inputs),
        "orphan_output_share": (counts.orphan_outputs, counts.outputs),
    }
    shares = [
        Measure(
            signal="operations",
            subject="records",
            measure=name,
            value=part / whole if whole else None,
            n=whole,
            unit="share",
        )
        for name, (part, whole) in lost.items()
    ]
    rows = Measure(
        signal="operations",
        subject="records",
        measure="interactions",
        value=float(counts.joined),
        n=counts.joined,
        unit="rows",
    )
    return [*shares, rows]


def _verdicts(config: MonitorConfig, measures: Iterable[Measure]) -> tuple[Verdict, ...]:
    by_address = {measure.address: measure for measure in measures}
    rule = Rule(
        by_interval=config.decide.by == "interval",
        min_n=config.decide.min_scored,
        min_coverage=config.quality.min_coverage,
    )
    return tuple(decide(threshold, by_address, rule) for threshold in thresholds(config))


def thresholds(config: MonitorConfig) -> list[Threshold]:
    """What the monitor asks for: a least pass rate and coverage of each metric, and how much may be unusable."""
    asked = []
    for name, metric in config.quality.metrics.items():
        limits = {"pass_rate": metric.min_pass_rate, "coverage": config.quality.min_coverage}
        asked += [
            Threshold(address=f"quality.{name}.{measure}", limit=limit, direction=Direction.MIN)
            for measure, limit in limits.items()
            if limit is not None
        ]
    if config.source.quarantine.breach_above is not None:
        limit = config.source.quarantine.breach_above
        asked.append(Threshold(address=QUARANTINED, limit=limit, direction=Direction.MAX))
    return asked


def _alerts(config: MonitorConfig, job: Job, verdicts: Iterable[Verdict], store: Storage) -> tuple[Alert, ...]:
    """The alerts after this window, from those of its own last revision, else of the window before.

    A window that is not the newest amends its own record alone.
    """
    if not job.is_newest:
        return amend(verdicts, monitor=config.name, window_start=job.window.start)
    before = (job.window.key, job.revision - 1) if job.revision else window_before(revisions(store), job.window)
    previous: tuple[Alert, ...] = ()
    if before is not None:
        book = read_bytes(store, key("alerts", *before, "json"))
        previous = AlertBook.model_validate_json(book).alerts
    return follow(
        previous,
        verdicts,
        monitor=config.name,
        window_start=job.window.start,
        now=datetime.now(UTC),
        renotify=config.alerts.renotify,
    )
