"""The monitor flow: every window that is due is a run of its own: collect, score, assess, publish, notify."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from prefect import flow, runtime, tags
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.context import TagsContext
from prefect.exceptions import MissingResult
from prefect.states import Completed

from configs.monitor import MonitorConfig
from tasks.assess import assess
from tasks.batch import submit, wait
from tasks.collect import collect, recollect
from tasks.core.conclusion import conclusion
from tasks.core.progress import Due, Ended
from tasks.core.run import Job, Outcome, Published
from tasks.core.window import span_label
from tasks.due import due
from tasks.export import export
from tasks.notify import notify
from tasks.progress import tell
from tasks.publish import publish, published_since, read_published
from tasks.report import report, report_window
from tasks.retain import retain
from tasks.score import replay as score_again
from tasks.score import score

TAG: Final = "genwatch"  # of deployments and of runs


def _run_name() -> str:
    """The monitor and the scheduled time, as the run is listed until its windows are known."""
    monitor_name = runtime.flow_run.parameters["config"].name
    return f"{monitor_name} at {scheduled_time():%Y-%m-%d %H:%M}"


def _window_name() -> str:
    """The monitor and the window, as the run is listed."""
    given = runtime.flow_run.parameters
    return f"{given['config'].name} {given['job'].window.label}"


@flow(name="genwatch", flow_run_name=_run_name)
def monitor(
    config: MonitorConfig,
    window_start: datetime | None = None,
    window_end: datetime | None = None,
    replay: bool = False,  # noqa: FBT001, FBT002  a parameter of the deployment
) -> State[Any]:
    """Watch one generative-AI application.

    Args:
        config: the monitor, as its file describes it.
        window_start: run the windows from here on instead of those that are due; an edge of a window, in UTC.
        window_end: where to stop, exclusive; one window without it.
        replay: judge from the raw replies that were kept instead of asking; without a start, the newest window again.
    """
    jobs = due(config, scheduled_time(), window_start, window_end, newest_again=replay)
    tell(Due(windows=len(jobs)))
    if jobs:
        _rename(f"{config.name} {span_label([job.window for job in jobs])}")
    with tags(TAG, config.name):  # a run of a window has none of its deployment's
        published = [watched(config, job, replay=replay) for job in jobs]
    gone = retain(config, scheduled_time())
    if published or gone:  # the pages show nothing that is not kept any more
        report(config)
    return final_state(published)


def _rename(name: str) -> None:
    """Have this run listed by another name, which is known only now."""
    with get_client(sync_client=True) as client:
        client.update_flow_run(UUID(runtime.flow_run.id), name=name)


def watched(config: MonitorConfig, job: Job, *, replay: bool = False) -> Published:
    """Watch one window in a run of its own.

    What it published is read from the store: where the server's answer to the end of a run gets lost, Prefect asks
    again, is told that the run has ended, and has lost what the run returned.
    """
    state: State[Any] = watch_window(config, job, replay=replay, return_state=True)
    if not state.is_completed():
        state.result()
    published = read_published(config, job)
    tell(Ended(window=job.window, status=published.status))
    return published


@flow(name="genwatch-window", flow_run_name=_window_name)
def watch_window(config: MonitorConfig, job: Job, *, replay: bool = False) -> State[Any]:
    """Watch one window; a failure ends the run that asked for it, and the next one begins with this window."""
    with TagsContext(current_tags=set()):  # a task with tags asks the server for a slot of each
        collected = recollect(config, job) if replay else collect(config, job)
        if config.evaluator.mode == "batch" and not replay and submit(config, job, collected):
            wait(config, job)
        scored = score_again(config, job, collected) if replay else score(config, job, collected)
        assessed = assess(config, job, collected, scored)
        outcome = Outcome(collected=collected, scored=scored, assessed=assessed)
        published = publish(config, job, outcome)
        report_window(config, job)
        notify(config, job, outcome)
        if config.export.is_on:  # people are told before dashboards, which may be slow to answer
            export(config, job)
    return final_state([published])


def published_of(config: MonitorConfig, state: State[Any], before: Mapping[datetime, int]) -> list[Published]:
    """What a run that has ended published; its error where it failed.

    `before` is what was published when it began: where the server's answer to the end of the run got lost, and with it
    what the run returned, the store says it.
    """
    try:
        found: list[Published] = state.result()
    except MissingResult:
        found = published_since(config, before)
    return found


def scheduled_time() -> datetime:
    """When this run was meant to begin, in UTC; that and not the clock decides which windows are due."""
    return datetime.fromtimestamp(runtime.flow_run.scheduled_start_time.timestamp(), UTC)


def final_state(published: Sequence[Published]) -> State[Any]:
    """A breach is a finding, not a failure: the run has completed, and its state is named so."""
    is_breach = any(verdict.state == "breach" for one in published for verdict in one.verdicts)
    return Completed(name="Breach" if is_breach else None, message=conclusion(published), data=list(published))
