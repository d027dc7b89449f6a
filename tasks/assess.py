"""Assess: from interactions and scores to measures, verdicts and alerts."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from configs.monitor import MonitorConfig
from tasks.adapters.alert_actions import actions_about
from tasks.adapters.alert_books import book_before, read_book
from tasks.adapters.drifting import baseline_of
from tasks.adapters.earlier import earlier_evidence
from tasks.adapters.judgements import read_judgements
from tasks.adapters.labels import read_labels
from tasks.adapters.locations import open_storage
from tasks.adapters.results import fitted, key, read_table
from tasks.adapters.storage import Storage
from tasks.comparing import compared as versions_compared
from tasks.comparing import told
from tasks.core.alert import Alert
from tasks.core.alert_life import Moment, Past, amend, follow
from tasks.core.cause import causes
from tasks.core.drift.judge import bridge_measures, canary_measures, change_sentence
from tasks.core.drift.tokens import TokenDrift
from tasks.core.errors import ConfigError
from tasks.core.evidence import Evidence
from tasks.core.labels.calibration import others_sentence
from tasks.core.labels.label import Labelled
from tasks.core.labels.measures import corrected_measures
from tasks.core.manifest import MetricCounts
from tasks.core.measure import Measure
from tasks.core.operations.judging import PREVENTED, judging_verdict, prevented_share, undecided
from tasks.core.operations.records import largest_session, record_measures
from tasks.core.operations.service import MISSING_HOURS, silence_verdict
from tasks.core.quality.judgement import tallies
from tasks.core.quality.pass_rate import Tally
from tasks.core.quality.score import REFUSALS
from tasks.core.records.interaction import schema
from tasks.core.run import Assessed, Collected, Job, Scored
from tasks.core.safety.measures import redaction_counts
from tasks.core.stats.assisted import assisted_measures
from tasks.core.verdict import State, Verdict
from tasks.core.window import Window
from tasks.deciding import decided
from tasks.drifting import Drifted, compared_schema, drift_of
from tasks.measuring import (
    own_values,
    sampled_measures,
    seen,
    segment_measures,
    segments,
    suspected_measures,
    weak_slices,
)
from tasks.retry import may_heal

EARLIER: Final = 7  # windows, in which a version that is gone from this one is looked for


@task(
    cache_policy=NO_CACHE,
    retries=2,
    retry_delay_seconds=10,
    retry_condition_fn=may_heal,
    task_run_name="assess {job.window.start:%Y-%m-%d %H:%M}",
)
def assess(config: MonitorConfig, job: Job, collected: Collected, scored: Scored) -> Assessed:
    """Decide every threshold of the monitor on one window."""
    log = get_run_logger()
    store = open_storage(f"{config.store}/{config.name}", config.store_endpoint_url)
    assessed = assess_window(config, job, collected, scored, store)
    for level, sentence in _log_lines(assessed.verdicts):
        log.log(level, "%s", sentence)
    return assessed


def _log_lines(verdicts: Sequence[Verdict]) -> Iterator[tuple[int, str]]:
    """What is not ok, with the level of its line; segments are counted and not named, as they are logged text."""
    main = [one for one in verdicts if one.segment_by is None]
    for one in main:
        if one.state is not State.OK:
            yield logging.WARNING if one.state is State.BREACH else logging.INFO, one.explanation
    in_segments = Counter(one.state for one in verdicts if one.segment_by is not None and one.state is not State.OK)
    for state, count in in_segments.items():
        yield logging.INFO, f"{count} limits in segments: {state.value.replace('_', ' ')}; the report names them"
    yield logging.INFO, f"{sum(one.state is State.OK for one in verdicts)} of {len(verdicts)} limits are ok"


def assess_window(config: MonitorConfig, job: Job, collected: Collected, scored: Scored, store: Storage) -> Assessed:
    """As `assess`, without Prefect."""
    interactions = fitted(read_table(store, collected.interactions), schema(config.source.segments))
    judged = tuple(read_judgements(config, job.window, interactions, scored, store))
    values, failed = own_values(config, interactions)
    evidence = seen(config, Evidence.of(interactions, judged, values))
    if config.decide.about == "window":
        evidence = replace(evidence, population=collected.counts.joined)
    tallied = tallies(judged, config.metrics)
    found = _sampled(config, job, evidence, scored, store)
    confidence = config.decide.confidence
    labels = read_labels(store, scored.fingerprints, {name: one.pass_at for name, one in config.metrics.items()})
    shifts = bridge_measures(scored.bridge, confidence)
    measures = [
        *record_measures(collected.counts),
        *([largest_session(evidence.sessions)] if "session" in config.source.all_columns else ()),
        *collected.measured,
        *found.measures,
        *_assisted(config, job, evidence, store),
        *(measure for name, rows in labels.items() for measure in _corrected(config, name, evidence, rows.rows)),
        *redaction_counts(collected.redacted, interactions.num_rows),
        *canary_measures(scored.canaries, confidence),
        *shifts,
        *([_prevented(tallied)] if config.evaluator.provider != "local" else ()),
    ]
    verdicts = _verdicts(config, job.window, measures, scored, store)
    return Assessed(
        measures=tuple(measures),
        verdicts=verdicts,
        alerts=_alerts(config, job, verdicts, store),
        metrics={name: MetricCounts.of(tally) for name, tally in tallied.items()},
        findings=(*found.findings, *(others_sentence(name, one.others) for name, one in labels.items() if one.others)),
        words=found.words,
        warnings=((change_sentence(shifts),) if scored.changed else ()) + (*failed, *found.warnings),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What the sampled interactions show: measures, and sentences on what stands out."""

    measures: tuple[Measure, ...]
    findings: tuple[str, ...]
    words: Mapping[str, tuple[TokenDrift, ...]]
    warnings: tuple[str, ...]


