"""Servers in processes of their own: how one announces where it listens, and how it is started and ended."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from aiohttp import web


async def serve(answer: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], port: int = 0) -> None:
    """Answer every request until the process is ended; the port is printed first, 0 asks for any free one."""
    runner = web.ServerRunner(web.Server(answer, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


@contextmanager
def serving(script: str, *arguments: str) -> Iterator[str]:
    """The URL of a server whose script runs in another process, which ends with the block."""
    with subprocess.Popen([sys.executable, script, *arguments], stdout=subprocess.PIPE, text=True) as server:
        try:
            port = server.stdout.readline().strip() if server.stdout else ""
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
