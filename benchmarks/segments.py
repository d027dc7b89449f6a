"""The search for weak slices against what it promises: false alarms, power, time.

`python benchmarks/segments.py` draws all rows from fixed seeds and prints Markdown.
"""

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import stats

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tasks.core.segments.weakest import Slice, weakest

WINDOWS: Final = 1_000
ROWS: Final = 1_000
COLUMNS: Final = 5
VALUES: Final = 6
PLANTED: Final = (("language", "de"), ("topic", "refunds"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Windows in which every slice passes alike: `sessions` of rows whose passes correlate by `alike`.

    0 sessions: every row is on its own. `is_told`: the search knows the sessions.
    """

    name: str
    sessions: int
    alike: float
    rate: float = 0.8
    is_told: bool = True


SETTINGS: Final = (
    Traffic(name="rows on their own", sessions=0, alike=0.0),
    Traffic(name="rows on their own, pass rate 0.97", sessions=0, alike=0.0, rate=0.97),
    Traffic(name="300 sessions, correlation 0.1", sessions=300, alike=0.1),
    Traffic(name="100 sessions, correlation 0.3", sessions=100, alike=0.3),
    Traffic(name="30 sessions, correlation 0.3", sessions=30, alike=0.3),
    Traffic(name="100 sessions, correlation 0.8", sessions=100, alike=0.8),
    Traffic(name="100 sessions, correlation 0.3, which the search is not told", sessions=100, alike=0.3, is_told=False),
)


def alarms(traffic: Traffic) -> float:
    """The share of windows in which a slice is reported though nothing differs."""
    return sum(bool(_null_window(traffic, seed)) for seed in range(WINDOWS)) / WINDOWS


def _null_window(traffic: Traffic, seed: int) -> tuple[Slice, ...]:
    rng = np.random.default_rng(seed)
    mine = np.sort(rng.integers(0, traffic.sessions, ROWS)) if traffic.sessions else np.arange(ROWS)
    count = int(mine.max()) + 1
    spread = 1 / traffic.alike - 1 if traffic.alike else None
    rates = (
        rng.beta(traffic.rate * spread, (1 - traffic.rate) * spread, count) if spread else np.full(count, traffic.rate)
    )
    columns = {
        f"column {number}": rng.choice([f"value {one}" for one in range(VALUES)], count)[mine].tolist()
        for number in range(COLUMNS)
    }
    passed = (rng.random(ROWS) < rates[mine]).tolist()
    return weakest(passed, columns, list(map(str, mine if traffic.is_told else range(ROWS))))


def power(alike: float, size: int) -> float:
    """The share of 100 windows of 1,200 rows in which a pair with 0.60 against 0.85 is found and named."""
    return sum(PLANTED in [one.where for one in _planted(alike, size, seed)] for seed in range(100)) / 100


def _planted(alike: float, size: int, seed: int) -> tuple[Slice, ...]:
    rng = np.random.default_rng(seed)
    mine = np.arange(1_200) // size
    columns = {
        "language": rng.choice(["de", "en", "fr"], mine[-1] + 1)[mine].tolist(),
        "topic": rng.choice(["refunds", "orders", "login"], mine[-1] + 1)[mine].tolist(),
    }
    is_planted = [pair == ("de", "refunds") for pair in zip(*columns.values(), strict=True)]
    noise = rng.normal(size=mine[-1] + 1)[mine] * np.sqrt(alike) + rng.normal(size=1_200) * np.sqrt(1 - alike)
    passed: npt.NDArray[np.bool_] = stats.norm.cdf(noise) < np.where(is_planted, 0.6, 0.85)
    return weakest(passed.tolist(), columns, list(map(str, mine)))


def seconds() -> float:
    """How long 20,000 rows take with 8 columns of 20 values, which make about 11,000 slices."""
    rng = np.random.default_rng(0)
    columns: Mapping[str, Sequence[str]] = {
        f"column {number}": rng.choice([f"value {one}" for one in range(20)], 20_000).tolist() for number in range(8)
    }
    passed = (rng.random(20_000) < 0.8).tolist()  # noqa: PLR2004  a pass rate
    began = time.perf_counter()
    weakest(passed, columns, list(map(str, np.arange(20_000) // 5)))
    return time.perf_counter() - began


def main() -> None:
    """Print the table."""
    print("| | goal | measured |\n| --- | --- | --- |")
    print(f"| 20,000 rows, 8 columns of 20 values (about 11,000 slices) | < 5 s | {seconds():.1f} s |")
    for traffic in SETTINGS:
        goal = "≤ 5 %" if traffic.is_told else "–"
        what = f"{WINDOWS:,} windows of {ROWS:,} rows that tell anything though nothing differs: {traffic.name}"
        print(f"| {what} | {goal} | {alarms(traffic):.1%} |", flush=True)
    for alike, size in ((0.0, 1), (0.05, 4), (0.2, 4)):
        what = f"sessions of {size} rows, correlation {alike}" if size > 1 else "rows on their own"
        print(
            f"| a pair with 0.60 against 0.85 is found and named, 1,200 rows: {what} | – | {power(alike, size):.0%} |"
        )


if __name__ == "__main__":
    main()
