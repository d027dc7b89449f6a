"""The channels beside Slack that are told of alerts, as the monitor file says it."""

from typing import Annotated, Literal

from pydantic import Field

from configs.values import SecretReference, Section

ChannelName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]


class PagerDuty(Section):
    """A service of PagerDuty: an alert is one incident, which its recovery resolves."""

    routing_key: SecretReference
    """The integration key of an Events API v2 integration; or `block:pager-duty-webhook/NAME`, of which the integration
    key is taken."""
    region: Literal["us", "eu"] = "us"
    """Where your PagerDuty account is: its service region."""


class Opsgenie(Section):
    """Opsgenie or Jira Service Management: an alert is one alert there, which its recovery closes."""

    api_key: SecretReference
    """The key of an API integration; or `block:opsgenie-webhook/NAME`, of which the key is taken."""
    site: Literal["us", "eu", "jira"] = "us"
    """Where it is: `us` or `eu` for Opsgenie, which ends on 2027-04-05, `jira` for Jira Service Management."""


class Webhook(Section):
    """A receiver of your own, which is sent each change of an alert as signed JSON."""

    url: SecretReference
    """The address that is posted to."""
    secret: SecretReference
    """The signing secret: `whsec_` and the base64 of 24 to 64 random bytes."""
