"""A registered deployment, run by a real worker of a real server."""

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from configs.load import load_monitor
from deployments.register import prefect_yaml
from tests.builders import write_pairs
from tests.flows.test_cli import ROOT, genwatch, monitor_file

BIN = Path(sys.executable).parent
EXAMPLES = sorted((ROOT / "configs/monitors").glob("*.yaml"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment in which `genwatch` and `prefect` speak to a server of their own."""
    folder = tmp_path_factory.mktemp("prefect")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        "PREFECT_HOME": str(folder),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    }
    command = [str(BIN / "prefect"), "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with (
        (folder / "server.log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | environment) as process,
    ):
        environment["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"
        try:
            wait_for(lambda: api(environment, "/health", None) is True)
            yield environment
        finally:
            process.terminate()


def api(environment: dict[str, str], path: str, body: Any) -> Any:
    """The answer of Prefect's API; None while it cannot be reached."""
    request = Request(environment["PREFECT_API_URL"] + path, headers={"content-type": "application/json"})  # noqa: S310
    request.data = None if body is None else json.dumps(body).encode()
    try:
        with urlopen(request, timeout=10) as response:  # noqa: S310  our own server
            return json.load(response)
    except OSError:
        return None


def wait_for(condition: Any, seconds: float = 90) -> Any:
    """What the condition gives once it gives something."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it never came"
        threading.Event().wait(0.2)
    return found


def deployments(environment: dict[str, str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api(environment, "/deployments/filter", {})
    return sorted(found, key=lambda one: str(one["name"]))


def scheduled_file(folder: Path, name: str = "bot") -> Path:
    path = monitor_file(folder)
    text = path.read_text().replace(
        "name: bot", f"name: {name}\nschedule: {{cron: '5 * * * *', timezone: Europe/Berlin}}"
    )
    path.write_text(text)
    return path


def test_deploying_registers_schedule_parameters_and_limits_and_twice_changes_nothing(
    tmp_path: Path, server: dict[str, str]
) -> None:
    path = scheduled_file(tmp_path, "steady-bot")
    first = genwatch("deploy", str(path), "--pool", "pool-a", **server)
    assert first.stdout == "genwatch/steady-bot: registered, cron 5 * * * * Europe/Berlin\n", first.stderr
    before = deployments(server)
    second = genwatch("deploy", str(path), "--pool", "pool-a", **server)
    assert second.stdout == "genwatch/steady-bot: unchanged\n"
    assert deployments(server) == before
    (one,) = [found for found in before if found["name"] == "steady-bot"]
    assert one["entrypoint"] == "flows.monitor.monitor"
    assert sorted(one["tags"]) == ["genwatch", "steady-bot"]
    assert "| windows | every 1h, run 15m after their end or later |" in one["description"]
    assert one["parameters"]["config"]["name"] == "steady-bot"
    assert one["concurrency_options"]["collision_strategy"] == "ENQUEUE"
    (schedule,) = one["schedules"]
    assert (schedule["schedule"]["timezone"], schedule["slug"]) == ("Europe/Berlin", "monitor")
    asked = one["parameter_openapi_schema"]["properties"]
    assert sorted(asked, key=lambda name: int(asked[name]["position"]))[0::3] == ["window_start", "config"]
    form = one["parameter_openapi_schema"]["definitions"]["MonitorConfig"]["properties"]
    assert {"sample", "quality", "evaluator", "window"} <= form.keys()


def test_a_schedule_that_is_none_is_one_line_and_nothing_is_registered(tmp_path: Path, server: dict[str, str]) -> None:
    path = scheduled_file(tmp_path, "odd-bot")
    path.write_text(path.read_text().replace("5 * * * *", "5 * * *"))
    found = genwatch("deploy", str(path), **server)
    assert (found.returncode, len(found.stderr.splitlines())) == (2, 1)
    assert "odd-bot: schedule '5 * * *' is none that Prefect can read" in found.stderr
    assert "odd-bot" not in {one["name"] for one in deployments(server)}


def test_a_scheduled_run_appears(tmp_path: Path, server: dict[str, str]) -> None:
    genwatch("deploy", str(scheduled_file(tmp_path, "timed-bot")), "--pool", "pool-b", **server)

    def scheduled() -> Any:
        runs = api(server, "/flow_runs/filter", {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}})
        return [run for run in runs or [] if run["parameters"].get("config", {}).get("name") == "timed-bot"]

    assert wait_for(scheduled)


def test_a_monitor_file_that_is_gone_is_named(tmp_path: Path, server: dict[str, str]) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    genwatch("deploy", str(scheduled_file(folder, "old-bot")), "--pool", "pool-c", **server)
    found = genwatch("deploy", str(scheduled_file(tmp_path, "new-bot")), "--pool", "pool-c", **server)
    assert "genwatch/old-bot: not among these files; if its monitor is gone: prefect deployment delete" in found.stdout


def test_a_worker_runs_the_deployment_to_its_report(tmp_path: Path, server: dict[str, str]) -> None:
    path = scheduled_file(tmp_path, "worked-bot")
    write_pairs(tmp_path, 40)
    genwatch("deploy", str(path), "--pool", "pool-d", **server)
    run = [
        str(BIN / "prefect"),
        "deployment",
        "run",
        "genwatch/worked-bot",
        "--param",
        'window_start="2026-11-20T06:00:00Z"',
    ]
    started = subprocess.run(run, env=os.environ | server, capture_output=True, text=True, check=False)
    assert started.returncode == 0, started.stderr
    run_id = re.search(r"UUID: (\S+)", started.stdout)
    assert run_id is not None
    worker = [str(BIN / "prefect"), "worker", "start", "--pool", "pool-d", "--run-once"]
    finished = subprocess.run(
        worker, env=os.environ | server, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    state = wait_for(lambda: final_state(server, run_id[1]))
    assert (state["type"], state["message"]) == ("COMPLETED", "ok in 2026-11-20 06:00–07:00"), finished.stderr
    assert (tmp_path / "store/worked-bot/report/index.html").exists()


def final_state(environment: dict[str, str], run_id: str) -> Any:
    state = api(environment, f"/flow_runs/{run_id}", None)["state"]
    return state if state["type"] in {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"} else None


def test_the_prefect_file_is_what_the_example_monitors_say() -> None:
    monitors = {path.relative_to(ROOT): load_monitor(path) for path in EXAMPLES}
    assert (ROOT / "deployments/prefect.yaml").read_text() == prefect_yaml(monitors, "genwatch")


def test_prefect_deploy_registers_the_same_from_the_prefect_file(server: dict[str, str]) -> None:
    environment = os.environ | server
    subprocess.run(
        [str(BIN / "prefect"), "work-pool", "create", "genwatch", "--type", "process"], env=environment, check=True
    )
    command = [str(BIN / "prefect"), "--no-prompt", "deploy", "--all", "--prefect-file", "deployments/prefect.yaml"]
    found = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    paths = [str(path.relative_to(ROOT)) for path in EXAMPLES]
    again = genwatch("deploy", *paths, **server)
    assert "genwatch/support-bot: unchanged" in again.stdout
