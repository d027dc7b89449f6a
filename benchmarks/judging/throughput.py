"""How near the scoring step comes to the limit that latency and calls in flight set, and what a judgement costs.

The limit is calls x latency / calls in flight. The server answers after a fixed latency, in a process of its own; so
does each measurement, so that its peak of memory is its own. A plain aiohttp loop over the same calls, without prompts,
reading or ledger, is the peer.
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

import aiohttp
import pyarrow as pa
from aiohttp import web
from monitors import WINDOW, interactions, monitor
from processes import serve, serving

from tasks.adapters.evaluators import open_evaluator
from tasks.adapters.ledger import Ledger
from tasks.adapters.locations import open_storage
from tasks.core.quality.plan import Call, plan
from tasks.core.quality.prompt import render
from tasks.score import Watch, score_window

LATENCY_MS: Final = 200.0
GOAL_RATIO: Final = 1.05
GOAL_CPU_MS: Final = 1.0
GOALS: Final = {"separate": 5_000, "fused": 3_000}
TRIALS: Final = [(1_000, 64, "separate"), (4_000, 64, "separate"), (4_000, 256, "separate"), (4_000, 64, "fused")]
QUIET: Final = Watch(progress=lambda _asked: None, say=lambda _line: None)
VERDICT: Final = {"reason": "The thread holds and nothing is out of place.", "score": 4}


@cache
def reply(judging: str) -> bytes:
    """The completion that the server gives to every call."""
    names = ("coherence", "fluency", "groundedness", "relevance", "similarity")
    text = json.dumps(VERDICT if judging == "separate" else dict.fromkeys(names, VERDICT))
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    usage = {"prompt_tokens": 300, "completion_tokens": 30, "total_tokens": 330}
    return json.dumps({"id": "1", "model": "benchmark", "choices": [choice], "usage": usage}).encode()


async def answer(judging: str, request: web.BaseRequest) -> web.Response:
    """The completion, after the latency."""
    await request.read()
    await asyncio.sleep(LATENCY_MS / 1000)
    return web.Response(body=reply(judging), content_type="application/json")


def cpu_s() -> float:
    """CPU seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measure(url: str, rows: int, in_flight: int, judging: str) -> dict[str, Any]:
    """The scoring step over so many rows."""
    with tempfile.TemporaryDirectory() as folder:
        config = monitor(Path(folder), url, in_flight, judging)
        table = interactions(rows)
        store = open_storage(f"{config.store}/{config.name}", create=True)
        evaluator = open_evaluator(config)
        before, wall, cpu = peak_mb(), time.perf_counter(), cpu_s()
        scored = asyncio.run(score_window(config, WINDOW, table, store, evaluator, QUIET))
        wall, cpu = time.perf_counter() - wall, cpu_s() - cpu
        kept = Ledger(store, WINDOW.start, scored.fingerprints).newest()
    metrics = list(config.metrics.values())
    calls = [one for one in plan(table.slice(0, 100), metrics, fused=judging == "fused") if isinstance(one, Call)]
    sent = [render(one.metrics, one.fields, "0" * 8) for one in calls]
    return {
        "calls": scored.use.calls,
        "wall_s": wall,
        "cpu_s": cpu,
        "judgements": rows * len(metrics),
        "scored": len(kept) - kept["score"].null_count,
        "before_mb": before,
        "peak_mb": peak_mb(),
        "characters": sum(len(one.system) + len(one.user) for one in sent) / min(rows, 100),
    }


def peak_mb() -> float:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def ask_plainly(url: str, calls: int, in_flight: int, size: int) -> None:
    """So many posts of so many bytes, with nothing before, between and after."""
    body, left = b"x" * size, iter(range(calls))
    connector = aiohttp.TCPConnector(limit=in_flight)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def work() -> None:
            for _ in left:
                async with session.post(f"{url}/chat/completions", data=body) as response:
                    await response.read()

        await asyncio.gather(*(work() for _ in range(in_flight)))


def plainly(url: str, calls: int, in_flight: int, size: int) -> dict[str, float]:
    """The peer's figures."""
    wall, cpu = time.perf_counter(), cpu_s()
    asyncio.run(ask_plainly(url, calls, in_flight, size))
    return {"wall_s": time.perf_counter() - wall, "cpu_s": cpu_s() - cpu}


def apart(*arguments: object) -> dict[str, Any]:
    """Run this script with other arguments and read its line."""
    command = [sys.executable, __file__, *map(str, arguments)]
    found: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return found


def main() -> None:
    """Print a table."""
    print(f"{LATENCY_MS:g} ms a call; goals: x limit <= {GOAL_RATIO}, <= {GOAL_CPU_MS} ms CPU a judgement")
    print("| rows | in flight | judging | calls | scored | × limit | aiohttp alone | ms CPU each | alone | peak MB |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    characters = {}
    for rows, in_flight, judging in TRIALS:
        with serving(__file__, "--serve", judging) as server:
            url = f"{server}/v1"
            found = apart("--measure", url, rows, in_flight, judging)
            plain = apart("--plain", url, found["calls"], in_flight, round(found["characters"] / 5))
        limit_s = found["calls"] * LATENCY_MS / 1000 / in_flight
        each = 1000 / found["judgements"]
        cells = [
            f"{rows:,}",
            in_flight,
            judging,
            f"{found['calls']:,}",
            f"{found['scored']:,} of {found['judgements']:,}",
            f"{found['wall_s'] / limit_s:.3f}",
            f"{plain['wall_s'] / limit_s:.3f}",
            f"{found['cpu_s'] * each:.2f}",
            f"{plain['cpu_s'] * each:.2f}",
            f"{found['peak_mb']:.0f} (+{found['peak_mb'] - found['before_mb']:.0f} by judging)",
        ]
        print(f"| {' | '.join(map(str, cells))} |", flush=True)
        characters[judging] = found["characters"]
    for judging, count in characters.items():
        print(f"characters sent, {judging}: {count:.0f} a row for five metrics (goal <= {GOALS[judging]:,})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", choices=GOALS)
    parser.add_argument("--measure", nargs=4, metavar=("URL", "ROWS", "IN_FLIGHT", "JUDGING"))
    parser.add_argument("--plain", nargs=4, metavar=("URL", "CALLS", "IN_FLIGHT", "BYTES"))
    given = parser.parse_args()
    pa.set_cpu_count(1)
    if given.serve:
        asyncio.run(serve(partial(answer, given.serve)))
    elif given.measure:
        address, rows_given, flying, way = given.measure
        print(json.dumps(measure(address, int(rows_given), int(flying), way)))
    elif given.plain:
        address, *numbers = given.plain
        print(json.dumps(plainly(address, *map(int, numbers))))
    else:
        main()
