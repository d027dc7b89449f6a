"""A panel: one chart and its table as plain values; the script of the pages draws any of them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Final

from tasks.core.verdict import Direction

DIGITS: Final = 6  # significant ones of what is no whole number


class Kind(StrEnum):
    """How a panel is drawn."""

    LINES = "lines"
    BARS = "bars"
    HISTOGRAM = "histogram"
    SCATTER = "scatter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """The value of one window; `judge` is the fingerprint of the judge who gave it, None where nobody judged."""

    time: datetime
    value: float | None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    revision: int = 0
    judge: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """One thing in a plane; its name is logged text."""

    name: str
    x: float
    y: float
    n: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """What is drawn in one colour: `points` over time, `values` by the panel's labels, or `dots` in a plane.

    `tone` is a name of the style sheet, such as `ok` or `breach`; None leaves the colour to the script.
    """

    name: str
    points: Sequence[Point] = ()
    values: Sequence[float | None] = ()
    dots: Sequence[Dot] = ()
    tone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A dashed line at what is still good, with its text; `direction` is the side that is good, `min` or `max`."""

    value: float
    direction: Direction
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A shaded time, such as that in which an alert was open."""

    start: datetime
    end: datetime
    text: str
    severity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """A time across which values cannot be compared, and why."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A chart: `unit` is that of its values, `labels` name the bars of a histogram, `axes` the two of a plane.

    Of the panels of one `choice`, one is shown at a time, named `chosen` in the list to choose from.
    """

    id: str
    title: str
    unit: str
    kind: Kind
    series: Sequence[Series]
    limits: Sequence[Limit] = ()
    spans: Sequence[Span] = ()
    breaks: Sequence[Break] = ()
    labels: Sequence[str] = ()
    axes: tuple[str, str] = ("", "")
    note: str = ""
    choice: str = ""
    chosen: str = ""

    @property
    def has_values(self) -> bool:
        """Whether there is anything to draw."""
        return any(
            one.dots or any(point.value is not None for point in one.points) or any(value for value in one.values)
            for one in self.series
        )


def judge_breaks(points: Sequence[Point]) -> list[Break]:
    """Where a point was given by another judge than the last one before it that was judged."""
    judged = [point for point in points if point.judge is not None]
    return [
        Break(at=now.time, text=f"judge changed from {before.judge[:8]} to {now.judge[:8]}")
        for before, now in pairwise(judged)
        if before.judge is not None and now.judge is not None and before.judge != now.judge
    ]


def as_json(panel: Panel) -> Mapping[str, object]:
    """The panel as the script reads it: times in milliseconds, a point as a list, whole numbers as they are."""
    return {
        "id": panel.id,
        "title": panel.title,
        "unit": panel.unit,
        "kind": panel.kind.value,
        "series": [_series(one) for one in panel.series],
        "limits": [{"value": one.value, "direction": one.direction.value, "text": one.text} for one in panel.limits],
        "spans": [
            {"start": _ms(one.start), "end": _ms(one.end), "text": one.text, "severity": one.severity}
            for one in panel.spans
        ],
        "breaks": [{"at": _ms(one.at), "text": one.text} for one in panel.breaks],
        "labels": list(panel.labels),
        "axes": list(panel.axes),
        "named": bool(panel.choice) or len(panel.series) > 1,
    }


def _series(series: Series) -> Mapping[str, object]:
    return {
        "name": series.name,
        "tone": series.tone,
        "points": [
            [
                _ms(one.time),
                _number(one.value),
                _number(one.low),
                _number(one.high),
                one.n,
                one.revision,
                None if one.judge is None else one.judge[:8],
            ]
            for one in series.points
        ],
        "values": [_number(one) for one in series.values],
        "dots": [[one.name, _number(one.x), _number(one.y), one.n] for one in series.dots],
    }


def _ms(time: datetime) -> int:
    return round(time.timestamp() * 1000)


def _number(value: float | None) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return int(value) if value == int(value) else float(f"{value:.{DIGITS}g}")
