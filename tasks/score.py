"""Score: the sampled interactions judged by the evaluator, kept in the ledger as the judging goes on."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

import pyarrow as pa
from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from configs.monitor import MonitorConfig
from tasks.adapters.batch_record import close_record, record_key
from tasks.adapters.evaluator import Evaluator
from tasks.adapters.ledger import Ledger
from tasks.adapters.line_prefetched import open_prefetched
from tasks.adapters.locations import open_storage
from tasks.adapters.pool import judge_all
from tasks.adapters.recorded import RecordedEvaluator
from tasks.adapters.replies import Replies
from tasks.adapters.results import read_table
from tasks.adapters.rounds import Rounds, judge_until_decided
from tasks.adapters.second_looks import Look, bridge, canaries, has_changed, manifest_before, pairs
from tasks.adapters.shards import judge_shards
from tasks.adapters.storage import Storage
from tasks.adapters.wanted import judgeable, ordered_calls, wanted_calls
from tasks.adapters.writer import Progress, Writer
from tasks.core.drift.judge import Pair
from tasks.core.errors import EvaluatorError
from tasks.core.manifest import EvaluatorUse
from tasks.core.quality.exchange import SCHEMA, Judged
from tasks.core.quality.fingerprint import fingerprints
from tasks.core.quality.metric import Metric
from tasks.core.quality.plan import Call, Key, Missing, judgements, missing
from tasks.core.quality.score import NotAsked
from tasks.core.run import Collected, Job, Scored
from tasks.core.window import Window
from tasks.deciding import carried_into
from tasks.foreseeing import estimate_of
from tasks.progress import judging_progress
from tasks.retry import may_heal


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Who is told how the judging goes: `progress` of each call, `say` a line."""

    progress: Progress
    say: Callable[[str], None]


@task(
    retries=1,
    retry_delay_seconds=10,
    retry_condition_fn=may_heal,
    cache_policy=NO_CACHE,
    task_run_name="score {job.window.start:%Y-%m-%d %H:%M}",
)
def score(config: MonitorConfig, job: Job, collected: Collected) -> Scored:
    """Judge what the ledger does not hold yet; the ledger keeps the scores."""
    log = get_run_logger()
    store = open_storage(f"{config.store}/{config.name}", config.store_endpoint_url, create=True)
    evaluator, answered = open_prefetched(config, job.window, store)
    interactions = read_table(store, collected.interactions)
    with judging_progress(config.name, job.window, is_bound=config.sample.until == "decided") as progress:
        watch = Watch(progress=progress, say=log.info)
        scored = asyncio.run(
            score_window(
                config,
                job.window,
                interactions,
                store,
                evaluator,
                watch,
                answered=answered,
                place=collected.interactions,
                joined=collected.counts.joined,
            )
        )
    if config.evaluator.mode == "batch" and scored.use.stopped is None:
        close_record(store, record_key(config, job.window))
    log.info("%s", taken(scored.use))
    if scored.use.stopped is not None:
        log.warning("%s", scored.use.stopped.message)
    return scored


@task(cache_policy=NO_CACHE, task_run_name="replay {job.window.start:%Y-%m-%d %H:%M}")
def replay(config: MonitorConfig, job: Job, collected: Collected) -> Scored:
    """Read the raw replies again that were kept for the window; nothing is asked."""
    log = get_run_logger()
    store = open_storage(f"{config.store}/{config.name}", config.store_endpoint_url, create=True)
    interactions = read_table(store, collected.interactions)
    scored = asyncio.run(replay_window(config, job, interactions, store, joined=collected.counts.joined))
    log.info("read the replies to %d judgements again", scored.use.judged)
    if scored.use.stopped is not None:
        log.warning("%s", scored.use.stopped.message)
    return scored


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """One window while it is judged, with so many interactions `joined` in all.

    `place` is the key of those that are sampled, where a cluster judges them.
    """

    config: MonitorConfig
    window: Window
    interactions: pa.Table
    store: Storage
    evaluator: Evaluator
    ledger: Ledger
    fingerprints: Mapping[str, str]
    answered: Collection[str] = ()
    place: str | None = None
    joined: int = 0

    @property
    def metrics(self) -> list[Metric]:
        """The monitor's metrics."""
        return list(self.config.metrics.values())

    @property
    def fused(self) -> bool:
        """Whether all metrics of an interaction are asked for at once."""
        return self.config.evaluator.judging == "fused"


