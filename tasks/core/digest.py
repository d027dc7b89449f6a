"""The digest of a period: what it says of the windows that were run in it."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from tasks.core.alert import Alert
from tasks.core.measure import Measure
from tasks.core.news import Change
from tasks.core.window import Window


class DigestRecord(BaseModel):
    """What is kept of the digest of a period: the channels that are still to have it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: datetime
    end: datetime
    untold: tuple[str, ...]

    @property
    def period(self) -> Window:
        """The period as windows are."""
        return Window(start=self.start, end=self.end)


class Turns(BaseModel):
    """Which alerts opened over some windows, which recovered, and which are open after the last."""

    model_config = ConfigDict(frozen=True)

    opened: tuple[Alert, ...]
    recovered: tuple[Alert, ...]
    still_open: tuple[Alert, ...]

    def are_news(self, period: Window) -> bool:
        """Whether there is anything to tell of a period: a change, or what is open and was muted until within it."""
        ended = (one.muted_until for one in self.still_open if one.muted_until is not None)
        return bool(self.opened or self.recovered) or any(period.start < end <= period.end for end in ended)


def turns(before: Sequence[Alert], books: Sequence[Sequence[Alert]], now: datetime) -> Turns:
    """What changed from the alerts `before` over those that each window left, oldest first.

    Each alert stands once in a list, as it was last; one that is muted `now` stands in none.
    """
    last = {alert.key: alert for alert in before}
    is_open = {alert.key for alert in before if alert.is_open}
    opened, recovered = dict[str, None](), dict[str, None]()
    for book in books:
        last |= {alert.key: alert for alert in book}
        now_open = {alert.key for alert in book if alert.is_open}
        opened |= dict.fromkeys(alert.key for alert in book if alert.key in now_open - is_open)
        recovered |= dict.fromkeys(key for key in last if key in is_open - now_open)
        is_open = now_open
    heard = {key: alert for key, alert in last.items() if not alert.is_muted(now)}
    return Turns(
        opened=tuple(heard[key] for key in opened if key in heard),
        recovered=tuple(heard[key] for key in recovered if key in heard and key not in is_open),
        still_open=tuple(alert for key, alert in heard.items() if key in is_open),
    )


def change(metric: str, now: Sequence[Measure], before: Sequence[Measure]) -> Change:
    """The pass rate of a metric over the windows of a period and of the one before, which one judge gave.

    It is the mean of the windows' rates by their rows.
    """
    rate, n = _mean(now)
    return Change(metric=metric, now=rate, n=n, before=_mean(before)[0])


def _mean(measures: Sequence[Measure]) -> tuple[float | None, int]:
    known = [(one.value, one.n) for one in measures if one.value is not None and one.n > 0]
    rows = sum(n for _, n in known)
    return (sum(value * n for value, n in known) / rows if rows else None), rows
