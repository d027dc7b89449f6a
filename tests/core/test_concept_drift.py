import random
from collections.abc import Sequence
from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tasks.core.drift.concept import DRAWS, LEAST_ROWS, ConceptDrift, Untold, concept_drift, concept_measures

SURE = 1 / (1 + DRAWS)
Window = tuple[list[int], list[bool]]
ROWS = st.lists(st.tuples(st.integers(-1, 2), st.booleans()), min_size=20, max_size=60)


def rows(*counts: tuple[int, int]) -> Window:
    """So many passes and failures of topic 0, 1, …"""
    topics = [topic for topic, (passes, failures) in enumerate(counts) for _ in range(passes + failures)]
    return topics, [one for passes, failures in counts for one in [True] * passes + [False] * failures]


def traffic(rates: Sequence[float], shares: Sequence[float], count: int, seed: int) -> Window:
    rng = np.random.default_rng(seed)
    topics = rng.choice(len(rates), count, p=shares)
    return topics.tolist(), (rng.random(count) < np.array(rates)[topics]).tolist()


def shifted(rates: Sequence[float], log_odds: float) -> list[float]:
    odds = [rate / (1 - rate) * np.exp(log_odds) for rate in rates]
    return [one / (1 + one) for one in odds]


def drift(before: Window, now: Window) -> ConceptDrift:
    found = concept_drift(before, now, seed=7)
    assert isinstance(found, ConceptDrift)
    assert SURE <= found.p_value <= 1
    assert -2 <= found.change <= 2
    assert found.odds_ratio > 0
    return found


def test_two_topics_that_swap_their_pass_rates_are_found_though_both_margins_stay() -> None:
    before, now = rows((90, 10), (60, 40)), rows((60, 40), (90, 10))
    assert sum(before[1]) == sum(now[1])
    found = drift(before, now)
    assert (found.p_value, found.n) == (SURE, 400)
    assert found.odds_ratio == pytest.approx(1)
    assert abs(found.change) == pytest.approx(0.3)


def test_the_topic_that_changed_is_told_with_its_change_net_of_the_common_one() -> None:
    before = rows((180, 20), (180, 20), (180, 20), (180, 20))
    found = drift(before, rows((180, 20), (180, 20), (100, 100), (180, 20)))
    assert (found.p_value, found.topic) == (SURE, 2)
    assert -0.4 < found.change < -0.2


def test_the_p_value_is_that_of_zelens_exact_test() -> None:
    before, now = rows((7, 3), (5, 6), (2, 6)), rows((3, 7), (8, 3), (5, 4))
    found = drift(before, now)
    tables = [(10, 10, 10, 3), (11, 11, 13, 8), (8, 9, 7, 5)]  # rows before, rows now, passes, passes now
    held, total = [], sum(table[3] for table in tables)
    for place in product(*(range(max(0, m - b), min(n, m) + 1) for b, n, m, _ in tables)):
        if sum(place) == total:
            weight = np.prod([comb(n, a) * comb(b, m - a) for a, (b, n, m, _) in zip(place, tables, strict=True)])
            held.append((place, float(weight)))
    laws = [stats.nchypergeom_fisher(b + n, m, n, found.odds_ratio) for b, n, m, _ in tables]
    assert sum(law.mean() for law in laws) == pytest.approx(total, abs=1e-6)

    def heterogeneity(place: Sequence[int]) -> float:
        return float(sum((a - law.mean()) ** 2 / law.var() for a, law in zip(place, laws, strict=True)))

    own = heterogeneity([table[3] for table in tables])
    exact = sum(w for place, w in held if heterogeneity(place) >= own - 1e-9) / sum(w for _, w in held)
    assert 0.01 < exact < 0.5
    assert found.p_value == pytest.approx(exact, abs=3 * np.sqrt(exact * (1 - exact) / DRAWS) + SURE)


SPARSE = ([0.9, 0.7, *[0.95] * 8], [0.5, 0.3, *[0.025] * 8])  # ten topics, eight of them rare
WIDE = ([0.9, 0.8, 0.6], [0.5, 0.3, 0.2])


