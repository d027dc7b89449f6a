"""Progress on the terminal: a live display, or plain lines where the standard error is no terminal."""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TextIO

from prefect.logging.handlers import PrefectConsoleHandler
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tasks.core.progress import Due, Ended, Fact, Judged, Standing, line
from tasks.progress import listening

LINES_S: Final = 3.0
BAR_WIDTH: Final = 24
LEVEL: Final = "PREFECT_LOGGING_LEVEL"


class Display:
    """What has been told so far; any thread may tell more."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._standing = Standing()

    def take(self, fact: Fact) -> Standing:
        """One more fact."""
        with self._lock:
            self._standing = self._standing.after(fact, self._clock())
            return self._standing

    def __rich__(self) -> RenderableType:
        """A bar over the windows where there are several, and a line for each that is under way."""
        with self._lock:
            standing, now = self._standing, self._clock()
        under_way = [fact for fact in standing.newest.values() if not isinstance(fact, Ended)]
        rows = [_row(line(standing, fact, now), *_part(fact)) for fact in under_way]
        if standing.due is not None and standing.due > 1:
            rows.insert(0, _row(f"{standing.ended} of {standing.due} windows", standing.ended, standing.due))
        return Group(*rows)


class Lines:
    """The same as lines: each window's end, and every `LINES_S` seconds at most what else has changed."""

    def __init__(self, display: Display, out: TextIO, clock: Callable[[], float]) -> None:
        self._display = display
        self._out = out
        self._clock = clock
        self._lock = threading.Lock()
        self._said_at: float | None = None

    def take(self, fact: Fact) -> None:
        """One more fact, said where it is time for it."""
        standing = self._display.take(fact)
        with self._lock:
            now = self._clock()
            is_time = self._said_at is None or now - self._said_at >= LINES_S
            if isinstance(fact, Due | Ended) or is_time:
                self._said_at = now
                self._out.write(f"{line(standing, fact, now)}\n")
                self._out.flush()


@contextmanager
def shown(*, verbose: bool) -> Iterator[None]:
    """Show how the runs go that are made meanwhile.

    Prefect's own lines below a warning are left out, unless they are asked for with `verbose` or PREFECT_LOGGING_LEVEL;
    on a terminal those that are not go above the display.
    """
    out = sys.stderr
    console = Console(file=out)
    display = Display(time.monotonic)
    is_live = out.isatty() and not console.is_dumb_terminal
    with _prefect_lines(console if is_live else None, all_of_them=verbose or LEVEL in os.environ):
        if is_live:
            with Live(display, console=console, transient=True), listening(_silent(display)):
                yield
        else:
            with listening(Lines(display, out, time.monotonic).take):
                yield


def _silent(display: Display) -> Callable[[Fact], None]:
    def take(fact: Fact) -> None:
        display.take(fact)

    return take


@contextmanager
def _prefect_lines(console: Console | None, *, all_of_them: bool) -> Iterator[None]:
    """Have Prefect's console handlers leave out what is no warning, and write through `console` where one is given."""
    loggers = [logging.getLogger(), *(logging.getLogger(name) for name in ("prefect", *_names()))]
    handlers = {one for logger in loggers for one in logger.handlers if isinstance(one, PrefectConsoleHandler)}
    before = {one: one.console for one in handlers}
    for one in handlers:
        one.console = console or one.console
        if not all_of_them:
            one.addFilter(_is_warning)
    try:
        yield
    finally:
        for one, own in before.items():
            one.console = own
            one.removeFilter(_is_warning)


def _names() -> list[str]:
    return [name for name in logging.Logger.manager.loggerDict if name.startswith("prefect.")]


def _is_warning(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING


def _part(fact: Fact) -> tuple[int, int] | tuple[()]:
    return (fact.asked.done, fact.asked.total) if isinstance(fact, Judged) else ()


def _row(text: str, done: int | None = None, total: int | None = None) -> Table:
    row = Table.grid(padding=(0, 1))
    row.add_column(width=BAR_WIDTH)
    row.add_column(no_wrap=True, overflow="ellipsis")
    row.add_row("" if done is None else ProgressBar(total=total, completed=done, width=BAR_WIDTH), Text(text))
    return row
