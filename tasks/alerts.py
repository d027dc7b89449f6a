"""The alerts of a monitor as people see and answer them: which there are, who has one, which are muted."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from configs.monitor import MonitorConfig
from tasks.adapters.alert_actions import actions_about, record_action
from tasks.adapters.alert_books import book_before
from tasks.adapters.channels import open_channel
from tasks.adapters.locations import open_storage
from tasks.adapters.storage import Storage
from tasks.core.alert import Action, ActionKind, Alert, Status
from tasks.core.errors import ConfigError
from tasks.core.plain import plain
from tasks.core.report.places import MONITOR_PAGE, address
from tasks.core.trial import trial_news

NAME_SHOWN: Final = 100


def current_alerts(config: MonitorConfig) -> tuple[Alert, ...]:
    """The alerts after the newest window, with what people did about them since; those that recovered come last."""
    return _current(_store(config))


def answer(
    config: MonitorConfig, name: str, kind: ActionKind, *, until: datetime | None, by: str, at: datetime
) -> Alert:
    """Do something about the alert of that short name; returns it as it is then. The next run acts on it.

    Raises ConfigError where there is no such alert, where it is not open and so cannot be acknowledged, and where a
    mute would end before it begins.
    """
    store = _store(config)
    alerts = _current(store)
    found = next((alert for alert in alerts if alert.id == name.lower()), None)
    if found is None:
        known = ", ".join(f"{alert.id} ({plain(alert.address, NAME_SHOWN)})" for alert in alerts) or "none"
        message = f"{config.name} has no alert {name!r}; there are: {known}"
        raise ConfigError(message)
    if kind is ActionKind.ACKNOWLEDGE and not found.is_open:
        message = f"alert {found.id} is {found.status}; only an open one can be acknowledged, this one can be muted"
        raise ConfigError(message)
    if until is not None and until <= at:
        message = f"--until {until:%Y-%m-%dT%H:%MZ} has passed; give a time after {at:%Y-%m-%dT%H:%MZ}"
        raise ConfigError(message)
    action = Action(id=found.id, action=kind, until=until, by=by, at=at)
    record_action(store, action)
    return found.acted((*actions_about(store, alerts), action))


def try_channels(config: MonitorConfig, at: datetime) -> Iterator[tuple[str, str | None]]:
    """Send a test message to each channel; yields its name with why that failed, None where it did not.

    Nothing is recorded. Raises ConfigError, before anything is sent, where a channel's secret is missing or wrong.
    """
    news = trial_news(config.name, at, address(MONITOR_PAGE, config.name, config.store, config.report.base_url))
    for name, channel in [(name, open_channel(config.alerts, name)) for name in config.alerts.channels]:
        yield name, next(iter(channel.tell(news).failures.values()), None)


def _store(config: MonitorConfig) -> Storage:
    return open_storage(f"{config.store}/{config.name}", config.store_endpoint_url, create=True)


def _current(store: Storage) -> tuple[Alert, ...]:
    alerts = book_before(store).alerts
    actions = actions_about(store, alerts)
    return tuple(
        sorted((alert.acted(actions) for alert in alerts), key=lambda one: (one.status is Status.RECOVERED, one.since))
    )
