"""Exports of a published window to real receivers: an OTLP collector, a Pushgateway, a textfile, MLflow's store."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from typing import TYPE_CHECKING, Any, BinaryIO

import pytest

from configs.export import Export
from configs.monitor import MonitorConfig
from tasks.adapters.alert_books import read_book
from tasks.adapters.export_otlp import BATCH, Collector
from tasks.adapters.results import key, read_table
from tasks.core.errors import StorageError
from tasks.core.measure import Measure, from_table
from tasks.core.run import Job
from tasks.core.telemetry.series import Family
from tasks.core.window import Window
from tasks.export import Sent, check_exports, export_window
from tests.builders import HOUR, SIX, WINDOW, answered, asked, job, judged_by, monitor, store_of, write_logs
from tests.publishing import publish_window
from tests.servers.evaluator import metric_of, part_of, said, verdict
from tests.servers.http import Received, Reply, serve
from tests.servers.metrics import OtlpServer, Pushgateway, samples, serve_otlp, serve_pushgateway

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

HOSTILE = 'gold"} 1\ngenwatch_measure{monitor="other\\" # \u202e\x00'
HOSTILE_SHOWN = 'gold"} 1 genwatch_measure{monitor="other\\" #'
NANO = 10**9
PARTS = {"": "value", "low": "low", "high": "high", "rows": "n"}
EMPTY = Window(start=SIX + HOUR, end=SIX + 2 * HOUR)
FIRST = job()


def judge(received: Received) -> Reply:
    """Relevance is never answered readably; fluency is 2 for short answers, 4 for others, and once unreadable."""
    answer = part_of(received, "ANSWER")
    if metric_of(received) == "relevance" or "unreadable" in answer:
        return said("It is hard to say.")
    return verdict(2 if "short" in answer else 4, reason=f"They say: {answer}")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> MonitorConfig:
    """A monitor that has published six calls, a revision with a late one, and the next window, which is empty.

    Two of the calls are of a segment with a hostile name; one answer is never judged readably.
    """
    folder = tmp_path_factory.mktemp("exports")
    answers = ["a short one", "a long answer", "a long answer, too", "unreadable", "long enough", "the last answer"]
    rows = [(f"c{number}", SIX + number * HOUR / 10, answer) for number, answer in enumerate(answers)]
    tiers = [HOSTILE if number < 2 else "silver" for number in range(6)]
    inputs = [asked(one, time, tier=tier) for (one, time, _), tier in zip(rows, tiers, strict=True)]
    write_logs(folder, "inputs", SIX, inputs)
    write_logs(folder, "outputs", SIX, [answered(one, time, answer) for one, time, answer in rows])
    columns = {"prompt": "question", "completion": "answer", "context": "documents", "tier": "tier"}
    metrics = {"fluency": {"min_pass_rate": 0.9}, "relevance": {}}
    with serve(judge) as server:
        config = judged_by(
            server.url, folder, source={"columns": columns}, quality={"metrics": metrics}, segments=["tier"]
        )
        publish_window(config)
        write_logs(folder, "inputs", SIX, [asked("late", SIX + HOUR / 2, tier="silver")], "late.jsonl")
        write_logs(folder, "outputs", SIX, [answered("late", SIX + HOUR / 2, "a long answer")], "late.jsonl")
        publish_window(config, revision=1)
        publish_window(config, EMPTY)
    return config


@pytest.fixture
def collector() -> Iterator[OtlpServer]:
    with serve_otlp() as running:
        yield running


@pytest.fixture
def gateway() -> Iterator[Pushgateway]:
    with serve_pushgateway() as running:
        yield running


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a tracking store in files, which MLflow opens for those alone who ask for it."""
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    return (tmp_path / "mlruns").as_uri()


def exporting(base: MonitorConfig, **export: Any) -> MonitorConfig:
    """The monitor with these exports."""
    return base.model_copy(update={"export": Export.model_validate(export)})


def exported(config: MonitorConfig, run: Job = FIRST) -> list[Sent]:
    return list(export_window(config, run, store_of(config)))


def faults(sent: list[Sent]) -> list[str]:
    return [one.fault for one in sent if one.fault is not None]


