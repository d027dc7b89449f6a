"""The work pools under deployments/, rendered as Prefect's own workers render them and held against what they send."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
from botocore.session import Session
from botocore.validate import ParamValidator
from docker.models.containers import _create_container_args
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import FlowRun
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings
from prefect.workers.base import BaseJobConfiguration
from prefect_aws.workers.ecs_worker import ECSJobConfiguration, ECSWorker
from prefect_docker.worker import DockerWorker, DockerWorkerJobConfiguration
from prefect_kubernetes.worker import KubernetesWorkerJobConfiguration
from ruamel.yaml import YAML

from configs.running import EngineSettings
from deployments.register import _deployment, register
from tests.builders import monitor
from tests.flows.test_cli import ROOT

FOLDER = ROOT / "deployments"
TYPES = ("docker", "kubernetes", "ecs")
API_URL = "http://prefect.example/api"
WORKERS_OWN = "worker:made-up"
KUBERNETES = ("1.30", "1.37")
HEADROOM_GB = 1
SPILL = 1.2
# https://github.com/dirt-simple/terraform-aws-fargate-cpu-memory-values
FARGATE_MIB = {256: {512, 1024, 2048}, 1024: set(range(2048, 8193, 1024)), 2048: set(range(4096, 16385, 1024))}
FARGATE_IMAGE_GIB = 4
Rendered = tuple[Any, FlowRun]


@pytest.fixture(scope="module")
def pools(prefect_server: None) -> None:
    """A pool on the server from each of the files."""
    with get_client(sync_client=True) as client:
        for kind in TYPES:
            template = json.loads((FOLDER / kind / "work-pool.json").read_text())
            client.create_work_pool(WorkPoolCreate(name=f"example-{kind}", type=kind, base_job_template=template))


def rendered(
    kind: str, folder: Path, configuration: type[BaseJobConfiguration], variables: Mapping[str, Any] | None = None
) -> Rendered:
    """The job of a run of a deployed monitor, as the worker of the pool makes it; with the run."""

    async def render() -> Rendered:
        async with get_client() as client:
            made = await client.create_flow_run_from_deployment(deployed, job_variables=dict(variables or {}))
            pool = await client.read_work_pool(f"example-{kind}")
            job = await configuration.resolve_for_flow_run(made, client=client, work_pool=pool, worker_name="worker")
            return job, made

    deployed = _deployment(monitor(folder, name=f"{kind}-bot"), f"example-{kind}").apply()
    with temporary_settings({PREFECT_API_AUTH_STRING: WORKERS_OWN}):
        return asyncio.run(render())


def docker_container(folder: Path, **variables: Any) -> dict[str, Any]:
    """What Docker's client would be asked to create."""
    job, _ = rendered("docker", folder, DockerWorkerJobConfiguration, {"env": {"PREFECT_API_URL": API_URL}} | variables)
    settings = DockerWorker(work_pool_name="example-docker")._build_container_settings(None, job)
    arguments: dict[str, Any] = _create_container_args(settings | {"version": "1.44"})
    return arguments


def kubernetes_job(folder: Path, **variables: Any) -> dict[str, Any]:
    """The manifest that would be created."""
    job, _ = rendered("kubernetes", folder, KubernetesWorkerJobConfiguration, variables)
    manifest: dict[str, Any] = job.job_manifest
    return manifest


