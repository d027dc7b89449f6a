"""A real browser: Debian's Chromium, driven by Playwright, and a guard that hears all that goes wrong on a page."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Request, sync_playwright

from tests.servers.npm import npm_file

CHROMIUM: Final = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # what asks elsewhere fails, and is heard
)
WITHIN: Final = frozenset({"data", "blob", "about"})  # schemes that leave no page
GRAVE: Final = frozenset({"serious", "critical"})


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, without a window, until the block ends.

    While it is open, asyncio holds that a loop runs in this thread: nothing that starts one of its own may run beside
    it, such as a flow.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass  # Playwright keeps an attribute on whom it calls
class Guard:
    """Hears a page: `faults` are the errors, dialogs and requests to elsewhere, as sentences, in their order."""

    page: Page
    faults: list[str] = field(default_factory=list)

    def listen(self) -> None:
        """Hear all that happens from now on; what the Content-Security-Policy refuses is an error of the console."""
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.on("request", self._request)
        self.page.on("requestfailed", lambda request: self.faults.append(f"failed: {request.url[:200]}"))
        self.page.on("dialog", self._dialog)
        self.page.on("popup", lambda popup: self.faults.append(f"popup: {popup.url[:200]}"))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.faults.append(f"console {message.type}: {message.text}")

    def _dialog(self, dialog: Dialog) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _request(self, request: Request) -> None:
        asked = urlsplit(request.url)
        if asked.scheme in WITHIN or (request.is_navigation_request() and request.frame == self.page.main_frame):
            return
        own = urlsplit(self.page.url)
        if (asked.scheme, asked.netloc) != (own.scheme, own.netloc):
            self.faults.append(f"request: {request.url[:200]}")


class _Quiet(SimpleHTTPRequestHandler):
    """Serves files, and says nothing about it."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  as its parent has it
        """Drop the line."""


@contextmanager
def serve_folder(folder: Path) -> Iterator[str]:
    """The URL of a folder that is served by a plain web server on loopback until the block ends."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.05), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join(10)


def axe_source() -> str | None:
    """axe-core as a script; None where npm has not installed it."""
    place = npm_file("axe-core/axe.min.js")
    return None if place is None else place.read_text(encoding="utf-8")


def barriers(page: Page, axe: str) -> list[str]:
    """What axe-core finds serious or critical on the page as it is now: rule, help and element, a line each."""
    page.evaluate(axe)  # evaluated from outside: the page's Content-Security-Policy stays as strict as it is
    result = page.evaluate("() => axe.run(document, {resultTypes: ['violations'], preload: false})")
    return [
        f"{found['id']}: {found['help']}: {node['html'][:160]}"
        for found in result["violations"]
        if found["impact"] in GRAVE
        for node in found["nodes"]
    ]
