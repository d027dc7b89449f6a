import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from configs.monitor import MonitorConfig
from tasks.adapters.evaluators import open_evaluator
from tasks.adapters.judgements import read_judgements
from tasks.adapters.results import read_table
from tasks.adapters.writer import BATCH_CALLS
from tasks.collect import collect_window
from tasks.core.quality.judgement import tallies
from tasks.core.run import Scored
from tasks.score import score_window
from tests.builders import QUIET, SIX, WINDOW, answered, asked, event, job, judged_by, store_of, write_logs, write_pairs
from tests.servers.evaluator import JSON, failure, metric_of, said, user_text, verdict
from tests.servers.http import HttpServer, Received, Reply, serve


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with serve(lambda _: verdict(4)) as running:
        yield running


def scored(config: MonitorConfig) -> Scored:
    store = store_of(config)
    interactions = read_table(store, collect_window(config, job(), store).interactions)
    return asyncio.run(score_window(config, WINDOW, interactions, store, open_evaluator(config), QUIET))


def tally(config: MonitorConfig, found: Scored) -> dict[str, Any]:
    store = store_of(config)
    interactions = read_table(store, f"interactions/window={WINDOW.key}/rev=0.parquet")
    return dict(tallies(read_judgements(config, WINDOW, interactions, found, store), config.metrics))


def test_every_sampled_interaction_is_asked_on_every_metric(tmp_path: Path, server: HttpServer) -> None:
    write_pairs(tmp_path, 10)
    config = judged_by(server.url, tmp_path, quality={"metrics": {"fluency": {}, "relevance": {}}})
    found = scored(config)
    assert Counter(metric_of(received) for received in server.received) == {"fluency": 10, "relevance": 10}
    assert (found.use.calls, found.use.judged, found.use.prompt_tokens) == (20, 20, 2000)
    assert tally(config, found)["fluency"].histogram == {4: 10}


def test_a_rerun_asks_nothing_again(tmp_path: Path, server: HttpServer) -> None:
    write_pairs(tmp_path, 10)
    config = judged_by(server.url, tmp_path)
    scored(config)
    assert scored(config).use.judged == 0
    assert len(server.received) == 10


def test_another_judge_or_rubric_is_asked_anew_and_another_limit_is_not(tmp_path: Path, server: HttpServer) -> None:
    write_pairs(tmp_path, 5)
    scored(judged_by(server.url, tmp_path))
    stricter = judged_by(server.url, tmp_path, quality={"metrics": {"fluency": {"min_pass_rate": 0.9, "pass_at": 5}}})
    assert scored(stricter).use.judged == 0
    other = stricter.model_copy(update={"evaluator": stricter.evaluator.model_copy(update={"model": "judge-2"})})
    assert scored(other).use.judged == 5


def test_equal_content_is_judged_once_and_counts_for_each_interaction(tmp_path: Path, server: HttpServer) -> None:
    write_logs(tmp_path, "inputs", SIX, [asked(f"{n}", SIX) for n in range(6)])
    write_logs(tmp_path, "outputs", SIX, [answered(f"{n}", SIX) for n in range(6)])
    config = judged_by(server.url, tmp_path)
    found = scored(config)
    assert len(server.received) == 1
    assert tally(config, found)["fluency"].scored == 6


def test_an_empty_answer_is_judged_and_a_missing_field_is_not_applicable(tmp_path: Path, server: HttpServer) -> None:
    rows = {"a": {"question": "q", "documents": "d"}, "b": {"question": "q"}, "c": {"question": "q", "documents": " "}}
    write_logs(tmp_path, "inputs", SIX, [event(one, SIX, [row]) for one, row in rows.items()])
    answers = {"a": {"answer": ""}, "b": {"answer": "x"}, "c": {"other": "x"}}
    write_logs(tmp_path, "outputs", SIX, [event(one, SIX, [row]) for one, row in answers.items()])
    config = judged_by(server.url, tmp_path, quality={"metrics": {"fluency": {}, "groundedness": {}}})
    found = tally(config, scored(config))
    assert (found["fluency"].scored, found["fluency"].not_applicable) == (2, 1)
    assert (found["groundedness"].scored, found["groundedness"].not_applicable) == (1, 2)
    asked_on = {metric_of(received): user_text(received) for received in server.received}
    assert " CONTEXT\n" in asked_on["groundedness"]


