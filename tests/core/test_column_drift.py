import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.drift.columns import LEAST_VALUES, ColumnDrift, categorical_drift, numeric_drift

NUMBERS = st.lists(st.floats(-1e9, 1e9), min_size=20, max_size=60)
NAMES = st.lists(st.sampled_from(["de", "en", "zh", "", "🙂"]), min_size=20, max_size=60)


def normal(mean: float, count: int, seed: int, spread: float = 1) -> list[float]:
    rng = random.Random(seed)
    return [rng.gauss(mean, spread) for _ in range(count)]


def sound(found: ColumnDrift | None) -> ColumnDrift:
    assert found is not None
    assert 0 <= found.js <= 1
    assert found.psi >= 0
    assert math.isfinite(found.psi)
    assert 0 <= found.p_value <= 1
    assert found.wasserstein is None or found.wasserstein >= 0
    return found


def test_numbers_of_one_kind_hardly_differ_and_others_do() -> None:
    same = sound(numeric_drift(normal(0, 2000, 1), normal(0, 2000, 2)))
    assert same.psi < 0.05
    assert same.js < 0.1
    assert same.p_value > 0.01
    moved = sound(numeric_drift(normal(0, 2000, 1), normal(1, 2000, 2)))
    assert moved.psi > 0.5
    assert moved.p_value < 1e-9
    assert moved.wasserstein == pytest.approx(1, abs=0.1)


def test_the_index_of_known_shares_is_known() -> None:
    before, now = ["a"] * 500 + ["b"] * 500, ["a"] * 700 + ["b"] * 300
    found = sound(categorical_drift(before, now))
    assert found.psi == pytest.approx(0.2 * math.log(7 / 5) + -0.2 * math.log(3 / 5), rel=0.01)
    p, q = np.array([0.5, 0.5]), np.array([0.7, 0.3])
    middle = (p + q) / 2
    divergence = ((p * np.log2(p / middle)).sum() + (q * np.log2(q / middle)).sum()) / 2
    assert found.js == pytest.approx(math.sqrt(divergence))


@pytest.mark.parametrize("value", [0, -1.5, 1e300])
def test_a_constant_column_does_not_differ_from_itself_and_does_from_another(value: float) -> None:
    same = sound(numeric_drift([value] * 30, [value] * 50))
    assert (same.js, same.psi, same.p_value, same.wasserstein) == (0, pytest.approx(0, abs=0.01), 1, 0)
    for other in (value - 1 - abs(value) / 10, value + 1 + abs(value) / 10):
        changed = sound(numeric_drift([value] * 30, [other] * 50))
        assert changed.js == 1
        assert changed.p_value < 1e-6


def test_one_category_does_not_differ_from_itself_and_a_new_one_is_seen() -> None:
    same = sound(categorical_drift(["en"] * 30, ["en"] * 40))
    assert (same.js, same.p_value) == (0, 1)
    assert sound(categorical_drift(["en"] * 30, ["de"] * 40)).js == 1


def test_values_that_are_no_numbers_do_not_count() -> None:
    odd = [math.nan, math.inf, -math.inf] * 10
    assert numeric_drift(normal(0, 50, 1) + odd, normal(0, 50, 2)) == numeric_drift(normal(0, 50, 1), normal(0, 50, 2))
    assert numeric_drift(odd, normal(0, 50, 2)) is None


@pytest.mark.parametrize("count", [0, 1, LEAST_VALUES - 1])
def test_too_few_values_say_nothing(count: int) -> None:
    assert numeric_drift(normal(0, count, 1), normal(0, 50, 2)) is None
    assert numeric_drift(normal(0, 50, 1), normal(0, count, 2)) is None
    assert categorical_drift(["a"] * count, ["a"] * 50) is None
    assert categorical_drift(["a"] * 50, ["a"] * count) is None


@given(NUMBERS, NUMBERS, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_any_numbers_give_figures_in_whatever_order_they_stand(
    before: list[float], now: list[float], rng: random.Random
) -> None:
    found = sound(numeric_drift(before, now))
    again = sound(numeric_drift(rng.sample(before, len(before)), rng.sample(now, len(now))))
    assert (again.js, again.psi, again.p_value) == (found.js, found.psi, found.p_value)
    assert again.wasserstein == pytest.approx(found.wasserstein)
    turned = sound(numeric_drift(now, before))
    assert turned.p_value == pytest.approx(found.p_value)
    assert turned.wasserstein == pytest.approx(found.wasserstein)


@given(NUMBERS)
@settings(max_examples=60, deadline=None)
def test_numbers_do_not_differ_from_themselves(values: list[float]) -> None:
    found = sound(numeric_drift(values, values))
    assert (found.js, found.psi, found.p_value, found.wasserstein) == (0, 0, 1, 0)


@given(NAMES, NAMES, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_categories_differ_as_much_from_either_side_and_in_any_order(
    before: list[str], now: list[str], rng: random.Random
) -> None:
    found = sound(categorical_drift(before, now))
    assert categorical_drift(rng.sample(before, len(before)), rng.sample(now, len(now))) == found
    assert sound(categorical_drift(before, before)).js == 0
    if set(before) == set(now):
        turned = sound(categorical_drift(now, before))
        assert (turned.js, turned.psi) == (pytest.approx(found.js), pytest.approx(found.psi))


def test_what_a_baseline_has_seldom_counts_together() -> None:
    many = [f"{number}" for number in range(400)]
    found = sound(categorical_drift(many * 5, many[200:] * 10))
    assert found.js < 0.4
