"""Slack as the monitor file names it: by webhook or by bot, and whom its messages call."""

import re
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from configs.values import SecretReference, Section
from tasks.core.verdict import Severity


def _mention(value: str) -> str:
    if re.fullmatch(r"here|channel|[UWS][A-Z0-9]{2,20}", value):
        return value
    message = "write here, channel, the ID of a member (U0123ABCD) or of a user group (S0123ABCD)"
    raise ValueError(message)


def _several(value: object) -> object:
    return [value] if isinstance(value, str) else value


Mention = Annotated[str, AfterValidator(_mention)]
Mentioned = Annotated[tuple[Mention, ...], BeforeValidator(_several), Field(max_length=10)]
ChannelId = Annotated[str, Field(pattern=r"^[CGD][A-Z0-9]{2,20}$")]
ApiAddress = Annotated[str, Field(pattern=r"^https?://[^\s?#]+/$")]


class Mentions(Section):
    """Whom a message calls when an alert of a severity opens, reopens or becomes critical: one, or a list.

    `here`, `channel`, the ID of a member such as U0123ABCD, or of a user group such as S0123ABCD.
    """

    critical: Mentioned = ()
    """Whom a critical alert calls."""
    warning: Mentioned = ()
    """Whom a warning calls."""


class Slack(Section):
    """A Slack channel: `webhook`, or `token` and `channel`. A reference by itself is that of a webhook."""

    webhook: SecretReference | None = None
    """The incoming webhook, by reference: one message for all alerts of a run."""
    token: SecretReference | None = None
    """The token of a bot, by reference: a message for each alert, and what follows in its thread."""
    channel: ChannelId | None = None
    """The ID of the bot's channel, such as C0123ABCD; it stands at the end of the channel's details in Slack."""
    mentions: Mentions = Mentions()
    """Whom messages call, by severity; nobody without it."""
    api_url: ApiAddress = "https://slack.com/api/"
    """Where the bot's Slack answers; `https://slack-gov.com/api/` for GovSlack."""

    @model_validator(mode="before")
    @classmethod
    def _webhook_by_itself(cls, value: object) -> object:
        return {"webhook": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.webhook is None) == (self.token is None):
            message = "give a webhook, or a token with its channel"
            raise ValueError(message)
        if (self.token is None) != (self.channel is None):
            message = "a token needs the channel's ID, such as channel: C0123ABCD; a webhook knows its own"
            raise ValueError(message)
        return self

    @property
    def called(self) -> Mapping[Severity, tuple[str, ...]]:
        """Whom an alert calls, by its severity."""
        return {Severity.CRITICAL: self.mentions.critical, Severity.WARNING: self.mentions.warning}
