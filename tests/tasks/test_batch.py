import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from configs.monitor import MonitorConfig
from tasks.adapters.batch_record import close_record, custom_id, open_record, record_key, write_record
from tasks.adapters.batch_requests import Limits, requests_of
from tasks.adapters.batches import open_batches
from tasks.adapters.judgements import read_judgements
from tasks.adapters.ledger import Ledger
from tasks.adapters.line_prefetched import open_prefetched
from tasks.adapters.results import read_table
from tasks.batch import CALLING_OFF, Desk, Submitted, check_batches, submit_missing
from tasks.collect import collect_window
from tasks.core.errors import BatchPending, ConfigError, EvaluatorError, StorageError
from tasks.core.price import FRAME_TOKENS
from tasks.core.quality.judgement import tallies
from tasks.core.quality.pass_rate import Tally
from tasks.core.quality.plan import missing
from tasks.core.run import Scored
from tasks.core.window import Window
from tasks.score import score_window
from tests.builders import QUIET, WINDOW, job, monitor, store_of, write_pairs
from tests.servers.batch import NO_BATCHES, BatchServer, serve_batches
from tests.servers.evaluator import failure, metric_of, said, user_text, verdict
from tests.servers.http import Received, Reply

PRICE = {"prompt": 1000.0, "completion": 10_000.0}  # a reply costs 0.1 for the prompt and 0.1 for the completion


@pytest.fixture
def server() -> Iterator[BatchServer]:
    with serve_batches() as running:
        yield running


def batched_by(server: BatchServer, folder: Path, *metrics: str, **evaluator: Any) -> MonitorConfig:
    asked = {"provider": "openai", "model": "judge", "base_url": f"{server.url}/v1", "max_attempts": 2}
    batch = {"mode": "batch", "batch": {"poll": "1s", "deadline": "1h"}}
    quality: dict[str, Any] = {"metrics": {name: {} for name in metrics or ("fluency",)}}
    return monitor(folder, evaluator=asked | batch | evaluator, quality=quality)


def interactions_of(config: MonitorConfig) -> pa.Table:
    store = store_of(config)
    return read_table(store, collect_window(config, job(), store).interactions)


@contextmanager
def desk(config: MonitorConfig) -> Iterator[Desk]:
    with open_batches(config.evaluator) as batches:
        yield Desk(config=config, window=WINDOW, store=store_of(config), batches=batches)


def submit(config: MonitorConfig, limits: Limits | None = None) -> Submitted:
    with desk(config) as opened:
        return submit_missing(opened, interactions_of(config), limits)


def look(config: MonitorConfig, later: timedelta = timedelta(0)) -> list[str]:
    with desk(config) as opened:
        return [state.status for state in check_batches(opened, datetime.now(UTC) + later)]


def score(config: MonitorConfig) -> Scored:
    store = store_of(config)
    evaluator, answered = open_prefetched(config, WINDOW, store)
    scored = asyncio.run(
        score_window(config, WINDOW, interactions_of(config), store, evaluator, QUIET, answered=answered)
    )
    if scored.use.stopped is None:
        close_record(store, record_key(config, WINDOW))
    return scored


def run(config: MonitorConfig) -> Scored:
    submit(config)
    look(config)
    return score(config)


def tally(config: MonitorConfig, found: Scored, metric: str = "fluency") -> Tally:
    judged = read_judgements(config, WINDOW, interactions_of(config), found, store_of(config))
    return tallies(judged, config.metrics)[metric]


def ledger_of(config: MonitorConfig, found: Scored) -> list[dict[str, Any]]:
    return list(Ledger(store_of(config), WINDOW.start, found.fingerprints).newest().to_pylist())


def by_question(received: Received) -> Reply:
    """A score that depends on what is asked alone."""
    return verdict(1 + len(metric_of(received) + user_text(received)) % 5)


