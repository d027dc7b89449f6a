"""Export: what a window shows to OpenTelemetry, Prometheus and MLflow; a target that fails costs a warning."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from configs.export import Mlflow, Otlp
from configs.monitor import MonitorConfig
from tasks.adapters.alert_books import read_book
from tasks.adapters.judgements import read_judgements
from tasks.adapters.locations import open_storage
from tasks.adapters.results import key, read_manifest, read_table
from tasks.adapters.secret import resolve
from tasks.adapters.storage import Storage
from tasks.core.errors import ConfigError, MonitorError
from tasks.core.manifest import Manifest
from tasks.core.measure import from_table
from tasks.core.quality.judgement import Judgement
from tasks.core.report.places import address, run_page
from tasks.core.run import Job, Scored
from tasks.core.telemetry.evaluations import Evaluation, Logged, evaluations, unsent
from tasks.core.telemetry.headers import headers_of
from tasks.core.telemetry.series import Snapshot, bounded, families
from tasks.core.telemetry.tracked import TrackedRun, tracked_run
from tasks.core.verdict import State
from tasks.core.verdict import from_table as verdicts_of
from tasks.core.window import Window

EXTRAS: Final = {"otel": "opentelemetry.exporter.otlp.proto.http", "mlflow": "mlflow"}
VALUES_LOST: Final = "this window's values are not sent again"
EVENTS_LOST: Final = "the events that it did not take are not sent again, the scores are in the store"
STATE_LATE: Final = "the next run exports the newest state"
UNREAD: Final = (MonitorError, FileNotFoundError)  # the store refuses, or what is needed is older than it keeps
RUN_LOST: Final = "this revision has no run there until its window is run again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What was sent where, in words; `fault` is why it was not, None where it was."""

    what: str
    fault: str | None


@task(cache_policy=NO_CACHE, task_run_name="export {job.window.start:%Y-%m-%d %H:%M}")
def export(config: MonitorConfig, job: Job) -> tuple[str, ...]:
    """Export what was published; returns what could not be, as warnings."""
    log = get_run_logger()
    store = open_storage(f"{config.store}/{config.name}", config.store_endpoint_url)
    warnings = []
    for sent in export_window(config, job, store):
        if sent.fault is None:
            log.info("exported %s", sent.what)
        else:
            log.warning("not exported: %s", sent.fault)
            warnings.append(sent.fault)
    return tuple(warnings)


def export_window(config: MonitorConfig, job: Job, store: Storage) -> Iterator[Sent]:
    """As `export`, from the store and without Prefect: each target by itself."""
    try:
        manifest = read_manifest(store, job.window.key, job.revision)
        whole = _snapshot(manifest, job, store)
    except UNREAD as error:
        yield Sent(what="the window", fault=f"{error}; {VALUES_LOST}")
        return
    snapshot, left_out = bounded(whole)
    rest = f", without {left_out} measures of segments with few rows" if left_out else ""
    if config.export.otlp is not None:
        otlp = config.export.otlp
        yield _tried(f"the measures to OTLP{rest}", VALUES_LOST, partial(_send_values, otlp, snapshot))
        if otlp.scores:
            yield _tried("the scores to OTLP", EVENTS_LOST, partial(_send_events, config, otlp, manifest, store))
    if config.export.prometheus is not None and job.is_newest:
        ways = config.export.prometheus
        if ways.textfile is not None:
            yield _tried(
                f"the measures to a textfile{rest}", STATE_LATE, partial(_write_textfile, ways.textfile, snapshot)
            )
        if ways.pushgateway is not None:
            yield _tried(
                f"the measures to the Pushgateway{rest}", STATE_LATE, partial(_push, ways.pushgateway, snapshot)
            )
    if config.export.mlflow is not None:
        page = run_page(job.window.key, job.revision)
        report = address(page, config.name, config.store, config.report.base_url)
        run = tracked_run(manifest, whole.measures, report)
        place = config.export.mlflow.experiment or config.name
        yield _tried("a run to MLflow", RUN_LOST, partial(_track, config.export.mlflow, place, run))


def check_exports(config: MonitorConfig) -> list[str]:
    """Where results are exported, in a few words each; raises ConfigError where an extra or a secret is missing."""
    asked = config.export
    found = []
    if asked.otlp is not None:
        _require("otel", "export.otlp")
        _headers(asked.otlp)
        more = ", scores" if asked.otlp.scores else ""
        more += " and the judge's reasons" if asked.otlp.explanations else ""
        found.append(f"OTLP (measures{more} to {asked.otlp.endpoint})")
    if asked.prometheus is not None:
        ways = (asked.prometheus.textfile, asked.prometheus.pushgateway)
        found.append(f"Prometheus ({', '.join(str(way) for way in ways if way is not None)})")
    if asked.mlflow is not None:
        _require("mlflow", "export.mlflow")
        _tracking_uri(asked.mlflow)
        found.append(f"MLflow (experiment {asked.mlflow.experiment or config.name}, {asked.mlflow.tracking_uri})")
    return found


