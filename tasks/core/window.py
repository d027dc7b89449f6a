"""Windows of event time: how they are aligned, named, and which of them are due."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tasks.core.errors import ConfigError

ANCHOR = datetime(1970, 1, 5, tzinfo=UTC)  # a Monday, so that seven-day windows begin on Mondays
KEY_FORMAT = "%Y%m%dT%H%MZ"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Window:
    """A half-open interval [start, end) of event time, in aware UTC."""

    start: datetime
    end: datetime

    @property
    def key(self) -> str:
        """The window's name in the store, such as `20261121T0600Z`."""
        return key_of(self.start)

    @property
    def label(self) -> str:
        """The window as people read it: `2026-11-21 06:00–07:00`; with both dates from a day on."""
        if self.end - self.start < timedelta(days=1):
            return f"{self.start:%Y-%m-%d %H:%M}–{self.end:%H:%M}"
        return f"{self.start:%Y-%m-%d %H:%M} – {self.end:%Y-%m-%d %H:%M}"


def span_label(windows: Sequence[Window]) -> str:
    """Several windows, oldest first, as people read them: from the first start to the last end, and how many.

    There may be gaps between them.
    """
    if len(windows) == 1:
        return windows[0].label
    return f"{Window(start=windows[0].start, end=windows[-1].end).label} ({len(windows)} windows)"


def window_at(moment: datetime, every: timedelta) -> Window:
    """The window of length `every` that holds `moment`."""
    start = moment - (moment - ANCHOR) % every
    return Window(start=start, end=start + every)


def key_of(start: datetime) -> str:
    """The key of the window that begins at `start`."""
    return start.strftime(KEY_FORMAT)


def start_of_key(key: str) -> datetime:
    """The start named by a window's key; raises ValueError where it is none."""
    return datetime.strptime(key, KEY_FORMAT).replace(tzinfo=UTC)


def newest_closed(moment: datetime, every: timedelta, grace: timedelta) -> Window:
    """The last window whose grace has passed at `moment`."""
    return window_at(moment - grace - every, every)


def due_windows(
    newest: Window, watermark: datetime | None, done: Collection[datetime], at_most: int
) -> tuple[Window, ...]:
    """The windows that wait to be run, oldest first, at most `at_most`.

    `watermark` is the end of the newest window that a scheduled run finished; None before the first run, when only
    the newest window is due. `done` holds the starts of windows that were run by hand since.
    """
    every = newest.end - newest.start
    start = newest.start if watermark is None else window_at(watermark, every).start
    due: list[Window] = []
    while start <= newest.start and len(due) < at_most:
        if start not in done:
            due.append(Window(start=start, end=start + every))
        start += every
    return tuple(due)


def asked_windows(start: datetime, end: datetime | None, every: timedelta, now: datetime) -> tuple[Window, ...]:
    """The windows of [start, end), one where no end is given; a time without an offset is UTC.

    Raises ConfigError where start or end is no edge of a window, or a window begins after `now`.
    """
    first, stop = window_at(_utc(start), every), None if end is None else _utc(end)
    stop = first.end if stop is None else stop
    if first.start != _utc(start) or window_at(stop, every).start != stop or stop <= first.start:
        message = (
            f"windows of this monitor begin every {every} in UTC; {_utc(start).isoformat()} to {stop.isoformat()} "
            f"are not their edges, the nearest start is {first.start.isoformat()}"
        )
        raise ConfigError(message)
    if stop - every > now:
        message = f"the window from {(stop - every).isoformat()} on has not begun; give windows of the past"
        raise ConfigError(message)
    starts = (first.start + step * every for step in range((stop - first.start) // every))
    return tuple(Window(start=start, end=start + every) for start in starts)


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
