"""Every limit of a monitor decided on one window, with what the windows before it add."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from configs.load import evidence_hash
from configs.monitor import MonitorConfig
from tasks.adapters.history import Past, read_past
from tasks.adapters.results import revisions
from tasks.adapters.rounds import Carried, pass_limits
from tasks.adapters.storage import Storage
from tasks.core.before import Before, pooled
from tasks.core.decide import Case, Rule, decide
from tasks.core.measure import Measure, unmeasured
from tasks.core.operations.records import LARGEST_SESSION
from tasks.core.stats.anytime import Anytime
from tasks.core.stats.betting import Part
from tasks.core.verdict import Against, Threshold, Verdict
from tasks.core.window import Window

PASS_OR_FAIL: Final = (0.0, 1.0)


def decided(
    config: MonitorConfig, window: Window, measures: Sequence[Measure], fingerprints: Mapping[str, str], store: Storage
) -> tuple[Verdict, ...]:
    """The verdicts on all limits, in the monitor's order, those of segments after that of their window."""
    by_address = {one.address: one for one in measures}
    asked = [(one, measure) for one in config.all_thresholds for measure in _measures(config, one, by_address)]
    past = _past(config, window, [one for one, _ in asked], store)
    cases = []
    for threshold, measure in asked:
        comparable = _comparable(threshold, past, fingerprints)
        parts = [part] if (part := _own_part(measure, by_address)) else []
        if parts and threshold.against is None and _takes_together(config):
            parts += _recent(config, measure.address, comparable)
        before = _before(threshold.against, measure, comparable, config.decide.confidence)
        rule = _rule(config, threshold)
        cases.append(Case(threshold=threshold, measure=measure, rule=rule, before=before, parts=parts))
    return decide(cases, by_address)


def carried_into(
    config: MonitorConfig, window: Window, fingerprints: Mapping[str, str], store: Storage, *, joined: int
) -> Carried:
    """What the windows before add to the judging of this one, of whose `joined` interactions a sample is judged."""
    limits = [limit for of in pass_limits(config).values() for limit in of]
    past = _past(config, window, limits, store)
    parts = {limit: list(_recent(config, limit.address, _comparable(limit, past, fingerprints))) for limit in limits}
    return Carried(
        parts=parts if _takes_together(config) else {}, population=joined if config.decide.about == "window" else None
    )


def _before(against: Against | None, measure: Measure, past: Sequence[Past], confidence: float) -> Before | None:
    """Where the measure stood in the windows that its limit goes by."""
    if against is None:
        return None
    looked_at = set(_looked_at(against, [one.start for one in past]))
    return pooled(
        [one.measures[measure.address] for one in past if one.start in looked_at and measure.address in one.measures],
        confidence,
    )


def _measures(config: MonitorConfig, threshold: Threshold, measures: Mapping[str, Measure]) -> Iterator[Measure]:
    """The measure that a limit names, and the same of the segments in which it is decided too."""
    whole = measures.get(threshold.address) or unmeasured(threshold.address)
    yield whole
    yield from (
        one
        for one in measures.values()
        if one.name == threshold.address
        and one.segment_by in config.decide.segments
        and one.low is not None
        and one.n < whole.n  # one that has all rows is the window itself
    )


def _rule(config: MonitorConfig, threshold: Threshold) -> Rule:
    is_quality = threshold.address.startswith("quality.")
    return Rule(
        by_interval=config.decide.by == "interval",
        as_family=config.decide.family == "run",
        confidence=config.decide.confidence,
        min_n=config.decide.min_scored if is_quality else 1,
        min_alike=config.decide.min_scored,
        min_coverage=config.quality.min_coverage if is_quality else None,
    )


def _past(config: MonitorConfig, window: Window, asked: Sequence[Threshold], store: Storage) -> list[Past]:
    """The windows before this one that any limit looks at, oldest first."""
    published = revisions(store)
    before = [start for start in published if start < window.start]
    looked_at = {start for one in asked if one.against for start in _looked_at(one.against, before)}
    if _takes_together(config) and config.decide.across > 1:
        looked_at |= set(before[1 - config.decide.across :])
    names = {one.address for one in asked}
    names |= {f"{one.address.rpartition('.')[0]}.coverage" for one in asked} | {LARGEST_SESSION}
    return read_past(store, published, sorted(looked_at), names)


def _looked_at(against: Against, before: Sequence[datetime]) -> list[datetime]:
    if against.span is not None:
        return [start for start in before if against.span.start <= start < against.span.end]
    return list(before[-(against.windows or 1) :])


def _comparable(threshold: Threshold, past: Sequence[Past], fingerprints: Mapping[str, str]) -> list[Past]:
    """The windows whose measure may be held beside that of now: the scores of another judge are others."""
    signal, subject, _ = threshold.address.split(".")
    return [one for one in past if signal != "quality" or one.fingerprints.get(subject) == fingerprints.get(subject)]


def _takes_together(config: MonitorConfig) -> bool:
    """Whether windows are taken together where one cannot decide alone: their rows must count alike."""
    asked = config.decide
    return asked.by == "interval" and asked.about == "application" and not config.sample.is_uneven


def _recent(config: MonitorConfig, address: str, past: Sequence[Past]) -> Iterator[Part]:
    """The rows of the windows just before, the newest first.

    What changes the rows or what passes begins anew; a window with too many missing scores is left out.
    """
    ours = evidence_hash(config)
    for one in reversed(past[1 - config.decide.across :] if config.decide.across > 1 else ()):
        if one.evidence_hash != ours:
            return
        found = one.measures.get(address)
        coverage = one.measures.get(replace(found, measure="coverage").address) if found else None
        least = config.quality.min_coverage
        is_covered = coverage is None or coverage.value is None or least is None or coverage.value >= least
        if found is not None and is_covered and (part := _part(found, one.measures)):
            yield part


def _own_part(measure: Measure, measures: Mapping[str, Measure]) -> Part | None:
    """The rows of this window, as they were weighed where judging ended when enough was known."""
    if isinstance(measure.tails, Anytime):
        return measure.tails.part if measure.unit == "share" else None
    return None if measure.tails is None else _part(measure, measures)


def _part(measure: Measure, measures: Mapping[str, Measure]) -> Part | None:
    """The rows of a share that is an estimate, as passes and fails; None of what is none."""
    if measure.unit != "share" or measure.value is None or measure.low is None:
        return None
    largest = measures.get(LARGEST_SESSION)  # of all rows, hence at least that of those that were judged
    passed = round(measure.value * measure.n)
    return Part(
        levels=PASS_OR_FAIL,
        counts=(measure.n - passed, passed),
        largest=int(largest.value) if largest is not None and largest.value else 1,
    )
