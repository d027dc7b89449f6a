"""Small drawings within a line of text, as numbers for SVG: a course over windows, and a measure on its track."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tasks.core.measure import Measure

WIDTH, HEIGHT, MARGIN = 120, 24, 2
FULL: Final = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spark:
    """The drawn `pieces` of a course, each a list of points for `polyline`; `last` is its last point."""

    pieces: Sequence[str]
    last: tuple[float, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A measure on a line from 0 to 100: value, interval and limit, None where there is none."""

    value: float | None
    low: float | None
    high: float | None
    limit: float | None


def spark(values: Sequence[float | None], runs: Sequence[int] = (), *, is_share: bool = False) -> Spark:
    """The course of values, one a window; it is broken where one is missing, and between runs.

    Shares are drawn from 0 to 1, others from the least to the most.
    """
    known = [value for value in values if value is not None]
    least, most = (0.0, 1.0) if is_share or not known else (min(known), max(known))
    step = (WIDTH - 2 * MARGIN) / max(len(values) - 1, 1)
    pieces: list[list[tuple[float, float]]] = [[]]
    before = 0
    for number, value in enumerate(values):
        run = runs[number] if runs else 0
        if value is None or run != before:
            pieces.append([])
        before = run
        if value is not None:
            height = 0.5 if most == least else (value - least) / (most - least)
            x, y = MARGIN + number * step, HEIGHT - MARGIN - height * (HEIGHT - 2 * MARGIN)
            pieces[-1].append((round(x, 1), round(y, 1)))
    drawn = [piece for piece in pieces if piece]
    return Spark(
        pieces=[" ".join(f"{x},{y}" for x, y in (piece * 2)[: max(len(piece), 2)]) for piece in drawn],
        last=drawn[-1][-1] if drawn else None,
    )


def track(measure: Measure, limit: float | None) -> Track:
    """A share on its track."""

    def at(value: float | None) -> float | None:
        return None if value is None else round(min(max(value, 0.0), 1.0) * FULL, 2)

    return Track(value=at(measure.value), low=at(measure.low), high=at(measure.high), limit=at(limit))
