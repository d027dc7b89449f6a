import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tasks.core.stats.estimate import Estimate, mean_estimate, share_estimate
from tasks.core.stats.intervals import student
from tasks.core.stats.rows import Rows, mean_among, share_of
from tasks.core.stats.sessions import freedom_of, side_of

ROWS_ALONE = Rows(confidence=0.95)
CONFIDENCES = st.sampled_from([0.8, 0.9, 0.95, 0.99])
ROWS = st.lists(
    st.tuples(st.booleans(), st.sampled_from([None, *"uvwxyz"]), st.integers(1, 20)), min_size=1, max_size=40
)


def told(found: Estimate | None) -> Estimate:
    assert found is not None
    return found


def bounds(found: Estimate | None, confidence: float = 0.95) -> tuple[float, float]:
    interval = told(found).interval(confidence)
    assert interval is not None
    return interval


def p_value(found: Estimate | None, limit: float, *, below: bool) -> float:
    value = told(found).p_value(limit, below=below)
    assert value is not None
    return value


def shares(rows: Sequence[tuple[bool, str | None, int]]) -> list[Estimate]:
    """The share of the rows with and without their sessions and weights."""
    passed, sessions = [row[0] for row in rows], [row[1] for row in rows]
    weights = np.array([row[2] for row in rows], dtype=np.float64)
    found = (
        share_estimate(passed),
        share_estimate(passed, sessions),
        share_estimate(passed, None, weights),
        share_estimate(passed, sessions, weights, 20.0),
    )
    return [told(one) for one in found]


def means(rows: Sequence[tuple[bool, str | None, int]]) -> list[Estimate]:
    """The mean of the weights with and without their sessions, and weighted by themselves."""
    values, sessions = np.array([row[2] for row in rows], dtype=np.float64), [row[1] for row in rows]
    return [told(mean_estimate(values, one, weights)) for one in (None, sessions) for weights in (None, values)]


def sessions_of(
    rng: np.random.Generator, rate: float, count: int, size: int
) -> tuple[npt.NDArray[np.bool_], list[str]]:
    """Sessions whose pass rates are beta-distributed, so that passes correlate by 0.5."""
    rates = np.repeat(rng.beta(rate, 1 - rate, count), size)
    return rng.random(count * size) < rates, [f"s{number // size}" for number in range(count * size)]


def exact(passed: int, n: int) -> tuple[float, float]:
    found = stats.binomtest(passed, n).proportion_ci(confidence_level=0.95, method="exact")
    return found.low, found.high


def test_no_row_has_no_estimate() -> None:
    assert share_estimate([]) is None
    assert mean_estimate([]) is None


def test_a_share_of_rows_on_their_own_has_the_exact_interval() -> None:
    found = told(share_estimate([True] * 81 + [False] * 182))
    assert (found.n, found.n_effective, found.design_effect, found.freedom) == (263, 263.0, None, math.inf)
    assert found.interval(0.95) == pytest.approx(exact(81, 263))


@given(st.integers(0, 60), st.integers(0, 60), st.floats(0.01, 0.99))
def test_a_share_of_rows_on_their_own_is_tested_exactly(passed: int, failed: int, limit: float) -> None:
    if passed + failed:
        found = share_estimate([True] * passed + [False] * failed)
        for below, side in ((True, "less"), (False, "greater")):
            known = stats.binomtest(passed, passed + failed, limit, alternative=side).pvalue
            assert p_value(found, limit, below=below) == pytest.approx(known, abs=1e-9)


@pytest.mark.parametrize(("n", "limit"), [(15, 0.01), (30, 0.05), (30, 0.95), (200, 0.7)])
def test_a_wrong_breach_is_as_rare_as_it_should_be_also_near_the_edge(n: int, limit: float) -> None:
    told = [p_value(share_estimate(np.arange(n) < k), limit, below=limit > 0.5) < 0.025 for k in range(n + 1)]
    assert stats.binom.pmf(np.arange(n + 1), n, limit) @ np.array(told, dtype=float) <= 0.025


