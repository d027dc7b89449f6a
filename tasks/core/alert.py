"""Alerts: the changes of verdicts worth telling, as a state machine over windows."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from tasks.core.verdict import State, Verdict


class Event(StrEnum):
    """What happened to an alert in a window."""

    OPENED = "opened"
    STILL_OPEN = "still_open"
    RECOVERED = "recovered"
    AMENDED = "amended"


class Alert(BaseModel):
    """One alert as one window left it.

    `key` stays the same for the alert's whole life. `to_tell` says that this event is to be told and has not been;
    `told_at` is when the last message about this alert was delivered, None before the first. `since` is the start
    of the window that opened it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    address: str
    event: Event
    state: State
    since: datetime
    window_start: datetime
    value: float | None
    limit: float
    explanation: str
    to_tell: bool
    told_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether the next window finds it open."""
        return self.event in {Event.OPENED, Event.STILL_OPEN}

    def told(self, now: datetime) -> "Alert":
        """The alert after its message was delivered."""
        return self.model_copy(update={"to_tell": False, "told_at": now})


class AlertBook(BaseModel):
    """The alerts of one window, as its file holds them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    alerts: tuple[Alert, ...]


def one_of_each(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """One verdict of each measure: of two limits on it, the one that opens an alert, else the one that is not ok."""
    found: dict[str, Verdict] = {}
    for verdict in verdicts:
        before = found.get(verdict.address)
        if before is None or _weight(verdict) > _weight(before):
            found[verdict.address] = verdict
    return list(found.values())


def _weight(verdict: Verdict) -> tuple[bool, bool]:
    return verdict.opens_alert, verdict.state is not State.OK


def follow(
    previous: Iterable[Alert],
    verdicts: Iterable[Verdict],
    *,
    monitor: str,
    window_start: datetime,
    now: datetime,
    renotify: timedelta | None,
) -> tuple[Alert, ...]:
    """The alerts after a window that is the newest: opened by what is to be told, closed by ok, kept by anything else.

    What could not be told before is told now. Without `renotify` an open alert is told once.
    """
    known = {alert.key: alert for alert in previous}
    followed = []
    for verdict in one_of_each(verdicts):
        key = f"{monitor}:{verdict.address}"
        event, since, to_tell, told_at = _step(known.get(key), verdict, window_start, now, renotify)
        if event is not None:
            followed.append(_alert(key, verdict, event, since, window_start, to_tell=to_tell, told_at=told_at))
    return tuple(followed)


def amend(
    previous: Iterable[Alert], verdicts: Iterable[Verdict], *, monitor: str, window_start: datetime
) -> tuple[Alert, ...]:
    """What an old window would have told: it is kept with that window and moves nothing else.

    `previous` are the alerts of the window's last revision. It is told only where one of them was told and the verdict
    has become another.
    """
    told = {alert.key: alert for alert in previous if alert.told_at is not None}
    amended = []
    for verdict in one_of_each(verdicts):
        key = f"{monitor}:{verdict.address}"
        before = told.get(key)
        if before is None and not verdict.opens_alert:
            continue
        alert = _alert(
            key,
            verdict,
            Event.AMENDED,
            window_start if before is None else before.since,
            window_start,
            to_tell=before is not None and before.state is not verdict.state,
            told_at=None if before is None else before.told_at,
        )
        if before is not None and alert.to_tell:
            alert = alert.model_copy(
                update={"explanation": f"was {before.state}, is {verdict.state}: {alert.explanation}"}
            )
        amended.append(alert)
    return tuple(amended)


Step = tuple[Event | None, datetime, bool, datetime | None]


def _step(
    before: Alert | None, verdict: Verdict, window_start: datetime, now: datetime, renotify: timedelta | None
) -> Step:
    if before is None or not before.is_open:
        if verdict.opens_alert:
            return Event.OPENED, window_start, True, None
        if before is not None and before.event is Event.RECOVERED and before.to_tell:
            return Event.RECOVERED, before.since, True, before.told_at
        return None, window_start, False, None
    if verdict.state is State.OK:
        return Event.RECOVERED, before.since, True, before.told_at
    is_due = renotify is not None and before.told_at is not None and now - before.told_at >= renotify
    return Event.STILL_OPEN, before.since, before.to_tell or is_due, before.told_at


def _alert(  # noqa: PLR0913  one parameter a field
    key: str,
    verdict: Verdict,
    event: Event,
    since: datetime,
    window_start: datetime,
    *,
    to_tell: bool,
    told_at: datetime | None,
) -> Alert:
    return Alert(
        key=key,
        address=verdict.address,
        event=event,
        state=verdict.state,
        since=since,
        window_start=window_start,
        value=verdict.value,
        limit=verdict.limit,
        explanation=verdict.explanation,
        to_tell=to_tell,
        told_at=told_at,
    )
