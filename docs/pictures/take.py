"""Take the pictures of the docs, of Prefect's pages and of the report: a server, the demo, a worker, a browser.

Run it as `python docs/pictures/take.py`; it takes some minutes, and wants Chromium at /usr/bin/chromium with an emoji
font (Debian: `apt-get install chromium fonts-noto-color-emoji`). Nothing is asked of any other host.
"""

import io
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.request import Request, urlopen

from PIL import Image
from playwright.sync_api import FloatRect, Page, sync_playwright

HERE: Final = Path(__file__).parent
BIN: Final = Path(sys.executable).parent
NAME: Final = "demo-support-bot"
SCHEDULE: Final = 'schedule: {cron: "20 0,12 * * *", timezone: Europe/Berlin}\nwindow:'
FLAGS: Final = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-sync"
COLOURS: Final = 256
SIDE: Final = 256  # pixels of the page's menu
WAIT_MS: Final = 4000
REPORT: Final = {
    "report-all": ("/_report/index.html", 660),
    "report-monitor": (f"/{NAME}/report/index.html", 1280),
    "report-metric": (f"/{NAME}/report/metric-groundedness.html", 900),
    "report-drift": (f"/{NAME}/report/drift.html", 1280),
    "report-interactions": (f"/{NAME}/report/window=20261120T1200Z/rev=0-interactions.html", 900),
}


def main() -> None:
    """Take all pictures into the folder of this file."""
    with tempfile.TemporaryDirectory() as name, serving(Path(name)) as env:
        run = prepare(Path(name), env)
        artifacts = {one["key"]: one["latest_id"] for one in api(env, "/artifacts/latest/filter")}
        (deployment,) = api(env, "/deployments/filter")
        pages = {
            "deployment": (f"/deployments/deployment/{deployment['id']}?tab=Description", 760),
            "form": (f"/deployments/deployment/{deployment['id']}/run", 720),
            "runs": ("/runs", 1000),
            "run": (f"/runs/flow-run/{run}", 1000),
            "summary": (f"/artifacts/artifact/{artifacts[f'{NAME}-summary']}", 1240),
            "measures": (f"/artifacts/artifact/{artifacts[f'{NAME}-measures']}", 620),
            "history": (f"/artifacts/key/{NAME}-summary", 620),
            "artifacts": ("/artifacts", 480),
        }
        base = env["PREFECT_API_URL"].removesuffix("/api")
        take(base, {f"prefect-{name}": place for name, place in pages.items()}, left=SIDE)
        take((Path(name) / "demo" / "results").as_uri(), REPORT, left=0)


@contextmanager
def serving(folder: Path) -> Iterator[dict[str, str]]:
    """A Prefect server of its own, and the environment in which others speak to it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = os.environ | {
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "GENWATCH_SALT": "demo",
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
    }
    command = [str(BIN / "prefect"), "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with (
        (folder / "server.log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log, env=env) as server,
    ):
        try:
            deadline = time.monotonic() + 300
            while not is_up(env):
                if time.monotonic() > deadline:
                    sys.exit((folder / "server.log").read_text())
                threading.Event().wait(0.5)
            yield env
        finally:
            server.terminate()


def prepare(folder: Path, env: Mapping[str, str]) -> str:
    """Run the demo's windows, then its deployment by a worker; returns the ID of the last window's run."""
    demo = folder / "demo"
    call(env, "genwatch", "demo", "--folder", str(demo))
    path = demo / "support-bot.yaml"
    path.write_text((demo / "monitor.yaml").read_text().replace("window:", SCHEDULE, 1))
    call(env, "genwatch", "deploy", str(path))
    start = 'window_start="2026-11-20T12:00:00Z"'
    call(env, "prefect", "deployment", "run", f"genwatch/{NAME}", "--param", start)
    call(env, "prefect", "worker", "start", "--pool", "genwatch", "--run-once")
    ended = {"sort": "START_TIME_DESC", "flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}, "limit": 1}
    return str(api(env, "/flow_runs/filter", ended)[0]["id"])


def take(base: str, pages: Mapping[str, tuple[str, int]], *, left: int) -> None:
    """A picture of each page, so many pixels high, without what is `left` of it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS.split())
        context = browser.new_context(viewport={"width": 1280, "height": 1300}, locale="en-GB", timezone_id="UTC")
        context.route("**/*", lambda route: route.continue_() if route.request.url.startswith(base) else route.abort())
        page = context.new_page()
        for name, (place, height) in pages.items():
            picture(page, f"{base}{place}", name, {"x": left, "y": 0, "width": 1280 - left, "height": height})
        browser.close()


def picture(page: Page, address: str, name: str, clip: FloatRect) -> None:
    """A part of one page as a PNG of few colours."""
    page.goto(address, wait_until="networkidle", timeout=90_000)
    page.wait_for_timeout(WAIT_MS)  # the graph of a run is drawn when it is ready, and tells nobody
    taken = page.screenshot(clip=clip)
    small = Image.open(io.BytesIO(taken)).convert("RGB").quantize(COLOURS)
    small.save(HERE / f"{name}.png", optimize=True)
    print(f"{name}.png", (HERE / f"{name}.png").stat().st_size)


def call(env: Mapping[str, str], program: str, *arguments: str) -> None:
    """Run a command to its end; ends this one with its output where it fails."""
    found = subprocess.run([str(BIN / program), *arguments], env=env, capture_output=True, text=True, check=False)
    if found.returncode:
        sys.exit(f"{program} {arguments}: {found.stdout}{found.stderr}")


def is_up(env: Mapping[str, str]) -> bool:
    """Whether the server answers."""
    try:
        with urlopen(f"{env['PREFECT_API_URL']}/health", timeout=10):  # noqa: S310  our own server
            return True
    except OSError:
        return False


def api(env: Mapping[str, str], path: str, body: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401  JSON
    """What Prefect's API answers."""
    request = Request(f"{env['PREFECT_API_URL']}{path}", headers={"content-type": "application/json"})  # noqa: S310
    request.data = json.dumps(body or {}).encode()
    with urlopen(request, timeout=60) as response:  # noqa: S310  our own server
        return json.load(response)


if __name__ == "__main__":
    main()
