"""How much of a server's rate limits the scoring step uses, and how often it is refused.

The server lets R requests and T tokens a minute through, as buckets that hold ten seconds' worth and fill evenly; it
tells of them in `x-ratelimit-*` headers, or only by refusing with Retry-After. A token is four characters of the
request's body, and 50 for the reply.
"""

import argparse
import asyncio
import json
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from monitors import WINDOW, interactions, monitor
from processes import serve, serving
from throughput import QUIET, reply

from tasks.adapters.evaluators import open_evaluator
from tasks.adapters.locations import open_storage
from tasks.score import score_window

BURST_S: Final = 10.0
LATENCY_S: Final = 0.2
REPLY_TOKENS: Final = 50
GOAL_USED: Final = 0.95
GOAL_REFUSED: Final = 0.01
TRIALS: Final = {
    "requests": {"requests": 1200, "tokens": 10_000_000, "tells": True},
    "tokens": {"requests": 100_000, "tokens": 600_000, "tells": True},
    "both": {"requests": 1300, "tokens": 600_000, "tells": True},
    "requests, silent": {"requests": 1200, "tokens": 10_000_000, "tells": False},
}


class Limited:
    """The server's buckets, and what it let through."""

    def __init__(self, requests: float, tokens: float, *, tells: bool) -> None:
        self.limits = {"requests": requests, "tokens": tokens}
        self.levels = {name: limit * BURST_S / 60 for name, limit in self.limits.items()}
        self.at = time.monotonic()
        self.tells = tells
        self.seen: dict[str, float] = {"let_through": 0, "tokens": 0, "refused": 0, "began": 0.0, "ended": 0.0}

    def lacking_s(self, now: float, tokens: float) -> float:
        """Seconds until the call could be let through, 0 where it is now."""
        for name, limit in self.limits.items():
            self.levels[name] = min(limit * BURST_S / 60, self.levels[name] + (now - self.at) * limit / 60)
        self.at = now
        wanted = {"requests": 1.0, "tokens": tokens}
        lacking = max((wanted[name] - self.levels[name]) / limit * 60 for name, limit in self.limits.items())
        if lacking <= 0:
            self.levels = {name: level - wanted[name] for name, level in self.levels.items()}
        return max(0.0, lacking)

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """A completion or a refusal; `/stats` tells what was seen."""
        if request.path == "/stats":
            return web.json_response(self.seen)
        tokens = len(await request.read()) / 4 + REPLY_TOKENS
        now = time.monotonic()
        self.seen["began"] = self.seen["began"] or now
        wait_s = self.lacking_s(now, tokens)
        headers = {}
        if self.tells:
            for name, limit in self.limits.items():
                headers[f"x-ratelimit-limit-{name}"] = f"{limit:.0f}"
                headers[f"x-ratelimit-remaining-{name}"] = f"{max(0.0, self.levels[name]):.0f}"
        if wait_s:
            self.seen["refused"] += 1
            return web.Response(status=429, headers=headers | {"retry-after": f"{wait_s:.3f}"})
        self.seen["let_through"] += 1
        self.seen["tokens"] += tokens
        self.seen["ended"] = now
        await asyncio.sleep(LATENCY_S)
        return web.Response(body=reply("separate"), content_type="application/json", headers=headers)


def measure(name: str, rows: int, in_flight: int) -> str:
    """One row of the table."""
    with serving(__file__, "--serve", name) as url, tempfile.TemporaryDirectory() as folder:
        config = monitor(Path(folder), f"{url}/v1", in_flight, "separate", max_attempts=20)
        store = open_storage(f"{config.store}/{config.name}", create=True)
        evaluator = open_evaluator(config)
        scored = asyncio.run(score_window(config, WINDOW, interactions(rows), store, evaluator, QUIET))
        with urllib.request.urlopen(f"{url}/stats") as response:  # noqa: S310  our own server
            seen: dict[str, Any] = json.load(response)
    trial = TRIALS[name]
    minutes = (seen["ended"] - seen["began"] + BURST_S) / 60
    used = max(seen["let_through"] / trial["requests"], seen["tokens"] / trial["tokens"]) / minutes
    refused = seen["refused"] / (seen["refused"] + seen["let_through"])
    limits = f"{trial['requests']:,} requests, {trial['tokens']:,} tokens a minute"
    cells = [name, limits, f"{seen['let_through']:,}", f"{minutes * 60:.0f}", f"{used:.3f}", f"{refused:.2%}"]
    return f"| {' | '.join([*cells, str(scored.use.judged)])} |"


def main(rows: int, in_flight: int) -> None:
    """Print a table."""
    print(f"{in_flight} in flight at most; goals: >= {GOAL_USED} of the limit used, <= {GOAL_REFUSED:.0%} refused")
    print("| trial | limits | let through | seconds | used | refused | judged |")
    print("|---|---|---|---|---|---|---|")
    for name in TRIALS:
        print(measure(name, rows, in_flight), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--in-flight", type=int, default=32)
    parser.add_argument("--serve", choices=TRIALS)
    given = parser.parse_args()
    if given.serve:
        asyncio.run(serve(Limited(**TRIALS[given.serve]).answer))
    else:
        main(given.rows, given.in_flight)
