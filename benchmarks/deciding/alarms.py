"""False alarms of whole monitors whose true rates are all above their limits, in a run and in 30 days.

`python benchmarks/deciding/alarms.py` draws a month of hourly windows of a monitor with four metrics, each limited in
the whole window and in three segments. An alarm is a verdict that becomes a breach; a decided verdict is ok or breach.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tasks.core.decide import Case, Rule, decide
from tasks.core.stats.betting import Part
from tasks.core.stats.rows import share_of
from tasks.core.verdict import Direction, State, Threshold, Verdict

METRICS: Final = 4
SEGMENTS: Final = 3
WINDOWS: Final = 24 * 30
MONTHS: Final = 1
ACROSS: Final = 32
CONFIDENCE: Final = 0.95
ROWS: Final = (20, 200)
LIMITS: Final = ((0.70, 0.72), (0.70, 0.75), (0.95, 0.97))  # and the true rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A way to decide: by which rule, and whether windows are taken together."""

    rule: Rule
    across: int = 1


KINDS: Final[Mapping[str, Kind]] = {
    "plain comparison": Kind(rule=Rule(by_interval=False)),
    "intervals, each limit by itself": Kind(rule=Rule(as_family=False, min_n=5)),
    "genwatch": Kind(rule=Rule(min_n=5), across=ACROSS),
}


def table() -> str:
    """Markdown: the share of runs with a false alarm, and the false alarms of a month."""
    columns = (
        "rows a window",
        "limit",
        "true rate",
        "way to decide",
        "runs with one",
        "false alarms in 30 days",
        "decided",
    )
    head = f"| {' | '.join(columns)} |\n"
    lines = [
        f"| {rows} | {limit:.2f} | {rate:.2f} | {name} | {found.runs:.1%} | {found.monthly:.0f} | {found.decided:.0%} |"
        for rows in ROWS
        for limit, rate in LIMITS
        for name, kind in KINDS.items()
        for found in [_simulated(kind, rows, limit, rate)]
    ]
    return f"{head}|---:|---:|---:|---|---:|---:|---:|\n" + "\n".join(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The share of runs with a false alarm, how many alarms a month has, and the share of verdicts that are decided."""

    runs: float
    monthly: float
    decided: float


def _simulated(kind: Kind, rows: int, minimum: float, rate: float) -> Found:
    """Months of hourly windows of one monitor; an alarm is a verdict that becomes a breach."""
    random = np.random.default_rng(int(rows + 1000 * rate))
    bad_runs = alarms = clear = verdicts = 0
    for _ in range(MONTHS):
        carried: dict[str, list[Part]] = {}
        before: dict[str, State] = {}
        for _ in range(WINDOWS):
            found = {one.address: one for one in _decided(kind, _drawn(random, rows, rate), minimum, carried)}
            broken = {name for name, one in found.items() if one.state is State.BREACH}
            bad_runs += bool(broken)
            alarms += sum(before.get(name) is not State.BREACH for name in broken)
            clear += sum(one.state is not State.UNDECIDED for one in found.values())
            verdicts += len(found)
            before = {name: one.state for name, one in found.items()}
    return Found(runs=bad_runs / (MONTHS * WINDOWS), monthly=alarms / MONTHS, decided=clear / verdicts)


def _drawn(random: np.random.Generator, rows: int, rate: float) -> Iterator[tuple[str, int, int]]:
    """Name, passes and rows of each metric in the window and in each of its segments."""
    for metric in range(METRICS):
        parts = random.multinomial(rows, [1 / SEGMENTS] * SEGMENTS)
        passed = random.binomial(parts, rate)
        yield f"m{metric}", int(passed.sum()), rows
        yield from ((f"m{metric}/{place}", int(passed[place]), int(parts[place])) for place in range(SEGMENTS))


def _decided(
    kind: Kind, drawn: Iterator[tuple[str, int, int]], minimum: float, carried: dict[str, list[Part]]
) -> Sequence[Verdict]:
    cases = []
    for name, passed, n in drawn:
        subject, _, segment = name.partition("/")
        measure = share_of(f"quality.{subject}.pass_rate", passed, n, CONFIDENCE)
        if segment:
            measure = replace(measure, segment_by="segment", segment=segment)
        part = Part(levels=(0.0, 1.0), counts=(n - passed, passed))
        parts = [part, *carried.get(measure.address, [])][: kind.across]
        limit = Threshold(address=measure.name, limit=minimum, direction=Direction.MIN)
        cases.append(Case(threshold=limit, measure=measure, rule=kind.rule, parts=parts))
    found = decide(cases, {})
    for case, one in zip(cases, found, strict=True):
        carried[one.address] = list(case.parts)
    return found


if __name__ == "__main__":
    print(table())
