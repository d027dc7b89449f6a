import asyncio
import re
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from configs.evaluator import Juror
from tasks.adapters.evaluators import live_line, price_of
from tasks.adapters.judge import Judge, Settings
from tasks.adapters.pool import judge_all
from tasks.core.errors import EvaluatorError
from tasks.core.price import Purse
from tasks.core.quality.exchange import Judged
from tasks.core.quality.plan import Call
from tasks.core.quality.score import NotAsked, Score, Unscored
from tests.builders import call
from tests.servers.evaluator import JSON, failure, filtered, metric_of, part_of, said, user_text, verdict
from tests.servers.http import HttpServer, Received, Reply, serve

Answer = Callable[[Received], Reply]


class Bench:
    """Judges calls as a monitor would, and keeps what came of it."""

    def __init__(self, server: HttpServer, **changes: Any) -> None:
        azure = changes.get("provider") == "azure_openai"
        asked: dict[str, Any] = {
            "provider": "openai",
            "model": "judge",
            "base_url": server.url if azure else f"{server.url}/v1",
            "api_version": "2026-01-01" if azure else None,
            "api_key": "env:JUDGE_KEY",
            "concurrency": 8,
            "timeout": "5s",
            "max_attempts": 3,
            "max_tokens": 200,
        }
        self.juror = Juror.model_validate(asked | changes)
        self.scores: dict[str, Score] = {}
        self.stopped: EvaluatorError | None = None

    def judge(self, calls: list[Call], deadline_s: float | None = None, budget_usd: float | None = None) -> None:
        asyncio.run(self._judge(calls, deadline_s, budget_usd))

    async def _judge(self, calls: list[Call], deadline_s: float | None, budget_usd: float | None) -> None:
        purse = Purse(budget_usd)
        settings = Settings(identity={}, max_tokens=self.juror.max_tokens, price=price_of(self.juror))
        judge = Judge(live_line(self.juror, 0, purse), settings, purse)
        workers = self.juror.concurrency
        until = None if deadline_s is None else asyncio.get_running_loop().time() + deadline_s
        self.stopped = await judge_all(iter(calls), judge, workers, until, self._deliver)
        await judge.close()

    async def _deliver(self, one: Call, judged: Judged) -> None:
        assert one.interaction_id not in self.scores, "delivered twice"
        (self.scores[one.interaction_id],) = judged.scores


def judge(server: HttpServer, calls: list[Call], **changes: Any) -> dict[str, Score]:
    bench = Bench(server, **changes)
    bench.judge(calls)
    assert bench.stopped is None
    return bench.scores


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_KEY", "a-key")


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with serve(lambda _: verdict(4)) as running:
        yield running


def first_then(first: Reply, then: Reply) -> Answer:
    return lambda received: first if received.number == 0 else then


def test_a_judgement_is_asked_and_read(server: HttpServer) -> None:
    score = judge(server, [call()])["An answer."]
    assert (score.score, score.reason, score.unscored) == (4, "as told", None)
    assert (score.model, score.use.calls) == ("judge-2026-01-01", 1)
    assert (score.use.prompt_tokens, score.use.completion_tokens) == (100, 10)
    (received,) = server.received
    assert received.path == "/v1/chat/completions"
    assert received.headers["authorization"] == "Bearer a-key"
    assert [message["role"] for message in received.body["messages"]] == ["system", "user"]
    assert received.body["response_format"]["json_schema"]["strict"] is True
    assert metric_of(received) == "fluency"


def test_every_call_has_a_mark_of_its_own(server: HttpServer) -> None:
    judge(server, [call(f"answer {number}") for number in range(20)])
    marks = {user_text(received).split(" ")[0] for received in server.received}
    assert len(marks) == 20


def test_every_request_comes_back_once_and_no_more_than_allowed_are_in_flight(server: HttpServer) -> None:
    content = verdict(3).content
    server.answer = lambda _: Reply(content=content, headers=JSON, delay_s=0.05)
    found = judge(server, [call(f"answer {number}") for number in range(60)], concurrency=6)
    assert len(found) == 60
    assert server.most_in_flight == 6


def test_an_unreadable_reply_is_asked_again_once_with_the_complaint(server: HttpServer) -> None:
    server.answer = first_then(said("I would say 5 of 5"), verdict(2))
    score = judge(server, [call()])["An answer."]
    assert (score.score, score.use.calls, score.use.prompt_tokens) == (2, 2, 200)
    assert [message["role"] for message in server.received[1].body["messages"]] == [
        "system",
        "user",
        "assistant",
        "user",
    ]


