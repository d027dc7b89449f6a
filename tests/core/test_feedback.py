import json
import math
import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import cohen_kappa_score, roc_auc_score

from tasks.core.feedback.agreement import LEAST_ROWS, agreement_measures, liking
from tasks.core.feedback.rates import Feedback, Numbers, feedback_measures, numbers_of, read_column, read_feedback
from tasks.core.measure import Measure
from tasks.core.stats.rows import Rows

UP, DOWN = Feedback(liked=True), Feedback(liked=False)
LOGGED = ["up", "👎", "1", "0", "-1", "3", "4.5", "edited", "retried", "?", "", " ", '{"rating": 4}', "{", None]


def by_address(measures: Sequence[Measure]) -> dict[str, Measure]:
    assert len({one.address for one in measures}) == len(measures)
    return {one.address.removeprefix("feedback."): one for one in measures}


def rates(texts: Sequence[str | None], numbers: Numbers | None = None) -> dict[str, Measure]:
    return by_address(feedback_measures(texts, Rows(confidence=0.95), numbers))


def agreement(scores: Sequence[float | None], said: Sequence[Feedback | None]) -> dict[str, Measure]:
    return by_address(agreement_measures("coherence", 3, scores, said, 0.95))


@pytest.mark.parametrize(
    ("text", "liked"),
    [
        *(
            (text, True)
            for text in ("up", "UP ", "thumbs_up", "Thumbs Up", "thumbs-up", "👍", "👍🏽", "👍\ufe0f", "like")
        ),
        *((text, True) for text in ("positive", "True", "+1", "1", "1.0", '{"thumb": "up"}', '{"Thumb": 1}')),
        *((text, False) for text in ("down", "thumbs_down", "👎", "dislike", "negative", "false", "-1", "0")),
        *((text, False) for text in ('{"thumbs": "👎"}', '{"liked": false}', '{"thumb": -1}', '{"thumb": 0}')),
    ],
)
def test_thumbs_are_read_in_all_their_forms(text: str, liked: bool) -> None:  # noqa: FBT001
    assert read_feedback(text, Numbers.THUMBS) == Feedback(liked=liked)


@pytest.mark.parametrize("text", ["1", "4.5", "5", '{"rating": 1}', '{"stars": "4.5"}', '{"RATING": 5}'])
def test_ratings_are_read_as_numbers_from_1_to_5(text: str) -> None:
    read = read_feedback(text, Numbers.RATINGS)
    assert read is not None
    assert read.rating in {1, 4.5, 5}
    assert read.liked is None


def test_a_bare_word_says_that_one_thing_happened_and_nothing_of_the_rest() -> None:
    assert read_feedback("edited", Numbers.THUMBS) == Feedback(edited=True, is_event=True)
    assert read_feedback("Regenerated", Numbers.THUMBS) == Feedback(retried=True, is_event=True)
    assert read_feedback("abandoned", Numbers.THUMBS) == Feedback(abandoned=True, is_event=True)
    assert read_feedback("copied", Numbers.THUMBS) == Feedback(copied=True, is_event=True)


def test_an_object_says_all_that_it_holds() -> None:
    text = '{"thumb": "up", "rating": 4, "edited": true, "retried": false, "abandoned": null, "comment": "so so"}'
    assert read_feedback(text, Numbers.THUMBS) == Feedback(liked=True, rating=4, edited=True, retried=False)
    assert read_feedback('{"comment": "up"}', Numbers.THUMBS) == Feedback()


@pytest.mark.parametrize(
    "text",
    [
        *("?", "meh", "upp", "up down", "10", "١", "1e0", "0x1", "nan", "inf", "--1", "1" * 5000, "x" * 10**6),
        *("{", "[]", "null", "{}", '{"mood": "up"}', '{"thumb": "meh"}', '{"thumb": 2}', '{"thumb": ["up"]}'),
        *('{"rating": 0}', '{"rating": 6}', '{"rating": NaN}', '{"rating": true}', '{"rating": "good"}'),
        *('{"edited": "yes"}', '{"edited": 1}', '{"rating": 4, "thumb": "meh"}', '{"rating": ' + "9" * 6000 + "}"),
        *('{"a":' * 9000, '{"thumb": ' + "[" * 9000 + "]" * 9000 + "}", "\ud800", "\x00"),
    ],
)
def test_what_is_no_known_form_is_never_guessed(text: str) -> None:
    assert read_feedback(text, Numbers.RATINGS) is None
    found = rates([text, None])
    assert found["records.unreadable_share"].value == 1
    assert found["records.given_share"].value == 0.5


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (["1", "0", None], Numbers.THUMBS),
        (["1"], Numbers.THUMBS),
        (["up", "0"], Numbers.THUMBS),
        (["1", "-1", "0"], Numbers.SIGNED_THUMBS),
        (["1", "2"], Numbers.RATINGS),
        (["1", "1", "4.5", "0", "-1"], Numbers.RATINGS),
        ([], Numbers.THUMBS),
        (["up", '{"rating": 3}', "x" * 10**6], Numbers.THUMBS),
    ],
)
def test_the_whole_column_says_what_a_bare_number_is(texts: Sequence[str | None], numbers: Numbers) -> None:
    assert numbers_of(texts) is numbers


