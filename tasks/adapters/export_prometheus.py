"""Prometheus: the series of the newest window in a textfile, and in a Pushgateway."""

from collections.abc import Iterable, Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, push_to_gateway, write_to_textfile
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from tasks.core.telemetry.series import Family

JOB: Final = "genwatch"
TIMEOUT_S: Final = 10
SUFFIXES: Final = {"": "", "s": "_seconds"}


class _Families(Collector):
    """Families as the client library collects them; it escapes the values of labels."""

    def __init__(self, families: Sequence[Family]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        """As `Collector.collect`."""
        return map(_metric, self._families)


def write_textfile(folder: Path, monitor: str, families: Sequence[Family]) -> str | None:
    """Write `genwatch_<monitor>.prom`, whole or not at all; returns why it could not be written, None when it was."""
    path = folder / f"genwatch_{monitor}.prom"
    try:
        write_to_textfile(str(path), _registry(families))
    except OSError as error:
        return (
            f"export.prometheus.textfile: {path} cannot be written ({error.strerror}); create the folder, or grant it"
        )
    return None


def push(gateway: str, monitor: str, families: Sequence[Family]) -> str | None:
    """Replace the monitor's group in a Pushgateway; returns why that failed, None when it did not."""
    try:
        push_to_gateway(gateway, JOB, _registry(families), {"monitor": monitor}, TIMEOUT_S)
    except (OSError, HTTPException) as error:
        status = getattr(error, "code", None)
        what = "cannot be reached" if status is None else f"answered {status}"
        return f"export.prometheus.pushgateway: {gateway} {what}; check the address and the gateway's log"
    return None


def _registry(families: Sequence[Family]) -> CollectorRegistry:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(families))
    return registry


def _metric(family: Family) -> Metric:
    name = f"{family.name.replace('.', '_')}{SUFFIXES[family.unit]}"
    metric = Metric(name, family.says, "gauge")
    for labels, value in family.points:
        metric.add_sample(name, dict(labels), value)
    return metric
