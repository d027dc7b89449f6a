import json
import math
from typing import Any

import pytest

from tasks.core.price import Price
from tasks.core.quality.answer import expected_score, read_answer
from tasks.core.quality.reply import Grade, read_reply
from tasks.core.quality.score import Unscored, Use

PRICE = Price(prompt=1.0, cached_prompt=0.5, completion=2.0)


def body(text: str | None, usage: Any = None, tokens: Any = None, **choice: Any) -> bytes:
    logprobs = None if tokens is None else {"content": tokens}
    one = {"message": {"content": text}, "finish_reason": "stop", "logprobs": logprobs, **choice}
    return json.dumps({"model": "m-1", "choices": [one], "usage": usage}).encode()


def token(text: str, **odds: float) -> dict[str, Any]:
    top = [{"token": word.removeprefix("_"), "logprob": math.log(share)} for word, share in odds.items()]
    return {"token": text, "bytes": list(text.encode()), "top_logprobs": top}


def test_usage_is_read_with_its_cached_tokens_and_its_cost() -> None:
    usage = {"prompt_tokens": 1000, "completion_tokens": 100, "prompt_tokens_details": {"cached_tokens": 600}}
    use = read_answer(body("{}", usage), 2, PRICE).use
    cost = (400 * 1.0 + 600 * 0.5 + 100 * 2.0) / 1e6
    expected = Use(calls=2, prompt_tokens=1000, cached_tokens=600, completion_tokens=100, cost_usd=cost)
    assert use == expected


@pytest.mark.parametrize("usage", [None, {}, [], "x", {"prompt_tokens": "many"}, {"prompt_tokens": -1}])
def test_what_the_provider_does_not_tell_is_unknown_and_not_zero(usage: Any) -> None:
    use = read_answer(body("{}", usage), 1, PRICE).use
    assert (use.prompt_tokens, use.cost_usd) == (None, None)


@pytest.mark.parametrize(
    ("choice", "failure"),
    [({"finish_reason": "content_filter"}, Unscored.CONTENT_FILTER), ({"finish_reason": "length"}, None)],
)
def test_a_filter_is_a_failure_and_a_cut_reply_is_read(choice: dict[str, Any], failure: Unscored | None) -> None:
    assert read_answer(body("x", **choice), 1, None).failure is failure


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b'{"choices": []}', b"\xff\xfe", b"[" * 100_000])
def test_no_completion_is_an_empty_text(content: bytes) -> None:
    answer = read_answer(content, 1, PRICE)
    assert (answer.text, answer.failure, answer.use) == ("", None, Use(calls=1))


def expected(text: str, tokens: Any) -> float | None:
    answer = read_answer(body(text, tokens=tokens), 1, None)
    grade = read_reply(answer.text, ["fluency"])["fluency"]
    assert isinstance(grade, Grade)
    return expected_score(answer, grade.digit_at)


HEAD = '{"reason": "naïve “4”", "score": '


def test_the_expected_score_is_the_mean_over_the_tokens_of_the_scale() -> None:
    tokens = [token(HEAD), token("4", _4=0.6, _5=0.2, _3=0.1, _x=0.1), token("}")]
    assert expected(f"{HEAD}4}}", tokens) == pytest.approx((0.6 * 4 + 0.2 * 5 + 0.1 * 3) / 0.9)


def test_tokens_that_end_inside_a_character_are_counted_by_their_bytes() -> None:
    raw = HEAD.encode()
    pieces = [{"token": "?", "bytes": list(raw[at : at + 3]), "top_logprobs": []} for at in range(0, len(raw), 3)]
    assert expected(f"{HEAD}2}}", [*pieces, token("2", _2=0.5, _1=0.5)]) == pytest.approx(1.5)


@pytest.mark.parametrize(
    "tokens",
    [None, [], [token(HEAD)], [token(HEAD), token("4", _x=0.9)], [{"token": None}], ["x"], [{"token": HEAD + "4}"}]],
)
def test_without_the_odds_of_the_digit_there_is_no_expected_score(tokens: Any) -> None:
    assert expected(f"{HEAD}4}}", tokens) is None
