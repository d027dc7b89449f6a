"""A real Dask scheduler with workers, each a process of its own."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from distributed import Client

ROOT = Path(__file__).parents[2]
READY_S = 60


@dataclass(frozen=True, slots=True)
class DaskCluster:
    """Where the scheduler listens, and the processes of the workers."""

    address: str
    workers: list[subprocess.Popen[bytes]]


@contextmanager
def serve_dask(folder: Path, workers: int = 2) -> Iterator[DaskCluster]:
    """Serve until the block ends."""
    address = f"tcp://127.0.0.1:{_free_port()}"
    host, port = address.removeprefix("tcp://").split(":")
    scheduler = ["distributed.cli.dask_scheduler", "--host", host, "--port", port, "--no-dashboard"]
    worker = ["distributed.cli.dask_worker", address, "--nthreads", "1", "--no-dashboard", "--no-nanny"]
    with ExitStack() as stack:
        stack.enter_context(_running(folder / "scheduler.log", scheduler))
        started = [stack.enter_context(_running(folder / f"worker-{n}.log", worker)) for n in range(workers)]
        with Client(address, timeout=READY_S) as client:
            client.wait_for_workers(workers, timeout=READY_S)
        yield DaskCluster(address=address, workers=started)


@contextmanager
def _running(log: Path, command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    with (
        log.open("wb") as sink,
        subprocess.Popen(
            [sys.executable, "-m", *command], stdout=sink, stderr=sink, env=environment, cwd=log.parent
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
