"""Secrets behind their references: environment variables and Prefect blocks."""

import asyncio
import os
from collections.abc import Callable
from inspect import isawaitable
from typing import Final

from pydantic import Secret, SecretStr

from tasks.core.errors import ConfigError

HOLDS: Final = ("value", "url", "integration_key", "apikey")  # a secret, a webhook, PagerDuty, Opsgenie


def resolve(reference: str, key: str) -> str:
    """The secret that `env:NAME` or `block:TYPE/NAME` names; `key` is the key of the monitor file, for the error.

    Of a block, the value (`secret`), the URL (`slack-webhook`) or the key (`pager-duty-webhook`) is taken. White space
    around it, such as the line end of the file it was read from, is no part of it. Raises ConfigError where there is
    none.
    """
    kind, _, name = reference.partition(":")
    if kind == "env":
        value = os.environ.get(name, "").strip()
        if not value:
            message = f"{key}: the environment variable {name} is not set; set it where the monitor runs"
            raise ConfigError(message)
        return value
    return _block(name, key).strip()


def notifier(reference: str, key: str) -> Callable[[str, str], bool] | None:
    """What sends a subject and a body by the notification block that is named, and tells whether that was taken.

    None where no notification block of Prefect's own is named; of the failures of others nothing is known. Raises
    ConfigError where there is no such block.
    """
    from prefect.blocks.notifications import (  # noqa: PLC0415  as below
        AbstractAppriseNotificationBlock,
        CustomWebhookNotificationBlock,
    )

    kind, _, name = reference.partition(":")
    block = _loaded(name, key) if kind == "block" else None
    if not isinstance(block, AbstractAppriseNotificationBlock | CustomWebhookNotificationBlock):
        return None

    def send(subject: str, body: str) -> bool:
        from httpx import HTTPError  # noqa: PLC0415  Prefect's own client
        from prefect.blocks.abstract import NotificationError  # noqa: PLC0415

        try:
            with block.raise_on_failure():  # else it hides them
                asyncio.run(_awaited(block.notify, body, subject))
        except (NotificationError, HTTPError, OSError, ValueError):
            return False
        return True

    return send


async def _awaited(notify: Callable[[str, str], object], body: str, subject: str) -> None:
    """Notify, whether the block does so at once or is to be awaited, as it may be where a loop runs."""
    answer = notify(body, subject)
    if isawaitable(answer):
        await answer


def _block(name: str, key: str) -> str:
    block = _loaded(name, key)
    value: object = next((found for one in HOLDS if (found := getattr(block, one, None))), None)
    if isinstance(value, Secret | SecretStr):
        value = value.get_secret_value()
    if not isinstance(value, str):
        message = f"{key}: the Prefect block {name} holds no text; use a secret or a slack-webhook block"
        raise ConfigError(message)
    return value


def _loaded(name: str, key: str) -> object:
    from httpx import HTTPError  # noqa: PLC0415  Prefect's own client
    from prefect.blocks.core import Block, UnknownBlockType  # noqa: PLC0415  a second, for references to blocks alone

    try:
        block: object = Block.load(name)
    except ValueError as error:
        message = f"{key}: there is no Prefect block {name}; create it or correct the reference"
        raise ConfigError(message) from error
    except UnknownBlockType as error:
        message = f"{key}: the Prefect block {name} is of a kind that is not installed here; install its package"
        raise ConfigError(message) from error
    except HTTPError as error:
        what = type(error).__name__
        message = (
            f"{key}: Prefect's server does not give the block {name} ({what}); see whether it is up, and try again"
        )
        raise ConfigError(message) from error
    return block
