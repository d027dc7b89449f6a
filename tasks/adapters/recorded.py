"""Judging from recordings: the raw replies that were kept, read again without a call."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from configs.monitor import MonitorConfig
from tasks.adapters.evaluators import open_evaluator
from tasks.core.errors import EvaluatorError
from tasks.core.quality.exchange import Exchange, Judged, Question
from tasks.core.quality.plan import Call, Purpose
from tasks.core.quality.score import NotAsked, Score, Unscored

Row = Mapping[str, Any]


class RecordedLine:
    """The exchanges of one attempt, found again by the place of the question in the judgement."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = {(row["judge"], row["repeat"], row["turn"]): row for row in rows}

    async def ask(self, question: Question) -> Exchange:
        """As `Line.ask`; where nothing was recorded, nothing more had been asked."""
        row = self._rows.get((question.judge, question.repeat, question.turn))
        if row is None:
            message = "no reply to this question was recorded"
            raise EvaluatorError(NotAsked.NOT_RECORDED, message)
        return Exchange(
            failure=None if row["failure"] is None else Unscored(row["failure"]),
            body=row["body"],
            calls=row["calls"],
            latency_ms=row["latency_ms"],
            at=row["at"],
            price_share=row["price_share"],
        )

    async def close(self) -> None:
        """As `Line.close`."""


class RecordedEvaluator:
    """The evaluator of a monitor over `exchange.SCHEMA` rows.

    Of several attempts at a call of the window, a metric's first score counts, as in the ledger; of a canary's and a
    bridge's the last attempt.
    """

    def __init__(self, config: MonitorConfig, replies: pa.Table) -> None:
        self._config = config
        attempts: dict[str, list[Row]] = {}
        for row in replies.sort_by("at").to_pylist():
            attempts.setdefault(row["attempt"], []).append(row)
        self._attempts: dict[tuple[str, str, tuple[str, ...]], list[list[Row]]] = {}
        for rows in attempts.values():
            first = rows[0]
            place = (first["purpose"], first["content_hash"], tuple(first["metrics"]))
            self._attempts.setdefault(place, []).append(rows)

    @property
    def identity(self) -> Mapping[str, object]:
        """As `Evaluator.identity`."""
        return open_evaluator(self._config, lambda *_: RecordedLine(())).identity

    async def judge(self, call: Call) -> Judged:
        """As `Evaluator.judge`; a call that was not recorded ends alone."""
        attempts = self._attempts.get((call.purpose, call.content_hash, call.names), [])
        if call.purpose is not Purpose.WINDOW:
            attempts = attempts[-1:]
        if not attempts:
            message = "some judgements have no recorded replies under the present configuration; they were not replayed"
            raise EvaluatorError(NotAsked.NOT_RECORDED, message)
        heard = [await self._attempt(call, rows) for rows in attempts]
        by_metric = zip(*(one.scores for one in heard), strict=True)
        return Judged(scores=tuple(_first(scores) for scores in by_metric))

    async def close(self) -> None:
        """As `Evaluator.close`."""

    async def _attempt(self, call: Call, rows: Sequence[Row]) -> Judged:
        evaluator = open_evaluator(self._config, lambda *_: RecordedLine(rows))
        return await evaluator.judge(call)


def _first(scores: Sequence[Score]) -> Score:
    """The first that is a score, else the last that is none; a replay makes no calls."""
    score = next((score for score in scores if score.score is not None), scores[-1])
    return replace(score, use=replace(score.use, calls=0))
