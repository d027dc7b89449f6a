from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from configs.monitor import MonitorConfig
from tasks.core.verdict import State, Verdict
from tasks.core.window import Window
from tests.builders import HOUR, SIX, answered, asked, judged_by, write_logs, write_pairs
from tests.servers.evaluator import failure, metric_of, said, user_text, verdict
from tests.servers.http import HttpServer, Received, Reply, serve
from tests.tasks.test_judging import Run

LIMITED = {"metrics": {"fluency": {"min_pass_rate": 0.7}, "relevance": {"min_pass_rate": 0.7}}}
ROWS = 400


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with serve(lambda _: verdict(4)) as running:
        yield running


def until_decided(server: HttpServer, folder: Path, **changes: Any) -> MonitorConfig:
    sample = {"rate": 1.0, "until": "decided"} | changes.pop("sample", {})
    decide = {"min_scored": 20} | changes.pop("decide", {})
    return judged_by(server.url, folder, **{"quality": LIMITED, "sample": sample, "decide": decide} | changes)


def number_of(received: Received) -> int:
    """The number of the interaction, from its question."""
    return int(user_text(received).split("-")[1].split("?")[0])


def failing(metric: str, *, every: int) -> Any:
    """An evaluator that fails every so many interactions on one metric."""

    def answer(received: Received) -> Reply:
        return verdict(1 if metric_of(received) == metric and number_of(received) % every == 0 else 5)

    return answer


def rates(run: Run) -> dict[str, Verdict]:
    return {one.address.split(".")[1]: one for one in run.assessed.verdicts if one.address.endswith("pass_rate")}


def test_what_is_plain_is_decided_by_few_judgements(tmp_path: Path, server: HttpServer) -> None:
    write_pairs(tmp_path, ROWS)
    run = Run(until_decided(server, tmp_path))
    assert {one.state for one in rates(run).values()} == {State.OK}
    counts = run.manifest.counts.metrics["fluency"]
    assert counts.scored <= 40
    assert counts.not_asked == {"decided": ROWS - counts.scored}
    assert len(server.received) == run.manifest.evaluator.calls == 2 * counts.scored


def test_a_decided_metric_is_not_asked_further_and_the_rows_are_shared(tmp_path: Path, server: HttpServer) -> None:
    write_pairs(tmp_path, ROWS)
    server.answer = failing("relevance", every=4)
    run = Run(until_decided(server, tmp_path))
    asked_on = Counter(metric_of(received) for received in server.received)
    assert asked_on["fluency"] < asked_on["relevance"]
    fluent, relevant = (
        {number_of(one) for one in server.received if metric_of(one) == name} for name in ("fluency", "relevance")
    )
    assert fluent < relevant
    assert rates(run)["fluency"].state is State.OK


def test_what_stays_unclear_is_judged_to_the_end_of_the_sample(tmp_path: Path, server: HttpServer) -> None:
    write_pairs(tmp_path, 200)
    server.answer = lambda received: verdict(1 if number_of(received) % 25 < 7 else 5)
    run = Run(until_decided(server, tmp_path))
    assert {one.state for one in rates(run).values()} == {State.UNDECIDED}
    assert run.manifest.counts.metrics["fluency"].scored == 200
    assert "more rows would decide" in rates(run)["fluency"].explanation


def test_about_the_window_alone_every_row_judged_is_certainty(tmp_path: Path, server: HttpServer) -> None:
    write_pairs(tmp_path, 100)
    server.answer = lambda received: verdict(1 if number_of(received) % 3 == 0 else 5)  # 34 of 100 fail
    run = Run(until_decided(server, tmp_path, decide={"about": "window", "family": "none"}))
    assert {one.state for one in rates(run).values()} == {State.BREACH}
    assert run.manifest.counts.metrics["fluency"].scored <= 100


def test_a_budget_that_runs_out_is_why_the_rest_was_not_asked(tmp_path: Path, server: HttpServer) -> None:
    write_pairs(tmp_path, ROWS)
    server.answer = lambda received: failure(401) if received.number > 30 else verdict(4)
    run = Run(until_decided(server, tmp_path))
    counts = run.manifest.counts.metrics["fluency"]
    assert set(counts.not_asked) == {"key_invalid"}
    assert counts.scored + counts.not_asked["key_invalid"] == ROWS


def test_a_run_again_asks_nothing_and_says_the_same(tmp_path: Path, server: HttpServer) -> None:
    write_pairs(tmp_path, ROWS)
    server.answer = failing("relevance", every=4)
    first = Run(until_decided(server, tmp_path))
    calls = len(server.received)
    again = Run(first.config, revision=1)
    assert len(server.received) == calls
    assert again.manifest.counts.metrics == first.manifest.counts.metrics
    assert rates(again) == rates(first)


def test_the_replies_that_were_kept_decide_as_they_did(tmp_path: Path, server: HttpServer) -> None:
    write_pairs(tmp_path, ROWS)
    server.answer = failing("relevance", every=4)
    first = Run(until_decided(server, tmp_path))
    again = Run(first.config, revision=1, replay=True)
    assert rates(again) == rates(first)


