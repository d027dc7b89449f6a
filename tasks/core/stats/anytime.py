"""Estimates from rows that were judged until enough was known, and what they say: both hold whenever one stops."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tasks.core.stats.betting import Evidence, Part, bounds, bounds_within, evidence, evidence_within
from tasks.core.stats.intervals import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Anytime:
    """So many rows (`counts`) of each value (`levels`), all of which lie on the `scale` from its lowest to its highest.

    `largest` is the most rows of one session. `population` is the number of interactions that passes (1) and failures
    (0) were drawn from, where only those are spoken of, else None.
    """

    levels: Sequence[float]
    counts: Sequence[int]
    largest: int = 1
    population: int | None = None
    scale: tuple[float, float] = (0.0, 1.0)

    def interval(self, confidence: float) -> Interval | None:
        """The confidence sequence at this moment, each bound wrong with half the error."""
        error = (1 - confidence) / 2
        if self.population is None:
            low, high = bounds([self._part], error)
        else:
            low, high = bounds_within(self.counts[1], sum(self.counts), self.population, error)
        lowest, highest = self.scale
        return lowest + low * (highest - lowest), lowest + high * (highest - lowest)

    def p_value(self, limit: float, *, below: bool) -> float | None:
        """As `Tails.p_value`: one over what a fair bet would have won, at most 1."""
        lowest, highest = self.scale
        within = min(max((limit - lowest) / (highest - lowest), 0.0), 1.0)
        above, under = p_values([self._part], within, self.population)
        return under if below else above

    @property
    def _part(self) -> Part:
        lowest, highest = self.scale
        levels = tuple((level - lowest) / (highest - lowest) for level in self.levels)
        return Part(levels=levels, counts=self.counts, largest=self.largest)


def p_values(parts: Sequence[Part], limit: float, population: int | None = None) -> tuple[float, float]:
    """Those of the claims that the truth is above the limit and below it, by all parts together, at any time.

    With a `population` there is one part, of failures and passes drawn from it.
    """
    if population is None:
        return _p_values(evidence(parts, limit))
    ((failed, passed),) = (part.counts for part in parts)
    return _p_values(evidence_within(int(passed), int(passed + failed), population, limit))


def claims(parts: Sequence[Part], limit: float, population: int | None = None) -> tuple[float, float]:
    """As `p_values`, of the first part alone or of all together: of two looks the clearer, each with half the error."""
    alone = p_values(parts[:1], limit, population)
    return alone if len(parts) == 1 else both(alone, p_values(parts, limit))


def both(alone: tuple[float, float], together: tuple[float, float]) -> tuple[float, float]:
    """The p-values of the clearer of two looks, corrected for there being two (Bonferroni)."""
    above, below = (min(1.0, 2 * min(pair)) for pair in zip(alone, together, strict=True))
    return above, below


def _p_values(found: Evidence) -> tuple[float, float]:
    return math.exp(-max(found.log_up, 0.0)), math.exp(-max(found.log_down, 0.0))
