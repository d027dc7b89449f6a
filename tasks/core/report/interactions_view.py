"""What the page of a window's interactions shows: the worst first, each with its texts, scores, reasons and flags."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import pyarrow as pa

from tasks.core.manifest import Manifest
from tasks.core.quality.judgement import Judgement
from tasks.core.quality.metric import Metric
from tasks.core.records.interaction import BROKEN, ROLES, SUSPECTED
from tasks.core.report.view import shortened
from tasks.core.safety.redaction import MARKER
from tasks.core.window import Window

MOST_ROWS: Final = 2_000
MOST_CHARACTERS: Final = 10_000  # of one text, however few there are
SEGMENT_CHARACTERS: Final = 200
TEXTS: Final = ("system", "history", "prompt", "context", "completion", "ground_truth")  # in the order of the talk
ALWAYS: Final = ("language",)  # roles that say what kind of interaction it is, shown beside the mapped segments
BATCH_ROWS: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One interaction; `judged` go by the page's metrics, None where the metric was not known when it was judged.

    `lengths` are the characters of the texts as the store has them, where more than are here.
    """

    interaction_id: str
    event_time: datetime
    model_version: str | None
    feedback: str | None
    segments: Mapping[str, str]
    texts: Mapping[str, str]
    lengths: Mapping[str, int]
    judged: Sequence[Judgement]
    flags: tuple[str, ...]

    @property
    def has_failed(self) -> bool:
        """Whether a score of it is below what passes."""
        return any(one.failed for one in self.judged)


@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionsView:
    """The interactions of one revision of a window; `sampled` and `failing` count all, `rows` are those shown.

    `notes` are sentences on what the page does not show, or shows otherwise than the run had it.
    """

    manifest: Manifest
    metrics: Sequence[Metric]
    segments: tuple[str, ...]
    sampled: int
    failing: int
    rows: Sequence[Row]
    notes: tuple[str, ...]

    @property
    def window(self) -> Window:
        """Its time."""
        return Window(start=self.manifest.window_start, end=self.manifest.window_end)


def interactions_view(
    manifest: Manifest,
    metrics: Sequence[Metric],
    interactions: pa.Table,
    judged: Iterable[Judgement],
    remarks: Iterable[str] = (),
) -> InteractionsView:
    """The failing first, by how far below passing their worst score is, then the others; at most `MOST_ROWS`.

    Judgements on metrics that the window did not have are left out. `remarks` are what else the page is to say.
    """
    shown = [metric for metric in metrics if metric.name in manifest.counts.metrics]
    found: dict[str, dict[str, Judgement]] = {one: {} for one in interactions["interaction_id"].to_pylist()}
    for one in judged:
        if one.metric.name in manifest.counts.metrics:
            found[one.interaction_id][one.metric.name] = one
    ranked = sorted(found, key=lambda name: _rank(found[name].values()))
    order = {name: number for number, name in enumerate(ranked[:MOST_ROWS])}
    segments = _segments(interactions.column_names)
    rows = [
        _row(row, [found[row["interaction_id"]][metric.name] for metric in shown], segments)
        for batch in interactions.to_batches(max_chunksize=BATCH_ROWS)
        for row in batch.to_pylist()
        if row["interaction_id"] in order
    ]
    return InteractionsView(
        manifest=manifest,
        metrics=shown,
        segments=segments,
        sampled=len(found),
        failing=sum(any(one.failed for one in by_metric.values()) for by_metric in found.values()),
        rows=sorted(rows, key=lambda row: order[row.interaction_id]),
        notes=(*remarks, *_notes(manifest, metrics, found.values())),
    )


def _rank(judged: Iterable[Judgement]) -> tuple[bool, float, int]:
    """By how far the worst score is from passing, in parts of the scale; without scores last, flagged or not."""
    scored = [one for one in judged if one.score is not None]
    margins = [_margin(one) for one in scored]
    return not margins, min(margins, default=0.0), -sum(one.failed for one in scored)


def _margin(one: Judgement) -> float:
    """From -1 to 1, in lengths of the scale; below 0 it failed."""
    scale = one.metric.scale
    return ((one.score or 0) - one.metric.pass_at) / max(scale.highest - scale.lowest, 1)


def _segments(columns: Sequence[str]) -> tuple[str, ...]:
    """The mapped columns that play no role, and the roles that sort interactions into kinds."""
    keys = {"interaction_id", "correlation_id", "event_time", "output_time", "input_object", "output_object"}
    others = keys.union(ROLES, (SUSPECTED, BROKEN, "inclusion"))
    return tuple(name for name in columns if name in ALWAYS or name not in others)


def _row(row: Mapping[str, Any], judged: Sequence[Judgement], segments: Sequence[str]) -> Row:
    logged = {role: row[role] for role in TEXTS if row.get(role) is not None}
    return Row(
        interaction_id=row["interaction_id"],
        event_time=row["event_time"],
        model_version=_value(row.get("model_version")),
        feedback=None if row.get("feedback") is None else shortened(row["feedback"], MOST_CHARACTERS),
        segments={name: text for name in segments if (text := _value(row[name])) is not None},
        texts={role: shortened(text, MOST_CHARACTERS) for role, text in logged.items()},
        lengths={role: len(text) for role, text in logged.items() if len(text) > MOST_CHARACTERS},
        judged=judged,
        flags=tuple(_flags(row, logged.values())),
    )


def _value(value: object) -> str | None:
    return None if value is None else shortened(str(value), SEGMENT_CHARACTERS)


def _flags(row: Mapping[str, Any], texts: Iterable[str]) -> Iterable[str]:
    if row.get(SUSPECTED):
        yield "suspected injection"
    if row.get(BROKEN):
        yield f"breaks the contract: {_value(row[BROKEN])}"
    if any(MARKER.search(text) for text in texts):
        yield "redacted"


def _notes(manifest: Manifest, metrics: Sequence[Metric], found: Iterable[Mapping[str, Judgement]]) -> Iterable[str]:
    """Where the page differs from what the run counted: scores that are gone, or that another file asked for."""
    rows = list(found)
    known = {metric.name for metric in metrics}
    for name, counts in manifest.counts.metrics.items():
        if name not in known:
            yield f"{name} was judged in this window, and is no metric of the monitor any more: it is not shown."
            continue
        scored = sum(name in row and row[name].score is not None for row in rows)
        if scored != counts.scored:
            yield (
                f"{name}: the run counted {counts.scored:,} scores, {scored:,} are found now. "
                "Scores or interactions were deleted since, or the monitor file has changed."
            )
