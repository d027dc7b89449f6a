import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon

from tasks.core.drift.columns import numeric_drift
from tasks.core.drift.scores import LEAST_SCORES, PERMUTATIONS, ScoreDrift, score_drift, score_measures

SCORES = st.lists(st.sampled_from([1, 2, 3, 4, 5, 4.5, 2.25]), min_size=20, max_size=60)
MOSTLY_FIVES = [0.02, 0.03, 0.05, 0.2, 0.7]
SURE = 1 / (1 + PERMUTATIONS)


def drawn(shares: list[float], count: int, seed: int) -> list[float]:
    return random.Random(seed).choices([1.0, 2.0, 3.0, 4.0, 5.0], shares, k=count)


def drift(before: list[float], now: list[float]) -> ScoreDrift:
    found = score_drift(before, now, confidence=0.95, seed=7)
    assert found is not None
    assert 0 <= found.js <= 1
    assert found.psi >= 0
    assert SURE <= found.p_value <= 1
    assert all(math.isfinite(one) for one in (found.psi, found.shift))
    assert found.low is None or (found.high is not None and found.low <= found.shift <= found.high)
    return found


def test_ones_in_the_place_of_threes_are_seen_which_deciles_hide() -> None:
    before, now = [5.0] * 160 + [4.0] * 22 + [3.0] * 18, [5.0] * 160 + [4.0] * 22 + [1.0] * 18
    found, by_deciles = drift(before, now), numeric_drift(before, now)
    assert found.p_value < 0.01
    assert found.js > 0.25
    assert by_deciles is not None
    assert (by_deciles.p_value > 0.05, by_deciles.js < found.js) == (True, True)


def test_a_shift_above_the_threshold_is_a_shift() -> None:
    found = drift([5.0] * 150 + [4.0] * 50, [5.0] * 50 + [4.0] * 150)
    assert (found.shift, found.p_value) == (-0.5, SURE)
    assert found.high is not None
    assert found.high < 0


def test_the_figures_are_those_of_scipy() -> None:
    before, now = drawn(MOSTLY_FIVES, 300, 1), drawn([0.1, 0.1, 0.2, 0.3, 0.3], 200, 2)
    found = drift(before, now)
    counts = [np.bincount(np.array(one, dtype=int), minlength=6)[1:] for one in (before, now)]
    assert found.js == pytest.approx(jensenshannon(*counts, base=2))
    bounds = stats.ttest_ind(now, before, equal_var=False).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((bounds.low, bounds.high))


def test_of_two_scores_the_p_value_is_that_of_fishers_exact_test() -> None:
    before, now = [5.0] * 28 + [4.0] * 4, [5.0] * 20 + [4.0] * 12
    exact = stats.fisher_exact([[28, 4], [20, 12]]).pvalue
    assert drift(before, now).p_value == pytest.approx(exact, abs=0.015)


def test_scores_of_one_kind_alarm_no_more_often_than_they_should() -> None:
    found = [drift(drawn(MOSTLY_FIVES, 60, 2 * seed), drawn(MOSTLY_FIVES, 40, 2 * seed + 1)) for seed in range(300)]
    assert sum(one.p_value <= 0.05 for one in found) / len(found) <= 0.075


def test_a_constant_score_has_no_spread() -> None:
    same = drift([5.0] * 30, [5.0] * 40)
    assert (same.js, same.p_value, same.shift, same.low, same.high) == (0, 1, 0, None, None)
    assert same.psi == pytest.approx(0, abs=0.01)
    other = drift([5.0] * 30, [4.0] * 40)
    assert (other.js, other.p_value, other.shift, other.low) == (1, SURE, -1, None)


def test_scores_that_are_not_finite_do_not_count() -> None:
    odd = [math.nan, math.inf, -math.inf] * 10
    some, others = drawn(MOSTLY_FIVES, 50, 1), drawn(MOSTLY_FIVES, 50, 2)
    assert drift(some + odd, others) == drift(some, others)
    assert score_drift(odd, some, confidence=0.95, seed=7) is None


@pytest.mark.parametrize("count", [0, 1, LEAST_SCORES - 1])
def test_too_few_scores_say_nothing_and_their_measures_are_none(count: int) -> None:
    few, many = [5.0] * count, [5.0] * 50
    assert score_drift(few, many, confidence=0.95, seed=7) is None
    assert score_drift(many, few, confidence=0.95, seed=7) is None
    assert {(one.value, one.low, one.n) for one in score_measures("fluency", None, count)} == {(None, None, count)}


def test_the_measures_are_named_after_the_metric() -> None:
    found = drift(drawn(MOSTLY_FIVES, 50, 1), drawn(MOSTLY_FIVES, 50, 2))
    by_address = {one.address: one.value for one in score_measures("groundedness", found, 50)}
    assert by_address == {
        "drift.groundedness.js": found.js,
        "drift.groundedness.psi": found.psi,
        "drift.groundedness.p_value": found.p_value,
        "drift.groundedness.mean_shift": found.shift,
    }


@given(SCORES, SCORES, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_neither_order_nor_side_makes_a_difference(before: list[float], now: list[float], rng: random.Random) -> None:
    found = drift(before, now)
    assert drift(rng.sample(before, len(before)), rng.sample(now, len(now))) == found
    turned = drift(now, before)
    assert turned.js == pytest.approx(found.js)
    assert (turned.shift, turned.p_value) == (-found.shift, found.p_value)


@given(SCORES)
@settings(max_examples=40, deadline=None)
def test_scores_do_not_differ_from_themselves(scores: list[float]) -> None:
    found = drift(scores, scores)
    assert (found.js, found.psi, found.p_value, found.shift) == (0, 0, 1, 0)
