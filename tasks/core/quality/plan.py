"""The calls that a sample asks for: which interaction, which metrics, which fields."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import pyarrow as pa

from tasks.core.quality.fingerprint import content_hash
from tasks.core.quality.metric import Metric, Scale
from tasks.core.quality.prompt import characters
from tasks.core.quality.session import conversations

MAY_BE_EMPTY = "completion"
HISTORY, PROMPT = "history", "prompt"
BATCH_ROWS = 500

Key = tuple[str, str]


class Purpose(StrEnum):
    """What a call is for: the window's own interactions, the canaries, or the bridge from one judge to the next."""

    WINDOW = "window"
    CANARY = "canary"
    BRIDGE = "bridge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What is asked of the evaluator at once: one interaction on one metric, or on several that share the question.

    `fields` holds the texts of the roles that the metrics need. Calls with equal fields and metrics have equal
    `content_hash`: the scores of one serve all.
    """

    interaction_id: str
    metrics: tuple[Metric, ...]
    fields: Mapping[str, str]
    content_hash: str
    purpose: Purpose = Purpose.WINDOW

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the metrics."""
        return tuple(metric.name for metric in self.metrics)

    @property
    def scales(self) -> Mapping[str, Scale]:
        """The scale of each metric, by its name."""
        return {metric.name: metric.scale for metric in self.metrics}


@dataclass(frozen=True, slots=True, kw_only=True)
class NotApplicable:
    """A metric that is not judged on an interaction: a field is absent or empty, or its session goes on."""

    interaction_id: str
    metric: Metric


def plan(interactions: pa.Table, metrics: Sequence[Metric], *, fused: bool) -> Iterator[Call | NotApplicable]:
    """Every sampled interaction with every metric, interaction by interaction, in the order of the table.

    What was said before the prompt is shown with it, where it was logged. With `fused`, one call holds all the metrics
    that apply to an interaction; else each has its own. An empty completion is judged, as the worst of answers; one
    that was not logged is not. A metric of sessions applies to the last interaction of each, with all turns before it.
    """
    roles = list(dict.fromkeys(role for metric in metrics for role in metric.needs))
    if PROMPT in roles and HISTORY in interactions.column_names:
        roles.insert(0, HISTORY)
    kinds = [[one for one in metrics if one.of_sessions is of_sessions] for of_sessions in (False, True)]
    sessions = conversations(interactions) if kinds[True] else {}
    for batch in interactions.select(["interaction_id", *roles]).to_batches(max_chunksize=BATCH_ROWS):
        for row in batch.to_pylist():
            fields = {role: text for role in roles if (text := row[role]) is not None and _counts(role, text)}
            name = row["interaction_id"]
            yield from _calls(name, fields, kinds[False], fused=fused)
            told = {HISTORY: sessions.get(name)} | {role: text for role, text in fields.items() if role != HISTORY}
            whole = {role: text for role, text in told.items() if text is not None} if name in sessions else {}
            yield from _calls(name, whole, kinds[True], fused=fused)


def _calls(
    interaction_id: str, fields: Mapping[str, str], metrics: Sequence[Metric], *, fused: bool
) -> Iterator[Call | NotApplicable]:
    apply = [metric for metric in metrics if all(role in fields for role in metric.needs)]
    for together in [apply] if fused and apply else [[metric] for metric in apply]:
        shown = {role for metric in together for role in metric.needs}
        shown |= {HISTORY} if PROMPT in shown else set()
        needed = {role: text for role, text in fields.items() if role in shown}
        yield Call(
            interaction_id=interaction_id,
            metrics=tuple(together),
            fields=needed,
            content_hash=content_hash([metric.name for metric in together], needed),
        )
    for metric in metrics:
        if metric not in apply:
            yield NotApplicable(interaction_id=interaction_id, metric=metric)


def _counts(role: str, text: str) -> bool:
    return role == MAY_BE_EMPTY or bool(text.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A call that has to be made, without its texts; `characters` are those of its messages."""

    interaction_id: str
    content_hash: str
    names: tuple[str, ...]
    characters: int

    @property
    def keys(self) -> list[Key]:
        """Content hash and metric of each judgement."""
        return [(self.content_hash, name) for name in self.names]


def judgements(calls: Iterable[Missing]) -> int:
    """How many judgements these calls ask for."""
    return sum(len(one.names) for one in calls)


def missing(
    interactions: pa.Table, metrics: Sequence[Metric], scored: Collection[Key], *, fused: bool
) -> list[Missing]:
    """The calls that have a judgement which is not among the `scored`, each content once."""
    found: dict[Key, Missing] = {}
    for call in plan(interactions, metrics, fused=fused):
        if isinstance(call, NotApplicable) or (call.content_hash, call.names[0]) in found:
            continue
        if any((call.content_hash, name) not in scored for name in call.names):
            found[call.content_hash, call.names[0]] = Missing(
                interaction_id=call.interaction_id,
                content_hash=call.content_hash,
                names=call.names,
                characters=characters(call.metrics, call.fields),
            )
    return list(found.values())


def calls_of(
    wanted: Collection[Missing], interactions: pa.Table, metrics: Sequence[Metric], *, fused: bool
) -> Iterator[Call]:
    """The wanted calls with their texts, each once, made as they are taken."""
    left = {one.keys[0] for one in wanted}
    for call in plan(interactions, metrics, fused=fused):
        if isinstance(call, Call) and (key := (call.content_hash, call.names[0])) in left:
            left.remove(key)
            yield call
