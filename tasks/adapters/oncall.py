"""On-call services: an alert is one incident there, from its opening to its recovery."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from pydantic_core import to_json

from configs.alerts import Alerts
from tasks.adapters.posting import Refusal, deliver, post
from tasks.adapters.secret import resolve
from tasks.core.errors import ConfigError
from tasks.core.incident import opsgenie_call, pagerduty_call, step_of
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
class PagerDuty:
    """A service of PagerDuty, by the key of its Events API v2 integration."""

    url: str
    routing_key: str = field(repr=False)

    def tell(self, news: News) -> Delivered:
        """As `Channel.tell`."""
        return deliver(news.notices, "PagerDuty", partial(self._told, news))

    def summarise(self, digest: Digest) -> str | None:  # noqa: ARG002  as `Channel` has it
        """Nothing: nobody is paged for a digest."""
        return None

    def _told(self, news: News, notice: Notice) -> Refusal | None:
        step = step_of(notice)
        if step is None:
            return None
        return post(self.url, to_json(pagerduty_call(news, notice, step, self.routing_key).body), dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opsgenie:
    """Opsgenie, or Jira Service Management in its place, by the key of an API integration."""

    url: str
    api_key: str = field(repr=False)

    def tell(self, news: News) -> Delivered:
        """As `Channel.tell`."""
        return deliver(news.notices, "Opsgenie", partial(self._told, news))

    def summarise(self, digest: Digest) -> str | None:  # noqa: ARG002  as `Channel` has it
        """Nothing: nobody is paged for a digest."""
        return None

    def _told(self, news: News, notice: Notice) -> Refusal | None:
        step = step_of(notice)
        if step is None:
            return None
        call = opsgenie_call(news, notice, step)
        return post(f"{self.url}{call.path}", to_json(call.body), self._headers)

    def _headers(self) -> Mapping[str, str]:
        return {"authorization": f"GenieKey {self.api_key}"}


def open_pagerduty(alerts: Alerts, _: str) -> PagerDuty:
    """PagerDuty as the monitor file names it; raises ConfigError where its key is missing."""
    if alerts.pagerduty is None:
        message = "alerts.pagerduty is not in the monitor file; add it"
        raise ConfigError(message)
    key = resolve(alerts.pagerduty.routing_key, "alerts.pagerduty.routing_key")
    return PagerDuty(url=PAGERDUTY[alerts.pagerduty.region], routing_key=key)


def open_opsgenie(alerts: Alerts, _: str) -> Opsgenie:
    """Opsgenie as the monitor file names it; raises ConfigError where its key is missing."""
    if alerts.opsgenie is None:
        message = "alerts.opsgenie is not in the monitor file; add it"
        raise ConfigError(message)
    key = resolve(alerts.opsgenie.api_key, "alerts.opsgenie.api_key")
    return Opsgenie(url=OPSGENIE[alerts.opsgenie.site], api_key=key)
