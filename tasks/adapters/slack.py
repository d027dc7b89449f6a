"""Slack by incoming webhook."""

from dataclasses import dataclass
from typing import Final
from urllib.error import URLError

from slack_sdk.errors import SlackClientError
from slack_sdk.http_retry.builtin_handlers import (
    ConnectionErrorRetryHandler,
    RateLimitErrorRetryHandler,
    ServerErrorRetryHandler,
)
from slack_sdk.webhook import WebhookClient

from configs.alerts import Alerts
from tasks.adapters.secret import resolve
from tasks.core.message import SlackMessage, slack_message
from tasks.core.news import Delivered, Digest, News

RETRIES: Final = 3
TIMEOUT_S: Final = 10
HTTP_OK: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackWebhook:
    """A Slack channel by its incoming webhook: one message for the alerts of a window."""

    url: str

    def tell(self, news: News) -> Delivered:
        """All of it or nothing."""
        why = send(self.url, slack_message(news))
        return Delivered() if why is None else Delivered.nothing(news.notices, why)

    def summarise(self, digest: Digest) -> str | None:
        """One message."""
        return send(self.url, SlackMessage(text=digest.headline, blocks=[]))


def open_slack(alerts: Alerts, _which: str) -> SlackWebhook:
    """Slack as `alerts.slack` has it; raises ConfigError where the secret is missing."""
    return SlackWebhook(url=resolve(str(alerts.slack), "alerts.slack"))


def send(webhook_url: str, message: SlackMessage) -> str | None:
    """Send one message; returns why it could not be delivered, None when it was.

    Rate limits, server errors and broken connections are tried again. The URL is a secret and is in no result.
    """
    client = WebhookClient(
        webhook_url,
        timeout=TIMEOUT_S,
        retry_handlers=[
            ConnectionErrorRetryHandler(max_retry_count=RETRIES),
            RateLimitErrorRetryHandler(max_retry_count=RETRIES),
            ServerErrorRetryHandler(max_retry_count=RETRIES),
        ],
    )
    try:
        response = client.send(
            text=message.text, blocks=[dict(block) for block in message.blocks], unfurl_links=False, unfurl_media=False
        )
    except (SlackClientError, URLError, OSError, ValueError) as error:
        return f"Slack cannot be reached ({type(error).__name__}); check the webhook and the network"
    if response.status_code != HTTP_OK:
        return f"Slack answered {response.status_code}; check the webhook"
    return None
