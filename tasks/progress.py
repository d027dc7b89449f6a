"""Progress: how reading goes, as lines in the log of a task."""

import logging
import time
from typing import Final

from tasks.adapters.intake import Progress

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