async def score_window(  # noqa: PLR0913  what a batch has answered, beside the rest
    config: MonitorConfig,
    window: Window,
    interactions: pa.Table,
    store: Storage,
    evaluator: Evaluator,
    watch: Watch,
    *,
    answered: Collection[str] = (),
    place: str | None = None,
    joined: int = 0,
) -> Scored:
    """As `score`, without Prefect; identical content is judged once. What is `answered` already is read first.

    `place` is the key of the interactions: with it, and `engine.dask`, a cluster judges them. `joined` are all
    interactions of the window.
    """
    sitting = _sitting(config, window, interactions, store, evaluator)
    sitting = replace(sitting, answered=answered, place=place, joined=joined)
    wanted, reused = wanted_calls(config, interactions, sitting.ledger, sitting.ledger.reuse)
    watch.say(f"{judgements(wanted):,} judgements are wanted; {reused:,} are taken over from earlier days")
    replies = Replies(store, window.start, sitting.fingerprints) if config.evaluator.keep_replies else None
    if config.evaluator.provider != "local":
        at_most = "at most " if config.sample.until == "decided" else ""
        watch.say(f"{at_most}{estimate_of(config, interactions, wanted).sentence}")
    scored = await _judge(sitting, wanted, Writer(sitting.ledger, replies, judgements(wanted), watch.progress), reused)
    if replies is not None and config.evaluator.keep_replies is not None:
        replies.forget(config.evaluator.keep_replies)
    return scored


async def replay_window(
    config: MonitorConfig, job: Job, interactions: pa.Table, store: Storage, *, joined: int = 0
) -> Scored:
    """The window judged again from the raw replies that were kept, without a call; the scores stand in a folder apart.

    What was not recorded under the present fingerprints is not asked.
    """
    root = f"replays/window={job.window.key}/rev={job.revision}"
    silent = RecordedEvaluator(config, SCHEMA.empty_table())
    sitting = _sitting(config, job.window, interactions, store, silent, root)
    wanted = missing(judgeable(config, interactions), sitting.metrics, (), fused=sitting.fused)
    replies = Replies(store, job.window.start, sitting.fingerprints)
    contents = {one.content_hash for one in wanted}
    recorded = RecordedEvaluator(config, replies.newest(config.evaluator.reuse, contents))
    sitting = replace(sitting, evaluator=recorded, joined=joined)
    return await _judge(sitting, wanted, Writer(sitting.ledger, None, judgements(wanted), lambda _asked: None), 0)


def _sitting(
    config: MonitorConfig,
    window: Window,
    interactions: pa.Table,
    store: Storage,
    evaluator: Evaluator,
    root: str = "scores",
) -> Sitting:
    marks = fingerprints(list(config.metrics.values()), evaluator.identity)
    return Sitting(
        config=config,
        window=window,
        interactions=interactions,
        store=store,
        evaluator=evaluator,
        ledger=Ledger(store, window.start, marks, root),
        fingerprints=marks,
    )


async def _judge(sitting: Sitting, wanted: list[Missing], writer: Writer, reused: int) -> Scored:
    """Judge the canaries, the window, and where the judge changed some interactions of the window before."""
    config = sitting.config
    before = manifest_before(sitting.window, sitting.store)
    bridged: tuple[Pair, ...] = ()
    changed = False
    until = _deadline(config)
    try:
        known, stopped = await _look_again(sitting, canaries(config), writer, until)
        rounds = Rounds(stopped=stopped)
        if _goes_on(stopped):
            rounds = await _judge_window(sitting, wanted, writer, until)
        changed = before is not None and has_changed(before, sitting.fingerprints, writer.models)
        if changed and _goes_on(rounds.stopped) and before is not None and config.quality.bridge:
            bridged, _ = await _look_again(sitting, bridge(config, before, sitting.store), writer, until)
    finally:
        await writer.flush()
        await sitting.evaluator.close()
    return Scored(
        use=writer.used(config.evaluator.provider, reused, rounds.stopped),
        fingerprints=sitting.fingerprints,
        root=sitting.ledger.root,
        canaries=known,
        bridge=bridged,
        changed=changed,
        taken=rounds.taken,
        decided=rounds.decided,
    )


