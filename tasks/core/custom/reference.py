"""Metrics of an answer against a ground truth, and of how easily it reads; without a model.

A text of Chinese, Japanese, Thai, Lao, Khmer or Burmese has no spaces between words: there each character counts as a
word, with the marks upon it, as in MLQA (P. Lewis et al., MLQA: evaluating cross-lingual extractive question answering,
ACL 2020) for Chinese.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any, Final

import regex  # type: ignore[import-untyped]
from rapidfuzz.distance import LCSseq

LONGEST_CHARACTERS: Final = 20_000  # of either text; what follows is not read
LONGEST_WORDS: Final = 1_000  # of either text in ROUGE, which takes the product of both as its time
LEAST_WORDS: Final = 10
LEAST_ENGLISH: Final = 0.1

# A mark such as the one that lengthens a vowel in Japanese belongs to two scripts, hence script extensions (scx).
_SCRIPTS: Final = "".join(rf"\p{{scx={one}}}" for one in ("Han", "Hira", "Kana", "Thai", "Laoo", "Khmr", "Mymr"))
_ALONE: Final = rf"[[{_SCRIPTS}]&&[\p{{L}}\p{{Nl}}]]\p{{M}}*+"
_UNSPACED: Final = regex.compile(rf"({_ALONE})", regex.V1)
_WORDS: Final = regex.compile(rf"{_ALONE}|(?:(?!{_ALONE})[\p{{L}}\p{{M}}\p{{N}}])++", regex.V1)
_PUNCTUATION: Final = regex.compile(r"[\p{P}$+<=>^`|~]")
_ARTICLES: Final = regex.compile(r"\b(?:a|an|the)\b")

_LATIN_WORD: Final = regex.compile(r"[a-z]++(?:['’][a-z]++)*+")
_LETTER: Final = regex.compile(r"\p{L}")
_SENTENCE_END: Final = regex.compile(r"[.!?…]++[\"'”’)\]]*+(?=\s|$)|\n")
_VOWELS: Final = regex.compile(r"[aeiouy]++")
_SILENT: Final = regex.compile(r"(?:(?<![aeiouy]l)[^aeiouy]e|[^aeiouytd]ed|[^aeiouyscgzx]es)$(?<![^aeiouy]le)")
_APART: Final = regex.compile(r"i[ao]|eo|[^q]ua|ism$|[aeoy]ing")
_TOGETHER: Final = regex.compile(r"[cst]i[ao]|geo|people")
# Words that English has and its neighbours have not: `in` and `is` are Dutch as well, `was` and `will` are German.
_ENGLISH_WORDS: Final = """about and are as at be been but by can could for from had has have he his how if into it not
of or out she should that the their them there these they this those to we were what when where which while who with
would you your"""
_ENGLISH: Final = frozenset(_ENGLISH_WORDS.split())

Metric = Callable[[str, str], float | None]


def normalised(text: str) -> str:
    """The text in lower case without punctuation and English articles, with single spaces.

    Where that leaves nothing, as of "A" or "+", the text in lower case. Source: P. Rajpurkar et al., SQuAD: 100,000+
    questions for machine comprehension of text, EMNLP 2016, section 6.1, and its evaluation script; punctuation is that
    of Unicode, as in MLQA.
    """
    lower = text[:LONGEST_CHARACTERS].lower()
    kept = _ARTICLES.sub(" ", _PUNCTUATION.sub("", lower)).split()
    return " ".join(kept or lower.split())


def exact_match(completion: str, ground_truth: str) -> float | None:
    """1 where both are the same when `normalised`, else 0; None where the ground truth is blank.

    Source: as `normalised`.
    """
    truth = normalised(ground_truth)
    return float(normalised(completion) == truth) if truth else None


def token_f1(completion: str, ground_truth: str) -> float | None:
    """Harmonic mean of precision and recall of the words, each as often as it stands there: 0 to 1.

    None where the ground truth is blank. Source: as `normalised`.
    """
    said, truth = (_UNSPACED.sub(r" \1 ", normalised(text)).split() for text in (completion, ground_truth))
    common = (Counter(said) & Counter(truth)).total()
    return 2 * common / (len(said) + len(truth)) if truth else None


def rouge_1(completion: str, ground_truth: str) -> float | None:
    """F measure of the words, without stemming: 0 to 1; None where the ground truth has no word.

    Source: C.-Y. Lin, ROUGE: a package for automatic evaluation of summaries, 2004, section 2.
    """
    said, truth = _words(completion), _words(ground_truth)
    return _f_measure((Counter(said) & Counter(truth)).total(), said, truth)


def rouge_l(completion: str, ground_truth: str) -> float | None:
    """F measure of the longest common subsequence of words: 0 to 1; None where the ground truth has no word.

    Source: as `rouge_1`, section 3.1: the whole text is one sentence; the subsequence by RapidFuzz.
    """
    said, truth = _words(completion), _words(ground_truth)
    return _f_measure(LCSseq.similarity(said, truth), said, truth)


def bleu(completion: str, ground_truth: str) -> float | None:
    """BLEU of one sentence, 0 to 1, smoothed, with n-grams as long as the completion has them at all.

    None where the ground truth is blank. Sources: K. Papineni et al., BLEU, ACL 2002; exponential smoothing: B. Chen
    and C. Cherry, WMT 2014, method 3; by `sacrebleu`, tokenizer 13a.
    """
    said, truth = (_UNSPACED.sub(r" \1 ", text[:LONGEST_CHARACTERS]) for text in (completion, ground_truth))
    return _scored(_sacrebleu()["bleu"], said, truth)


def chrf(completion: str, ground_truth: str) -> float | None:
    """F measure of the n-grams of 1 to 6 characters, recall counting twice: 0 to 1, in any script.

    None where the ground truth is blank. Source: M. Popović, chrF: character n-gram F-score for automatic MT
    evaluation, WMT 2015, with beta = 2, by `sacrebleu`.
    """
    return _scored(_sacrebleu()["chrf"], completion[:LONGEST_CHARACTERS], ground_truth[:LONGEST_CHARACTERS])


def readability(completion: str, ground_truth: str = "") -> float | None:  # noqa: ARG001  of the shape of its like
    """Flesch reading ease of English prose: about 0 (hard) to 100 (easy), and beyond; None of any other text.

    206.835 - 1.015 words / sentences - 84.6 syllables / words. None below `LEAST_WORDS` words, too.
    Source: R. Flesch, A new readability yardstick, Journal of Applied Psychology 32 (1948).
    """
    text = completion[:LONGEST_CHARACTERS].lower()
    found = [
        words for sentence in _SENTENCE_END.split(text) if (words := _LATIN_WORD.findall(sentence.replace("’", "'")))
    ]
    words = [word for sentence in found for word in sentence]
    if len(words) < LEAST_WORDS or not _is_english(text, words):
        return None
    syllables = sum(syllables_of(word) for word in words)
    return 206.835 - 1.015 * len(words) / len(found) - 84.6 * syllables / len(words)


def syllables_of(word: str) -> int:
    """About how many syllables an English word in lower case has, at least 1: groups of vowels, less silent ones."""
    plain = word.removesuffix("'s")
    count = len(_VOWELS.findall(plain))
    count -= _SILENT.search(plain) is not None
    count += len(_APART.findall(plain)) - len(_TOGETHER.findall(plain))
    return max(count, 1)


REFERENCE: Final[Mapping[str, Metric]] = MappingProxyType(
    {
        "exact_match": exact_match,
        "token_f1": token_f1,
        "rouge_1": rouge_1,
        "rouge_l": rouge_l,
        "bleu": bleu,
        "chrf": chrf,
        "readability": readability,
    }
)
"""Every metric by name: of a completion and a ground truth."""

WITHOUT_TRUTH: Final = frozenset({"readability"})
"""Those that look at the completion alone."""


def reference_values(
    name: str, completions: Sequence[str | None], ground_truths: Sequence[str | None]
) -> list[float | None]:
    """The value of each interaction, in their order; None where a text that is needed was not logged.

    A blank ground truth is none. A blank completion that was logged counts as the worst of answers.
    """
    metric, alone = REFERENCE[name], name in WITHOUT_TRUTH
    return [
        None if said is None or (truth is None and not alone) else metric(said, truth or "")
        for said, truth in zip(completions, ground_truths, strict=True)
    ]


def _is_english(text: str, words: Sequence[str]) -> bool:
    is_latin = 2 * sum(map(len, words)) > len(_LETTER.findall(text))
    return is_latin and sum(word in _ENGLISH for word in words) > LEAST_ENGLISH * len(words)


def _words(text: str) -> list[str]:
    found: list[str] = _WORDS.findall(text[:LONGEST_CHARACTERS].lower())
    return found[:LONGEST_WORDS]


def _f_measure(common: int, said: Sequence[str], truth: Sequence[str]) -> float | None:
    return 2 * common / (len(said) + len(truth)) if truth else None


@cache
def _sacrebleu() -> Mapping[str, Any]:
    from sacrebleu.metrics.bleu import BLEU  # noqa: PLC0415  slow to import
    from sacrebleu.metrics.chrf import CHRF  # noqa: PLC0415

    return {"bleu": BLEU(effective_order=True), "chrf": CHRF()}


def _scored(metric: Any, completion: str, ground_truth: str) -> float | None:  # noqa: ANN401  as above
    if not ground_truth.strip():
        return None
    return min(float(metric.sentence_score(completion, [ground_truth]).score) / 100, 1.0)
