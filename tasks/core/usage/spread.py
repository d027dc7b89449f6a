"""How the sampled interactions spread over languages, as measures."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from tasks.core.measure import Measure
from tasks.core.stats.intervals import wilson

MOST_LANGUAGES: Final = 20
MEASURES: Final[Mapping[str, tuple[str, ...]]] = {
    "usage.languages.count": ("prompt",),
    "usage.languages.known_share": ("prompt",),
}


def language_measures(languages: Sequence[str | None], confidence: float) -> list[Measure]:
    """How many languages there are, the share of interactions whose language is known, and that of each language.

    The share of a language is among those whose language is known; the `MOST_LANGUAGES` most frequent ones are told.
    """
    counts = Counter(one for one in languages if one is not None)
    known = sum(counts.values())
    most = sorted(counts, key=lambda one: (-counts[one], one))[:MOST_LANGUAGES]
    return [
        _one("count", float(len(counts)) if known else None, known, "languages"),
        _share("known_share", known, len(languages), confidence),
        *(_share("share", counts[one], known, confidence, one) for one in most),
    ]


def _one(measure: str, value: float | None, n: int, unit: str) -> Measure:
    return Measure(signal="usage", subject="languages", measure=measure, value=value, n=n, unit=unit)


def _share(measure: str, part: int, whole: int, confidence: float, language: str | None = None) -> Measure:
    low, high = wilson(part, whole, confidence) or (None, None)
    return Measure(
        signal="usage",
        subject="languages",
        measure=measure,
        value=part / whole if whole else None,
        low=low,
        high=high,
        n=whole,
        unit="share",
        segment_by=None if language is None else "language",
        segment=language,
    )
