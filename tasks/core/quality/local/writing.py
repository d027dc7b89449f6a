"""How a text is written: faults of fluency and of coherence, found in its own words alone."""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

from tasks.core.quality.local.text import (
    ARTICLES,
    AUXILIARIES,
    CONJUNCTIONS,
    PREPOSITIONS,
    Reading,
    mean,
    repeats,
    scaled,
    size,
)

FLUENCY_FAULTS: Final[Mapping[str, float]] = {
    "words repeated within a sentence": 1.0,
    "phrases repeated": 0.7,
    "words stuttered": 0.3,
    "cut off at the end": 0.6,
    "sentences without a break": 0.5,
    "function words that clash": 0.7,
    "words without a vowel": 0.8,
    "hardly any short words": 0.5,
    "many symbols": 0.6,
    "lower-case sentence starts": 0.1,
    "very short words": 0.35,
}
"""Fault of fluency to the share (0 to 1) of the value that the fault takes away when it is complete."""

COHERENCE_FAULTS: Final[Mapping[str, float]] = {
    "phrases repeated": 0.8,
    "words repeated": 0.5,
    "sentences that say the same": 0.3,
    "choppy sentences": 0.4,
    "little said": 0.6,
    "nothing of the question taken up": 0.3,
    "function words that clash": 0.7,
    "words without a vowel": 0.7,
    "hardly any short words": 0.4,
    "cut off at the end": 0.55,
}
"""Fault of coherence to the share (0 to 1) of the value that the fault takes away when it is complete."""

_ENDS: Final = frozenset(".!?…。！？:;)]}\"'”’»`*|>~」』")
_LIST_ITEM: Final = re.compile(r"[ \t]{0,8}(?:[-*•#>|]{1,6}|[0-9]{1,2}[.)]|[A-Za-z][.)])[ \t]")
_VOWELLESS: Final = re.compile(r"[bcdfghjklmnpqrstvwxz]{4,}")
_STOP: Final = re.compile(r"[.!?。！？]")
_SYMBOL: Final = re.compile(r"[^\w\s]")
_LONG_SENTENCE_WORDS: Final = 40.0
_FULL_SENTENCE_WORDS: Final = 20.0
_FULL_ANSWER_STEMS: Final = 10.0
_READ_STEMS: Final = 60
_SAME_SENTENCE_OVERLAP: Final = 0.5
_PLENTY_WORDS: Final = 8
_HANGING: Final = ARTICLES | CONJUNCTIONS | {"of", "to", "at", "by", "for", "with", "from", "is", "are", "was"}
# What never follows what in English prose; other languages hold hardly any of these words.
_CLASHES: Final = frozenset(
    (left, right)
    for lefts, rights in (
        (ARTICLES, ARTICLES | PREPOSITIONS | CONJUNCTIONS | AUXILIARIES | {"i", "he", "she", "they", "it", "you"}),
        (PREPOSITIONS, AUXILIARIES | {"he", "she", "they", "we", "of", "but", "if"}),
        (CONJUNCTIONS, {"of"}),
        (AUXILIARIES, {"does", "did"}),
        ({"of"}, PREPOSITIONS),
        ({"he", "she", "it"}, {"are", "were", "have", "do", "of"}),
        ({"they", "we", "you"}, {"is", "was", "has", "does", "of"}),
    )
    for left in lefts
    for right in rights
) - {("to", "be"), ("to", "have"), ("to", "do"), ("of", "from")}
_SHORT: Final = 3  # letters of a short word


def fluency_faults(said: Reading) -> Mapping[str, float]:
    """Each fault of `FLUENCY_FAULTS` from 0 (absent) to 1 (complete)."""
    longest = max((size(said, piece) for piece in said.pieces), default=0.0)
    return {
        "words repeated within a sentence": scaled(mean([repeats(piece) for piece in said.contents]), 0.0, 0.4),
        "phrases repeated": looped(said.words),
        "words stuttered": stuttered(said.words),
        "cut off at the end": cut_off(said),
        "sentences without a break": scaled(longest, _LONG_SENTENCE_WORDS, 2.0 * _LONG_SENTENCE_WORDS),
        "function words that clash": clashing(said.words),
        "words without a vowel": unpronounceable(said.words),
        "hardly any short words": salad(said),
        "many symbols": symbols(said.text),
        "lower-case sentence starts": uncapitalised(said),
        "very short words": shortness(said),
    }


def coherence_faults(said: Reading, prompt: Reading) -> Mapping[str, float]:
    """Each fault of `COHERENCE_FAULTS` from 0 (absent) to 1 (complete)."""
    return {
        "phrases repeated": looped(said.words),
        "words repeated": repeated(said),
        "sentences that say the same": same_sentences(said),
        "choppy sentences": choppy(said),
        "little said": little(said),
        "nothing of the question taken up": ignored(said, prompt),
        "function words that clash": clashing(said.words),
        "words without a vowel": unpronounceable(said.words),
        "hardly any short words": salad(said),
        "cut off at the end": cut_off(said) ** 2,
    }


