"""What a completion owes to its context and prompt: support for groundedness, topic for relevance."""

import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

from tasks.core.quality.local.text import (
    Reading,
    grams,
    mean,
    numbers,
    repeats,
    scaled,
    size,
    stem,
    total_weight,
    weight,
)
from tasks.core.quality.local.writing import choppy, ignored, little, repeated, same_sentences

Matches = Sequence[tuple[float, int]]
"""For each sentence of a completion: its share in the best sentence of the context, and that one's index."""

GROUNDEDNESS_FAULTS: Final[Mapping[str, float]] = {
    "numbers that the context lacks": 0.5,
    "a negation that the context lacks": 0.7,
    "a negation of the context left out": 0.7,
    "words repeated within a sentence": 0.4,
    "talk of I and you": 0.4,
    "stub sentences": 0.15,
    "sentences that say the same": 0.2,
}
"""Fault of groundedness to the share (0 to 1) of the value that the fault takes away when it is complete."""

RELEVANCE_FAULTS: Final[Mapping[str, float]] = {
    "words repeated within a sentence": 0.25,
    "words repeated": 0.15,
    "choppy sentences": 0.1,
    "little said": 0.15,
    "nothing of the question taken up": 0.2,
}
"""Fault of relevance to the share (0 to 1) of the value that the fault takes away when it is complete."""

_NEGATION: Final = re.compile(
    r"\b(?:not|no|never|without|cannot|nobody|none|nothing|neither|nor|nicht|keine?|nie|ne|pas|jamais|nunca|sin)\b"
    r"|n['’]t\b|[不没無没]|ない|ません"
)
_SELF: Final = frozenset({"i", "me", "my", "you", "your"})
_LETTERS: Final = 8
_NEAR: Final = 4
_POSTINGS: Final = 50
_SAME_STEM: Final = 0.7
_COPIED: Final = 0.5
_ALMOST_COPIED: Final = 0.8
_SAME_LENGTH: Final = 2.5
_STUB_WORDS: Final = 12.0
_LEAD_STEMS: Final = 30.0

_SHORT: Final = 4  # letters up to which a word is its own stem


def support(said: Reading, context: Reading, matches: Matches) -> Mapping[str, float]:
    """How much of the completion stands in the context, 0 to 1, by words, sentences, near pairs and letters."""
    by_words = word_support(said.words, context.words)
    near = near_pairs(context.stems)
    pairs = [pair for piece in said.contents for pair in pairwise(piece)]
    letters = set(grams(" ".join(context.words), _LETTERS))
    best = [share * len(piece) for (share, _), piece in zip(matches, said.pieces, strict=True)]
    return {
        "words": by_words,
        "sentences": sum(best) / max(1, len(said.words)),
        "pairs": sum(pair in near for pair in pairs) / len(pairs) if pairs else by_words,
        "letters": mean([run in letters for run in grams(" ".join(said.words), _LETTERS)]),
    }


def word_support(tokens: Sequence[str], known: Sequence[str]) -> float:
    """Weighted share of the words that the other text holds; one with the same stem counts 0.7."""
    whole, stems = set(known), {stem(word) for word in known if len(word) > _SHORT}
    related = [word for word in tokens if word not in whole and len(word) > _SHORT and stem(word) in stems]
    exact = [word for word in tokens if word in whole]
    return (total_weight(exact) + _SAME_STEM * total_weight(related)) / (total_weight(tokens) or 1.0)


def near_pairs(stems: Sequence[str]) -> set[tuple[str, str]]:
    """Pairs of stems up to four places apart in the order of the text, and up to two apart in the other order."""
    forward = [zip(stems, stems[step:], strict=False) for step in range(1, _NEAR + 1)]
    backward = [zip(stems[step:], stems, strict=False) for step in (1, 2)]
    return set().union(*forward, *backward)


def best_sentences(said: Reading, context: Reading) -> Matches:
    """For each sentence: the largest weighted share of its words in a sentence of the context, and which (-1: none)."""
    where: dict[str, list[int]] = defaultdict(list)
    for index, piece in enumerate(context.pieces):
        for word in set(piece):
            where[word].append(index)
    return [best_sentence(sorted(set(piece)), where) for piece in said.pieces]


