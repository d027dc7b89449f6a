"""What the report of a monitor shows, as plain values; text of the logs stays raw here and is escaped when rendered."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pyarrow as pa

from tasks.core.drift.tokens import TokenDrift
from tasks.core.manifest import Manifest
from tasks.core.measure import Measure
from tasks.core.quality.judgement import Judgement
from tasks.core.quality.metric import Metric
from tasks.core.verdict import Verdict

WORST_ROWS: Final = 50
SHOWN_CHARACTERS: Final = 2_000
MOST_SEGMENTS: Final = 100
SEGMENT_MEASURES: Final = ("pass_rate", "weakest_pass_rate")
TITLES: Final[Mapping[str, tuple[str, ...]]] = {
    "Drift": ("drift",),
    "Operations": ("operations",),
    "Usage": ("usage",),
    "Safety": ("safety",),
    "Feedback": ("feedback",),
    "Own metrics": ("custom", "reference"),
    "Versions": ("comparison",),
}
CORRECTED: Final = ("pass_rate_corrected", "judge_informedness", "labels", "pass_rate_assisted", "design_effect")
SPREADS: Final = (("languages", "language"), ("topic", "topic"))  # what a window spreads over, by subject and segment


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
class Word:
    """A word, the shares of texts that have it, before and now, and its `size` from 1 to 5 by its part in the drift."""

    word: str
    before: float
    now: float
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    """One monitor after one window; `beside` are the measures beside quality by their title, `segments` pass rates.

    `words` are by role those that have most to do with its drift, where there was any.

    `contract` are the rows of the contract's table; none without a contract.
    """

    manifest: Manifest
    description: str
    metrics: Sequence[MetricView]
    other_verdicts: Sequence[Verdict]
    beside: Mapping[str, Sequence[Measure]]
    segments: Sequence[Measure]
    words: Mapping[str, Sequence[Word]]
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


def beside(measures: Sequence[Measure]) -> dict[str, list[Measure]]:
    """What was measured beside the quality of the window, by the title of its table; tables without a row are left out.

    Of segments only how the window spreads over them is shown, and how versions compare.
    """
    shown = [
        one
        for one in measures
        if one.segment_by is None or one.signal == "comparison" or (one.subject, one.segment_by) in SPREADS
    ]
    corrected = [one for one in shown if one.signal == "quality" and one.measure in CORRECTED]
    tables = {"Pass rates corrected and assisted": corrected}
    tables |= {title: [one for one in shown if one.signal in signals] for title, signals in TITLES.items()}
    return {title: table for title, table in tables.items() if table}


def word_clouds(
    words: Mapping[str, Sequence[TokenDrift]], measures: Iterable[Measure], alpha: float
) -> dict[str, list[Word]]:
    """By role the words, in alphabetical order, where texts can be told from the baseline's at the level `alpha`."""
    p_values = {one.subject: one.value for one in measures if one.signal == "drift" and one.measure == "p_value"}
    clouds = {}
    for role, found in words.items():
        p_value = p_values.get(role)
        if p_value is not None and p_value < alpha and found:
            most = max(one.contribution for one in found) or 1.0
            clouds[role] = sorted(
                (
                    Word(
                        word=one.token,
                        before=one.share_before,
                        now=one.share_now,
                        size=1 + round(4 * one.contribution / most),
                    )
                    for one in found
                ),
                key=lambda word: word.word,
            )
    return clouds


def segment_rows(measures: Iterable[Measure]) -> list[Measure]:
    """The pass rates of segments, the lowest first, at most `MOST_SEGMENTS`."""
    found = [one for one in measures if one.segment_by is not None and one.measure in SEGMENT_MEASURES]
    return sorted(found, key=lambda one: (one.value is None, one.value, one.address))[:MOST_SEGMENTS]


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
