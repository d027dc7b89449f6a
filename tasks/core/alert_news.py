"""What is to be told of an alert, to each channel: where the channel's picture of it differs from what is."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tasks.core.alert import Alert, Event, Status, Told
from tasks.core.verdict import Severity

OPENINGS: Final = {Event.OPENED, Event.REOPENED, Event.MISSED}
WAITING: Final = {*OPENINGS, Event.REMINDED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Whom to tell and when.

    `channels` are the names of those that the monitor has. `after` and `recover_after` tell how many windows in a row
    open and close an alert, both 1 or more; without `renotify` nobody is reminded. The `digested` channels have
    warnings in a digest: that one opened or is still open is not told there by itself. The `acknowledging` channels
    are told who has an alert.
    """

    channels: Sequence[str] = ()
    after: int = 1
    recover_after: int = 1
    renotify: timedelta | None = None
    digested: Collection[str] = ()
    acknowledging: Collection[str] = ()


def is_told_all(last: Alert, now: datetime) -> bool:
    """Whether every channel knows how it ended, and no mute has to be remembered."""
    is_untold = any(event in OPENINGS for event in last.news.values())
    is_believed = any(told.severity is not None for told in last.told.values())
    return not (is_untold or last.is_emitted or is_believed or last.is_muted(now))


def with_news(alert: Alert, last: Alert | None, policy: Policy, now: datetime) -> Alert:
    """The alert with what each channel is to be told of it; `last` is the record that knows of all telling.

    A channel that is new hears of what is open as opened; one that the monitor has no more is forgotten.
    """
    told, news = _kept(alert, policy.channels), dict[str, Event]()
    for channel in policy.channels if not alert.is_muted(now) else ():
        untold = last.news.get(channel) if last is not None else None
        event = _event(alert, told.get(channel), untold, policy, now)
        if event is None and channel in policy.acknowledging:
            event = _taken(alert, told.get(channel))
        waits = channel in policy.digested and alert.severity is Severity.WARNING and event in WAITING
        if event is not None and not waits:
            news[channel] = event
    emits = None if alert.is_muted(now) else _emitted(alert, last)
    over = {name: one for name, one in told.items() if not alert.is_open and name not in news}
    return alert.model_copy(
        update={
            "news": news,
            "told": told | {name: one.model_copy(update={"state": None}) for name, one in over.items()},
            "emits": emits,
            "is_emitted": alert.is_emitted if emits in {None, Event.ACKNOWLEDGED} else emits is Event.OPENED,
        }
    )


def _kept(alert: Alert, channels: Sequence[str]) -> dict[str, Told]:
    """What is known of the channels that the monitor has."""
    return {name: told for name, told in alert.told.items() if name in channels}


def _event(alert: Alert, told: Told | None, untold: Event | None, policy: Policy, now: datetime) -> Event | None:
    """What one channel is to be told; `untold` is what it could not be told before."""
    if not alert.is_open:
        return _ending(alert, told, untold)
    if told is None or told.severity is None:
        return Event.REOPENED if told else Event.OPENED
    if alert.severity is Severity.CRITICAL and told.severity is Severity.WARNING:
        return Event.ESCALATED
    if alert.status is Status.ACKNOWLEDGED:
        return None
    return Event.REMINDED if _is_due(alert, told, policy, now) else None


def _taken(alert: Alert, told: Told | None) -> Event | None:
    """That somebody has an open alert, to a channel that knows of the alert."""
    is_news = told is not None and told.acknowledged_by != alert.acknowledged_by
    return Event.ACKNOWLEDGED if is_news and alert.status is Status.ACKNOWLEDGED else None


def _ending(alert: Alert, told: Told | None, untold: Event | None) -> Event | None:
    """What is told of an alert that is not open: that it recovered, to a channel that knows of it or should have."""
    if alert.status is not Status.RECOVERED:
        return None
    if told is not None and told.severity is not None:
        return Event.RECOVERED
    return Event.MISSED if untold in OPENINGS else None


def _is_due(alert: Alert, told: Told, policy: Policy, now: datetime) -> bool:
    """Whether to remind of it: after the time for that, and when a mute has ended."""
    was_muted = alert.muted_until is not None and told.at < alert.muted_until
    return was_muted or (policy.renotify is not None and now - told.at >= policy.renotify)


def _emitted(alert: Alert, last: Alert | None) -> Event | None:
    """What automations are told, each change once: they need no reminders."""
    if alert.is_open and not alert.is_emitted:
        return Event.OPENED
    if alert.status is Status.RECOVERED and alert.is_emitted:
        return Event.RECOVERED
    was_known = last is not None and last.status is Status.ACKNOWLEDGED
    return Event.ACKNOWLEDGED if alert.status is Status.ACKNOWLEDGED and not was_known else None


def with_amendment(alert: Alert, before: Alert | None, policy: Policy, now: datetime) -> Alert:
    """The record of an old window; a channel is told where what it was told of it is no longer so."""
    told = _kept(alert, policy.channels)
    if before is None or alert.is_muted(now):
        return alert.model_copy(update={"told": told})
    news = {
        name: Event.AMENDED
        for name, one in told.items()
        if one.state is not None
        and one.state is not alert.state
        and (before.state is not alert.state or name in before.news)
    }
    return alert.model_copy(update={"told": told, "news": news})
