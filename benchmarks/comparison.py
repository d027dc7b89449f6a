"""Comparisons of versions against what they promise: intervals that hold the truth, false alarms, power, time.

`python benchmarks/comparison.py` draws all rows from fixed seeds and prints Markdown.
"""

import math
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import stats

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tasks.core.comparison.difference import Difference, difference
from tasks.core.comparison.paired import paired_difference
from tasks.core.comparison.verdict import Rule, rows_needed

Floats = npt.NDArray[np.float64]

WINDOWS: Final = 1_000
CONFIDENCE: Final = 0.95
ALPHA: Final = 0.05
PAIRS: Final = ((0.9, 0.05, 0.05), (0.95, 0.05, 0.0), (0.8, 0.02, 0.02), (0.5, 0.02, 0.0), (0.8, 0.1, 0.02))


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Two versions' sessions of about `size` rows, whose passes correlate by `alike` within a session."""

    share_a: float
    share_b: float
    sessions: int
    size: int
    alike_a: float
    alike_b: float

    @property
    def title(self) -> str:
        """The first cells of a row."""
        alike = f"{self.alike_a:g}" if self.alike_a == self.alike_b else f"{self.alike_a:g} and {self.alike_b:g}"
        return f"{self.share_a:g} and {self.share_b:g} | {self.sessions} | {self.size} | {alike}"


def traffic(shares: tuple[float, float], sessions: int, size: int, alike: tuple[float, float]) -> Traffic:
    """Traffic of both versions."""
    return Traffic(
        share_a=shares[0], share_b=shares[1], sessions=sessions, size=size, alike_a=alike[0], alike_b=alike[1]
    )


TRAFFICS: Final = (
    traffic((0.98, 0.98), 50, 1, (0, 0)),
    traffic((0.98, 0.9), 50, 1, (0, 0)),
    traffic((0.8, 0.8), 50, 1, (0, 0)),
    traffic((0.98, 0.98), 200, 1, (0, 0)),
    traffic((0.98, 0.98), 10, 5, (0.3, 0.3)),
    traffic((0.98, 0.9), 10, 5, (0.3, 0.3)),
    traffic((0.8, 0.8), 5, 10, (0.3, 0.3)),
    traffic((0.95, 0.9), 20, 10, (0.3, 0.3)),
    traffic((0.7, 0.7), 20, 10, (0.3, 0.3)),
    traffic((0.7, 0.7), 20, 10, (0, 0.5)),
    traffic((0.9, 0.8), 50, 10, (0, 0.5)),
    traffic((0.98, 0.98), 50, 10, (0.2, 0.2)),
    traffic((0.9, 0.85), 50, 10, (0.1, 0.1)),
    traffic((0.9, 0.85), 50, 10, (0, 0)),
)


def rows(rng: np.random.Generator, sessions: int, size: int) -> npt.NDArray[np.int64]:
    """The session of each row; sizes are geometric with a mean of `size`, as conversations' are."""
    return np.repeat(np.arange(sessions), rng.geometric(1 / size, sessions))


def passes(rng: np.random.Generator, share: float, alike: float, own: npt.NDArray[np.int64]) -> Floats:
    """Passes whose rate is beta-distributed over sessions, with the correlation `alike`."""
    rate = np.full(own.max() + 1, share)
    if alike:
        rate = rng.beta(share * (1 - alike) / alike, (1 - share) * (1 - alike) / alike, len(rate))
    return (rng.random(len(own)) < rate[own]).astype(np.float64)


def named(own: npt.NDArray[np.int64], tag: str) -> list[str | None]:
    """Sessions as they are logged."""
    return [f"{tag}{number}" for number in own]


def by_normal_theory(a: Floats, b: Floats) -> tuple[float, float]:
    """The textbook interval: independent rows, no width where nothing fails."""
    half = float(stats.norm.ppf((1 + CONFIDENCE) / 2)) * math.sqrt(a.var() / len(a) + b.var() / len(b))
    value = float(b.mean() - a.mean())
    return value - half, value + half


def bounds(found: Difference | None) -> tuple[float, float]:
    """An interval that must be there."""
    if found is None or found.low is None or found.high is None:
        return -math.inf, math.inf
    return found.low, found.high


def coverage() -> Iterator[str]:
    """How many intervals hold the true difference."""
    names = "pass rates | sessions | rows a session | correlation | by session | width | by row | textbook"
    yield f"| {names} |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for one in TRAFFICS:
        rng = np.random.default_rng(1)
        truth, held, wide = one.share_b - one.share_a, np.zeros(3), 0.0
        for _ in range(WINDOWS):
            own_a, own_b = rows(rng, one.sessions, one.size), rows(rng, one.sessions, one.size)
            a, b = passes(rng, one.share_a, one.alike_a, own_a), passes(rng, one.share_b, one.alike_b, own_b)
            mine = bounds(difference(a, b, named(own_a, "a"), named(own_b, "b"), confidence=CONFIDENCE))
            alone = bounds(difference(a, b, None, None, confidence=CONFIDENCE))
            held += [low <= truth <= high for low, high in (mine, alone, by_normal_theory(a, b))]
            wide += mine[1] - mine[0]
        shares = held / WINDOWS
        figures = f"{shares[0]:.1%} | {wide / WINDOWS:.2f} | {shares[1]:.1%} | {shares[2]:.1%}"
        yield f"| {one.title} | {figures} |"


