"""Real receivers of what is exported: an OTLP collector, and a Pushgateway that holds one group at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from tests.servers.http import Reply, listening, respond

KINDS = {
    "/v1/metrics": (ExportMetricsServiceRequest, ExportMetricsServiceResponse),
    "/v1/logs": (ExportLogsServiceRequest, ExportLogsServiceResponse),
}


@dataclass(slots=True)
class OtlpServer:
    """Where the collector listens and what it has taken; it answers `status`, and says that it `rejected` so many.

    At the request `breaks_at`, counted from 0, the connection breaks within the answer.
    """

    url: str = ""
    status: int = 200
    rejected: int = 0
    breaks_at: int | None = None
    headers: list[dict[str, str]] = field(default_factory=list)
    requests: list[Any] = field(default_factory=list)

    @property
    def points(self) -> list[tuple[str, dict[str, Any], Any]]:
        """Name, attributes and data point of every gauge that came."""
        return [
            (metric.name, attributes(point), point)
            for request in self.requests
            if isinstance(request, ExportMetricsServiceRequest)
            for resource in request.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            for point in metric.gauge.data_points
        ]

    @property
    def events(self) -> list[tuple[dict[str, Any], Any]]:
        """Attributes and record of every log record that came."""
        return [
            (attributes(record), record)
            for request in self.requests
            if isinstance(request, ExportLogsServiceRequest)
            for resource in request.resource_logs
            for scope in resource.scope_logs
            for record in scope.log_records
        ]


@dataclass(slots=True)
class Pushgateway:
    """Where the gateway listens, and the groups that it holds: by path, the samples of the last push."""

    url: str = ""
    status: int = 200
    groups: dict[str, list[Sample]] = field(default_factory=dict)


def attributes(part: Any) -> dict[str, Any]:
    """The attributes of a data point or a log record."""
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in part.attributes}


@contextmanager
def serve_otlp() -> Iterator[OtlpServer]:
    """A collector that takes metrics and logs as protobuf over HTTP, until the block ends."""
    server = OtlpServer()

    async def handle(request: web.Request) -> web.StreamResponse:
        taken, answered = KINDS[request.path]
        assert request.headers["content-type"] == "application/x-protobuf"
        body = await request.read()  # aiohttp has decompressed it
        server.headers.append({name.lower(): value for name, value in request.headers.items()})
        if len(server.headers) - 1 == server.breaks_at:
            return await respond(request, Reply(cut=True))
        if server.status == 200:
            server.requests.append(taken.FromString(body))
        answer: Message = answered()
        if server.rejected:
            partial = answer.partial_success  # type: ignore[attr-defined]
            name = "rejected_data_points" if request.path == "/v1/metrics" else "rejected_log_records"
            setattr(partial, name, server.rejected)
            partial.error_message = "too old"
        return web.Response(body=answer.SerializeToString(), status=server.status)

    app = web.Application(client_max_size=2**28)
    for path in KINDS:
        app.router.add_post(path, handle)
    with listening(app) as server.url:
        yield server


@contextmanager
def serve_pushgateway() -> Iterator[Pushgateway]:
    """A gateway that parses what is put, and holds it instead of what was put before at the same path."""
    server = Pushgateway()

    async def handle(request: web.Request) -> web.Response:
        if server.status == 200:
            server.groups[request.path] = samples((await request.read()).decode())
        return web.Response(status=server.status)

    app = web.Application(client_max_size=2**28)
    app.router.add_put("/metrics/{path:.*}", handle)
    with listening(app) as server.url:
        yield server


def samples(text: str) -> list[Sample]:
    """The samples of a text in Prometheus' format."""
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]