def test_limits_that_no_share_can_pass_are_certain() -> None:
    found = share_estimate([True] * 5)
    assert p_value(found, 1.0, below=True) == 1.0
    assert p_value(found, 1.1, below=True) == 0.0
    assert p_value(found, -0.1, below=False) == 0.0
    assert p_value(found, -0.1, below=True) == 1.0


def test_a_mean_of_rows_on_their_own_has_students_interval_and_test() -> None:
    values = [1.0, 2.0, 4.0, 4.0, 5.0, 2.0]
    found, known = told(mean_estimate(values)), stats.ttest_1samp(values, 4.0, alternative="less")
    assert found.design_effect is None
    assert found.interval(0.9) == pytest.approx(student(3.0, float(np.std(values, ddof=1)), 6, 0.9))
    assert p_value(found, 4.0, below=True) == pytest.approx(float(known.pvalue))


@pytest.mark.parametrize(
    ("values", "sessions"),
    [([4.0], None), ([0.1] * 30, None), ([3.0, 5.0, 4.0], ["u"] * 3), ([1.0, 5.0, 1.0, 5.0], ["u", "u", "v", "v"])],
)
def test_a_mean_without_spread_has_a_value_and_no_interval(values: list[float], sessions: list[str] | None) -> None:
    found = told(mean_estimate(values, sessions))
    assert found.value == pytest.approx(np.mean(values))
    assert (found.error, found.interval(0.95), found.p_value(3.0, below=True)) == (None, None, None)


def test_a_mean_of_even_sessions_is_that_of_their_means() -> None:
    values = np.random.default_rng(1).normal(3, 1, (12, 5)) + np.arange(12)[:, None] / 4
    found = mean_estimate(values.ravel(), [f"s{number}" for number in range(12) for _ in range(5)])
    known = stats.ttest_1samp(values.mean(axis=1), 5.0, alternative="less")
    assert told(found).freedom == pytest.approx(11)
    assert p_value(found, 5.0, below=True) == pytest.approx(float(known.pvalue))


def test_a_weighted_mean_has_the_linearised_variance() -> None:
    values, weights = np.array([1.0, 5.0, 2.0, 4.0]), np.array([1.0, 1.0, 4.0, 10.0])
    found = told(mean_estimate(values, None, weights))
    assert found.value == pytest.approx(54 / 16)
    residuals = weights * (values - 54 / 16) / 16
    assert told(found).error == pytest.approx(math.sqrt(float((residuals**2 / (1 - weights / 16)).sum())))


def test_a_weighted_share_counts_each_row_for_those_it_stands_for() -> None:
    found = told(share_estimate([True, False, False], None, np.array([8.0, 1.0, 1.0])))
    assert found.value == 0.8


def test_sessions_whose_rows_are_alike_tell_as_much_as_one_row_each() -> None:
    passed = [True] * 7 + [False] * 3
    sessions = [f"s{number}" for number in range(10)]
    found = told(share_estimate(passed * 4, sessions * 4))
    assert (found.n, found.n_effective, found.design_effect) == pytest.approx((40, 10, 4))
    low, high = bounds(found)
    known = exact(7, 10)
    assert low < known[0] < known[1] < high  # ten sessions have nine degrees of freedom


def test_sessions_in_which_nothing_failed_tell_no_more_than_one_row_each() -> None:
    found = told(share_estimate([True] * 40, [f"s{number % 10}" for number in range(40)]))
    assert (found.n_effective, found.design_effect) == pytest.approx((10, 4))
    assert told(found).error is not None


def test_one_session_tells_next_to_nothing() -> None:
    found = share_estimate([True] * 40 + [False] * 10, ["u"] * 50)
    assert told(found).n_effective == pytest.approx(1)
    assert bounds(found)[0] < 0.05