def test_a_batch_gives_the_scores_that_asking_live_gives(tmp_path: Path, server: BatchServer) -> None:
    write_pairs(tmp_path, 12)
    server.answer = by_question
    server.mangle = lambda lines: lines[::-1]
    in_batch = batched_by(server, tmp_path, "fluency", "relevance", "groundedness")
    found = run(in_batch)
    assert (len(server.uploads), len(server.batches), len(server.live)) == (1, 1, 0)
    live = in_batch.model_copy(
        update={
            "evaluator": in_batch.evaluator.model_copy(update={"mode": "live"}),
            "store": (tmp_path / "other").as_uri(),
        }
    )
    asked = score(live)
    assert len(server.live) == 36
    shown = ("content_hash", "metric", "fingerprint", "score", "reason", "model", "prompt_tokens")
    scores = [
        {tuple(row[key] for key in shown) for row in ledger_of(*one)} for one in ((in_batch, found), (live, asked))
    ]
    assert scores[0] == scores[1]
    assert len(scores[0]) == 36


def test_a_request_in_a_batch_asks_what_a_live_one_asks(tmp_path: Path, server: BatchServer) -> None:
    write_pairs(tmp_path, 1)
    config = batched_by(server, tmp_path, logprobs=True)
    submit(config)
    (request,) = server.requests
    assert (request["method"], request["url"]) == ("POST", "/v1/chat/completions")
    server.ends = "failed"
    look(config)
    score(config)
    (live,) = server.live
    marks = [one["messages"][1].pop("content").split(" ")[0] for one in (request["body"], live.body)]
    assert request["body"] == live.body
    assert marks[0] != marks[1], "each has a mark of its own"


def test_a_score_from_a_batch_costs_half_and_says_when_the_batch_ended(tmp_path: Path, server: BatchServer) -> None:
    write_pairs(tmp_path, 4)
    config = batched_by(server, tmp_path, price=PRICE)
    found = run(config)
    assert found.use.cost_usd == pytest.approx(4 * 0.2 / 2)
    rows = ledger_of(config, found)
    assert [row["cost_usd"] for row in rows] == pytest.approx([0.1] * 4)
    assert {row["latency_ms"] for row in rows} == {90_000.0}
    (batch,) = server.batches.values()
    assert {row["judged_at"].timestamp() for row in rows} == {batch.created_at + 90}
    (stored,) = store_of(config).list("replies/")
    assert set(read_table(store_of(config), stored.key)["price_share"].to_pylist()) == {0.5}


def test_nothing_is_submitted_when_all_is_in_the_ledger(tmp_path: Path, server: BatchServer) -> None:
    write_pairs(tmp_path, 5)
    config = batched_by(server, tmp_path)
    run(config)
    assert submit(config) == Submitted(requests=0, batches=0, new=0, left=0)
    again = score(config)
    assert (again.use.judged, len(server.uploads), len(server.live)) == (0, 1, 0)


def test_a_score_of_another_day_is_not_asked_again(tmp_path: Path, server: BatchServer) -> None:
    write_pairs(tmp_path, 5)
    config = batched_by(server, tmp_path)
    run(config)
    day = timedelta(days=1)
    tomorrow = Window(start=WINDOW.start + day, end=WINDOW.end + day)
    with desk(config) as opened:
        found = submit_missing(replace(opened, window=tomorrow), interactions_of(config))
    assert found.requests == 0
    assert [stored.key[:22] for stored in store_of(config).list("scores/")] == ["scores/date=2026-11-20"]


def test_openais_own_models_are_asked_in_the_words_that_all_of_them_understand(tmp_path: Path) -> None:
    write_pairs(tmp_path, 1)
    evaluator = {"provider": "openai", "model": "judge", "api_key": "env:NO_KEY", "mode": "batch"}
    config = monitor(tmp_path, evaluator=evaluator)
    interactions = interactions_of(config)
    wanted = missing(interactions, list(config.metrics.values()), (), fused=False)
    (request,) = requests_of(config, interactions, wanted, (), "/v1/chat/completions")
    body = json.loads(request.line)["body"]
    assert (body["max_completion_tokens"], "max_tokens" in body) == (400, False)


