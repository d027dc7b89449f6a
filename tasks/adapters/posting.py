"""Posting JSON to a service that is to hear of alerts: tried again where that helps, never redirected."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import stamina
from aiohttp import ClientError, ClientSession, ClientTimeout, InvalidURL

from tasks.core.news import Delivered, Notice

ATTEMPTS: Final = 4
TIMEOUT_S: Final = 10.0
LONGEST_PAUSE_S: Final = 30.0
TAKEN: Final = range(200, 300)
REDIRECTS: Final = range(300, 400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why nothing was delivered: without the address, which may hold a secret.

    `is_lasting`: it was tried again in vain, so that what comes next need not be tried.
    """

    why: str
    is_lasting: bool


class _Passing(Exception):  # noqa: N818  it may be gone with the next attempt
    """A fault that may pass; it waits `pause_s` where the service asks for that. Its text is shown in logs."""

    def __init__(self, why: str, pause_s: float | None = None) -> None:
        super().__init__(why)
        self.pause_s = pause_s


def deliver(notices: Sequence[Notice], who: str, send: Callable[[Notice], Refusal | None]) -> Delivered:
    """Send notice by notice, none after a lasting failure; `who` begins the sentence of one."""
    failures: dict[str, str] = {}
    for at, notice in enumerate(notices):
        refusal = send(notice)
        if refusal is not None:
            failed = notices[at:] if refusal.is_lasting else [notice]
            failures |= dict.fromkeys((one.key for one in failed), f"{who} {refusal.why}")
            if refusal.is_lasting:
                break
    return Delivered(failures=failures)


def post(
    url: str, body: bytes, headers: Callable[[], Mapping[str, str]], *, timeout_s: float = TIMEOUT_S
) -> Refusal | None:
    """Post a JSON body; None when it was taken (2xx). `headers` are made for each attempt.

    Rate limits, server errors, timeouts and broken connections are tried again.
    """
    try:
        status = asyncio.run(_posted(url, body, headers, timeout_s))
    except _Passing as fault:
        return Refusal(why=str(fault), is_lasting=True)
    except (InvalidURL, ValueError):
        return Refusal(why="has no web address; correct its secret, which is to be a URL", is_lasting=True)
    if status in REDIRECTS:
        return Refusal(why=f"answered {status}; redirects are not followed: give the final address", is_lasting=True)
    if status in TAKEN:
        return None
    return Refusal(why=f"answered {status}; check its address and key", is_lasting=False)


async def _posted(url: str, body: bytes, headers: Callable[[], Mapping[str, str]], timeout_s: float) -> int:
    """The status of the answer, once it is no passing fault; raises _Passing after the last attempt."""
    async with ClientSession(timeout=ClientTimeout(total=timeout_s)) as session:
        # no decorator: stamina logs the arguments of what it retries, and these are secret
        async for attempt in stamina.retry_context(on=_pause, attempts=ATTEMPTS, timeout=None, wait_initial=0.5):
            with attempt:
                return await _asked(session, url, body, headers())
    raise AssertionError  # the last attempt returns or raises


async def _asked(session: ClientSession, url: str, body: bytes, headers: Mapping[str, str]) -> int:
    sent = {"content-type": "application/json", "user-agent": "genwatch"} | dict(headers)
    try:
        async with session.post(url, data=body, headers=sent, allow_redirects=False) as response:
            status, wanted = response.status, response.headers.get("retry-after", "")
    except InvalidURL:
        raise
    except TimeoutError:
        message = "did not answer in time; check its address and the network"
        raise _Passing(message) from None
    except (ClientError, OSError) as error:
        message = f"cannot be reached ({type(error).__name__}); check its address and the network"
        raise _Passing(message) from None  # the cause shows the address
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        pause_s = min(float(wanted), LONGEST_PAUSE_S) if wanted.isdecimal() else None
        message = f"answered {status}; it may be down or busy"
        raise _Passing(message, pause_s)
    return status


def _pause(fault: Exception) -> bool | float:
    """Whether to try again, or the seconds to wait first."""
    if not isinstance(fault, _Passing):
        return False
    return True if fault.pause_s is None else fault.pause_s
