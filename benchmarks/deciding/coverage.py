"""How often the intervals of one fixed sample hold the truth, and how wide they are.

`python benchmarks/deciding/coverage.py` draws all rows from fixed seeds and prints Markdown.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, product
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import stats

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tasks.core.stats.bootstrap import bca
from tasks.core.stats.estimate import Estimate, mean_estimate, share_estimate
from tasks.core.stats.intervals import Interval, wilson

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]

CONFIDENCE: Final = 0.95
DRAWS: Final = 400
FEWER: Final = 200  # where each draw is resampled
RESAMPLES: Final = 500
SIZES: Final = (20, 50, 200, 1000)
RATES: Final = (0.5, 0.7, 0.9, 0.97)
ROWS_A_SESSION: Final = (4, 10)
CORRELATIONS: Final = (0.0, 0.2, 0.5)
SCREENS: Final = {"a good screen": (0.95, 0.05), "a weak screen": (0.6, 0.3), "a screen that errs": (0.2, 0.8)}
LEAST_CHANCES: Final = (0.05, 0.2)
AGREEMENTS: Final = (0.7, 0.9)
CHANCES: Final = (0.03, 0.05, 0.12, 0.3, 0.5)  # of the scores from 1 to 5
MEAN: Final = sum(score * chance for score, chance in enumerate(CHANCES, 1))
DEVIATION: Final = sum((score - MEAN) ** 2 * chance for score, chance in enumerate(CHANCES, 1)) ** 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The intervals of one way in one cell, as shares of its draws or by the width that is usual for its rows."""

    group: str
    way: str
    cell: str
    none: float
    held: float
    width: float


Bounds = dict[str, Interval | None]
Drawn = tuple[Bounds, float]  # the intervals by their ways, and the width that they are compared to


def cell(group: str, name: str, truth: float, draws: Iterable[Drawn]) -> Iterator[Found]:
    """What became of the draws of one cell; a draw without an interval neither holds the truth nor misses it."""
    kept = list(draws)
    for way in kept[0][0]:
        told = [(*interval, usual) for bounds, usual in kept if (interval := bounds[way]) is not None]
        low, high, usual = np.array(told or [(np.nan, np.nan, np.nan)]).T
        held, wide = float(((low <= truth) & (truth <= high)).mean()), float(((high - low) / usual).mean())
        yield Found(group=group, way=way, cell=name, none=1 - len(told) / len(kept), held=held, width=wide)


def by_row(passed: Flags) -> Interval:
    """Wilson's interval, as of rows on their own."""
    return wilson(int(passed.sum()), len(passed), CONFIDENCE) or (0.0, 1.0)


def width(passed: Flags) -> float:
    """How wide that is."""
    low, high = by_row(passed)
    return high - low


def of_share(passed: Flags, sessions: Sequence[str] | None, weights: Floats | None, largest: float | None) -> Interval:
    """The interval of `share_estimate`."""
    return interval_of(share_estimate(passed, sessions, weights, largest)) or (0.0, 1.0)


def interval_of(found: Estimate | None) -> Interval | None:
    """That of an estimate; None without one."""
    return None if found is None else found.interval(CONFIDENCE)


def independent() -> Iterator[Found]:
    """Shares and means of rows on their own."""
    for n, rate in product(SIZES, RATES):
        rng = np.random.default_rng(1)
        passed = [rng.random(n) < rate for _ in range(DRAWS)]
        yield from cell("rows on their own", f"n {n}, rate {rate:g}", rate, map(_alone, passed))
    for n in SIZES:
        rng = np.random.default_rng(2)
        scores = (scored(rng, 0.0, np.arange(n)) for _ in range(DRAWS))
        yield from cell("scores on their own", f"n {n}", MEAN, (_scores(one, None, None) for one in scores))


def _alone(passed: Flags) -> Drawn:
    exact = stats.binomtest(int(passed.sum()), len(passed)).proportion_ci(CONFIDENCE, method="exact")
    return {"Wilson": by_row(passed), "Clopper-Pearson": (exact.low, exact.high)}, width(passed)


def _scores(scores: Floats, own: Integers | None, weights: Floats | None) -> Drawn:
    bounds: Bounds = {"mean, by row": interval_of(mean_estimate(scores))}
    if own is not None:
        bounds["mean, by session"] = interval_of(mean_estimate(scores, list(map(str, own))))
    if weights is not None:
        bounds["mean, weighted"] = interval_of(mean_estimate(scores, None, weights))
    return bounds, 3.92 * DEVIATION / len(scores) ** 0.5