def test_a_rerun_submits_only_what_is_missing(tmp_path: Path, server: BatchServer) -> None:
    write_pairs(tmp_path, 6)
    config = batched_by(server, tmp_path)
    server.answer = lambda received: failure(400, "content_filter") if "-3?" in user_text(received) else verdict(5)
    first = run(config)
    assert dict(tally(config, first).unscored) == {"content_filter": 1}
    server.answer = lambda _: verdict(2)
    assert submit(config) == Submitted(requests=1, batches=1, new=1, left=0)
    look(config)
    assert tally(config, score(config)).histogram == {2: 1, 5: 5}
    assert server.live == []


def test_a_run_killed_while_the_batch_is_under_way_is_taken_up(tmp_path: Path, server: BatchServer) -> None:
    write_pairs(tmp_path, 5)
    config = batched_by(server, tmp_path)
    server.polls = 2
    submit(config)
    with pytest.raises(BatchPending, match="1 of 1 batches are under way, with 0 of 5 requests done"):
        look(config)
    assert submit(config) == Submitted(requests=5, batches=1, new=0, left=0)
    with pytest.raises(BatchPending):
        look(config)
    assert look(config) == ["completed"]
    assert score(config).use.judged == 5
    assert (len(server.uploads), len(server.batches), len(server.live)) == (1, 1, 0)


@pytest.mark.parametrize("later_batches", [0, 5])
def test_a_batch_whose_id_was_lost_is_found_by_its_token(
    tmp_path: Path, server: BatchServer, later_batches: int
) -> None:
    """The answer to batches.create never comes in; the list is read page by page."""
    write_pairs(tmp_path, 5)
    config = batched_by(server, tmp_path)
    server.drops = True
    with pytest.raises(BatchPending, match="did not answer"):
        submit(config)
    assert len(server.batches) == 1, "it is not asked for again by itself"
    (part,) = open_record(store_of(config), record_key(config, WINDOW)).parts
    assert part.batch_id is None
    server.drops = False
    with desk(config) as other:
        for number in range(later_batches):
            other.batches.submit(f"another {number}", b"{}\n")
    server.page = 2
    assert submit(config) == Submitted(requests=5, batches=1, new=0, left=0)
    (part,) = open_record(store_of(config), record_key(config, WINDOW)).parts
    assert part.batch_id == "batch_0"
    look(config)
    assert score(config).use.judged == 5
    assert len(server.uploads) == 1 + later_batches


def test_a_batch_that_was_never_begun_is_submitted_anew(tmp_path: Path, server: BatchServer) -> None:
    write_pairs(tmp_path, 5)
    config = batched_by(server, tmp_path)
    server.refusal = failure(503, retry_after="0")
    with pytest.raises(BatchPending, match=r"does not answer now \(503\)"):
        submit(config)
    server.refusal = None
    assert submit(config) == Submitted(requests=5, batches=1, new=5, left=0)
    assert len(open_record(store_of(config), record_key(config, WINDOW)).parts) == 1


def test_late_rows_are_a_further_batch_and_rows_that_nobody_wants_are_called_off(
    tmp_path: Path, server: BatchServer
) -> None:
    write_pairs(tmp_path, 5)
    config = batched_by(server, tmp_path)
    server.polls = 1
    submit(config)
    write_pairs(tmp_path, 8)
    assert submit(config) == Submitted(requests=8, batches=2, new=3, left=0)
    for path in (tmp_path / "logs").rglob("*.jsonl"):
        path.unlink()
    write_pairs(tmp_path, 0)
    assert submit(config).batches == 0
    assert sorted(server.cancelled) == ["batch_0", "batch_1"]


