import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.stats.intervals import student, wilson

CONFIDENCES = st.sampled_from([0.8, 0.9, 0.95, 0.99])


def test_wilson_agrees_with_a_worked_example() -> None:
    # 81 of 263: 0.2553 to 0.3662 in R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3
    low, high = wilson(81, 263, 0.95) or (math.nan, math.nan)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


def test_no_rows_have_no_interval() -> None:
    assert wilson(0, 0, 0.95) is None
    assert student(3.0, 0.0, 1, 0.95) is None


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), CONFIDENCES)
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
