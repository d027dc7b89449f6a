"""Judgements as OpenTelemetry's `gen_ai.evaluation.result` events, by its GenAI semantic conventions."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tasks.core.quality.judgement import Judgement

EVENT: Final = "gen_ai.evaluation.result"
TRACED: Final = frozenset({"otel_genai", "azure_traces"})
SPAN: Final = re.compile(r"([0-9a-f]{32}):([0-9a-f]{16})")
RESPONSE: Final = re.compile(r"(chatcmpl-|resp_|msg_)\S+")  # as OpenAI and Anthropic name their responses


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """What of an interaction's log its evaluation is linked by."""

    correlation_id: str
    event_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """One event: its attributes, when the interaction took place, when it was judged, and its span where it has one."""

    attributes: Mapping[str, str | float]
    event_time: datetime
    judged_at: datetime
    trace_id: int | None
    span_id: int | None


def evaluations(
    judged: Iterable[Judgement], logged: Mapping[str, Logged], monitor: str, log_format: str, *, explained: bool
) -> Iterator[Evaluation]:
    """An event for each judgement that was asked for; `logged` goes by interaction.

    One without a score carries `error.type`, which is its reason in the ledger, and no value. Only `explained` events
    carry the judge's reason, which quotes what was logged.
    """
    for one in judged:
        if one.judged_at is None:
            continue
        log = logged[one.interaction_id]
        span = SPAN.fullmatch(log.correlation_id) if log_format in TRACED else None
        attributes: dict[str, str | float | None] = {
            "gen_ai.evaluation.name": one.metric.name,
            "gen_ai.evaluation.score.value": one.score,
            "gen_ai.evaluation.score.label": None if one.score is None else ("fail" if one.failed else "pass"),
            "gen_ai.evaluation.explanation": one.reason if explained else None,
            "gen_ai.response.id": log.correlation_id if RESPONSE.fullmatch(log.correlation_id) else None,
            "error.type": one.unscored,
            "genwatch.monitor": monitor,
            "genwatch.interaction.id": one.interaction_id,
            "genwatch.judge.model": one.model,
        }
        yield Evaluation(
            attributes={name: value for name, value in attributes.items() if value is not None},
            event_time=log.event_time,
            judged_at=one.judged_at,
            trace_id=int(span[1], 16) if span else None,
            span_id=int(span[2], 16) if span else None,
        )


def unsent(judged: Iterable[Judgement], sent: Collection[str], until: datetime) -> Iterator[Judgement]:
    """The judgements that the revision before, with the interactions `sent` and judged `until` then, did not have."""
    return (
        one for one in judged if one.interaction_id not in sent or (one.judged_at is not None and one.judged_at > until)
    )