def test_rows_that_might_have_been_drawn_and_were_not_widen_a_share() -> None:
    passed, weights = [True] * 40 + [False] * 10, np.ones(50)
    even, uneven = share_estimate(passed, None, weights), share_estimate(passed, None, weights, 20.0)
    assert bounds(even) == pytest.approx(exact(40, 50))
    assert bounds(uneven)[0] < bounds(even)[0]
    assert bounds(uneven)[1] > bounds(even)[1]


def test_a_screen_that_finds_the_failures_makes_rows_tell_more() -> None:
    passed, weights = [False] * 60 + [True] * 140, np.repeat([1.0, 20.0], [50, 150])
    found = told(share_estimate(passed, None, weights, 20.0))
    assert found.value == pytest.approx(2800 / 3050)
    assert found.n_effective < 200  # ten failures were not found by the screen
    good = told(share_estimate([False] * 50 + [True] * 950, None, np.repeat([1.0, 2.0], [50, 950]), 2.0))
    assert good.n_effective > 1000


def test_without_the_largest_weight_rows_never_tell_more_than_an_even_sample() -> None:
    found = told(share_estimate([False] * 50 + [True] * 950, None, np.repeat([1.0, 2.0], [50, 950])))
    assert found.n_effective <= 1000


@pytest.mark.parametrize("weights", [[1.0, 0.0], [1.0, -1.0], [1.0, math.nan], [1.0, math.inf], [1.0]])
def test_weights_that_are_no_weights_are_an_error(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="weights are finite numbers above 0"):
        share_estimate([True, False], None, np.array(weights))


def test_one_row_that_stands_for_nearly_all_leaves_no_share_out_of_range() -> None:
    for passed in ([True, False], [False, True], [True, True]):
        found = share_estimate(passed, None, np.array([1e18, 1.0]))
        low, high = bounds(found)
        assert 0 <= low <= told(found).value <= high <= 1
        assert high - low > 0.9


@given(ROWS, CONFIDENCES)
def test_an_interval_holds_the_estimate_and_shares_stay_in_range(
    rows: list[tuple[bool, str | None, int]], confidence: float
) -> None:
    for found in (*shares(rows), *means(rows)):
        interval = found.interval(confidence)
        assert (interval is None) is (found.error is None)
        assert found.n_effective > 0
        if interval is not None:
            assert interval[0] <= found.value <= interval[1]
            assert not found.is_share or (interval[0] >= 0 and interval[1] <= 1)


@settings(max_examples=300)
@given(ROWS, CONFIDENCES, st.floats(-0.2, 1.2))
def test_a_limit_lies_outside_the_interval_exactly_where_its_p_value_is_small(
    rows: list[tuple[bool, str | None, int]], confidence: float, place: float
) -> None:
    for found, limit in [*((one, place) for one in shares(rows)), *((one, 20 * place) for one in means(rows))]:
        interval = found.interval(confidence)
        if interval is None:
            assert found.p_value(limit, below=True) is None
        elif min(abs(limit - bound) for bound in interval) > 1e-6:
            assert (limit > interval[1]) is (p_value(found, limit, below=True) < (1 - confidence) / 2)
            assert (limit < interval[0]) is (p_value(found, limit, below=False) < (1 - confidence) / 2)


@given(ROWS)
def test_the_order_of_the_rows_makes_no_difference(rows: list[tuple[bool, str | None, int]]) -> None:
    turned = rows[::-1]
    assert [*shares(rows), *means(rows)] == [*shares(turned), *means(turned)]


@given(ROWS, st.sampled_from([0.5, 3.0, 1e6]))
def test_only_the_ratios_of_weights_count(rows: list[tuple[bool, str | None, int]], factor: float) -> None:
    passed, sessions = [row[0] for row in rows], [row[1] for row in rows]
    weights = np.array([row[2] for row in rows], dtype=np.float64)
    one = told(share_estimate(passed, sessions, weights, 20.0))
    other = told(share_estimate(passed, sessions, factor * weights, factor * 20.0))
    assert (one.value, one.n_effective) == pytest.approx((other.value, other.n_effective))
    assert share_estimate(passed, sessions, np.full(len(rows), factor)) == share_estimate(passed, sessions)


