"""Which rows are chosen to be labelled."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.labels.choosing import choose, probabilities, telling

TELLING = st.lists(st.floats(0, 10), min_size=2, max_size=80)


@given(TELLING, st.data(), st.integers(0, 1_000))
def test_exactly_as_many_rows_as_asked_for_are_chosen_each_with_its_probability(
    tells: list[float], data: st.DataObject, seed: int
) -> None:
    n = data.draw(st.integers(1, len(tells) - 1))
    names = [f"r{number}" for number in range(len(tells))]
    found, shares = choose(names, tells, n, seed), probabilities(np.array(tells), n)
    assert len({one.place for one in found}) == len(found) == n
    assert [one.probability for one in found] == [float(shares[one.place]) for one in found]
    assert found == choose(names, tells, n, seed)


@given(TELLING, st.data())
def test_probabilities_sum_up_to_the_rows_and_none_is_less_than_half_of_a_plain_samples(
    tells: list[float], data: st.DataObject
) -> None:
    n = data.draw(st.integers(1, len(tells) - 1))
    shares = probabilities(np.array(tells), n)
    assert shares.sum() == pytest.approx(n)
    assert (shares <= 1).all()
    assert (shares >= 0.5 * n / len(tells) - 1e-12).all()


def test_all_rows_are_chosen_for_sure_where_there_are_no_more() -> None:
    assert [one.probability for one in choose(["a", "b"], [1.0, 0.0], 5, 1)] == [1.0, 1.0]
    assert choose([], [], 5, 1) == []


def test_rows_are_chosen_as_often_as_their_probability_says() -> None:
    names, tells = [f"r{number}" for number in range(20)], [float(number % 4) for number in range(20)]
    counts = np.zeros(20)
    for seed in range(2_000):
        for one in choose(names, tells, 5, seed):
            counts[one.place] += 1
    assert np.abs(counts / 2_000 - probabilities(np.array(tells), 5)).max() < 0.04


def test_a_score_near_the_border_and_a_judge_that_wavers_tell_most() -> None:
    near, far = telling(3.0, 4, 4, None), telling(1.0, 4, 4, None)
    assert near > far > telling(None, 4, 4, None) == 0
    assert telling(5.0, 4, 4, 1.0) > telling(5.0, 4, 4, 0.0)