def ecs_requests(folder: Path, **variables: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The requests that register the task definition and run the task."""
    job, run = rendered("ecs", folder, ECSJobConfiguration, variables)
    worker = ECSWorker(work_pool_name="example-ecs")
    definition = worker._prepare_task_definition(job, region="REGION", flow_run=run)
    worker._validate_task_definition(definition, job)
    return definition, worker._prepare_task_run_request(
        job, definition, "genwatch-run:1", new_task_definition_registered=True
    )


def faults(operation: str, request: Mapping[str, Any]) -> str:
    """What the model of the ECS API has against a request."""
    shape = Session().get_service_model("ecs").operation_model(operation).input_shape
    return str(ParamValidator().validate(request, shape).generate_report())


def invalid(manifest: Mapping[str, Any]) -> Iterator[str]:
    """What Kubernetes has against a manifest, in the oldest and the newest version."""
    for release in KUBERNETES:
        try:
            kubernetes_validate.validate(dict(manifest), release, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"{release}: {error.message}"


def without_prefects_oddity(manifest: dict[str, Any]) -> dict[str, Any]:
    """Prefect insists on two keys in the pod's spec that are a job's; a cluster warns of them and drops them."""
    for odd in ("parallelism", "completions"):
        assert manifest["spec"]["template"]["spec"].pop(odd) == manifest["spec"][odd] == 1
    return manifest


def environment_of(container: Mapping[str, Any]) -> dict[str, str]:
    return {one["name"]: one["value"] for one in container.get("env", container.get("environment", []))}


def gigabytes(text: str) -> float:
    """The gigabytes of a quantity as Docker or Kubernetes write it."""
    number = re.fullmatch(r"(\d+)(?:g|Gi)", text)
    assert number is not None, text
    return int(number[1]) * 2**30 / 1e9


def test_prefects_own_command_takes_the_file(prefect_server: None) -> None:
    command = ["work-pool", "create", "by-command", "--type", "kubernetes", "--base-job-template"]
    made = subprocess.run(
        [str(Path(sys.executable).parent / "prefect"), *command, str(FOLDER / "kubernetes/work-pool.json")],
        env=os.environ | {"PREFECT_API_URL": PREFECT_API_URL.value()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr


@pytest.mark.parametrize("kind", TYPES)
def test_monitors_are_deployed_to_pools_of_any_type(pools: None, tmp_path: Path, kind: str) -> None:
    config = monitor(tmp_path, name=f"in-{kind}", schedule={"interval": "1h"})
    (line, *_) = register({tmp_path / "bot.yaml": config}, f"example-{kind}")
    assert line.startswith(f"genwatch/in-{kind}: registered")
    with get_client(sync_client=True) as client:
        assert client.read_deployment_by_name(f"genwatch/in-{kind}").work_pool_name == f"example-{kind}"


def test_docker_runs_a_bounded_container_that_can_write_to_scratch_alone(pools: None, tmp_path: Path) -> None:
    container = docker_container(tmp_path)
    host = container["host_config"]
    assert container["image"] == f"genwatch:{version('genwatch')}"
    assert container["command"] == "prefect flow-run execute"
    assert container["user"] == "10001:10001"
    assert host["Binds"] == ["/scratch"]
    assert host["AutoRemove"]
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert host["NanoCpus"] == 2 * 10**9
    assert host["MemorySwap"] == host["Memory"] >= (EngineSettings().memory_gb + HEADROOM_GB) * 1e9


def test_docker_hands_on_what_the_worker_has_in_its_environment_by_name(
    pools: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "made-up")
    monkeypatch.delenv("SLACK_WEBHOOK_URL", raising=False)
    environment = docker_container(tmp_path)["environment"]
    assert environment["OPENAI_API_KEY"] == "made-up"
    assert environment["SLACK_WEBHOOK_URL"] == "", "as if it were not set"
    assert (environment["TMPDIR"], environment["PREFECT_API_URL"]) == ("/scratch", API_URL)
    assert "made-up" not in (FOLDER / "docker/work-pool.json").read_text()


def test_kubernetes_accepts_the_job(pools: None, tmp_path: Path) -> None:
    manifest = without_prefects_oddity(kubernetes_job(tmp_path))
    assert list(invalid(manifest)) == []
    assert list(invalid(manifest | {"spec": manifest["spec"] | {"backofLimit": 0}})) != [], "the check itself checks"


def test_kubernetes_runs_a_bounded_pod_that_can_write_to_scratch_alone(pools: None, tmp_path: Path) -> None:
    pod = kubernetes_job(tmp_path)["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    limits = container["resources"]["limits"]
    (scratch,) = pod["volumes"]
    assert container["image"] == f"genwatch:{version('genwatch')}"
    assert container["args"] == ["prefect", "flow-run", "execute"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["volumeMounts"] == [{"name": "scratch", "mountPath": "/scratch"}]
    assert environment_of(container)["TMPDIR"] == "/scratch"
    assert gigabytes(limits["memory"]) >= EngineSettings().memory_gb + HEADROOM_GB
    assert gigabytes(limits["ephemeral-storage"]) >= EngineSettings().scratch_gb * SPILL
    assert scratch["emptyDir"]["sizeLimit"] == limits["ephemeral-storage"]


def test_kubernetes_names_the_secret_and_holds_no_value_of_it(pools: None, tmp_path: Path) -> None:
    manifest = kubernetes_job(tmp_path)
    (container,) = manifest["spec"]["template"]["spec"]["containers"]
    assert container["envFrom"] == [{"secretRef": {"name": "genwatch", "optional": True}}]
    assert WORKERS_OWN not in json.dumps(manifest)
    assert environment_of(container)["PREFECT_API_URL"] == PREFECT_API_URL.value(), "the worker's own"


def test_a_variable_of_the_pool_reaches_the_job(pools: None, tmp_path: Path) -> None:
    manifest = kubernetes_job(tmp_path, memory="9Gi", scratch="240Gi", prefect_api_url=API_URL)
    pod = manifest["spec"]["template"]["spec"]
    limits = pod["containers"][0]["resources"]["limits"]
    assert (limits["memory"], pod["volumes"][0]["emptyDir"]["sizeLimit"]) == ("9Gi", "240Gi")
    assert environment_of(pod["containers"][0])["PREFECT_API_URL"] == API_URL


def test_kubernetes_accepts_the_worker_and_its_rights_cover_what_it_does() -> None:
    documents = list(YAML(typ="safe").load_all((FOLDER / "kubernetes/worker.yaml").read_text()))
    assert [fault for one in documents for fault in invalid(one)] == []
    named = {(one["kind"], one["metadata"]["name"]): one for one in documents}
    variables = json.loads((FOLDER / "kubernetes/work-pool.json").read_text())["variables"]["properties"]
    assert ("ServiceAccount", variables["service_account_name"]["default"]) in named
    assert ("Namespace", variables["namespace"]["default"]) in named
    worker = named["Deployment", "genwatch-worker"]["spec"]["template"]["spec"]
    assert ("ServiceAccount", worker["serviceAccountName"]) in named
    (container,) = worker["containers"]
    watched = [one["value"] for one in container["env"] if one["name"].endswith("OBSERVER_NAMESPACES")]
    assert watched == [variables["namespace"]["default"]], "without it the worker watches, and needs, the whole cluster"
    assert container["image"].startswith(f"prefecthq/prefect:{version('prefect')}-")
    rights = {
        (kind, verb)
        for rule in named["Role", "genwatch-worker"]["rules"]
        for kind in rule["resources"]
        for verb in rule["verbs"]
    }
    assert {("jobs", "create"), ("jobs", "delete"), ("jobs", "watch"), ("pods", "watch"), ("pods/log", "get")} <= rights
    assert not {kind for kind, _ in rights} & {"secrets"}


def test_ecs_accepts_the_task_definition_and_the_task(pools: None, tmp_path: Path) -> None:
    definition, task = ecs_requests(tmp_path)
    assert faults("RegisterTaskDefinition", definition) == ""
    assert faults("RunTask", task) == ""
    assert "memori" in faults("RegisterTaskDefinition", definition | {"memori": "1"}), "the check itself checks"


def test_fargate_runs_a_bounded_task_as_no_root(pools: None, tmp_path: Path) -> None:
    definition, task = ecs_requests(tmp_path)
    (container,) = definition["containerDefinitions"]
    (override,) = task["overrides"]["containerOverrides"]
    cpu, memory = int(definition["cpu"]), int(definition["memory"])
    storage = definition["ephemeralStorage"]["sizeInGiB"]
    assert memory in FARGATE_MIB[cpu]
    assert memory * 2**20 / 1e9 >= EngineSettings().memory_gb + HEADROOM_GB
    assert 21 <= storage <= 200
    assert (storage - FARGATE_IMAGE_GIB) * 2**30 / 1e9 >= EngineSettings().scratch_gb * SPILL
    assert container["image"] == f"genwatch:{version('genwatch')}"
    assert container["user"] == "10001:10001"
    assert override["command"] == ["prefect", "flow-run", "execute"]
    assert environment_of(override)["TMPDIR"] == "/scratch"
    assert task["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"] == "DISABLED"


def test_ecs_names_the_secrets_and_holds_no_value_of_them(pools: None, tmp_path: Path) -> None:
    secrets = [{"name": "OPENAI_API_KEY", "valueFrom": "arn:aws:ssm:REGION:ACCOUNT:parameter/genwatch/key"}]
    definition, task = ecs_requests(tmp_path, secrets=secrets)
    assert definition["containerDefinitions"][0]["secrets"] == secrets
    assert WORKERS_OWN not in json.dumps([definition, task])


def test_ecs_accepts_the_worker() -> None:
    definition = json.loads((FOLDER / "ecs/worker-task-definition.json").read_text())
    assert faults("RegisterTaskDefinition", definition) == ""
    assert int(definition["memory"]) in FARGATE_MIB[int(definition["cpu"])]
    command = definition["containerDefinitions"][0]["command"][-1]
    for package in ("prefect", "prefect-aws"):
        assert f"{package}=={version(package)}" in command


def test_no_variable_of_a_pool_goes_unused() -> None:
    for kind in TYPES:
        pool = json.loads((FOLDER / kind / "work-pool.json").read_text())
        used = set(re.findall(r"{{ (\w+) }}", json.dumps(pool["job_configuration"]))) | {"env"}
        assert used == pool["variables"]["properties"].keys() | {"env"}, kind


def test_the_image_is_built_from_the_lock_runs_as_no_root_and_finds_what_it_copies() -> None:
    text = (FOLDER / "Dockerfile").read_text()
    steps = [line.split(maxsplit=1) for line in text.replace("\\\n", " ").splitlines() if line[:1].isupper()]
    copied = [rest.split()[:-1] for step, rest in steps if step == "COPY" and not rest.startswith("--from")]
    allowed = {line[1:] for line in (FOLDER / "Dockerfile.dockerignore").read_text().splitlines() if line[0] == "!"}
    sources = {source for names in copied for source in names}
    assert all((ROOT / source).exists() for source in sources)
    assert sources == allowed
    assert {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()} <= sources
    assert "--require-hashes --no-deps" in text
    assert [rest for step, rest in steps if step == "USER"] == ["10001:10001"]
    assert {rest.split()[0] for step, rest in steps if step == "FROM"} == {"python:3.11-slim-bookworm"}
    assert f"genwatch:{version('genwatch')} " in text
