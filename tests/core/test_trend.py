"""The course of a measure as a line of text."""

from hypothesis import given
from hypothesis import strategies as st

from tasks.core.news import Trend
from tasks.core.trend import BARS, GAP, drawn

VALUES = st.lists(st.none() | st.floats(-1e6, 1e6), max_size=40)


def test_it_shows_the_first_and_the_last_value_and_where_the_limit_is() -> None:
    found = drawn(Trend(values=[1.0, 0.9, 0.8, 0.3], limit=0.65), "share")
    assert found == "█▇▆▁ 1.000 → 0.300 in 4 windows, limit 0.65 at ▅"


def test_a_limit_in_the_thousands_has_all_its_digits() -> None:
    found = drawn(Trend(values=[9000.0, 31234.0], limit=12345.0), "milliseconds")
    assert found == "▁█ 9,000 → 31,234 in 2 windows, limit 12,345 at ▂"


def test_a_window_without_a_value_is_a_gap_and_none_before_the_first_is_shown() -> None:
    found = drawn(Trend(values=[None, None, 0.5, None, 0.0], limit=None), "share")
    assert found == "█·▁ 0.500 → 0.000 in 3 windows, · no value"


def test_a_last_window_without_a_value_is_said() -> None:
    assert drawn(Trend(values=[0.5, 0.7, None], limit=None), "share") == (
        "▁█· 0.500 → not known in 3 windows, · no value"
    )


def test_of_fewer_than_two_values_nothing_is_drawn() -> None:
    for values in ([], [None, None], [None, 0.5]):
        assert drawn(Trend(values=values, limit=0.7), "share") is None


def test_what_does_not_move_is_level() -> None:
    assert drawn(Trend(values=[0.5, 0.5, 0.5], limit=0.5), "share") == (
        "▅▅▅ 0.500 → 0.500 in 3 windows, limit 0.5 at ▅"
    )


@given(VALUES, st.none() | st.floats(-1e6, 1e6))
def test_bars_stand_in_the_order_of_the_values_and_gaps_only_where_there_is_none(
    values: list[float | None], limit: float | None
) -> None:
    found = drawn(Trend(values=values, limit=limit), "share")
    if found is not None:
        bars = found.split(" ")[0]
        shown = values[len(values) - len(bars) :]
        assert all((bar == GAP) == (value is None) for bar, value in zip(bars, shown, strict=True))
        ranked = sorted((value, BARS.index(bar)) for bar, value in zip(bars, shown, strict=True) if value is not None)
        assert [bar for _, bar in ranked] == sorted(bar for _, bar in ranked)
