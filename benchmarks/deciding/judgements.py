"""Judgements until a verdict: batches until the evidence decides, against a sample that is fixed in advance.

    python benchmarks/deciding/judgements.py

takes seconds. The chance of every number of passes at every look is computed, so that figures are exact; drawn
(200 streams) are only those of sessions that are taken whole. The fixed sample is the normal approximation's.
"""

import math
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from statistics import fmean
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from tasks.core.stats.betting import Evidence, Part, evidence, evidence_within, next_batch

Floats = npt.NDArray[np.float64]
LIMITS: Final = (0.70, 0.80, 0.90)
RATES: Final = tuple(percent / 100 for percent in range(40, 100, 5))
APART: Final = 0.05  # the difference that the fixed sample is made for
ERROR: Final = 0.05  # of each wrong verdict
GOAL: Final = 0.25
FIRST, MOST = 30, 10_000
NEGLIGIBLE: Final = 1e-9
STREAMS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Where rows come from: sessions of so many rows, alike by `rho`, or a population that is drawn from.

    `whole`: sessions are weighed by their own pass rates; else all is known by the numbers of passes and rows.
    """

    name: str
    population: int | None = None
    rows: int = 1
    rho: float = 0.0
    whole: bool = False

    @property
    def design_effect(self) -> float:
        """By how much the variance of a mean grows."""
        return 1 + (self.rows - 1) * self.rho


APPLICATION: Final = Setting(name="the application")
SETTINGS: Final = (
    APPLICATION,
    Setting(name="a window of 2,000", population=2000),
    Setting(name="a window of 10,000", population=10_000),
    Setting(name="sessions of 4 rows, rho 0.3, by counts", rows=4, rho=0.3),
    Setting(name="sessions of 4 rows, rho 0.3, whole", rows=4, rho=0.3, whole=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What becomes of one true rate: mean rows judged, mean looks, and the chances of the two verdicts."""

    judged: float
    looks: float
    ok: float
    breach: float


def fixed(limit: float, rate: float, setting: Setting) -> float:
    """Rows of a fixed sample whose one-sided test at the limit errs with `ERROR` there and at the rate."""
    deviations = math.sqrt(limit * (1 - limit)) + math.sqrt(rate * (1 - rate))
    rows = (stats.norm.isf(ERROR) * deviations / (rate - limit)) ** 2 * setting.design_effect
    return float(rows if setting.population is None else rows / (1 + (rows - 1) / setting.population))


@cache
def looks(setting: Setting) -> tuple[int, ...]:
    """The rows judged at each look; sessions are judged whole."""
    end, found = setting.population or MOST, [0]
    while found[-1] < end:
        batch = math.ceil(next_batch(found[-1], FIRST) / setting.rows) * setting.rows
        found.append(min(found[-1] + batch, end))
    return tuple(found)


@cache
def edges(judged: int, limit: float, setting: Setting) -> tuple[int, int]:
    """The fewest passes that make `ok` and the most that make `breach`; judged + 1 and -1 where none do."""

    def told(passed: int) -> Evidence:
        if setting.population is not None:
            return evidence_within(passed, judged, setting.population, limit)
        return evidence([Part(levels=(0, 1), counts=(judged - passed, passed), largest=setting.rows)], limit)

    enough, counts = -math.log(ERROR), range(judged + 1)
    ok = bisect_left(counts, 1, key=lambda passed: told(passed).log_up >= enough)
    return ok, bisect_left(counts, 1, key=lambda passed: told(passed).log_down < enough) - 1


def added(passed: int, judged: int, batch: int, rate: float, setting: Setting) -> Floats:
    """The chances of 0, 1, ... passes in a batch after so many."""
    if setting.population is not None:
        passes = round(rate * setting.population) - passed
        return drawn_law(passes, setting.population - judged - passes, batch)
    if setting.rho == 0:
        return np.asarray(stats.binom.pmf(np.arange(batch + 1), batch, rate))
    together = np.fft.rfft(session_law(rate, setting), batch + 1) ** (batch // setting.rows)
    return np.maximum(np.fft.irfft(together, batch + 1), 0)


def drawn_law(passes: int, failures: int, batch: int) -> Floats:
    """The chances of 0, 1, ... passes in a batch that is drawn from so many: hypergeometric."""
    few, many = max(0, batch - failures), min(batch, passes)
    drawn = np.arange(few, many + 1)
    found = np.zeros(batch + 1)
    ways = chosen(passes, drawn) + chosen(failures, batch - drawn) - chosen(passes + failures, np.array([batch]))
    found[few : many + 1] = np.exp(ways)
    return found


def chosen(n: int, k: npt.NDArray[np.int64]) -> Floats:
    """The logarithm of the number of ways to choose k of n."""
    return np.asarray(special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1))


def session_law(rate: float, setting: Setting) -> Floats:
    """The chances of 0, 1, ... passes in a session: beta-binomial."""
    alike = 1 / setting.rho - 1
    return np.asarray(stats.betabinom.pmf(range(setting.rows + 1), setting.rows, alike * rate, alike * (1 - rate)))


