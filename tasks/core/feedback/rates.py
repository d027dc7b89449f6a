"""Feedback as it is logged: thumbs, ratings, edits, retries and abandonment, read from one column, and their rates.

A text that is none of the forms told in docs/feedback.md is counted as unreadable, never guessed at.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from tasks.core.measure import Measure
from tasks.core.stats.rows import Rows, mean_among, share_among

LOWEST, HIGHEST = 1.0, 5.0
LONGEST_CHARACTERS: Final = 20_000
NUMBER: Final = re.compile(r"\d{1,3}(?:\.\d{1,6})?", re.ASCII)
SHADES: Final = dict.fromkeys([0xFE0F, *range(0x1F3FB, 0x1F400)])  # of an emoji: its skin tone, its variant
LIKED: Final = {
    **dict.fromkeys(("up", "thumbs_up", "thumbsup", "thumb_up", "👍", "like", "liked", "positive", "true", "+1"), True),
    **dict.fromkeys(("upvote", "good", "helpful"), True),
    **dict.fromkeys(("down", "thumbs_down", "thumbsdown", "thumb_down", "👎", "dislike", "disliked"), False),
    **dict.fromkeys(("negative", "false", "-1", "downvote", "bad", "unhelpful", "not_helpful"), False),
}
THUMB_KEYS: Final = ("thumb", "thumbs", "liked")
RATING_KEYS: Final = ("rating", "stars")
ACTS: Final = {
    **dict.fromkeys(("edited", "edit"), "edited"),
    **dict.fromkeys(("retried", "retry", "regenerated", "regenerate"), "retried"),
    **dict.fromkeys(("abandoned", "abandon"), "abandoned"),
    **dict.fromkeys(("copied", "copy"), "copied"),
}
SILENT_KEYS: Final = ("comment", "text", "reason", "category")


# What is measured, and the columns that it needs.
MEASURES: Final[Mapping[str, tuple[str, ...]]] = {
    **{f"feedback.records.{name}": ("feedback",) for name in ("given_share", "unreadable_share")},
    "feedback.thumbs.up_share": ("feedback",),
    "feedback.rating.mean": ("feedback",),
    **{f"feedback.{act}.share": ("feedback",) for act in dict.fromkeys(ACTS.values())},
}


class Numbers(StrEnum):
    """What bare numbers of a column are: 0 and 1; -1, 0 and 1; or ratings from 1 to 5."""

    THUMBS = "thumbs"
    SIGNED_THUMBS = "signed_thumbs"
    RATINGS = "ratings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What is known of one interaction; None where it says nothing.

    `rating` is from 1 to 5. `is_event`: a bare word, which says that one thing happened and not what else did not.
    """

    liked: bool | None = None
    rating: float | None = None
    edited: bool | None = None
    retried: bool | None = None
    abandoned: bool | None = None
    copied: bool | None = None
    is_event: bool = False


def numbers_of(texts: Iterable[str | None]) -> Numbers:
    """What the bare numbers of a whole column are.

    Ratings where any is other than -1, 0 and 1; else thumbs, where 0 is down unless -1 is seen: then it is neither.
    """
    found = {_plain(text) for text in texts if text is not None and len(text) <= LONGEST_CHARACTERS}
    if any(NUMBER.fullmatch(one) and float(one) not in {0, 1} for one in found):
        return Numbers.RATINGS
    return Numbers.SIGNED_THUMBS if "-1" in found else Numbers.THUMBS


def read_feedback(text: str, numbers: Numbers) -> Feedback | None:
    """One logged text; `numbers` says what a bare number is. None where it is none of the known forms."""
    if len(text) > LONGEST_CHARACTERS:
        return None
    word = _plain(text)
    if word.startswith("{"):
        return _read_object(text)
    if NUMBER.fullmatch(word):
        return _read_number(float(word), numbers)
    if word in LIKED:
        return Feedback(liked=LIKED[word])
    return replace(_with_act(Feedback(), ACTS[word], happened=True), is_event=True) if word in ACTS else None


