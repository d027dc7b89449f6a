"""Chats, e-mail and the other services that Apprise or a Prefect block can notify, in plain text."""

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from configs.alerts import Alerts
from tasks.adapters.secret import notifier, resolve
from tasks.core.errors import ConfigError
from tasks.core.news import Delivered, Digest, News
from tasks.core.plain_message import PlainMessage, plain_digest, plain_message

if TYPE_CHECKING:
    from apprise import NotifyBase

RETRIES: Final = 2
CHAT: Final = 1000  # characters of a message, from which on a service is no SMS, whose parts cost
LOGGERS: Final = ("apprise", "httpx", "urllib3.connectionpool")
STATUS: Final = re.compile(r"error=(\d{3})\b")
PAGER: Final = "cannot resolve what it triggers, and a recovery would page; write alerts.pagerduty"
GENIE: Final = "says that it told of recoveries when it did not; write alerts.opsgenie"
INSTEAD: Final = {
    "pagerduty": f"{PAGER}: {{routing_key: env:NAME}}",
    "pager-duty-webhook": f"{PAGER}: {{routing_key: block:pager-duty-webhook/NAME}}",
    "opsgenie": f"{GENIE}: {{api_key: env:NAME}}",
    "opsgenie-webhook": f"{GENIE}: {{api_key: block:opsgenie-webhook/NAME}}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Whatever takes a message; `send` tells whether it did. `name` begins the sentence of a failure."""

    name: str
    send: Callable[[PlainMessage], bool] = field(repr=False)

    def tell(self, news: News) -> Delivered:
        """As `Channel.tell`: one message for all of it."""
        why = self._sent(plain_message(news))
        return Delivered() if why is None else Delivered.nothing(news.notices, why)

    def summarise(self, digest: Digest) -> str | None:
        """As `Channel.summarise`."""
        return self._sent(plain_digest(digest))

    def _sent(self, message: PlainMessage) -> str | None:
        with _overheard() as log:
            is_sent = self.send(message)
        if is_sent:
            return None
        status = STATUS.search("\n".join(log))  # of the log only this is shown: addresses and keys stand in it
        happened = f"answered {status[1]}" if status else "did not take the message"
        return f"{self.name} {happened}; check its address, its key and the network"


def open_service(alerts: Alerts, which: str) -> Service:
    """The service of that name; raises ConfigError where its URL is missing, or is none that Apprise knows."""
    place, reference = f"alerts.apprise.{which}", alerts.apprise[which]
    block = reference.removeprefix("block:")
    _refuse(block.partition("/")[0], place)
    if (notify := notifier(reference, place)) is not None:
        return Service(name=f"the block {block}", send=partial(_notified_by, notify))
    url = resolve(reference, place)
    _refuse(url.partition(":")[0].lower(), place)
    plugin = _plugin(url)
    if plugin is None:
        message = (
            f"{place}: what {reference} holds is no URL that Apprise can read; appriseit.com/services has the form for "
            "each service, such as discord://ID/TOKEN or mailtos://user:password@example.com?to=you@example.com"
        )
        raise ConfigError(message)
    return Service(name=str(plugin.service_name), send=partial(_notified, plugin))


def _refuse(kind: str, place: str) -> None:
    """Raises ConfigError for an on-call service, by its scheme or type of block: Apprise opens but cannot close."""
    if kind in INSTEAD:
        message = f"{place}: Apprise's {kind} {INSTEAD[kind]}"
        raise ConfigError(message)


def _notified_by(notify: Callable[[str, str], bool], message: PlainMessage) -> bool:
    return notify(message.subject, message.body)


def _notified(plugin: "NotifyBase", message: PlainMessage) -> bool:
    from apprise import Apprise, NotifyFormat, NotifyType  # noqa: PLC0415  two seconds

    bad = NotifyType.FAILURE if message.is_urgent else NotifyType.WARNING
    return bool(
        Apprise(servers=plugin).notify(
            body=message.body,
            title=message.subject,
            notify_type=NotifyType.SUCCESS if message.is_good else bad,
            body_format=NotifyFormat.TEXT,
        )
    )


def _plugin(url: str) -> "NotifyBase | None":
    """What Apprise makes of the URL.

    Redirects are not followed, a failure is never taken for optional, and what is too long for a chat is sent in parts.
    """
    from apprise import Apprise, AppriseAsset, OverflowMode  # noqa: PLC0415  two seconds

    asset = AppriseAsset(app_id="genwatch", app_desc="genwatch", http_redirects=False, async_mode=False)
    with _overheard():
        plugin: NotifyBase | None = Apprise.instantiate(url, asset=asset)
    if plugin is not None:
        plugin.optional = False
        plugin.retry = max(plugin.retry, RETRIES)
        if plugin.body_maxlen >= CHAT and plugin.overflow_mode is OverflowMode.UPSTREAM:  # refused, by each run again
            plugin.overflow_mode = OverflowMode.SPLIT
    return plugin


@contextmanager
def _overheard() -> Iterator[list[str]]:
    """What Apprise and its clients log meanwhile, which nobody else gets to see: it shows addresses and keys."""
    heard: list[str] = []

    def hear(record: logging.LogRecord) -> bool:
        heard.append(record.getMessage())
        return False

    loggers = [logging.getLogger(name) for name in LOGGERS]
    for logger in loggers:
        logger.addFilter(hear)
    try:
        yield heard
    finally:
        for logger in loggers:
            logger.removeFilter(hear)