def test_what_expired_is_asked_live(tmp_path: Path, server: BatchServer) -> None:
    write_pairs(tmp_path, 10)
    config = batched_by(server, tmp_path, price=PRICE)
    server.ends, server.share = "expired", 0.5
    found = run(config)
    assert len(server.live) == 5
    assert tally(config, found).scored == 10
    assert found.use.cost_usd == pytest.approx(5 * 0.2 + 5 * 0.1)
    (batch,) = server.batches.values()
    done = {request["body"]["messages"][1]["content"].split("\n")[1] for request in batch.requests[:5]}
    assert done.isdisjoint(user_text(received).split("\n")[1] for received in server.live)


def test_at_the_deadline_the_batch_is_called_off_and_the_rest_asked_live(tmp_path: Path, server: BatchServer) -> None:
    write_pairs(tmp_path, 10)
    config = batched_by(server, tmp_path)
    server.polls, server.share = 1000, 0.3
    submit(config)
    with pytest.raises(BatchPending):
        look(config, timedelta(minutes=59))
    assert server.cancelled == []
    with pytest.raises(BatchPending):
        look(config, timedelta(minutes=61))
    assert server.cancelled == ["batch_0"]
    assert look(config, timedelta(minutes=62)) == ["cancelled"]
    found = score(config)
    assert (len(server.live), tally(config, found).scored) == (7, 10)


def test_a_batch_that_does_not_even_end_when_called_off_is_left(tmp_path: Path, server: BatchServer) -> None:
    write_pairs(tmp_path, 3)
    config = batched_by(server, tmp_path)
    server.polls, server.is_deaf = 1000, True
    submit(config)
    assert look(config, timedelta(hours=1, minutes=1) + CALLING_OFF) == ["in_progress"]
    assert tally(config, score(config)).scored == 3
    assert len(server.live) == 3


def test_a_refused_batch_is_asked_live(tmp_path: Path, server: BatchServer) -> None:
    write_pairs(tmp_path, 4)
    config = batched_by(server, tmp_path)
    server.ends = "failed"
    submit(config)
    with desk(config) as opened:
        (state,) = check_batches(opened, datetime.now(UTC))
    assert (state.status, state.faults) == ("failed", ("token_limit_exceeded",))
    assert tally(config, score(config)).scored == len(server.live) == 4


def test_a_batch_that_the_provider_has_forgotten_is_asked_live(tmp_path: Path, server: BatchServer) -> None:
    write_pairs(tmp_path, 4)
    config = batched_by(server, tmp_path)
    submit(config)
    server.batches.clear()
    assert look(config) == ["failed"]
    assert tally(config, score(config)).scored == len(server.live) == 4


def test_lines_that_cannot_be_read_cost_themselves_alone(tmp_path: Path, server: BatchServer) -> None:
    write_pairs(tmp_path, 12)
    config = batched_by(server, tmp_path)

    def damaged(lines: list[bytes]) -> list[bytes]:
        def changed(number: int, **fields: Any) -> bytes:
            return json.dumps(json.loads(lines[number]) | fields).encode()

        bad = [
            b"",
            b"{",
            b"[]",
            b'"\xff"',
            lines[2][:40],
            changed(3, custom_id=7),
            changed(4, response={"status_code": "200", "body": {}}),
            changed(5, response={"status_code": 200, "body": "text"}),
            changed(6, error={"code": "x"}),
            changed(7, response=None),
            changed(8, custom_id="a stranger"),
        ]
        return [*bad, *lines[:2], *lines[9:]]

    server.mangle = damaged
    found = run(config)
    assert (len(server.live), tally(config, found).scored) == (7, 12)


@pytest.mark.parametrize(
    "reply",
    [
        failure(429, "rate_limit_exceeded"),
        failure(500),
        failure(401),
        failure(400, None, "Unsupported value: temperature"),
    ],
)
def test_a_result_that_may_go_better_live_is_asked_live(tmp_path: Path, server: BatchServer, reply: Reply) -> None:
    write_pairs(tmp_path, 4)
    config = batched_by(server, tmp_path)
    server.answer = lambda received: reply if "-2?" in user_text(received) else verdict(4)
    submit(config)
    look(config)
    server.answer = lambda _: verdict(3)
    found = score(config)
    assert len(server.live) == 1
    assert tally(config, found).histogram == {3: 1, 4: 3}


