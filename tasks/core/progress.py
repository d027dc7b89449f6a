"""How a run goes: the facts that its tasks tell, what they add up to, and the lines that say it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from tasks.core.window import Window

RECENT_S: Final = 20.0
STEP_S: Final = 0.25  # of what is remembered of late, so that it does not grow with the judgements
LEAST_S: Final = 1.0  # a rate over less tells nothing
MINUTE: Final = 60
MEGABYTE: Final = 1_000_000
LONG: Final = 100  # seconds, from which on minutes are told
SLOW: Final = 10.0  # judgements a second, below which a decimal tells something


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """So many windows are to be run."""

    windows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """So many bytes of the logs are read, of a `window` or before the first."""

    window: Window | None
    done: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """What a window's logs gave, in rows."""

    window: Window
    joined: int
    sampled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """So many judgements are asked for, or so many parts of a window by a cluster, whose judgements it does not tell.

    `cost_usd` is None where no price is known.
    """

    done: int
    total: int
    cost_usd: float | None = None
    unit: Literal["judgements", "shards"] = "judgements"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """How the judging of a window stands; with `is_bound` it may end before its total."""

    window: Window
    asked: Asked
    is_bound: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A window is published, with this status."""

    window: Window
    status: str


Fact = Due | Read | Sampled | Judged | Ended
Listener = Callable[[Fact], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a run stands: the newest fact of each window, and how many judgements there were at which second of late."""

    due: int | None = None
    newest: Mapping[Window | None, Fact] = field(default_factory=dict)
    judged: Mapping[Window, Judged] = field(default_factory=dict)
    recent: tuple[tuple[float, int], ...] = ()

    def after(self, fact: Fact, at: float) -> "Standing":
        """As it stands with one more fact, told at a second of any clock."""
        if isinstance(fact, Due):
            return replace(self, due=fact.windows)
        newest = {one: old for one, old in self.newest.items() if one is not None} | {fact.window: fact}
        if not isinstance(fact, Judged):
            return replace(self, newest=newest)
        judged = {**self.judged, fact.window: fact}
        count = sum(one.asked.done for one in judged.values() if one.asked.unit == "judgements")
        others = any(isinstance(old, Judged) for old in self.newest.values())
        kept = [one for one in self.recent if one[0] > at - RECENT_S] if others else []
        if len(kept) > 1 and at - kept[-2][0] < STEP_S:
            kept.pop()
        return replace(self, newest=newest, judged=judged, recent=(*kept, (at, count)))

    @property
    def ended(self) -> int:
        """The windows that are published."""
        return sum(isinstance(fact, Ended) for fact in self.newest.values())

    @property
    def cost_usd(self) -> float | None:
        """What the judging has cost so far; None where no price is known."""
        known = [one.asked.cost_usd for one in self.judged.values() if one.asked.cost_usd is not None]
        return sum(known) if known else None

    def rate(self, at: float) -> float | None:
        """Judgements a second of late; None where that is not known."""
        recent = [one for one in self.recent if one[0] > at - RECENT_S]
        if not recent or at - recent[0][0] < LEAST_S:
            return None
        return (recent[-1][1] - recent[0][1]) / (at - recent[0][0]) or None

    def seconds_left(self, at: float) -> float | None:
        """Until the windows that are being judged are, at the rate of late; None where that is not known."""
        open_ones = [fact for fact in self.newest.values() if isinstance(fact, Judged)]
        rate = self.rate(at)
        if rate is None or any(one.asked.unit == "shards" for one in open_ones):
            return None
        return sum(one.asked.total - one.asked.done for one in open_ones) / rate or None


def line(standing: Standing, fact: Fact, at: float) -> str:
    """One fact in one line, with rate, spend and time left where they are known."""
    if isinstance(fact, Due):
        return f"{fact.windows} {'window is' if fact.windows == 1 else 'windows are'} due"
    label = "logs" if fact.window is None else fact.window.label
    return f"{label}  {_said(standing, fact, at)}"


def _said(standing: Standing, fact: Read | Sampled | Judged | Ended, at: float) -> str:
    if isinstance(fact, Read):
        return f"read {size(fact.done)} of {size(fact.total)}"
    if isinstance(fact, Sampled):
        return f"{fact.joined:,} interactions joined, {fact.sampled:,} sampled"
    if isinstance(fact, Ended):
        of = f" ({standing.ended} of {standing.due} windows)" if standing.due is not None and standing.due > 1 else ""
        return f"{fact.status.replace('_', ' ')}{of}"
    asked, at_most = fact.asked, "at most " if fact.is_bound else ""
    unit = " shards" if asked.unit == "shards" else ""
    return ", ".join([f"judged {asked.done:,} of {at_most}{asked.total:,}{unit}", *pace(standing, at)])


def pace(standing: Standing, at: float) -> list[str]:
    """Rate, spend and time left, each where it is known."""
    rate, cost, left = standing.rate(at), standing.cost_usd, standing.seconds_left(at)
    is_bound = any(isinstance(fact, Judged) and fact.is_bound for fact in standing.newest.values())
    told = [] if rate is None else [f"{rate:,.1f} a second" if rate < SLOW else f"{rate:,.0f} a second"]
    told += [] if cost is None else [f"${cost:,.4f}" if cost < 1 else f"${cost:,.2f}"]
    return told + ([] if left is None else [f"{'at most' if is_bound else 'about'} {duration(left)} left"])


def size(number: int) -> str:
    """Bytes in a unit that leaves at most four digits."""
    return f"{number / 1000:,.0f} kB" if number < MEGABYTE else f"{number / MEGABYTE:,.1f} MB"


def duration(seconds: float) -> str:
    """A time in the one or two units that tell something: `40 s`, `12 min`, `3 h 20 min`."""
    if seconds < LONG:
        return f"{max(round(seconds), 1)} s"
    if seconds < LONG * MINUTE:
        return f"{round(seconds / MINUTE)} min"
    hours, rest = divmod(round(seconds / MINUTE), MINUTE)
    return f"{hours} h {rest} min"
