"""Versions of the application held against each other: in one window, or with the windows before it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from configs.monitor import MonitorConfig
from tasks.core.comparison.compare import Comparison, Question, compare, comparison_measures
from tasks.core.comparison.difference import Difference, difference
from tasks.core.comparison.paired import paired_difference
from tasks.core.comparison.verdict import Outcome
from tasks.core.evidence import Evidence
from tasks.core.measure import Measure
from tasks.core.safety.refusal import is_empty, is_refusal

Values = npt.NDArray[np.float64]
WAITS: Final = ("latency_ms", "first_token_ms")
PAIRED_SHARE: Final = 0.5  # of the rows of the smaller version, from which on only pairs are compared


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    """What is compared: a subject, its measure and unit, and whether more of it is better."""

    subject: str
    measure: str
    unit: str
    higher_is_better: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Version:
    """The interactions of one version: values by subject (NaN: none), the session and the prompt of each."""

    name: str
    values: Mapping[_Subject, Values]
    sessions: Sequence[str]
    prompts: Sequence[str | None]


def compared(
    config: MonitorConfig, now: Evidence, before: Sequence[Evidence]
) -> tuple[list[Measure], list[Comparison]]:
    """Every version of the window compared with the reference; nothing where there is one version only.

    Rows of the reference come from the window, or from the windows `before` where the window has none of it.
    """
    if config.compare is None:
        return [], []
    by = config.compare.by
    mine = Counter(_names(now, by))
    reference = config.compare.reference or _reference(mine, Counter(n for part in before for n in _names(part, by)))
    if reference is None:
        return [], []
    a = _version(config, [now] if reference in mine else before, reference)
    questions = [
        question
        for name in sorted(mine.keys() - {reference})
        for question in _questions(config.compare.margin, a, _version(config, [now], name), config.decide.confidence)
    ]
    found = compare(questions, confidence=config.decide.confidence, least_rows=config.decide.min_scored)
    return comparison_measures(found, by), found


def told(comparisons: Iterable[Comparison]) -> list[str]:
    """The sentences of the comparisons that came out better or worse."""
    return [one.sentence for one in comparisons if one.verdict in {Outcome.BETTER, Outcome.WORSE}]


def _names(evidence: Evidence, by: str) -> list[str]:
    names: list[str] = evidence.interactions[by].drop_null().to_pylist()
    return names


def _reference(mine: Counter[str], before: Counter[str]) -> str | None:
    """The most frequent version before, else of the window; of equals the first by name."""
    counts = before or mine
    return min(counts, key=lambda name: (-counts[name], name), default=None)


def _version(config: MonitorConfig, parts: Sequence[Evidence], name: str) -> _Version:
    mine = [part.where(config.compare.by if config.compare else "", name) for part in parts]
    columns = [_columns(config, part) for part in mine]
    subjects = dict.fromkeys(subject for one in columns for subject in one)
    return _Version(
        name=name,
        values={one: np.concatenate([values[one] for values in columns]) for one in subjects},
        sessions=[session for part in mine for session in part.sessions],
        prompts=[prompt for part in mine for prompt in part.interactions["prompt"].to_pylist()],
    )


def _columns(config: MonitorConfig, evidence: Evidence) -> dict[_Subject, Values]:
    """Whether each interaction passes and refuses, and how long it took."""
    passed = evidence.passed()
    found = {
        _Subject(subject=name, measure="pass_rate", unit="share", higher_is_better=True): _floats(
            passed.get(name, [None] * evidence.interactions.num_rows)
        )
        for name in config.metrics
    }
    texts = evidence.interactions["completion"].to_pylist()
    refused = [None if text is None or is_empty(text) else is_refusal(text) for text in texts]
    found[_Subject(subject="refusal", measure="share", unit="share", higher_is_better=False)] = _floats(refused)
    for name in WAITS:
        if name in config.source.all_columns:
            subject = _Subject(subject=name, measure="mean", unit="ms", higher_is_better=False)
            found[subject] = _floats(evidence.interactions[name].to_pylist())
    return found


def _floats(values: Sequence[float | None]) -> Values:
    return np.array([np.nan if value is None else float(value) for value in values], dtype=np.float64)


def _questions(margin: float, a: _Version, b: _Version, confidence: float) -> Iterator[Question]:
    pairs = _pairs(a, b)
    for subject, values in a.values.items():
        mean = float(np.nanmean(values)) if np.isfinite(values).any() else 0.0
        yield Question(
            subject=subject.subject,
            measure=subject.measure,
            unit=subject.unit,
            a=a.name,
            b=b.name,
            difference=_difference(subject, a, b, pairs, confidence),
            higher_is_better=subject.higher_is_better,
            margin=margin if subject.unit == "share" else max(abs(mean) * margin, 1e-9),
        )


def _difference(
    subject: _Subject, a: _Version, b: _Version, pairs: Sequence[tuple[int, int]], confidence: float
) -> Difference | None:
    """Of pairs where most prompts were answered by both, else of all rows."""
    values_a, values_b = a.values[subject], b.values[subject]
    if len(pairs) >= PAIRED_SHARE * min(len(values_a), len(values_b)) and pairs:
        first, second = ([pair[side] for pair in pairs] for side in (0, 1))
        sessions = [a.sessions[one] for one in first]
        return paired_difference(values_a[first], values_b[second], sessions, confidence=confidence)
    return difference(values_a, values_b, a.sessions, b.sessions, confidence=confidence)


def _pairs(a: _Version, b: _Version) -> list[tuple[int, int]]:
    """The places of the prompts that both versions answered exactly once each."""
    once_a, once_b = _once(a.prompts), _once(b.prompts)
    return [(place, once_b[prompt]) for prompt, place in once_a.items() if prompt in once_b]


def _once(prompts: Sequence[str | None]) -> dict[str, int]:
    counts = Counter(prompts)
    return {prompt: place for place, prompt in enumerate(prompts) if prompt is not None and counts[prompt] == 1}
