"""When an Azure ML schedule fires, as the `schedule` of a monitor file."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import prod
from typing import Final
from zoneinfo import ZoneInfo

from tzlocal.windows_tz import win_tz

from configs.azure_ml.part import MONTH, Part

WEEK_DAYS: Final = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
FREQUENCIES: Final = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": MONTH,
}
RULES: Final = {"hour": "HOURLY", "day": "DAILY", "week": "WEEKLY", "month": "MONTHLY"}
_ZONES: Final = {name.casefold(): zone for name, zone in win_tz.items()} | {"utc": "UTC"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """The keys of `schedule` in a monitor file, and what goes with them.

    `period` is the usual time from run to run, None where it is not known; `default_window` is how far Azure looks
    back where no data window is given; `left_out` says what has no counterpart.
    """

    keys: dict[str, str]
    period: timedelta | None
    default_window: timedelta
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """The clock times of a recurrence; empty = any. Week days count from Sunday = 0."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    week_days: tuple[int, ...]
    month_days: tuple[int, ...]

    @property
    def cron(self) -> str:
        """The five fields of a cron line."""
        fields = (self.minutes, self.hours, self.month_days, (), self.week_days)
        return " ".join(",".join(str(number) for number in field) or "*" for field in fields)

    @property
    def rule(self) -> str:
        """The BY… parts of a recurrence rule (RFC 5545), each with a semicolon before it."""
        days = [WEEK_DAYS[day][:2].upper() for day in self.week_days]
        parts = {"BYDAY": days, "BYMONTHDAY": self.month_days, "BYHOUR": self.hours, "BYMINUTE": self.minutes}
        return "".join(f";{name}={','.join(map(str, values))}" for name, values in parts.items() if values)

    @property
    def times(self) -> int:
        """How often it fires in one unit of the frequency."""
        return prod(max(1, len(part)) for part in (self.minutes, self.hours, self.week_days, self.month_days))


def timetable(trigger: Part) -> Timetable:
    """The trigger as a schedule; raises ConfigError where it is no cron and no recurrence trigger."""
    kind = (trigger.text("type") or ("cron" if trigger.key("expression") else "recurrence")).lower()
    if kind == "cron":
        return _cron(trigger)
    if kind == "recurrence":
        return _recurrence(trigger)
    raise trigger.error(key="type", what="there is no such trigger; use cron or recurrence")


def _cron(trigger: Part) -> Timetable:
    expression = trigger.text("expression") or ""
    if len(expression.split()) != len("MHDMW"):
        raise trigger.error(key="expression", what="a cron line of five fields was expected; correct it")
    return Timetable(
        keys={"cron": expression, "timezone": _zone(trigger)},
        period=None,
        default_window=timedelta(days=7),
        left_out=(*_limits(trigger), *trigger.others("type", "expression", *_LIMITS)),
    )


def _recurrence(trigger: Part) -> Timetable:
    frequency = (trigger.text("frequency") or "").lower()
    if frequency not in FREQUENCIES:
        raise trigger.error(key="frequency", what=f"use {', '.join(FREQUENCIES)}")
    interval = (trigger.whole_numbers("interval", 1, 10_000) or (1,))[0]
    zone = _zone(trigger)
    asked = trigger.part("schedule", "pattern")
    start = _start(trigger, zone)
    notes = list(trigger.others("type", "frequency", "interval", "schedule", "pattern", *_LIMITS))
    if frequency == "minute" or (frequency == "hour" and asked is None):
        keys, period = {"interval": f"{interval}{frequency[0]}"}, FREQUENCIES[frequency] * interval
        notes += [] if asked is None else [f"{asked.path}: is not used where the frequency is minute"]
        notes += _limits(trigger)
    else:
        pattern = _pattern(asked, start, frequency)
        keys = _calendar(pattern, frequency, interval, start)
        period = FREQUENCIES[frequency] * interval / pattern.times
        notes += [] if asked is None else asked.others("hours", "minutes", "week_days", "weekdays", "month_days")
        notes += _limits(trigger, kept="rrule" in keys)
        notes += [_guessed(trigger)] if start is None and (asked is None or interval > 1) else []
    return Timetable(
        keys=keys | {"timezone": zone},
        period=period,
        default_window=_default_window(frequency, interval),
        left_out=tuple(notes),
    )


