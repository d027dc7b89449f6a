"""Progress: how reading and judging go, as lines in the log of a task and as an artifact of it."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, cast
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.logging import get_run_logger

from tasks.adapters.writer import Progress
from tasks.core.window import Window

PROGRESS_S: Final = 2.0


def log_progress(log: "logging.Logger | logging.LoggerAdapter[logging.Logger]") -> Progress:
    """Progress by bytes as log lines, at most every `PROGRESS_S`."""
    shown = time.monotonic()

    def show(done: int, total: int) -> None:
        nonlocal shown
        if time.monotonic() - shown >= PROGRESS_S:
            shown = time.monotonic()
            log.info("read %.0f of %.0f MB", done / 1e6, total / 1e6)

    return show


@contextmanager
def artifact_progress(monitor: str, window: Window) -> Iterator[Progress]:
    """Progress as an artifact of this task run and as log lines, at most every `PROGRESS_S`."""
    log = get_run_logger()
    description = f"Judging {window.label} UTC"
    created = create_progress_artifact(progress=0.0, key=f"{monitor}-progress", description=description)
    artifact = cast("UUID", created)  # outside an event loop the call is synchronous
    shown = time.monotonic()

    def show(done: int, total: int) -> None:
        nonlocal shown
        if time.monotonic() - shown >= PROGRESS_S:
            shown = time.monotonic()
            log.info("asked %d of %d", done, total)
            update_progress_artifact(artifact, progress=100.0 * done / total)

    yield show
    update_progress_artifact(artifact, progress=100.0)
