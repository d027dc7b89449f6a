"""The judging of one window in shards, each on a worker of a cluster: the ledger is all that they share."""

import asyncio
from dataclasses import dataclass
from functools import partial

from configs.monitor import MonitorConfig
from tasks.adapters.cluster import each, open_cluster
from tasks.adapters.cluster import workers_of as cluster_workers
from tasks.adapters.evaluators import live_line, open_evaluator
from tasks.adapters.ledger import Ledger
from tasks.adapters.locations import open_storage
from tasks.adapters.pool import judge_all
from tasks.adapters.replies import Replies
from tasks.adapters.results import read_table
from tasks.adapters.wanted import ordered_calls, wanted_calls
from tasks.adapters.writer import Progress, Writer
from tasks.core.errors import EvaluatorError
from tasks.core.progress import Asked
from tasks.core.quality.fingerprint import fingerprints
from tasks.core.quality.plan import judgements
from tasks.core.quality.score import Use
from tasks.core.window import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """The calls of a window that are one worker's: by their content, the `number`th of `of` parts."""

    config: MonitorConfig
    window: Window
    interactions: str
    number: int
    of: int

    def has(self, content_hash: str) -> bool:
        """Whether a content is this shard's."""
        return int(content_hash, 16) % self.of == self.number


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardDone:
    """What judging a shard took; `stopped` are reason and sentence where asking ended early."""

    use: Use
    judged: int
    models: frozenset[str]
    stopped: tuple[str, str] | None


def judge_shards(config: MonitorConfig, window: Window, interactions: str, progress: Progress) -> list[ShardDone]:
    """Judge a window, whose sampled interactions lie under a key, on all workers of the cluster.

    There are as many shards as workers, and each keeps to its part of the evaluator's limits and of the budget, so that
    all together keep to the whole.
    """
    with open_cluster(config.engine.dask or "") as client:
        count = cluster_workers(client)
        shards = [
            Shard(config=config, window=window, interactions=interactions, number=number, of=count)
            for number in range(count)
        ]
        ended: list[int] = []

        def done(place: int) -> None:
            ended.append(place)
            progress(Asked(done=len(ended), total=count, unit="shards"))

        return each(client, judge_shard, shards, done)


def judge_shard(shard: Shard) -> ShardDone:
    """Judge what the ledger does not hold yet of one shard; on a worker."""
    return asyncio.run(_judge(shard))


async def _judge(shard: Shard) -> ShardDone:
    share = 1 / shard.of
    asked = shard.config.evaluator
    budget = None if asked.budget_usd is None else asked.budget_usd * share
    config = shard.config.model_copy(update={"evaluator": asked.model_copy(update={"budget_usd": budget})})
    store = open_storage(f"{config.store}/{config.name}", config.store_endpoint_url)
    interactions = read_table(store, shard.interactions)
    evaluator = open_evaluator(config, partial(live_line, share=share))
    marks = fingerprints(list(config.metrics.values()), evaluator.identity)
    ledger = Ledger(store, shard.window.start, marks)
    wanted, _ = wanted_calls(config, interactions, ledger, ledger.reusable)
    mine = [one for one in wanted if shard.has(one.content_hash)]
    replies = Replies(store, shard.window.start, marks) if asked.keep_replies else None
    writer = Writer(ledger, replies, judgements(mine), lambda _asked: None)
    until = None if asked.deadline is None else asyncio.get_running_loop().time() + asked.deadline.total_seconds()
    workers = 1 if asked.provider == "local" else max(1, int(asked.concurrency * share))
    try:
        calls = ordered_calls(config, interactions, mine)
        stopped = await judge_all(calls, evaluator, workers, until, writer.deliver)
    finally:
        await writer.flush()
        await evaluator.close()
    return ShardDone(
        use=writer.use,
        judged=writer.judged,
        models=frozenset(writer.models),
        stopped=_told(stopped),
    )


def _told(stopped: EvaluatorError | None) -> tuple[str, str] | None:
    return None if stopped is None else (stopped.reason, str(stopped))