def _sampled(config: MonitorConfig, job: Job, evidence: Evidence, scored: Scored, store: Storage) -> _Found:
    """Every family of signals on the sample and on its segments, drift, weakest slices, versions compared."""
    windows = max(config.drift.baseline.previous if config.drift else 0, EARLIER if config.compare else 0)
    before = earlier_evidence(config, job.window, windows, scored, store) if windows else []
    even, *earlier = (one.even(config.sample.seed) for one in (evidence, *before))  # what follows knows no weights
    drifted, untold = Drifted(words={}), list[str]()
    if config.drift is not None:
        compared_with = compared_schema(config)
        try:
            baseline = baseline_of(config.drift.baseline, store, earlier, compared_with)
        except ConfigError as error:  # of a fixed baseline: it costs the drift and not the run
            baseline, untold = compared_with.empty_table(), [str(error)]
        drifted = drift_of(config, even, baseline, earlier[-config.drift.baseline.previous :])
    within = segments(config, even.interactions, drifted.topics)
    others = {name: values for name, values in within.items() if config.compare is None or name != config.compare.by}
    weak, slices = weak_slices(config, even, others)
    compared, comparisons = versions_compared(config, even, earlier)
    return _Found(
        measures=(
            *sampled_measures(config, evidence),
            *suspected_measures(config, evidence),
            *segment_measures(config, evidence, segments(config, evidence.interactions, drifted.topics)),
            *weak,
            *compared,
            *drifted.measures,
        ),
        findings=(*slices, *told(comparisons)),
        words=drifted.words,
        warnings=tuple(untold),
    )


def _assisted(config: MonitorConfig, job: Job, evidence: Evidence, store: Storage) -> list[Measure]:
    """The pass rates of all candidates by their judged ones and the local scores of all; none without candidates."""
    place = key("candidates", job.window.key, job.revision)
    if config.sample.looked_at is None or config.sample.until == "decided" or not store.list(place):
        return []
    candidates, ids = read_table(store, place), evidence.interactions["interaction_id"].to_pylist()
    return [
        measure
        for name, passed in evidence.passed().items()
        for measure in assisted_measures(
            name, candidates, dict(zip(ids, passed, strict=True)), config.decide.confidence
        )
    ]


def _corrected(config: MonitorConfig, name: str, evidence: Evidence, rows: Sequence[Labelled]) -> list[Measure]:
    """The pass rate of one metric corrected by people's labels."""
    ids, weights = evidence.interactions["interaction_id"].to_pylist(), evidence.weights
    return corrected_measures(
        name,
        config.metrics[name].pass_at,
        dict(zip(ids, evidence.scores().get(name, [None] * len(ids)), strict=True)),
        rows,
        config.decide.confidence,
        None if weights is None else dict(zip(ids, weights.tolist(), strict=True)),
    )


def _prevented(tallied: Mapping[str, Tally]) -> Measure:
    refused = sum(rows for tally in tallied.values() for why, rows in tally.not_asked.items() if why in REFUSALS)
    return prevented_share(refused, sum(tally.sampled - tally.not_applicable for tally in tallied.values()))


def _verdicts(
    config: MonitorConfig, window: Window, measures: Sequence[Measure], scored: Scored, store: Storage
) -> tuple[Verdict, ...]:
    """Every threshold decided; where the evaluator refused, nothing is said of quality, and the refusal is told."""
    by_address = {measure.address: measure for measure in measures}
    stopped = scored.use.stopped
    why = stopped.message if stopped is not None and stopped.reason in REFUSALS else None
    verdicts = [
        undecided(verdict, why) if why and verdict.address.startswith("quality.") else verdict
        for verdict in decided(config, window, measures, scored.fingerprints, store)
    ]
    if PREVENTED in by_address:
        verdicts.append(judging_verdict(by_address[PREVENTED], why))
    if config.operations is not None and config.operations.silence and MISSING_HOURS not in config.thresholds:
        missing = by_address.get(MISSING_HOURS)  # a replay of a window from before operations were watched has none
        verdicts += [silence_verdict(missing)] if missing else []
    return tuple(verdicts)


def _alerts(config: MonitorConfig, job: Job, verdicts: Iterable[Verdict], store: Storage) -> tuple[Alert, ...]:
    """The alerts after this window; one that is not the newest amends its own record alone."""
    moment = Moment(monitor=config.name, window_start=job.window.start, now=datetime.now(UTC))
    own = read_book(store, job.window.key, job.revision - 1).alerts
    if not job.is_newest:
        return amend(own, causes(verdicts), actions_about(store, own), config.alerts.policy, moment)
    before = book_before(store, job.window.start).alerts
    past = Past(before=before, heard=own if job.revision else before)
    return follow(past, causes(verdicts), actions_about(store, (*before, *own)), config.alerts.policy, moment)
