import heapq
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import pytest

from tasks.core.quality.pace import Outcome, Pace

TOKENS = 500.0
Reply = tuple[Outcome, Mapping[str, str], float | None]


@dataclass(slots=True)
class Server:
    """Lets `requests` and `tokens` a minute through: a bucket that holds `burst_s` of them, or fixed minutes."""

    requests: float
    tokens: float = 1e9
    burst_s: float = 60.0
    tells: bool = True
    fixed: bool = False
    level: list[float] = field(default_factory=list)
    at: float = 0.0

    def __post_init__(self) -> None:
        self.level = self._full()

    def _full(self) -> list[float]:
        share = 1.0 if self.fixed else self.burst_s / 60
        return [self.requests * share, self.tokens * share]

    def reply(self, now: float, tokens: float) -> Reply:
        limits = [self.requests, self.tokens]
        full = self._full()
        if self.fixed:
            self.level = full if now // 60 > self.at // 60 else self.level
        else:
            steps = zip(self.level, full, limits, strict=True)
            self.level = [min(most, level + (now - self.at) * limit / 60) for level, most, limit in steps]
        self.at = now
        amounts = [1.0, tokens]
        lacking = [(n - level) / limit * 60 for n, level, limit in zip(amounts, self.level, limits, strict=True)]
        if max(lacking) > 0:
            wait_s = 60 - now % 60 if self.fixed else max(lacking)
            return Outcome.REFUSED, self._headers(), wait_s
        self.level = [level - n for n, level in zip(amounts, self.level, strict=True)]
        return Outcome.ANSWERED, self._headers(), None

    def _headers(self) -> Mapping[str, str]:
        if not self.tells:
            return {}
        return {
            "x-ratelimit-limit-requests": f"{self.requests:g}",
            "x-ratelimit-remaining-requests": f"{max(0, int(self.level[0]))}",
            "x-ratelimit-limit-tokens": f"{self.tokens:g}",
            "x-ratelimit-remaining-tokens": f"{max(0, int(self.level[1]))}",
        }


@dataclass(slots=True)
class Run:
    answered: int = 0
    refused: int = 0
    failed: int = 0
    most_in_flight: int = 0

    @property
    def refused_share(self) -> float:
        return self.refused / (self.answered + self.refused)


def simulate(
    pace: Pace,
    seconds: float,
    reply: Callable[[float, float], Reply],
    latency_s: Callable[[int], float] = lambda _: 0.2,
    tokens: Callable[[int], float] = lambda _: TOKENS,
) -> Run:
    """Calls without end for so many seconds of a made-up clock; the server decides when a call arrives."""
    run, now, number = Run(), 0.0, itertools.count()
    under_way: list[tuple[float, int, object, Reply]] = []
    while now < seconds:
        wait_s = pace.wait_s(now, TOKENS)
        if wait_s == 0:
            one = next(number)
            ticket = pace.admit(now, TOKENS)
            run.most_in_flight = max(run.most_in_flight, pace.in_flight)
            heapq.heappush(under_way, (now + latency_s(pace.in_flight), one, ticket, reply(now, tokens(one))))
            continue
        ends = under_way[0][0] if under_way else float("inf")
        now = min(ends, float("inf") if wait_s is None else now + max(wait_s, 1e-6))
        if now == ends:
            _, _, ticket, (outcome, headers, retry_after_s) = heapq.heappop(under_way)
            pace.settle(ticket, now, outcome, headers, retry_after_s)  # type: ignore[arg-type]
            run.answered += outcome is Outcome.ANSWERED
            run.refused += outcome is Outcome.REFUSED
            run.failed += outcome is Outcome.FAILED
    return run


SERVERS = {
    "requests, a minute's burst": Server(requests=600),
    "requests, ten seconds' burst": Server(requests=600, burst_s=10),
    "many requests": Server(requests=6000, burst_s=10),
    "few requests": Server(requests=60, burst_s=10),
    "tokens": Server(requests=1e6, tokens=300_000),
    "tokens, ten seconds' burst": Server(requests=1e6, tokens=300_000, burst_s=10),
    "both": Server(requests=660, tokens=300_000, burst_s=10),
    "fixed minutes": Server(requests=600, fixed=True),
}


