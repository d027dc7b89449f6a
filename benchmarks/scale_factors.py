"""Measure what benchmarks/scale.py multiplies: the CPU, memory, bytes and requests of one machine's runs.

A million made-up pairs lie in a temporary folder, 24 hours of azure_mdc JSON lines. Each measurement is a process of
its own; CPU seconds leave out what is imported. They hold for a machine with nothing else to do.
"""

import argparse
import json
import logging
import os
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow.parquet as pq
from prefect.client.orchestration import get_client
from prefect.testing.utilities import prefect_test_harness

from configs.load import built_in_metrics
from configs.monitor import MonitorConfig
from configs.sample import Sample
from flows.monitor import monitor
from tasks.adapters import settling
from tasks.adapters.intake import take_in
from tasks.adapters.locations import open_storage
from tasks.adapters.staging import open_scratch
from tasks.adapters.windows import span_of
from tasks.collect import collect_window
from tasks.core.run import Job
from tasks.core.window import Window

HERE: Final = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from tests.schedule import scheduled  # noqa: E402
from tests.servers.s3 import ADMIN, S3Server, serve_s3  # noqa: E402

DAY: Final = datetime(2026, 11, 20, tzinfo=UTC)
HOUR: Final = timedelta(hours=1)
NOON: Final = DAY + 12 * HOUR
SIDES: Final = ("model_inputs", "model_outputs")
METRICS: Final = ("coherence", "fluency", "groundedness", "relevance")
OBJECTS_AN_HOUR: Final = (1, 11)
RUNS: Final = 4
FEW: Final = 100
PARTS: Final = 20
Figures = dict[str, float]


def document(logs: str, store: str, every: str = "1h") -> dict[str, Any]:
    """The monitor, as its file would say it; one that runs with what is set unless something else is."""
    known = built_in_metrics()
    return {
        "name": "bench",
        "window": {"every": every},
        "source": {
            "format": "azure_mdc",
            "inputs": f"{logs}/model_inputs",
            "outputs": f"{logs}/model_outputs",
            "columns": {"prompt": "question", "completion": "answer", "context": "context"},
        },
        "quality": {
            "metrics": {name: {} for name in METRICS},
            "definitions": {name: known[name].model_dump(mode="json") for name in METRICS},
        },
        "store": store,
    }


def monitor_of(folder: Path, every: str = "1h") -> MonitorConfig:
    """The monitor on the logs in a folder."""
    return MonitorConfig.model_validate(document((folder / "logs").as_uri(), (folder / "store").as_uri(), every))


def job_of(start: datetime, length: timedelta) -> Job:
    """A window, run as soon as its grace is over."""
    moment = start + length + HOUR / 4
    return Job(
        window=Window(start=start, end=start + length),
        revision=0,
        is_scheduled=True,
        is_newest=True,
        moment=moment,
        started_at=moment,
    )


def intake(folder: Path) -> Figures:
    """Read the whole day into halves."""
    config, job = monitor_of(folder, "1d"), job_of(DAY, 24 * HOUR)
    store = open_storage(f"{config.store}/{config.name}", create=True)
    before = cpu_s()
    with open_scratch(config.engine.scratch_gb) as scratch:
        take_in(config, store, span_of(config, [job.window], job.moment), scratch, lambda _done, _total: None)
    used = cpu_s() - before
    files = list((folder / "store").rglob("halves.parquet"))
    halves = rows_under(folder / "store", "halves.parquet")
    logs = sum(file.stat().st_size for file in (folder / "logs").rglob("*.jsonl"))
    return {
        "log bytes a pair": logs / halves * 2,
        "bytes a half": sum(file.stat().st_size for file in files) / halves,
        "read once: CPU s a million pairs": used / halves * 2e6,
    }


def day(folder: Path) -> Figures:
    """Settle the day that was read, and read its sample; first in one part, then in many."""
    part_rows = settling.PART_ROWS
    settling.PART_ROWS = part_rows * PARTS
    whole_s, joined = settled(folder)
    settling.PART_ROWS = part_rows // PARTS
    parts_s, _ = settled(folder)
    return {
        "window: CPU s a million joined": whole_s / joined * 1e6,
        "in parts: CPU s a million near halves": (parts_s - whole_s) / (2 * joined) * 1e6,
    }


def settled(folder: Path) -> tuple[float, int]:
    """The CPU seconds of collecting the day, and what it joined."""
    config = monitor_of(folder, "1d")
    before = cpu_s()
    store = open_storage(f"{config.store}/{config.name}", create=True)
    joined = collect_window(config, job_of(DAY, 24 * HOUR), store).counts.joined
    return cpu_s() - before, joined


def hours(folder: Path) -> Figures:
    """A day of hourly runs, each with what the hour brought; few are judged.

    What a run costs is taken as linear in the halves that are kept of the hours before.
    """
    config = monitor_of(folder).model_copy(update={"name": "hours", "sample": Sample(at_most=FEW)})
    kept, used = [], []
    with prefect_test_harness(server_startup_timeout=90):
        for hour in range(24):
            before = cpu_s()
            scheduled(config, job_of(DAY + hour * HOUR, HOUR).moment)
            used.append(cpu_s() - before)
            kept.append(rows_under(folder / "store/hours/halves", "halves.parquet"))
    a_half, beside = np.polyfit(kept[1:], used[1:], 1)
    return {"run: CPU s a million kept halves": a_half * 1e6, "run: CPU s beside, with its hour's": beside}