def test_an_equal_answer_that_was_judged_for_another_counts_no_sooner_than_its_turn(
    tmp_path: Path, server: HttpServer
) -> None:
    times = [SIX + number * HOUR / 500 for number in range(400)]
    write_logs(tmp_path, "inputs", SIX, [asked(f"{n}", time, f"Question-{n % 40}?") for n, time in enumerate(times)])
    write_logs(tmp_path, "outputs", SIX, [answered(f"{n}", time) for n, time in enumerate(times)])
    run = Run(until_decided(server, tmp_path))
    counts = run.manifest.counts.metrics["fluency"]
    assert counts.scored <= 40
    assert counts.not_asked == {"decided": 400 - counts.scored}


def test_whole_sessions_are_judged_one_after_the_other(tmp_path: Path, server: HttpServer) -> None:
    times = [SIX + number * HOUR / 500 for number in range(400)]
    rows = [asked(f"{n}", time, f"Question-{n}?", talk=f"s{n % 100}") for n, time in enumerate(times)]
    write_logs(tmp_path, "inputs", SIX, rows)
    write_logs(tmp_path, "outputs", SIX, [answered(f"{n}", time) for n, time in enumerate(times)])
    source = {"columns": {"prompt": "question", "completion": "answer", "context": "documents", "session": "talk"}}
    run = Run(until_decided(server, tmp_path, source=source))
    sessions = Counter(number_of(one) % 100 for one in server.received if metric_of(one) == "fluency")
    assert set(sessions.values()) == {4}, "no session was cut in two"
    alone = Run(until_decided(server, tmp_path, store=(tmp_path / "other").as_uri()))
    with_sessions, without = (one.manifest.counts.metrics["fluency"].scored for one in (run, alone))
    assert with_sessions > without, "rows of one session tell less than as many on their own"
    assert run.value("operations.records.largest_session") == 4


def test_windows_that_cannot_decide_are_taken_together(tmp_path: Path, server: HttpServer) -> None:
    server.answer = lambda received: verdict(5 if number_of(received) % 3 == 0 else 1)
    config = until_decided(server, tmp_path, decide={"min_scored": 10})
    states = []
    for hour in range(6):
        start = SIX + hour * HOUR
        write_pairs(tmp_path, 14, start)
        states.append(rates(Run(config, window=Window(start=start, end=start + HOUR)))["fluency"])
    found = [one.state for one in states]
    assert found[0] is State.UNDECIDED
    assert State.BREACH in found
    assert State.OK not in found
    told = states[found.index(State.BREACH)]
    assert "before it 0.357 of" in told.explanation


@pytest.mark.parametrize(
    ("changes", "remedy"),
    [
        ({"quality": {"metrics": {"fluency": {}}}}, "give a metric min_pass_rate"),
        ({"judging": "fused"}, "remove evaluator.judging: fused"),
        ({"mode": "batch"}, "remove evaluator.mode: batch"),
        ({"decide": {"by": "estimate"}}, "remove decide.by: estimate"),
    ],
)
def test_what_cannot_be_decided_in_rounds_is_refused(
    tmp_path: Path, server: HttpServer, changes: dict[str, Any], remedy: str
) -> None:
    with pytest.raises(ValueError, match=remedy):
        until_decided(server, tmp_path, **changes)


def test_scores_that_do_not_come_keep_the_judging_going(tmp_path: Path, server: HttpServer) -> None:
    write_pairs(tmp_path, ROWS)
    server.answer = lambda received: said("no idea") if received.number < 60 else verdict(5)
    run = Run(until_decided(server, tmp_path))
    assert {one.state for one in rates(run).values()} == {State.OK}
    assert run.manifest.counts.metrics["fluency"].scored > 60


def test_rows_that_a_contract_holds_back_make_no_session_larger(tmp_path: Path, server: HttpServer) -> None:
    times = [SIX + number * HOUR / 500 for number in range(408)]
    names = [f"s{n}" if n < 400 else "crowd" for n in range(408)]
    questions = ["" if n > 400 else f"Question-{n}?" for n in range(408)]
    rows = [asked(f"{n}", times[n], questions[n], talk=names[n]) for n in range(408)]
    write_logs(tmp_path, "inputs", SIX, rows)
    write_logs(tmp_path, "outputs", SIX, [answered(f"{n}", time) for n, time in enumerate(times)])
    source = {"columns": {"prompt": "question", "completion": "answer", "context": "documents", "session": "talk"}}
    contract = {"columns": {"prompt": {"length": {"min": 3}}}, "on_failure": "quarantine"}
    run = Run(until_decided(server, tmp_path, source=source, contract=contract))
    assert {one.state for one in rates(run).values()} == {State.OK}
    assert run.manifest.counts.metrics["fluency"].scored < 100


def test_what_was_never_recorded_is_said_of_a_replay(tmp_path: Path, server: HttpServer) -> None:
    write_pairs(tmp_path, 60)
    first = Run(until_decided(server, tmp_path, keep_replies=None))
    again = Run(first.config, revision=1, replay=True)
    assert set(again.manifest.counts.metrics["fluency"].not_asked) == {"not_recorded"}
    assert any("recorded" in warning for warning in again.manifest.warnings)
