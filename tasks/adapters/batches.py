"""The provider's batch API: files of requests handed over, asked for, called off, and their results read.

Importing it is slow, as it imports the `openai` package: modules that may do without import it where they need it.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Final, cast

import openai
from openai.types import Batch

from configs.evaluator import Juror
from tasks.adapters.evaluators import ENTRA_SCOPE, OPENAI_URL
from tasks.adapters.faults import cause_of, read_refusal
from tasks.adapters.secret import resolve
from tasks.core.errors import BatchPending, ConfigError, EvaluatorError
from tasks.core.quality.score import NotAsked

TOKEN: Final = "genwatch"  # noqa: S105  the metadata's name for it
FINAL: Final = ("completed", "failed", "expired", "cancelled")
CLOCKS_APART: Final = timedelta(hours=1)
PAGE: Final = 100
NO_KEY: Final = "none"
ENDED: Final = (openai.BadRequestError, openai.ConflictError, openai.NotFoundError)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchState:
    """How a batch stands; `done` of its `total` requests have a result or an error.

    `is_final`: no further result will come. `faults` are the codes of what was wrong with the batch as a whole.
    `files` hold the results, where there are any.
    """

    status: str
    is_final: bool
    done: int
    total: int
    faults: tuple[str, ...]
    files: tuple[str, ...]
    created_at: datetime
    ended_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The response to one request of a batch: its HTTP status and its JSON body."""

    status: int
    body: bytes


class Batches:
    """The files and batches of one key; `path` is the endpoint that the requests are for.

    Every method raises BatchPending where asking later may help, EvaluatorError where it does not, ConfigError where
    the server has no batch API.
    """

    def __init__(self, client: openai.OpenAI, model: str, path: str) -> None:
        self._client = client
        self._model = model
        self.path = path

    def submit(self, token: str, lines: bytes) -> str:
        """Upload the requests, begin a batch of them, and return its ID.

        The batch is asked for once, whatever comes: a call whose answer was lost may have begun one all the same.
        """
        with _in_our_words(self._model):
            file = self._client.files.create(file=(f"{token}.jsonl", lines), purpose="batch")
            batch = self._client.with_options(max_retries=0).batches.create(
                input_file_id=file.id,
                endpoint=cast("Any", self.path),  # Azure's is none of those that the package lists
                completion_window="24h",
                metadata={TOKEN: token},
            )
        return batch.id

    def find(self, token: str, since: datetime) -> str | None:
        """The ID of the batch with this token; those created before `since` are not looked through."""
        with _in_our_words(self._model):
            for batch in self._client.batches.list(limit=PAGE):  # newest first, page by page
                if (batch.metadata or {}).get(TOKEN) == token:
                    return batch.id
                if _time(batch.created_at) < since - CLOCKS_APART:
                    break
        return None

    def state(self, batch_id: str) -> BatchState:
        """How a batch stands; one that the provider does not know any more has failed."""
        with _in_our_words(self._model):
            try:
                batch = self._client.batches.retrieve(batch_id)
            except openai.NotFoundError:
                return _lost()
        return _state(batch)

    def cancel(self, batch_id: str) -> None:
        """Call a batch off; one that has ended stays as it is."""
        with _in_our_words(self._model):
            try:
                self._client.batches.cancel(batch_id)
            except ENDED:
                return

    def results(self, state: BatchState) -> dict[str, Result]:
        """The responses by custom ID; a request without one, and a line that cannot be read, is not among them."""
        found: dict[str, Result] = {}
        for file_id in state.files:
            for line in self._content(file_id).split(b"\n"):
                read = _result(line)
                if read is not None and (read[0] not in found or read[1].status == HTTPStatus.OK):
                    found[read[0]] = read[1]
        return found

    def _content(self, file_id: str) -> bytes:
        with _in_our_words(self._model):
            try:
                return self._client.files.content(file_id).content
            except openai.NotFoundError:
                return b""