def test_what_changes_in_no_topic_or_in_all_alike_seldom_alarms() -> None:
    simulations, alarms = 400, []  # 200 each would be too few: a true 5 % passes 6 % in one of five such runs
    for (rates, shares), log_odds in product((WIDE, SPARSE), (0.0, -1.5)):
        found = [
            concept_drift(
                traffic(rates, shares, 120, 2 * seed),
                traffic(shifted(rates, log_odds), shares, 80, 2 * seed + 1),
                seed=seed,
            )
            for seed in range(simulations)
        ]
        alarms.append(sum(isinstance(one, ConceptDrift) and one.p_value <= 0.05 for one in found))
    assert sum(alarms) / (4 * simulations) <= 0.06
    assert max(alarms) <= stats.binom.ppf(0.999, simulations, 0.05)


def test_more_of_a_topic_that_fails_is_no_concept_drift() -> None:
    found = drift(rows((180, 20), (50, 50)), rows((90, 10), (100, 100)))
    assert found.p_value == pytest.approx(1, abs=0.2)
    assert abs(found.change) < 0.02


def test_a_swap_is_found_with_power_in_small_windows() -> None:
    found = [
        drift(traffic([0.9, 0.6], [0.5, 0.5], 80, 2 * seed), traffic([0.6, 0.9], [0.5, 0.5], 80, 2 * seed + 1))
        for seed in range(50)
    ]
    assert sum(one.p_value <= 0.05 for one in found) >= 45


@pytest.mark.parametrize(
    ("before", "now", "state"),
    [
        (rows((10, 9)), rows((50, 50)), Untold.TOO_FEW_ROWS),
        (rows((50, 50)), rows(), Untold.TOO_FEW_ROWS),
        (rows((50, 0), (50, 0)), rows((50, 0), (20, 0)), Untold.NO_FAILURES),
        (rows((0, 50), (0, 50)), rows((0, 50), (0, 20)), Untold.NO_PASSES),
        (rows((25, 25)), rows((25, 25)), Untold.ONE_TOPIC),
        (rows((25, 25), (10, 0)), rows((25, 25), (10, 0)), Untold.ONE_TOPIC),
        (rows((25, 25), (10, 10)), rows((25, 25)), Untold.ONE_TOPIC),
        (rows((25, 0), (25, 0)), rows((0, 25), (0, 25)), Untold.ONE_WAY),
    ],
)
def test_what_cannot_be_told_is_named(before: Window, now: Window, state: Untold) -> None:
    assert concept_drift(before, now, seed=7) is state
    assert concept_drift(now, before, seed=7) is state
    measures = concept_measures(state, len(now[0]), {})
    assert [(one.address, one.value, one.n) for one in measures] == [
        ("drift.concept.p_value", None, len(now[0])),
        ("drift.concept.largest_change", None, len(now[0])),
    ]


def test_twenty_rows_are_enough() -> None:
    window = rows((5, 5), (5, 5))
    assert len(window[0]) == LEAST_ROWS
    found = drift(window, window)
    assert (found.p_value, found.change) == (1, 0)


def test_the_measures_name_the_topic() -> None:
    found = drift(rows((90, 10), (60, 40), (50, 50)), rows((60, 40), (60, 40), (50, 50)))
    measures = {one.address: one.value for one in concept_measures(found, 300, {0: "refund · order"})}
    assert measures == {
        "drift.concept.p_value": found.p_value,
        "drift.concept.largest_change": found.change,
        "drift.concept.change[topic=refund · order]": found.change,
    }
    assert len(concept_measures(found, 300, {})) == 2


@given(ROWS, ROWS, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_neither_the_order_of_the_rows_nor_which_window_is_first_makes_a_difference(
    before: list[tuple[int, bool]], now: list[tuple[int, bool]], rng: random.Random
) -> None:
    def compared(*windows: list[tuple[int, bool]]) -> ConceptDrift | Untold:
        one, other = (([topic for topic, _ in rows], [passed for _, passed in rows]) for rows in windows)
        return concept_drift(one, other, seed=7)

    found, turned = compared(before, now), compared(now, before)
    assert compared(rng.sample(before, len(before)), rng.sample(now, len(now))) == found
    if isinstance(found, Untold):
        assert turned is found
    else:
        assert isinstance(turned, ConceptDrift)
        assert (turned.p_value, turned.topic, turned.change) == (found.p_value, found.topic, -found.change)
        assert turned.odds_ratio == pytest.approx(1 / found.odds_ratio)
        assert np.isfinite([found.change, found.odds_ratio]).all()