@pytest.mark.parametrize(
    ("reply", "cause", "calls"),
    [
        (said("On the 1-5 scale I give 5"), Unscored.UNREADABLE, 2),
        (said(None), Unscored.UNREADABLE, 2),
        (said(""), Unscored.UNREADABLE, 2),
        (said('{"reason": "x", "score": 4'), Unscored.UNREADABLE, 2),
        (verdict("4"), Unscored.UNREADABLE, 2),
        (verdict(0), Unscored.OUT_OF_RANGE, 2),
        (verdict(4.5), Unscored.OUT_OF_RANGE, 2),
        (verdict(True), Unscored.OUT_OF_RANGE, 2),  # noqa: FBT003
        (said(None, refusal="I cannot judge this."), Unscored.REFUSED, 1),
        (filtered(), Unscored.CONTENT_FILTER, 1),
        (failure(400, "content_filter"), Unscored.CONTENT_FILTER, 1),
        (failure(400, "context_length_exceeded"), Unscored.CONTEXT_TOO_LONG, 1),
        (failure(400, None, "This model's maximum context length is 8192 tokens"), Unscored.CONTEXT_TOO_LONG, 1),
        (failure(400, None, "something else"), Unscored.SERVER_ERROR, 1),
        (Reply(content=b"<html>maintenance</html>", headers={"content-type": "text/html"}), Unscored.UNREADABLE, 2),
        (Reply(content=b"", headers=JSON), Unscored.UNREADABLE, 2),
        (Reply(content=b'{"choices": []}', headers=JSON), Unscored.UNREADABLE, 2),
        (Reply(content=b'[1, "\xff"]', headers=JSON), Unscored.UNREADABLE, 2),
        (failure(429, "rate_limit_exceeded", retry_after="0"), Unscored.RATE_LIMITED, 3),
        (failure(429), Unscored.RATE_LIMITED, 3),
        (failure(500), Unscored.SERVER_ERROR, 3),
        (verdict([4]), Unscored.OUT_OF_RANGE, 2),
        (verdict(None), Unscored.UNREADABLE, 2),
        (said("I am sorry, but I cannot grade this."), Unscored.UNREADABLE, 2),
        (Reply(content=verdict(4).content[:-40], headers=JSON), Unscored.UNREADABLE, 2),
        (Reply(content=b"\xff\xfe{}", headers=JSON), Unscored.UNREADABLE, 2),
        (Reply(status=302, headers={"location": "http://127.0.0.1:1/"}), Unscored.SERVER_ERROR, 1),
        (failure(503, retry_after="0"), Unscored.SERVER_ERROR, 3),
        (Reply(content=b'{"choices"', headers=JSON, cut=True), Unscored.CONNECTION, 3),
    ],
)
def test_what_cannot_be_scored_says_why(server: HttpServer, reply: Reply, cause: Unscored, calls: int) -> None:
    server.answer = lambda _: reply
    score = judge(server, [call()])["An answer."]
    assert (score.score, score.unscored, score.use.calls) == (None, cause, calls)
    assert len(server.received) == calls


def test_a_hanging_server_is_given_up_after_the_timeout(server: HttpServer) -> None:
    server.answer = lambda _: Reply(content=verdict(4).content, headers=JSON, delay_s=30)
    score = judge(server, [call()], timeout="1s", max_attempts=2)["An answer."]
    assert (score.unscored, score.use.calls) == (Unscored.TIMEOUT, 2)


def test_faults_that_heal_cost_no_score(server: HttpServer) -> None:
    faults = [failure(429, retry_after="0.1"), failure(500), Reply(content=b"{", headers=JSON, cut=True)]
    seen: Counter[str] = Counter()

    def answer(received: Received) -> Reply:
        text = part_of(received, "ANSWER")
        seen[text] += 1
        return faults[len(text) % 3] if seen[text] == 1 else verdict(5)

    server.answer = answer
    found = judge(server, [call("x" * number) for number in range(1, 31)])
    assert [score.score for score in found.values()] == [5] * 30
    assert all(score.use.calls == 2 for score in found.values())


