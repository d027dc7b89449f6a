"""The local evaluator: scores 1 to 5 for five metrics from text statistics alone, one row at a time."""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import exp
from typing import Final

from tasks.core.quality.local.likeness import LIKENESS_FAULTS, blended, likeness, likeness_faults
from tasks.core.quality.local.support import (
    GROUNDEDNESS_FAULTS,
    RELEVANCE_FAULTS,
    best_sentences,
    groundedness_faults,
    relevance_faults,
    support,
    topic,
)
from tasks.core.quality.local.text import MAX_CHARACTERS, MAX_CONTEXT_CHARACTERS, Reading, mean, read, scaled
from tasks.core.quality.local.writing import (
    COHERENCE_FAULTS,
    FLUENCY_FAULTS,
    coherence_faults,
    fluency_faults,
    remaining,
)

CUTS: Final[Mapping[str, tuple[float, float, float, float]]] = {
    "coherence": (0.28, 0.42, 0.53, 0.64),
    "fluency": (0.3, 0.5, 0.73, 0.89),
    "groundedness": (0.05, 0.3, 0.48, 0.94),
    "relevance": (0.1, 0.28, 0.47, 0.63),
    "similarity": (0.2, 0.36, 0.46, 0.6),
}
"""Metric to the least values of the scores 2, 3, 4 and 5."""

# What two texts about different things share in words and letters.
_CHANCE: Final = 0.15
_FOCUS: Final = 0.6
_ASKED_SHARE: Final = 0.8
_TOLD: Final = 0.02  # smaller losses are not worth a word

VERSION: Final = "1"
"""Changes with every change of a score, so that old and new scores are told apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One score: `value` 0 to 1, `score` 1 to 5 by `CUTS`, `reason` one sentence that quotes no logged text."""

    value: float
    score: int
    reason: str


def coherence(row: Mapping[str, str]) -> Estimate:
    """Whether the completion hangs together; reads "prompt" and "completion"."""
    text, prompt = opened(row, "completion"), opened(row, "prompt")
    if not text.words:
        return nothing()
    faults = coherence_faults(text, prompt)
    return estimate("coherence", remaining(faults, COHERENCE_FAULTS), {}, weighed(faults, COHERENCE_FAULTS))


def fluency(row: Mapping[str, str]) -> Estimate:
    """Whether the completion reads well; reads "prompt" and "completion"."""
    text = opened(row, "completion")
    if not text.words:
        return nothing()
    faults = fluency_faults(text)
    return estimate("fluency", remaining(faults, FLUENCY_FAULTS), {}, weighed(faults, FLUENCY_FAULTS))


def groundedness(row: Mapping[str, str]) -> Estimate:
    """Whether the context backs the completion; reads "completion" and "context"."""
    if copied(row["completion"], row["context"]):
        return Estimate(value=1.0, score=5, reason="The completion stands word for word in the context.")
    text, context = opened(row, "completion"), read(row["context"], MAX_CONTEXT_CHARACTERS)
    if not text.words:
        return nothing()
    matches = best_sentences(text, context)
    figures, faults = support(text, context, matches), groundedness_faults(text, context, matches)
    backed = scaled(mean(list(figures.values())), _CHANCE, 1.0)
    value = backed * remaining(faults, GROUNDEDNESS_FAULTS)
    return estimate("groundedness", value, figures, weighed(faults, GROUNDEDNESS_FAULTS))


def relevance(row: Mapping[str, str]) -> Estimate:
    """Whether the completion takes up the prompt and what matters of the context; reads all three."""
    text, prompt = opened(row, "completion"), opened(row, "prompt")
    if not text.words:
        return nothing()
    figures = topic(text, read(row["context"], MAX_CONTEXT_CHARACTERS), prompt)
    faults = relevance_faults(text, prompt)
    focus = 1.0 - exp(-(figures["context"] + figures["focus"]) / _FOCUS)
    on_topic = 1.0 - (1.0 - focus) * (1.0 - _ASKED_SHARE * figures["prompt"])
    return estimate(
        "relevance", on_topic * remaining(faults, RELEVANCE_FAULTS), figures, weighed(faults, RELEVANCE_FAULTS)
    )


def similarity(row: Mapping[str, str]) -> Estimate:
    """Whether the completion says what the ground truth says; reads "completion" and "ground_truth"."""
    text, truth = opened(row, "completion"), opened(row, "ground_truth")
    if row["completion"].strip() and (row["completion"] == row["ground_truth"] or text.words == truth.words != []):
        return Estimate(value=1.0, score=5, reason="The completion equals the ground truth word for word.")
    if not text.words:
        return nothing()
    figures, faults = likeness(text, truth), likeness_faults(text, truth)
    value = blended(figures) * remaining(faults, LIKENESS_FAULTS)
    return estimate("similarity", value, figures, weighed(faults, LIKENESS_FAULTS))


METRICS: Final[Mapping[str, Callable[[Mapping[str, str]], Estimate]]] = {
    "coherence": coherence,
    "fluency": fluency,
    "groundedness": groundedness,
    "relevance": relevance,
    "similarity": similarity,
}
"""Metric to its judge: a function of the row's texts by role. KeyError where a role that it reads is missing."""


def opened(row: Mapping[str, str], role: str) -> Reading:
    """The reading of a role's first `MAX_CHARACTERS` characters."""
    return read(row[role], MAX_CHARACTERS)


def copied(completion: str, context: str) -> bool:
    """Whether the completion stands in the context as it is, outer spaces aside."""
    return bool(completion.strip()) and completion.strip() in context


def nothing() -> Estimate:
    """The lowest score, for a completion without a word."""
    return Estimate(value=0.0, score=1, reason="The completion holds no words.")


def weighed(faults: Mapping[str, float], shares: Mapping[str, float]) -> Mapping[str, float]:
    """Each fault to the share of the value that it takes away here, 0 to 1."""
    return {name: shares[name] * extent for name, extent in faults.items()}


def estimate(metric: str, value: float, figures: Mapping[str, float], losses: Mapping[str, float]) -> Estimate:
    """The score of a value by the metric's cuts, with the figures and the two largest losses as its reason."""
    bounded = min(1.0, max(0.0, value))
    return Estimate(value=bounded, score=1 + bisect_right(CUTS[metric], bounded), reason=reason(figures, losses))


def reason(figures: Mapping[str, float], losses: Mapping[str, float]) -> str:
    """One sentence: what was measured, then what was held against the completion."""
    measured = ", ".join(f"{name} {share:.0%}" for name, share in figures.items())
    worst = sorted(((loss, name) for name, loss in losses.items() if loss >= _TOLD), reverse=True)[:2]
    held = " and ".join(f"{name} (-{loss:.0%})" for loss, name in worst)
    return f"Measured: {measured or 'its own wording'}; held against it: {held or 'nothing'}."
