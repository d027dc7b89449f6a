"""A judge: it puts questions on a line, reads the replies strictly, and makes scores of them."""

import asyncio
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Final

from tasks.adapters.line import Line
from tasks.core.errors import EvaluatorError
from tasks.core.price import Price, Purse
from tasks.core.quality.answer import Answer, expected_score, read_answer
from tasks.core.quality.combine import majority, repeated
from tasks.core.quality.exchange import Exchange, Judged, Question, Recording
from tasks.core.quality.plan import Call
from tasks.core.quality.prompt import render
from tasks.core.quality.reply import Fault, Grade, complaint_of, read_reply
from tasks.core.quality.score import Score, Unscored, Use
from tasks.core.quality.shorten import shortened

MARK_BYTES: Final = 4
MARKS: Final = 1024  # drawn from the system at once: a draw costs as much as a call


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a judge judges: how often it repeats itself, whether it reads probabilities, and at what price.

    `number` is its place in a jury. `max_tokens` bounds a reply. Without a price the cost is unknown.
    """

    identity: Mapping[str, object]
    number: int = 0
    repeats: int = 1
    logprobs: bool = False
    max_tokens: int
    price: Price | None


@dataclass(slots=True)
class Hearing:
    """One judgement while it is under way."""

    call: Call
    repeat: int
    dropped: int = 0
    readings: dict[str, Grade | Fault] = field(default_factory=dict)
    expected: dict[str, float] = field(default_factory=dict)
    recordings: list[Recording] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether every metric has its grade."""
        return bool(self.readings) and all(isinstance(reading, Grade) for reading in self.readings.values())


class Judge:
    """An evaluator that asks over a line, live or not."""

    def __init__(self, line: Line, settings: Settings, purse: Purse) -> None:
        self._line = line
        self._settings = settings
        self._purse = purse
        self._marks = marks()

    @property
    def identity(self) -> Mapping[str, object]:
        """As `Evaluator.identity`."""
        return self._settings.identity

    async def judge(self, call: Call) -> Judged:
        """As `Evaluator.judge`."""
        if self._settings.repeats == 1:
            return await self._hear(call, 0)
        rounds = range(self._settings.repeats)
        heard = await asyncio.gather(*(self._hear(call, number) for number in rounds))
        by_metric = zip(*(one.scores for one in heard), strict=True)
        return Judged(
            scores=tuple(
                repeated(scores, majority if metric.scale.names else fmean)
                for metric, scores in zip(call.metrics, by_metric, strict=True)
            ),
            recordings=tuple(recording for one in heard for recording in one.recordings),
        )

    async def close(self) -> None:
        """As `Evaluator.close`."""
        await self._line.close()

    async def _hear(self, call: Call, repeat: int) -> Judged:
        """Ask; once more with the complaint where the reply could not be read, or with less where it was too long."""
        hearing = Hearing(call=call, repeat=repeat)
        messages = messages_of(call, call.fields, next(self._marks))
        complained = False
        while True:
            exchange = await self._ask(hearing, messages)
            if exchange is None:
                break
            answer = self._take(hearing, exchange)
            if answer.failure is Unscored.CONTEXT_TOO_LONG and not hearing.dropped and (less := shortened(call.fields)):
                fields, hearing.dropped = less
                messages = messages_of(call, fields, next(self._marks))
                continue
            if answer.failure is not None or hearing.is_complete or complained:
                break
            complained = True
            messages = (*messages, ("assistant", answer.text), ("user", complaint_of(hearing.readings)))
        return Judged(scores=_scores(hearing), recordings=tuple(hearing.recordings))

    async def _ask(self, hearing: Hearing, messages: tuple[tuple[str, str], ...]) -> Exchange | None:
        """The exchange; None where what was heard so far has to do, as nothing more can be asked."""
        size = sum(len(text.encode()) for _, text in messages)
        price = self._settings.price
        question = Question(
            call=hearing.call,
            messages=messages,
            judge=self._settings.number,
            repeat=hearing.repeat,
            turn=len(hearing.recordings),
            bound_usd=price.bound_usd(size, self._settings.max_tokens) if price else 0.0,
        )
        try:
            exchange = await self._line.ask(question)
        except EvaluatorError:
            if hearing.recordings:
                return None
            raise
        place = {"judge": question.judge, "repeat": question.repeat, "turn": question.turn}
        hearing.recordings.append(Recording(**place, exchange=exchange))
        return exchange

    def _take(self, hearing: Hearing, exchange: Exchange) -> Answer:
        """Read one exchange; what was read of an earlier one stays."""
        if exchange.failure is not None:
            answer = Answer(text="", failure=exchange.failure, model=None, use=Use(calls=exchange.calls))
        else:
            answer = read_answer(exchange.body, exchange.calls, self._settings.price, exchange.price_share)
            if (reserved := exchange.reserved_usd) is not None:
                self._purse.settle(reserved, reserved if answer.use.cost_usd is None else answer.use.cost_usd)
        hearing.answers.append(answer)
        if answer.failure is None:
            for name, reading in read_reply(answer.text, hearing.call.names, hearing.call.scales).items():
                if not isinstance(hearing.readings.get(name), Grade):
                    hearing.readings[name] = reading
                    if isinstance(reading, Grade) and self._settings.logprobs:
                        expected = expected_score(answer, reading.digit_at)
                        hearing.expected |= {} if expected is None else {name: expected}
        return answer


def messages_of(call: Call, fields: Mapping[str, str], mark: str) -> tuple[tuple[str, str], ...]:
    """The messages that ask for a call, as (role, text)."""
    prompt = render(call.metrics, fields, mark)
    return ("system", prompt.system), ("user", prompt.user)


def marks() -> Iterator[str]:
    """Random marks without end, one for each call."""
    size = 2 * MARK_BYTES
    while True:
        drawn = secrets.token_hex(MARK_BYTES * MARKS)
        yield from (drawn[at : at + size] for at in range(0, len(drawn), size))


def _scores(hearing: Hearing) -> tuple[Score, ...]:
    last, exchange = hearing.answers[-1], hearing.recordings[-1].exchange
    uses = sum((answer.use for answer in hearing.answers), start=Use()).shared(len(hearing.call.names))
    return tuple(
        _score(hearing, name, use, last.failure, exchange) for name, use in zip(hearing.call.names, uses, strict=True)
    )


def _score(hearing: Hearing, name: str, use: Use, failure: Unscored | None, exchange: Exchange) -> Score:
    reading = hearing.readings.get(name)
    score, unscored, reason = None, failure, None
    if isinstance(reading, Grade):
        score, unscored, reason = hearing.expected.get(name, float(reading.score)), None, reading.reason
    elif unscored is None:
        unscored = reading.cause if reading is not None else Unscored.UNREADABLE
    models: Sequence[str] = [answer.model for answer in hearing.answers if answer.model]
    return Score(
        score=score,
        unscored=unscored,
        reason=reason or None,
        dropped_passages=hearing.dropped,
        model=models[-1] if models else None,
        use=use,
        latency_ms=exchange.latency_ms,
        judged_at=exchange.at,
    )
