"""Windows until a fall of the pass rate is seen, false alarms, and windows that are decided, by rule.

    python benchmarks/deciding/delay.py

takes about a minute. Rules decide every window, with a confidence of 95 % and 30 rows at least; draws are seeded.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import stats

from tasks.core.stats.betting import STAKES

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

BEFORE: Final = 0.80
FALLS: Final = ((0.78, 0.05), (0.78, 0.10), (0.78, 0.20), (0.75, 0.10), (0.75, 0.20))
CALM: Final = ((0.75, 0.80), (0.78, 0.80), (0.80, 0.80))
SIZES: Final = (15, 50, 200)
ERROR: Final = 0.025  # of each side
MIN_ROWS: Final = 30
MONTH: Final = 30 * 24
RUNS, MONTHS, AHEAD, AFTER = 400, 100, 40, 240
LARGEST_LOG: Final = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is ok and what is a breach, by run and, where there are several, window."""

    ok: Flags
    breach: Flags

    def or_else(self, other: "Told") -> "Told":
        """This, and the other where it does not say the opposite."""
        return Told(ok=self.ok | (other.ok & ~self.breach), breach=self.breach | (other.breach & ~self.ok))


Rule = Callable[[Integers, int, float], Told]


def plain(passed: Integers, n: int, limit: float) -> Told:
    """The estimate against the limit."""
    return Told(ok=passed / n >= limit, breach=passed / n < limit)


def alone(passed: Integers, n: int, limit: float, *, error: float | Floats = ERROR) -> Told:
    """Each window by the exact tails of its passes at the limit, none below the least rows."""
    above, below = stats.binom.sf(passed - 1, n, limit), stats.binom.cdf(passed, n, limit)
    enough = error if n >= MIN_ROWS else 0.0
    return Told(ok=above < enough, breach=below < enough)


def together(passed: Integers, n: int, limit: float, *, across: int) -> Told:
    """A window alone, or with those since the last decision; where there are such, each look has half the error."""
    kept = np.zeros((across, 2, len(passed), len(STAKES)))
    told = []
    for now in passed.T:
        error = np.where(kept[0].any(axis=(0, 2)), ERROR / 2, ERROR)
        kept = np.concatenate([bets(n, limit)[:, now][None], kept[:-1]])
        rows = n * kept.any(axis=(1, 3)).sum(axis=0)
        told.append(alone(now, n, limit, error=error).or_else(by_bets(kept.sum(axis=0, keepdims=True), rows)))
        kept[:, :, told[-1].ok | told[-1].breach] = 0
    return joined(told)


def recent(passed: Integers, n: int, limit: float, *, across: int) -> Told:
    """A window alone, or what bets that began with any of the last windows have won; each look has half the error.

    The latter counts where the window's own estimate is on the same side.
    """
    kept = np.zeros((0, 2, len(passed), len(STAKES)))
    told = []
    for now in passed.T:
        kept = np.concatenate([bets(n, limit)[:, now][None], kept[: across - 1]])
        bet, own = by_bets(kept.cumsum(axis=0), np.full(len(now), n * len(kept))), plain(now, n, limit)
        agreed = Told(ok=bet.ok & own.ok, breach=bet.breach & own.breach)
        told.append(alone(now, n, limit, error=ERROR / 2).or_else(agreed))
    return joined(told)


@cache
def bets(n: int, limit: float) -> Floats:
    """By side (up, down), passes and stake: the logarithm of what the bet wins in a window."""
    passed, stakes = np.arange(n + 1)[:, None], np.array(STAKES)
    up = passed * np.log1p(stakes * (1 / limit - 1)) + (n - passed) * np.log1p(-stakes)
    down = (n - passed) * np.log1p(stakes * (1 / (1 - limit) - 1)) + passed * np.log1p(-stakes)
    return np.stack([up, down])


def by_bets(sums: Floats, rows: Integers) -> Told:
    """By beginning, side, run and stake: the clearer side, where its mean is enough for half the error."""
    up, down = np.exp(np.minimum(sums, LARGEST_LOG)).mean(axis=(0, 3))
    enough = (np.maximum(up, down) >= 2 / ERROR) & (rows >= MIN_ROWS)
    return Told(ok=enough & (up >= down), breach=enough & (up < down))


def joined(told: list[Told]) -> Told:
    """Windows side by side."""
    return Told(ok=np.stack([one.ok for one in told], axis=1), breach=np.stack([one.breach for one in told], axis=1))


RULES: Final[Mapping[str, Rule]] = {
    "estimate": plain,
    "alone": alone,
    "since the last decision, 10": partial(together, across=10),
    "since the last decision, 32": partial(together, across=32),
    "any beginning, 10": partial(recent, across=10),
    "any beginning, 32": partial(recent, across=32),
}


def fall(rule: Rule, n: int, limit: float, less: float) -> str:
    """After the fall: windows until a breach (median / ninth decile), the share of breaches, windows called ok."""
    rates = np.repeat([BEFORE, BEFORE - less], [AHEAD, AFTER])
    passed = np.random.default_rng(1).binomial(n, rates, size=(RUNS, AHEAD + AFTER))
    told = rule(passed, n, limit)
    ok, breach = told.ok[:, AHEAD:], told.breach[:, AHEAD:]
    first = np.where(breach.any(axis=1), breach.argmax(axis=1) + 1, AFTER + 1)
    delays = " / ".join(f"{x:.0f}" if x <= AFTER else "–" for x in np.quantile(first, [0.5, 0.9], method="higher"))
    return f"{delays}; {breach.mean():.0%}; {ok.sum(axis=1).mean():.1f}"


def calm(rule: Rule, n: int, limit: float, rate: float) -> str:
    """Breaches in 30 days of 24 windows while the rate stays at or above the limit, and the share of ok."""
    told = rule(np.random.default_rng(2).binomial(n, rate, size=(MONTHS, MONTH)), n, limit)
    return f"{told.breach.sum(axis=1).mean():.2f}; {told.ok.mean():.0%}"


def lines() -> Iterator[str]:
    """One line for each size of a window and each case."""
    for n in SIZES:
        for limit, less in FALLS:
            figures = " | ".join(fall(rule, n, limit, less) for rule in RULES.values())
            yield f"| {n} | {limit:.2f} | {BEFORE:.2f} to {BEFORE - less:.2f} | {figures} |"
    for n in SIZES:
        for limit, rate in CALM:
            figures = " | ".join(calm(rule, n, limit, rate) for rule in RULES.values())
            yield f"| {n} | {limit:.2f} | stays {rate:.2f} | {figures} |"


def table() -> str:
    """Markdown."""
    names = " | ".join(RULES)
    return "\n".join(
        [
            f"After a fall, by {RUNS} runs of {AFTER} windows: windows until a breach, median / ninth decile;",
            "the share of breaches; windows that are called ok. While the rate stays: breaches, all of them false, in",
            "30 days of 24 windows; the share of ok.",
            "",
            f"| rows | limit | rate | {names} |",
            "| --- | --- | --- |" + " --- |" * len(RULES),
            *lines(),
        ]
    )


if __name__ == "__main__":
    print(table())
