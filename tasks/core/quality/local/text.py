"""Words, sentences, stems and n-grams of one text, in any script, with stated bounds on the work."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

MAX_CHARACTERS: Final = 20_000
"""Characters of a prompt, completion or ground truth that are read; the rest is ignored."""

MAX_CONTEXT_CHARACTERS: Final = 60_000
"""Characters of a context that are read; the rest is ignored."""

ARTICLES: Final = frozenset({"a", "an", "the"})
PREPOSITIONS: Final = frozenset({"of", "to", "in", "on", "at", "by", "for", "with", "from"})
CONJUNCTIONS: Final = frozenset({"and", "or", "but", "if", "as"})
AUXILIARIES: Final = frozenset({"is", "are", "was", "were", "be", "been", "has", "have", "had", "do", "does", "did"})
PRONOUNS: Final = frozenset({"i", "you", "he", "she", "they", "we", "it", "his", "her", "their", "its"})
FUNCTION_WORDS: Final = (
    ARTICLES | PREPOSITIONS | CONJUNCTIONS | AUXILIARIES | PRONOUNS | {"will", "can", "not", "this", "that", "there"}
)

# Scripts that are written without spaces: each letter counts as a word.
_UNSPACED: Final = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_FIRST_UNSPACED: Final = "\u0e00"
# Runs of letters beyond 40 (base64, a hostile string) are read as several words.
_WORD: Final = re.compile(rf"[0-9]+(?:[.,:][0-9]+)*|[^\W_{_UNSPACED}]{{1,40}}|[{_UNSPACED}]")
_ANY_UNSPACED: Final = re.compile(rf"[{_UNSPACED}]")
# A full stop after one letter ("U.S.", "p.m.") ends no sentence; one after a space (tokenised text) does.
_BOUNDARY: Final = re.compile(
    r"[.…!?。！？\n](?:(?<=[。！？\n])|(?:(?<=[!?])|(?<=[^\s.]{2}[.…])|(?<=\s[.…]))[\"')\]]*\s+)"
)
_LIST_MARK: Final = re.compile(r"^[ \t]{0,8}(?:[-*•#>|]{1,6}|[0-9]{1,2}[.)])[ \t]", re.MULTILINE)
_NUMBER: Final = re.compile(r"[0-9]+")
_DIGITS: Final = {
    word: str(value)
    for value, word in enumerate(("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), 1)
}
_STEM_CHARACTERS: Final = 5
_WEIGHTS: Final = tuple((max(length, 1) - 0.5) / 5.5 for length in range(7))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A text as the statistics see it.

    `sentences` are the pieces of `text` that hold a word; `pieces` their words, `contents` their stems of content;
    `words` and `stems` are the same in one row. `unspaced`: the text holds a script that is written without spaces.
    """

    text: str
    sentences: list[str]
    pieces: list[list[str]]
    contents: list[list[str]]
    words: list[str]
    stems: list[str]
    unspaced: bool


def read(text: str, limit: int) -> Reading:
    """Read the first `limit` characters in NFKC; control characters count as spaces, list marks as nothing."""
    normal = unicodedata.normalize("NFKC", text[:limit])[: 2 * limit]
    clean = normal if normal.isprintable() else "".join(c if c.isprintable() or c == "\n" else " " for c in normal)
    cut = [piece.strip() for piece in _BOUNDARY.split(_LIST_MARK.sub("", clean))]
    found = [(piece, tokens) for piece in cut if (tokens := _WORD.findall(piece.casefold()))]
    sentences, pieces = [piece for piece, _ in found], [tokens for _, tokens in found]
    unspaced = _ANY_UNSPACED.search(clean) is not None
    contents = [content(piece, unspaced=unspaced) for piece in pieces]
    return Reading(
        text=clean,
        sentences=sentences,
        pieces=pieces,
        contents=contents,
        words=[word for piece in pieces for word in piece],
        stems=[stem for piece in contents for stem in piece],
        unspaced=unspaced,
    )


def content(tokens: Sequence[str], *, unspaced: bool) -> list[str]:
    """The words that carry content, cut to five letters: a stemmer for all languages with suffixes.

    Function words and single letters are left out. Neighbouring letters of an unspaced script are joined to
    overlapping pairs, the nearest thing to words there.
    """
    if not unspaced:
        kept = [word for word in tokens if word not in FUNCTION_WORDS]
        return [word[:_STEM_CHARACTERS] for word in kept if len(word) > 1 or word.isdecimal()]
    stems = []
    for word, following in zip(tokens, [*tokens[1:], ""], strict=True):
        if is_letter(word):
            stems.append(word + following if is_letter(following) else word)
        elif word not in FUNCTION_WORDS and (len(word) > 1 or word.isdecimal()):
            stems.append(word[:_STEM_CHARACTERS])
    return stems


def is_letter(word: str) -> bool:
    """Whether the word is one letter of a script that is written without spaces."""
    return len(word) == 1 and word >= _FIRST_UNSPACED


def stem(word: str) -> str:
    """The word's first five letters."""
    return word[:_STEM_CHARACTERS]


def weight(word: str) -> float:
    """How much a word tells, 0.01 to 1, by its length alone: long words are rare ones (Zipf 1935)."""
    told = _WEIGHTS[min(len(word), 6)]
    if len(word) == 1 and (word >= _FIRST_UNSPACED or word.isdecimal()):
        return 1.0
    return 0.1 * told if word in FUNCTION_WORDS else told


def total_weight(tokens: Sequence[str]) -> float:
    """The weights of the words summed."""
    return sum(times * weight(word) for word, times in Counter(tokens).items())


def numbers(reading: Reading) -> set[str]:
    """The runs of digits, so that "1,000", "1 000" and "1.000" agree; "one" to "ten" count as digits too."""
    spelled = {_DIGITS[word] for word in reading.words if word in _DIGITS}
    return spelled.union(*map(_NUMBER.findall, reading.sentences))


def size(reading: Reading, tokens: Sequence[str]) -> float:
    """How many words some of the reading's words are; a letter of an unspaced script counts as half of one."""
    if not reading.unspaced:
        return float(len(tokens))
    return sum(0.5 if is_letter(word) else 1.0 for word in tokens)


def mean(values: Sequence[float]) -> float:
    """The mean; 0 of nothing."""
    return sum(values) / len(values) if values else 0.0


def grams(text: str, length: int) -> list[str]:
    """All runs of `length` characters, in order; a shorter text is its own only run."""
    return [text[start : start + length] for start in range(max(1, len(text) - length + 1))]


def repeats(items: Sequence[object]) -> float:
    """Share of the items that occurred before, 0 (all new) to below 1."""
    return 1.0 - len(set(items)) / len(items) if items else 0.0


def scaled(amount: float, none: float, full: float) -> float:
    """The amount on a line from 0 at `none` to 1 at `full`, and no further."""
    return min(1.0, max(0.0, (amount - none) / (full - none)))
