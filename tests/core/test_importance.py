import random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.drift.importance import LEAST_OF_EACH, importance

FAILED = [place % 5 == 0 for place in range(400)]
RNG = random.Random(7)
NOISE = [RNG.gauss(0, 1) for _ in FAILED]


def of(column: object, failed: list[bool] = FAILED) -> float:
    found = importance({"it": column}, failed, seed=7)
    assert found is not None
    assert 0 <= found["it"] <= 1
    return found["it"]


def test_what_has_nothing_to_do_with_failing_is_not_important_and_what_is_the_same_is_all() -> None:
    assert of(NOISE) < 0.25
    assert of([f"{number:.0f}" for number in NOISE]) < 0.25
    assert of(FAILED) == 1
    assert of(["bad" if one else "good" for one in FAILED]) == 1
    assert of([float(one) for one in FAILED]) == 1


def test_the_figure_is_that_of_the_curve_where_it_is_known() -> None:
    # 60 % of the failures, 20 % of the passes are in German: AUC = 0.6 x 0.8 + (0.6 x 0.2 + 0.4 x 0.8) / 2 = 0.7
    german = [
        place % 25 in {0, 5, 10} if failed else place % 5 == 1 and place % 20 != 0
        for place, failed in enumerate(FAILED)
    ]
    passes = [one for one, failed in zip(german, FAILED, strict=True) if not failed]
    share = sum(passes) / len(passes)
    auc = 0.6 * (1 - share) + (0.6 * share + 0.4 * (1 - share)) / 2
    assert of(["de" if one else "en" for one in german]) == pytest.approx(2 * auc - 1, abs=0.02)


def test_failing_at_both_ends_of_a_number_is_seen() -> None:
    assert of([number + (3 if number > 0 else -3) * failed for number, failed in zip(NOISE, FAILED, strict=True)]) > 0.6


def test_a_null_is_a_value_of_its_own() -> None:
    assert of(pa.array([None if failed else 1.5 for failed in FAILED])) == 1
    assert of(pa.array([None if failed else "en" for failed in FAILED])) == 1
    assert of([float("nan") if failed else 1.0 for failed in FAILED]) == 1


def test_names_that_are_never_repeated_say_nothing_of_others() -> None:
    assert of([f"user {place}" for place in range(len(FAILED))]) == 0


def test_a_constant_says_nothing_and_a_column_without_values_is_left_out() -> None:
    columns = {"constant": ["en"] * 400, "number": [1.0] * 400, "nulls": [None] * 400, "nan": [float("nan")] * 400}
    assert importance(columns, FAILED, seed=7) == {"constant": 0, "number": 0}


@pytest.mark.parametrize(("failed", "passed"), [(LEAST_OF_EACH - 1, 500), (500, LEAST_OF_EACH - 1), (0, 0)])
def test_too_few_failures_or_passes_say_nothing(failed: int, passed: int) -> None:
    labels = [True] * failed + [False] * passed
    assert importance({"it": [1.0] * len(labels)}, labels, seed=7) is None


def test_chunked_and_whole_number_and_true_or_false_columns_are_read() -> None:
    assert of(pa.chunked_array([[int(one) for one in FAILED[:150]], [int(one) for one in FAILED[150:]]])) == 1
    assert of(pa.array(FAILED)) == 1


@given(st.integers(0, 10**6), st.randoms(use_true_random=False))
@settings(max_examples=15, deadline=None)
def test_neither_the_order_of_the_rows_nor_the_unit_of_a_number_makes_a_difference(
    seed: int, rng: random.Random
) -> None:
    failed = np.random.default_rng(seed).random(120) < 0.4
    numbers = np.random.default_rng(seed).normal(size=120).round(1) + failed
    order = rng.sample(range(120), 120)
    found = of(numbers.tolist(), failed.tolist())
    assert of(numbers[order].tolist(), failed[order].tolist()) == found
    assert of((numbers * 1000).tolist(), failed.tolist()) == found
    assert of([f"{number:+.1f}" for number in numbers], failed.tolist()) <= 1
