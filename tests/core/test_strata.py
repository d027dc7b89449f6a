"""Strata: what is chosen among candidates, and with which probabilities."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.records.strata import EACH, MOST_STRATA, choose, thinned

CANDIDATES = st.lists(st.tuples(st.sampled_from("aabbbcd"), st.booleans()), min_size=1, max_size=120)
PLAIN = [False] * 1_000
MIXED = ["rare" if number % 50 == 0 else "usual" for number in range(1_000)]


def sizes(strata: list[str], rows: int) -> dict[str, int]:
    chosen = choose(strata, [False] * len(strata), rows).chosen.tolist()
    return {name: sum(strata[place] == name for place in chosen) for name in dict.fromkeys(strata)}


def test_a_rare_stratum_gets_more_than_its_share() -> None:
    assert sizes(MIXED, 100) == {"rare": 12, "usual": 88}


def test_a_stratum_gives_no_more_than_it_has() -> None:
    assert sizes(MIXED, 400) == {"rare": 20, "usual": 380}


def test_strata_of_one_size_get_equal_parts() -> None:
    assert sizes(["a", "b", "c", "d"] * 50, 40) == dict.fromkeys("abcd", 10)


def test_preferred_rows_have_four_times_the_chance_of_others() -> None:
    preferred = [number % 10 == 0 for number in range(1_000)]
    choice = choose(["all"] * 1_000, preferred, 130)
    of_preferred, of_others = choice.inclusion[0], choice.inclusion[1]
    assert of_preferred / of_others == pytest.approx(4, rel=0.01)


def test_without_strata_and_preference_the_first_are_chosen_with_equal_probability() -> None:
    choice = choose([()] * 1_000, PLAIN, 250)
    assert choice.chosen.tolist() == list(range(250))
    assert set(choice.inclusion.tolist()) == {0.25}


def test_all_are_chosen_where_there_are_no_more() -> None:
    choice = choose(["a", "b"], [True, False], 5)
    assert choice.chosen.tolist() == [0, 1]
    assert choice.inclusion.tolist() == [1.0, 1.0]


def test_nothing_is_chosen_among_no_candidates() -> None:
    assert choose([], [], 10).chosen.tolist() == []


def test_too_few_rows_for_all_strata_tell_the_largest_apart() -> None:
    strata = ["large"] * 500 + [f"small {number}" for number in range(500)]
    choice = choose(strata, PLAIN, 8)
    assert len(set(choice.inclusion.tolist())) == 1
    assert sum(place < 500 for place in choice.chosen.tolist()) == 4


def test_at_most_fifty_strata_are_told_apart() -> None:
    strata = [str(number % 400) if number % 2 else "large" for number in range(4_000)]
    inclusion = choose(strata, [False] * 4_000, 1_000).inclusion
    others = [name for name, one in zip(strata, inclusion, strict=True) if one == inclusion[-1]]
    assert len(set(strata)) - len(set(others)) == MOST_STRATA - 1


def test_the_first_of_the_chosen_are_a_sample_in_the_same_proportions() -> None:
    chosen = choose(MIXED, PLAIN, 100).chosen[:50].tolist()
    assert sum(MIXED[place] == "rare" for place in chosen) == 6


def test_every_sample_is_as_likely_as_its_inclusion_says() -> None:
    strata, preferred = ["a"] * 6 + ["b"] * 2, [True] * 3 + [False] * 5
    counts, rng, draws = np.zeros(8), np.random.default_rng(5), 4_000
    for _ in range(draws):
        order = rng.permutation(8)
        choice = choose([strata[one] for one in order], [preferred[one] for one in order], 6)
        counts[order[choice.chosen]] += 1
    expected = np.empty(8)
    expected[order] = choice.inclusion
    assert counts / draws == pytest.approx(expected, abs=0.03)


@given(CANDIDATES, st.integers(1, 130))
def test_as_many_are_chosen_as_are_asked_for(rows: list[tuple[str, bool]], number: int) -> None:
    strata, preferred = [list(column) for column in zip(*rows, strict=True)]
    chosen = choose(strata, preferred, number).chosen.tolist()
    assert len(chosen) == len(set(chosen)) == min(number, len(rows))


@given(CANDIDATES, st.integers(1, 130))
def test_inverse_probabilities_of_the_chosen_add_up_to_the_candidates(
    rows: list[tuple[str, bool]], number: int
) -> None:
    strata, preferred = [list(column) for column in zip(*rows, strict=True)]
    choice = choose(strata, preferred, number)
    assert (1 / choice.inclusion[choice.chosen]).sum() == pytest.approx(len(rows))
    assert ((choice.inclusion > 0) & (choice.inclusion <= 1)).all()


@given(CANDIDATES, st.integers(16, 130))
def test_every_stratum_and_class_has_rows_for_a_spread(rows: list[tuple[str, bool]], number: int) -> None:
    strata, preferred = [list(column) for column in zip(*rows, strict=True)]
    chosen = choose(strata, preferred, number).chosen.tolist()
    for cell in set(rows):
        assert sum(rows[place] == cell for place in chosen) >= min(EACH, rows.count(cell))


@given(CANDIDATES)
def test_more_rows_choose_a_superset_where_they_tell_no_more_strata_apart(rows: list[tuple[str, bool]]) -> None:
    strata, preferred = [list(column) for column in zip(*rows, strict=True)]
    samples = [set(choose(strata, preferred, number).chosen.tolist()) for number in range(16, 130)]
    assert all(smaller <= larger for smaller, larger in pairwise(samples))


def test_a_thinned_sample_has_equal_probabilities() -> None:
    kept = thinned([0.2] * 5_000 + [0.8] * 5_000, seed=1)
    assert all(kept[:5_000])
    assert sum(kept[5_000:]) == pytest.approx(1_250, abs=100)


def test_rows_of_equal_probability_are_all_kept() -> None:
    assert thinned([None, 1.0, None], seed=1) == [True] * 3
    assert thinned([0.5, 0.5], seed=1) == [True] * 2
    assert thinned([], seed=1) == []
