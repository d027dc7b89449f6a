"""The tables of collecting: what every mode took and gave, against the queries by hand, and against the goals."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

HANDS: Final = ("hand", "hand-accounted")
GOAL_RATIO: Final = 1.5
GOAL_PEAK_MB: Final = 1000
GOAL_GROWTH: Final = 1.3
HEADINGS: Final = (
    "",
    "wall, s",
    "× hand",
    "× hand-accounted",
    "CPU, s",
    "× hand",
    "× hand-accounted",
    "peak, MB",
    "rows",
    "told",
)
NOTHING: Final = "–"
TIMES: Final = ("wall_s", "cpu_s")
Figures = Mapping[str, Any]


def medians(lines: Sequence[Figures]) -> Figures:
    """The medians of the figures of several runs; the words are those of the last."""
    measured = {name: statistics.median(line[name] for line in lines) for name in (*TIMES, "peak_mb")}
    return {**lines[-1], **measured}


def title(name: str, figures: Figures) -> str:
    """A mode's name with its package's version."""
    return f"{name} ({figures['package']} {figures['version']})"


def cells(figures: Figures, hands: Mapping[str, Figures]) -> list[str]:
    """What a mode took and gave; `hands` are the queries by hand over the same logs."""
    taken: list[str] = []
    for name in TIMES:
        taken += [f"{figures[name]:.1f}", *(_ratio(figures, hands.get(hand), name) for hand in HANDS)]
    return [*taken, f"{figures['peak_mb']:.0f}", f"{figures['rows']:,}", figures["told"]]


def row(cells_of_row: Sequence[str]) -> str:
    """One row of a Markdown table."""
    return f"| {' | '.join(cells_of_row)} |"


def verdicts(name: str, figures: Figures, hands: Mapping[str, Figures]) -> Iterator[str]:
    """How a mode of genwatch stands to its goals, a line each."""
    for hand in HANDS:
        if hand in hands:
            ratio = figures["wall_s"] / hands[hand]["wall_s"]
            cpu = _ratio(figures, hands[hand], "cpu_s")
            yield f"- {name}: {ratio:.2f} × {hand} (CPU {cpu} ×), goal ≤ {GOAL_RATIO}: {_met(ratio, GOAL_RATIO)}"
    peak = figures["peak_mb"]
    yield f"- {name}: {peak:.0f} MB at its peak, goal ≤ {GOAL_PEAK_MB}: {_met(peak, GOAL_PEAK_MB)}"


def growth(name: str, least: tuple[int, Figures], most: tuple[int, Figures]) -> str:
    """How the memory of a mode grows with the logs, as a line."""
    (few, small), (many, large) = least, most
    ratio = large["peak_mb"] / small["peak_mb"]
    figures = f"{small['peak_mb']:.0f} MB at {few:,} pairs, {large['peak_mb']:.0f} MB at {many:,}"
    return f"- {name}: {figures}: {ratio:.2f} ×, goal ≤ {GOAL_GROWTH}: {_met(ratio, GOAL_GROWTH)}"


def _ratio(figures: Figures, hand: Figures | None, name: str) -> str:
    return f"{figures[name] / hand[name]:.2f}" if hand else NOTHING


def _met(figure: float, goal: float) -> str:
    return "met" if figure <= goal else "missed"