@contextmanager
def open_batches(juror: Juror) -> Iterator[Batches]:
    """The batch API of a judge's provider; raises ConfigError where its secret or its package is missing."""
    key = resolve(juror.api_key, "evaluator.api_key") if juror.api_key is not None else None
    model, retries = juror.model or "", juror.max_attempts - 1
    if juror.provider == "azure_openai":
        client: openai.OpenAI = openai.AzureOpenAI(
            azure_endpoint=juror.base_url or "",
            api_version=juror.api_version,
            api_key=key,
            azure_ad_token_provider=None if key is not None else _entra_token(),
            max_retries=retries,
        )
        path = "/chat/completions"
    else:
        client = openai.OpenAI(base_url=juror.base_url or OPENAI_URL, api_key=key or NO_KEY, max_retries=retries)
        path = "/v1/chat/completions"
    with client:
        yield Batches(client, model, path)


def _entra_token() -> Callable[[], str]:
    try:
        from azure.identity import DefaultAzureCredential, get_bearer_token_provider  # noqa: PLC0415  an extra
    except ImportError as error:
        message = "evaluator: signing in through Entra needs an extra; pip install 'genwatch[azure]', or give api_key"
        raise ConfigError(message) from error
    provider: Callable[[], str] = get_bearer_token_provider(DefaultAzureCredential(), ENTRA_SCOPE)
    return provider


@contextmanager
def _in_our_words(model: str) -> Iterator[None]:
    """The package's errors as ours; their own words and requests are left out, as keys and texts may stand in them."""
    try:
        yield
    except openai.APIStatusError as error:
        raise _error(error.status_code, error.response.content, model) from None
    except openai.APIError as error:
        message = (
            f"the batch API did not answer ({type(error).__name__}); it is asked again, or set evaluator.mode: live"
        )
        raise BatchPending(message) from None


def _error(status: int, body: bytes, model: str) -> Exception:
    """What a refusal of the files or batches endpoint means."""
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED):
        message = f"evaluator.base_url: the server has no batch API ({status}); set evaluator.mode: live"
        return ConfigError(message)
    refusal = read_refusal(status, body)
    try:
        cause_of(refusal, model)
    except EvaluatorError as error:
        return error
    if refusal.heals:
        return BatchPending(f"the batch API does not answer now ({status}); it is asked again")
    return EvaluatorError(
        NotAsked.UNREACHABLE, f"the provider refuses the batch ({status}); see its limits for batches"
    )


def _state(batch: Batch) -> BatchState:
    faults = (batch.errors.data if batch.errors else None) or ()
    ended = batch.completed_at or batch.cancelled_at or batch.expired_at or batch.failed_at
    counts = batch.request_counts
    return BatchState(
        status=batch.status,
        is_final=batch.status in FINAL,
        done=counts.completed + counts.failed if counts else 0,
        total=counts.total if counts else 0,
        faults=tuple(sorted({fault.code for fault in faults if fault.code})),
        files=tuple(one for one in (batch.output_file_id, batch.error_file_id) if one),
        created_at=_time(batch.created_at),
        ended_at=_time(ended) if ended else datetime.now(UTC),
    )


def _lost() -> BatchState:
    now = datetime.now(UTC)
    return BatchState(
        status="failed",
        is_final=True,
        done=0,
        total=0,
        faults=("batch_unknown",),
        files=(),
        created_at=now,
        ended_at=now,
    )


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _result(line: bytes) -> tuple[str, Result] | None:
    """One line of an output or error file; None where it is no such line, or holds no response."""
    try:
        document = json.loads(line)
        name, response = document["custom_id"], document["response"]
        status, body = response["status_code"], response["body"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    if document.get("error") or not isinstance(name, str) or not isinstance(body, dict):
        return None
    if not isinstance(status, int) or isinstance(status, bool):
        return None
    return name, Result(status=status, body=json.dumps(body).encode())