def test_an_unreadable_result_is_asked_again_once_live(tmp_path: Path, server: BatchServer) -> None:
    write_pairs(tmp_path, 4)
    config = batched_by(server, tmp_path, price=PRICE)
    server.answer = lambda received: said("I give 5") if "-2?" in user_text(received) else verdict(4)
    found = run(config)
    (again,) = server.live
    assert [message["role"] for message in again.body["messages"]] == ["system", "user", "assistant", "user"]
    assert dict(tally(config, found).unscored) == {"unreadable": 1}
    assert found.use.cost_usd == pytest.approx(4 * 0.1 + 0.2)


def test_a_context_that_is_too_long_is_shortened_and_asked_live(tmp_path: Path, server: BatchServer) -> None:
    write_pairs(tmp_path, 2)
    config = batched_by(server, tmp_path, "groundedness")
    server.answer = lambda _: failure(400, "context_length_exceeded")
    found = run(config)
    assert dict(tally(config, found, "groundedness").unscored) == {"context_too_long": 2}
    assert server.live == [], "a context of one passage cannot be shortened"


def test_the_counts_add_up_whatever_becomes_of_the_requests(tmp_path: Path, server: BatchServer) -> None:
    write_pairs(tmp_path, 30)
    config = batched_by(server, tmp_path, "fluency", "similarity")
    refused = failure(400, "content_filter")
    server.answer = lambda received: refused if received.number % 3 == 0 else verdict(4)
    server.ends, server.share = "expired", 0.6
    submit(config)
    look(config)
    server.answer = lambda received: failure(401) if received.number >= 5 else verdict(2)
    found = score(config)
    count = tally(config, found)
    assert dict(count.unscored) == {"content_filter": 6}
    assert set(count.not_asked) == {"key_invalid"}
    assert count.scored + sum(count.unscored.values()) + sum(count.not_asked.values()) == 30
    assert count.histogram[4] == 12, "what was paid for is never lost to what ends the asking"
    assert tally(config, found, "similarity").not_applicable == 30


def test_what_a_batch_brought_is_kept_before_anything_else_is_asked(tmp_path: Path, server: BatchServer) -> None:
    write_pairs(tmp_path, 10)
    config = batched_by(server, tmp_path, concurrency=1)
    server.mangle = lambda lines: lines[4:]
    submit(config)
    look(config)
    server.answer = lambda _: failure(401)
    count = tally(config, score(config))
    assert (count.scored, dict(count.not_asked)) == (6, {"key_invalid": 4})


def test_the_budget_bounds_what_is_handed_over_and_what_is_asked_after_it(tmp_path: Path, server: BatchServer) -> None:
    write_pairs(tmp_path, 40)
    config = batched_by(server, tmp_path, price=PRICE, max_tokens=50, budget_usd=5.0)
    found = submit(config)
    size = sum(len(message["content"]) for message in server.requests[0]["body"]["messages"])
    bound_usd = ((size + FRAME_TOKENS) * PRICE["prompt"] + 50 * PRICE["completion"]) / 1_000_000
    assert abs(found.requests - 5.0 / (bound_usd / 2)) < 1
    assert found.left == 40 - found.requests
    look(config)
    scored = score(config)
    assert scored.use.stopped is not None
    count = tally(config, scored)
    assert set(count.not_asked) == {"budget"}
    assert count.scored == found.requests + len(server.live)
    cost_usd = 0.1 * found.requests + 0.2 * len(server.live)
    assert scored.use.cost_usd == pytest.approx(cost_usd)
    assert cost_usd <= 5.0


