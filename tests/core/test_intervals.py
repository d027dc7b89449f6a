import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tasks.core.stats.intervals import score_bounds, student, t_quantile, wilson

CONFIDENCES = st.sampled_from([0.8, 0.9, 0.95, 0.99])
COUNTS = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def test_wilson_agrees_with_a_worked_example() -> None:
    # 81 of 263: 0.2553 to 0.3662 in R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3
    low, high = wilson(81, 263, 0.95) or (math.nan, math.nan)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


def test_no_rows_have_no_interval() -> None:
    assert wilson(0, 0, 0.95) is None
    assert student(3.0, 0.0, 1, 0.95) is None


@given(COUNTS, CONFIDENCES)
def test_wilson_holds_the_estimate_and_stays_in_range(counts: tuple[int, int], confidence: float) -> None:
    passed, n = counts
    low, high = wilson(passed, n, confidence) or (math.nan, math.nan)
    assert 0 <= low <= passed / n + 1e-9
    assert passed / n - 1e-9 <= high <= 1


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), CONFIDENCES)
def test_wilson_is_symmetric_in_passes_and_failures(counts: tuple[int, int], confidence: float) -> None:
    passed, n = counts
    low, high = wilson(passed, n, confidence) or (math.nan, math.nan)
    assert wilson(n - passed, n, confidence) == pytest.approx((1 - high, 1 - low))


@given(st.integers(1, 100), st.integers(2, 10))
def test_wilson_narrows_with_more_rows_at_the_same_rate(n: int, factor: int) -> None:
    narrow = wilson(factor * n, 2 * factor * n, 0.95) or (0.0, 1.0)
    wide = wilson(n, 2 * n, 0.95) or (0.0, 1.0)
    assert narrow[1] - narrow[0] < wide[1] - wide[0]


def test_student_agrees_with_the_table() -> None:
    # t(0.975, 9) = 2.262
    low, high = student(5.0, 2.0, 10, 0.95) or (0.0, 0.0)
    assert (round(low, 3), round(high, 3)) == (round(5 - 2.262157 * 2 / math.sqrt(10), 3), 6.431)


@given(COUNTS, CONFIDENCES)
def test_wilson_is_as_scipy_has_it(counts: tuple[int, int], confidence: float) -> None:
    known = stats.binomtest(*counts).proportion_ci(confidence_level=confidence, method="wilson")
    assert wilson(*counts, confidence) == pytest.approx((known.low, known.high), abs=1e-12)


@given(st.floats(0, 1), st.floats(0.1, 1e6), st.floats(0.1, 50))
def test_a_score_interval_ends_where_the_share_is_as_far_as_the_quantile(
    share: float, rows: float, quantile: float
) -> None:
    low, high = score_bounds(share, rows, quantile)
    assert 0 <= low <= share <= high <= 1
    for bound in {low, high} - {share}:
        assert abs(share - bound) == pytest.approx(quantile * math.sqrt(bound * (1 - bound) / rows), rel=1e-6, abs=1e-9)


def test_the_quantile_of_many_degrees_of_freedom_is_the_normal_one() -> None:
    assert t_quantile(0.95, math.inf) == pytest.approx(1.959964, abs=1e-6)
    assert t_quantile(0.95, 9) == pytest.approx(2.262157, abs=1e-6)
