"""Whom to tell, and when, as the monitor file says it."""

from datetime import timedelta

from configs.values import Duration, SecretReference, Section


class Alerts(Section):
    """Whom to tell, and how often to repeat what is still open; null = never again."""

    slack: SecretReference | None = None
    renotify: Duration | None = timedelta(hours=24)
