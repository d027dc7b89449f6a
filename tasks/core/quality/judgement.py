"""The judgements of a window: each sampled interaction on each metric with its score, or why there is none."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from tasks.core.quality.metric import Metric
from tasks.core.quality.pass_rate import Tally
from tasks.core.quality.plan import NotApplicable, plan
from tasks.core.quality.score import NotAsked


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One interaction on one metric: `score` (1 to 5), else `unscored`, else `not_asked`, else not applicable.

    `model` is the judge as the provider reported it; it and `judged_at` are None where the judge was not asked.
    `spread` and `disagreement` are the standard deviations of a score's repeats and of its jurors, None without them.
    """

    interaction_id: str
    metric: Metric
    score: float | None = None
    reason: str | None = None
    unscored: str | None = None
    not_asked: str | None = None
    model: str | None = None
    judged_at: datetime | None = None
    spread: float | None = None
    disagreement: float | None = None

    @property
    def applies(self) -> bool:
        """Whether it was to be judged: all that the metric needs is there, and no contract holds it back."""
        is_asked = self.score is not None or self.unscored is not None or self.not_asked is not None
        return is_asked and self.not_asked != NotAsked.CONTRACT

    @property
    def failed(self) -> bool:
        """Whether there is a score and it is below the metric's `pass_at`."""
        return self.score is not None and self.score < self.metric.pass_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """Why a metric was not asked about some interactions: those that came after it had been asked enough."""

    interactions: Collection[str]
    why: str


def judgements(
    interactions: pa.Table,
    metrics: Sequence[Metric],
    ledger: pa.Table,
    *,
    fused: bool,
    not_asked: str,
    passed_over: Mapping[str, Passed] | None = None,
) -> Iterator[Judgement]:
    """Every sampled interaction on every metric; `ledger` holds one row for each content and metric.

    `not_asked` says why the evaluator was not asked where the ledger has no row. A score of what was `passed_over`, by
    metric, does not count: it is there because another interaction has the same content.
    """
    told = ["score", "reason", "unscored", "model", "judged_at", "spread", "disagreement"]
    columns = ledger.select(["content_hash", "metric", *told]).to_pylist()
    known = {(row.pop("content_hash"), row.pop("metric")): row for row in columns}
    for wanted in plan(interactions, metrics, fused=fused):
        if isinstance(wanted, NotApplicable):
            yield Judgement(interaction_id=wanted.interaction_id, metric=wanted.metric)
            continue
        for metric in wanted.metrics:
            passed = (passed_over or {}).get(metric.name)
            if passed is not None and wanted.interaction_id in passed.interactions:
                yield Judgement(interaction_id=wanted.interaction_id, metric=metric, not_asked=passed.why)
                continue
            row = known.get((wanted.content_hash, metric.name))
            if row is None:
                yield Judgement(interaction_id=wanted.interaction_id, metric=metric, not_asked=not_asked)
            else:
                yield Judgement(interaction_id=wanted.interaction_id, metric=metric, **row)


def tallies(judged: Iterable[Judgement], metrics: Iterable[str]) -> Mapping[str, Tally]:
    """The tally of each metric, those without any row included."""
    histograms: dict[str, Counter[float]] = {name: Counter() for name in metrics}
    unscored: dict[str, Counter[str]] = {name: Counter() for name in histograms}
    not_asked: dict[str, Counter[str]] = {name: Counter() for name in histograms}
    not_applicable: Counter[str] = Counter()
    for one in judged:
        name = one.metric.name
        if one.score is not None:
            histograms[name][one.score] += 1
        elif one.unscored is not None:
            unscored[name][one.unscored] += 1
        elif one.not_asked is not None:
            not_asked[name][one.not_asked] += 1
        else:
            not_applicable[name] += 1
    return {
        name: Tally(
            histogram=dict(sorted(histogram.items())),
            unscored=dict(unscored[name]),
            not_applicable=not_applicable[name],
            not_asked=dict(not_asked[name]),
        )
        for name, histogram in histograms.items()
    }
