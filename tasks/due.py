"""Due: which windows a run has to take, from the schedule, the watermark and what was asked for by hand."""

from datetime import UTC, datetime

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from configs.monitor import MonitorConfig
from tasks.adapters.intake import Progress
from tasks.adapters.locations import open_storage
from tasks.adapters.results import read_manifest, revisions
from tasks.adapters.revisions import changed_windows
from tasks.adapters.storage import Storage
from tasks.core.errors import ConfigError
from tasks.core.run import Job
from tasks.core.window import Window, asked_windows, due_windows, key_of, newest_closed, span_label
from tasks.progress import read_progress
from tasks.retry import may_heal


@task(
    retries=2,
    retry_delay_seconds=10,
    retry_condition_fn=may_heal,
    cache_policy=NO_CACHE,
    task_run_name="find due windows",
)
def due(
    config: MonitorConfig,
    moment: datetime,
    window_start: datetime | None,
    window_end: datetime | None,
    *,
    newest_again: bool = False,
) -> tuple[Job, ...]:
    """The windows to run, oldest first: those asked for, else those that have closed since the last scheduled run.

    Without a window asked for, closed windows that late data has changed are run again, before the new ones. With
    `newest_again` and no window asked for, the newest one that was published.
    """
    store = open_storage(f"{config.store}/{config.name}", config.store_endpoint_url, create=True)
    if newest_again and window_start is None:
        window_start = next(reversed(revisions(store)), None)
    log = get_run_logger()
    jobs = due_jobs(config, store, moment, window_start, window_end, read_progress(log))
    log.info("due: %s", f"{span_label([job.window for job in jobs])} UTC" if jobs else "no window")
    return jobs


def due_jobs(
    config: MonitorConfig,
    store: Storage,
    moment: datetime,
    window_start: datetime | None,
    window_end: datetime | None,
    progress: Progress = lambda _done, _total: None,
) -> tuple[Job, ...]:
    """As `due`, without Prefect."""
    published = revisions(store)
    if window_start is None:
        if window_end is not None:
            message = "a window's end was given without its start; give both, or neither"
            raise ConfigError(message)
        newest = newest_closed(moment, config.window.every, config.window.grace)
        changed = changed_windows(config, store, published, moment, progress)
        windows = (*changed, *due_windows(newest, _watermark(store, published), published, config.window.catch_up))
    else:
        windows = asked_windows(window_start, window_end, config.window.every, moment)
    return tuple(
        Job(
            window=window,
            revision=published.get(window.start, -1) + 1,
            is_scheduled=_counts_as_scheduled(store, published, window, asked=window_start is not None),
            is_newest=all(start <= window.start for start in published),
            moment=moment,
            started_at=datetime.now(UTC),
        )
        for window in sorted(windows)
    )


def missing_windows(config: MonitorConfig, start: datetime, end: datetime) -> tuple[Job, ...]:
    """The windows of [start, end) that were never run, oldest first.

    Raises ConfigError where start or end is no edge of a window.
    """
    store = open_storage(f"{config.store}/{config.name}", config.store_endpoint_url, create=True)
    published = revisions(store)
    now = datetime.now(UTC)
    windows = [one for one in asked_windows(start, end, config.window.every, now) if one.start not in published]
    newest = max([*published, *(window.start for window in windows)], default=start)
    return tuple(
        Job(
            window=window,
            revision=0,
            is_scheduled=False,
            is_newest=window.start == newest,
            moment=now,
            started_at=now,
        )
        for window in windows
    )


def _counts_as_scheduled(store: Storage, published: dict[datetime, int], window: Window, *, asked: bool) -> bool:
    """Whether the watermark may go by a run: a window that was run before stays what it was."""
    if window.start not in published:
        return not asked
    return read_manifest(store, window.key, published[window.start]).scheduled


def _watermark(store: Storage, published: dict[datetime, int]) -> datetime | None:
    """The end of the newest window that the schedule asked for; None where there is none."""
    for start in reversed(published):
        manifest = read_manifest(store, key_of(start), published[start])
        if manifest.scheduled:
            return manifest.window_end
    return None
