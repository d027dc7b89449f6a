"""The days and weeks of a calendar, over which digests are told."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Final, Literal

from tasks.core.window import Window

Every = Literal["daily", "weekly"]
DAYS: Final[Mapping[Every, int]] = {"daily": 1, "weekly": 7}


def period_ended(moment: datetime, every: Every, zone: tzinfo) -> Window:
    """The last period of the calendar of a zone that has ended at `moment`, in UTC.

    A day begins at midnight, a week on Monday; where clocks change, a day has 23 or 25 hours.
    """
    today = moment.astimezone(zone).date()
    if every == "weekly":
        today -= timedelta(days=today.weekday())
    start = today - timedelta(days=DAYS[every])
    first, last = (datetime.combine(day, time.min, zone).astimezone(UTC) for day in (start, today))
    return Window(start=first, end=last)


def period_before(period: Window, every: Every, zone: tzinfo) -> Window:
    """The period that ends where this one begins."""
    return period_ended(period.start, every, zone)
