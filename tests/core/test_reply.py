import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.quality.reply import Fault, Grade, read_reply
from tasks.core.quality.score import Unscored


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
    assert read_reply(text) == Grade(score=4, reason="good")


@pytest.mark.parametrize("score", ["0", "7", "4.5", "true", "-3", "1e9", "[4]"])
def test_what_is_not_a_whole_number_from_one_to_five_is_out_of_range(score: str) -> None:
    found = read_reply(f'{{"reason": "x", "score": {score}}}')
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
    found = read_reply(text)
    assert isinstance(found, Fault)
    assert found.complaint


@given(st.text(max_size=200))
def test_no_text_without_an_object_makes_a_score(text: str) -> None:
    assert isinstance(read_reply(text.replace("{", "")), Fault)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_only_whole_numbers_in_range_are_scores(value: object) -> None:
    found = read_reply(json.dumps({"reason": "", "score": value}))
    allowed = not isinstance(value, bool) and isinstance(value, int | float) and value in {1, 2, 3, 4, 5}
    assert isinstance(found, Grade) is allowed


def test_a_long_reason_is_cut() -> None:
    found = read_reply(json.dumps({"reason": "x" * 5_000, "score": 3}))
    assert isinstance(found, Grade)
    assert len(found.reason) == 1_000
