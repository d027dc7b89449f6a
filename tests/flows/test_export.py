"""Exports as a run makes them, and what is said before one of what they need."""

import sys
from pathlib import Path
from typing import Any

import pytest
from prefect.client.schemas.objects import State

from configs.load import load_monitor
from flows.checking import check_before_run
from flows.monitor import monitor as monitor_flow
from tasks.core.errors import ConfigError
from tests.builders import HOUR, SIX, manifest_of, monitor, write_monitor_file, write_pairs
from tests.servers.metrics import serve_otlp, serve_pushgateway

SALAD = "the the of of is is the the"
WARNINGS = ("an alert was not delivered", "not exported")


@pytest.mark.usefixtures("prefect_server")
def test_a_run_exports_after_it_has_published_and_told_and_a_dead_target_costs_it_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_pairs(tmp_path, 20, answers=dict.fromkeys(range(20), SALAD))
    with serve_otlp() as collector, serve_pushgateway() as gateway:
        gateway.status = 500
        export = {"otlp": {"endpoint": collector.url, "scores": True}, "prometheus": {"pushgateway": gateway.url}}
        config = monitor(tmp_path, export=export, alerts={"slack": "env:NO_SLACK"})
        state: State[Any] = monitor_flow(config, SIX, SIX + HOUR, return_state=True)
    assert state.is_completed(), state.message
    assert manifest_of(config).revision == 0
    assert len(collector.events) == 20
    untold, *warned = [record.message for record in caplog.records if record.message.startswith(WARNINGS)]
    assert untold.startswith("an alert was not delivered")  # before a dead target takes its time
    assert warned == [
        f"not exported: export.prometheus.pushgateway: {gateway.url} answered 500; check the address and the "
        "gateway's log; the next run exports the newest state"
    ]


@pytest.mark.parametrize(
    ("export", "package", "says"),
    [
        ({"otlp": {"endpoint": "http://c:4318"}}, "opentelemetry.exporter.otlp.proto.http", "genwatch[otel]"),
        ({"mlflow": {"tracking_uri": "http://m:5000"}}, "mlflow", "genwatch[mlflow]"),
    ],
)
def test_the_extra_that_an_export_needs_is_named_before_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, export: dict[str, Any], package: str, says: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)  # as Python has what is not installed
    with pytest.raises(ConfigError, match="needs packages that are not installed; run pip install") as caught:
        check_before_run(monitor(tmp_path, export=export), None, None, asks=False)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("export", "sentence"),
    [
        ("{otlp: {endpoint: http://c:4318, scopes: true}}", "export.otlp.scopes"),
        ("{otlp: {endpoint: collector:4318}}", "export.otlp.endpoint"),
        ("{otlp: {endpoint: http://me:sesame@c:4318}}", "an address here holds no user and no password"),
        ("{otlp: {endpoint: http://c:4318, headers: sesame}}", "a secret is named, never written"),
        ("{otlp: {endpoint: http://c:4318, explanations: true}}", "explanations go with the scores"),
        ("{prometheus: {}}", "give textfile, pushgateway or both"),
        ("{prometheus: {textfile: metrics}}", "write the whole path of the folder"),
        ("{mlflow: {tracking_uri: https://me:sesame@mlflow}}", "export.mlflow.tracking_uri"),
    ],
)
def test_a_wrong_export_is_said_by_its_key(tmp_path: Path, export: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_monitor(write_monitor_file(tmp_path, f"export: {export}\n"))
    assert sentence in str(caught.value)
    assert "sesame" not in str(caught.value)