def drawn_course(rate: float, limit: float, setting: Setting) -> Course:
    """As `course`, by streams of sessions."""
    ends = [stream(rate, limit, setting, seed) for seed in range(STREAMS)]
    rows, seen, ok, breach = (float(mean) for mean in np.array(ends).mean(axis=0))
    return Course(judged=rows, looks=seen, ok=ok, breach=breach)


def stream(rate: float, limit: float, setting: Setting, seed: int) -> tuple[int, int, bool, bool]:
    """One stream until its verdict: rows, looks, and which it is."""
    generator, law, judged = np.random.default_rng(seed), session_law(rate, setting), 0
    levels, counts = np.linspace(0, 1, setting.rows + 1), np.zeros(setting.rows + 1)
    for look, now in enumerate(looks(setting)[1:], 1):
        counts += generator.multinomial((now - judged) // setting.rows, law / law.sum())
        found, judged = evidence([Part(levels=list(levels), counts=list(counts))], limit), now
        if max(found.log_up, found.log_down) >= -math.log(ERROR):
            return judged, look, found.log_up > found.log_down, found.log_up < found.log_down
    return judged, len(looks(setting)) - 1, False, False


def course(rate: float, limit: float, setting: Setting) -> Course:
    """Follow the chances of every number of passes from look to look until next to none is left undecided."""
    chances, judged, rows, seen, verdicts = np.ones(1), 0, 0.0, 0.0, np.zeros(2)
    for now in looks(setting)[1:]:
        left = chances.sum()
        if left < NEGLIGIBLE:
            break
        chances = after(chances, judged, now - judged, rate, setting)
        ok, breach = edges(now, limit, setting)
        rows, seen, judged = rows + left * (now - judged), seen + left, now
        verdicts += chances[ok:].sum(), chances[: breach + 1].sum()
        chances[ok:] = chances[: breach + 1] = 0
    return Course(judged=rows, looks=seen, ok=float(verdicts[0]), breach=float(verdicts[1]))


def after(chances: Floats, judged: int, batch: int, rate: float, setting: Setting) -> Floats:
    """The chances of every number of passes once a batch more was judged."""
    if setting.population is None:
        return np.convolve(chances, added(0, judged, batch, rate, setting))
    found = np.zeros(len(chances) + batch)
    for passed in np.flatnonzero(chances > NEGLIGIBLE):
        found[passed : passed + batch + 1] += chances[passed] * added(int(passed), judged, batch, rate, setting)
    return found


def by_rate(limit: float, setting: Setting) -> Iterator[str]:
    """One line for each true rate, and one at the limit, where both verdicts are wrong."""
    rows = fixed(limit, limit + APART, setting)
    for rate in rates_apart(limit):
        one = course(rate, limit, setting)
        wrong = one.breach if rate > limit else one.ok
        yield f"| {rate:.2f} | {one.judged:,.0f} | {one.looks:.1f} | {one.judged / rows:.3f} | {wrong:.2%} |"
    at = course(limit, limit, setting)
    yield f"| {limit:.2f} | {at.judged:,.0f} | {at.looks:.1f} | – | {at.ok:.2%} ok, {at.breach:.2%} breach |"


def rates_apart(limit: float) -> list[float]:
    """The true rates that are far enough from the limit."""
    return [rate for rate in RATES if abs(rate - limit) > APART - NEGLIGIBLE]


def summary(limit: float, setting: Setting) -> str:
    """Means over the true rates; at the limit itself only where nothing must be drawn."""
    follow = drawn_course if setting.whole else course
    courses = [(rate, follow(rate, limit, setting)) for rate in rates_apart(limit)]
    judged = fmean(one.judged for _, one in courses)
    more, less = (fixed(limit, limit + apart, setting) for apart in (APART, -APART))
    wrong = max(one.breach if rate > limit else one.ok for rate, one in courses)
    at = "–" if setting.whole else f"{course(limit, limit, setting).ok:.2%}"
    figures = f"{judged:,.0f} | {more:,.0f} | **{judged / more:.3f}** | {less:,.0f} | {judged / less:.3f}"
    return f"| {limit:.2f} | {setting.name} | {figures} | {wrong:.2%} | {at} |"


def table() -> str:
    """Markdown: the true rates one by one at the first limit, then means for every limit and setting."""
    first = LIMITS[0]
    size = fixed(first, first + APART, APPLICATION)
    return "\n".join(
        [
            f"Limit {first:.2f}, errors of {ERROR:.0%}, first batch {FIRST}, at most {MOST:,} rows.",
            f"The fixed sample with these errors for {APART:.0%} more has {size:,.0f} rows.",
            "",
            "| true rate | judged, mean | looks, mean | of the fixed sample | wrong verdict |",
            "| --- | --- | --- | --- | --- |",
            *by_rate(first, APPLICATION),
            "",
            f"Means over true rates from 0.40 to 0.95, {APART:.0%} or more from the limit; goal {GOAL} at {first:.2f}.",
            "",
            "| limit | about | judged | fixed, for more | ratio | fixed, for less | ratio | wrong | ok at the limit |",
            "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
            *(summary(limit, setting) for limit in LIMITS for setting in SETTINGS),
        ]
    )


if __name__ == "__main__":
    print(table())
