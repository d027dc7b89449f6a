"""Score: the sampled interactions judged by the evaluator, kept in the ledger as the judging goes on."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, cast
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc
from prefect import task
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from configs.monitor import MonitorConfig
from tasks.adapters.evaluator import Evaluator
from tasks.adapters.evaluators import open_evaluator
from tasks.adapters.ledger import Ledger
from tasks.adapters.locations import open_storage
from tasks.adapters.results import read_table
from tasks.adapters.storage import Storage
from tasks.core.manifest import EvaluatorUse
from tasks.core.quality.fingerprint import fingerprint
from tasks.core.quality.metric import Metric
from tasks.core.quality.plan import Request, plan
from tasks.core.quality.score import Score
from tasks.core.run import Collected, Job, Scored
from tasks.core.window import Window
from tasks.retry import may_heal

BATCH_ROWS: Final = 256
BATCH_S: Final = 5.0
PROGRESS_S: Final = 2.0

Progress = Callable[[int, int], None]


@task(
    retries=1,
    retry_delay_seconds=10,
    retry_condition_fn=may_heal,
    cache_policy=NO_CACHE,
    task_run_name="score {job.window.key}",
)
def score(config: MonitorConfig, job: Job, collected: Collected) -> Scored:
    """Judge what the ledger does not hold yet; the ledger keeps the scores."""
    log = get_run_logger()
    store = open_storage(f"{config.store}/{config.name}", config.store_endpoint_url, create=True)
    evaluator = open_evaluator(config)
    interactions = read_table(store, collected.interactions)
    with _artifact_progress(config.name, job.window) as progress:
        scored = asyncio.run(score_window(config, job.window, interactions, store, evaluator, progress))
    log.info("asked for %d judgements in %d calls", scored.use.judged, scored.use.calls)
    return scored


def check_evaluator(config: MonitorConfig) -> str:
    """The evaluator in a few words; raises ConfigError where its secret or its package is missing."""
    identity = open_evaluator(config).identity
    return ", ".join(str(value) for value in (identity["provider"], identity["model"]))


async def score_window(
    config: MonitorConfig,
    window: Window,
    interactions: pa.Table,
    store: Storage,
    evaluator: Evaluator,
    progress: Progress,
) -> Scored:
    """As `score`, without Prefect; identical content is judged once, for all the interactions that share it."""
    metrics = list(config.metrics.values())
    fingerprints = {metric.name: fingerprint(metric, evaluator.identity) for metric in metrics}
    ledger = Ledger(store, window.start, fingerprints)
    missing = _missing(interactions, metrics, ledger)
    writer = Writer(ledger, len(missing), progress)
    try:
        await evaluator.grade(missing, writer.deliver)
    finally:
        await writer.flush()
    provider = str(evaluator.identity["provider"])
    return Scored(use=writer.use(provider), fingerprints=fingerprints)


def _missing(interactions: pa.Table, metrics: Sequence[Metric], ledger: Ledger) -> list[Request]:
    """The requests without a score in the ledger, each content once."""
    known = ledger.newest()
    scored = known.filter(pc.is_valid(known["score"]))
    seen = set(zip(scored["content_hash"].to_pylist(), scored["metric"].to_pylist(), strict=True))
    missing = []
    for wanted in plan(interactions, metrics):
        if isinstance(wanted, Request) and (place := (wanted.content_hash, wanted.metric.name)) not in seen:
            seen.add(place)
            missing.append(wanted)
    return missing


class Writer:
    """Takes scores as they come and writes them to the ledger in batches, at most `BATCH_S` seconds apart."""

    def __init__(self, ledger: Ledger, total: int, progress: Progress) -> None:
        self._ledger = ledger
        self._total = total
        self._progress = progress
        self._waiting: list[tuple[Request, Score]] = []
        self._written_at = time.monotonic()
        self._judged = self._calls = 0
        self._tokens: dict[str, int] = {}

    async def deliver(self, request: Request, score: Score) -> None:
        """Take one score; the one who brings the last of a batch waits until the batch is written."""
        self._waiting.append((request, score))
        self._judged += 1
        self._calls += score.calls
        for kind, count in (("prompt", score.prompt_tokens), ("completion", score.completion_tokens)):
            if count is not None:
                self._tokens[kind] = self._tokens.get(kind, 0) + count
        self._progress(self._judged, self._total)
        if len(self._waiting) >= BATCH_ROWS or time.monotonic() - self._written_at >= BATCH_S:
            await self.flush()

    async def flush(self) -> None:
        """Write what waits."""
        batch, self._waiting = self._waiting, []
        self._written_at = time.monotonic()
        if batch:
            await asyncio.to_thread(self._ledger.append, batch)

    def use(self, provider: str) -> EvaluatorUse:
        """What the scores taken so far cost."""
        return EvaluatorUse(
            provider=provider,
            calls=self._calls,
            judged=self._judged,
            prompt_tokens=self._tokens.get("prompt"),
            completion_tokens=self._tokens.get("completion"),
            cost_usd=None,
        )


@contextmanager
def _artifact_progress(monitor: str, window: Window) -> Iterator[Progress]:
    """Progress as an artifact of this task run and as log lines, at most every `PROGRESS_S`."""
    log = get_run_logger()
    description = f"Judging {window.label} UTC"
    created = create_progress_artifact(progress=0.0, key=f"{monitor}-progress", description=description)
    artifact = cast("UUID", created)  # outside an event loop the call is synchronous
    shown = time.monotonic()

    def show(done: int, total: int) -> None:
        nonlocal shown
        if time.monotonic() - shown >= PROGRESS_S:
            shown = time.monotonic()
            log.info("judged %d of %d", done, total)
            update_progress_artifact(artifact, progress=100.0 * done / total)

    yield show
    update_progress_artifact(artifact, progress=100.0)
