import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from configs.monitor import MonitorConfig
from tasks.adapters.results import read_table
from tasks.collect import collect_window
from tasks.core.window import Window
from tests.builders import HOUR, answered, asked, job, monitor, store_of, write_logs

DAY = timedelta(days=1)
QUARTER = timedelta(minutes=15)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture(params=["Europe/Berlin", "America/St_Johns", "UTC"])
def local_time(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The process is somewhere with summer time."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield os.environ["TZ"]
    monkeypatch.undo()
    time.tzset()


def write_quarters(folder: Path, start: datetime, end: datetime) -> list[str]:
    """A call every quarter of an hour, told in the time of Berlin, answered seven minutes later; returns the IDs."""
    moments = [start + number * QUARTER for number in range((end - start) // QUARTER)]
    for side, line, later in (("inputs", asked, timedelta()), ("outputs", answered, timedelta(minutes=7))):
        folders: dict[datetime, list[str]] = {}
        for moment in moments:
            at = moment + later
            told = line(f"{moment:%Y-%m-%dT%H:%M}", at.astimezone(BERLIN))
            folders.setdefault(at.replace(minute=0), []).append(told)
        for home, lines in folders.items():
            write_logs(folder, side, home, lines)
    return [f"{moment:%Y-%m-%dT%H:%M}" for moment in moments]


def ids_of(config: MonitorConfig, window: Window) -> list[str]:
    found = collect_window(config, job(window), store_of(config))
    assert found.counts.joined == found.counts.sampled == found.counts.inputs == found.counts.outputs
    return sorted(row["interaction_id"] for row in read_table(store_of(config), found.interactions).to_pylist())


@pytest.mark.parametrize("change", [datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)])
def test_the_hours_around_a_change_of_the_clock_hold_each_call_once(
    tmp_path: Path, change: datetime, local_time: str
) -> None:
    start, end = change - 3 * HOUR, change + 3 * HOUR
    written = write_quarters(tmp_path, start, end)
    config = monitor(tmp_path, window={"every": "1h"})
    hours = [start + number * HOUR for number in range(6)]
    found = [ids_of(config, Window(start=hour, end=hour + HOUR)) for hour in hours]
    assert [len(one) for one in found] == [4] * 6, local_time
    assert [one for hour in found for one in hour] == written


@pytest.mark.parametrize(
    "midnight",
    [
        datetime(2026, 12, 1, tzinfo=UTC),
        datetime(2027, 1, 1, tzinfo=UTC),
        datetime(2028, 2, 29, tzinfo=UTC),
        datetime(2028, 3, 1, tzinfo=UTC),
        datetime(2026, 10, 26, tzinfo=UTC),
    ],
)
def test_days_meet_at_midnight_utc_across_months_years_and_leap_days(tmp_path: Path, midnight: datetime) -> None:
    written = write_quarters(tmp_path, midnight - 2 * HOUR, midnight + 2 * HOUR)
    config = monitor(tmp_path, window={"every": "1d"})
    assert ids_of(config, Window(start=midnight - DAY, end=midnight)) == written[:8]
    assert ids_of(config, Window(start=midnight, end=midnight + DAY)) == written[8:]


def test_a_week_across_a_year_begins_on_a_monday_and_holds_all_of_its_days(tmp_path: Path) -> None:
    monday = datetime(2026, 12, 28, tzinfo=UTC)
    noons = [monday + number * DAY + DAY / 2 for number in range(-1, 8)]
    written = [one for noon in noons for one in write_quarters(tmp_path, noon, noon + HOUR)]
    config = monitor(tmp_path, window={"every": "7d"})
    assert ids_of(config, Window(start=monday, end=monday + 7 * DAY)) == written[4:-4]
