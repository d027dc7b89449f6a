"""Concept drift: does what is asked bear on whether it passes in another way than before?

Topics and pass rate may each stay as they were, and yet one topic now fails that passed. The test asks whether the odds
of passing changed by the same factor in every topic. It is exact however few rows a topic has: given the topics' counts
and the total of the passes in the window, which topic has them does not depend on the common factor.
Sources: M. Zelen, The analysis of several 2 x 2 contingency tables, Biometrika 58 (1971), for the distribution;
N. E. Breslow and N. E. Day, Statistical methods in cancer research I, IARC (1980), section 4.4, for the statistic;
C. R. Mehta, N. R. Patel and P. Senchaudhuri, Importance sampling for estimating exact probabilities in permutational
inference, JASA 83 (1988), for drawing from it backwards.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import gammaln

from tasks.core.measure import Measure

LEAST_ROWS: Final = 20
DRAWS: Final = 1_999
WIDEST_LOG_ODDS: Final = 50.0
ROUNDING: Final = 1e-9

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class Untold(StrEnum):
    """Why nothing can be said of the relation of topic and passing."""

    TOO_FEW_ROWS = "too_few_rows"  # fewer than LEAST_ROWS before or now
    NO_FAILURES = "no_failures"  # neither before nor now
    NO_PASSES = "no_passes"
    ONE_TOPIC = "one_topic"  # fewer than two topics with rows before and now, and with passes and failures
    ONE_WAY = "one_way"  # in every such topic all passes, or all failures, are on one side: they cannot differ more


@dataclass(frozen=True, slots=True, kw_only=True)
class ConceptDrift:
    """How differently the topics' pass rates changed.

    `p_value`, from 1 / (`DRAWS` + 1) to 1, is that of one common change of all odds. `topic` is the one that departs
    from it most clearly, and `change`, a difference of shares, how much more its pass rate rose (negative: fell) than
    the common change explains: from -2 (it fell from 1 to 0, and all others rose from 0 to 1) to 2. `odds_ratio` is
    the common change: above 1 where more passes now. `n` counts the rows that were compared, before and now: those of
    topics with rows on both sides, and with passes and failures.
    """

    p_value: float
    topic: int
    change: float
    odds_ratio: float
    n: int

    def turned(self) -> "ConceptDrift":
        """What the comparison says with the windows exchanged."""
        return replace(self, change=-self.change, odds_ratio=1 / self.odds_ratio)


@dataclass(frozen=True, slots=True)
class _Strata:
    """One row a topic: its rows before and now, its passes in all, and those of them now."""

    before: Integers
    now: Integers
    passes: Integers
    passes_now: Integers

    def turned(self) -> "_Strata":
        return _Strata(self.now, self.before, self.passes, self.passes - self.passes_now)


def concept_drift(
    before: tuple[Sequence[int], Sequence[bool]], now: tuple[Sequence[int], Sequence[bool]], *, seed: int
) -> ConceptDrift | Untold:
    """Compare two windows; each is the topics of its rows, any numbers, and whether these passed, in the same order.

    The order of the rows makes no difference, nor which window is first, but for the sign and the odds ratio.
    """
    topics = [np.asarray(one[0], dtype=np.int64) for one in (before, now)]
    passed = [np.asarray(one[1], dtype=np.bool_) for one in (before, now)]
    if min(len(one) for one in topics) < LEAST_ROWS:
        return Untold.TOO_FEW_ROWS
    if all(one.all() for one in passed):
        return Untold.NO_FAILURES
    if not any(one.any() for one in passed):
        return Untold.NO_PASSES
    names = np.unique(np.concatenate(topics))
    strata, kept = _informative(*(_table(names, *one) for one in zip(topics, passed, strict=True)))
    if kept.sum() < 2:  # noqa: PLR2004  one topic has nothing to differ from
        return Untold.ONE_TOPIC
    turned = strata.turned()
    if (turned.before.tolist(), turned.passes_now.tolist()) < (strata.before.tolist(), strata.passes_now.tolist()):
        found = _compared(turned, names[kept], seed)  # the same draws, whichever window is first
        return found if isinstance(found, Untold) else found.turned()
    return _compared(strata, names[kept], seed)


def concept_measures(found: ConceptDrift | Untold, n: int, names: Mapping[int, str]) -> list[Measure]:
    """The p-value and the largest change, and this once more as that of its topic, by the `names` of the topics.

    Where nothing can be told both are None, and `n` is the number of the window's rows.
    """
    told = None if isinstance(found, Untold) else found
    count = told.n if told else n
    p_value = told.p_value if told else None
    change = Measure(
        signal="drift",
        subject="concept",
        measure="largest_change",
        value=told.change if told else None,
        n=count,
        unit="share",
    )
    rows = [Measure(signal="drift", subject="concept", measure="p_value", value=p_value, n=count, unit="ratio"), change]
    if told and told.topic in names:
        rows.append(replace(change, measure="change", segment_by="topic", segment=names[told.topic]))
    return rows


def _table(names: Integers, topics: Integers, passed: npt.NDArray[np.bool_]) -> Integers:
    """The rows and the passes of each topic."""
    places = np.searchsorted(names, topics)
    return np.stack([np.bincount(one, minlength=len(names)) for one in (places, places[passed])])


def _informative(before: Integers, now: Integers) -> tuple[_Strata, npt.NDArray[np.bool_]]:
    """The topics that have rows on both sides, and passes and failures; and which these are."""
    rows, passes = before + now
    kept = (before[0] > 0) & (now[0] > 0) & (passes > 0) & (passes < rows)
    return _Strata(before[0][kept], now[0][kept], passes[kept], now[1][kept]), kept


def _compared(strata: _Strata, topics: Integers, seed: int) -> ConceptDrift | Untold:
    log_odds = _common_log_odds(strata)
    if log_odds is None:
        return Untold.ONE_WAY
    weights = [_weights(strata, place, log_odds) for place in range(len(topics))]
    moments = np.array([_moments(*one) for one in weights])
    expected, variance = moments[:, 0], moments[:, 1]
    drawn = _draw(weights, int(strata.passes_now.sum()), np.random.default_rng(seed))
    own, others = (((one - expected) ** 2 / variance) for one in (strata.passes_now, drawn))
    largest = int(np.argmax(np.round(own, 9)))
    surplus = round(float(strata.passes_now[largest] - expected[largest]), 9)
    return ConceptDrift(
        p_value=float((1 + (others.sum(axis=1) >= own.sum() * (1 - ROUNDING)).sum()) / (1 + DRAWS)),
        topic=int(topics[largest]),
        change=surplus / float(strata.now[largest]) + surplus / float(strata.before[largest]),
        odds_ratio=float(np.exp(log_odds)),
        n=int(strata.before.sum() + strata.now.sum()),
    )


def _weights(strata: _Strata, place: int, log_odds: float) -> tuple[Integers, Floats]:
    """The passes that a topic can have now, and their probabilities given its counts: Fisher's noncentral one."""
    before, now, passes = (int(one[place]) for one in (strata.before, strata.now, strata.passes))
    can_be = np.arange(max(0, passes - before), min(now, passes) + 1)
    logs = can_be * log_odds - sum(
        gammaln(one + 1) for one in (can_be, now - can_be, passes - can_be, before - passes + can_be)
    )
    weights = np.exp(logs - logs.max())
    return can_be, weights / weights.sum()