def best_sentence(different: Sequence[str], where: Mapping[str, Sequence[int]]) -> tuple[float, int]:
    """The largest weighted share of the words that stand in one sentence, and which (-1: none)."""
    votes: dict[int, float] = {}
    for word in different:
        told = weight(word)
        for index in where.get(word, ())[:_POSTINGS]:
            votes[index] = votes.get(index, 0.0) + told
    index = max(votes, key=lambda each: (votes[each], -each), default=-1)
    return votes.get(index, 0.0) / (total_weight(different) or 1.0), index


def groundedness_faults(said: Reading, context: Reading, matches: Matches) -> Mapping[str, float]:
    """Each fault of `GROUNDEDNESS_FAULTS` from 0 (absent) to 1 (complete)."""
    turned = [
        negated(piece, context.sentences[index], share)
        for piece, (share, index) in zip(said.sentences, matches, strict=True)
        if share >= _COPIED
    ]
    figures = numbers(said)
    return {
        "numbers that the context lacks": len(figures - numbers(context)) / max(1, len(figures)),
        "a negation that the context lacks": mean([turn > 0 for turn in turned]),
        "a negation of the context left out": mean([turn < 0 for turn in turned]),
        "words repeated within a sentence": mean([repeats(piece) for piece in said.contents]),
        "talk of I and you": sum(word in _SELF for word in said.words) / max(1, len(said.words)),
        "stub sentences": 1.0
        - scaled(min((size(said, piece) for piece in said.pieces), default=0.0), 0.0, _STUB_WORDS),
        "sentences that say the same": same_sentences(said),
    }


def negated(piece: str, source: str, share: float) -> int:
    """1: only the sentence negates; -1: only its source does, though nearly all else is there too; 0 otherwise."""
    here, there = (bool(_NEGATION.search(text.casefold())) for text in (piece, source))
    same = share >= _ALMOST_COPIED and len(source) <= _SAME_LENGTH * len(piece)
    return int(here and not there) - int(there and not here and same)


def topic(said: Reading, context: Reading, prompt: Reading) -> Mapping[str, float]:
    """How much of what matters in the context is said, how much of what is said matters there, and the prompt's share.

    All from 0 to 1. "focus" is the cosine between the completion's set of stems and the weighted stems of the context.
    """
    stems, asked = set(said.stems), set(prompt.stems)
    weights = matter(context, asked)
    total = sum(weights.values())
    length = math.sqrt(sum(amount * amount for amount in weights.values()) * len(stems))
    hit = sum(weights.get(each, 0.0) for each in sorted(stems))
    return {
        "context": hit / total if total else 0.0,
        "focus": hit / length if length else 0.0,
        "prompt": len(asked & stems) / len(asked) if asked else 0.0,
    }


def matter(context: Reading, asked: set[str]) -> Mapping[str, float]:
    """What the context is about: stem to weight, more for early words and for sentences with the prompt's words."""
    shares = [len(asked.intersection(piece)) / math.sqrt(max(1, len(piece))) for piece in context.contents]
    top = max(shares, default=0.0) or 1.0
    weights: dict[str, float] = defaultdict(float)
    place = 0
    for piece, share in zip(context.contents, shares, strict=True):
        for each in piece:
            weights[each] += (1.0 + 2.0 * share / top) / (1.0 + place / _LEAD_STEMS)
            place += 1
    return weights


def relevance_faults(said: Reading, prompt: Reading) -> Mapping[str, float]:
    """Each fault of `RELEVANCE_FAULTS` from 0 (absent) to 1 (complete)."""
    return {
        "words repeated within a sentence": scaled(mean([repeats(piece) for piece in said.contents]), 0.0, 0.4),
        "words repeated": repeated(said),
        "choppy sentences": choppy(said),
        "little said": little(said),
        "nothing of the question taken up": ignored(said, prompt),
    }