def read_column(texts: Sequence[str | None], numbers: Numbers | None = None) -> list[Feedback | None]:
    """Every row's feedback; None where it has none, where it is blank, or where it cannot be read.

    `numbers` says what bare numbers are; None: the column itself, see `numbers_of`.
    """
    meant = numbers or numbers_of(texts)
    return [read_feedback(text, meant) if _is_given(text) and text is not None else None for text in texts]


def feedback_measures(texts: Sequence[str | None], rows: Rows, numbers: Numbers | None = None) -> list[Measure]:
    """The rates of a window; `texts` has one item for each sampled interaction, None where there is no feedback.

    An act's share is that of the rows that say yes or no; where it is only ever logged as a bare word, that of all
    interactions.
    """
    said = read_column(texts, numbers)
    given = [_is_given(text) for text in texts]
    unread = [one is None if is_given else None for one, is_given in zip(said, given, strict=True)]
    return [
        share_among("feedback.records.given_share", given, rows),
        share_among("feedback.records.unreadable_share", unread, rows),
        share_among("feedback.thumbs.up_share", [one.liked if one else None for one in said], rows),
        mean_among("feedback.rating.mean", [one.rating if one else None for one in said], rows, "rating"),
        *(_act_share(act, said, rows) for act in dict.fromkeys(ACTS.values())),
    ]


def _is_given(text: str | None) -> bool:
    return text is not None and bool(text.strip())


def _plain(text: str) -> str:
    """In lower case, without spaces at the ends, skin tones, and with one sign between words."""
    word = text.strip().casefold().translate(SHADES)
    return word if word in LIKED else word.replace(" ", "_").replace("-", "_")


def _read_number(value: float, numbers: Numbers) -> Feedback | None:
    if numbers is Numbers.RATINGS:
        return Feedback(rating=value) if LOWEST <= value <= HIGHEST else None
    if value == 1:
        return Feedback(liked=True)
    if value == 0:
        return Feedback(liked=False if numbers is Numbers.THUMBS else None)
    return None


def _read_object(text: str) -> Feedback | None:
    """A JSON object; None where it is none, has no known key, or a known key has a value that cannot be."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):  # no JSON, a number of too many digits, brackets in brackets
        return None
    values = {key.strip().casefold(): value for key, value in found.items()} if isinstance(found, dict) else {}
    if not values.keys() & {*THUMB_KEYS, *RATING_KEYS, *ACTS, *SILENT_KEYS}:
        return None
    return _read_values(values)


def _read_values(values: Mapping[str, object]) -> Feedback | None:
    feedback = Feedback()
    for key, value in values.items():
        if value is None:
            continue
        if key in THUMB_KEYS:
            liked = _liked(value)
            if liked is None:
                return None
            feedback = replace(feedback, liked=liked)
        elif key in RATING_KEYS:
            rating = _rating(value)
            if rating is None:
                return None
            feedback = replace(feedback, rating=rating)
        elif key in ACTS:
            if not isinstance(value, bool):
                return None
            feedback = _with_act(feedback, ACTS[key], happened=value)
    return feedback


def _liked(value: object) -> bool | None:
    word = _plain(str(value).lower()) if isinstance(value, str | bool | int) else ""
    return LIKED.get({"1": "up", "0": "down"}.get(word, word))


def _rating(value: object) -> float | None:
    if isinstance(value, str) and NUMBER.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if LOWEST <= value <= HIGHEST else None


def _with_act(feedback: Feedback, act: str, *, happened: bool) -> Feedback:
    match act:
        case "edited":
            return replace(feedback, edited=happened)
        case "retried":
            return replace(feedback, retried=happened)
        case "abandoned":
            return replace(feedback, abandoned=happened)
        case _:
            return replace(feedback, copied=happened)


def _act_share(act: str, said: Sequence[Feedback | None], rows: Rows) -> Measure:
    """Among those who answered; where an act is only logged when it happens, among all interactions."""
    done: list[bool | None] = [getattr(one, act) if one else None for one in said]
    answers = any(
        one is not None and not one.is_event and value is not None for one, value in zip(said, done, strict=True)
    )
    return share_among(f"feedback.{act}.share", done if answers else [bool(value) for value in done], rows)
