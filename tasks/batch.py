"""Batch: the missing judgements handed to the provider's batch API, and waited for."""

import math
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.logging import get_run_logger
from prefect.tasks import Task

from configs.monitor import MonitorConfig
from tasks.adapters.batch_record import BatchRecord, Part, marks_of, open_record, record_key, write_record
from tasks.adapters.ledger import Ledger
from tasks.adapters.locations import open_storage
from tasks.adapters.results import read_table
from tasks.adapters.storage import Storage
from tasks.adapters.wanted import wanted_calls
from tasks.core.errors import BatchPending, EvaluatorError
from tasks.core.run import Collected, Job
from tasks.core.window import Window
from tasks.retry import may_heal

if TYPE_CHECKING:  # the provider's package is slow to import
    from tasks.adapters.batch_requests import Limits, Request
    from tasks.adapters.batches import Batches, BatchState

TOKEN_BYTES: Final = 16
CALLING_OFF: Final = timedelta(minutes=15)  # a provider takes up to ten to hand out what a cancelled batch had done
SPARE_POLLS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One window whose judgements are asked in batches: where its record lies, and how the provider is spoken to."""

    config: MonitorConfig
    window: Window
    store: Storage
    batches: "Batches"

    @property
    def key(self) -> str:
        """Where the record lies."""
        return record_key(self.config, self.window)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """What is with the provider now: `requests` in `batches`, of which `new` were handed over by this run.

    `left` requests were not, as the budget may not suffice for them.
    """

    requests: int
    batches: int
    new: int
    left: int


@task(
    retries=3,
    retry_delay_seconds=30,
    retry_condition_fn=may_heal,
    cache_policy=NO_CACHE,
    task_run_name="batch {job.window.start:%Y-%m-%d %H:%M}",
)
def submit(config: MonitorConfig, job: Job, collected: Collected) -> bool:
    """Hand over what the ledger does not hold yet and no batch asks already; whether there is a batch to wait for."""
    log = get_run_logger()
    with _desk(config, job) as desk:
        try:
            found = submit_missing(desk, read_table(desk.store, collected.interactions))
        except EvaluatorError as error:
            log.warning("%s; what no batch asks is asked live", error)
            return any(part.batch_id for part in open_record(desk.store, desk.key).parts)
    log.info("%d requests are in %d batches, %d of them handed over now", found.requests, found.batches, found.new)
    if found.left:
        log.warning("%d requests were not handed over, as evaluator.budget_usd may not suffice for them", found.left)
    return found.batches > 0


def wait(config: MonitorConfig, job: Job) -> None:
    """Poll, each time by a new attempt of one task run, until the batches have ended or their deadline is over."""
    batch = config.evaluator.batch
    polls = math.ceil((batch.deadline + CALLING_OFF) / max(batch.poll, timedelta(seconds=1))) + SPARE_POLLS
    await_batch.with_options(retries=polls, retry_delay_seconds=batch.poll.total_seconds())(config, job)


def _is_pending(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Prefect's retry condition: a poll for every attempt, and no patience with anything else."""
    return isinstance(state.result(raise_on_failure=False), BatchPending)


@task(
    retry_condition_fn=_is_pending, cache_policy=NO_CACHE, task_run_name="await batch {job.window.start:%Y-%m-%d %H:%M}"
)
def await_batch(config: MonitorConfig, job: Job) -> None:
    """Look once at the batches of the window; fails, to be tried again, while they are under way."""
    log = get_run_logger()
    with _desk(config, job) as desk:
        for state in check_batches(desk, datetime.now(UTC)):
            faults = f" ({', '.join(state.faults)})" if state.faults else ""
            log.info("a batch is %s%s: %d of %d requests are done", state.status, faults, state.done, state.total)
            if state.status == "failed":
                log.warning("the provider refused a batch%s; its requests are asked live, at the full price", faults)


def submit_missing(desk: Desk, interactions: pa.Table, limits: "Limits | None" = None) -> Submitted:
    """As `submit`, without Prefect; `limits` are the provider's unless they are given.

    The record holds a batch's token before the batch is begun: a run that was killed in between is told from one that
    was killed before by whether the provider has a batch with that token.
    """
    from tasks.adapters.batch_requests import Limits, in_files, names_of, requests_of  # noqa: PLC0415  slow to import

    config = desk.config
    ledger = Ledger(desk.store, desk.window.start, marks_of(config))
    wanted, _ = wanted_calls(config, interactions, ledger, ledger.reusable)
    names = frozenset(name for one in wanted for name in names_of(config, one.content_hash, one.names[0]))
    record = _resumed(desk, names)
    under_way = record.requests
    requests = requests_of(config, interactions, wanted, under_way, desk.batches.path)
    for file in in_files(requests, limits or Limits()):
        record = _hand_over(desk, record, file)
    asked = record.requests
    return Submitted(
        requests=len(asked), batches=len(record.parts), new=len(asked) - len(under_way), left=len(names - asked)
    )


def check_batches(desk: Desk, now: datetime) -> list["BatchState"]:
    """How the batches ended; raises BatchPending while one is under way.

    One that is late is called off, and given `CALLING_OFF` more to hand out what it has done.
    """
    deadline = desk.config.evaluator.batch.deadline
    states = []
    pending = []
    for part in open_record(desk.store, desk.key).parts:
        if part.batch_id is None:
            continue
        state = desk.batches.state(part.batch_id)
        states.append(state)
        if state.is_final:
            continue
        if part.is_late(deadline, now) and state.status != "cancelling":
            desk.batches.cancel(part.batch_id)
        if not part.is_late(deadline + CALLING_OFF, now):
            pending.append(state)
    if pending:
        done, total = sum(one.done for one in pending), sum(one.total for one in pending)
        message = f"{len(pending)} of {len(states)} batches are under way, with {done} of {total} requests done"
        raise BatchPending(message)
    return states


def _resumed(desk: Desk, wanted: frozenset[str]) -> BatchRecord:
    """The record that a killed run has left, corrected: batches whose ID it could not note are looked for by token.

    What was never begun is taken out, as are requests that nobody wants any more, and batches of only such.
    """
    record = open_record(desk.store, desk.key)
    found = BatchRecord()
    for part in record.parts:
        batch_id = part.batch_id or desk.batches.find(part.token, part.submitted_at)
        requests = tuple(name for name in part.requests if name in wanted)
        if batch_id is not None and requests:
            found = found.with_part(part.model_copy(update={"batch_id": batch_id, "requests": requests}))
        elif batch_id is not None:
            desk.batches.cancel(batch_id)
    return found if found == record else write_record(desk.store, desk.key, found)


def _hand_over(desk: Desk, record: BatchRecord, file: "Sequence[Request]") -> BatchRecord:
    """Begin one batch; its token is in the record before."""
    part = Part(
        token=secrets.token_hex(TOKEN_BYTES),
        submitted_at=datetime.now(UTC),
        requests=tuple(request.name for request in file),
    )
    record = write_record(desk.store, desk.key, record.with_part(part))
    batch_id = desk.batches.submit(part.token, b"".join(request.line for request in file))
    return write_record(desk.store, desk.key, record.with_part(part.model_copy(update={"batch_id": batch_id})))


@contextmanager
def _desk(config: MonitorConfig, job: Job) -> Iterator[Desk]:
    from tasks.adapters.batches import open_batches  # noqa: PLC0415  slow to import

    store = open_storage(f"{config.store}/{config.name}", config.store_endpoint_url, create=True)
    with open_batches(config.evaluator) as batches:
        yield Desk(config=config, window=job.window, store=store, batches=batches)