@given(ROWS)
def test_sessions_of_one_row_are_as_none(rows: list[tuple[bool, str | None, int]]) -> None:
    passed, alone = [row[0] for row in rows], [f"s{number}" for number in range(len(rows))]
    values = [float(row[2]) for row in rows]
    assert share_estimate(passed, alone) == share_estimate(passed)
    assert mean_estimate(values, alone) == mean_estimate(values)


@given(st.lists(st.integers(0, 6), min_size=2, max_size=40).filter(lambda numbers: len(set(numbers)) > 1))
def test_sessions_have_the_fewer_degrees_of_freedom_the_more_their_rows_are_alike(numbers: list[int]) -> None:
    given_numbers = np.array(numbers)
    side = side_of(np.arange(float(len(numbers))), given_numbers, 7)
    free, half, alike = (freedom_of(given_numbers, likeness) for likeness in (0.0, 0.5, 1.0))
    assert free == pytest.approx(max(side.freedom, 1.0))
    assert 1 <= alike <= side.sessions - 1 + 1e-9
    assert half <= free + 1e-9


def test_the_degrees_of_freedom_are_those_of_the_matrix_that_they_come_from() -> None:
    numbers, alike = np.repeat([0, 1, 2, 3], [1, 2, 4, 13]), 0.3
    same = numbers[:, None] == numbers
    rows = np.where(same, alike, 0.0) + np.eye(20) * (1 - alike)
    centred = np.eye(20) - 1 / 20
    influences = np.array([(numbers == one) / 20 / math.sqrt(1 - (numbers == one).mean()) for one in range(4)])
    spread = influences @ centred @ rows @ centred @ influences.T
    assert freedom_of(numbers, alike) == pytest.approx(np.trace(spread) ** 2 / (spread**2).sum())


@given(ROWS)
def test_rows_in_sessions_never_tell_more_than_on_their_own(rows: list[tuple[bool, str | None, int]]) -> None:
    alone, crowded, *_ = shares(rows)
    assert crowded.n_effective <= alone.n_effective * (1 + 1e-12)


def test_intervals_of_crowded_sessions_hold_the_truth() -> None:
    rng, held, held_by_row = np.random.default_rng(3), 0, 0
    for _ in range(400):
        passed, sessions = sessions_of(rng, 0.9, 30, 10)
        low, high = bounds(share_estimate(passed, sessions))
        naive = bounds(share_estimate(passed))
        held, held_by_row = held + (low <= 0.9 <= high), held_by_row + (naive[0] <= 0.9 <= naive[1])
    assert held >= 0.93 * 400
    assert held_by_row < 0.8 * 400


def test_intervals_of_rows_that_were_drawn_unevenly_hold_the_truth() -> None:
    rng, held = np.random.default_rng(4), 0
    for _ in range(400):
        passed = rng.random(600) < 0.9
        chance = np.where(rng.random(600) < np.where(passed, 0.2, 0.8), 1.0, 0.1)
        drawn = rng.random(600) < chance
        low, high = bounds(share_estimate(passed[drawn], None, 1 / chance[drawn], 10.0))
        held += low <= 0.9 <= high
    assert held >= 0.93 * 400


def test_measures_are_built_on_estimates() -> None:
    share = share_of("quality.fluency.pass_rate", 81, 263, 0.95)
    mean = mean_among("custom.length.mean", [1.0, 2.0, 4.0], ROWS_ALONE, "ratio")
    assert (share.low, share.high) == pytest.approx(exact(81, 263))
    assert (mean.low, mean.high) == pytest.approx(bounds(mean_estimate([1.0, 2.0, 4.0])))
    assert (mean_among("custom.length.mean", [], ROWS_ALONE, "ratio").value, share_of("a.b.c", 0, 0, 0.95).value) == (
        None,
        None,
    )
