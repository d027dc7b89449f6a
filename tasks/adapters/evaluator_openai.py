"""Live judging by an OpenAI-compatible server, Azure's included, through the `openai` package."""

import asyncio
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx2
import openai

from tasks.adapters.evaluator import Deliver
from tasks.adapters.evaluator_faults import Dialect, cause_of, may_heal, simpler, wait_s
from tasks.core.errors import EvaluatorError
from tasks.core.quality.plan import Request
from tasks.core.quality.prompt import Prompt, render
from tasks.core.quality.reply import SCHEMA, Fault, Grade, read_reply
from tasks.core.quality.score import Score, Unscored

PATH: Final = "/chat/completions"
READINGS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is sent with each call, and how hard an answer is sought.

    `timeout` bounds one call; `max_attempts` counts the calls for one answer when they fail in ways that may heal.
    """

    provider: str
    model: str
    concurrency: int
    timeout: timedelta
    max_attempts: int
    temperature: float | None
    max_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answered call: the text, or why there is none."""

    text: str
    failure: Unscored | None
    model: str | None
    prompt_tokens: int | None
    completion_tokens: int | None


class OpenAIEvaluator:
    """Judges with at most `settings.concurrency` calls in flight over one shared client."""

    def __init__(self, client: openai.AsyncOpenAI, settings: Settings) -> None:
        self._client = client
        self._settings = settings
        self._dialect = Dialect()

    @property
    def identity(self) -> Mapping[str, object]:
        """As `Evaluator.identity`."""
        return {
            "provider": self._settings.provider,
            "model": self._settings.model,
            "temperature": self._settings.temperature,
            "max_tokens": self._settings.max_tokens,
        }

    async def grade(self, requests: Iterable[Request], deliver: Deliver) -> None:
        """As `Evaluator.grade`."""
        pending = iter(requests)
        try:
            async with asyncio.TaskGroup() as workers:
                for _ in range(self._settings.concurrency):
                    workers.create_task(self._work(pending, deliver))
        except* EvaluatorError as refusals:
            raise refusals.exceptions[0] from refusals
        finally:
            await self._client.close()

    async def _work(self, pending: Iterator[Request], deliver: Deliver) -> None:
        for request in pending:
            await deliver(request, await self._judge(request))

    async def _judge(self, request: Request) -> Score:
        """Ask, read strictly, and ask once more with the complaint where the reply could not be read."""
        prompt = render(request.metric, request.fields, secrets.token_hex(8))
        messages = _messages(prompt)
        answers: list[Answer] = []
        reading: Grade | Fault | None = None
        calls = 0
        for _ in range(READINGS):
            started = time.monotonic()
            answer, asked = await self._ask(messages)
            latency_ms = (time.monotonic() - started) * 1000
            calls += asked
            answers.append(answer)
            if answer.failure is not None:
                return _score(answers, calls, latency_ms, answer.failure, answer.text)
            reading = read_reply(answer.text)
            if isinstance(reading, Grade):
                return _score(answers, calls, latency_ms, reading, reading.reason)
            messages = [
                *messages,
                {"role": "assistant", "content": answer.text},
                {"role": "user", "content": reading.complaint},
            ]
        cause = reading.cause if isinstance(reading, Fault) else Unscored.UNREADABLE
        return _score(answers, calls, latency_ms, cause, None)

    async def _ask(self, messages: list[dict[str, str]]) -> tuple[Answer, int]:
        """The answer to one question, and how many calls it took; waits and tries again where that may help."""
        calls = faults = 0
        while True:
            calls += 1
            dialect = self._dialect
            try:
                response = await self._client.post(
                    PATH,
                    cast_to=httpx2.Response,  # the body as it came: our own reader is stricter, and a call costs half
                    body=self._parameters(dialect, messages),
                    options={"timeout": self._settings.timeout.total_seconds()},
                )
                return _read_response(response.content), calls
            except openai.APIError as error:
                plainer = simpler(dialect, error)
                if plainer is not None:
                    self._dialect = plainer
                    continue
                faults += 1
                cause = cause_of(error, self._settings.model)
                if not may_heal(error) or faults >= self._settings.max_attempts:
                    return _no_answer(cause, f"{type(error).__name__} after {calls} calls"), calls
                await asyncio.sleep(wait_s(error, faults))

    def _parameters(self, dialect: Dialect, messages: list[dict[str, str]]) -> dict[str, Any]:
        parameters: dict[str, Any] = {
            "model": self._settings.model,
            "messages": messages,
            dialect.token_key: self._settings.max_tokens,
        }
        if dialect.has_temperature and self._settings.temperature is not None:
            parameters["temperature"] = self._settings.temperature
        if dialect.format == "json_schema":
            schema = {"name": "verdict", "strict": True, "schema": SCHEMA}
            parameters["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif dialect.format is not None:
            parameters["response_format"] = {"type": dialect.format}
        return parameters


def _messages(prompt: Prompt) -> list[dict[str, str]]:
    return [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}]


def _read_response(content: bytes) -> Answer:
    """The answer in a response with status 200; what is no chat completion has an empty text, which is unreadable."""
    try:
        body = json.loads(content)
        choice = body["choices"][0]
        message = choice["message"]
        text, refusal = message.get("content"), message.get("refusal")
        finish = choice.get("finish_reason")
        usage = body.get("usage") or {}
        model = body.get("model")
        tokens = [usage.get(key) for key in ("prompt_tokens", "completion_tokens")]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return _no_answer(None, "")
    failure = Unscored.CONTENT_FILTER if finish == "content_filter" else Unscored.REFUSED if refusal else None
    return Answer(
        text=text if isinstance(text, str) else "",
        failure=failure,
        model=model if isinstance(model, str) else None,
        prompt_tokens=tokens[0] if isinstance(tokens[0], int) else None,
        completion_tokens=tokens[1] if isinstance(tokens[1], int) else None,
    )


def _no_answer(failure: Unscored | None, why: str) -> Answer:
    return Answer(text=why, failure=failure, model=None, prompt_tokens=None, completion_tokens=None)


def _score(
    answers: list[Answer], calls: int, latency_ms: float, verdict: Grade | Unscored, reason: str | None
) -> Score:
    return Score(
        score=verdict.score if isinstance(verdict, Grade) else None,
        unscored=None if isinstance(verdict, Grade) else verdict,
        reason=reason or None,
        model=answers[-1].model,
        calls=calls,
        prompt_tokens=_total([answer.prompt_tokens for answer in answers]),
        completion_tokens=_total([answer.completion_tokens for answer in answers]),
        latency_ms=latency_ms,
        judged_at=datetime.now(UTC),
    )


def _total(counts: list[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def open_openai(
    settings: Settings,
    base_url: str | None,
    api_key: str | Callable[[], Awaitable[str]],
    api_version: str | None,
) -> OpenAIEvaluator:
    """An evaluator over its own client; `api_key` may be a function that fetches a fresh Entra token."""
    shared: dict[str, Any] = {"max_retries": 0, "timeout": settings.timeout.total_seconds()}
    client: openai.AsyncOpenAI
    if settings.provider == "azure_openai":
        client = openai.AsyncAzureOpenAI(
            azure_endpoint=base_url or "",
            azure_deployment=settings.model,
            api_version=api_version,
            http_client=openai.DefaultAioHttpClient(),
            **({"api_key": api_key} if isinstance(api_key, str) else {"azure_ad_token_provider": api_key}),
            **shared,
        )
    else:
        client = openai.AsyncOpenAI(
            base_url=base_url, api_key=api_key, http_client=openai.DefaultAioHttpClient(), **shared
        )
    return OpenAIEvaluator(client, settings)
