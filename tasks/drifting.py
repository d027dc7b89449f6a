"""Drift of a window: its texts, columns, scores and topics against a baseline, and what changed about passing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from configs.drift import ROLES, UNCOMPARED
from configs.monitor import MonitorConfig
from tasks.core.drift.columns import categorical_drift, numeric_drift
from tasks.core.drift.concept import concept_drift, concept_measures
from tasks.core.drift.importance import importance
from tasks.core.drift.measures import column_measures, importance_measure, text_measures
from tasks.core.drift.scores import score_drift, score_measures
from tasks.core.drift.text import text_drift
from tasks.core.drift.tokens import TokenDrift, token_drift
from tasks.core.drift.topics import Topics, assign, fit_topics, topic_measures
from tasks.core.evidence import MOST_ROWS, Evidence
from tasks.core.measure import Measure
from tasks.core.records.interaction import NUMERIC_ROLES, sessions_of

TOLD: Final = ("interaction_id", "session", *ROLES)
NEW_TOPIC: Final = "new topic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drifted:
    """The measures of drift; by role the words that have most to do with it; the topics, None where there are none."""

    measures: tuple[Measure, ...] = ()
    words: Mapping[str, tuple[TokenDrift, ...]]
    topics: Topics | None = None


def compared_schema(config: MonitorConfig) -> pa.Schema:
    """The columns that the baseline is held against."""
    names = (*TOLD, *compared_columns(config))
    return pa.schema([(name, pa.float64() if name in NUMERIC_ROLES else pa.string()) for name in names])


def compared_columns(config: MonitorConfig) -> list[str]:
    """The mapped columns of numbers and categories."""
    return [name for name in config.source.all_columns if name not in UNCOMPARED]


def drift_of(config: MonitorConfig, now: Evidence, baseline: pa.Table, earlier: Sequence[Evidence]) -> Drifted:
    """Hold a window against the `baseline`, a table of `compared_schema`; its scores against the windows before."""
    if config.drift is None:
        return Drifted(words={})
    seed = config.sample.seed
    table = now.interactions.select(baseline.schema.names).slice(0, MOST_ROWS)
    rows = now.rows(config.decide.confidence, by_session="session" in config.source.all_columns)
    rows = rows.only([place < table.num_rows for place in range(now.interactions.num_rows)])
    topics = fit_topics(_texts(baseline, "prompt"), seed=seed) if "prompt" in config.source.all_columns else None
    return Drifted(
        measures=(
            *(measure for role in ROLES for measure in _of_texts(config, role, baseline, table)),
            *_of_columns(config, now, baseline, table),
            *_of_scores(config, now, earlier),
            *(topic_measures(topics, assign(topics, _texts(table, "prompt")), rows) if topics else ()),
            *_of_concepts(config, now, earlier, topics),
        ),
        words={role: found for role in ROLES if (found := token_drift(_texts(baseline, role), _texts(table, role)))},
        topics=topics,
    )


def topic_names(topics: Topics | None, interactions: pa.Table) -> list[str | None]:
    """The topic of each interaction's prompt; `new topic` where it is far from all, None where that is not known."""
    if topics is None:
        return [None] * interactions.num_rows
    names = dict(enumerate(topics.names)) | {-1: NEW_TOPIC}
    prompts = [prompt or "" for prompt in interactions["prompt"].to_pylist()]
    return [names.get(int(place)) for place in assign(topics, prompts)]


def _texts(table: pa.Table, role: str) -> list[str]:
    texts: list[str] = table[role].drop_null().to_pylist()
    return texts


def _of_texts(config: MonitorConfig, role: str, before: pa.Table, now: pa.Table) -> list[Measure]:
    told = [table.filter(pc.is_valid(table[role])) for table in (before, now)]
    found = text_drift(
        told[0][role].to_pylist(),
        told[1][role].to_pylist(),
        (sessions_of(told[0]), sessions_of(told[1])) if "session" in config.source.all_columns else None,
        confidence=config.decide.confidence,
        seed=config.sample.seed,
    )
    return text_measures(role, found, told[1].num_rows)


def _of_columns(config: MonitorConfig, now: Evidence, before: pa.Table, table: pa.Table) -> Iterator[Measure]:
    """How far each column is from the baseline's, and how much it has to do with failing a metric."""
    names = compared_columns(config)
    outcomes = now.failed()[: table.num_rows]
    known = [place for place, failed in enumerate(outcomes) if failed is not None]
    columns = {name: table[name].take(pa.array(known, pa.int64())) for name in names}
    weights = importance(columns, [bool(outcomes[place]) for place in known], seed=config.sample.seed) or {}
    for name in names:
        values: tuple[list[Any], list[Any]] = (
            before[name].drop_null().to_pylist(),
            table[name].drop_null().to_pylist(),
        )
        is_number = name in NUMERIC_ROLES
        found = numeric_drift(*values) if is_number else categorical_drift(*values)
        yield from column_measures(name, found, len(values[1]), is_number=is_number)
        yield importance_measure(name, weights.get(name), len(known))


def _of_scores(config: MonitorConfig, now: Evidence, earlier: Sequence[Evidence]) -> Iterator[Measure]:
    mine = now.scores()
    before = [part.scores() for part in earlier]
    for name in config.metrics:
        scores = [score for score in mine.get(name, []) if score is not None]
        others = [score for part in before for score in part.get(name, []) if score is not None]
        found = score_drift(others, scores, confidence=config.decide.confidence, seed=config.sample.seed)
        yield from score_measures(name, found, len(scores))


def _of_concepts(
    config: MonitorConfig, now: Evidence, earlier: Sequence[Evidence], topics: Topics | None
) -> Iterator[Measure]:
    """Whether the relation of topic and passing changed, metric by metric; nothing without topics."""
    if topics is None:
        return
    names = dict(enumerate(topics.names)) | {-1: NEW_TOPIC}
    sides = [[(assign(topics, _prompts(part)).tolist(), part.passed()) for part in parts] for parts in (earlier, [now])]
    for metric in config.metrics:
        before, mine = (_outcomes(side, metric) for side in sides)
        found = concept_drift(before, mine, seed=config.sample.seed)
        for measure in concept_measures(found, len(mine[0]), names):
            yield replace(measure, subject=f"concept_{metric}")


def _prompts(evidence: Evidence) -> list[str]:
    return [prompt or "" for prompt in evidence.interactions["prompt"].to_pylist()]


def _outcomes(
    parts: Sequence[tuple[Sequence[int], Mapping[str, list[bool | None]]]], metric: str
) -> tuple[list[int], list[bool]]:
    """The topics of the scored interactions that have one, and whether each passed."""
    rows = [
        (int(topic), bool(passed))
        for topics, outcomes in parts
        for topic, passed in zip(topics, outcomes.get(metric, ()), strict=False)
        if passed is not None and topic >= -1
    ]
    return [topic for topic, _ in rows], [passed for _, passed in rows]
