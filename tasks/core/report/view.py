"""What the artifacts of a run show, as plain values; text of the logs stays raw here and is escaped when rendered."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pyarrow as pa

from tasks.core.manifest import Manifest
from tasks.core.measure import Measure
from tasks.core.quality.judgement import Judgement
from tasks.core.quality.metric import Metric
from tasks.core.verdict import Verdict

WORST_ROWS: Final = 50
SHOWN_CHARACTERS: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One window's value of one measure."""

    window_start: datetime
    value: float | None
    low: float | None
    high: float | None
    n: int
    fingerprint: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricView:
    """One metric: its verdict where it has a threshold, its histogram, and its pass rate over the windows."""

    metric: Metric
    verdict: Verdict | None
    pass_rate: Measure
    coverage: Measure
    mean: Measure
    change: float | None
    histogram: Sequence[int]
    history: Sequence[Point]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An interaction that failed a metric, with the texts that were judged, shortened."""

    interaction_id: str
    event_time: datetime
    metric: str
    score: float
    reason: str
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    """One monitor after one window; `contract` are the rows of the contract's table, none without a contract."""

    manifest: Manifest
    description: str
    metrics: Sequence[MetricView]
    other_verdicts: Sequence[Verdict]
    failures: Sequence[Failure]
    failed_judgements: int
    contract: Sequence[Mapping[str, str]] = ()


def metric_views(
    metrics: Mapping[str, Metric],
    measures: Sequence[Measure],
    verdicts: Iterable[Verdict],
    history: Mapping[str, Sequence[Point]],
) -> list[MetricView]:
    """The metrics in the monitor's order; `history` holds the pass rates by metric, oldest first, this window last."""
    by_address = {measure.address: measure for measure in measures}
    decided = {verdict.address: verdict for verdict in verdicts if verdict.is_main}
    views = []
    for name, metric in metrics.items():
        address = f"quality.{name}"
        points = history.get(name, ())
        shares = [by_address[f"{address}.share_{label}"] for label in metric.scale.labels.values()]
        views.append(
            MetricView(
                metric=metric,
                verdict=decided.get(f"{address}.pass_rate"),
                pass_rate=by_address[f"{address}.pass_rate"],
                coverage=by_address[f"{address}.coverage"],
                mean=by_address[f"{address}.mean"],
                change=_change(points),
                histogram=[round((share.value or 0) * share.n) for share in shares],
                history=points,
            )
        )
    return views


def failures(judged: Iterable[Judgement], interactions: pa.Table) -> tuple[list[Failure], int]:
    """The lowest-scored failures, at most `WORST_ROWS`, and how many there are in all."""
    failed = sorted(
        (one for one in judged if one.failed),
        key=lambda one: (one.score or 0, one.interaction_id, one.metric.name),
    )
    shown = failed[:WORST_ROWS]
    wanted = {one.interaction_id for one in shown}
    roles = sorted({role for one in shown for role in one.metric.needs})
    rows = {
        row["interaction_id"]: row
        for batch in interactions.select(["interaction_id", "event_time", *roles]).to_batches(max_chunksize=500)
        for row in batch.to_pylist()
        if row["interaction_id"] in wanted
    }
    return [_failure(one, rows[one.interaction_id]) for one in shown], len(failed)


def _failure(one: Judgement, row: Mapping[str, object]) -> Failure:
    time = row["event_time"]
    if one.score is None or not isinstance(time, datetime):
        message = f"{one.interaction_id} has no score or no time"
        raise TypeError(message)
    return Failure(
        interaction_id=one.interaction_id,
        event_time=time,
        metric=one.metric.name,
        score=one.score,
        reason=one.reason or "",
        texts={role: shortened(str(row[role] or ""), SHOWN_CHARACTERS) for role in one.metric.needs},
    )


def shortened(text: str, limit: int) -> str:
    """The text, cut with an ellipsis to at most `limit` characters."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _change(points: Sequence[Point]) -> float | None:
    """The last value less the one before it; None where one is missing or another judge gave it."""
    if len(points) < 2:  # noqa: PLR2004  a change needs two
        return None
    before, now = points[-2], points[-1]
    if before.value is None or now.value is None or before.fingerprint != now.fingerprint:
        return None
    return now.value - before.value
