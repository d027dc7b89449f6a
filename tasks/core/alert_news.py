"""What is to be told of an alert: where the channel's picture of it differs from what is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tasks.core.alert import Alert, Event, Status
from tasks.core.verdict import Severity

OPENINGS: Final = {Event.OPENED, Event.REOPENED, Event.MISSED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How many windows in a row open and close an alert, both 1 or more; without `renotify` nobody is reminded."""

    after: int = 1
    recover_after: int = 1
    renotify: timedelta | None = None


def is_told_all(last: Alert, now: datetime) -> bool:
    """Whether everybody knows how it ended, and no mute has to be remembered."""
    is_untold = last.to_tell and last.event in OPENINGS
    return not (is_untold or last.is_emitted or last.told_severity is not None or last.is_muted(now))


def with_news(alert: Alert, last: Alert | None, policy: Policy, now: datetime) -> Alert:
    """The alert with what is to be told of it: where the channel's picture differs from what is."""
    event = None if alert.is_muted(now) else _event(alert, last, policy, now)
    emits = None if alert.is_muted(now) else _emitted(alert, event)
    return alert.model_copy(
        update={
            "event": event,
            "to_tell": event is not None and event is not Event.ACKNOWLEDGED,
            "told_state": alert.told_state if alert.is_open or event else None,
            "emits": emits,
            "is_emitted": alert.is_emitted if emits in {None, Event.ACKNOWLEDGED} else emits is Event.OPENED,
        }
    )


def _event(alert: Alert, last: Alert | None, policy: Policy, now: datetime) -> Event | None:
    if not alert.is_open:
        return _ending(alert, last)
    if alert.told_severity is None:
        return Event.REOPENED if alert.told_at else Event.OPENED
    if alert.severity is Severity.CRITICAL and alert.told_severity is Severity.WARNING:
        return Event.ESCALATED
    if alert.status is Status.ACKNOWLEDGED:
        was_known = last is not None and last.status is Status.ACKNOWLEDGED
        return None if was_known else Event.ACKNOWLEDGED
    return Event.REMINDED if _is_due(alert, policy, now) else None


def _ending(alert: Alert, last: Alert | None) -> Event | None:
    """What is told of an alert that is not open: that it recovered, to a channel that knows of it or should have."""
    if alert.status is not Status.RECOVERED:
        return None
    if alert.told_severity is not None:
        return Event.RECOVERED
    return Event.MISSED if last is not None and last.to_tell and last.event in OPENINGS else None


def _is_due(alert: Alert, policy: Policy, now: datetime) -> bool:
    """Whether to remind of it: after the time for that, and when a mute has ended."""
    if alert.told_at is None:
        return False
    was_muted = alert.muted_until is not None and alert.told_at < alert.muted_until
    return was_muted or (policy.renotify is not None and now - alert.told_at >= policy.renotify)


def _emitted(alert: Alert, event: Event | None) -> Event | None:
    """What automations are told, each change once: they need no reminders."""
    if alert.is_open and not alert.is_emitted:
        return Event.OPENED
    if alert.status is Status.RECOVERED and alert.is_emitted:
        return Event.RECOVERED
    return Event.ACKNOWLEDGED if event is Event.ACKNOWLEDGED else None


def with_amendment(alert: Alert, before: Alert | None, now: datetime) -> Alert:
    """The record of an old window; told where what was told of it is no longer so."""
    was = None if before is None or before.told_at is None else before.told_state
    is_other = before is not None and (before.state is not alert.state or before.to_tell)
    to_tell = was is not None and was is not alert.state and is_other and not alert.is_muted(now)
    told = f"was {was}, is {alert.state}: {alert.explanation}" if to_tell else alert.explanation
    return alert.model_copy(update={"event": Event.AMENDED, "to_tell": to_tell, "explanation": told})
