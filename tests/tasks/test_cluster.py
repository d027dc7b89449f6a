"""Slices and shards on the workers of a real Dask cluster."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from configs.monitor import MonitorConfig
from tasks.adapters.evaluators import open_evaluator
from tasks.adapters.ledger import Ledger
from tasks.adapters.results import read_table
from tasks.collect import collect_window
from tasks.core.errors import ClusterError
from tasks.core.run import Collected, Scored
from tasks.score import score_window
from tests.builders import HOUR, QUIET, SIX, WINDOW, job, judged_by, monitor, store_of, write_logs, write_pairs
from tests.servers.dask import DaskCluster, serve_dask
from tests.servers.evaluator import part_of, verdict
from tests.servers.http import HttpServer, Received, Reply, serve


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    with serve_dask(tmp_path_factory.mktemp("dask")) as running:
        yield running


def by_content(received: Received) -> Reply:
    return verdict(1 + sum(part_of(received, "ANSWER").encode()) % 5)


@pytest.fixture
def judge() -> Iterator[HttpServer]:
    with serve(by_content) as running:
        yield running


def watched(config: MonitorConfig) -> tuple[Collected, Scored, list[dict[str, Any]]]:
    """Collect and score one window; the scores without what differs from run to run."""
    store = store_of(config)
    collected = collect_window(config, job(), store)
    interactions = read_table(store, collected.interactions)
    scored = asyncio.run(
        score_window(config, WINDOW, interactions, store, open_evaluator(config), QUIET, place=collected.interactions)
    )
    ledger = Ledger(store, WINDOW.start, scored.fingerprints).newest()
    kept = ledger.drop_columns(["judged_at", "latency_ms"]).sort_by([("content_hash", "ascending")])
    return collected, scored, kept.to_pylist()


def test_a_cluster_gives_the_same_results_as_one_machine_bit_for_bit(
    tmp_path: Path, cluster: DaskCluster, judge: HttpServer
) -> None:
    for hour in range(3):
        write_pairs(tmp_path, 40, SIX + hour * HOUR)
    write_logs(tmp_path, "inputs", SIX, ["{torn"], name="torn.jsonl")
    here = judged_by(judge.url, tmp_path, name="here")
    apart = judged_by(judge.url, tmp_path, name="apart", engine={"dask": cluster.address})
    collected, scored, scores = watched(here)
    collected_apart, scored_apart, scores_apart = watched(apart)
    assert collected_apart == collected
    tables = [read_table(store_of(one), collected.interactions) for one in (here, apart)]
    assert tables[0].equals(tables[1])
    assert scores_apart == scores
    assert (scored_apart.use.judged, scored_apart.use.calls) == (scored.use.judged, scored.use.calls) == (40, 40)


def test_the_limit_on_calls_in_flight_holds_over_all_workers(
    tmp_path: Path, cluster: DaskCluster, judge: HttpServer
) -> None:
    write_pairs(tmp_path, 60)
    judge.answer = lambda received: Reply(content=by_content(received).content, delay_s=0.05)
    _, scored, _ = watched(judged_by(judge.url, tmp_path, concurrency=6, engine={"dask": cluster.address}))
    assert scored.use.judged == 60
    assert 2 <= judge.most_in_flight <= 6


def test_a_worker_that_is_killed_costs_only_its_unfinished_judgements(tmp_path: Path, judge: HttpServer) -> None:
    write_pairs(tmp_path, 200)
    with serve_dask(tmp_path, workers=2) as own:

        def kill_in_the_middle(received: Received) -> Reply:
            if received.number == 60:
                own.workers[0].kill()
            return Reply(content=by_content(received).content, delay_s=0.02)

        judge.answer = kill_in_the_middle
        _, _, scores = watched(judged_by(judge.url, tmp_path, concurrency=4, engine={"dask": own.address}))
    assert len(scores) == 200
    assert all(row["score"] is not None for row in scores)
    assert len(judge.received) < 200 + 110, "at most one worker's part is asked again"


def test_a_scheduler_that_is_not_there_is_one_clear_sentence(tmp_path: Path) -> None:
    write_pairs(tmp_path, 3)
    config = monitor(tmp_path, engine={"dask": "tcp://127.0.0.1:9"})
    with pytest.raises(ClusterError, match=r"no scheduler answers at tcp://127\.0\.0\.1:9"):
        collect_window(config, job(), store_of(config))
