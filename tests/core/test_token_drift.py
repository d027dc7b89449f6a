import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

from tasks.core.drift.tokens import LEAST_HAVING, LEAST_TEXTS, TokenDrift, from_table, to_table, token_drift

WORDS = ["refund", "order", "return", "parcel", "заказ", "comet", "the"]
TEXTS = st.lists(st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join), min_size=20, max_size=40)


def told(before: list[str], now: list[str], *, most: int = 60) -> tuple[TokenDrift, ...]:
    found = token_drift(before, now, most=most)
    assert found is not None
    assert len(found) <= most
    assert list(found) == sorted(found, key=lambda one: (-one.contribution, one.token))
    for one in found:
        assert 0 <= one.share_before <= 1
        assert 0 <= one.share_now <= 1
        assert 0 < one.contribution <= 1
        assert 0 < one.part <= 1
    return found


def test_the_words_that_came_and_went_are_found_and_the_commonest_are_not() -> None:
    found = told(["where is the refund"] * 30 + ["the order"] * 10, ["where is the comet"] * 30 + ["the order"] * 10)
    assert [one.token for one in found] == ["comet", "refund"]
    assert [(one.share_before, one.share_now, one.part) for one in found] == [(0, 0.75, 0.5), (0.75, 0, 0.5)]


def test_the_contribution_is_the_divergence_of_having_the_word() -> None:
    (found,) = told(["refund"] * 10 + ["?"] * 30, ["refund"] * 40 + ["?"] * 10)
    assert found.contribution == pytest.approx(jensenshannon([0.25, 0.75], [0.8, 0.2], base=2) ** 2)


def test_the_words_of_every_role_come_back_from_their_table() -> None:
    found = told(["where is the refund"] * 30 + ["the order"] * 10, ["where is the comet"] * 30 + ["the order"] * 10)
    assert from_table(to_table({"prompt": found, "completion": found[:1]})) == {
        "prompt": list(found),
        "completion": list(found[:1]),
    }
    assert from_table(to_table({})) == {}


def test_a_word_of_one_side_only_is_one_bit() -> None:
    (found,) = told(["?"] * 20, ["refund"] * 25)
    assert found.contribution == pytest.approx(1)
    assert found.part == 1


def test_a_word_counts_once_a_text() -> None:
    once, often = (told(["order"] * 30, [text] * 30) for text in ("refund", "refund " * 50))
    assert once == often


def test_words_of_scripts_without_spaces_are_found() -> None:
    found = told(["烤鸭"] * 20 + ["火锅"] * 20, ["合同"] * 20 + ["火锅"] * 20)
    assert {one.token for one in found} == {"烤鸭", "合同"}


def test_a_word_of_fewer_texts_than_three_does_not_count() -> None:
    before, rare = ["order"] * 30, "parcel"
    for count, tokens in ((LEAST_HAVING - 1, set()), (LEAST_HAVING, {rare})):
        now = ["order"] * 30 + [f"order {rare}"] * count
        assert {one.token for one in told(before, now)} == tokens


@pytest.mark.parametrize("text", ["", "?", "the", "\0", "12"])
def test_texts_without_words_differ_in_none(text: str) -> None:
    assert told([text] * 20, [text] * 20) == ()


@pytest.mark.parametrize(("before", "now"), [(0, 0), (LEAST_TEXTS - 1, 50), (50, LEAST_TEXTS - 1)])
def test_too_few_texts_say_nothing(before: int, now: int) -> None:
    assert token_drift(["order"] * before, ["refund"] * now) is None


@given(TEXTS, TEXTS, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_neither_order_nor_side_makes_a_difference_and_the_parts_add_up(
    before: list[str], now: list[str], rng: random.Random
) -> None:
    found = told(before, now)
    assert told(rng.sample(before, len(before)), rng.sample(now, len(now))) == found
    turned = told(now, before)
    assert [(one.token, one.share_before, one.share_now, one.contribution, one.part) for one in found] == [
        (one.token, one.share_now, one.share_before, one.contribution, one.part) for one in turned
    ]
    assert sum(one.part for one in found) == pytest.approx(1 if found else 0)
    shares = [np.array([one.share_before, one.share_now]) for one in found]
    total = sum(jensenshannon([p, 1 - p], [q, 1 - q], base=2) ** 2 for p, q in shares)
    assert sum(one.contribution for one in found) == pytest.approx(total, abs=1e-9)
    assert told(before, now, most=2) == found[:2]


@given(TEXTS)
@settings(max_examples=30, deadline=None)
def test_texts_do_not_differ_from_themselves(texts: list[str]) -> None:
    assert told(texts, texts + texts) == ()
