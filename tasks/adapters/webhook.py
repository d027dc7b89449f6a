"""A signed webhook of the user's own: one request for each change of an alert."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from configs.alerts import Alerts
from tasks.adapters.posting import Refusal, deliver, post
from tasks.adapters.secret import resolve
from tasks.core.errors import ConfigError
from tasks.core.news import Delivered, Digest, News, Notice
from tasks.core.signature import key_of, signature
from tasks.core.webhook import message_id, webhook_payload


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A receiver at a secret address; `key` signs what is sent to it."""

    url: str = field(repr=False)
    key: bytes = field(repr=False)

    def tell(self, news: News) -> Delivered:
        """As `Channel.tell`: in the order of the notices."""
        return deliver(news.notices, "the receiver", partial(self._told, news))

    def summarise(self, digest: Digest) -> str | None:  # noqa: ARG002  as `Channel` has it
        """Nothing: a webhook is told each change, and adds up what it likes."""
        return None

    def _told(self, news: News, notice: Notice) -> Refusal | None:
        body = webhook_payload(news, notice).model_dump_json().encode()
        return post(self.url, body, partial(self._headers, message_id(notice), body))

    def _headers(self, name: str, body: bytes) -> Mapping[str, str]:
        now = int(datetime.now(UTC).timestamp())
        return {
            "webhook-id": name,
            "webhook-timestamp": str(now),
            "webhook-signature": signature(self.key, name, now, body),
        }


def open_webhook(alerts: Alerts, which: str) -> Webhook:
    """The webhook of that name; raises ConfigError where its address or its secret is missing or none."""
    place, config = f"alerts.webhooks.{which}", alerts.webhooks[which]
    url = resolve(config.url, f"{place}.url")
    if not url.startswith(("https://", "http://")):
        message = f"{place}.url: what {config.url} holds is no web address; it is to begin with https://"
        raise ConfigError(message)
    try:
        key = key_of(resolve(config.secret, f"{place}.secret"))
    except ValueError as error:
        made = "make one: python -c \"import base64, os; print('whsec_' + base64.b64encode(os.urandom(32)).decode())\""
        message = f"{place}.secret: what {config.secret} holds is no signing secret: {error}; {made}"
        raise ConfigError(message) from error
    return Webhook(url=url, key=key)