def test_retry_after_is_honoured_by_all_calls(server: HttpServer) -> None:
    times: list[float] = []

    def answer(received: Received) -> Reply:
        times.append(time.monotonic())
        return failure(429, retry_after="1") if received.number == 0 else verdict(5)

    server.answer = answer
    found = judge(server, [call("first"), call("second")], concurrency=1)
    assert [score.score for score in found.values()] == [5, 5]
    assert times[1] - times[0] >= 1


TERMINAL = [
    (failure(401, "invalid_api_key"), NotAsked.KEY_INVALID, r"does not accept the key \(401\); correct evaluator"),
    (failure(403), NotAsked.ACCESS_DENIED, "refuses access"),
    (failure(404, "model_not_found"), NotAsked.MODEL_UNKNOWN, "knows no model judge"),
    (failure(429, "insufficient_quota"), NotAsked.QUOTA_EXHAUSTED, "quota is used up"),
]


@pytest.mark.parametrize(("reply", "reason", "sentence"), TERMINAL)
def test_a_terminal_cause_stops_at_once_with_one_sentence(
    server: HttpServer, reply: Reply, reason: NotAsked, sentence: str
) -> None:
    server.answer = lambda _: reply
    bench = Bench(server, concurrency=4)
    bench.judge([call(f"answer {number}") for number in range(500)])
    assert bench.stopped is not None
    assert bench.stopped.reason == reason
    assert re.search(sentence, str(bench.stopped))
    assert "a-key" not in str(bench.stopped)
    assert len(server.received) <= 4
    assert bench.scores == {}


def test_what_was_under_way_when_asking_ends_is_still_delivered(server: HttpServer) -> None:
    slow = Reply(content=verdict(4).content, headers=JSON, delay_s=0.5)
    server.answer = lambda received: failure(401) if received.number == 3 else slow
    bench = Bench(server, concurrency=8)
    bench.judge([call(f"answer {number}") for number in range(50)])
    assert len(bench.scores) == len(server.received) - 1
    assert len(server.received) <= 8


def test_an_unknown_host_and_an_untrusted_certificate_stop_at_once(server: HttpServer) -> None:
    unknown = Bench(server, base_url="http://no-such-host.invalid/v1")
    unknown.judge([call(f"answer {number}") for number in range(100)])
    assert unknown.stopped is not None
    assert (unknown.stopped.reason, unknown.scores) == (NotAsked.DNS, {})
    assert "no-such-host.invalid" in str(unknown.stopped)


def test_a_server_without_tls_stops_at_once(server: HttpServer) -> None:
    bench = Bench(server, base_url=server.url.replace("http:", "https:"))
    bench.judge([call(f"answer {number}") for number in range(100)])
    assert bench.stopped is not None
    assert bench.stopped.reason == NotAsked.CERTIFICATE


def test_a_server_that_never_answers_is_not_asked_for_ever(server: HttpServer) -> None:
    server.answer = lambda _: failure(500)
    bench = Bench(server, concurrency=4, max_attempts=1)
    bench.judge([call(f"answer {number}") for number in range(500)])
    assert bench.stopped is not None
    assert bench.stopped.reason == NotAsked.UNREACHABLE
    assert 20 <= len(bench.scores) < 30
    assert {score.unscored for score in bench.scores.values()} == {Unscored.SERVER_ERROR}
    assert len(server.received) == len(bench.scores)


def test_faults_between_answers_are_no_reason_to_stop(server: HttpServer) -> None:
    server.answer = lambda received: verdict(4) if received.number % 10 == 9 else failure(500)
    found = judge(server, [call(f"answer {number}") for number in range(100)], concurrency=1, max_attempts=1)
    assert Counter(score.unscored for score in found.values()) == {Unscored.SERVER_ERROR: 90, None: 10}


def test_the_deadline_cuts_off_what_hangs_and_leaves_the_rest_unasked(server: HttpServer) -> None:
    content = verdict(4).content
    server.answer = lambda received: Reply(content=content, headers=JSON, delay_s=30 if received.number >= 10 else 0)
    bench = Bench(server, concurrency=2, timeout="60s")
    bench.judge([call(f"answer {number}") for number in range(100)], deadline_s=2)
    assert bench.stopped is not None
    assert bench.stopped.reason == NotAsked.DEADLINE
    assert len(bench.scores) == 10
    assert len(server.received) == 12


