"""Questions to an OpenAI-compatible server over HTTP, as fast as it lets itself be asked."""

import asyncio
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from configs.evaluator import Juror
from tasks.adapters.faults import Dialect, backoff_s, cause_of, read_refusal, retry_after_s, simpler
from tasks.adapters.wire import Broken, Response, Wire
from tasks.core.errors import EvaluatorError
from tasks.core.price import Purse
from tasks.core.quality.exchange import Exchange, Question
from tasks.core.quality.pace import Outcome, Pace, Ticket
from tasks.core.quality.reply import schema_of
from tasks.core.quality.score import NotAsked, Unscored

OK: Final = 200
TOP_LOGPROBS: Final = 20
HOPELESS: Final = 20  # questions in a row without any answer, after which no more are asked
CHARACTERS_A_TOKEN: Final = 4
REPLY_TOKENS: Final = 60  # of a reply, as a rule
SETTLING_S: Final = 0.05
SAID_BYTES: Final = 2_000
AWAY: Final = (Unscored.CONNECTION, Unscored.TIMEOUT, Unscored.SERVER_ERROR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is sent with each question, and how hard an answer is sought.

    `max_attempts` counts the calls for one answer when they fail in ways that may heal; `share` (0 to 1) is the part of
    the server's limits that is this line's.
    """

    model: str
    concurrency: int
    max_attempts: int
    temperature: float | None
    max_tokens: int
    logprobs: bool
    share: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A call without an answer; `wait_s` is how long the server wants to be left alone, None where it did not say."""

    cause: Unscored
    heals: bool
    may_be_billed: bool = False
    said: bytes = b""
    wait_s: float | None = None


def settings_of(juror: Juror, share: float = 1.0) -> Settings:
    """What a judge of the monitor file is sent, and how hard it is asked by a line that has a share of its limits."""
    return Settings(
        model=juror.model or "",
        concurrency=max(1, int(juror.concurrency * share)),
        max_attempts=juror.max_attempts,
        temperature=juror.temperature,
        max_tokens=juror.max_tokens,
        logprobs=juror.logprobs,
        share=share,
    )


class HttpLine:
    """A line over one wire; at most `settings.concurrency` calls are under way, fewer where the server wants it."""

    def __init__(self, wire: Wire, settings: Settings, purse: Purse) -> None:
        self._wire = wire
        self._settings = settings
        self._purse = purse
        self._pace = Pace(settings.concurrency, settings.share)
        self._turn = asyncio.Lock()
        self._ended = asyncio.Event()
        self._dialect = Dialect()
        self._unanswered = 0
        self._closed: EvaluatorError | None = None

    async def ask(self, question: Question) -> Exchange:
        """As `Line.ask`; waits and tries again where that may help."""
        calls = failures = 0
        while True:
            self._check_open()
            await self._reserve(question.bound_usd)
            calls += 1
            try:
                found, latency_ms = await self._call(question)
            except EvaluatorError:
                self._purse.settle(question.bound_usd, 0.0)
                raise
            if isinstance(found, bytes):
                self._unanswered = 0
                return _exchange(None, found, calls, latency_ms, question.bound_usd)
            if isinstance(found, Dialect):
                self._purse.settle(question.bound_usd, 0.0)
                self._dialect = found
                continue
            failures += 1
            self._purse.settle(question.bound_usd, question.bound_usd if found.may_be_billed else 0.0)
            if not found.heals or failures >= self._settings.max_attempts:
                self._unanswered += found.heals and found.cause in AWAY
                return _exchange(found.cause, found.said[:SAID_BYTES], calls, latency_ms)
            await asyncio.sleep(backoff_s(failures) if found.wait_s is None else found.wait_s)

    async def close(self) -> None:
        """As `Line.close`."""
        await self._wire.close()

    def _check_open(self) -> None:
        """Raises EvaluatorError once it is known that no call can succeed."""
        if self._closed is not None:
            raise EvaluatorError(self._closed.reason, str(self._closed))
        if self._unanswered >= HOPELESS:
            message = (
                f"the evaluator gave no answer to {HOPELESS} questions in a row, each asked "
                f"{self._settings.max_attempts} times; see to the server at evaluator.base_url"
            )
            raise EvaluatorError(NotAsked.UNREACHABLE, message)

    async def _reserve(self, bound_usd: float) -> None:
        """Lay the cost aside; what calls under way have laid aside may come back, so their end is waited for."""
        while not self._purse.reserve(bound_usd):
            if not self._purse.is_in_use:
                message = "evaluator.budget_usd is used up; raise it, or sample less"
                raise EvaluatorError(NotAsked.BUDGET, message)
            await asyncio.sleep(SETTLING_S)

    async def _call(self, question: Question) -> tuple[bytes | Dialect | Failure, float]:
        """One call: the body of an answer, the dialect to try instead, or why there is neither; and its time."""
        dialect = self._dialect
        body = json.dumps(parameters(dialect, self._settings, question)).encode()
        ticket = await self._leave(len(body) / CHARACTERS_A_TOKEN + REPLY_TOKENS)
        outcome, response = Outcome.FAILED, None
        try:
            self._check_open()
            response = await self._wire.post(body)
            found = self._read(response, dialect)
            if isinstance(found, bytes | Dialect):
                outcome = Outcome.ANSWERED
            elif found.cause is Unscored.RATE_LIMITED:
                outcome = Outcome.REFUSED
        except EvaluatorError as error:
            self._closed = error
            raise
        finally:
            now = time.monotonic()
            headers = response.headers if isinstance(response, Response) else {}
            self._pace.settle(ticket, now, outcome, headers, retry_after_s(headers.get("retry-after")))
            self._ended.set()
        return found, (now - ticket.at) * 1000

    async def _leave(self, tokens: float) -> Ticket:
        """The leave to call, as soon as the pace gives it; those who wait are served in their order."""
        async with self._turn:
            while (wait_s := self._pace.wait_s(time.monotonic(), tokens)) != 0:
                self._ended.clear()
                try:
                    await asyncio.wait_for(self._ended.wait(), wait_s)
                except TimeoutError:
                    continue
            return self._pace.admit(time.monotonic(), tokens)

    def _read(self, response: Response | Broken, dialect: Dialect) -> bytes | Dialect | Failure:
        if isinstance(response, Broken):
            return Failure(cause=response.cause, heals=True, may_be_billed=response.may_be_billed)
        if response.status == OK:
            return response.body
        refusal = read_refusal(response.status, response.body)
        # another call may have learnt it meanwhile: then this one is asked again as that one was
        plainer = simpler(dialect, refusal)
        if plainer is not None:
            return self._dialect if self._dialect != dialect else plainer
        return Failure(
            cause=cause_of(refusal, self._settings.model),
            heals=refusal.heals,
            said=response.body,
            wait_s=retry_after_s(response.headers.get("retry-after")),
        )


def parameters(dialect: Dialect, settings: Settings, question: Question) -> dict[str, Any]:
    """The body of a chat completion that asks a question, in the words that the server understands."""
    found: dict[str, Any] = {
        "model": settings.model,
        "messages": [{"role": role, "content": text} for role, text in question.messages],
        dialect.token_key: settings.max_tokens,
    }
    if dialect.has_temperature and settings.temperature is not None:
        found["temperature"] = settings.temperature
    if dialect.has_logprobs and settings.logprobs:
        found |= {"logprobs": True, "top_logprobs": TOP_LOGPROBS}
    if dialect.format == "json_schema":
        schema = {"name": "verdict", "strict": True, "schema": schema_of(question.call.names, question.call.scales)}
        found["response_format"] = {"type": "json_schema", "json_schema": schema}
    elif dialect.format is not None:
        found["response_format"] = {"type": dialect.format}
    return found


def _exchange(
    failure: Unscored | None, body: bytes, calls: int, latency_ms: float, reserved_usd: float | None = None
) -> Exchange:
    return Exchange(
        failure=failure,
        body=body,
        calls=calls,
        latency_ms=latency_ms,
        at=datetime.now(UTC),
        reserved_usd=reserved_usd,
    )
