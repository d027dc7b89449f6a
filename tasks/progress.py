"""Progress: what tasks tell of how a run goes, to whoever listens in this process, to the log, and as an artifact."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, cast
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.logging import get_run_logger

from tasks.adapters.writer import Progress
from tasks.core.progress import Asked, Fact, Judged, Listener, Read
from tasks.core.window import Window

ARTIFACT_S: Final = 2.0
LOG_S: Final = 30.0

_listener: Final[ContextVar[Listener]] = ContextVar("listener")  # Prefect runs tasks in copies of the flow's context


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Have the listener told, from any thread, how the runs go that are made meanwhile in this process."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def tell(fact: Fact) -> None:
    """Tell whoever listens; on a worker nobody does."""
    listener = _listener.get(None)
    if listener is not None:
        listener(fact)


def read_progress(
    log: "logging.Logger | logging.LoggerAdapter[logging.Logger]", window: Window | None = None
) -> Callable[[int, int], None]:
    """Progress by bytes, logged at most every `LOG_S`."""
    is_time = _every(LOG_S)

    def show(done: int, total: int) -> None:
        tell(Read(window=window, done=done, total=total))
        if is_time():
            log.info("read %.0f of %.0f MB", done / 1e6, total / 1e6)

    return show


@contextmanager
def judging_progress(monitor: str, window: Window, *, is_bound: bool) -> Iterator[Progress]:
    """Progress as an artifact of this task run, and as log lines at most every `LOG_S`; as `Judged` has it."""
    log = get_run_logger()
    description = f"Judging {window.label} UTC"
    created = create_progress_artifact(progress=0.0, key=f"{monitor}-progress", description=description)
    artifact = cast("UUID", created)  # outside an event loop the call is synchronous
    is_time_to_show, is_time_to_log = _every(ARTIFACT_S), _every(LOG_S)

    def show(asked: Asked) -> None:
        tell(Judged(window=window, asked=asked, is_bound=is_bound))
        if is_time_to_show():
            update_progress_artifact(artifact, progress=100.0 * asked.done / asked.total)
        if is_time_to_log():
            log.info("judged %d of %d %s", asked.done, asked.total, asked.unit)

    yield show
    update_progress_artifact(artifact, progress=100.0)


def _every(seconds: float) -> Callable[[], bool]:
    """Whether so many seconds have passed since it was last so, or since now."""
    last = time.monotonic()

    def is_time() -> bool:
        nonlocal last
        now = time.monotonic()
        if now - last < seconds:
            return False
        last = now
        return True

    return is_time
