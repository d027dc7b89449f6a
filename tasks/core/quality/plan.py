"""The judgements that a sample calls for: which interaction, which metric, which fields."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa

from tasks.core.quality.fingerprint import content_hash
from tasks.core.quality.metric import Metric

MAY_BE_EMPTY = "completion"
BATCH_ROWS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One judgement to be made; `fields` holds the texts of the roles that the metric needs.

    Two interactions with equal fields have equal `content_hash`: one score serves both.
    """

    interaction_id: str
    metric: Metric
    fields: Mapping[str, str]
    content_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotApplicable:
    """A metric that cannot be judged on an interaction, as a field that it needs is absent or empty."""

    interaction_id: str
    metric: Metric


def plan(interactions: pa.Table, metrics: Iterable[Metric]) -> Iterator[Request | NotApplicable]:
    """Every sampled interaction with every metric, interaction by interaction, in the order of the table.

    An empty completion is judged, as the worst of answers; one that was not logged is not.
    """
    metrics = tuple(metrics)
    roles = sorted({role for metric in metrics for role in metric.needs})
    for batch in interactions.select(["interaction_id", *roles]).to_batches(max_chunksize=BATCH_ROWS):
        for row in batch.to_pylist():
            for metric in metrics:
                yield _one(row, metric)


def _one(row: Mapping[str, str | None], metric: Metric) -> Request | NotApplicable:
    interaction_id = row["interaction_id"] or ""
    fields = {role: text for role in metric.needs if (text := row[role]) is not None and _counts(role, text)}
    if len(fields) < len(metric.needs):
        return NotApplicable(interaction_id=interaction_id, metric=metric)
    return Request(
        interaction_id=interaction_id,
        metric=metric,
        fields=fields,
        content_hash=content_hash(metric, fields),
    )


def _counts(role: str, text: str) -> bool:
    return role == MAY_BE_EMPTY or bool(text.strip())