def _moments(can_be: Integers, weights: Floats) -> tuple[float, float]:
    mean = float(can_be @ weights)
    return mean, float((can_be - mean) ** 2 @ weights)


def _common_log_odds(strata: _Strata) -> float | None:
    """The conditional maximum likelihood estimate of the common odds ratio's logarithm; None where it is infinite."""
    places, total = range(len(strata.passes)), int(strata.passes_now.sum())
    least = np.maximum(0, strata.passes - strata.before).sum()
    most = np.minimum(strata.now, strata.passes).sum()
    if not least < total < most:
        return None

    def surplus(log_odds: float) -> float:
        return sum(_moments(*_weights(strata, place, log_odds))[0] for place in places) - total

    return float(brentq(surplus, -WIDEST_LOG_ODDS, WIDEST_LOG_ODDS, xtol=1e-10))


def _draw(weights: list[tuple[Integers, Floats]], total: int, rng: np.random.Generator) -> Integers:
    """`DRAWS` rows of passes now, one column a topic, from all that sum to `total`, with their probabilities."""
    sums = [np.ones(1)]  # the probabilities of the sum of the topics before each, from their least sum on
    for _, one in weights:
        sums.append(np.convolve(sums[-1], one))
    left = np.full(DRAWS, total - sum(int(can_be[0]) for can_be, _ in weights))
    drawn = np.empty((DRAWS, len(weights)), dtype=np.int64)
    for place in reversed(range(len(weights))):
        can_be, own = weights[place]
        for value in np.unique(left):
            rows = np.flatnonzero(left == value)
            fits = np.arange(max(0, value - len(sums[place]) + 1), min(len(own) - 1, value) + 1)
            ladder = np.cumsum(own[fits] * sums[place][value - fits])
            steps = np.searchsorted(ladder, rng.random(len(rows)) * ladder[-1], side="right")
            drawn[rows, place] = fits[np.minimum(steps, len(fits) - 1)]
        left = left - drawn[:, place]
        drawn[:, place] += can_be[0]
    return drawn
