"""Slack by incoming webhook."""

from typing import Final
from urllib.error import URLError

from slack_sdk.errors import SlackClientError
from slack_sdk.http_retry.builtin_handlers import (
    ConnectionErrorRetryHandler,
    RateLimitErrorRetryHandler,
    ServerErrorRetryHandler,
)
from slack_sdk.webhook import WebhookClient

from tasks.core.message import SlackMessage

RETRIES: Final = 3
TIMEOUT_S: Final = 10
HTTP_OK: Final = 200


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
