"""How alike two texts are, by their words and letters: the similarity of a completion to its ground truth."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from tasks.core.quality.local.text import Reading, numbers, size, total_weight, weight

LIKENESS_FAULTS: Final[Mapping[str, float]] = {
    "numbers that differ": 0.4,
    "numbers on one side only": 0.1,
    "a negation on one side only": 0.15,
}
"""Fault of similarity to the share (0 to 1) of the value that the fault takes away when it is complete."""

_WORDS_SHARE: Final = 0.6
_CONTAINED_SHARE: Final = 0.8
_SHORT_TRUTH_WORDS: Final = 6.0
_LONGER: Final = 1.5
_FEW_WORDS: Final = 0.5
_PREFIX_LETTERS: Final = 3
_RELATED: Final = 0.4
_CANDIDATES: Final = 30
_NEGATIONS: Final = frozenset({"not", "no", "never", "without", "cannot", "t", "nicht", "kein", "pas", "sin"})


def likeness(completion: Reading, truth: Reading) -> Mapping[str, float]:
    """How much each text holds of the other, 0 to 1: by words, by pairs of letters, and the truth in the completion.

    "certainty" is what remains of 1 when only few words agree: two of two prove less than ten of ten.
    """
    said, true = completion.words, truth.words
    said_matched, said_weight = matched(said, true)
    true_matched, true_weight = matched(true, said)
    total = said_weight + true_weight
    agreed = (said_matched + true_matched) / 2.0
    true_size = size(truth, true)
    short = true_size <= _SHORT_TRUTH_WORDS and size(completion, said) >= _LONGER * true_size
    return {
        "words": 2.0 * agreed / total if total else 0.0,
        "letters": dice(letter_pairs(said), letter_pairs(true)),
        "contained": true_matched / true_weight if short and true_weight else 0.0,
        "certainty": agreed / (agreed + _FEW_WORDS),
    }


def blended(figures: Mapping[str, float]) -> float:
    """Words and letters weighted 6 to 4, less for few words; or most of how fully a short truth is contained."""
    alike = _WORDS_SHARE * figures["words"] + (1.0 - _WORDS_SHARE) * figures["letters"]
    return max(alike * figures["certainty"], _CONTAINED_SHARE * figures["contained"])


def likeness_faults(completion: Reading, truth: Reading) -> Mapping[str, float]:
    """Each fault of `LIKENESS_FAULTS` from 0 (absent) to 1 (complete)."""
    here, there = numbers(completion), numbers(truth)
    negates, negated = (not _NEGATIONS.isdisjoint(reading.words) for reading in (completion, truth))
    return {
        "numbers that differ": float(bool(here - there) and bool(there - here)),
        "numbers on one side only": len(here ^ there) / (len(here | there) + 1),
        "a negation on one side only": float(negates != negated),
    }


def matched(tokens: Sequence[str], others: Sequence[str]) -> tuple[float, float]:
    """Weight of the words that have a counterpart among the others, and of all words.

    A word counts as often as the others hold it; one that shares at least two fifths of its letters, from the first on,
    with another counts once and by that share (Dice).
    """
    vocabulary = Counter(others)
    starts: dict[str, list[str]] = {}
    for other in sorted(vocabulary):
        starts.setdefault(other[:_PREFIX_LETTERS], []).append(other)
    found = 0.0
    for word, times in Counter(tokens).items():
        alike = vocabulary[word] or kinship(word, starts.get(word[:_PREFIX_LETTERS], ()))
        found += weight(word) * min(times, alike)
    return found, total_weight(tokens)


def kinship(word: str, others: Sequence[str]) -> float:
    """The largest share of common first letters with one of the others, 0 where it stays below two fifths."""
    shares = [2.0 * common_start(word, other) / (len(word) + len(other)) for other in others[:_CANDIDATES]]
    best = max(shares, default=0.0)
    return best if best >= _RELATED and len(word) >= _PREFIX_LETTERS else 0.0


def common_start(left: str, right: str) -> int:
    """How many first letters two words share."""
    shared = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        shared += 1
    return shared


def letter_pairs(tokens: Sequence[str]) -> dict[str, float]:
    """Pairs of neighbouring letters with word edges; each word spreads its own weight over its pairs."""
    pairs: dict[str, float] = {}
    for word, times in Counter(tokens).items():
        padded = f"^{word}$"
        share = times * weight(word) / (len(padded) - 1)
        for start in range(len(padded) - 1):
            pair = padded[start : start + 2]
            pairs[pair] = pairs.get(pair, 0.0) + share
    return pairs


def dice(left: Mapping[str, float], right: Mapping[str, float]) -> float:
    """Twice the common part of two weighted bags over the sum of both, 0 to 1 (Dice 1945)."""
    total = sum(left.values()) + sum(right.values())
    common = sum(min(amount, right.get(key, 0.0)) for key, amount in left.items())
    return 2.0 * common / total if total else 0.0
