import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.stats.betting import Part, evidence
from tasks.core.stats.intervals import wilson
from tasks.core.stats.power import rows_to_decide, rows_to_find

SHARES = st.integers(1, 99).map(lambda percent: percent / 100)


def share_found(rate: float, limit: float, rows: int, largest: int = 1) -> float:
    """Of 400 streams that are looked at after each twentieth of the rows, those whose evidence ever is enough."""
    judged = np.linspace(0, rows, 21).astype(int)[1:]
    passed = np.random.default_rng(1).binomial(np.diff(judged, prepend=0), rate, size=(400, 20)).cumsum(axis=1)
    found = 0
    for stream in passed:
        looks = (
            evidence([Part(levels=(0, 1), counts=(n - s, s), largest=largest)], limit)
            for s, n in zip(stream, judged, strict=True)
        )
        side = [one.log_up if rate > limit else one.log_down for one in looks]
        found += max(side) >= math.log(1 / 0.05)
    return found / 400


@pytest.mark.parametrize(("rate", "limit", "largest"), [(0.6, 0.7, 1), (0.8, 0.7, 1), (0.05, 0.02, 1), (0.5, 0.7, 3)])
def test_the_rows_to_find_find_it_with_the_power_that_was_promised(rate: float, limit: float, largest: int) -> None:
    rows = rows_to_find(rate, limit, error=0.05, largest=largest) or 0
    assert 0.85 < share_found(rate, limit, rows, largest) < 0.95
    assert share_found(rate, limit, rows // 2, largest) < 0.75


def test_a_fall_of_ten_points_takes_some_hundred_rows_and_one_of_five_about_four_times_as_many() -> None:
    assert rows_to_find(0.6, 0.7, error=0.025) == 408
    assert rows_to_find(0.65, 0.7, error=0.025) == 1614


def test_what_cannot_be_found_below_a_hundred_thousand_rows_has_no_number() -> None:
    assert rows_to_find(0.7, 0.7, error=0.05) is None
    assert rows_to_find(0.699, 0.7, error=0.05) is None
    assert rows_to_find(0.69, 0.7, error=0.05) is not None


def test_below_a_limit_of_one_the_first_failure_is_enough() -> None:
    assert rows_to_find(0.99, 1.0, error=0.05) == pytest.approx(math.log(0.1) / math.log(0.99), rel=0.03)


@given(SHARES, SHARES, st.sampled_from([0.1, 0.05, 0.01]))
def test_shares_and_their_complements_take_as_many_rows(rate: float, limit: float, error: float) -> None:
    straight, mirrored = rows_to_find(rate, limit, error=error), rows_to_find(1 - rate, 1 - limit, error=error)
    assert straight == mirrored or straight == pytest.approx(mirrored, rel=0.02, abs=1)


@given(st.integers(1, 68), st.integers(1, 30))
def test_what_lies_further_from_the_limit_takes_no_more_rows(percent: int, less: int) -> None:
    near, far = (rows_to_find(max(one, 0) / 100, 0.7, error=0.05) for one in (percent, percent - less))
    assert near is not None
    assert far is not None
    assert far <= near * 1.02 + 1


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="rate and limit"):
        rows_to_find(60.0, 0.7, error=0.05)


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), SHARES)
def test_so_many_more_rows_at_the_same_share_leave_the_limit_out_and_one_less_does_not(
    counts: tuple[int, int], limit: float
) -> None:
    passed, n = counts
    more = rows_to_decide(passed / n, n, limit, error=0.025)
    if more is not None:
        assert leaves_out(passed / n, n + more, limit)
        assert not leaves_out(passed / n, n + more - 1, limit)
    else:
        assert leaves_out(passed / n, n, limit) or not leaves_out(passed / n, n + 1_000_000, limit)


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), SHARES)
def test_more_rows_are_wanting_just_where_the_interval_of_these_holds_the_limit(
    counts: tuple[int, int], limit: float
) -> None:
    passed, n = counts
    low, high = wilson(passed, n, 0.95) or (0, 1)
    if abs(passed / n - limit) > 0.005:
        assert (rows_to_decide(passed / n, n, limit, error=0.025) is not None) == (low < limit < high)


def leaves_out(share: float, n: int, limit: float) -> bool:
    """By the score test."""
    return abs(share - limit) >= NormalDist().inv_cdf(0.975) * math.sqrt(limit * (1 - limit) / n)


def test_sessions_take_more_rows_by_their_design_effect() -> None:
    alone, alike = (rows_to_decide(0.75, 100, 0.7, error=0.025, design_effect=effect) or 0 for effect in (1.0, 2.0))
    assert (alone, alike) == (223, 546)


def test_where_rows_are_not_what_is_wanting_there_is_no_number_of_them() -> None:
    assert rows_to_decide(0.7, 100, 0.7, error=0.025) is None
    assert rows_to_decide(0.9, 100, 0.7, error=0.025) is None
    assert rows_to_decide(0.7001, 100, 0.7, error=0.025) is None