def test_what_is_under_way_has_its_share_of_the_budget(tmp_path: Path, server: BatchServer) -> None:
    write_pairs(tmp_path, 40)
    config = batched_by(server, tmp_path, price=PRICE, max_tokens=50, budget_usd=5.0)
    first = submit(config)
    assert submit(config) == Submitted(requests=first.requests, batches=1, new=0, left=first.left)


def test_repeats_are_requests_of_their_own(tmp_path: Path, server: BatchServer) -> None:
    write_pairs(tmp_path, 4)
    config = batched_by(server, tmp_path, repeats=3)
    server.answer = lambda received: verdict(1 + received.number % 3)
    found = run(config)
    assert len({request["custom_id"] for request in server.requests}) == 12
    assert tally(config, found).histogram == {2: 4}
    assert server.live == []


def test_requests_are_split_by_the_limits_of_a_file(tmp_path: Path, server: BatchServer) -> None:
    write_pairs(tmp_path, 10)
    config = batched_by(server, tmp_path)
    assert submit(config, Limits(requests=4)).batches == 3
    assert [len(batch.requests) for batch in server.batches.values()] == [4, 4, 2]
    look(config)
    assert (score(config).use.judged, len(server.live)) == (10, 0)


def test_a_file_stays_within_its_bytes(tmp_path: Path, server: BatchServer) -> None:
    write_pairs(tmp_path, 10)
    submit(batched_by(server, tmp_path), Limits(size=4000))
    assert len(server.files) > 1
    assert all(len(content) <= 4000 for content in server.files.values())
    assert len(server.requests) == 10


def test_a_killed_run_goes_on_with_the_next_file(tmp_path: Path, server: BatchServer) -> None:
    write_pairs(tmp_path, 10)
    config = batched_by(server, tmp_path)
    submit(config, Limits(requests=4))
    store, place = store_of(config), record_key(config, WINDOW)
    record = open_record(store, place)
    write_record(store, place, record.model_copy(update={"parts": record.parts[:1]}))
    assert submit(config) == Submitted(requests=10, batches=2, new=6, left=0)


def test_a_server_without_a_batch_api_says_what_to_do(tmp_path: Path, server: BatchServer) -> None:
    write_pairs(tmp_path, 1)
    server.refusal = NO_BATCHES
    with pytest.raises(ConfigError, match=r"has no batch API \(404\); set evaluator.mode: live"):
        submit(batched_by(server, tmp_path))


def test_a_key_that_is_not_accepted_is_named_without_the_key(
    tmp_path: Path, server: BatchServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUDGE_KEY", "a-secret-key")
    write_pairs(tmp_path, 1)
    server.refusal = failure(401, "invalid_api_key", "Incorrect API key provided: a-secret-key")
    with pytest.raises(EvaluatorError) as caught:
        submit(batched_by(server, tmp_path, api_key="env:JUDGE_KEY"))
    assert caught.value.reason == "key_invalid"
    assert "a-secret-key" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_azure_is_asked_at_its_own_endpoints(
    tmp_path: Path, server: BatchServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUDGE_KEY", "a-key")
    write_pairs(tmp_path, 3)
    azure = {
        "provider": "azure_openai",
        "base_url": server.url,
        "api_version": "2026-01-01",
        "api_key": "env:JUDGE_KEY",
    }
    config = batched_by(server, tmp_path, **azure)
    assert (run(config).use.judged, len(server.live)) == (3, 0)
    assert {request["url"] for request in server.requests} == {"/chat/completions"}


def test_a_record_that_is_none_says_what_to_do(tmp_path: Path, server: BatchServer) -> None:
    write_pairs(tmp_path, 1)
    config = batched_by(server, tmp_path)
    store_of(config).put(record_key(config, WINDOW), b"{}x")
    with pytest.raises(StorageError, match="this is no batch record; delete it"):
        submit(config)


def test_a_custom_id_is_short_enough_for_every_provider() -> None:
    names = {custom_id("a" * 32, repeat, "metric" * 20) for repeat in range(20)}
    assert len(names) == 20
    assert {len(name) for name in names} == {64}
