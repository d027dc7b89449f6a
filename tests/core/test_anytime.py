import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.stats.anytime import Anytime, both, p_values, part_of

VALUES = st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=60)
P = st.tuples(st.floats(0, 1), st.floats(0, 1))


def test_rows_on_their_own_are_counted_by_value() -> None:
    part = part_of([1.0, 0.0, 1.0, 0.25], None, 1)
    assert dict(zip(part.levels, part.counts, strict=True)) == {0.0: 1, 0.25: 1, 1.0: 2}


def test_rows_of_one_session_are_one_draw() -> None:
    alone, crowded = part_of([1.0] * 8, None, 1), part_of([1.0] * 8, ["a"] * 4 + ["b"] * 4, 4)
    assert p_values([alone], 0.5)[0] < p_values([crowded], 0.5)[0]
    assert p_values([crowded], 0.5) == p_values([part_of([1.0, 1.0], None, 1)], 0.5)


def test_all_of_the_window_is_certain_and_of_the_application_is_not() -> None:
    part = part_of([1.0] * 8 + [0.0] * 2, None, 1)
    assert p_values([part], 0.7, population=10) == (0.0, 1.0)
    assert p_values([part], 0.7)[0] > 0.1


def test_the_mean_of_a_scale_is_told_on_that_scale() -> None:
    found = Anytime(part=part_of([1.0] * 200, None, 1), scale=(1, 5))
    interval = found.interval(0.95)
    assert interval is not None
    assert 4.5 < interval[0] < interval[1] == 5
    above = found.p_value(4.0, below=False)
    assert above is not None
    assert above < 1e-6
    assert found.p_value(4.0, below=True) == 1


def test_windows_together_count_only_on_the_side_that_this_one_is_on() -> None:
    assert both((0.4, 1.0), (1e-6, 1.0), value=0.8, limit=0.7) == (2e-6, 1.0)
    assert both((1.0, 0.4), (1e-6, 1.0), value=0.6, limit=0.7) == (1.0, 0.8)


@given(VALUES, st.floats(0.05, 0.95), st.sampled_from([0.9, 0.95]))
def test_a_limit_outside_the_interval_is_one_with_a_small_p_value(
    values: Sequence[float], limit: float, confidence: float
) -> None:
    found = Anytime(part=part_of(list(values), None, 1))
    interval, error = found.interval(confidence), (1 - confidence) / 2
    assert interval is not None
    for below, is_out in ((False, limit < interval[0]), (True, limit > interval[1])):
        p_value = found.p_value(limit, below=below)
        assert p_value is not None
        assert is_out is (p_value <= error) or math.isclose(p_value, error, rel_tol=1e-6)


@given(P, P, st.floats(0, 1), st.floats(0, 1))
def test_two_looks_cost_at_most_a_factor_of_two(
    alone: tuple[float, float], together: tuple[float, float], value: float, limit: float
) -> None:
    for found, one in zip(both(alone, together, value, limit), alone, strict=True):
        assert found <= min(1.0, 2 * one) == pytest.approx(min(1.0, 2 * one))
