"""Score: the sampled interactions judged by the evaluator, kept in the ledger as the judging goes on."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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
from tasks.adapters.evaluators import open_evaluator, price_of
from tasks.adapters.ledger import Ledger
from tasks.adapters.locations import open_storage
from tasks.adapters.pool import judge_all
from tasks.adapters.replies import Replies
from tasks.adapters.results import read_table
from tasks.adapters.storage import Storage
from tasks.adapters.writer import Progress, Writer
from tasks.core.errors import EvaluatorError
from tasks.core.manifest import EvaluatorUse, Stopped
from tasks.core.quality.estimate import Estimate, Terms, estimate
from tasks.core.quality.fingerprint import fingerprints
from tasks.core.quality.plan import Missing, calls_of, missing
from tasks.core.run import Collected, Job, Scored
from tasks.core.window import Window
from tasks.retry import may_heal

PROGRESS_S: Final = 2.0
BATCH_SHARE: Final = 0.5
ANY_RATE: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Who is told how the judging goes: `progress` of done and total calls, `say` a line."""

    progress: Progress
    say: Callable[[str], None]


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
        watch = Watch(progress=progress, say=log.info)
        scored = asyncio.run(score_window(config, job.window, interactions, store, evaluator, watch))
    log.info("asked for %d judgements in %d calls", scored.use.judged, scored.use.calls)
    if scored.use.stopped is not None:
        log.warning("%s", scored.use.stopped.message)
    return scored


def check_evaluator(config: MonitorConfig) -> str:
    """The evaluator in a few words; raises ConfigError where its secret or its package is missing."""
    open_evaluator(config)
    return " and ".join(", ".join(filter(None, (one.provider, one.model))) for one in config.evaluator.judges)


def estimate_of(config: MonitorConfig, interactions: pa.Table, wanted: list[Missing] | None = None) -> Estimate:
    """What judging these interactions takes and buys, by the characters that they have."""
    fused = config.evaluator.judging == "fused"
    if wanted is None:
        wanted = missing(interactions, list(config.metrics.values()), (), fused=fused)
    limits = [one.min_pass_rate for one in config.quality.metrics.values() if one.min_pass_rate is not None]
    terms = Terms(
        prices=[price_of(one) for one in config.evaluator.judges],
        repeats=config.evaluator.repeats,
        batch_share=BATCH_SHARE if config.evaluator.mode == "batch" else 1.0,
        budget_usd=config.evaluator.budget_usd,
        rate=min(limits, key=lambda limit: abs(limit - ANY_RATE), default=ANY_RATE),
        confidence=config.decide.confidence,
    )
    return estimate(interactions.num_rows, wanted, terms)


async def score_window(
    config: MonitorConfig,
    window: Window,
    interactions: pa.Table,
    store: Storage,
    evaluator: Evaluator,
    watch: Watch,
) -> Scored:
    """As `score`, without Prefect; identical content is judged once, for all the interactions that share it."""
    asked = config.evaluator
    fused, metrics = asked.judging == "fused", list(config.metrics.values())
    marks = fingerprints(metrics, evaluator.identity)
    ledger, replies = Ledger(store, window.start, marks), Replies(store, window.start, marks)
    wanted, reused = _wanted(config, interactions, ledger)
    if asked.provider != "local":
        watch.say(estimate_of(config, interactions, wanted).sentence)
    writer = Writer(ledger, replies if asked.keep_replies else None, len(wanted), watch.progress)
    try:
        stopped = await judge_all(
            calls_of(wanted, interactions, metrics, fused=fused),
            evaluator,
            asked.concurrency if asked.provider != "local" else 1,
            asked.deadline.total_seconds() if asked.deadline else None,
            writer.deliver,
        )
    finally:
        await writer.flush()
    if asked.keep_replies:
        replies.forget(asked.keep_replies)
    return Scored(use=use_of(asked.provider, writer, reused, stopped), fingerprints=marks, root="scores")


def use_of(provider: str, writer: Writer, reused: int, stopped: EvaluatorError | None) -> EvaluatorUse:
    """What the judging took, as the manifest holds it."""
    use = writer.use
    return EvaluatorUse(
        provider=provider,
        calls=use.calls,
        judged=writer.judged,
        reused=reused,
        prompt_tokens=use.prompt_tokens,
        cached_tokens=use.cached_tokens,
        completion_tokens=use.completion_tokens,
        cost_usd=use.cost_usd,
        models=tuple(sorted(writer.models)),
        stopped=None if stopped is None else Stopped(reason=stopped.reason, message=str(stopped)),
    )


def _wanted(config: MonitorConfig, interactions: pa.Table, ledger: Ledger) -> tuple[list[Missing], int]:
    """The calls that no day's ledger has the scores of, and how many scores were taken over from earlier days."""
    fused, metrics = config.evaluator.judging == "fused", list(config.metrics.values())
    known = ledger.newest()
    known = known.filter(pc.is_valid(known["score"]))
    scored = set(zip(known["content_hash"].to_pylist(), known["metric"].to_pylist(), strict=True))
    wanted = missing(interactions, metrics, scored, fused=fused)
    places = {key: one.interaction_id for one in wanted for key in one.keys if key not in scored}
    found = ledger.reuse(places, config.evaluator.reuse)
    scored |= found
    return [one for one in wanted if not scored.issuperset(one.keys)], len(found)


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
            log.info("asked %d of %d", done, total)
            update_progress_artifact(artifact, progress=100.0 * done / total)

    yield show
    update_progress_artifact(artifact, progress=100.0)
