"""What an evaluator's errors mean: try again, speak more simply, give this judgement up, or stop the run."""

import random
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import httpx2
import openai

from tasks.core.errors import EvaluatorError
from tasks.core.quality.score import Unscored

FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 30.0
LONGEST_RETRY_AFTER_S: Final = 120.0
SERVER_FAULT: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What the server was found to understand; servers differ, and say so with status 400 or 422."""

    format: str | None = "json_schema"
    token_key: str = "max_tokens"  # noqa: S105  a parameter's name
    has_temperature: bool = True


def simpler(dialect: Dialect, error: openai.APIError) -> Dialect | None:
    """The next simpler dialect that the error asks for; None where the error is about something else."""
    if not isinstance(error, openai.BadRequestError | openai.UnprocessableEntityError):
        return None
    complaint = f"{error.param} {error.message}".lower()
    if dialect.token_key == "max_tokens" and "max_completion_tokens" in complaint:  # noqa: S105
        return replace(dialect, token_key="max_completion_tokens")  # noqa: S106
    if dialect.has_temperature and "temperature" in complaint:
        return replace(dialect, has_temperature=False)
    if dialect.format is not None and any(
        word in complaint for word in ("response_format", "json_schema", "json_object")
    ):
        return replace(dialect, format="json_object" if dialect.format == "json_schema" else None)
    return None


def cause_of(error: openai.APIError, model: str) -> Unscored:
    """Why a judgement has no score; raises EvaluatorError where no call can succeed."""
    _stop_on_terminal(error, model)
    if isinstance(error, openai.RateLimitError):
        return Unscored.RATE_LIMITED
    if isinstance(error, openai.APITimeoutError) and not isinstance(error.__cause__, httpx2.ConnectTimeout):
        return Unscored.TIMEOUT
    if isinstance(error, openai.APIConnectionError):
        return Unscored.CONNECTION
    complaint = f"{error.code} {error.message}".lower()
    if "content_filter" in complaint or "content management policy" in complaint:
        return Unscored.CONTENT_FILTER
    if "context_length" in complaint or "maximum context length" in complaint:
        return Unscored.CONTEXT_TOO_LONG
    return Unscored.SERVER_ERROR


def may_heal(error: openai.APIError) -> bool:
    """Whether the same call may succeed later."""
    if isinstance(error, openai.APIStatusError):
        return isinstance(error, openai.RateLimitError) or error.status_code >= SERVER_FAULT
    return isinstance(error, openai.APIConnectionError)


def wait_s(error: openai.APIError, attempt: int) -> float:
    """Seconds to wait before the next attempt: what Retry-After says, else doubling from half a second, with jitter.

    The jitter spreads the calls that failed together ("full jitter", M. Brooker, Exponential backoff and jitter, AWS
    Architecture Blog, 2015); after a Retry-After it only adds.
    """
    asked = retry_after_s(error)
    if asked is not None:
        return asked + random.uniform(0, FIRST_WAIT_S)  # noqa: S311  no secret
    ceiling = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (attempt - 1))
    return random.uniform(ceiling / 2, ceiling)  # noqa: S311


def retry_after_s(error: openai.APIError) -> float | None:
    """The Retry-After of an error, in seconds or as a date, at most `LONGEST_RETRY_AFTER_S`; None without one."""
    value = error.response.headers.get("retry-after") if isinstance(error, openai.APIStatusError) else None
    if value is None:
        return None
    seconds: float | None = None
    with suppress(ValueError):
        seconds = float(value)
    if seconds is None:
        with suppress(ValueError):
            seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
    return None if seconds is None else min(max(seconds, 0.0), LONGEST_RETRY_AFTER_S)


def _stop_on_terminal(error: openai.APIError, model: str) -> None:
    message = None
    if isinstance(error, openai.AuthenticationError):
        message = "the evaluator does not accept the key (401); correct evaluator.api_key"
    elif isinstance(error, openai.PermissionDeniedError):
        message = f"the evaluator refuses access to {model} (403); grant it to this key"
    elif isinstance(error, openai.NotFoundError) or error.code == "model_not_found":
        message = f"the evaluator knows no model {model} at this address (404); correct evaluator.model or base_url"
    elif error.code == "insufficient_quota":
        message = "the evaluator's quota is used up (429); raise it or wait for the next billing period"
    if message is not None:
        raise EvaluatorError(message) from error
