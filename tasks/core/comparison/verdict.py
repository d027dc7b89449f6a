"""Whether a version is better than another, or how many rows are wanting to say so."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from scipy import optimize, stats

from tasks.core.comparison.difference import Difference

POWER: Final = 0.8
LEAST_SESSIONS: Final = 5
MOST_ROWS: Final = 1e12


class Outcome(StrEnum):
    """What is known of version b beside version a."""

    BETTER = "better"
    WORSE = "worse"
    NO_DIFFERENCE_SHOWN = "no_difference_shown"
    NOT_ENOUGH_ROWS = "not_enough_rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How a difference is weighed.

    `margin`, above 0 and in the unit of the values, is the smallest difference that matters. `least_rows` are those of
    either side below which nothing is said. `tests` is how many hypotheses are tested together: rows are planned for
    the strictest of them, alpha / tests, where alpha = 1 - confidence.
    """

    higher_is_better: bool
    margin: float
    least_rows: int
    confidence: float
    tests: int = 1


def has_rows(found: Difference, least_rows: int) -> bool:
    """Whether both sides have so many rows, of at least `LEAST_SESSIONS` sessions."""
    return min(found.n_a, found.n_b) >= least_rows and min(found.sessions_a, found.sessions_b) >= LEAST_SESSIONS


def verdict(found: Difference | None, p_value: float | None, rule: Rule) -> Outcome:
    """Weigh a difference by its corrected p-value.

    A version is better or worse where the p-value is below alpha and the interval excludes 0: the ranks of pairs may
    differ where their mean says nothing. No difference is shown where one of `margin` would have been found with a
    probability of `POWER`; where it would not, rows are wanting.
    """
    if found is None or p_value is None or not has_rows(found, rule.least_rows):
        return Outcome.NOT_ENOUGH_ROWS
    if p_value < 1 - rule.confidence and found.value != 0 and not _spans_zero(found):
        return Outcome.BETTER if (found.value > 0) is rule.higher_is_better else Outcome.WORSE
    return Outcome.NO_DIFFERENCE_SHOWN if rows_needed(found, rule) == 0 else Outcome.NOT_ENOUGH_ROWS


def _spans_zero(found: Difference) -> bool:
    return found.low is not None and found.high is not None and found.low <= 0 <= found.high


def rows_needed(found: Difference | None, rule: Rule) -> int | None:
    """Further rows on each side until a difference of the margin is found with a probability of `POWER`.

    They are counted at the present variance and the present number of rows a session; of pairs, further pairs. None
    where nothing is known of how values vary, or more than `MOST_ROWS` are needed. Source: J. M. Lachin, Introduction
    to sample size determination and power analysis for clinical trials, Controlled Clinical Trials 2 (1981), with
    quantiles of t.
    """
    if found is None or found.variance_a is None or found.variance_b is None:
        return None
    wanting = [
        max(rule.least_rows - n, math.ceil((LEAST_SESSIONS - sessions) * n / sessions), 0)
        for n, sessions in ((found.n_a, found.sessions_a), (found.n_b, found.sessions_b))
    ]

    def too_wide(more: float) -> float:
        return _detectable(found, more, rule) - rule.margin

    if too_wide(MOST_ROWS) > 0:
        return None
    by_power = 0.0 if too_wide(0.0) <= 0 else float(optimize.brentq(too_wide, 0.0, MOST_ROWS, xtol=1e-6))
    return max(math.ceil(by_power), *wanting)


def _detectable(found: Difference, more: float, rule: Rule) -> float:
    """The difference that is found with a probability of `POWER` once either side has so many rows more."""
    a, b = ((found.variance_a or 0.0) / (found.n_a + more), (found.variance_b or 0.0) / (found.n_b + more))
    error = math.sqrt(max(a + b - 2 * found.correlation * math.sqrt(a) * math.sqrt(b), 0.0))
    grown = 1 + 2 * more / (found.n_a + found.n_b)
    freedom = math.inf if found.freedom is None else found.freedom * grown
    alpha = (1 - rule.confidence) / rule.tests
    return error * float(stats.t.isf(alpha / 2, freedom) + stats.t.ppf(POWER, freedom))
