"""Measure the scoring step against a server that answers after a fixed latency: how near it comes to the limit.

The limit is calls x latency / calls in flight. The server runs in a process of its own (`--serve PORT`, 0 for any); the
same calls by a plain `openai.AsyncOpenAI` client are the comparison.
"""

import argparse
import asyncio
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import openai
import pyarrow as pa
from aiohttp import web

from configs.load import built_in_metrics
from configs.monitor import MonitorConfig
from tasks.adapters.evaluators import open_evaluator
from tasks.adapters.ledger import Ledger
from tasks.adapters.locations import open_storage
from tasks.adapters.storage import Storage
from tasks.core.quality.metric import Metric
from tasks.core.quality.plan import Request, plan
from tasks.core.quality.prompt import render
from tasks.core.records.interaction import schema
from tasks.core.window import Window
from tasks.score import score_window

SIX: Final = datetime(2026, 11, 20, 6, tzinfo=UTC)
WINDOW: Final = Window(start=SIX, end=SIX + timedelta(hours=1))
LENGTHS: Final = {"prompt": 200, "completion": 500, "context": 300, "ground_truth": 200}
MODEL: Final = "benchmark"
GOAL_RATIO: Final = 1.15
GOAL_MB: Final = 600
REPLY: Final = {
    "id": "1",
    "object": "chat.completion",
    "created": 0,
    "model": MODEL,
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": json.dumps({"reason": "ok", "score": 4})},
        }
    ],
    "usage": {"prompt_tokens": 500, "completion_tokens": 12, "total_tokens": 512},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one way of asking took: wall and CPU seconds of this process."""

    calls: int
    wall_s: float
    cpu_s: float


def serve(port: int, latency_ms: float) -> None:
    """Answer every POST after the latency, until the process is ended; the port is printed first."""
    body = json.dumps(REPLY).encode()

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        await asyncio.sleep(latency_ms / 1000)
        return web.Response(body=body, content_type="application/json")

    async def run() -> None:
        application = web.Application()
        application.router.add_post("/{path:.*}", answer)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port, backlog=1024)
        await site.start()
        print(runner.addresses[0][1], flush=True)
        await asyncio.Event().wait()

    asyncio.run(run())


@contextmanager
def serving(latency_ms: float) -> Iterator[str]:
    """The base URL of a server in another process, which ends with the block."""
    command = [sys.executable, __file__, "--serve", "0", "--latency-ms", str(latency_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            port = server.stdout.readline().strip() if server.stdout else ""
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.terminate()


def monitor(folder: Path, base_url: str, in_flight: int) -> MonitorConfig:
    """A monitor of all built-in metrics judged by the server."""
    metrics = built_in_metrics()
    source = {
        "format": "azure_mdc",
        "inputs": (folder / "inputs").as_uri(),
        "outputs": (folder / "outputs").as_uri(),
        "columns": {role: role for role in LENGTHS},
    }
    quality = {
        "metrics": {name: {} for name in metrics},
        "definitions": {name: one.model_dump(mode="json") for name, one in metrics.items()},
    }
    evaluator = {"provider": "openai", "model": MODEL, "base_url": base_url, "concurrency": in_flight}
    document = {"name": "bench", "source": source, "quality": quality, "evaluator": evaluator, "store": folder.as_uri()}
    return MonitorConfig.model_validate(document)


def interactions(rows: int) -> pa.Table:
    """Interactions whose texts differ in every role, 1,200 characters a row."""
    columns = schema(())
    return pa.Table.from_pylist([interaction(number) for number in range(rows)], schema=columns)


def interaction(number: int) -> dict[str, object]:
    """One interaction."""
    keys = {name: str(number) for name in ("interaction_id", "correlation_id", "input_object", "output_object")}
    texts = {role: text(f"{role} {number}", length) for role, length in LENGTHS.items()}
    return keys | texts | {"event_time": SIX, "output_time": SIX}


def text(seed: str, length: int) -> str:
    """Words of eight characters that the seed determines."""
    digest = hashlib.shake_128(seed.encode()).hexdigest(length // 2)
    return " ".join(digest[at : at + 8] for at in range(0, length, 8))[:length]


def nothing(_done: int, _total: int) -> None:
    """Show no progress."""


def cpu_s() -> float:
    """CPU seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_mb() -> float:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def score_all(config: MonitorConfig, rows: pa.Table, store: Storage) -> tuple[Measured, int]:
    """The scoring step, and how many judgements the ledger then holds a score for."""
    evaluator = open_evaluator(config)
    wall, cpu = time.perf_counter(), cpu_s()
    scored = asyncio.run(score_window(config, WINDOW, rows, store, evaluator, nothing))
    measured = Measured(calls=scored.use.calls, wall_s=time.perf_counter() - wall, cpu_s=cpu_s() - cpu)
    kept = Ledger(store, WINDOW.start, scored.fingerprints).newest()
    return measured, len(kept) - kept["score"].null_count


