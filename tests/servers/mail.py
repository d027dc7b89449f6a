"""A real mail server on loopback that keeps what it is given."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

ANSWERS = {"EHLO": "250 loopback", "HELO": "250 loopback", "DATA": "354 go on", "QUIT": "221 bye"}


@contextmanager
def serve_mail() -> Iterator[tuple[int, list[bytes]]]:
    """The port, and the mails that came."""
    mails: list[bytes] = []
    loop = asyncio.new_event_loop()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 loopback\r\n")
        while line := await reader.readline():
            verb = line[:4].decode().strip().upper()
            writer.write(f"{ANSWERS.get(verb, '250 ok')}\r\n".encode())
            if verb == "DATA":
                mails.append((await reader.readuntil(b"\r\n.\r\n"))[:-3])
                writer.write(b"250 ok\r\n")
            if verb == "QUIT":
                break
        writer.close()

    server = loop.run_until_complete(asyncio.start_server(talk, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1], mails
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
