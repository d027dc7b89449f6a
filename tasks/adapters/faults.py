"""What an evaluator's refusals mean: try again, speak more simply, give this judgement up, or stop asking."""

import json
import random
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from tasks.core.errors import EvaluatorError
from tasks.core.quality.score import NotAsked, Unscored

FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 30.0
LONGEST_RETRY_AFTER_S: Final = 120.0
TOO_MANY: Final = 429
SERVER_FAULT: Final = 500
NOT_UNDERSTOOD: Final = (400, 422)
TOO_LONG: Final = ("context_length", "context length", "maximum context", "too many tokens", "prompt is too long")
FILTERED: Final = ("content_filter", "content management policy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What the server was found to understand; servers differ, and say so with status 400 or 422."""

    format: str | None = "json_schema"
    token_key: str = "max_tokens"  # noqa: S105  a parameter's name
    has_temperature: bool = True
    has_logprobs: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A response that is no answer: its status and what it says, in small letters."""

    status: int
    code: str
    complaint: str

    @property
    def heals(self) -> bool:
        """Whether the same call may succeed later."""
        return self.status == TOO_MANY or self.status >= SERVER_FAULT


def read_refusal(status: int, body: bytes) -> Refusal:
    """The refusal in a response; servers say it as {"error": {"code", "message", "param"}}, or as they please."""
    text = body.decode(errors="replace")
    code = ""
    with suppress(ValueError, RecursionError):
        document = json.loads(text)
        error = document.get("error", document) if isinstance(document, dict) else None
        if isinstance(error, dict):
            code = str(error.get("code") or "")
            text = f"{code} {error.get('param')} {error.get('message')}"
    return Refusal(status=status, code=code.lower(), complaint=text.lower())


def simpler(dialect: Dialect, refusal: Refusal) -> Dialect | None:
    """The next simpler dialect that the refusal asks for; None where it is about something else."""
    if refusal.status not in NOT_UNDERSTOOD:
        return None
    complaint = refusal.complaint
    if dialect.token_key == "max_tokens" and "max_completion_tokens" in complaint:  # noqa: S105
        return replace(dialect, token_key="max_completion_tokens")  # noqa: S106
    if dialect.has_temperature and "temperature" in complaint:
        return replace(dialect, has_temperature=False)
    if dialect.has_logprobs and "logprobs" in complaint:
        return replace(dialect, has_logprobs=False)
    if dialect.format is not None and any(
        word in complaint for word in ("response_format", "json_schema", "json_object")
    ):
        return replace(dialect, format="json_object" if dialect.format == "json_schema" else None)
    return None


def cause_of(refusal: Refusal, model: str) -> Unscored:
    """Why a judgement has no score; raises EvaluatorError where no call can succeed."""
    _stop_on_terminal(refusal, model)
    if refusal.status == TOO_MANY:
        return Unscored.RATE_LIMITED
    if any(word in refusal.complaint for word in FILTERED):
        return Unscored.CONTENT_FILTER
    if any(word in refusal.complaint for word in TOO_LONG):
        return Unscored.CONTEXT_TOO_LONG
    return Unscored.SERVER_ERROR


def backoff_s(attempt: int) -> float:
    """Seconds before the next attempt: doubling from half a second, with jitter.

    The jitter spreads the calls that failed together ("equal jitter", M. Brooker, Exponential backoff and jitter, AWS
    Architecture Blog, 2015).
    """
    ceiling = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (attempt - 1))
    return random.uniform(ceiling / 2, ceiling)  # noqa: S311  no secret


def retry_after_s(value: str | None) -> float | None:
    """A Retry-After header, in seconds or as a date, at most `LONGEST_RETRY_AFTER_S`; None where there is none."""
    if value is None:
        return None
    seconds: float | None = None
    with suppress(ValueError):
        seconds = float(value)
    if seconds is None:
        with suppress(ValueError):
            seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
    return None if seconds is None or seconds != seconds else min(max(seconds, 0.0), LONGEST_RETRY_AFTER_S)  # noqa: PLR0124  NaN


def _stop_on_terminal(refusal: Refusal, model: str) -> None:
    found = None
    if refusal.code == "insufficient_quota":
        found = (
            NotAsked.QUOTA_EXHAUSTED,
            "the evaluator's quota is used up (429); raise it or wait for the next billing period",
        )
    elif refusal.status == 401:  # noqa: PLR2004
        found = NotAsked.KEY_INVALID, "the evaluator does not accept the key (401); correct evaluator.api_key"
    elif refusal.status == 403:  # noqa: PLR2004
        found = NotAsked.ACCESS_DENIED, f"the evaluator refuses access to {model} (403); grant it to this key"
    elif refusal.status == 404 or refusal.code == "model_not_found":  # noqa: PLR2004
        found = (
            NotAsked.MODEL_UNKNOWN,
            f"the evaluator knows no model {model} at this address (404); correct evaluator.model or base_url",
        )
    if found is not None:
        raise EvaluatorError(*found)