def looped(tokens: Sequence[str]) -> float:
    """Runs of three words that occurred before: 0 up to 15 % of them, 1 from half of them on."""
    return scaled(repeats(list(zip(tokens, tokens[1:], tokens[2:], strict=False))), 0.15, 0.5)


def repeated(said: Reading) -> float:
    """Words of content that occurred before among the first sixty: 0 for none, 1 from four fifths on."""
    return scaled(repeats(said.stems[:_READ_STEMS]), 0.0, 0.8)


def stuttered(tokens: Sequence[str]) -> float:
    """Words that follow themselves: 0 for none, 1 from one in ten on."""
    return scaled(sum(left == right for left, right in pairwise(tokens)) / max(1, len(tokens)), 0.0, 0.1)


def choppy(said: Reading) -> float:
    """0 for a single sentence and for sentences of twenty and more words on average, near 1 for single words."""
    if len(said.pieces) == 1:
        return 0.0
    return 1.0 - scaled(size(said, said.words) / max(1, len(said.pieces)), 0.0, _FULL_SENTENCE_WORDS)


def little(said: Reading) -> float:
    """0 from ten different words of content on, 1 for none."""
    return 1.0 - scaled(len(set(said.stems)), 0.0, _FULL_ANSWER_STEMS)


def cut_off(said: Reading) -> float:
    """1 for an end in the middle of a phrase, 0.6 for a lost full stop after others, 0.2 for no full stop at all."""
    text = said.text.rstrip()
    if not said.pieces or text[-1:] in _ENDS or _LIST_ITEM.match(text.rpartition("\n")[2]):
        return 0.0
    last = said.pieces[-1]
    if last[-1] in _HANGING:
        return 1.0
    return 0.6 if len(_STOP.findall(said.text)) > 1 and len(last) >= _SHORT else 0.2


def clashing(tokens: Sequence[str]) -> float:
    """Pairs of function words that no English sentence holds: 1 from one in fourteen words on."""
    return scaled(sum(pair in _CLASHES for pair in pairwise(tokens)) / max(10, len(tokens)), 0.0, 0.07)


def unpronounceable(tokens: Sequence[str]) -> float:
    """Words of four and more Latin letters without a vowel: 1 from a third of the words on."""
    odd = sum(_VOWELLESS.fullmatch(word) is not None for word in tokens)
    return scaled(odd / max(1, len(tokens)), 0.0, 0.33)


def salad(said: Reading) -> float:
    """1 when eight and more spaced words hold none of up to three letters, 0 from one in eight on."""
    if len(said.words) < _PLENTY_WORDS or said.unspaced:
        return 0.0
    return 1.0 - scaled(sum(len(word) <= _SHORT for word in said.words) / len(said.words), 0.0, 0.125)


def symbols(text: str) -> float:
    """Characters that are no letter, digit or space: 0 up to one fifth of the text, 1 from three fifths on."""
    return scaled(len(_SYMBOL.findall(text)) / max(1, len(text)), 0.2, 0.6)


def uncapitalised(said: Reading) -> float:
    """Share of the sentences that start in lower case, in a text that has capitals at all."""
    if said.text == said.text.lower():
        return 0.0
    return mean([float(piece[:1].islower()) for piece in said.sentences])


def shortness(said: Reading) -> float:
    """1 for a mean word length of three letters or less, 0 from five on; 0 in unspaced scripts."""
    if not said.words or said.unspaced:
        return 0.0
    return 1.0 - scaled(sum(min(len(word), 12) for word in said.words) / len(said.words), 3.0, 5.0)


def same_sentences(said: Reading) -> float:
    """Share of neighbouring sentences where one repeats more than half of the other's content."""
    stems = [set(piece) for piece in said.contents]
    overlaps = [len(left & right) / max(1, min(len(left), len(right))) for left, right in pairwise(stems)]
    return mean([float(overlap > _SAME_SENTENCE_OVERLAP) for overlap in overlaps])


def ignored(said: Reading, prompt: Reading) -> float:
    """1 when nothing of the prompt's last sentence is taken up, 0 from two words of content on or where it has none."""
    asked = set(prompt.contents[-1]) if prompt.contents else set()
    return 1.0 - scaled(len(asked & set(said.stems)), 0.0, min(2, len(asked))) if asked else 0.0


def remaining(faults: Mapping[str, float], shares: Mapping[str, float]) -> float:
    """What the faults leave of 1: each takes its share, times its extent, of the rest."""
    value = 1.0
    for name, extent in faults.items():
        value *= 1.0 - shares[name] * extent
    return value
