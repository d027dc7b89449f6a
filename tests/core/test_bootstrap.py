import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tasks.core.stats.bootstrap import bca
from tasks.core.stats.intervals import Interval

Floats = npt.NDArray[np.float64]
VALUES = st.lists(st.integers(-50, 50), min_size=2, max_size=25)


def mean(values: Floats) -> float:
    return float(values.mean())


def kappa(one: Floats, other: Floats) -> float | None:
    agreed, by_chance = (one == other).mean(), one.mean() * other.mean() + (1 - one.mean()) * (1 - other.mean())
    return None if by_chance == 1 else float((agreed - by_chance) / (1 - by_chance))


def told(found: Interval | None) -> Interval:
    assert found is not None
    return found


def test_the_bootstrap_of_rows_on_their_own_is_as_scipy_has_it() -> None:
    values = np.random.default_rng(1).exponential(1, 60)
    known = stats.bootstrap((values,), np.mean, method="BCa", rng=np.random.default_rng(2), n_resamples=9999)
    expected = (known.confidence_interval.low, known.confidence_interval.high)
    assert told(bca(mean, [values], 0.95, resamples=9999)) == pytest.approx(expected, abs=0.01)


def test_the_bootstrap_of_the_rows_of_two_judges_holds_their_kappa() -> None:
    rng = np.random.default_rng(3)
    one = (rng.random(300) < 0.7).astype(np.float64)
    other = np.where(rng.random(300) < 0.85, one, 1 - one)
    low, high = told(bca(kappa, [one, other], 0.95))
    value = kappa(one, other) or 0.0
    assert low < value < high
    assert 0.1 < high - low < 0.3


def test_whole_sessions_are_drawn() -> None:
    values = np.repeat(np.random.default_rng(4).normal(0, 1, 30), 10)
    sessions = [f"s{number // 10}" for number in range(300)]
    by_row, by_session = told(bca(mean, [values], 0.95)), told(bca(mean, [values], 0.95, sessions=sessions))
    alone = told(bca(mean, [values[::10]], 0.95))
    assert by_session == pytest.approx(alone)
    assert by_session[1] - by_session[0] > 2.5 * (by_row[1] - by_row[0])


def test_rows_without_a_session_are_drawn_alone() -> None:
    values = np.random.default_rng(5).normal(0, 1, 40)
    assert bca(mean, [values], 0.95, sessions=[None] * 40) == bca(mean, [values], 0.95)


def test_many_rows_are_left_out_in_groups() -> None:
    left_out = []

    def noted(values: Floats) -> float:
        left_out.append(len(values))
        return float(values.mean())

    values = np.random.default_rng(6).normal(0, 1, 5000)
    low, high = told(bca(noted, [values], 0.95, resamples=500))
    assert len(left_out) == 1 + 500 + 200
    assert high - low == pytest.approx(2 * 1.96 / np.sqrt(5000), rel=0.15)


@pytest.mark.parametrize(
    ("values", "sessions"), [([2.0], None), ([2.0] * 20, None), ([1.0, 2.0, 3.0], ["u"] * 3), ([], None)]
)
def test_what_does_not_vary_has_no_interval(values: list[float], sessions: list[str] | None) -> None:
    assert bca(mean, [np.array(values)], 0.95, sessions=sessions) is None


def test_a_statistic_that_few_resamples_have_has_no_interval() -> None:
    one, other = np.zeros(30), np.zeros(30)
    assert bca(kappa, [one, other], 0.95) is None
    one[0] = other[0] = 1.0  # a third of the resamples miss the only row that differs
    assert kappa(one, other) == 1.0
    assert bca(kappa, [one, other], 0.95) is None


@settings(max_examples=25, deadline=None)
@given(VALUES, st.sampled_from([0.8, 0.95]))
def test_the_interval_of_a_mean_lies_among_its_values_and_moves_with_them(values: list[int], confidence: float) -> None:
    given_values = np.array(values, dtype=np.float64)
    found, moved = (bca(mean, [one], confidence, resamples=200) for one in (given_values, 3 * given_values + 7))
    if len(set(values)) == 1:
        assert found is None
    elif found is not None:
        low, high = found
        assert min(values) <= low <= high <= max(values)
        assert told(moved) == pytest.approx((3 * low + 7, 3 * high + 7))
