"""HTTP posts to one address over one pool of connections, and what a broken one means."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

from tasks.core.errors import EvaluatorError
from tasks.core.quality.score import NotAsked, Unscored

CONNECT_S: Final = 10.0
BROKEN: Final = (aiohttp.ClientError, TimeoutError, ConnectionError, ssl.SSLError)

Headers = Callable[[], Awaitable[Mapping[str, str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A response that came in whole; the names of `headers` are case-insensitive."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A call without a whole response; `may_be_billed` where the server may have begun to answer."""

    cause: Unscored
    may_be_billed: bool


class Wire:
    """Posts JSON; the session is opened by the first post, in the event loop that posts."""

    def __init__(self, url: str, headers: Headers, connections: int, timeout_s: float) -> None:
        self._url = url
        self._headers = headers
        self._connections = connections
        self._timeout = aiohttp.ClientTimeout(total=timeout_s, sock_connect=min(CONNECT_S, timeout_s))
        self._session: aiohttp.ClientSession | None = None
        self._has_answered = False

    async def post(self, body: bytes) -> Response | Broken:
        """The response; raises EvaluatorError where the address has no host or no valid certificate."""
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=self._connections)
            self._session = aiohttp.ClientSession(connector=connector, timeout=self._timeout, proxy=_proxy(self._url))
        try:
            headers = await self._headers()
            async with self._session.post(self._url, data=body, headers=headers, allow_redirects=False) as response:
                content = await response.read()
        except BROKEN as error:
            return self._broken(error)
        self._has_answered = True
        return Response(status=response.status, headers=response.headers, body=content)

    async def close(self) -> None:
        """Close the connections, once their ends have been said."""
        if self._session is not None:
            await self._session.close()
            await asyncio.sleep(0)

    def _broken(self, error: BaseException) -> Broken:
        """A host that was never found stays unfound; one that has answered before is only away."""
        if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
            message = (
                "the evaluator's certificate is not trusted; correct evaluator.base_url or the machine's certificates"
            )
            raise EvaluatorError(NotAsked.CERTIFICATE, message) from error
        if isinstance(error, aiohttp.ClientConnectorDNSError) and not self._has_answered:
            message = f"the evaluator's host {error.host} is not known (DNS); correct evaluator.base_url"
            raise EvaluatorError(NotAsked.DNS, message) from error
        if isinstance(error, aiohttp.InvalidURL):
            message = "evaluator.base_url is no address; correct it"
            raise EvaluatorError(NotAsked.DNS, message) from error
        if isinstance(error, aiohttp.ConnectionTimeoutError | aiohttp.ClientConnectorError):
            return Broken(cause=Unscored.CONNECTION, may_be_billed=False)
        if isinstance(error, TimeoutError):
            return Broken(cause=Unscored.TIMEOUT, may_be_billed=True)
        return Broken(cause=Unscored.CONNECTION, may_be_billed=True)


def _proxy(url: str) -> str | None:
    """The proxy that the environment names for an address, asked once: aiohttp's trust_env asks for every call."""
    parts = urlsplit(url)
    return None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)
