"""A chat completion as it came from the server: its text, its usage, and the odds of a digit in it."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.core.price import Price
from tasks.core.quality.metric import HIGHEST, LOWEST
from tasks.core.quality.score import Unscored, Use


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one call brought; `failure` says why there is no text to read.

    `tokens` are the reply's tokens with their likeliest alternatives, where they were asked for and given.
    """

    text: str
    failure: Unscored | None
    model: str | None
    use: Use
    tokens: Sequence[Mapping[str, Any]] = ()


def read_answer(body: bytes, calls: int, price: Price | None, share: float = 1.0) -> Answer:
    """The answer in a response with status 200; what is no chat completion has an empty text, which is unreadable.

    `share` of the price was paid for it.
    """
    try:
        document = json.loads(body)
        choice = document["choices"][0]
        message = choice["message"]
        text, refusal = message.get("content"), message.get("refusal")
        finish = choice.get("finish_reason")
        model = document.get("model")
        use = _use(document.get("usage") or {}, calls, price, share)
        odds = choice.get("logprobs") or {}
        tokens = odds.get("content") or ()
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return Answer(text="", failure=None, model=None, use=Use(calls=calls))
    failure = Unscored.CONTENT_FILTER if finish == "content_filter" else Unscored.REFUSED if refusal else None
    return Answer(
        text=text if isinstance(text, str) else "",
        failure=failure,
        model=model if isinstance(model, str) else None,
        use=use,
        tokens=tokens if isinstance(tokens, list) else (),
    )


def expected_score(answer: Answer, digit_at: int | None) -> float | None:
    """The mean score under the probabilities of the scale's tokens where the digit stands; None without them.

    Y. Liu et al., G-Eval: NLG evaluation using GPT-4 with better human alignment, EMNLP 2023, equation 1; normalised
    over those of the tokens 1 to 5 that the server returned.
    """
    if digit_at is None or not answer.tokens:
        return None
    offset = len(answer.text[:digit_at].encode())
    try:
        odds = _odds(_token_at(answer.tokens, offset))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None
    total = sum(odds.values())
    return sum(score * part for score, part in odds.items()) / total if total > 0 else None


def _token_at(tokens: Sequence[Mapping[str, Any]], offset: int) -> Mapping[str, Any]:
    """The token over a byte of the text; raises ValueError where the tokens end before it."""
    end = 0
    for token in tokens:
        end += len(token["bytes"] if token.get("bytes") is not None else token["token"].encode())
        if end > offset:
            return token
    message = "the tokens are shorter than the text"
    raise ValueError(message)


def _odds(token: Mapping[str, Any]) -> dict[int, float]:
    odds: dict[int, float] = {}
    for other in token["top_logprobs"]:
        word = other["token"].strip()
        if word.isascii() and word.isdigit() and LOWEST <= int(word) <= HIGHEST:
            odds[int(word)] = odds.get(int(word), 0.0) + math.exp(other["logprob"])
    return odds


def _use(usage: Mapping[str, Any], calls: int, price: Price | None, share: float) -> Use:
    prompt, completion = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    details = usage.get("prompt_tokens_details")
    cached = _count(details.get("cached_tokens")) if isinstance(details, Mapping) else None
    cost = None
    if price is not None and prompt is not None and completion is not None:
        cost = share * price.cost_usd(prompt, cached or 0, completion)
    return Use(calls=calls, prompt_tokens=prompt, cached_tokens=cached, completion_tokens=completion, cost_usd=cost)


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
