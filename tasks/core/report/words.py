"""How figures, measures and verdicts are written for people; an absent figure is a dash."""

from typing import Final

from tasks.core.measure import Measure
from tasks.core.verdict import Direction, Verdict

LEAST_P: Final = 0.001
THOUSAND: Final = 1000  # from there on without decimals
LOCAL_NOTE: Final = (
    "Scores by the local evaluator: text statistics, not a language model. "
    "They show gross faults and are no substitute for a judge."
)


def share(value: float | None) -> str:
    """A share as a percentage with one decimal."""
    return "–" if value is None else f"{value:.1%}"


def points(value: float | None) -> str:
    """A difference of shares in percentage points, with its sign."""
    return "–" if value is None else f"{value * 100:+.1f} points".replace("-", "−")


def figure(value: float | None) -> str:
    """A score with two decimals."""
    return "–" if value is None else f"{value:.2f}"


def p_value(value: float | None) -> str:
    """A p-value with three decimals, or that it is below what they can say."""
    if value is None:
        return "–"
    return "< 0.001" if value < LEAST_P else f"{value:.3f}"


def value_of(value: float | None, unit: str) -> str:
    """A measure's value or bound in its unit; the script of the pages writes them the same way."""
    if value is None:
        return "–"
    shown = {
        "share": f"{value:.1%}",
        "points": points(value),
        "score": f"{value:+.2f}",
        "rating": f"{value:.2f}",
        "ratio": _general(value, 3),
        "dollars": f"${value:,.4f}",
        "ms": f"{value:,.0f} ms",
        "seconds": f"{value:,.0f} s",
    }
    return shown.get(unit, f"{value:,.0f}" if abs(value) >= THOUSAND else _general(value, 4)).replace("-", "−")


def _general(value: float, digits: int) -> str:
    """So many significant digits: whole thousands in groups, what is very small with its exponent."""
    rounded = float(f"{value:.{digits}g}")
    return f"{rounded:,.0f}" if abs(rounded) >= THOUSAND else f"{rounded:.{digits}g}".replace("e-0", "e-")


def interval_of(measure: Measure | Verdict, unit: str) -> str:
    """The interval of an estimate."""
    if measure.low is None or measure.high is None:
        return "–"
    return f"{value_of(measure.low, unit)} to {value_of(measure.high, unit)}"


def limit_text(verdict: Verdict, unit: str) -> str:
    """What is still good, such as `at least 70.0%`."""
    return f"{'at least' if verdict.direction is Direction.MIN else 'at most'} {value_of(verdict.limit, unit)}"


def words(measure: Measure) -> str:
    """A measure's address in words."""
    name = named(f"{measure.subject} {measure.measure}")
    if measure.segment_by is None:
        return name
    by = named(measure.segment_by)
    if measure.segment in {"true", "false"}:
        return f"{name}, {'' if measure.segment == 'true' else 'not '}{by}"
    return f"{name}, {by} {measure.segment}"


def named(name: str) -> str:
    """A name of the code in words."""
    return name.replace("_", " ")