def messages_of(request: Request) -> list[dict[str, str]]:
    """The messages of one call, as the evaluator sends them."""
    prompt = render(request.metric, request.fields, "0" * 16)
    return [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}]


def ask_plainly(base_url: str, asked: Sequence[list[dict[str, str]]], in_flight: int) -> Measured:
    """The same calls by a client as the package makes it, a task a call behind a semaphore."""

    async def ask_all() -> None:
        gate = asyncio.Semaphore(in_flight)
        async with openai.AsyncOpenAI(base_url=base_url, api_key="none", max_retries=0) as client:
            create: Any = client.chat.completions.create

            async def ask(messages: list[dict[str, str]]) -> None:
                async with gate:
                    await create(model=MODEL, messages=messages, max_tokens=400, temperature=0.0)

            await asyncio.gather(*(ask(messages) for messages in asked))

    wall, cpu = time.perf_counter(), cpu_s()
    asyncio.run(ask_all())
    return Measured(calls=len(asked), wall_s=time.perf_counter() - wall, cpu_s=cpu_s() - cpu)


def characters_a_row(rows: pa.Table, metrics: Sequence[Metric]) -> float:
    """The characters in the messages of all metrics, on average a row."""
    asked = [one for one in plan(rows, metrics) if isinstance(one, Request)]
    return sum(len(message["content"]) for one in asked for message in messages_of(one)) / len(rows)


def report(name: str, measured: Measured, limit_s: float) -> str:
    """One line of figures."""
    return (
        f"{name:20} calls {measured.calls}  wall {measured.wall_s:.2f} s  limit {limit_s:.2f} s  "
        f"ratio {measured.wall_s / limit_s:.3f}  CPU {1000 * measured.cpu_s / measured.calls:.2f} ms a judgement"
    )


def main(count: int, in_flight: int, latency_ms: float) -> None:
    """Run both ways and print their figures; the peak memory is read before the plain client runs."""
    with tempfile.TemporaryDirectory() as folder, serving(latency_ms) as base_url:
        config = monitor(Path(folder), base_url, in_flight)
        rows = interactions(count)
        measured, scored = score_all(config, rows, open_storage(f"{config.store}/bench", create=True))
        limit_s = measured.calls * latency_ms / 1000 / in_flight
        memory = peak_mb()
        metrics = list(config.metrics.values())
        asked = [messages_of(one) for one in plan(rows, metrics) if isinstance(one, Request)]
        plain = ask_plainly(base_url, asked, in_flight)
    print(f"{count} rows x {len(metrics)} metrics, {in_flight} in flight, {latency_ms:g} ms a call")
    print(report("genwatch", measured, limit_s), f" (goal: ratio <= {GOAL_RATIO})")
    print(report("openai.AsyncOpenAI", plain, limit_s))
    print(f"judgements scored    {scored} of {count * len(metrics)}")
    print(f"peak memory          {memory:.0f} MB (goal < {GOAL_MB})")
    print(f"characters sent      {characters_a_row(rows, metrics):.0f} a row for all metrics")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--in-flight", type=int, default=64)
    parser.add_argument("--latency-ms", type=float, default=200)
    parser.add_argument("--serve", type=int, metavar="PORT")
    options = parser.parse_args()
    if options.serve is None:
        main(options.rows, options.in_flight, options.latency_ms)
    else:
        serve(options.serve, options.latency_ms)
