"""Many small objects in a real S3 server on this machine: listed, read, and collected, beside plain threads of boto3.

`plain` reads every key and does nothing else: the bound that the server sets. `staged` is how genwatch reads, `collect`
its whole step: listing, reading, decoding, join and sample. Each run is a process of its own; medians of all runs.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.config import Config
from logs import DAY, SIDES, generate
from table import row

from configs.load import built_in_metrics
from configs.monitor import MonitorConfig
from tasks.adapters.locations import open_storage
from tasks.adapters.source import objects_of, open_places
from tasks.adapters.staging import open_scratch, staged
from tasks.collect import collect_window
from tasks.core.run import Job
from tasks.core.window import Window
from tests.servers.s3 import READER, S3Server, serve_s3

BUCKET: Final = "logs"
LINES: Final = 10
THREADS: Final = 16
WRITERS: Final = 8
GOAL_LISTING_S: Final = 3.0
WINDOW: Final = Window(start=DAY, end=DAY + timedelta(days=1))
LATER: Final = WINDOW.end + timedelta(hours=1)
JOB: Final = Job(window=WINDOW, revision=0, is_scheduled=True, is_newest=True, moment=LATER, started_at=LATER)
Run = Callable[[], int]


def listed(url: str) -> Run:
    """One listing of everything."""
    storage = open_storage(f"s3://{BUCKET}", url)
    return lambda: len(storage.list(""))


def listed_by_folders(url: str) -> Run:
    """The listing that a run makes: the folders that can hold events of the window, side by side."""
    places = open_places(monitor(url, Path()))
    return lambda: sum(len(objects_of(place, WINDOW)) for place in places)


def read_plainly(url: str) -> Run:
    """Every key read by threads of boto3."""
    client = boto3.client("s3", endpoint_url=url, config=Config(max_pool_connections=THREADS))
    keys = [stored.key for stored in open_storage(f"s3://{BUCKET}", url).list("")]

    def read(key: str) -> int:
        return len(client.get_object(Bucket=BUCKET, Key=key)["Body"].read())

    def run() -> int:
        with ThreadPoolExecutor(THREADS) as pool:
            return sum(size > 0 for size in pool.map(read, keys))

    return run


def read_staged(url: str) -> Run:
    """Every object brought to the scratch directory."""
    storage = open_storage(f"s3://{BUCKET}", url)
    objects = storage.list("")

    def run() -> int:
        with open_scratch(1) as scratch, staged(storage, objects, scratch) as files:
            return sum(one.fault is None for one in files)

    return run


def collected(url: str) -> Run:
    """The window collected into a store in the working folder."""
    config = monitor(url, Path.cwd())
    store = open_storage(f"{config.store}/{config.name}", create=True)
    return lambda: len(collect_window(config, JOB, store).objects)


MODES: Final[Mapping[str, Callable[[str], Run]]] = {
    "list": listed,
    "list by folders": listed_by_folders,
    "plain": read_plainly,
    "staged": read_staged,
    "collect": collected,
}


def monitor(url: str, folder: Path) -> MonitorConfig:
    """A monitor of the objects."""
    fluency = built_in_metrics()["fluency"].model_dump(mode="json")
    document: dict[str, Any] = {
        "name": "bench",
        "window": {"every": "1d"},
        "source": {
            "format": "azure_mdc",
            "inputs": f"s3://{BUCKET}/model_inputs",
            "outputs": f"s3://{BUCKET}/model_outputs",
            "columns": {"prompt": "question", "completion": "answer", "context": "context"},
            "endpoint_url": url,
        },
        "sample": {"rate": 0.1, "at_most": 2000},
        "quality": {"metrics": {"fluency": {}}, "definitions": {"fluency": fluency}},
        "store": folder.resolve().as_uri(),
    }
    return MonitorConfig.model_validate(document)


def fill(server: S3Server, folder: Path, count: int) -> None:
    """Write so many objects of ten lines each, as many of each side, into the folders of a day."""
    generate(folder, count // len(SIDES) * LINES, "jsonl")
    client = server.client()

    def put(one: tuple[str, bytes]) -> None:
        client.put_object(Bucket=BUCKET, Key=one[0], Body=one[1])

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(put, pieces(folder)))


def pieces(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The objects: keys and contents."""
    for path in sorted(folder.rglob("i.jsonl")):
        lines = path.read_bytes().splitlines(keepends=True)
        place = path.parent.relative_to(folder)
        for start in range(0, len(lines), LINES):
            yield f"{place}/{start // LINES:04d}.jsonl", b"".join(lines[start : start + LINES])


def run_once(mode: str, url: str) -> Mapping[str, float]:
    """One mode in this process; wall and CPU time leave out what is imported and opened before."""
    run = MODES[mode](url)
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    objects = run()
    wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"objects": objects, "wall_s": wall_s, "cpu_s": cpu_s, "peak_mb": peak_mb}


def run_apart(mode: str, url: str) -> Mapping[str, float]:
    """As `run_once`, in a process and a working folder of its own, with the rights of a reader."""
    key, secret = READER
    rights = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_DEFAULT_REGION": "us-east-1"}
    command = [sys.executable, str(Path(__file__).resolve()), "--run", mode, url]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=os.environ | rights, cwd=folder)
    figures: Mapping[str, float] = json.loads(done.stdout)
    return figures


def main(count: int, runs: int) -> None:
    """Fill the server, run the modes in turns, print the table and the goals."""
    with tempfile.TemporaryDirectory() as folder, serve_s3(Path(folder)) as server:
        fill(server, Path(folder) / "generated", count)
        found: dict[str, list[Mapping[str, float]]] = {mode: [] for mode in MODES}
        for _ in range(runs):
            for mode, figures in found.items():
                figures.append(run_apart(mode, server.url))
    tell(count, runs, found)


def tell(count: int, runs: int, found: Mapping[str, Sequence[Mapping[str, float]]]) -> None:
    """Print the table and the goals."""
    medians = {
        mode: {name: statistics.median(run[name] for run in figures) for name in figures[0]}
        for mode, figures in found.items()
    }
    plain_s = medians["plain"]["wall_s"]
    print(f"{count:,} objects of {LINES} lines in S3 on this machine, {THREADS} threads, medians of {runs} runs\n")
    headings = ("", "objects", "wall, s", "× plain", "CPU, s", "peak, MB")
    print(row(headings), row(["---"] * len(headings)), sep="\n")
    for mode, one in medians.items():
        ratio = "–" if mode.startswith("list") else f"{one['wall_s'] / plain_s:.2f}"
        cells = [
            f"{one['objects']:,.0f}",
            f"{one['wall_s']:.2f}",
            ratio,
            f"{one['cpu_s']:.2f}",
            f"{one['peak_mb']:.0f}",
        ]
        print(row([mode, *cells]))
    slowest = max(one["wall_s"] for mode, one in medians.items() if mode.startswith("list"))
    print(
        f"\n- listing: {slowest:.2f} s, goal < {GOAL_LISTING_S:g} s: {'met' if slowest < GOAL_LISTING_S else 'missed'}"
    )
    print("- reading is bounded by the server where `staged` is about 1 × plain")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--run", nargs=2, metavar=("MODE", "URL"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run:
        print(json.dumps(run_once(*given.run)))
    else:
        main(given.objects, given.runs)
