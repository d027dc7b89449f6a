"""Alerts as a window leaves them, and what people do about them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from tasks.core.cause import Member
from tasks.core.verdict import Direction, Severity, State

ID_LENGTH: Final = 8


class Status(StrEnum):
    """Where an alert stands."""

    PENDING = "pending"
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RECOVERED = "recovered"


class Event(StrEnum):
    """What happened to an alert that is to be told."""

    OPENED = "opened"
    REOPENED = "reopened"
    ESCALATED = "escalated"
    REMINDED = "reminded"
    ACKNOWLEDGED = "acknowledged"
    RECOVERED = "recovered"
    MISSED = "missed"
    AMENDED = "amended"


class ActionKind(StrEnum):
    """What a person can do about an alert."""

    ACKNOWLEDGE = "acknowledge"
    MUTE = "mute"
    UNMUTE = "unmute"


class Record(BaseModel):
    """What is kept in the store as JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Action(Record):
    """What a person did about the alert `id`, and when; `until` is of a mute alone."""

    id: str
    action: ActionKind
    until: datetime | None = None
    by: str
    at: datetime


class Told(Record):
    """What one channel was last told of an alert, and when that was delivered.

    `severity` is what the channel holds it for, None where that believes all is well; `state` is the state that was
    last told, None once the recovery is past. `thread` is the channel's own reference, by which it goes on with the
    alert; None where it needs none. `acknowledged_by` is who it was told has the alert.
    """

    at: datetime
    severity: Severity | None
    state: State | None
    thread: str | None = None
    acknowledged_by: str | None = None


class Alert(Record):
    """One alert as one window left it.

    `key` stays the same for the alert's whole life; `address` is that of the measure which stands for it, `state` what
    is known of the whole of it. `value`, `low`, `high`, `n`, `limit` and `direction` are those of that measure in this
    window, None where there is none. `since` is the start of the window with which it began, `opened_at` when it last
    opened, `openings` how often it did. `streak` counts windows in a row: bad ones while it is pending, good ones
    otherwise.

    `told` is by channel what that was told, `news` by channel what it is still to be told; both know no channel that
    the monitor does not have. `emits` is what automations are told; `is_emitted` says that to them it is open.
    """

    key: str
    address: str
    status: Status
    state: State
    severity: Severity
    since: datetime
    window_start: datetime
    value: float | None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    limit: float | None
    direction: Direction | None = None
    explanation: str
    members: tuple[Member, ...] = ()
    streak: int = 0
    openings: int = 0
    created_at: datetime
    opened_at: datetime | None = None
    news: Mapping[str, Event] = Field(default_factory=dict)
    told: Mapping[str, Told] = Field(default_factory=dict)
    emits: Event | None = None
    is_emitted: bool = False
    acknowledged_by: str | None = None
    muted_until: datetime | None = None

    @property
    def id(self) -> str:
        """The short name by which people call it."""
        return sha256(self.key.encode()).hexdigest()[:ID_LENGTH]

    @property
    def is_open(self) -> bool:
        """Whether it is bad, and was so for long enough."""
        return self.status in {Status.OPEN, Status.ACKNOWLEDGED}

    def is_muted(self, now: datetime) -> bool:
        """Whether nothing of it is told yet."""
        return self.muted_until is not None and now < self.muted_until

    def heard_by(self, channel: str, now: datetime, thread: str | None = None) -> "Alert":
        """The alert after its news was delivered to a channel, which goes on with it by `thread`."""
        before, event = self.told.get(channel), self.news.get(channel)
        severity = self.severity if self.is_open else None
        if event is Event.AMENDED and before is not None:
            severity = before.severity
        has_it = self.acknowledged_by if event is Event.ACKNOWLEDGED else None
        if event in {Event.ESCALATED, Event.REMINDED, Event.AMENDED} and before is not None:
            has_it = before.acknowledged_by
        told = Told(at=now, severity=severity, state=self.state, thread=thread, acknowledged_by=has_it)
        left = {name: event for name, event in self.news.items() if name != channel}
        return self.model_copy(update={"news": left, "told": {**self.told, channel: told}})

    def acted(self, actions: Iterable[Action]) -> "Alert":
        """The alert after what people did about it; an acknowledgement lasts until it recovers."""
        muted_until, acknowledged_by = None, None
        for action in sorted(actions, key=lambda one: one.at):
            if action.id != self.id or action.at < self.created_at:
                continue
            if action.action is not ActionKind.ACKNOWLEDGE:
                muted_until = action.until
            elif self.is_open and self.opened_at is not None and action.at >= self.opened_at:
                acknowledged_by = action.by
        status = self.status
        if self.is_open:
            status = Status.OPEN if acknowledged_by is None else Status.ACKNOWLEDGED
        return self.model_copy(
            update={"status": status, "acknowledged_by": acknowledged_by, "muted_until": muted_until}
        )


class AlertBook(Record):
    """The alerts of one window, as its file holds them.

    `amends`: the window was not the newest one when it was run, so no window goes on from it.
    """

    alerts: tuple[Alert, ...] = ()
    amends: bool = False
