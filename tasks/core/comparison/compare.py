"""From the differences of two versions to comparisons: verdicts, sentences and measures."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from tasks.core.comparison.difference import Difference
from tasks.core.comparison.verdict import Outcome, Rule, has_rows, rows_needed, verdict
from tasks.core.measure import Measure
from tasks.core.plain import plain
from tasks.core.stats.multiple import holm

LONGEST_NAME: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Whether version b differs from version a in a measure: `coherence`, `pass_rate`, in `share`, for example.

    `difference` is None where either version has no values. `margin`, above 0 and in the unit of the values, is the
    smallest difference that matters.
    """

    subject: str
    measure: str
    unit: str
    a: str
    b: str
    difference: Difference | None
    higher_is_better: bool
    margin: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A question and its answer.

    `p_value` is corrected for all questions asked together; None where it was not tested, for want of rows.
    `rows_needed` are further rows on each side, or further pairs; None where nothing is known of how values vary.
    """

    subject: str
    measure: str
    unit: str
    a: str
    b: str
    difference: Difference | None
    p_value: float | None
    verdict: Outcome
    rows_needed: int | None
    sentence: str


def compare(questions: Sequence[Question], *, confidence: float, least_rows: int) -> list[Comparison]:
    """Answer questions that are asked together, in their order.

    The p-values of all that have enough rows are corrected by Holm's method.
    """
    tested = [
        (place, question.difference.p_value)
        for place, question in enumerate(questions)
        if question.difference is not None
        and question.difference.p_value is not None
        and has_rows(question.difference, least_rows)
    ]
    corrected = dict(zip([place for place, _ in tested], holm([p_value for _, p_value in tested]), strict=True))
    return [
        _answer(
            question,
            corrected.get(place),
            Rule(
                higher_is_better=question.higher_is_better,
                margin=question.margin,
                least_rows=least_rows,
                confidence=confidence,
                tests=max(len(tested), 1),
            ),
        )
        for place, question in enumerate(questions)
    ]


def _answer(question: Question, p_value: float | None, rule: Rule) -> Comparison:
    outcome = verdict(question.difference, p_value, rule)
    is_decided = outcome in {Outcome.BETTER, Outcome.WORSE}
    needed = 0 if is_decided else rows_needed(question.difference, rule)
    return Comparison(
        subject=question.subject,
        measure=question.measure,
        unit=question.unit,
        a=question.a,
        b=question.b,
        difference=question.difference,
        p_value=p_value,
        verdict=outcome,
        rows_needed=needed,
        sentence=_sentence(question, p_value, outcome, needed),
    )


def _sentence(question: Question, p_value: float | None, outcome: Outcome, needed: int | None) -> str:
    """One plain sentence with the figures; those in brackets are of b first, as the sentence names it first."""
    a, b = (plain(name, LONGEST_NAME) for name in (question.a, question.b))
    name = f"{question.subject} {question.measure.replace('_', ' ')}"
    ending = outcome.value.replace("_", " ")
    if needed and outcome is Outcome.NOT_ENOUGH_ROWS:
        ending = f"{ending}, {needed:,} more on each side are needed"
    found = question.difference
    if found is None:
        return f"{name} of {b} cannot be compared with that of {a}, one of them has no values: {ending}"
    figures = [f"n = {found.n_b:,} and {found.n_a:,}"]
    if found.low is not None and found.high is not None:
        figures.insert(0, _span(found.low, found.high))
    if p_value is not None:
        figures.append("p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}")  # noqa: PLR2004
    how_far = f"{_beside(found.value)} that of {a}" if found.value else f"the same as that of {a}"
    return f"{name} of {b} is {how_far} ({', '.join(figures)}): {ending}"


def _beside(value: float) -> str:
    return f"{_figure(value)} {'below' if value < 0 else 'above'}"


def _span(low: float, high: float) -> str:
    """The interval as distances: `0.05 to 0.19` on one side of 0, `0.02 below to 0.12 above` across it."""
    if low < 0 < high:
        return f"{_beside(low)} to {_beside(high)}"
    near, far = sorted((abs(low), abs(high)))
    return f"{_figure(near)} to {_figure(far)}"


def _figure(value: float) -> str:
    size = abs(value)
    if size >= 100:  # noqa: PLR2004
        return f"{size:,.0f}" if size < 1e15 else f"{size:.2e}"  # noqa: PLR2004
    return f"{size:.2f}" if size >= 0.095 else f"{size:.2g}"  # noqa: PLR2004


def comparison_measures(comparisons: Iterable[Comparison], segment_by: str) -> list[Measure]:
    """The difference, its corrected p-value and the rows needed of each comparison.

    `segment_by` is what tells the versions apart (`model_version`, or the column of a variant); the segment names both.
    """
    return [measure for one in comparisons for measure in _measures(one, segment_by)]


def _measures(one: Comparison, segment_by: str) -> list[Measure]:
    found = one.difference
    figures = (
        ("difference", found.value if found else None, one.unit),
        ("p_value", one.p_value, "ratio"),
        ("rows_needed", None if one.rows_needed is None else float(one.rows_needed), "rows"),
    )
    return [
        Measure(
            signal="comparison",
            subject=one.subject,
            measure=f"{one.measure}_{name}",
            value=value,
            low=found.low if found and name == "difference" else None,
            high=found.high if found and name == "difference" else None,
            n=found.n_a + found.n_b if found else 0,
            unit=unit,
            segment_by=segment_by,
            segment=f"{one.b} vs {one.a}",
        )
        for name, value, unit in figures
    ]
