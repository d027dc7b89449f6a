"""The language of a text, told by a naive Bayes classifier of byte n-grams whose model comes in its package.

Source: M. Lui and T. Baldwin, langid.py: an off-the-shelf language identification tool, ACL 2012 demonstrations; in its
maintained fork `py3langid`. Nothing is downloaded, and no text depends on another.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from py3langid.langid import MODEL_FILE, LanguageIdentifier

LANGUAGES: Final = (
    *("am", "ar", "az", "be", "bg", "bn", "ca", "cs", "da", "de", "el", "en", "es", "et", "eu", "fa", "fi", "fr"),
    *("gu", "he", "hi", "hr", "hu", "hy", "id", "is", "it", "ja", "ka", "kk", "km", "kn", "ko", "lo", "lt", "lv"),
    *("mk", "ml", "mn", "mr", "ms", "my", "ne", "nl", "no", "pa", "pl", "ps", "pt", "ro", "ru", "si", "sk", "sl"),
    *("sq", "sr", "sv", "sw", "ta", "te", "th", "tl", "tr", "uk", "ur", "uz", "vi", "zh"),
)
NO_LANGUAGE: Final = "zxx"  # ISO 639-2: numbers, markup, identifiers
LEAST_BYTES: Final = 12  # of letters, as UTF-8: twelve Latin letters, or four Chinese characters
LEAST_CONFIDENCE: Final = 0.5
LONGEST_CHARACTERS: Final = 1_000


def language_of(texts: Iterable[str | None]) -> list[str | None]:
    """The language of each text, one of `LANGUAGES` (ISO 639-1), by its first `LONGEST_CHARACTERS` characters.

    None where the text is None, has letters of fewer than `LEAST_BYTES` bytes, is no language, or where no language has
    a probability of `LEAST_CONFIDENCE`. A text in a language that is not listed is None, or a listed one like it.
    """
    return [None if text is None else _language(text[:LONGEST_CHARACTERS]) for text in texts]


def _language(text: str) -> str | None:
    letters = "".join(filter(str.isalpha, text))
    if len(letters.encode("utf-8", "surrogatepass")) < LEAST_BYTES:
        return None
    language, confidence = _identifier().classify(text)
    return None if language == NO_LANGUAGE or confidence < LEAST_CONFIDENCE else str(language)


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    """The classifier; reading its model takes half a second."""
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages((*LANGUAGES, NO_LANGUAGE))
    return identifier
