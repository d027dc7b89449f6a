"""Slack by incoming webhook: one message for the alerts of a window."""

from dataclasses import dataclass
from typing import Final

from slack_sdk.webhook import WebhookClient

from tasks.adapters.slack_errors import TIMEOUT_S, UNANSWERED, retry_handlers, unheard, unreachable, webhook_refusal
from tasks.core.news import Delivered, Digest, News
from tasks.core.slack.block import Message
from tasks.core.slack.compact import Mentions, compact
from tasks.core.slack.digest import digest_message

HTTP_OK: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackWebhook:
    """A Slack channel by its incoming webhook; `url` is a secret and is in no result."""

    url: str
    mentions: Mentions

    def tell(self, news: News) -> Delivered:
        """All of it or nothing."""
        why = self._send(compact(news, self.mentions))
        return Delivered() if why is None else Delivered.nothing(news.notices, why)

    def summarise(self, digest: Digest) -> str | None:
        """One message."""
        return self._send(digest_message(digest))

    def _send(self, message: Message) -> str | None:
        """Why it could not be delivered; rate limits, server errors and broken connections are tried again."""
        client = WebhookClient(self.url, timeout=TIMEOUT_S, retry_handlers=retry_handlers(), logger=unheard())
        blocks = [dict(block) for block in message.blocks]
        try:
            response = client.send(text=message.text, blocks=blocks, unfurl_links=False, unfurl_media=False)
        except UNANSWERED as error:
            return unreachable(error)
        return None if response.status_code == HTTP_OK else webhook_refusal(response.status_code, response.body)