def _default_window(frequency: str, interval: int) -> timedelta:
    """How far Azure looks back by default: a day for what runs within a day, else the recurrence itself."""
    return timedelta(days=1) if frequency in {"minute", "hour"} else FREQUENCIES[frequency] * interval


def _pattern(asked: Part | None, start: datetime | None, frequency: str) -> Pattern:
    """The times that are asked for; what is not asked for comes from the start, or is midnight and the first day."""
    hours = asked.whole_numbers("hours", 0, 23) if asked else ()
    minutes = asked.whole_numbers("minutes", 0, 59) if asked else ()
    days = _week_days(asked) if asked else ()
    month_days = asked.whole_numbers("month_days", 1, 31) if asked else ()
    if frequency == "week" and not days:
        days = (start.isoweekday() % 7 if start else 1,)
    if frequency == "month" and not days and not month_days:
        month_days = (start.day if start else 1,)
    if frequency != "hour" and not hours:
        hours = (start.hour if start else 0,)
    return Pattern(
        minutes=minutes or (start.minute if start else 0,), hours=hours, week_days=days, month_days=month_days
    )


def _calendar(pattern: Pattern, frequency: str, interval: int, start: datetime | None) -> dict[str, str]:
    """A cron line where one can say it, else a recurrence rule, counted from the start where there is one."""
    if interval == 1 and not (pattern.week_days and pattern.month_days):
        return {"cron": pattern.cron}
    rule = f"FREQ={RULES[frequency]};INTERVAL={interval}{pattern.rule}"
    return {"rrule": f"DTSTART:{start:%Y%m%dT%H%M}00\nRRULE:{rule}" if start else rule}


def _week_days(pattern: Part) -> tuple[int, ...]:
    key = pattern.key("week_days", "weekdays")
    if key is None:
        return ()
    value = pattern.content[key]
    names = [str(name).lower() for name in (value if isinstance(value, list) else [value])]
    if not set(names) <= set(WEEK_DAYS):
        raise pattern.error(key=key, what="names of days such as monday were expected here; correct it")
    return tuple(sorted({WEEK_DAYS.index(name) for name in names}))


def _zone(trigger: Part) -> str:
    """The IANA name of the trigger's time zone, UTC where it names none."""
    name = trigger.text("time_zone", "timezone")
    if name is None:
        return "UTC"
    if zone := _ZONES.get(name.casefold()):
        return zone
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError) as error:
        key = trigger.key("time_zone", "timezone") or "time_zone"
        raise trigger.error(key=key, what="there is no such time zone; write one such as Europe/Berlin") from error


def _start(trigger: Part, zone: str) -> datetime | None:
    """The start as the clocks of the trigger's zone show it."""
    text = trigger.text("start_time")
    if text is None:
        return None
    try:
        start = datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", text))
    except ValueError as error:
        raise trigger.error(key="start_time", what="this is no time; write it as 2026-11-20T06:00:00") from error
    return start if start.tzinfo is None else start.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


_LIMITS: Final = ("start_time", "end_time", "time_zone", "timezone")


def _limits(trigger: Part, *, kept: bool = False) -> Iterator[str]:
    """What is lost of start and end; `kept` where the rule counts from the start."""
    if (start := trigger.text("start_time")) and not kept:
        yield f"{trigger.address('start_time')} ({start}): a schedule begins when it is deployed; only clock times stay"
    if end := trigger.text("end_time"):
        yield f"{trigger.address('end_time')} ({end}): a schedule has no end; pause or delete its deployment then"


def _guessed(trigger: Part) -> str:
    return f"{trigger.path}: names no start_time, Azure counted from its creation; check the times of schedule"
