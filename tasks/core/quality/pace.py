"""How fast an evaluator may be asked: a window of calls in flight, and the budgets per minute that it tells of.

The window follows AIMD (D.-M. Chiu, R. Jain, Analysis of the increase and decrease algorithms for congestion avoidance,
1989) with a slow start: dense errors and timeouts and a growing latency shrink it. Refusals (429) pace the calls, by
the budgets that the server tells, else by the rate that it let through. Sparse trouble costs its own calls only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

MINUTE_S: Final = 60.0
DECREASE: Final = 0.5
SLOWER: Final = 3.0  # times the usual latency at which the window shrinks
MEMORY: Final = 0.05  # weight of a call in the share of those that went wrong
DENSE: Final = 0.2  # share of calls that went wrong from which on it is the pace that is wrong
SHORT: Final = 0.1  # weight of a new latency in the present one
LONG: Final = 0.01  # and in the usual one
LATENCIES: Final = 50  # replies before a usual latency is known
BELOW: Final = 0.98  # of a rate that was refused, the part that is tried next
FLOOR: Final = 0.8  # of a learnt rate, the least that sparse refusals lower it to
CAUTION: Final = 1.25  # times which a call's tokens are counted after a refusal despite the headers; forgotten slowly
FORGET: Final = 0.999
ENOUGH: Final = 20  # calls that were let through, from which a rate is learnt
GROWTH: Final = 0.0001  # of a learnt rate, for each good reply; doubled with every further CALM of them
CALM: Final = 100
DOUBLINGS: Final = 6


class Outcome(Enum):
    """How a call ended, as far as the pace is concerned."""

    ANSWERED = auto()
    REFUSED = auto()
    FAILED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """The leave to make one call; `taken` are the requests and tokens that have been asked for up to it."""

    at: float
    number: int
    taken: tuple[float, float]


@dataclass(slots=True)
class Bucket:
    """A budget per minute that fills up evenly: `level` at the time `at`, never above `limit`."""

    limit: float
    level: float
    at: float

    def wait_s(self, now: float, amount: float) -> float:
        """Seconds until `amount` is there; an amount above the limit waits for a full bucket."""
        rate = self.limit / MINUTE_S
        level = min(self.limit, self.level + (now - self.at) * rate)
        return max(0.0, (min(amount, self.limit) - level) / rate)

    def take(self, now: float, amount: float) -> None:
        """Take `amount` out."""
        rate = self.limit / MINUTE_S
        self.level = min(self.limit, self.level + (now - self.at) * rate) - amount
        self.at = now


class Pace:
    """The leave to call, given by the past of the calls; times are seconds of any steady clock.

    `most` bounds the calls in flight; `share` (0 to 1) is the part of the told budgets that is this one's. A call first
    gets its ticket from `admit` and ends with `settle`.
    """

    def __init__(self, most: int, share: float = 1.0) -> None:
        self.window = max(1.0, most / 2)
        self.in_flight = 0
        self._most = most
        self._share = share
        self._slow_start = True
        self._buckets: list[Bucket | None] = [None, None]
        self._taken = [0.0, 0.0]
        self._number = self._learnt_from = -1
        self._cut_at = self._blocked_until = self._next_at = float("-inf")
        self._rate: float | None = None
        self._least = 0.0
        self._caution = 1.0
        self._cycle_began = self._latency = self._usual = self._trouble = 0.0
        self._replies = self._calm = self._let_through = 0

    def wait_s(self, now: float, tokens: float) -> float | None:
        """Seconds until a call of so many tokens may be made, 0 for now; None = until another one has ended."""
        if self.in_flight >= max(1, int(self.window)):
            return None
        waits = [self._blocked_until - now, self._next_at - now]
        amounts = (1.0, tokens * self._caution)
        waits += [bucket.wait_s(now, amount) for bucket, amount in zip(self._buckets, amounts, strict=True) if bucket]
        return max(0.0, *waits)

    def admit(self, now: float, tokens: float) -> Ticket:
        """Count a call in."""
        self.in_flight += 1
        self._number += 1
        if not self._number:
            self._cycle_began = now
        for kind, amount in enumerate((1.0, tokens * self._caution)):
            self._taken[kind] += amount
            if bucket := self._buckets[kind]:
                bucket.take(now, amount)
        if self._rate is not None:
            self._next_at = max(now, self._next_at) + 1 / self._rate
        return Ticket(at=now, number=self._number, taken=(self._taken[0], self._taken[1]))

    def settle(
        self, ticket: Ticket, now: float, outcome: Outcome, headers: Mapping[str, str], retry_after_s: float | None
    ) -> None:
        """Count a call out, and learn from how it ended."""
        self.in_flight -= 1
        self._learn(ticket, now, headers)
        if outcome is Outcome.ANSWERED:
            self._answered(now - ticket.at)
            return
        self._trouble += MEMORY * (1 - self._trouble)
        if outcome is Outcome.FAILED:
            self._failed(ticket, now)
        else:
            self._refused(ticket, now, retry_after_s)

    def _answered(self, latency_s: float) -> None:
        self._trouble -= MEMORY * self._trouble
        self._let_through += 1
        self._calm += 1
        self._caution = max(1.0, self._caution * FORGET)
        if self._rate is not None:
            self._rate *= 1 + GROWTH * 2.0 ** min(self._calm // CALM, DOUBLINGS)
        self._replies += 1
        self._latency += max(SHORT, 1 / self._replies) * (latency_s - self._latency)
        self._usual += max(LONG, 1 / self._replies) * (latency_s - self._usual)
        if self._replies > LATENCIES and self._latency > SLOWER * self._usual:
            self._slow_start = False
            self.window = max(1.0, self.window - DECREASE)
        else:
            self.window = min(self._most, self.window + (1.0 if self._slow_start else 1 / self.window))

    def _failed(self, ticket: Ticket, now: float) -> None:
        """Halve the window where trouble is dense, once for all the calls that were in flight together."""
        if self._trouble > DENSE and ticket.at > self._cut_at:
            self._cut_at = now
            self._slow_start = False
            self.window = max(1.0, self.window * DECREASE)

    def _refused(self, ticket: Ticket, now: float, retry_after_s: float | None) -> None:
        """Wait as long as was asked; without a budget in the headers, learn the rate from what was let through."""
        told = any(self._buckets)
        if retry_after_s is not None and (told or self._trouble > DENSE):
            self._blocked_until = max(self._blocked_until, now + retry_after_s)
        if ticket.at <= self._cut_at:
            return
        self._calm = 0
        if told:
            self._cut_at = now
            self._caution *= CAUTION
            return
        if self._trouble <= DENSE:
            if self._rate is not None:
                self._cut_at = now
                self._rate = max(self._rate * BELOW, self._least)
            return
        ends = max(now, self._blocked_until)
        if self._let_through < ENOUGH or ends <= self._cycle_began:
            self._failed(ticket, now)
            return
        self._cut_at = now
        self._rate = BELOW * self._let_through / (ends - self._cycle_began)
        self._least = self._rate * FLOOR
        self._cycle_began, self._let_through, self._next_at = ends, 0, ends
        self.window = float(self._most)

    def _learn(self, ticket: Ticket, now: float, headers: Mapping[str, str]) -> None:
        """Set the budgets to what the newest call's headers say, less what was asked for after that call."""
        if ticket.number < self._learnt_from:
            return
        for kind, name in enumerate(("requests", "tokens")):
            limit = _number(headers.get(f"x-ratelimit-limit-{name}"))
            remaining = _number(headers.get(f"x-ratelimit-remaining-{name}"))
            if not limit or remaining is None:
                continue
            self._learnt_from = ticket.number
            level = remaining * self._share - (self._taken[kind] - ticket.taken[kind])
            self._buckets[kind] = Bucket(limit=limit * self._share, level=level, at=now)


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text else None
    except ValueError:
        return None
    return value if value is None or 0 <= value < float("inf") else None
