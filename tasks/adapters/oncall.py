"""On-call services: an alert is one incident there, from its opening to its recovery."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from pydantic_core import to_json

from configs.alerts import Alerts
from tasks.adapters.posting import Refusal, deliver, post
from tasks.adapters.secret import resolve
from tasks.core.errors import ConfigError
from tasks.core.incident import Call, Step, opsgenie_call, pagerduty_call, step_of
from tasks.core.news import Delivered, Digest, News, Notice

PAGERDUTY: Final = {
    "us": "https://events.pagerduty.com/v2/enqueue",
    "eu": "https://events.eu.pagerduty.com/v2/enqueue",
}
OPSGENIE: Final = {
    "us": "https://api.opsgenie.com/v2/alerts",
    "eu": "https://api.eu.opsgenie.com/v2/alerts",
    "jira": "https://api.atlassian.com/jsm/ops/integration/v2/alerts",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OnCall:
    """A service that pages people, by the key of an integration; `call` makes its request for a step of an incident."""

    name: str
    url: str
    key: str = field(repr=False)
    call: Callable[[News, Notice, Step, str], Call]

    def tell(self, news: News) -> Delivered:
        """As `Channel.tell`."""
        return deliver(news.notices, self.name, partial(self._told, news))

    def summarise(self, digest: Digest) -> str | None:  # noqa: ARG002  as `Channel` has it
        """Nothing: nobody is paged for a digest."""
        return None

    def _told(self, news: News, notice: Notice) -> Refusal | None:
        step = step_of(notice)
        if step is None:
            return None
        call = self.call(news, notice, step, self.key)
        return post(f"{self.url}{call.path}", to_json(call.body), lambda: call.headers)


def pager_duty(url: str, routing_key: str) -> OnCall:
    """A service of PagerDuty, by its Events API v2."""
    return OnCall(name="PagerDuty", url=url, key=routing_key, call=pagerduty_call)


def opsgenie(url: str, api_key: str) -> OnCall:
    """Opsgenie, or Jira Service Management in its place, by its Alert API."""
    return OnCall(name="Opsgenie", url=url, key=api_key, call=opsgenie_call)


def open_pagerduty(alerts: Alerts, _: str) -> OnCall:
    """PagerDuty as the monitor file names it; raises ConfigError where its key is missing."""
    if alerts.pagerduty is None:
        message = "alerts.pagerduty is not in the monitor file; add it"
        raise ConfigError(message)
    key = resolve(alerts.pagerduty.routing_key, "alerts.pagerduty.routing_key")
    return pager_duty(PAGERDUTY[alerts.pagerduty.region], key)


def open_opsgenie(alerts: Alerts, _: str) -> OnCall:
    """Opsgenie as the monitor file names it; raises ConfigError where its key is missing."""
    if alerts.opsgenie is None:
        message = "alerts.opsgenie is not in the monitor file; add it"
        raise ConfigError(message)
    key = resolve(alerts.opsgenie.api_key, "alerts.opsgenie.api_key")
    return opsgenie(OPSGENIE[alerts.opsgenie.site], key)
