"""Estimates from rows that were judged until enough was known, and what they say: both hold whenever one stops."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tasks.core.stats.betting import (
    Evidence,
    Part,
    bounds,
    bounds_within,
    evidence_within,
    of_sessions,
    recent_evidence,
)
from tasks.core.stats.intervals import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Anytime:
    """Rows by their value, which from 0 to 1 stand for the `scale` from its lowest to its highest.

    `population` is the number of interactions that failures (0) and passes (1) were drawn from, where only those are
    spoken of, else None.
    """

    part: Part
    population: int | None = None
    scale: tuple[float, float] = (0.0, 1.0)

    def interval(self, confidence: float) -> Interval | None:
        """The confidence sequence at this moment, each bound wrong with half the error."""
        error = (1 - confidence) / 2
        if self.population is None:
            low, high = bounds([self.part], error)
        else:
            failed, passed = self.part.counts
            low, high = bounds_within(int(passed), int(passed + failed), self.population, error)
        lowest, highest = self.scale
        return lowest + low * (highest - lowest), lowest + high * (highest - lowest)

    def p_value(self, limit: float, *, below: bool) -> float | None:
        """As `Tails.p_value`: one over what a fair bet would have won, at most 1."""
        lowest, highest = self.scale
        within = min(max((limit - lowest) / (highest - lowest), 0.0), 1.0)
        above, under = p_values([self.part], within, self.population)
        return under if below else above


def part_of(values: Sequence[float], sessions: Sequence[str | None] | None, largest: int) -> Part:
    """Rows by their values from 0 to 1: on their own, or by their sessions, none of which has more than `largest`."""
    if sessions is None:
        counts = Counter(values)
        levels = sorted({0.0, 1.0, *counts})
        return Part(levels=levels, counts=[counts[level] for level in levels])
    totals, rows = defaultdict[str, float](float), Counter[str]()
    for place, (value, session) in enumerate(zip(values, sessions, strict=True)):
        name = f"row {place}" if session is None else f"session {session}"
        totals[name] += value
        rows[name] += 1
    return of_sessions([totals[name] for name in rows], list(rows.values()), largest)


def p_values(parts: Sequence[Part], limit: float, population: int | None = None) -> tuple[float, float]:
    """Those of the claims that the truth is above the limit and below it, at any time.

    They are by all windows, the newest first, from any of them on. With a `population` there is one part, of failures
    and passes drawn from it.
    """
    if population is None:
        return _p_values(recent_evidence(parts, limit))
    ((failed, passed),) = (part.counts for part in parts)
    return _p_values(evidence_within(int(passed), int(passed + failed), population, limit))


def both(alone: tuple[float, float], together: tuple[float, float], value: float, limit: float) -> tuple[float, float]:
    """The p-values of the claims above and below, by the clearer of two looks and corrected for their number.

    What windows say together counts only where the `value` of this one lies on the same side of the limit.
    """
    agreed = (together[0] if value > limit else 1.0, together[1] if value < limit else 1.0)
    above, below = (min(1.0, 2 * min(pair)) for pair in zip(alone, agreed, strict=True))
    return above, below


def _p_values(found: Evidence) -> tuple[float, float]:
    return math.exp(-max(found.log_up, 0.0)), math.exp(-max(found.log_down, 0.0))