def stored(config: MonitorConfig, job: Job = FIRST) -> list[Measure]:
    return from_table(read_table(store_of(config), key("measures", job.window.key, job.revision)))


def place(labels: dict[str, Any]) -> tuple[str, ...]:
    """What tells one series from another; a label that is missing is empty, as to Prometheus."""
    names = ("signal", "subject", "measure", "unit", "segment_by", "segment")
    return tuple(str(labels.get(name, "")) for name in names)


def place_of(measure: Measure) -> tuple[str, ...]:
    shown = "" if measure.segment is None else measure.segment.replace(HOSTILE, HOSTILE_SHOWN)
    return (measure.signal, measure.subject, measure.measure, measure.unit, measure.segment_by or "", shown)


def figures(measures: list[Measure], name: str) -> dict[tuple[str, ...], float]:
    values = {place_of(one): getattr(one, name) for one in measures}
    return {at: value for at, value in values.items() if value is not None}


def test_a_collector_takes_every_measure_as_the_store_has_it_at_the_end_of_the_window(
    tmp_path: Path, base: MonitorConfig, collector: OtlpServer
) -> None:
    config = exporting(base, otlp={"endpoint": collector.url})
    assert faults(exported(config)) == []
    measures = stored(config)
    assert any(one.value is None for one in measures)
    for suffix, name in PARTS.items():
        told = f"genwatch.measure.{suffix}".rstrip(".")
        found = {place(labels): point.as_double for given, labels, point in collector.points if given == told}
        assert found == figures(measures, name)
    assert {labels["monitor"] for _, labels, _ in collector.points} == {"bot"}
    assert {point.time_unix_nano for _, _, point in collector.points} == {int(WINDOW.end.timestamp()) * NANO}
    assert collector.events == []


def test_a_verdict_is_one_of_its_four_states(tmp_path: Path, base: MonitorConfig, collector: OtlpServer) -> None:
    config = exporting(base, otlp={"endpoint": collector.url})
    exported(config)
    rate = [
        (labels["state"], point.as_double)
        for name, labels, point in collector.points
        if name == "genwatch.verdict" and labels["measure"] == "pass_rate"
    ]
    assert dict(rate) == {"ok": 0, "breach": 0, "undecided": 1, "no_data": 0}
    limits = {
        labels["measure"]: (labels["direction"], point.as_double)
        for name, labels, point in collector.points
        if name == "genwatch.limit"
    }
    assert limits["pass_rate"] == ("min", 0.9)


def test_open_alerts_are_counted_for_the_newest_window_alone(base: MonitorConfig, collector: OtlpServer) -> None:
    config = exporting(base, otlp={"endpoint": collector.url})
    exported(config)
    open_now = [alert for alert in read_book(store_of(config), WINDOW.key, 0).alerts if alert.is_open]
    told = {
        (labels["severity"], labels["status"]): point.as_double
        for name, labels, point in collector.points
        if name == "genwatch.alerts"
    }
    assert len(told) == 4
    assert told["critical", "open"] == sum(told.values()) == len(open_now) > 0
    collector.requests.clear()
    exported(config, job(revision=1, is_newest=False))
    assert "genwatch.alerts" not in {name for name, _, _ in collector.points}


