"""A real HTTP server on loopback that answers as a function says."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request: `body` is its JSON, parsed from `raw`; `number` counts from 0."""

    number: int
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    raw: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What is answered: after `delay_s`, in so many `pieces`; with `cut`, the connection is dropped within the body."""

    content: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    pieces: int = 1
    cut: bool = False


@dataclass(slots=True)
class HttpServer:
    """Where the server listens and what it has received so far."""

    url: str
    answer: Callable[[Received], Reply]
    received: list[Received] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0


@contextmanager
def serve(answer: Callable[[Received], Reply]) -> Iterator[HttpServer]:
    """Serve until the block ends; `answer` may be replaced meanwhile."""
    server = HttpServer(url="", answer=answer)
    with listening(_app(server)) as server.url:
        yield server


@contextmanager
def listening(app: web.Application) -> Iterator[str]:
    """The URL of an application that is served in a thread until the block ends."""
    loop = asyncio.new_event_loop()
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)

    async def start() -> str:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        return f"http://{host}:{port}"

    url = loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield url
    finally:
        asyncio.run_coroutine_threadsafe(_end(runner), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _end(runner: web.AppRunner) -> None:
    """Stop serving; replies that are still delayed are given up."""
    await runner.cleanup()
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


def _app(server: HttpServer) -> web.Application:
    async def handle(request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        received = Received(
            number=len(server.received),
            path=request.path_qs,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=json.loads(raw) if raw else {},
            raw=raw,
        )
        server.received.append(received)
        server.in_flight += 1
        server.most_in_flight = max(server.most_in_flight, server.in_flight)
        try:
            reply = server.answer(received)
            if reply.delay_s:
                await asyncio.sleep(reply.delay_s)
            return await respond(request, reply)
        finally:
            server.in_flight -= 1

    app = web.Application(client_max_size=2**28)
    app.router.add_route("*", "/{path:.*}", handle)
    return app


async def respond(request: web.Request, reply: Reply) -> web.StreamResponse:
    """Answer as the reply says."""
    if reply.pieces > 1:
        return await _in_pieces(request, reply)
    if not reply.cut:
        return web.Response(body=reply.content, status=reply.status, headers=reply.headers)
    response = web.StreamResponse(status=reply.status, headers={"content-length": str(len(reply.content) + 100)})
    await response.prepare(request)
    await response.write(reply.content)
    if request.transport is not None:
        request.transport.close()
    return response


async def _in_pieces(request: web.Request, reply: Reply) -> web.StreamResponse:
    response = web.StreamResponse(status=reply.status, headers=reply.headers)
    response.enable_chunked_encoding()
    await response.prepare(request)
    size = -(-len(reply.content) // reply.pieces)
    for at in range(0, len(reply.content), size):
        await response.write(reply.content[at : at + size])
        await asyncio.sleep(0.01)
    return response
