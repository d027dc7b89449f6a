"""The automations that we ship, made by Prefect's own command on a real server, and started by a real breach."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import stamina
from prefect import flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterDeploymentId
from prefect.client.schemas.objects import FlowRun
from prefect.deployments.runner import RunnerDeployment
from prefect.events import AutomationCore, emit_event
from prefect.settings import PREFECT_API_URL
from ruamel.yaml import YAML

from flows.monitor import monitor as monitor_flow
from tests.builders import HOUR, SIX, monitor, write_pairs
from tests.news import HOSTILE

FOLDER = Path(__file__).parents[2] / "deployments/automations"
SALAD = "the the of of is is the the"

pytestmark = pytest.mark.usefixtures("prefect_server")


@flow
def roll_back(monitor: str, window_start: datetime, value: float | None, reason: str) -> None:
    """What a user's own flow may take."""


@pytest.fixture
def client() -> Iterator[SyncPrefectClient]:
    with get_client(sync_client=True) as opened:
        yield opened


def deployed(target: RunnerDeployment) -> UUID:
    return UUID(str(target.apply()))


def create(name: str, target: UUID, folder: Path, **changes: str) -> str:
    """Make an automation of the shipped file as its comment says; `changes` are what a user edits."""
    text = (FOLDER / f"{name}.yaml").read_text().replace("REPLACE", str(target))
    for before, after in changes.items():
        text = text.replace(before.replace("_", "-"), after)
    (folder / f"{name}.yaml").write_text(text)
    found = subprocess.run(
        [str(Path(sys.executable).parent / "prefect"), "automation", "create", "--from-file", f"{name}.yaml"],
        cwd=folder,
        env=os.environ | {"PREFECT_API_URL": str(PREFECT_API_URL.value())},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr
    return found.stdout


def started(client: SyncPrefectClient, target: UUID, count: int) -> list[FlowRun]:
    """The runs that a deployment was given, oldest first, once there are so many."""
    which = FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=[target]))
    for attempt in stamina.retry_context(on=AssertionError, attempts=None, timeout=30, wait_initial=0.1, wait_max=0.3):
        with attempt:
            runs = client.read_flow_runs(flow_run_filter=which)
            assert len(runs) >= count
    return sorted(runs, key=lambda run: str(run.created))


def test_a_breach_starts_the_deployment_that_rolls_back(tmp_path: Path, client: SyncPrefectClient) -> None:
    target = deployed(RunnerDeployment.from_flow(roll_back, name="roll-back"))
    said = create("roll-back", target, tmp_path, support_bot="rolled-bot", groundedness="fluency")
    assert "Created automation 'rolled-bot, roll back'" in " ".join(said.split())
    write_pairs(tmp_path, 40, answers=dict.fromkeys(range(30), SALAD))
    config = monitor(tmp_path, name="rolled-bot")
    assert monitor_flow(config, SIX, SIX + HOUR, return_state=True).is_completed()
    (run,) = started(client, target, 1)
    assert run.parameters == {
        "monitor": "rolled-bot",
        "window_start": "2026-11-20T06:00:00+00:00",
        "value": 0.25,
        "reason": run.parameters["reason"],
    }
    assert run.parameters["reason"].startswith("fluency pass rate 0.250 (")
    hostile = f'{HOSTILE} {{{{ event.payload.value }}}} {{% for x in y %}} " }} \n'
    for monitor_name, severity, text in (
        ("rolled-bot", "warning", "a warning rolls nothing back"),
        ("other-bot", "critical", "nor does another monitor"),
        ("rolled-bot", "critical", hostile),
    ):
        emit_event(
            event="genwatch.alert.opened",
            resource={
                "prefect.resource.id": f"genwatch.alert.{monitor_name}",
                "prefect.resource.name": monitor_name,
                "genwatch.monitor": monitor_name,
                "genwatch.measure": "quality.fluency.pass_rate[language={{ 7*7 }}]",
                "genwatch.severity": severity,
            },
            payload={"window_start": SIX.isoformat(), "value": None, "explanation": text},
        )
    reasons = [run.parameters["reason"] for run in started(client, target, 2)]
    assert reasons[1:] == [hostile]
    assert started(client, target, 2)[1].parameters["value"] is None


@pytest.mark.parametrize("name", ["notify", "retrain"])
def test_the_other_automations_are_what_prefect_takes(name: str, client: SyncPrefectClient) -> None:
    document = YAML(typ="safe").load((FOLDER / f"{name}.yaml").read_text().replace("REPLACE", str(uuid4())))
    made = client.create_automation(AutomationCore.model_validate(document))
    assert client.read_automation(made).name == document["name"]
    client.delete_automation(made)
