"""Monitors as Prefect deployments on a work pool, registered directly or written as a `prefect.yaml`."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from io import StringIO
from pathlib import Path
from typing import Any, Final, cast
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentUpdate, WorkPoolCreate
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectNotFound
from prefect.schedules import Cron, Interval, RRule, Schedule
from prefect.types.entrypoint import EntrypointType
from prefect.utilities.callables import parameter_schema
from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

from configs.load import config_hash
from configs.monitor import MonitorConfig
from deployments.description import description
from flows.monitor import TAG, monitor
from tasks.core.errors import ConfigError

ENTRYPOINT: Final = "flows.monitor.monitor"
SLUG: Final = "monitor"
ANCHOR: Final = datetime(2026, 1, 1, tzinfo=UTC)


def register(monitors: Mapping[Path, MonitorConfig], pool: str) -> Iterator[str]:
    """Register each monitor; yields a line for each, and one for each deployment whose monitor file is gone.

    What is as it should be already is left alone. Raises ConfigError where two files share a name.
    """
    _distinct(monitors)
    planned = {config.name: _deployment(config, pool) for config in monitors.values()}
    with get_client(sync_client=True) as client:
        _ensure_pool(client, pool)
        found = client.read_deployments(deployment_filter=DeploymentFilter(tags=DeploymentFilterTags(all_=[TAG])))
        known = {deployment.name: deployment for deployment in found}
        for config in monitors.values():
            before = known.get(config.name)
            wanted = (release(config), pool, description(config))
            if before is not None and (before.version, before.work_pool_name, before.description) == wanted:
                yield f"{TAG}/{config.name}: unchanged"
                continue
            known_as = cast("UUID", planned[config.name].apply())  # outside an event loop the call is synchronous
            client.update_deployment(known_as, DeploymentUpdate(parameter_openapi_schema=_form()))
            yield f"{TAG}/{config.name}: {'updated' if before else 'registered'}{_schedule_text(config)}"
    for name in sorted(known.keys() - {config.name for config in monitors.values()}):
        yield f"{TAG}/{name}: not among these files; if its monitor is gone: prefect deployment delete {TAG}/{name}"


def prefect_yaml(monitors: Mapping[Path, MonitorConfig], pool: str) -> str:
    """The same deployments as a file for `prefect deploy --all`; raises ConfigError as `register` does."""
    _distinct(monitors)
    document = {
        "name": TAG,
        "prefect-version": version("prefect"),
        "pull": None,
        "deployments": [_declaration(config, pool) for config in monitors.values()],
    }
    sink = StringIO()
    yaml = YAML()
    yaml.width = 120
    yaml.dump(document, sink)
    return (
        f"# Written by: genwatch deploy {' '.join(str(path) for path in monitors)} --prefect-file …\n{sink.getvalue()}"
    )


def release(config: MonitorConfig) -> str:
    """The version of a deployment: genwatch's own and the hash of the monitor file."""
    return f"{version('genwatch')}-{config_hash(config)}"


def _deployment(config: MonitorConfig, pool: str) -> RunnerDeployment:
    """One run at a time, further ones wait: windows are taken in order and none is lost."""
    return RunnerDeployment.from_flow(
        monitor,
        name=config.name,
        description=description(config),
        tags=[TAG, config.name],
        version=release(config),
        schedules=[schedule] if (schedule := _schedule(config)) else [],
        parameters={"config": config.model_dump(mode="json")},
        concurrency_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.ENQUEUE),
        work_pool_name=pool,
        entrypoint_type=EntrypointType.MODULE_PATH,
    )


def _form() -> dict[str, Any]:
    """The parameters as Prefect's page asks for them: those for a run by hand, then the monitor, a long form."""
    schema = parameter_schema(monitor)
    schema.properties["config"]["position"] = len(schema.properties)
    return schema.model_dump(exclude_unset=True)


def _declaration(config: MonitorConfig, pool: str) -> dict[str, Any]:
    return {
        "name": config.name,
        "entrypoint": ENTRYPOINT,
        "description": LiteralScalarString(description(config)),
        "tags": [TAG, config.name],
        "version": release(config),
        "schedules": [dict(_schedule_fields(config))] if config.schedule else [],
        "concurrency_limit": {"limit": 1, "collision_strategy": "ENQUEUE"},
        "work_pool": {"name": pool},
        "parameters": {"config": config.model_dump(mode="json")},
    }


def _schedule(config: MonitorConfig) -> Schedule | None:
    """The monitor's schedule; its slug keeps a paused schedule paused when it is registered again."""
    asked = config.schedule
    if asked is None:
        return None
    try:
        if asked.cron is not None:
            return Cron(asked.cron, timezone=asked.timezone, slug=SLUG)
        if asked.interval is not None:
            return Interval(asked.interval, anchor_date=ANCHOR, timezone=asked.timezone, slug=SLUG)
        return RRule(asked.rrule or "", timezone=asked.timezone, slug=SLUG)
    except ValueError as error:
        message = f"{config.name}: schedule {asked.cron or asked.rrule!r} is none that Prefect can read; correct it"
        raise ConfigError(message) from error


def _schedule_fields(config: MonitorConfig) -> Iterator[tuple[str, Any]]:
    asked = config.schedule
    if asked is None:
        return
    if asked.interval is not None:
        yield "interval", int(asked.interval.total_seconds())
        yield "anchor_date", ANCHOR.isoformat()
    elif asked.cron is not None:
        yield "cron", asked.cron
    else:
        yield "rrule", asked.rrule
    yield "timezone", asked.timezone
    yield "slug", SLUG


def _schedule_text(config: MonitorConfig) -> str:
    fields = dict(_schedule_fields(config))
    kind = next((name for name in ("cron", "interval", "rrule") if name in fields), None)
    return ", no schedule" if kind is None else f", {kind} {fields[kind]} {fields['timezone']}"


def _ensure_pool(client: SyncPrefectClient, pool: str) -> None:
    """Make a process work pool where there is none; one of another type runs the monitors in its own way."""
    try:
        client.read_work_pool(pool)
    except ObjectNotFound:
        client.create_work_pool(WorkPoolCreate(name=pool, type="process"))


def _distinct(monitors: Mapping[Path, MonitorConfig]) -> None:
    names: dict[str, Path] = {}
    for path, config in monitors.items():
        if config.name in names:
            message = f"{path}: name is {config.name}, as in {names[config.name]}; every monitor needs its own name"
            raise ConfigError(message)
        names[config.name] = path
