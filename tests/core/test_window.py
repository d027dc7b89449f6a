from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.window import Window, due_windows, key_of, newest_closed, start_of_key, window_at

HOUR = timedelta(hours=1)
SIX = datetime(2026, 11, 21, 6, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
LENGTHS = st.sampled_from([timedelta(minutes=5), HOUR, timedelta(hours=6), timedelta(days=1), timedelta(days=7)])


def at(hour: int) -> Window:
    return Window(start=SIX.replace(hour=hour), end=SIX.replace(hour=hour) + HOUR)


@given(MOMENTS, LENGTHS)
def test_every_moment_lies_in_exactly_the_window_at_it(moment: datetime, every: timedelta) -> None:
    window = window_at(moment, every)
    assert window.start <= moment < window.end
    assert window.end - window.start == every
    assert window_at(window.end, every).start == window.end


def test_a_week_begins_on_monday_and_a_day_at_midnight() -> None:
    assert window_at(SIX, timedelta(days=7)).start == datetime(2026, 11, 16, tzinfo=UTC)
    assert window_at(SIX, timedelta(days=1)).start == datetime(2026, 11, 21, tzinfo=UTC)


def test_a_key_names_its_window() -> None:
    assert key_of(SIX) == "20261121T0600Z"
    assert start_of_key("20261121T0600Z") == SIX


def test_a_window_is_closed_once_its_grace_has_passed() -> None:
    grace = timedelta(minutes=15)
    assert newest_closed(SIX + timedelta(minutes=14), HOUR, grace) == at(4)
    assert newest_closed(SIX + timedelta(minutes=15), HOUR, grace) == at(5)


def test_the_first_run_takes_only_the_newest_window() -> None:
    assert due_windows(at(9), None, (), 48) == (at(9),)


def test_missed_windows_are_due_oldest_first_and_no_more_than_allowed() -> None:
    assert due_windows(at(9), at(5).end, (), 48) == (at(6), at(7), at(8), at(9))
    assert due_windows(at(9), at(5).end, (), 2) == (at(6), at(7))


def test_a_window_that_was_run_by_hand_is_not_due_again_and_hides_no_other() -> None:
    assert due_windows(at(9), at(5).end, {at(8).start}, 48) == (at(6), at(7), at(9))


def test_nothing_is_due_when_the_newest_window_is_done() -> None:
    assert due_windows(at(9), at(9).end, (), 48) == ()


@given(st.integers(0, 200), st.integers(1, 50))
def test_repeated_runs_take_every_missed_window_once(missed: int, at_most: int) -> None:
    newest = Window(start=SIX + missed * HOUR, end=SIX + (missed + 1) * HOUR)
    taken: list[Window] = []
    watermark = SIX
    while due := due_windows(newest, watermark, (), at_most):
        taken += due
        watermark = due[-1].end
    assert [window.start for window in taken] == [SIX + number * HOUR for number in range(missed + 1)]


@pytest.mark.parametrize(
    ("window", "label"),
    [
        (at(6), "2026-11-21 06:00–07:00"),
        (Window(start=SIX, end=SIX + timedelta(days=1)), "2026-11-21 06:00 – 2026-11-22 06:00"),
    ],
)
def test_a_label_names_both_dates_where_they_differ(window: Window, label: str) -> None:
    assert window.label == label
