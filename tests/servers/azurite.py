"""Azure Blob Storage as its real emulator serves it: azurite, from npm."""

import base64
import hashlib
import hmac
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from tests.servers.npm import npm_file

ACCOUNT = "madeup"
KEY = base64.b64encode(b"a made-up key, for tests only").decode()
READY_S = 60
VERSION = "2021-08-06"


def azurite_program() -> Path | None:
    """The emulator as `make test` installs it, else as it is on the path; None where it is not."""
    found = npm_file(".bin/azurite-blob") or shutil.which("azurite-blob")
    return Path(found) if found and shutil.which("node") else None


@dataclass(frozen=True, slots=True)
class Azurite:
    """Where the account is served; its container `logs` exists."""

    url: str

    def request(self, method: str, path: str, query: str = "", *, body: bytes = b"", kind: str = "") -> int:
        """The status of one signed request; `path` is percent-encoded, and may name what client libraries refuse."""
        now = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
        headers = {"x-ms-date": now, "x-ms-version": VERSION} | ({"x-ms-blob-type": kind} if kind else {})
        named = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        asked = "".join(f"\n{name}:{value}" for name, value in sorted(parse_qsl(query)))
        size = f"{len(body)}" if body else ""
        signed = f"{method}\n\n\n{size}\n" + "\n" * 8 + f"{named}/{ACCOUNT}/{ACCOUNT}/{path}{asked}"
        headers["Authorization"] = f"SharedKey {ACCOUNT}:{_signature(signed)}"
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=10)
        with closing(connection):
            connection.request(method, f"/{ACCOUNT}/{path}?{query}".rstrip("?"), body=body, headers=headers)
            return connection.getresponse().status

    def put(self, key: str, content: bytes) -> int:
        """Write a blob of any name to the container `logs`, each character but `/` encoded."""
        return self.request("PUT", f"logs/{quote(key)}", body=content, kind="BlockBlob")

    def signature(self, permissions: str, *, hours: float = 1.0) -> str:
        """A shared access signature for the container `logs`, good for so many hours from now on."""
        until = (datetime.now(UTC) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
        fields = [permissions, "", until, f"/blob/{ACCOUNT}/logs", "", "", "", VERSION, "c", "", "", "", "", "", "", ""]
        signed = _signature("\n".join(fields))
        return urlencode({"sp": permissions, "se": until, "sv": VERSION, "sr": "c", "sig": signed})


@contextmanager
def serve_azurite(program: Path, folder: Path) -> Iterator[Azurite]:
    """Serve one made-up account until the block ends; nothing is kept on disk."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        str(program),
        "--silent",
        "--disableTelemetry",
        "--skipApiVersionCheck",
        "--inMemoryPersistence",
        "--disableProductStyleUrl",
        "--blobHost=127.0.0.1",
        f"--blobPort={port}",
    ]
    environment = os.environ | {"AZURITE_ACCOUNTS": f"{ACCOUNT}:{KEY}"}
    with (
        (folder / "azurite.log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=folder) as process,
    ):
        server = Azurite(url=f"http://127.0.0.1:{port}/{ACCOUNT}")
        try:
            _wait_until_ready(server, folder / "azurite.log")
            yield server
        finally:
            process.kill()


def _wait_until_ready(server: Azurite, log: Path) -> None:
    """Ready is when the container is there."""
    deadline = time.monotonic() + READY_S
    while True:
        try:
            status = server.request("PUT", "logs", "restype=container")
        except (OSError, HTTPException) as error:
            if time.monotonic() > deadline:
                message = f"azurite did not start: {log.read_text()[-2000:]}"
                raise RuntimeError(message) from error
            time.sleep(0.1)
        else:
            assert status in {201, 409}, status
            return


def _signature(text: str) -> str:
    return base64.b64encode(hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()).decode()
