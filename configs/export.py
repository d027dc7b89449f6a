"""Where the results go beside the store: OpenTelemetry, Prometheus and MLflow."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from configs.report import WebAddress
from configs.values import SecretReference, Section


def _absolute(value: Path) -> Path:
    if value.is_absolute():
        return value
    message = "write the whole path of the folder, from / on"
    raise ValueError(message)


def _without_user(value: str) -> str:
    if "@" not in value:
        return value
    message = "an address here holds no user and no password, as it is shown; remove them"
    raise ValueError(message)


Server = Annotated[WebAddress, AfterValidator(_without_user)]
Folder = Annotated[Path, AfterValidator(_absolute)]
TrackingUri = Annotated[
    str, Field(pattern=r"^(https?://[^\s@]+|file:///\S+|env:[A-Za-z_]\w*|block:[a-z0-9-]+/[a-z0-9-]+)$")
]


class Otlp(Section):
    """OpenTelemetry's protocol over HTTP, to a collector or to a backend that takes it; needs `genwatch[otel]`."""

    endpoint: Server
    """Where the collector listens, without the path of a signal, such as `http://collector:4318`; `/v1/metrics` and
    `/v1/logs` are appended."""

    headers: SecretReference | None = None
    """What holds the headers of every request, such as a key, as `name=value`, several with commas between them; values
    are percent-encoded, as in `OTEL_EXPORTER_OTLP_HEADERS`."""

    scores: bool = False
    """Send every judgement too, as a `gen_ai.evaluation.result` event: score, or why there is none, with the ID of the
    interaction."""

    explanations: bool = False
    """Send the judge's reasons with the scores. They quote what was logged, so they leave the store by this."""

    @model_validator(mode="after")
    def _explanations_of_scores(self) -> Self:
        if self.explanations and not self.scores:
            message = "explanations go with the scores; add scores: true, or remove explanations"
            raise ValueError(message)
        return self


class Prometheus(Section):
    """The state of the newest window, for Prometheus to scrape: one of the two keys, or both."""

    textfile: Folder | None = None
    """The folder that node_exporter's textfile collector reads, on the machine that runs the monitor; the file is
    `genwatch_<monitor>.prom`, written whole or not at all."""

    pushgateway: Server | None = None
    """Where a Pushgateway listens, such as `http://push:9091`; each run replaces the group
    `job="genwatch", monitor="<name>"`."""

    @model_validator(mode="after")
    def _one_at_least(self) -> Self:
        if self.textfile is None and self.pushgateway is None:
            message = "give textfile, pushgateway or both"
            raise ValueError(message)
        return self


class Mlflow(Section):
    """One MLflow run for each revision of a window; needs `genwatch[mlflow]`."""

    tracking_uri: TrackingUri
    """The tracking server, `https://…`, or `env:NAME` or `block:TYPE/NAME` that holds its address; sign in by MLflow's
    own `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`, or `MLFLOW_TRACKING_TOKEN`."""

    experiment: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """The experiment that holds the runs, made where there is none; the monitor's name without it."""


class Export(Section):
    """Where the results go beside the store. A target that fails costs a warning, never the run."""

    otlp: Otlp | None = None
    """OpenTelemetry: measures with their bounds as gauges, and scores as events."""

    prometheus: Prometheus | None = None
    """Prometheus: the newest window in a textfile, or in a Pushgateway."""

    mlflow: Mlflow | None = None
    """MLflow: a run for each revision of a window."""

    @property
    def is_on(self) -> bool:
        """Whether anything is exported."""
        return any(target is not None for target in (self.otlp, self.prometheus, self.mlflow))