def test_unscored_judgements_are_kept_with_their_reason_and_tried_again(tmp_path: Path, server: HttpServer) -> None:
    write_pairs(tmp_path, 8)
    config = judged_by(server.url, tmp_path)
    server.answer = lambda received: said("no idea") if "-3?" in user_text(received) else verdict(4)
    first = tally(config, scored(config))["fluency"]
    assert (first.scored, dict(first.unscored)) == (7, {"unreadable": 1})
    server.answer = lambda _: verdict(2)
    again = scored(config)
    assert again.use.judged == 1
    assert tally(config, again)["fluency"].histogram == {2: 1, 4: 7}


def test_a_terminal_cause_ends_the_asking_and_keeps_what_was_paid_for(tmp_path: Path, server: HttpServer) -> None:
    write_pairs(tmp_path, 30)
    config = judged_by(server.url, tmp_path)
    server.answer = lambda received: verdict(4) if received.number < 12 else failure(401)
    found = scored(config)
    assert found.use.stopped is not None
    assert found.use.stopped.reason == "key_invalid"
    count = tally(config, found)["fluency"]
    assert (count.scored, dict(count.not_asked)) == (found.use.judged, {"key_invalid": 30 - found.use.judged})
    paid = sum(received.number < 12 for received in server.received)
    server.answer = lambda _: verdict(4)
    assert scored(config).use.judged == 30 - paid


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition that another process brings about."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.02)


WORKER = """
import asyncio, sys
from configs.monitor import MonitorConfig
from tasks.adapters.locations import open_storage
from tasks.adapters.evaluators import open_evaluator
from tasks.adapters.judgements import read_judgements
from tasks.adapters.results import read_table
from tasks.score import score_window
from tests.builders import QUIET, WINDOW, job
config = MonitorConfig.model_validate_json(sys.argv[1])
store = open_storage(f"{config.store}/{config.name}")
interactions = read_table(store, f"interactions/window={WINDOW.key}/rev=0.parquet")
asyncio.run(score_window(config, WINDOW, interactions, store, open_evaluator(config), QUIET))
"""


def test_after_kill_9_a_rerun_asks_only_what_is_missing(tmp_path: Path, server: HttpServer) -> None:
    """1,500 judgements; the scoring process is killed when 1,200 were asked; the first batch was written by then."""
    write_pairs(tmp_path, 1500)
    config = judged_by(server.url, tmp_path)
    collect_window(config, job(), store_of(config))
    enough = threading.Event()
    content = verdict(4).content

    def answer(received: Received) -> Reply:
        if received.number == 1200:
            enough.set()
        return Reply(content=content, headers=JSON, delay_s=30 if received.number >= 1200 else 0)

    server.answer = answer
    environment = os.environ | {"PYTHONPATH": str(Path.cwd())}
    with subprocess.Popen([sys.executable, "-c", WORKER, config.model_dump_json()], env=environment) as process:
        assert enough.wait(60)
        until(lambda: bool(store_of(config).list("scores/")))
        process.send_signal(signal.SIGKILL)
    assert len(store_of(config).list("scores/")) == 1
    server.received.clear()
    server.answer = lambda _: verdict(4)
    found = scored(config)
    assert found.use.judged == 1500 - BATCH_CALLS
    assert len(server.received) == 1500 - BATCH_CALLS
    assert tally(config, found)["fluency"].scored == 1500


def test_the_ledger_is_plain_parquet_with_the_declared_columns(tmp_path: Path, server: HttpServer) -> None:
    write_pairs(tmp_path, 3)
    config = judged_by(server.url, tmp_path)
    found = scored(config)
    (stored,) = store_of(config).list("scores/")
    assert stored.key.startswith("scores/date=2026-11-20/")
    rows = read_table(store_of(config), stored.key).to_pylist()
    assert {(row["metric"], row["score"], row["model"], row["fingerprint"]) for row in rows} == {
        ("fluency", 4.0, "judge-2026-01-01", found.fingerprints["fluency"])
    }
    assert len(rows) == 3
