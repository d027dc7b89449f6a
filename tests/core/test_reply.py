import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.quality.reply import Fault, Grade, Reading, complaint_of, read_reply
from tasks.core.quality.score import Unscored


def read(text: str) -> Grade | Fault:
    return read_reply(text, ["fluency"])["fluency"]


@pytest.mark.parametrize(
    "text",
    [
        '{"reason": "good", "score": 4}',
        '```json\n{"reason": "good", "score": 4}\n```',
        'My verdict:\n{"reason": "good", "score": 4}\nThank you.',
        '{"reason": "good", "score": 4.0}',
        '{"score": 4, "reason": "good", "extra": [1, {"score": 2}]}',
        '{"score": 1, "reason": "a draft"} and then {"reason": "good", "score": 4}',
        '{"broken": {"reason": "good", "score": 4}',
    ],
)
def test_a_judgement_is_read_from_the_last_complete_object(text: str) -> None:
    found = read(text)
    assert isinstance(found, Grade)
    assert (found.score, found.reason) == (4, "good")


@pytest.mark.parametrize("score", ["0", "7", "4.5", "true", "-3", "1e9", "[4]"])
def test_what_is_not_a_whole_number_from_one_to_five_is_out_of_range(score: str) -> None:
    found = read(f'{{"reason": "x", "score": {score}}}')
    assert isinstance(found, Fault)
    assert found.cause is Unscored.OUT_OF_RANGE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "On the 1-5 scale I give 5",
        "Final score: 4.",
        "4",
        "[4]",
        '{"reason": "x"}',
        '{"reason": "x", "score": "4"}',
        '{"reason": "x", "score": null}',
        '{"reason": "x", "score": 4',
        '{"reason": "x", "score": NaN}',
        "<html><body>502 Bad Gateway</body></html>",
        "{" * 100_000,
        '{"a":' * 100_000,
    ],
)
def test_anything_else_is_never_taken_for_a_score(text: str) -> None:
    found = read(text)
    assert isinstance(found, Fault)
    assert found.complaint


@given(st.text(max_size=200))
def test_no_text_without_an_object_makes_a_score(text: str) -> None:
    assert isinstance(read(text.replace("{", "")), Fault)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_only_whole_numbers_in_range_are_scores(value: object) -> None:
    found = read(json.dumps({"reason": "", "score": value}))
    allowed = not isinstance(value, bool) and isinstance(value, int | float) and value in {1, 2, 3, 4, 5}
    assert isinstance(found, Grade) is allowed


def test_a_long_reason_is_cut() -> None:
    found = read(json.dumps({"reason": "x" * 5_000, "score": 3}))
    assert isinstance(found, Grade)
    assert len(found.reason) == 1_000


@pytest.mark.parametrize(
    "text",
    [
        '{"reason": "good", "score": 4}',
        '{"reason": "they said \\"score\\": 1 {", "score": 4}',
        '{"score": 1, "reason": "a draft"} and then {"reason": "good", "score":\n 4}',
    ],
)
def test_the_place_of_the_digit_is_that_of_the_verdict(text: str) -> None:
    found = read(text)
    assert isinstance(found, Grade)
    assert found.digit_at is not None
    assert text[found.digit_at] == "4"


NAMES = ["coherence", "fluency"]


def read_both(text: str) -> Reading:
    return read_reply(text, NAMES)


def test_a_fused_reply_holds_a_verdict_for_each_metric() -> None:
    text = '{"fluency": {"reason": "f", "score": 2}, "coherence": {"reason": "c", "score": 5}}'
    found = read_both(text)
    grades = {name: one for name, one in found.items() if isinstance(one, Grade)}
    assert {name: (one.score, one.reason) for name, one in grades.items()} == {
        "coherence": (5, "c"),
        "fluency": (2, "f"),
    }
    assert {name: text[one.digit_at or 0] for name, one in grades.items()} == {"coherence": "5", "fluency": "2"}


@pytest.mark.parametrize(
    ("part", "cause"),
    [
        ("", Unscored.UNREADABLE),
        (', "fluency": 4', Unscored.UNREADABLE),
        (', "fluency": {"reason": "x"}', Unscored.UNREADABLE),
        (', "fluency": {"reason": "x", "score": "4"}', Unscored.UNREADABLE),
        (', "fluency": {"reason": "x", "score": 9}', Unscored.OUT_OF_RANGE),
    ],
)
def test_a_fused_verdict_that_is_missing_or_wrong_costs_its_own_metric(part: str, cause: Unscored) -> None:
    found = read_both(f'{{"coherence": {{"reason": "c", "score": 5}}{part}}}')
    assert isinstance(found["coherence"], Grade)
    assert isinstance(found["fluency"], Fault)
    assert found["fluency"].cause is cause
    assert complaint_of(found).startswith("fluency: ")


def test_a_single_verdict_is_no_answer_to_a_question_about_several() -> None:
    assert all(isinstance(one, Fault) for one in read_both('{"reason": "x", "score": 4}').values())