def allowed(server: Server, seconds: float) -> float:
    """The calls that the server lets through at most in so many seconds, its first burst included."""
    burst_s = 60.0 if server.fixed else server.burst_s
    return min(server.requests, server.tokens / TOKENS) / 60 * (seconds + (0 if server.fixed else burst_s))


@pytest.mark.parametrize("name", SERVERS)
@pytest.mark.parametrize("in_flight", [8, 32])
def test_a_budget_that_the_server_tells_is_used_up_and_hardly_ever_refused(name: str, in_flight: int) -> None:
    server = SERVERS[name]
    one = Server(server.requests, server.tokens, server.burst_s, server.tells, server.fixed)
    run = simulate(Pace(in_flight), 600, one.reply)
    most = min(allowed(one, 600), in_flight / 0.2 * 600)
    assert run.answered >= 0.95 * most
    assert run.refused_share <= 0.01


def test_tokens_that_are_not_as_estimated_are_learnt_from_the_headers() -> None:
    server = Server(requests=1e6, tokens=300_000, burst_s=10)
    run = simulate(Pace(64), 600, server.reply, tokens=lambda n: 200.0 + n % 7 * 200)
    assert run.answered >= 0.95 * 300_000 / 800 * 10
    assert run.refused_share <= 0.01


@pytest.mark.parametrize("burst_s", [1.0, 10.0, 60.0])
def test_a_budget_that_is_only_shown_by_refusals_is_learnt(burst_s: float) -> None:
    server = Server(requests=600, burst_s=burst_s, tells=False)
    run = simulate(Pace(64), 1800, server.reply)
    assert run.answered >= 0.9 * 600 * 30
    assert run.refused_share <= 0.02


def test_without_any_limit_all_that_may_be_in_flight_is() -> None:
    run = simulate(Pace(64), 60, lambda _now, _tokens: (Outcome.ANSWERED, {}, None))
    assert run.answered >= 0.98 * 60 / 0.2 * 64
    assert run.most_in_flight == 64


def test_sparse_faults_do_not_slow_the_others_down() -> None:
    number = itertools.count()

    def reply(_now: float, _tokens: float) -> Reply:
        one = next(number)
        if one % 10 == 3:
            return Outcome.REFUSED, {}, 0.0
        return (Outcome.FAILED if one % 50 == 7 else Outcome.ANSWERED), {}, None

    run = simulate(Pace(64), 60, reply)
    assert run.answered + run.refused + run.failed >= 0.95 * 60 / 0.2 * 64


def test_a_server_that_fails_under_load_is_asked_less_and_again_more_when_it_heals() -> None:
    pace = Pace(64)
    simulate(pace, 10, lambda _now, _tokens: (Outcome.FAILED, {}, None))
    assert pace.window == 1
    simulate(pace, 60, lambda _now, _tokens: (Outcome.ANSWERED, {}, None))
    assert pace.window > 16


def test_a_latency_that_grows_with_the_load_bounds_the_load() -> None:
    """A server that serves 8 at a time in 0.2 s: more in flight wait longer, and nothing is won."""
    pace = Pace(256)
    run = simulate(pace, 600, lambda _n, _t: (Outcome.ANSWERED, {}, None), latency_s=lambda n: 0.2 * max(1.0, n / 8))
    assert run.answered > 0


def _headers(limit: object, remaining: object) -> Mapping[str, str]:
    return {"x-ratelimit-limit-requests": str(limit), "x-ratelimit-remaining-requests": str(remaining)}


def _odd() -> Iterator[Mapping[str, str]]:
    for value in ("", "many", "-1", "nan", "inf", "0", "1e999"):
        yield _headers(value, 5)
        yield _headers(100, value)


@pytest.mark.parametrize("headers", list(_odd()), ids=str)
def test_odd_headers_never_stop_the_calls_for_good(headers: Mapping[str, str]) -> None:
    pace = Pace(4)
    pace.settle(pace.admit(0.0, TOKENS), 0.2, Outcome.ANSWERED, headers, None)
    wait_s = pace.wait_s(0.3, TOKENS)
    assert wait_s is not None
    assert 0 <= wait_s <= 60


def test_a_retry_after_is_waited_for() -> None:
    pace = Pace(4)
    pace.settle(pace.admit(0.0, TOKENS), 0.2, Outcome.REFUSED, _headers(600, 0), 7.0)
    assert pace.wait_s(0.2, TOKENS) == pytest.approx(7.0)
    assert pace.wait_s(8.0, TOKENS) == 0
