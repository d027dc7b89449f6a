"""Small charts for Markdown, each an SVG image in a data URI: a pass rate over the windows, and a histogram."""

import base64
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import pairwise

from tasks.core.report.view import Point

WIDTH, HEIGHT, MARGIN = 328, 64, 4
BAR, GAP = 18, 4
BLUE, GREY, RED = "#4b8bf5", "#8b93a1", "#e5554f"  # each is told from white and from Prefect's dark page
Drawn = tuple[float, Point]


def trend(points: Sequence[Point], every: timedelta, limit: float | None) -> str:
    """A share from 0 to 1 over windows of length `every`, oldest first, with its interval as a band and its limit.

    The line is broken where a window is missing or has no value, and where the judge changed: a dotted line marks it.
    """
    first, last = points[0].window_start, points[-1].window_start
    span = max(last - first, every)
    drawn = [(MARGIN + (WIDTH - 2 * MARGIN) * ((one.window_start - first) / span), one) for one in points]
    runs = list(_runs(drawn, every))
    parts = [_line(0, _y(edge), WIDTH, _y(edge), GREY, "stroke-opacity='.35'") for edge in (0.0, 1.0)]
    parts += [_band(run) for run in runs]
    if limit is not None:
        parts.append(_line(0, _y(limit), WIDTH, _y(limit), RED, "stroke-dasharray='4 3'"))
    parts += [_line(x, 0, x, HEIGHT, GREY, "stroke-dasharray='1 3' stroke-width='2'") for x in _judge_changes(drawn)]
    parts += [_course(run) for run in runs]
    if runs and runs[-1][-1][1] is points[-1]:
        x, point = runs[-1][-1]
        parts.append(f"<circle cx='{x:.1f}' cy='{_y(point.value or 0)}' r='3' fill='{BLUE}'/>")
    return _image(WIDTH, HEIGHT, parts)


def histogram(counts: Sequence[int]) -> str:
    """The rows of each score from the lowest on, as bars; the highest fills the height."""
    most, foot = max([*counts, 1]), HEIGHT - MARGIN
    bars = [
        f"<rect x='{MARGIN + number * (BAR + GAP)}' y='{foot - height:.1f}' width='{BAR}' height='{height:.1f}'"
        f" fill='{BLUE}'/>"
        for number, height in enumerate(max((foot - 1) * count / most, 1.0 if count else 0.0) for count in counts)
    ]
    width = len(counts) * (BAR + GAP) + 2 * MARGIN
    return _image(width, HEIGHT, [*bars, _line(MARGIN, foot, width - MARGIN, foot, GREY)])


def _runs(drawn: Sequence[Drawn], every: timedelta) -> Iterator[list[Drawn]]:
    """What one line connects: windows that follow each other, with values by one judge."""
    run: list[Drawn] = []
    for x, point in drawn:
        if point.value is None:
            continue
        before = run[-1][1] if run else None
        if before and (point.window_start - before.window_start > every or point.fingerprint != before.fingerprint):
            yield run
            run = []
        run.append((x, point))
    if run:
        yield run


def _judge_changes(drawn: Sequence[Drawn]) -> Iterator[float]:
    judged = [(x, point.fingerprint) for x, point in drawn if point.fingerprint is not None]
    for (before, old), (after, new) in pairwise(judged):
        if old != new:
            yield (before + after) / 2


def _band(run: Sequence[Drawn]) -> str:
    edges = [(x, one.low, one.high) for x, one in run if one.low is not None and one.high is not None]
    if len(edges) == 1:
        ((x, low, high),) = edges
        return _line(x, _y(low), x, _y(high), BLUE, "stroke-opacity='.4' stroke-width='4'")
    upper = [f"{x:.1f},{_y(high)}" for x, _, high in edges]
    lower = [f"{x:.1f},{_y(low)}" for x, low, _ in reversed(edges)]
    return f"<polygon points='{' '.join([*upper, *lower])}' fill='{BLUE}' fill-opacity='.4'/>"


def _course(run: Sequence[Drawn]) -> str:
    if len(run) == 1:
        ((x, one),) = run
        return f"<circle cx='{x:.1f}' cy='{_y(one.value or 0)}' r='1.5' fill='{BLUE}'/>"
    points = " ".join(f"{x:.1f},{_y(one.value or 0)}" for x, one in run)
    return f"<polyline points='{points}' fill='none' stroke='{BLUE}' stroke-width='1.5'/>"


def _y(value: float) -> float:
    return round(MARGIN + (HEIGHT - 2 * MARGIN) * (1 - min(max(value, 0.0), 1.0)), 1)


def _line(x: float, y: float, x2: float, y2: float, colour: str, more: str = "") -> str:
    return f"<line x1='{x:.1f}' y1='{y:.1f}' x2='{x2:.1f}' y2='{y2:.1f}' stroke='{colour}' {more}/>"


def _image(width: int, height: int, parts: Sequence[str]) -> str:
    """The address of an image; nothing but numbers and names of colours is in it."""
    svg = (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' viewBox='0 0 {width} {height}'>"
        f"{''.join(parts)}</svg>"
    )
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"
