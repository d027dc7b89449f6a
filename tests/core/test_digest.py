"""The digest: when a period is over, and what changed in it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.alert import Alert, Status
from tasks.core.digest import change, turns
from tasks.core.measure import Measure
from tasks.core.period import DAYS, Every, period_before, period_ended
from tasks.core.window import Window
from tests.builders import HOUR, SIX
from tests.news import alert

BERLIN = ZoneInfo("Europe/Berlin")
NOW = SIX + 48 * HOUR


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "every", "start", "end"),
    [
        ("2026-11-20T23:59", "daily", "2026-11-19T00:00", "2026-11-20T00:00"),
        ("2026-11-21T00:00", "daily", "2026-11-20T00:00", "2026-11-21T00:00"),
        ("2026-11-22T23:00", "weekly", "2026-11-09T00:00", "2026-11-16T00:00"),
        ("2026-11-23T00:00", "weekly", "2026-11-16T00:00", "2026-11-23T00:00"),
    ],
)
def test_a_period_is_over_at_its_end(moment: str, every: Every, start: str, end: str) -> None:
    found = period_ended(at(moment), every, UTC)
    assert (found.start, found.end) == (at(start), at(end))


def test_a_day_is_that_of_the_zone_also_where_clocks_change() -> None:
    found = period_ended(at("2026-10-25T23:00"), "daily", BERLIN)
    assert (found.start, found.end) == (at("2026-10-24T22:00"), at("2026-10-25T23:00"))
    assert found.end - found.start == 25 * HOUR


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001  the zone is given below
    st.sampled_from(list(DAYS)),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"]),
)
def test_periods_follow_each_other_without_a_gap(naive: datetime, every: Every, zone: str) -> None:
    moment, where = naive.replace(tzinfo=UTC), ZoneInfo(zone)
    period = period_ended(moment, every, where)
    before = period_before(period, every, where)
    assert period.start < period.end <= moment
    assert before.end == period.start
    assert moment - period.end < timedelta(days=DAYS[every], hours=2)


def left(key: str, *, is_open: bool, **changes: object) -> Alert:
    """An alert as a window left it."""
    status = Status.OPEN if is_open else Status.RECOVERED
    return alert(key=f"bot:{key}", status=status, **changes)


def keys(alerts: tuple[Alert, ...]) -> list[str]:
    return [one.key.removeprefix("bot:") for one in alerts]


def test_it_tells_what_opened_recovered_and_is_open() -> None:
    before = [left("old", is_open=True), left("gone", is_open=True), left("past", is_open=False)]
    books = [
        [left("old", is_open=True), left("gone", is_open=True), left("brief", is_open=True)],
        [left("old", is_open=True), left("brief", is_open=False), left("new", is_open=True)],
    ]
    found = turns(before, books, NOW)
    assert keys(found.opened) == ["brief", "new"]
    assert keys(found.recovered) == ["gone", "brief"]
    assert keys(found.still_open) == ["old", "new"]


def test_nothing_changed_where_what_is_open_stays_open() -> None:
    found = turns([left("old", is_open=True)], [[left("old", is_open=True)]] * 24, NOW)
    assert (found.opened, found.recovered) == ((), ())


def test_what_flaps_stands_once_in_each_list_and_is_not_recovered_while_it_is_open() -> None:
    states = [True, False, True, False, True]
    found = turns([], [[left("flap", is_open=state)] for state in states], NOW)
    assert (keys(found.opened), keys(found.recovered), keys(found.still_open)) == (["flap"], [], ["flap"])


def test_what_is_muted_is_left_out() -> None:
    muted = left("quiet", is_open=True, muted_until=NOW + HOUR)
    assert turns([], [[muted]], NOW).opened == ()
    assert keys(turns([], [[muted]], NOW + HOUR).opened) == ["quiet"]


def test_what_opened_under_a_mute_is_told_as_open_by_the_digest_of_the_period_in_which_that_ends() -> None:
    muted = left("quiet", is_open=True, muted_until=NOW + HOUR)
    found = turns([muted], [[muted]], NOW + 24 * HOUR)
    first, second = (Window(start=NOW + days * 24 * HOUR, end=NOW + (days + 1) * 24 * HOUR) for days in (0, 1))
    assert keys(found.still_open) == ["quiet"]
    assert (found.are_news(first), found.are_news(second)) == (True, False)


def rate(value: float | None, n: int) -> Measure:
    return Measure(signal="quality", subject="fluency", measure="pass_rate", value=value, n=n, unit="share")


def test_rates_of_windows_are_taken_together_by_their_rows_and_none_is_not_zero() -> None:
    found = change("fluency", [rate(1.0, 30), rate(0.5, 10), rate(None, 0)], [])
    assert (found.now, found.n, found.before) == (0.875, 40, None)
    assert change("fluency", [rate(None, 0)], [rate(0.5, 2)]).now is None
