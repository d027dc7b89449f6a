"""Who uses the application and how much, counted over all interactions of a window: users, sessions, prompts."""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from tasks.core.measure import Measure
from tasks.core.records.observed import Observed
from tasks.core.stats.sketch import quantile

SIGNAL: Final = "usage"
# What is measured, and the columns that it needs; people also need the salt that they are hashed with.
MEASURES: Final[Mapping[str, tuple[str, ...]]] = {
    f"{SIGNAL}.users.count": ("user",),
    f"{SIGNAL}.users.new_share": ("user",),
    f"{SIGNAL}.users.returning_share": ("user",),
    f"{SIGNAL}.prompts_per_user.mean": ("user",),
    f"{SIGNAL}.prompts_per_user.p95": ("user",),
    f"{SIGNAL}.prompts_per_user.top_10_share": ("user",),
    f"{SIGNAL}.sessions.count": ("session",),
    f"{SIGNAL}.turns_per_session.mean": ("session",),
    f"{SIGNAL}.turns_per_session.p95": ("session",),
    f"{SIGNAL}.turns_per_session.one_turn_share": ("session",),
    f"{SIGNAL}.prompt_chars.p50": ("prompt",),
    f"{SIGNAL}.prompt_chars.p95": ("prompt",),
    f"{SIGNAL}.completion_chars.p50": ("completion",),
    f"{SIGNAL}.completion_chars.p95": ("completion",),
}
PEOPLE: Final = frozenset({"user", "session"})
TOP: Final = 10


def usage_measures(observed: Observed, mapped: Iterable[str], *, with_people: bool) -> list[Measure]:
    """The measures of usage for which the columns are `mapped`; of users and sessions only `with_people`."""
    asked = set(mapped) - (set() if with_people else PEOPLE)
    users, sessions = observed.users, observed.sessions
    ever_one = _ratio(sessions.get(1, 0), sum(sessions.values()))
    found = [
        *_each("users.count", "prompts_per_user", "prompts", users),
        *_familiar(observed),
        _one("prompts_per_user.top_10_share", _top_share(users), sum(users.values()), "share"),
        *_each("sessions.count", "turns_per_session", "turns", sessions),
        _one("turns_per_session.one_turn_share", ever_one, sum(sessions.values()), "share"),
        *_lengths(observed),
    ]
    return [one for one in found if asked.issuperset(MEASURES[one.name])]


def _one(address: str, value: float | None, n: int, unit: str) -> Measure:
    subject, measure = address.split(".")
    return Measure(signal=SIGNAL, subject=subject, measure=measure, value=value, n=n, unit=unit)


def _each(count: str, subject: str, unit: str, people: Mapping[int, int]) -> Iterator[Measure]:
    """How many there are, and how much each of them does; `people` says how many do how much."""
    n = sum(people.values())
    mean = sum(calls * those for calls, those in people.items()) / n if n else None
    yield _one(count, float(n) if n else None, n, "people" if unit == "prompts" else "sessions")
    yield _one(f"{subject}.mean", mean, n, unit)
    yield _one(f"{subject}.p95", _quantile(people, 0.95), n, unit)


def _familiar(observed: Observed) -> Iterator[Measure]:
    """The shares of users who were not, and who were, seen in an earlier window; None where no window is known."""
    n, known = sum(observed.users.values()), observed.known_users
    yield _one("users.new_share", None if known is None else _ratio(n - known, n), n, "share")
    yield _one("users.returning_share", None if known is None else _ratio(known, n), n, "share")


def _quantile(people: Mapping[int, int], share: float) -> float | None:
    rank, passed = math.ceil(share * sum(people.values())), 0
    for calls in sorted(people):
        passed += people[calls]
        if passed >= rank:
            return float(calls)
    return None


def _top_share(people: Mapping[int, int]) -> float | None:
    """What share of all that is done the `TOP` do who do most."""
    most = [calls for calls in sorted(people, reverse=True) for _ in range(min(people[calls], TOP))][:TOP]
    return _ratio(sum(most), sum(calls * those for calls, those in people.items()))


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _lengths(observed: Observed) -> Iterator[Measure]:
    for subject in ("prompt_chars", "completion_chars"):
        values = observed.tallies[0].sketches.get(subject, {}) if observed.tallies else {}
        for name, share in (("p50", 0.5), ("p95", 0.95)):
            yield _one(f"{subject}.{name}", quantile(values, share), sum(values.values()), "characters")
