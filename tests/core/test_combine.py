from datetime import UTC, datetime
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.price import Price, Purse
from tasks.core.quality.combine import RULES, jury, majority, repeated
from tasks.core.quality.score import Score, Unscored, Use

AT = datetime(2026, 11, 20, 6, tzinfo=UTC)
ON_SCALE = st.lists(st.integers(1, 5).map(float), min_size=1, max_size=9)


def given_score(score: float | None, reason: str = "r", model: str = "m") -> Score:
    unscored = None if score is not None else Unscored.TIMEOUT
    use = Use(calls=1, prompt_tokens=100, completion_tokens=10, cost_usd=0.01)
    return Score(score=score, unscored=unscored, reason=reason, model=model, use=use, latency_ms=1.0, judged_at=AT)


@pytest.mark.parametrize(
    ("scores", "winner"),
    [([5, 1, 1], 1), ([1, 3, 5], 3), ([1, 1, 5, 5], 1), ([2, 2, 4, 4, 5], 4), ([4], 4)],
)
def test_the_majority_is_the_most_frequent_score_and_of_equals_the_middle_one(scores: list[float], winner: int) -> None:
    assert majority(scores) == winner


@given(ON_SCALE)
def test_a_majority_is_a_score_that_somebody_gave(scores: list[float]) -> None:
    assert majority(scores) in scores


@given(ON_SCALE)
def test_repeats_make_their_mean_and_keep_their_spread(scores: list[float]) -> None:
    found = repeated([given_score(score) for score in scores])
    assert found.score == pytest.approx(fmean(scores))
    assert (found.spread is None) == (len(scores) == 1)
    assert found.use.calls == len(scores)
    assert found.use.prompt_tokens == 100 * len(scores)


def test_what_failed_takes_no_part_and_costs_all_the_same() -> None:
    found = repeated([given_score(2), given_score(None), given_score(4)])
    assert (found.score, found.unscored, found.use.calls) == (3.0, None, 3)
    assert found.spread == pytest.approx(2**0.5)


def test_where_all_failed_there_is_no_score() -> None:
    found = jury([given_score(None), given_score(None)], RULES["mean"])
    assert (found.score, found.unscored, found.disagreement) == (None, Unscored.TIMEOUT, None)


def test_a_jury_keeps_its_disagreement_and_who_sat_in_it() -> None:
    found = jury([given_score(1, "bad", "a"), given_score(5, "good", "b"), given_score(5, "fine", "a")], majority)
    assert (found.score, found.reason, found.model) == (5.0, "good", "a, b")
    assert found.disagreement == pytest.approx(2.309, abs=1e-3)


@given(st.integers(0, 1000), st.integers(0, 1000), st.integers(1, 5))
def test_the_parts_of_a_use_sum_up_to_it(prompt: int, completion: int, parts: int) -> None:
    use = Use(calls=3, prompt_tokens=prompt, completion_tokens=completion, cost_usd=0.7)
    total = sum(use.shared(parts), start=Use())
    assert (total.calls, total.prompt_tokens, total.completion_tokens) == (3, prompt, completion)
    assert total.cost_usd == pytest.approx(0.7)
    assert total.cached_tokens is None


PRICE = Price(prompt=2.0, cached_prompt=0.5, completion=8.0)


def test_cached_tokens_have_their_own_price() -> None:
    assert PRICE.cost_usd(1_000_000, 400_000, 100_000) == pytest.approx(0.6 * 2 + 0.4 * 0.5 + 0.1 * 8)


@given(st.text(max_size=300), st.integers(0, 400))
def test_no_call_costs_more_than_its_bound(text: str, completion: int) -> None:
    size = len(text.encode())
    assert PRICE.cost_usd(size, 0, completion) <= PRICE.bound_usd(size, 400)


@given(st.lists(st.floats(0, 1), max_size=50), st.floats(0.1, 5))
def test_a_purse_is_never_overdrawn(costs: list[float], budget: float) -> None:
    purse, spent = Purse(budget), 0.0
    for cost in costs:
        if purse.reserve(1.0):
            spent += cost
            purse.settle(1.0, cost)
    assert spent <= budget + 1e-9
    assert not purse.is_in_use