def sessions_of(rng: np.random.Generator, count: int, size: int, *, even: bool) -> Integers:
    """The session of each row; sizes are as given or geometric, as conversations' are."""
    return np.repeat(np.arange(count), size if even else rng.geometric(1 / size, count))


def passes(rng: np.random.Generator, rate: float, alike: float, own: Integers) -> Flags:
    """Passes whose rate is beta-distributed over sessions, with the correlation `alike`."""
    rates = np.full(own.max() + 1, rate)
    if alike:
        rates = rng.beta(rate * (1 - alike) / alike, (1 - rate) * (1 - alike) / alike, len(rates))
    return rng.random(len(own)) < rates[own]


def scored(rng: np.random.Generator, alike: float, own: Integers) -> Floats:
    """Scores from 1 to 5 by `CHANCES`: normal numbers that correlate by `alike` within a session, cut into levels."""
    shift = rng.normal(0, alike**0.5, own.max() + 1)[own]
    cuts = stats.norm.ppf(np.cumsum(CHANCES)[:-1])
    levels: Floats = 1.0 + np.digitize(shift + rng.normal(0, (1 - alike) ** 0.5, len(own)), cuts)
    return levels


def clustered() -> Iterator[Found]:
    """Shares and means of rows in sessions."""
    for even, n, size, alike, rate in product((True, False), SIZES, ROWS_A_SESSION, CORRELATIONS, RATES):
        rng = np.random.default_rng(3)
        title = f"n {n}, rate {rate:g}, {'' if even else 'about '}{size} a session, correlation {alike:g}"
        draws = []
        for _ in range(DRAWS):
            own = sessions_of(rng, n // size, size, even=even)
            draws.append((own, passes(rng, rate, alike, own)))
        yield from cell(f"passes in {sessions_in(n // size)} sessions", title, rate, (_crowded(*one) for one in draws))


def clustered_scores() -> Iterator[Found]:
    """Means of scores in sessions."""
    for even, n, size, alike in product((True, False), SIZES, ROWS_A_SESSION, CORRELATIONS):
        rng = np.random.default_rng(7)
        title = f"n {n}, {'' if even else 'about '}{size} a session, correlation {alike:g}"
        owned = [sessions_of(rng, n // size, size, even=even) for _ in range(DRAWS)]
        draws = (_scores(scored(rng, alike, own), own, None) for own in owned)
        yield from cell(f"scores in {sessions_in(n // size)} sessions", title, MEAN, draws)


def sessions_in(count: int) -> str:
    """The group of so many sessions."""
    return "2 to 5" if count <= 5 else "12 to 20" if count <= 20 else "50 to 250"  # noqa: PLR2004


def _crowded(own: Integers, passed: Flags) -> Drawn:
    bounds: Bounds = {
        "share, by session": of_share(passed, list(map(str, own)), None, None),
        "Wilson, sessions ignored": by_row(passed),
    }
    return bounds, width(passed)


def weighted() -> Iterator[Found]:
    """Shares of rows drawn with chances that a screen sets."""
    for (title, screen), least, n, rate in product(SCREENS.items(), LEAST_CHANCES, SIZES, RATES):
        rng = np.random.default_rng(4)
        draws = []
        for _ in range(DRAWS):
            passed = rng.random(candidates(n, rate, screen, least)) < rate
            chances = chances_of(rng, passed, screen, least)
            drawn = rng.random(len(passed)) < chances
            draws.append((passed[drawn], 1 / chances[drawn]))
        name = f"n {n}, rate {rate:g}, chances from {least:g}"
        told = (_uneven(*one, 1 / least) for one in draws if len(one[0]))
        yield from cell(f"passes drawn by {title}", name, rate, told)


def weighted_scores() -> Iterator[Found]:
    """Means of scores drawn with chances that a screen for scores below 4 sets."""
    for (title, screen), least, n in product(SCREENS.items(), LEAST_CHANCES, SIZES):
        rng = np.random.default_rng(8)
        draws = []
        for _ in range(DRAWS):
            scores = scored(rng, 0.0, np.arange(candidates(n, sum(CHANCES[3:]), screen, least)))
            chances = chances_of(rng, scores > 3, screen, least)  # noqa: PLR2004
            drawn = rng.random(len(scores)) < chances
            draws.append((scores[drawn], None, 1 / chances[drawn]))
        told = (_scores(*one) for one in draws if len(one[0]))
        yield from cell(f"scores drawn by {title}", f"n {n}, chances from {least:g}", MEAN, told)


def candidates(n: int, rate: float, screen: tuple[float, float], least: float) -> int:
    """How many rows there must be for about `n` to be drawn; a screen suspects shares of failures and of passes."""
    caught, alarmed = screen
    suspects = rate * alarmed + (1 - rate) * caught
    return round(n / (suspects + (1 - suspects) * least))


def chances_of(rng: np.random.Generator, passed: Flags, screen: tuple[float, float], least: float) -> Floats:
    """1 for each suspect, else the least chance."""
    caught, alarmed = screen
    return np.where(rng.random(len(passed)) < np.where(passed, alarmed, caught), 1.0, least)


def _uneven(passed: Flags, weights: Floats, largest: float) -> Drawn:
    bounds: Bounds = {
        "share, weighted, the largest weight given": of_share(passed, None, weights, largest),
        "share, weighted": of_share(passed, None, weights, None),
        "Wilson, weights ignored": by_row(passed),
    }
    return bounds, width(passed)


def kappa(one: Flags, other: Flags) -> float | None:
    """Cohen's."""
    by_chance = one.mean() * other.mean() + (1 - one.mean()) * (1 - other.mean())
    return None if by_chance == 1 else float(((one == other).mean() - by_chance) / (1 - by_chance))


def kappas() -> Iterator[Found]:
    """Kappa of two judges, of whom one passes four in five and the other says the same as often as given."""
    for n, agreed in product((50, 200), AGREEMENTS):
        rng = np.random.default_rng(5)
        one = [rng.random(n) < 0.8 for _ in range(FEWER)]  # noqa: PLR2004
        pairs = [(first, first == (rng.random(n) < agreed)) for first in one]
        other = 0.8 * agreed + 0.2 * (1 - agreed)
        by_chance = 0.8 * other + 0.2 * (1 - other)
        truth = (agreed - by_chance) / (1 - by_chance)
        yield from cell("kappa", f"n {n}, agreement {agreed:g}", truth, (_judged(*pair) for pair in pairs))


def _judged(one: Flags, other: Flags) -> Drawn:
    return {"BCa": bca(kappa, [one, other], CONFIDENCE, resamples=RESAMPLES)}, width(one == other)


def quantiles() -> Iterator[Found]:
    """The median and the p95 of skewed latencies."""
    for (q, truth), n in product(((0.5, 1.0), (0.95, float(np.exp(1.6448536)))), (20, 50, 200, 1000)):
        rng = np.random.default_rng(6)
        draws = (_latencies(rng.lognormal(0, 1, n), q) for _ in range(FEWER))
        yield from cell("median" if q == 0.5 else "p95", f"n {n}", truth, draws)  # noqa: PLR2004


def _latencies(values: Floats, q: float) -> Drawn:
    def quantile(chosen: Floats) -> float:
        return float(np.quantile(chosen, q))

    by_order = stats.quantile_test(values, p=q).confidence_interval(CONFIDENCE)
    bounds: Bounds = {
        "BCa": bca(quantile, [values], CONFIDENCE, resamples=RESAMPLES),
        "by order": None if np.isnan(by_order).any() else (by_order.low, by_order.high),
    }
    return bounds, 3.92 / len(values) ** 0.5


NOTE: Final = (
    f"A cell is {DRAWS} draws ({FEWER} where resampled {RESAMPLES} times each), right to 1 point (1.5); of 72 cells"
    " that hold 95 %, the least would show about 92.5 %. Width: by Wilson's of the same rows, sessions and weights"
    " ignored; of means by 3.92 deviations over the root of n, of quantiles by 3.92 over it. None: draws without any."
)
GROUPS: Final[tuple[Callable[[], Iterator[Found]], ...]] = (
    independent,
    clustered,
    clustered_scores,
    weighted,
    weighted_scores,
    kappas,
    quantiles,
)


def table() -> str:
    """Coverage by group and way, as Markdown; 95 % is promised."""
    rows: dict[tuple[str, str], list[Found]] = {}
    for one in chain.from_iterable(group() for group in GROUPS):
        rows.setdefault((one.group, one.way), []).append(one)
    lines = ["| rows | interval | cells | holds, mean | least | in | below 93 % | width | none |", "| --- " * 9 + "|"]
    for (group, way), cells in rows.items():
        told = [one for one in cells if one.none < 1]
        worst, below = min(told, key=lambda one: one.held), sum(one.held < 0.93 for one in told)  # noqa: PLR2004
        held, wide = np.mean([(one.held, one.width) for one in told], axis=0)
        none = np.mean([one.none for one in cells])
        figures = f"{held:.1%} | {worst.held:.1%} | {worst.cell} | {below} | {wide:.2f} | {none:.0%}"
        lines.append(f"| {group} | {way} | {len(cells)} | {figures} |")
    return "\n".join([*lines, "", NOTE])


if __name__ == "__main__":
    print(table())
