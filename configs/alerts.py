"""Whom to tell, and when, as the monitor file says it."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from configs.values import Duration, SecretReference, Section
from tasks.core.alert_news import Policy

Windows = Annotated[int, Field(ge=1, le=1000)]


class Alerts(Section):
    """Whom to tell, and when.

    `after`: so many windows in a row must be bad before an alert opens. `recover_after`: so many must be good before it
    recovers; each reopening doubles that, up to eight times, so that one who repaired something hears of it at once and
    flapping grows quiet by itself. `renotify`: how often to repeat what is still open; null = never again.
    """

    slack: SecretReference | None = None
    after: Windows = 1
    recover_after: Windows = 1
    renotify: Duration | None = timedelta(hours=24)

    @property
    def policy(self) -> Policy:
        """What the state machine goes by."""
        return Policy(after=self.after, recover_after=self.recover_after, renotify=self.renotify)
