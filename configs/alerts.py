"""Whom to tell, and when, as the monitor file says it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Final

from pydantic import Field

from configs.channels import ChannelName, Opsgenie, PagerDuty, Webhook
from configs.slack import Slack
from configs.values import Duration, SecretReference, Section
from tasks.core.alert_news import Policy
from tasks.core.period import Every

READ_BY_PEOPLE: Final = {"slack", "apprise"}  # kinds of channels
Windows = Annotated[int, Field(ge=1, le=1000)]


class Alerts(Section):
    """Whom to tell, and when."""

    slack: Slack | None = None
    """A Slack channel: the webhook `env:NAME`, `block:slack-webhook/NAME` or `block:secret/NAME`, or the keys below."""
    pagerduty: PagerDuty | None = None
    """PagerDuty by its Events API: an alert triggers, acknowledges and resolves its incident; null = not told."""
    opsgenie: Opsgenie | None = None
    """Opsgenie or Jira Service Management: an alert opens, acknowledges and closes one there; null = not told."""
    apprise: Mapping[ChannelName, SecretReference] = Field(default_factory=dict)
    """Names of yours, each with an Apprise URL or a notification block of Prefect, such as `mail: env:MAIL_URL`."""
    webhooks: Mapping[ChannelName, Webhook] = Field(default_factory=dict)
    """Names of yours, each with a receiver of signed JSON."""
    after: Windows = 1
    """So many windows in a row must be bad before an alert opens."""
    recover_after: Windows = 1
    """So many windows in a row must be good before it recovers; twice as many after each reopening, up to 8 times."""
    renotify: Duration | None = timedelta(hours=24)
    """How often to remind of what is still open and not acknowledged; null = never again."""
    digest: Every | None = None
    """`daily` or `weekly`: to Slack and mail one message on what opened and recovered in the period, where anything
    did. Critical alerts are still told at once; warnings wait for it."""

    @property
    def channels(self) -> tuple[str, ...]:
        """The names of the channels, `kind` or `kind:which`; what was told is kept by them."""
        single = {"slack": self.slack, "pagerduty": self.pagerduty, "opsgenie": self.opsgenie}
        return (
            *(kind for kind, channel in single.items() if channel is not None),
            *(f"apprise:{name}" for name in self.apprise),
            *(f"webhook:{name}" for name in self.webhooks),
        )

    @property
    def digested(self) -> tuple[str, ...]:
        """The channels that have digests: those that people read; others are told each change at once."""
        return tuple(name for name in self.channels if self.digest and name.partition(":")[0] in READ_BY_PEOPLE)

    @property
    def policy(self) -> Policy:
        """What the state machine goes by."""
        return Policy(
            channels=self.channels,
            after=self.after,
            recover_after=self.recover_after,
            renotify=self.renotify,
            digested=self.digested,
            acknowledging=tuple(name for name in self.channels if name.partition(":")[0] not in READ_BY_PEOPLE),
        )