async def _judge_window(sitting: Sitting, wanted: list[Missing], writer: Writer, until: float | None) -> Rounds:
    """Judge the window's own interactions: all of them, here or on a cluster, or as many as decide."""
    config = sitting.config
    if config.sample.until == "decided":
        return await _judge_in_rounds(sitting, wanted, writer, until)
    if config.engine.dask is None or sitting.place is None or not wanted:
        calls = ordered_calls(config, sitting.interactions, wanted, sitting.answered)
        return Rounds(stopped=await judge_all(calls, sitting.evaluator, workers_of(config), until, writer.deliver))
    done = await asyncio.to_thread(judge_shards, config, sitting.window, sitting.place, writer.progress)
    for one in done:
        writer.add(one.use, one.judged, one.models)
    stopped = next((one.stopped for one in done if one.stopped), None)
    return Rounds(stopped=None if stopped is None else EvaluatorError(*stopped))


async def _judge_in_rounds(sitting: Sitting, wanted: list[Missing], writer: Writer, until: float | None) -> Rounds:
    """Judge batch by batch until every limit is decided; what is scored already counts as it is reached."""
    config = sitting.config
    known = sitting.ledger.newest().select(["content_hash", "metric", "score"]).to_pylist()
    scores = {(row["content_hash"], row["metric"]): row["score"] for row in known if row["score"] is not None}

    async def deliver(call: Call, judged: Judged) -> None:
        scores.update(
            {(call.content_hash, name): one.score for name, one in zip(call.names, judged.scores, strict=True)}
        )
        await writer.deliver(call, judged)

    async def ask(keys: set[Key]) -> EvaluatorError | None:
        calls = ordered_calls(config, sitting.interactions, [one for one in wanted if one.keys[0] in keys])
        return await judge_all(calls, sitting.evaluator, workers_of(config), until, deliver)

    carried = carried_into(config, sitting.window, sitting.fingerprints, sitting.store, joined=sitting.joined)
    return await judge_until_decided(config, sitting.interactions, carried, scores, ask)


async def _look_again(
    sitting: Sitting, look: Look, writer: Writer, until: float | None
) -> tuple[tuple[Pair, ...], EvaluatorError | None]:
    """The known scores beside those of now; they enter no ledger, but their cost and their replies are kept."""
    judged: list[tuple[Call, Judged]] = []

    async def deliver(call: Call, one: Judged) -> None:
        judged.append((call, one))
        await writer.note(call, one)

    config = sitting.config
    stopped = await judge_all(iter(look.calls), sitting.evaluator, workers_of(config), until, deliver)
    return tuple(pairs(config, look, judged)), stopped


def _goes_on(stopped: EvaluatorError | None) -> bool:
    """Whether a further call may be judged."""
    return stopped is None or stopped.reason == NotAsked.NOT_RECORDED


def taken(use: EvaluatorUse) -> str:
    """What the judging took, in a sentence: judgements, and of an evaluator that is asked the calls and the cost."""
    calls = f" in {use.calls:,} calls" if use.calls else ""
    return f"judged {use.judged:,}{calls}{'' if use.cost_usd is None else f' for {use.cost_usd:.4f} USD'}"


def workers_of(config: MonitorConfig) -> int:
    """How many calls are under way at most; the local evaluator takes one after the other."""
    return 1 if config.evaluator.provider == "local" else config.evaluator.concurrency


def _deadline(config: MonitorConfig) -> float | None:
    """When judging that begins now has to end, by the event loop's clock; None without a bound."""
    deadline = config.evaluator.deadline
    return None if deadline is None else asyncio.get_running_loop().time() + deadline.total_seconds()