def _tried(what: str, lost: str, act: Callable[[], str | None]) -> Sent:
    """What became of one target; where it failed, with what is lost by that."""
    try:
        fault = act()
    except UNREAD as error:
        fault = str(error)
    return Sent(what=what, fault=None if fault is None else f"{fault}; {lost}")


def _snapshot(manifest: Manifest, job: Job, store: Storage) -> Snapshot:
    window, revision = job.window.key, job.revision
    return Snapshot(
        monitor=manifest.monitor,
        window=job.window,
        state=State(manifest.status),
        measures=from_table(read_table(store, key("measures", window, revision))),
        verdicts=verdicts_of(read_table(store, key("verdicts", window, revision))),
        alerts=read_book(store, window, revision).alerts if job.is_newest else None,
        cost_usd=manifest.evaluator.cost_usd,
    )


def _send_values(otlp: Otlp, snapshot: Snapshot) -> str | None:
    _require("otel", "export.otlp")
    from tasks.adapters.export_otlp import Collector  # noqa: PLC0415  an extra

    return Collector(otlp.endpoint, _headers(otlp)).take_metrics(families(snapshot), snapshot.window.end)


def _send_events(config: MonitorConfig, otlp: Otlp, manifest: Manifest, store: Storage) -> str | None:
    _require("otel", "export.otlp")
    from tasks.adapters.export_otlp import Collector  # noqa: PLC0415  an extra

    events = list(_evaluations(config, otlp, manifest, store))
    return Collector(otlp.endpoint, _headers(otlp)).take_events(events)


def _evaluations(config: MonitorConfig, otlp: Otlp, manifest: Manifest, store: Storage) -> Iterator[Evaluation]:
    """The judgements of a revision; of a later one those that the revision before did not have."""
    window, revision = Window(start=manifest.window_start, end=manifest.window_end), manifest.revision
    interactions = read_table(store, key("interactions", window.key, revision))
    scored = Scored(use=manifest.evaluator, fingerprints=manifest.fingerprints, root=manifest.scores)
    judged: Iterable[Judgement] = read_judgements(config, window, interactions, scored, store)
    before = read_manifest(store, window.key, revision - 1) if revision else None
    if before is not None and before.scores == manifest.scores:
        had = read_table(store, key("interactions", window.key, revision - 1))["interaction_id"].to_pylist()
        judged = unsent(judged, frozenset(had), before.finished_at)
    columns = interactions.select(["interaction_id", "correlation_id", "event_time"]).to_pylist()
    logged = {row.pop("interaction_id"): Logged(**row) for row in columns}
    yield from evaluations(judged, logged, config.name, str(config.source.format), explained=otlp.explanations)


def _write_textfile(folder: Path, snapshot: Snapshot) -> str | None:
    from tasks.adapters.export_prometheus import write_textfile  # noqa: PLC0415  only who exports waits for it

    return write_textfile(folder, snapshot.monitor, families(snapshot))


def _push(gateway: str, snapshot: Snapshot) -> str | None:
    from tasks.adapters.export_prometheus import push  # noqa: PLC0415  only who exports waits for it

    return push(gateway, snapshot.monitor, families(snapshot))


def _track(mlflow: Mlflow, experiment: str, run: TrackedRun) -> str | None:
    _require("mlflow", "export.mlflow")
    from tasks.adapters.export_mlflow import track  # noqa: PLC0415  an extra

    return track(_tracking_uri(mlflow), experiment, run)


def _require(extra: str, key_of_file: str) -> None:
    """Raises ConfigError where the packages of an extra are not installed."""
    try:
        found = find_spec(EXTRAS[extra])
    except ModuleNotFoundError:  # a package above it is missing
        found = None
    if found is None:
        message = f"{key_of_file} needs packages that are not installed; run pip install 'genwatch[{extra}]'"
        raise ConfigError(message)


def _headers(otlp: Otlp) -> Mapping[str, str]:
    return {} if otlp.headers is None else headers_of(resolve(otlp.headers, "export.otlp.headers"))


def _tracking_uri(mlflow: Mlflow) -> str:
    if mlflow.tracking_uri.startswith(("env:", "block:")):
        return resolve(mlflow.tracking_uri, "export.mlflow.tracking_uri")
    return mlflow.tracking_uri
