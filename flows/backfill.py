"""The backfill flow: windows of the past that were never run, several at a time."""

from datetime import datetime
from typing import Any

from prefect import flow, tags, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State

from configs.monitor import MonitorConfig
from flows.monitor import TAG, final_state, watched
from tasks.collect import prepare
from tasks.core.progress import Due
from tasks.core.run import Job, Published
from tasks.due import missing_windows
from tasks.progress import tell
from tasks.report import report


@flow(name="genwatch-backfill", flow_run_name="{config.name} backfill {start:%Y-%m-%d %H:%M} – {end:%Y-%m-%d %H:%M}")
def backfill(config: MonitorConfig, start: datetime, end: datetime, parallel: int = 2) -> State[Any]:
    """Run the windows of [start, end) that were never run.

    Their logs are read once, before the first window. A backfill that was ended goes on where it stopped. `parallel`
    tells how many windows the flow's task runner takes at a time: they share the memory.
    """
    jobs = missing_windows(config, start, end)
    tell(Due(windows=len(jobs)))
    if jobs:
        prepare(config, jobs)
    share = config.engine.model_copy(update={"memory_gb": max(config.engine.memory_gb / parallel, 0.5)})
    shared = config.model_copy(update={"engine": share})
    with tags(TAG, config.name):
        running = [watch_apart.submit(shared, job) for job in jobs]
    published: list[Published] = [one.result() for one in running]
    if published:
        report(config)
    return final_state(published)


@task(cache_policy=NO_CACHE, task_run_name="watch {job.window.start:%Y-%m-%d %H:%M}")
def watch_apart(config: MonitorConfig, job: Job) -> Published:
    """One window as a run of its own, in a thread."""
    return watched(config, job)
