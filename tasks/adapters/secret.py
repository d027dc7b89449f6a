"""Secrets behind their references: environment variables and Prefect blocks."""

import os

from pydantic import Secret, SecretStr

from tasks.core.errors import ConfigError


def resolve(reference: str, key: str) -> str:
    """The secret that `env:NAME` or `block:TYPE/NAME` names; `key` is the key of the monitor file, for the error.

    Of a block, the value (`secret`) or the URL (`slack-webhook`) is taken. Raises ConfigError where there is none.
    """
    kind, _, name = reference.partition(":")
    if kind == "env":
        value = os.environ.get(name)
        if not value:
            message = f"{key}: the environment variable {name} is not set; set it where the monitor runs"
            raise ConfigError(message)
        return value
    return _block(name, key)


def _block(name: str, key: str) -> str:
    from prefect.blocks.core import Block  # noqa: PLC0415  a second's import that only references to blocks need

    try:
        block: object = Block.load(name)
    except ValueError as error:
        message = f"{key}: there is no Prefect block {name}; create it or correct the reference"
        raise ConfigError(message) from error
    value = getattr(block, "value", None) or getattr(block, "url", None)
    if isinstance(value, Secret | SecretStr):
        value = value.get_secret_value()
    if not isinstance(value, str):
        message = f"{key}: the Prefect block {name} holds no text; use a secret or a slack-webhook block"
        raise ConfigError(message)
    return value