def test_every_judgement_is_an_event_and_one_without_a_score_carries_its_error_and_no_score(
    tmp_path: Path, base: MonitorConfig, collector: OtlpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTLP_HEADERS", "api-key=sesame%20open, x-team = bots")
    otlp = {"endpoint": f"{collector.url}/", "scores": True, "headers": "env:OTLP_HEADERS"}
    config = exporting(base, otlp=otlp)
    assert faults(exported(config)) == []
    events = {(at["genwatch.interaction.id"], at["gen_ai.evaluation.name"]): (at, one) for at, one in collector.events}
    assert len(events) == len(collector.events) == 12
    scores = {at: attributes.get("gen_ai.evaluation.score.value") for at, (attributes, _) in events.items()}
    assert [scores[f"c{number}", "fluency"] for number in range(6)] == [2, 4, 4, None, 4, 4]
    assert {scores[f"c{number}", "relevance"] for number in range(6)} == {None}
    for attributes, record in events.values():
        assert record.event_name == "gen_ai.evaluation.result"
        assert ("error.type" in attributes) == ("gen_ai.evaluation.score.value" not in attributes)
        assert attributes.get("error.type", "unreadable") == "unreadable"
        assert "gen_ai.evaluation.explanation" not in attributes
        assert attributes["genwatch.judge.model"] == "judge-2026-01-01"
    labels = [events[f"c{number}", "fluency"][0].get("gen_ai.evaluation.score.label") for number in (0, 1, 3)]
    assert labels == ["fail", "pass", None]
    record = events["c1", "fluency"][1]
    assert record.time_unix_nano == int((SIX + HOUR / 10).timestamp()) * NANO
    assert record.observed_time_unix_nano > record.time_unix_nano
    assert (record.trace_id, record.span_id) == (b"", b"")
    assert {(one["api-key"], one["x-team"]) for one in collector.headers} == {("sesame open", "bots")}


def test_reasons_are_sent_where_they_are_asked_for(tmp_path: Path, base: MonitorConfig, collector: OtlpServer) -> None:
    otlp = {"endpoint": collector.url, "scores": True, "explanations": True}
    config = exporting(base, otlp=otlp)
    exported(config)
    told = [at["gen_ai.evaluation.explanation"] for at, _ in collector.events if "gen_ai.evaluation.explanation" in at]
    assert min(told) == "They say: a long answer"
    assert len(told) == 5


def test_a_later_revision_sends_the_judgements_that_came_with_it(
    tmp_path: Path, base: MonitorConfig, collector: OtlpServer
) -> None:
    config = exporting(base, otlp={"endpoint": collector.url, "scores": True})
    exported(config, job(revision=1))
    again = [(at["genwatch.interaction.id"], at["gen_ai.evaluation.name"]) for at, _ in collector.events]
    fluency = sorted(one for one, metric in again if metric == "fluency")
    assert fluency == ["c3", "late"]  # the unreadable one was asked once more
    assert any(name == "genwatch.measure" for name, _, _ in collector.points)


@pytest.mark.parametrize(
    ("status", "rejected", "says"),
    [
        (401, 0, "answered 401; check the address, the headers and the collector's log"),
        (302, 0, "answered 302; check"),
        (200, 7, "took all but 7 of them (too old)"),
    ],
)
def test_what_a_collector_does_not_take_is_said_with_what_is_lost(
    tmp_path: Path, base: MonitorConfig, collector: OtlpServer, status: int, rejected: int, says: str
) -> None:
    config = exporting(base, otlp={"endpoint": collector.url, "scores": True})
    collector.status, collector.rejected = status, rejected
    values, events = faults(exported(config))
    assert values.startswith(f"export.otlp: {collector.url}/v1/metrics {says}")
    assert events.startswith(f"export.otlp: {collector.url}/v1/logs {says}")
    assert values.endswith("; this window's values are not sent again")
    assert events.endswith("; the events that it did not take are not sent again, the scores are in the store")


def test_a_window_without_judgements_has_no_event_to_send_and_that_is_no_fault(
    base: MonitorConfig, collector: OtlpServer
) -> None:
    config = exporting(base, otlp={"endpoint": collector.url, "scores": True})
    assert faults(exported(config, job(EMPTY))) == []
    assert collector.events == []


def test_a_connection_that_breaks_after_a_part_was_taken_is_said(collector: OtlpServer) -> None:
    points = [({"monitor": "bot", "segment": str(number)}, 1.0) for number in range(BATCH + 1)]
    collector.breaks_at = 1
    said = Collector(collector.url, {}).take_metrics([Family(name="genwatch.measure", says="", points=points)], SIX)
    assert len(collector.points) == BATCH
    assert str(said).startswith(f"export.otlp: {collector.url}/v1/metrics cannot be reached")


def test_a_secret_that_is_missing_or_of_another_form_costs_a_warning_that_does_not_show_it(
    tmp_path: Path, base: MonitorConfig, collector: OtlpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = exporting(base, otlp={"endpoint": collector.url, "headers": "env:OTLP_HEADERS"})
    (fault,) = faults(exported(config))
    assert "export.otlp.headers: the environment variable OTLP_HEADERS is not set" in fault
    monkeypatch.setenv("OTLP_HEADERS", "sesame")
    (fault,) = faults(exported(config))
    assert "not of the form name=value" in fault
    assert "sesame" not in fault


def prometheus_of(found: list[Any], name: str) -> dict[tuple[str, ...], float]:
    return {place(sample.labels): sample.value for sample in found if sample.name == name}


def test_a_textfile_and_a_pushgateway_hold_what_the_store_holds_and_nothing_for_what_has_no_value(
    tmp_path: Path, base: MonitorConfig, gateway: Pushgateway
) -> None:
    prometheus = {"textfile": str(tmp_path), "pushgateway": gateway.url}
    config = exporting(base, prometheus=prometheus)
    assert faults(exported(config)) == []
    text = (tmp_path / "genwatch_bot.prom").read_text()
    found = samples(text)
    for suffix, name in PARTS.items():
        assert prometheus_of(found, f"genwatch_measure_{suffix}".rstrip("_")) == figures(stored(config), name)
    assert "NaN" not in text
    assert gateway.groups == {"/metrics/job/genwatch/monitor/bot": found}
    assert {sample.labels["monitor"] for sample in found} == {"bot"}
    whole = {sample.name: sample.value for sample in found if set(sample.labels) == {"monitor"}}
    assert whole["genwatch_window_end_timestamp_seconds"] == WINDOW.end.timestamp()
    assert list(tmp_path.glob("*.prom*")) == [tmp_path / "genwatch_bot.prom"]


def test_a_name_from_the_logs_makes_no_series_of_its_own(tmp_path: Path, base: MonitorConfig) -> None:
    config = exporting(base, prometheus={"textfile": str(tmp_path)})
    exported(config)
    found = samples((tmp_path / "genwatch_bot.prom").read_text())
    assert {sample.labels["monitor"] for sample in found} == {"bot"}
    tiers = {sample.labels["segment"] for sample in found if sample.labels.get("segment_by") == "tier"}
    assert tiers == {HOSTILE_SHOWN, "silver"}


def test_prometheus_holds_the_newest_window_whatever_old_one_is_run_again(
    tmp_path: Path, base: MonitorConfig, gateway: Pushgateway
) -> None:
    config = exporting(base, prometheus={"pushgateway": gateway.url})
    exported(config)
    before = dict(gateway.groups)
    assert exported(config, job(revision=1, is_newest=False)) == []
    assert gateway.groups == before
    exported(config, job(EMPTY))
    (group,) = gateway.groups.values()
    assert [one for one in group if one.name == "genwatch_measure" and one.labels["measure"] == "pass_rate"] == []


def test_a_target_that_fails_keeps_no_other_from_its_values(
    tmp_path: Path, base: MonitorConfig, collector: OtlpServer, gateway: Pushgateway
) -> None:
    collector.status = gateway.status = 403
    prometheus = {"textfile": str(tmp_path / "missing"), "pushgateway": gateway.url}
    config = exporting(
        base,
        otlp={"endpoint": collector.url},
        prometheus=prometheus,
        mlflow={"tracking_uri": "env:NO_SERVER"},
    )
    found = faults(exported(config))
    assert ["answered 403" in fault for fault in found] == [True, False, True, False]
    assert "cannot be written (No such file or directory)" in found[1]
    assert found[2].endswith("; the next run exports the newest state")
    assert "NO_SERVER is not set" in found[3]
    gateway.status = 200
    assert len(faults(exported(config))) == 3
    assert gateway.groups


class Refusing:
    """A store that may not be read."""

    root = "s3://results/bot"

    def read(self, place: str, _sink: BinaryIO, **_: object) -> None:
        message = f"{self.root}/{place}: access denied; grant s3:GetObject"
        raise StorageError(message)


def test_a_store_that_cannot_be_read_costs_a_warning_too(base: MonitorConfig, collector: OtlpServer) -> None:
    config = exporting(base, otlp={"endpoint": collector.url})
    (fault,) = faults(list(export_window(config, FIRST, Refusing())))
    assert fault.startswith("s3://results/bot/runs/window=20261120T0600Z/rev=0.json: access denied")
    assert fault.endswith("; this window's values are not sent again")
    assert collector.requests == []


def test_a_revision_whose_predecessor_is_older_than_the_store_keeps_costs_a_warning(
    tmp_path: Path, base: MonitorConfig, collector: OtlpServer
) -> None:
    copytree(base.store.removeprefix("file://"), tmp_path / "store")
    moved = base.model_copy(update={"store": (tmp_path / "store").as_uri()})
    store_of(moved).delete(key("interactions", WINDOW.key, 0))
    config = exporting(moved, otlp={"endpoint": collector.url, "scores": True})
    (fault,) = faults(exported(config, job(revision=1)))
    assert "rev=0.parquet: there is no such object; the events that it did not take are not sent again" in fault
    assert collector.points


def tracking(address: str) -> "MlflowClient":
    from mlflow import MlflowClient  # noqa: PLC0415  seconds

    return MlflowClient(address)


def tracked(address: str, experiment: str = "bot") -> list["Run"]:
    client = tracking(address)
    found = client.get_experiment_by_name(experiment)
    return [] if found is None else list(client.search_runs([found.experiment_id]))


def test_a_revision_is_one_mlflow_run_however_often_it_is_exported(base: MonitorConfig, runs: str) -> None:
    config = exporting(base, mlflow={"tracking_uri": runs})
    assert faults(exported(config)) == []
    exported(config)
    (run,) = tracked(runs)
    whole = [one for one in stored(config) if one.segment_by is None]
    for suffix, name in {"": "value", ".low": "low", ".high": "high"}.items():
        told = {f"{one.address}{suffix}": getattr(one, name) for one in whole if getattr(one, name) is not None}
        assert told.items() <= run.data.metrics.items()
    assert "quality.relevance.pass_rate" not in run.data.metrics
    assert {"genwatch.window": WINDOW.key, "genwatch.revision": "0"}.items() <= run.data.tags.items()
    assert run.data.tags["genwatch.status"] == "breach"
    assert run.data.tags["genwatch.report"] == f"{base.store}/bot/report/window={WINDOW.key}/rev=0.html"
    assert run.data.params["evaluator.models"] == "judge-2026-01-01"
    (point,) = tracking(runs).get_metric_history(run.info.run_id, "quality.fluency.pass_rate")
    assert point.timestamp == WINDOW.end.timestamp() * 1000
    exported(config, job(revision=1))
    assert {one.data.tags["genwatch.revision"] for one in tracked(runs)} == {"0", "1"}


def test_an_mlflow_run_that_was_not_ended_is_gone_on_with(base: MonitorConfig, runs: str) -> None:
    config = exporting(base, mlflow={"tracking_uri": runs, "experiment": "bots"})
    client = tracking(runs)
    tags = {"genwatch.monitor": "bot", "genwatch.window": WINDOW.key, "genwatch.revision": "0"}
    begun = client.create_run(client.create_experiment("bots"), tags=tags)
    exported(config)
    (run,) = tracked(runs, "bots")
    assert (run.info.run_id, run.info.status) == (begun.info.run_id, "FINISHED")


def test_a_tracking_server_that_refuses_is_said_without_its_address(
    tmp_path: Path, base: MonitorConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = exporting(base, mlflow={"tracking_uri": "env:TRACKING"})
    with serve(lambda _: Reply(status=403, content=b'{"error_code": "PERMISSION_DENIED"}')) as server:
        monkeypatch.setenv("TRACKING", server.url)
        (fault,) = faults(exported(config))
    assert "cannot be written to the experiment bot (PERMISSION_DENIED)" in fault
    assert server.url not in fault


def test_check_says_what_is_exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export = {
        "otlp": {"endpoint": "http://collector:4318", "scores": True, "explanations": True},
        "prometheus": {"textfile": "/var/lib/node_exporter", "pushgateway": "http://push:9091"},
        "mlflow": {"tracking_uri": "env:TRACKING"},
    }
    monkeypatch.setenv("TRACKING", "http://mlflow:5000")
    assert check_exports(monitor(tmp_path, export=export)) == [
        "OTLP (measures, scores and the judge's reasons to http://collector:4318)",
        "Prometheus (/var/lib/node_exporter, http://push:9091)",
        "MLflow (experiment bot, env:TRACKING)",
    ]
    assert check_exports(monitor(tmp_path)) == []
