"""The channels that a monitor file names, by the kind that stands before the colon of their names."""

from collections.abc import Callable, Mapping
from typing import Final

from configs.alerts import Alerts
from tasks.adapters.announcing import open_service
from tasks.adapters.channel import Channel
from tasks.adapters.oncall import open_opsgenie, open_pagerduty
from tasks.adapters.slack import open_slack
from tasks.adapters.webhook import open_webhook

KINDS: Final[Mapping[str, Callable[[Alerts, str], Channel]]] = {
    "slack": open_slack,
    "pagerduty": open_pagerduty,
    "opsgenie": open_opsgenie,
    "apprise": open_service,
    "webhook": open_webhook,
}


def open_channel(alerts: Alerts, name: str) -> Channel:
    """The channel of that name, one of `alerts.channels`: `kind` or `kind:which`.

    Raises ConfigError where one of its secrets is missing.
    """
    kind, _, which = name.partition(":")
    return KINDS[kind](alerts, which)
