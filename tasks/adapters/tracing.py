"""What the store says of one sampled interaction: its scores with the raw replies, its labels, the alerts beside it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

import pyarrow as pa

from configs.monitor import MonitorConfig
from tasks.adapters.alert_books import read_book
from tasks.adapters.grades import Grade, read_grades
from tasks.adapters.labels import all_labels
from tasks.adapters.replies import Replies
from tasks.adapters.storage import Storage
from tasks.adapters.wanted import HELD_BACK
from tasks.core.manifest import Manifest
from tasks.core.quality.metric import Metric
from tasks.core.quality.plan import MAY_BE_EMPTY
from tasks.core.quality.score import NotAsked
from tasks.core.records.interaction import BROKEN
from tasks.core.traced import AlertSeen, LabelSeen, Reply, Said
from tasks.core.window import key_of

Row = Mapping[str, object]
TODAY: Final = timedelta(0)
NOT_THEN: Final = "the monitor did not ask for it then"
SESSION: Final = "it is asked of whole sessions, by their last interaction"


def read_scores(
    config: MonitorConfig, store: Storage, manifest: Manifest, interactions: pa.Table, row: Row
) -> tuple[Said, ...]:
    """What was said of a row of a window's interactions, a metric after the other."""
    name = str(row["interaction_id"])
    grades = read_grades(config, store, manifest, interactions).get(name, {})
    replies = _replies(store, manifest, grades)
    return tuple(
        _said(name, metric, grades[metric.name], replies.get(metric.name, ()))
        if metric.name in grades
        else Said(
            metric=metric.name,
            score=None,
            pass_at=metric.pass_at,
            passed=None,
            why=_why(config, manifest, metric, row),
        )
        for metric in config.metrics.values()
    )


def _said(name: str, metric: Metric, grade: Grade, replies: Sequence[Reply]) -> Said:
    return Said(
        metric=metric.name,
        score=grade.score,
        pass_at=metric.pass_at,
        passed=None if grade.score is None else grade.score >= metric.pass_at,
        why=None if grade.unscored is None else f"unscored: {grade.unscored}",
        reason=grade.reason,
        spread=grade.spread,
        disagreement=grade.disagreement,
        dropped_passages=grade.dropped_passages,
        judge_model=grade.model,
        fingerprint=grade.fingerprint,
        judged_at=grade.judged_at,
        judged_as=None if grade.interaction_id == name else grade.interaction_id,
        prompt_tokens=grade.prompt_tokens,
        cached_tokens=grade.cached_tokens,
        completion_tokens=grade.completion_tokens,
        cost_usd=grade.cost_usd,
        latency_ms=grade.latency_ms,
        replies=tuple(replies),
    )


def _why(config: MonitorConfig, manifest: Manifest, metric: Metric, row: Row) -> str:
    """Why a metric has no row in the ledger."""
    counts = manifest.counts.metrics.get(metric.name)
    if counts is None or metric.name not in manifest.fingerprints:
        return NOT_THEN
    if row[BROKEN] is not None and config.contract is not None and config.contract.on_failure == HELD_BACK:
        return f"not asked: {NotAsked.CONTRACT}"
    missing = [role for role in metric.needs if not _is_there(role, row[role])]
    if missing:
        return f"not applicable: it has no {' and no '.join(missing)}"
    reasons = [reason for reason in counts.not_asked if reason != NotAsked.CONTRACT]
    if metric.of_sessions and not reasons:
        return f"not applicable: {SESSION}"
    return f"not asked: {' or '.join(reasons)}" if reasons else "its score is not kept any more"


def _is_there(role: str, value: object) -> bool:
    return value is not None and (role == MAY_BE_EMPTY or bool(str(value).strip()))


def _replies(store: Storage, manifest: Manifest, grades: Mapping[str, Grade]) -> dict[str, list[Reply]]:
    """By metric the raw replies of the window's day about the same contents."""
    contents = {grade.content_hash: name for name, grade in grades.items()}
    table = Replies(store, manifest.window_start, manifest.fingerprints).newest(TODAY, contents)
    found: dict[str, list[Reply]] = {}
    for row in table.sort_by([("at", "ascending"), ("attempt", "ascending")]).to_pylist():
        for name in row["metrics"]:
            if name in grades and grades[name].content_hash == row["content_hash"]:
                found.setdefault(name, []).append(
                    Reply(
                        judge=row["judge"],
                        repeat=row["repeat"],
                        turn=row["turn"],
                        failure=row["failure"],
                        at=row["at"],
                        body=row["body"].decode(errors="replace"),
                    )
                )
    return found


def read_said_by_people(store: Storage, manifest: Manifest, name: str) -> tuple[LabelSeen, ...]:
    """The labels of one interaction of a window, in the order in which they were given."""
    mine = [
        one for one in all_labels(store) if one.interaction_id == name and one.window_start == manifest.window_start
    ]
    seen = {(one.metric, one.labeller, one.labelled_at): one for one in mine}  # one that was bridged stands twice
    return tuple(
        LabelSeen(metric=one.metric, label=one.label, labeller=one.labeller, labelled_at=one.labelled_at)
        for one in sorted(seen.values(), key=lambda one: (one.labelled_at, one.metric, one.labeller))
    )


def read_open_alerts(store: Storage, manifest: Manifest, addresses: Sequence[str]) -> tuple[AlertSeen, ...]:
    """The alerts that a window left open; those about one of the measures first."""
    book = read_book(store, key_of(manifest.window_start), manifest.revision)
    found = [
        AlertSeen(
            id=one.id,
            status=one.status.value,
            severity=one.severity.value,
            since=one.since,
            explanation=one.explanation,
            is_about_it=bool({member.address for member in one.members}.intersection(addresses)),
        )
        for one in book.alerts
        if one.is_open
    ]
    return tuple(sorted(found, key=lambda one: (not one.is_about_it, one.since, one.id)))