def results(folder: Path) -> Figures:
    """What a whole run leaves in the store, and what Prefect is told of; index.html is written over."""
    config = monitor_of(folder)
    with prefect_test_harness(server_startup_timeout=90):
        monitor(config, window_start=NOON)
        with get_client(sync_client=True) as client:
            tasks, flows = len(client.read_task_runs()), len(client.read_flow_runs())
    root = folder / "store" / config.name
    rows = {kind: rows_under(root / kind) for kind in ("interactions", "scores")}
    sizes = {kind: sum(file.stat().st_size for file in files_under(root / kind)) for kind in rows}
    others = [file for file in files_under(root) if file.relative_to(root).parts[0] not in {*rows, "halves"}]
    return {
        "task runs a run": tasks,
        "flow runs a run": flows,
        "store bytes an interaction": sizes["interactions"] / rows["interactions"],
        "store bytes a score": sizes["scores"] / rows["scores"],
        "store bytes a window that stay": sum(file.stat().st_size for file in others if file.name != "index.html"),
    }


def requests(folder: Path) -> Figures:
    """The requests of hourly runs on logs and a store in S3, by what they grow with."""
    os.environ |= {"AWS_ACCESS_KEY_ID": ADMIN[0], "AWS_SECRET_ACCESS_KEY": ADMIN[1], "AWS_DEFAULT_REGION": "us-east-1"}
    with serve_s3(folder) as server, prefect_test_harness(server_startup_timeout=90):
        os.environ["AWS_ENDPOINT_URL_S3"] = server.url
        counted = {number: counts_by_run(folder, server, number) for number in OBJECTS_AN_HOUR}
    few, many = (counted[number] for number in OBJECTS_AN_HOUR)
    new_objects = 2 * (OBJECTS_AN_HOUR[1] - OBJECTS_AN_HOUR[0])
    grown = few[-1] - few[-2]
    an_object = (many[-1]["GetObject"] - few[-1]["GetObject"]) / new_objects
    a_slice, a_window = grown["GetObject halves"] / 2, grown["GetObject"]
    return {
        "GETs a new object": an_object,
        "GETs a kept slice": a_slice,
        "GETs a window before": a_window,
        "GETs a run beside": few[-1]["GetObject"] - 2 * an_object - (RUNS - 1) * a_window,
        "LISTs a run and hour in which it looks": grown["ListObjectsV2"],
        "LISTs a run beside": few[-1]["ListObjectsV2"]
        + few[-1]["ListObjectsV2 halves"]
        - RUNS * grown["ListObjectsV2"],
        "fetches of kept halves a run": grown["GetObject halves.parquet"] / 2,
        "PUTs a new slice": few[-1]["PutObject halves"] / 2,
        "PUTs a run beside": few[-1]["PutObject"],
    }


def counts_by_run(folder: Path, server: S3Server, objects: int) -> list[Counter[str]]:
    """The requests of each of some hourly runs over so many objects an hour and side."""
    client = server.client()
    for side in SIDES:
        for path in sorted((folder / "logs" / side).rglob("*.jsonl"))[: RUNS + 1]:
            lines = path.read_bytes().splitlines(keepends=True)
            hour = path.parent.relative_to(folder / "logs")
            for part in range(objects):
                body = b"".join(lines[part : 20 * objects : objects])
                client.put_object(Bucket="logs", Key=f"{objects}/{hour}/{part}.jsonl", Body=body)
    config = MonitorConfig.model_validate(document(f"s3://logs/{objects}", f"s3://results/{objects}"))
    counter = RequestCounter()
    found = []
    for run in range(RUNS):
        counter.seen.clear()
        scheduled(config, job_of(DAY + run * HOUR, HOUR).moment)
        found.append(Counter(counter.seen))
    return found


class RequestCounter(logging.Handler):
    """Counts what botocore says that it asks for, by operation, and apart what is of halves."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.seen: Counter[str] = Counter()
        logger = logging.getLogger("botocore.endpoint")
        logger.setLevel(logging.DEBUG)
        logger.propagate = False
        logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Count one record."""
        if str(record.msg).startswith("Making request") and record.args:
            operation, request = record.args[:2]  # type: ignore[index]
            place = str(request["url"])
            self.seen[f"{operation.name}{' halves' if '/halves/' in place else ''}"] += 1
            self.seen[f"{operation.name} {place.rsplit('/', 1)[-1]}"] += 1


def files_under(folder: Path) -> list[Path]:
    """Every file below a folder."""
    return [path for path in folder.rglob("*") if path.is_file()]


def rows_under(folder: Path, name: str = "*.parquet") -> int:
    """The rows of every Parquet file of a name below a folder."""
    return sum(pq.ParquetFile(path).metadata.num_rows for path in folder.rglob(name))


def cpu_s() -> float:
    """CPU seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


MODES: Final[Mapping[str, Callable[[Path], Figures]]] = {
    "intake": intake,
    "day": day,
    "hours": hours,
    "results": results,
    "requests": requests,
}


def apart(command: Sequence[str]) -> str:
    """What a script of this folder prints in a process of its own."""
    quiet = os.environ | {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
    return subprocess.run([sys.executable, *command], env=quiet, check=True, stdout=subprocess.PIPE, text=True).stdout


def main(pairs: int) -> None:
    """Generate the logs, measure, print."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        apart([str(HERE / "collecting/logs.py"), str(folder / "logs"), "--pairs", str(pairs)])
        for mode in MODES:
            figures = json.loads(apart([__file__, "--run", mode, "--folder", temporary]).splitlines()[-1])
            for name, figure in figures.items():
                print(f"{name:42} {figure:14,.2f}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--run", choices=MODES)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.run is None:
        main(options.pairs)
    else:
        figures = MODES[options.run](options.folder)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(figures | {f"peak MB of {options.run}": peak}))
