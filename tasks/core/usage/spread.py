"""How the sampled interactions spread over languages, as measures."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from tasks.core.measure import Measure
from tasks.core.stats.rows import Rows, share_among

MOST_LANGUAGES: Final = 20
MEASURES: Final[Mapping[str, tuple[str, ...]]] = {
    "usage.languages.count": ("prompt",),
    "usage.languages.known_share": ("prompt",),
}


def language_measures(languages: Sequence[str | None], rows: Rows) -> list[Measure]:
    """How many languages there are, the share of interactions whose language is known, and that of each language.

    The share of a language is among those whose language is known; the `MOST_LANGUAGES` most frequent ones are told.
    """
    counts = Counter(one for one in languages if one is not None)
    known = sum(counts.values())
    most = sorted(counts, key=lambda one: (-counts[one], one))[:MOST_LANGUAGES]
    return [
        _one("count", float(len(counts)) if known else None, known, "languages"),
        share_among("usage.languages.known_share", [one is not None for one in languages], rows),
        *(
            replace(
                share_among("usage.languages.share", [_is(one, other) for other in languages], rows),
                segment_by="language",
                segment=one,
            )
            for one in most
        ),
    ]


def _is(language: str, other: str | None) -> bool | None:
    return None if other is None else other == language


def _one(measure: str, value: float | None, n: int, unit: str) -> Measure:
    return Measure(signal="usage", subject="languages", measure=measure, value=value, n=n, unit=unit)
