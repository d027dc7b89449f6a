"""A proxy before a real object store that breaks what it hands on, as a function says."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO

from aiohttp import ClientSession, web
from yarl import URL

from tests.servers.http import listening


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """One request that came; `number` counts from 0."""

    number: int
    method: str
    path: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What goes wrong: with a `status` the server is not asked; else its reply is damaged on the way."""

    status: int | None = None
    content: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut_at: int | None = None
    flip_at: int | None = None
    stall_s: float = 0.0
    lose_reply: bool = False


@dataclass(slots=True)
class Proxy:
    """Where the proxy listens and what has come so far; `fault_of` may be replaced meanwhile."""

    url: str
    fault_of: Callable[[Passed], Fault | None]
    passed: list[Passed] = field(default_factory=list)


@contextmanager
def faulty(server_url: str, fault_of: Callable[[Passed], Fault | None]) -> Iterator[Proxy]:
    """Hand on to the server until the block ends; the paths below its URL stay as they are."""
    origin = URL(server_url).origin()
    proxy = Proxy(url="", fault_of=fault_of)

    async def handle(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        passed = Passed(number=len(proxy.passed), method=request.method, path=request.raw_path, headers=headers)
        proxy.passed.append(passed)
        fault = proxy.fault_of(passed) or Fault()
        if fault.status is not None:
            return web.Response(status=fault.status, body=fault.content, headers=fault.headers)
        url = URL(f"{origin}{request.raw_path}", encoded=True)
        async with (
            ClientSession(auto_decompress=False, skip_auto_headers=AUTOMATIC) as session,
            session.request(
                request.method, url, headers=request.headers, data=BytesIO(body), allow_redirects=False
            ) as reply,
        ):
            content = await reply.read()
            if fault.lose_reply and request.transport is not None:
                request.transport.close()
            given = {name: value for name, value in reply.headers.items() if name.lower() not in HOP_BY_HOP}
            return await _damaged(request, fault, reply.status, given, content)

    app = web.Application(client_max_size=2**28)
    app.router.add_route("*", "/{path:.*}", handle)
    with listening(app) as url:
        proxy.url = f"{url}{URL(server_url).raw_path}".rstrip("/")
        yield proxy


AUTOMATIC = {"accept", "accept-encoding", "content-type", "user-agent"}  # what is signed must not be added to
HOP_BY_HOP = {"connection", "transfer-encoding", "keep-alive", "content-length"}


async def _damaged(
    request: web.Request, fault: Fault, status: int, headers: dict[str, str], content: bytes
) -> web.StreamResponse:
    if request.method == "HEAD" or fault == Fault():
        return web.Response(status=status, body=content, headers=headers)
    if fault.flip_at is not None:
        flipped = bytes([content[fault.flip_at] ^ 1])
        content = content[: fault.flip_at] + flipped + content[fault.flip_at + 1 :]
    response = web.StreamResponse(status=status, headers=headers | {"content-length": str(len(content))})
    await response.prepare(request)
    await response.write(content[: fault.cut_at])
    if fault.stall_s:
        await asyncio.sleep(fault.stall_s)
    if fault.cut_at is not None and request.transport is not None:
        request.transport.close()
    return response
