"""MLflow: one run for each revision of a window, found again by its tags."""

import os
from typing import TYPE_CHECKING, Final

from tasks.core.telemetry.tracked import TrackedRun

if TYPE_CHECKING:
    from mlflow import MlflowClient

AT_ONCE: Final = 500
UNLESS_SET: Final = {  # MLflow's defaults tell its makers of every use, ask a dead server for minutes, and print
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


def track(tracking_uri: str, experiment: str, run: TrackedRun) -> str | None:
    """Write the run, unless it is there; returns why it could not be written, None where it is there.

    The address may be a secret and is in no result.
    """
    for name, value in UNLESS_SET.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient  # noqa: PLC0415  seconds, and it reads these variables
    from mlflow.exceptions import MlflowException  # noqa: PLC0415

    try:
        client = MlflowClient(tracking_uri)
        _write(client, _experiment(client, experiment), run)
    except (MlflowException, OSError) as error:
        code = getattr(error, "error_code", type(error).__name__)
        return (
            f"export.mlflow: the run {run.name} cannot be written to the experiment {experiment} ({code}); "
            "check the tracking server, its address and the permission to write"
        )
    return None


def _experiment(client: "MlflowClient", name: str) -> str:
    found = client.get_experiment_by_name(name)
    return str(client.create_experiment(name) if found is None else found.experiment_id)


def _write(client: "MlflowClient", experiment_id: str, run: TrackedRun) -> None:
    """One that was begun and not ended is written once more, as it was never whole."""
    from mlflow.entities import Metric, Param, RunTag  # noqa: PLC0415  seconds

    start, end = (int(moment.timestamp() * 1000) for moment in (run.window.start, run.window.end))
    same = " AND ".join(f"tags.`{name}` = '{value}'" for name, value in run.identity.items())
    found = next(iter(client.search_runs([experiment_id], same, max_results=1)), None)
    if found is not None and found.info.status == "FINISHED":
        return
    if found is None:
        found = client.create_run(experiment_id, start_time=start, tags=dict(run.identity), run_name=run.name)
    tags = [RunTag(name, value) for name, value in run.tags.items()]
    params = [Param(name, value) for name, value in run.params.items()]
    metrics = [Metric(name, value, end, 0) for name, value in run.metrics.items()]
    client.log_batch(found.info.run_id, params=params, tags=tags)
    for first in range(0, len(metrics), AT_ONCE):
        client.log_batch(found.info.run_id, metrics[first : first + AT_ONCE])
    client.set_terminated(found.info.run_id, "FINISHED", end)