def false_alarms() -> Iterator[str]:
    """How often two versions that do not differ are told apart."""
    for name, size in (("rows on their own", 1), ("sessions of about five rows", 5)):
        for sessions in (10, 50):
            rng = np.random.default_rng(2)
            found = np.zeros(3)
            for _ in range(WINDOWS):
                found += alarms(rng, sessions, size)
            shares = found / WINDOWS
            yield f"| {name}, {sessions} sessions | {shares[0]:.1%} | {shares[1]:.1%} | {shares[2]:.1%} |"


def alarms(rng: np.random.Generator, sessions: int, size: int) -> list[bool]:
    """Whether two logged latencies, pairs of passes and pairs of scores are told apart where nothing differs."""
    own_a, own_b = rows(rng, sessions, size), rows(rng, sessions, size)
    shift_a, shift_b = rng.normal(0, 0.5, sessions), rng.normal(0, 0.5, sessions)
    slow_a, slow_b = (
        np.exp(shift[own] + rng.normal(0, 0.7, len(own))) for shift, own in ((shift_a, own_a), (shift_b, own_b))
    )
    rate_a, rate_b = rng.beta(8, 2, sessions), rng.beta(8, 2, sessions)
    pass_a, pass_b = ((rng.random(len(own_a)) < rate[own_a]).astype(np.float64) for rate in (rate_a, rate_b))
    score_a, score_b = (
        np.clip(np.round(3.5 + shift[own_a] + rng.normal(0, 1, len(own_a))), 1, 5)
        for shift in (rng.normal(0, 0.5, sessions), rng.normal(0, 0.5, sessions))
    )
    known = named(own_a, "s")
    answers = (
        difference(slow_a, slow_b, named(own_a, "a"), named(own_b, "b"), confidence=CONFIDENCE),
        paired_difference(pass_a, pass_b, known, confidence=CONFIDENCE),
        paired_difference(score_a, score_b, known, confidence=CONFIDENCE),
    )
    return [found is not None and found.p_value is not None and found.p_value < ALPHA for found in answers]


def pairs() -> Iterator[str]:
    """How many intervals of pairs of passes hold the true difference; each pair is on its own."""
    for share, lost, won in PAIRS:
        for n in (50, 200):
            rng = np.random.default_rng(3)
            held = 0
            for _ in range(WINDOWS):
                kind = rng.choice(4, n, p=[share - lost, lost, won, 1 - share - won])
                found = paired_difference(
                    np.isin(kind, (0, 1)).astype(float),
                    np.isin(kind, (0, 2)).astype(float),
                    None,
                    confidence=CONFIDENCE,
                )
                low, high = bounds(found)
                held += low <= won - lost <= high
            yield f"| {share:g} | {lost:g} and {won:g} | {n} | {held / WINDOWS:.1%} |"


def power() -> Iterator[str]:
    """How often a difference of the margin is found once the rows that were needed are there."""
    for share, margin, size, alike in ((0.9, 0.1, 1, 0), (0.9, 0.05, 1, 0), (0.7, 0.1, 1, 0), (0.8, 0.1, 5, 0.3)):
        rule = Rule(higher_is_better=True, margin=margin, least_rows=1, confidence=CONFIDENCE)
        rng = np.random.default_rng(4)
        needed, told = [], 0
        for _ in range(WINDOWS // 2):
            first = compared(rng, (share, share), 100 // size, size, alike)
            more = rows_needed(first, rule) or 0
            needed.append(more)
            then = compared(rng, (share + margin / 2, share - margin / 2), (100 + more) // size, size, alike)
            told += then is not None and then.p_value is not None and then.p_value < ALPHA
        yield f"| {share:g} | {margin:g} | {size} | {np.median(needed):,.0f} | {told / len(needed):.0%} |"


def compared(
    rng: np.random.Generator, shares: tuple[float, float], sessions: int, size: int, alike: float
) -> Difference | None:
    """One window's comparison."""
    own_a, own_b = rows(rng, sessions, size), rows(rng, sessions, size)
    a, b = passes(rng, shares[0], alike, own_a), passes(rng, shares[1], alike, own_b)
    return difference(a, b, named(own_a, "a"), named(own_b, "b"), confidence=CONFIDENCE)


def speed(n: int) -> str:
    """The time of one comparison of many rows."""
    rng = np.random.default_rng(5)
    own = rows(rng, n // 5, 5)[:n]
    a, b, known = rng.normal(size=len(own)), rng.normal(size=len(own)), named(own, "s")
    start = time.perf_counter()
    difference(a, b, known, known, confidence=CONFIDENCE)
    return f"{len(own):,} rows on either side are compared in {time.perf_counter() - start:.1f} s."


if __name__ == "__main__":
    for line in coverage():
        print(line, flush=True)
    print("\n| passes of a | lost and won by b | pairs | intervals that hold the truth |\n| --- | --- | --- | --- |")
    for line in pairs():
        print(line, flush=True)
    print("\n| no difference | numbers, two versions | passes, pairs | scores, pairs |\n| --- | --- | --- | --- |")
    for line in false_alarms():
        print(line, flush=True)
    print("\n| pass rate | margin | rows a session | rows needed after 100, median | then found |")
    print("| --- | --- | --- | --- | --- |")
    for line in power():
        print(line, flush=True)
    print(f"\n{speed(1_000_000)}")