def test_one_is_a_thumb_or_the_worst_rating_as_the_column_says() -> None:
    assert read_column(["1", "0"]) == [UP, DOWN]
    assert read_column(["1", "5"]) == [Feedback(rating=1), Feedback(rating=5)]
    assert read_column(["1", "0", "-1"]) == [UP, Feedback(), DOWN]
    assert read_column(["1", "0", "5"]) == [Feedback(rating=1), None, Feedback(rating=5)]
    assert read_column(["1"], Numbers.RATINGS) == [Feedback(rating=1)]


def test_the_rates_of_a_window_have_their_rows_and_intervals() -> None:
    found = rates(["up"] * 30 + ["down"] * 10 + ["what"] * 10 + [None] * 49 + [" "])
    assert (found["records.given_share"].value, found["records.given_share"].n) == (0.5, 100)
    assert (found["records.unreadable_share"].value, found["records.unreadable_share"].n) == (0.2, 50)
    up = found["thumbs.up_share"]
    assert (up.value, up.n) == (0.75, 40)
    exact = stats.binomtest(30, 40).proportion_ci(confidence_level=0.95, method="exact")
    assert (up.low, up.high) == pytest.approx((exact.low, exact.high))


def test_the_mean_rating_has_students_interval() -> None:
    mean = rates(["1", "2", "3", "4", "5"])["rating.mean"]
    assert (mean.value, mean.n, mean.unit) == (3, 5, "rating")
    assert mean.low == pytest.approx(3 - 2.776445 * math.sqrt(2.5 / 5), abs=1e-5)
    alone = rates(["4", None])["rating.mean"]
    assert (alone.value, alone.low, alone.n) == (4, None, 1)


def test_an_act_that_is_only_logged_when_it_happens_is_a_share_of_all_interactions() -> None:
    edited = rates(["edited"] * 5 + ["up"] * 15 + [None] * 80)["edited.share"]
    assert (edited.value, edited.n) == (0.05, 100)


def test_an_act_that_is_answered_is_a_share_of_the_answers() -> None:
    texts = ['{"edited": true}'] * 5 + ['{"edited": false}'] * 15 + ["up"] * 20 + [None] * 60
    edited = rates(texts)["edited.share"]
    assert (edited.value, edited.n) == (0.25, 20)
    assert rates(['{"edited": true}'] * 5 + [None] * 95)["edited.share"].n == 5


def test_no_interactions_and_no_feedback_are_not_zero_percent_liked() -> None:
    none = rates([])
    assert {one.value for one in none.values()} == {None}
    silent = rates([None] * 10)
    assert silent["records.given_share"].value == 0
    assert silent["records.unreadable_share"].value is None
    assert silent["thumbs.up_share"].value is None
    assert silent["rating.mean"].value is None


