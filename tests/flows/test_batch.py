import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from prefect.client.schemas.objects import State
from prefect.settings import PREFECT_API_URL

from configs.monitor import MonitorConfig
from flows.monitor import monitor as monitor_flow
from tasks.adapters.batch_record import record_key
from tasks.adapters.storage import read_bytes
from tasks.core.manifest import check_counts
from tests.builders import HOUR, SIX, WINDOW, manifest_of, monitor, store_of, write_pairs
from tests.servers.batch import BatchServer, serve_batches
from tests.servers.evaluator import failure

pytestmark = pytest.mark.usefixtures("prefect_server")


@pytest.fixture
def server() -> Iterator[BatchServer]:
    with serve_batches() as running:
        yield running


def batched_by(server: BatchServer, folder: Path, **batch: str) -> MonitorConfig:
    evaluator = {"provider": "openai", "model": "judge", "base_url": f"{server.url}/v1", "max_attempts": 2}
    return monitor(folder, evaluator=evaluator | {"mode": "batch", "batch": {"poll": "1s"} | batch})


def run(config: MonitorConfig) -> State[Any]:
    state: State[Any] = monitor_flow(config, SIX, SIX + HOUR, return_state=True)
    return state


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition that another process brings about."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.02)


def test_a_run_waits_for_its_batch_and_publishes_what_it_brought(tmp_path: Path, server: BatchServer) -> None:
    write_pairs(tmp_path, 10)
    config = batched_by(server, tmp_path)
    server.polls = 2
    assert run(config).name == "Completed"
    manifest = manifest_of(config)
    check_counts(manifest.counts)
    assert (manifest.counts.metrics["fluency"].scored, manifest.evaluator.calls) == (10, 10)
    assert (len(server.uploads), len(server.batches), len(server.live)) == (1, 1, 0)
    assert b'"state":"done"' in read_bytes(store_of(config), record_key(config, WINDOW))


WORKER = """
import sys
from datetime import datetime
from configs.monitor import MonitorConfig
from flows.monitor import monitor
start, end = map(datetime.fromisoformat, sys.argv[2:])
monitor(MonitorConfig.model_validate_json(sys.argv[1]), start, end)
"""


def test_the_batch_of_a_killed_run_is_taken_up_by_the_next(tmp_path: Path, server: BatchServer) -> None:
    write_pairs(tmp_path, 10)
    config = batched_by(server, tmp_path)
    server.polls = 1000
    environment = os.environ | {"PYTHONPATH": str(Path.cwd()), "PREFECT_API_URL": PREFECT_API_URL.value() or ""}
    command = [sys.executable, "-c", WORKER, config.model_dump_json(), SIX.isoformat(), (SIX + HOUR).isoformat()]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        until(lambda: server.looks > 0)
        process.send_signal(signal.SIGKILL)
    (batch,) = server.batches.values()
    batch.polls = 1
    assert run(config).name == "Completed"
    assert (len(server.uploads), len(server.batches), len(server.live)) == (1, 1, 0)
    assert manifest_of(config).counts.metrics["fluency"].scored == 10


def test_after_the_deadline_the_run_goes_on_live(tmp_path: Path, server: BatchServer) -> None:
    write_pairs(tmp_path, 10)
    server.polls, server.share = 1000, 0.5
    config = batched_by(server, tmp_path, deadline="1s")
    assert run(config).name == "Completed"
    assert (server.cancelled, len(server.live)) == (["batch_0"], 5)
    assert manifest_of(config).counts.metrics["fluency"].scored == 10


def test_a_refused_key_is_published_as_live(tmp_path: Path, server: BatchServer) -> None:
    write_pairs(tmp_path, 10)
    config = batched_by(server, tmp_path)
    server.refusal = failure(401, "invalid_api_key")
    server.answer = lambda _: failure(401, "invalid_api_key")
    run(config)
    manifest = manifest_of(config)
    check_counts(manifest.counts)
    assert dict(manifest.counts.metrics["fluency"].not_asked) == {"key_invalid": 10}
    assert manifest.evaluator.calls == 0