def test_the_budget_is_held_before_the_call(server: HttpServer) -> None:
    """A reply costs 100 prompt and 10 completion tokens; the most that a call could cost is laid aside before it."""
    price = {"prompt": 1000.0, "completion": 10_000.0}
    cost = 0.1 + 0.1
    bench = Bench(server, concurrency=4, price=price, max_tokens=50)
    bench.judge([call(f"answer {number}") for number in range(100)], budget_usd=5.0)
    assert bench.stopped is not None
    assert bench.stopped.reason == NotAsked.BUDGET
    spent = sum(score.use.cost_usd or 0 for score in bench.scores.values())
    assert spent == pytest.approx(len(server.received) * cost)
    assert 3.5 < spent <= 5.0, "the last calls' bounds no longer fitted"


def test_a_context_that_is_too_long_is_shortened_once_by_whole_passages(server: HttpServer) -> None:
    passages = [f"Passage {number} of the context." for number in range(10)]
    long = failure(400, "context_length_exceeded")
    server.answer = lambda received: long if "Passage 9" in user_text(received) else verdict(4)
    score = judge(server, [call(context="\n\n".join(passages))])["An answer."]
    assert (score.score, score.dropped_passages, score.use.calls) == (4, 5, 2)
    assert part_of(server.received[1], "CONTEXT").split("\n\n") == passages[:5]


def test_a_context_that_stays_too_long_is_unscored(server: HttpServer) -> None:
    server.answer = lambda _: failure(400, "context_length_exceeded")
    score = judge(server, [call(context="a\n\nb\n\nc\n\nd")])["An answer."]
    assert (score.unscored, score.use.calls) == (Unscored.CONTEXT_TOO_LONG, 2)


@pytest.mark.parametrize(
    "text",
    [
        '```json\n{"reason": "fenced", "score": 4}\n```',
        '{"reason": "a draft", "score": 1}\n{"reason": "the last one", "score": 4}',
        'I ignore the schema and say {"verdict": {"score": 1}} first, then {"score": 4}',
    ],
)
def test_the_last_complete_object_of_a_reply_is_the_verdict(server: HttpServer, text: str) -> None:
    server.answer = lambda _: said(text)
    assert judge(server, [call()])["An answer."].score == 4


def test_a_slow_reply_in_pieces_is_read_whole(server: HttpServer) -> None:
    server.answer = lambda _: Reply(content=verdict(4).content, headers=JSON, pieces=20)
    assert judge(server, [call()])["An answer."].score == 4


@pytest.mark.parametrize(
    ("refused", "gone"),
    [
        ("response_format json_schema is not supported", "response_format.json_schema"),
        ("Unsupported parameter: max_tokens, use max_completion_tokens", "max_tokens"),
        ("Unsupported value: temperature", "temperature"),
    ],
)
def test_a_server_that_understands_less_is_asked_more_plainly(server: HttpServer, refused: str, gone: str) -> None:
    key = gone.split(".", maxsplit=1)[0]

    def answer(received: Received) -> Reply:
        value = received.body.get(key)
        refuses = value["type"] == "json_schema" if isinstance(value, dict) else value is not None
        return failure(400, None, refused) if refuses else verdict(3)

    server.answer = answer
    found = judge(server, [call(f"answer {number}") for number in range(10)], concurrency=1)
    assert [score.score for score in found.values()] == [3] * 10
    assert len(server.received) == 11, "the lesson is learnt once"


def test_a_server_without_structured_output_at_all_is_read_by_its_text(server: HttpServer) -> None:
    plain = said('```json\n{"reason": "fine", "score": 4}\n```')
    server.answer = lambda received: (
        failure(422, None, "response_format?") if "response_format" in received.body else plain
    )
    assert judge(server, [call()])["An answer."].score == 4


def test_azure_is_asked_at_its_deployment_with_its_version(server: HttpServer) -> None:
    judge(server, [call()], provider="azure_openai")
    (received,) = server.received
    assert received.path == "/openai/deployments/judge/chat/completions?api-version=2026-01-01"
    assert received.headers["api-key"] == "a-key"


def test_a_server_that_is_not_there_leaves_the_rows_unscored(server: HttpServer) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    score = judge(server, [call()], base_url=f"http://127.0.0.1:{port}/v1", max_attempts=2)["An answer."]
    assert score.unscored is Unscored.CONNECTION