@given(st.lists(st.sampled_from(LOGGED), max_size=40), st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_any_column_gives_sound_rates_in_whatever_order(texts: list[str | None], rng: random.Random) -> None:
    found = rates(texts)
    assert rates(rng.sample(texts, len(texts))) == found
    for one in found.values():
        assert one.n <= len(texts)
        if one.value is not None:
            assert 0 <= one.value <= (5 if one.unit == "rating" else 1)
        if one.unit == "share" and one.low is not None:
            assert one.value is not None
            assert one.high is not None
            assert 0 <= one.low <= one.value + 1e-9
            assert one.value <= one.high + 1e-9


@given(st.text(max_size=40), st.sampled_from(Numbers))
@settings(max_examples=100, deadline=None)
def test_no_text_breaks_the_reader(text: str, numbers: Numbers) -> None:
    for one in (text, json.dumps({"thumb": text, "rating": text}), "{" + text):
        read = read_feedback(one, numbers)
        assert read is None or read.rating is None or 1 <= read.rating <= 5


def test_a_thumb_tells_more_than_a_rating_and_a_middling_rating_nothing() -> None:
    assert liking(UP) is True
    assert liking(Feedback(liked=False, rating=5)) is False
    assert [liking(Feedback(rating=one)) for one in (1, 2, 2.5, 3, 3.5, 4, 5)] == [False] * 2 + [None] * 3 + [True] * 2
    assert liking(Feedback(edited=True)) is None
    assert liking(None) is None


def test_kappa_and_its_interval_are_those_by_hand_and_of_drawing_again() -> None:
    # 35 of 50 rows agree; by chance (25 x 30 + 25 x 20) / 50 = 25 would: kappa is (0.7 - 0.5) / (1 - 0.5)
    judged = [5.0] * 25 + [1.0] * 25
    said = [UP] * 20 + [DOWN] * 5 + [UP] * 10 + [DOWN] * 15
    found = agreement(judged, said)["coherence.kappa"]
    assert found.value == pytest.approx(0.4)
    assert found.low is not None
    assert found.high is not None
    rng = np.random.default_rng(1)
    passed, liked = np.array(judged) >= 3, np.array([one is UP for one in said])
    drawn = []
    for _ in range(1000):
        rows = rng.integers(0, 50, 50)
        observed, chance = (passed[rows] == liked[rows]).mean(), 0.0
        for value in (True, False):
            chance += (passed[rows] == value).mean() * (liked[rows] == value).mean()
        drawn.append((observed - chance) / (1 - chance))
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * np.std(drawn), rel=0.1)
    assert agreement(judged, said)["coherence.agreement"].value == 0.7


def test_the_auc_says_whether_liked_answers_score_higher() -> None:
    scores = [5.0, 4, 4, 3, 5, 2, 3, 1, 2, 4, 3, 1]
    said = [UP] * 6 + [DOWN] * 6
    found = agreement(scores, said)["coherence.auc"]
    assert found.value == pytest.approx(roc_auc_score([1] * 6 + [0] * 6, scores))
    assert found.low is not None
    assert found.low < 0.8 < (found.high or 0)
    perfect = agreement([5.0] * 6 + [1.0] * 6, said)
    assert (perfect["coherence.auc"].value, perfect["coherence.auc"].low) == (1, None)
    assert (perfect["coherence.kappa"].value, perfect["coherence.kappa"].low) == (1, None)


def test_too_few_rows_with_both_say_nothing() -> None:
    few = agreement([5.0] * LEAST_ROWS, [UP, DOWN] * 4 + [UP, None])
    assert {(one.value, one.low, one.n) for one in few.values()} == {(None, None, LEAST_ROWS - 1)}
    missing = agreement([5.0] * 9 + [None] * 20, [UP] * 29)
    assert {one.value for one in missing.values()} == {None}
    assert {one.n for one in agreement([], []).values()} == {0}


def test_where_all_users_or_all_scores_say_the_same_there_is_no_kappa() -> None:
    content = agreement([5.0, 1.0] * 10, [UP] * 20)
    assert (content["coherence.kappa"].value, content["coherence.auc"].value) == (None, None)
    assert content["coherence.agreement"].value == 0.5
    kind = agreement([5.0] * 20, [UP, DOWN] * 10)
    assert kind["coherence.kappa"].value is None
    assert (kind["coherence.auc"].value, kind["coherence.auc"].low) == (0.5, None)


@given(
    st.lists(
        st.tuples(st.sampled_from([1.0, 2, 3, 4, 5, None]), st.sampled_from([UP, DOWN, Feedback(rating=3), None])),
        min_size=10,
        max_size=60,
    ),
    st.randoms(use_true_random=False),
)
@settings(max_examples=100, deadline=None)
def test_any_rows_give_sound_agreement_in_whatever_order(
    rows: list[tuple[float | None, Feedback | None]], rng: random.Random
) -> None:
    found = agreement(*zip(*rows, strict=True))
    again = agreement(*zip(*rng.sample(rows, len(rows)), strict=True))
    for address, one in found.items():
        other = again[address]
        assert other.n == one.n
        assert other.value == pytest.approx(one.value)
        assert other.low == pytest.approx(one.low)
        if one.value is not None:
            assert (-1 if address.endswith("kappa") else 0) <= one.value <= 1
        if one.low is not None:
            assert one.low <= one.value <= one.high  # type: ignore[operator]
    both = [(score, said) for score, said in rows if score is not None and said in (UP, DOWN)]
    if found["coherence.kappa"].value is not None:
        expected = cohen_kappa_score([score >= 3 for score, _ in both], [said == UP for _, said in both])
        assert found["coherence.kappa"].value == pytest.approx(expected)
