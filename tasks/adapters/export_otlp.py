"""OpenTelemetry over OTLP: series as gauges at the window's end, judgements as events; no provider, no reader."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import requests
from google.protobuf.message import DecodeError
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExportResult
from opentelemetry.sdk.metrics.export import (
    Gauge,
    Metric,
    MetricExportResult,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

from tasks.core.plain import plain
from tasks.core.telemetry.evaluations import EVENT, Evaluation
from tasks.core.telemetry.series import Family

BATCH: Final = 1000  # points or events a request
SHOWN: Final = 200
TAKEN: Final = 2  # the first digit of the status
TIMEOUT_S: Final = 10  # of a request with its repetitions
SCOPE: Final = InstrumentationScope("genwatch")
RESOURCE: Final = Resource({"service.name": "genwatch"})


class Collector:
    """What takes OTLP at an address, such as `http://collector:4318`, with the headers that it wants."""

    def __init__(self, endpoint: str, headers: Mapping[str, str]) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._headers = dict(headers)

    def take_metrics(self, families: Sequence[Family], at: datetime) -> str | None:
        """Send all series as gauges of that time; returns why they were not all taken, None where they were."""
        seen = _Seen()
        exporter = OTLPMetricExporter(
            f"{self._endpoint}/v1/metrics",
            headers=self._headers,
            timeout=TIMEOUT_S,
            compression=Compression.Gzip,
            session=seen.session,
            max_export_batch_size=BATCH,
        )
        seen.is_sent = exporter.export(_metrics(families, at)) is MetricExportResult.SUCCESS
        exporter.shutdown()
        return self._fault(seen, "/v1/metrics", ExportMetricsServiceResponse, "rejected_data_points")

    def take_events(self, evaluations: Sequence[Evaluation]) -> str | None:
        """Send an event for each evaluation; returns why they were not all taken, None where they were."""
        seen = _Seen()
        exporter = OTLPLogExporter(
            f"{self._endpoint}/v1/logs",
            headers=self._headers,
            timeout=TIMEOUT_S,
            compression=Compression.Gzip,
            session=seen.session,
        )
        for start in range(0, len(evaluations), BATCH):
            records = [_record(one) for one in evaluations[start : start + BATCH]]
            seen.is_sent = exporter.export(records) is LogRecordExportResult.SUCCESS
            if not seen.is_well:
                break
        exporter.shutdown()  # type: ignore[no-untyped-call]
        return self._fault(seen, "/v1/logs", ExportLogsServiceResponse, "rejected_log_records")

    def _fault(self, seen: "_Seen", path: str, kind: Any, rejected: str) -> str | None:  # noqa: ANN401  of protobuf
        where = f"export.otlp: {self._endpoint}{path}"
        if not seen.is_well:
            what = f"answered {seen.status}" if seen.is_refused else "cannot be reached"
            return f"{where} {what}; check the address, the headers and the collector's log"
        answers = [_parsed(kind, body) for body in seen.bodies]
        if count := sum(getattr(answer, rejected) for answer in answers):
            why = next((plain(answer.error_message, SHOWN) for answer in answers if answer.error_message), "no reason")
            return f"{where} took all but {count} of them ({why}); see what it accepts"
        return None


class _Seen:
    """A session that remembers what was answered: the exporters tell neither the status nor what was rejected.

    `is_sent` is what they tell: false after a connection that failed, true after a redirect, which they do not follow.
    """

    def __init__(self) -> None:
        self.is_sent = True
        self.status: int | None = None
        self.bodies: list[bytes] = []
        self.session = requests.Session()
        self.session.hooks["response"].append(self._remember)

    @property
    def is_refused(self) -> bool:
        """Whether the last answer was none that takes something."""
        return self.status is not None and self.status // 100 != TAKEN

    @property
    def is_well(self) -> bool:
        """Whether all that was sent so far was taken."""
        return self.is_sent and not self.is_refused

    def _remember(self, response: requests.Response, *_: object, **__: object) -> None:
        self.status = response.status_code
        if not self.is_refused:
            self.bodies.append(response.content)


def _parsed(kind: Any, body: bytes) -> Any:  # noqa: ANN401  of protobuf
    """What a collector says of the parts that it did not take; one that answers in no protobuf says nothing."""
    try:
        return kind.FromString(body).partial_success
    except DecodeError:
        return kind().partial_success


def _metrics(families: Sequence[Family], at: datetime) -> MetricsData:
    time = _nanoseconds(at)
    metrics = [
        Metric(
            name=family.name,
            description=family.says,
            unit=family.unit,
            data=Gauge(
                data_points=[
                    NumberDataPoint(dict(labels), start_time_unix_nano=0, time_unix_nano=time, value=float(value))
                    for labels, value in family.points
                ]
            ),
        )
        for family in families
    ]
    scope = ScopeMetrics(scope=SCOPE, metrics=metrics, schema_url="")
    return MetricsData(resource_metrics=[ResourceMetrics(resource=RESOURCE, scope_metrics=[scope], schema_url="")])


def _record(evaluation: Evaluation) -> ReadableLogRecord:
    context = SpanContext(
        trace_id=evaluation.trace_id or 0,
        span_id=evaluation.span_id or 0,
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.DEFAULT),
    )
    record = LogRecord(
        timestamp=_nanoseconds(evaluation.event_time),
        observed_timestamp=_nanoseconds(evaluation.judged_at),
        context=set_span_in_context(NonRecordingSpan(context)),
        severity_number=SeverityNumber.INFO,
        attributes=dict(evaluation.attributes),
        event_name=EVENT,
    )
    return ReadableLogRecord(log_record=record, resource=RESOURCE, instrumentation_scope=SCOPE)


def _nanoseconds(moment: datetime) -> int:
    """Nanoseconds since 1970; whole microseconds stay whole."""
    return int(moment.timestamp()) * 10**9 + moment.microsecond * 1000
