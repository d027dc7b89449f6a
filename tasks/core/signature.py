"""Signatures of webhooks, by the convention of Standard Webhooks (standardwebhooks.com), version v1."""

import hmac
from base64 import b64decode, b64encode
from binascii import Error
from typing import Final

PREFIX: Final = "whsec_"
KEY_BYTES: Final = range(24, 65)


def key_of(secret: str) -> bytes:
    """The key in a secret: base64 of 24 to 64 random bytes, with or without `whsec_` before it.

    Raises ValueError, which never shows the secret, where it is none.
    """
    try:
        key = b64decode(secret.strip().removeprefix(PREFIX), validate=True)
    except (Error, ValueError):
        key = b""
    if len(key) not in KEY_BYTES:
        message = f"a secret is {PREFIX} and the base64 of 24 to 64 random bytes"
        raise ValueError(message)
    return key


def signature(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of the header `webhook-signature`: HMAC-SHA256 over ID, time and body.

    `timestamp` is Unix time in seconds; the ID must hold no point.
    """
    signed = f"{message_id}.{timestamp}.".encode() + body
    return f"v1,{b64encode(hmac.digest(key, signed, 'sha256')).decode()}"
