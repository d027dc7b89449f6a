import base64
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest

from tasks.core.report.trend import histogram, trend
from tasks.core.report.view import Point
from tests.builders import HOUR, SIX

SVG = "{http://www.w3.org/2000/svg}"


def point(hour: int, value: float | None, judge: str | None = "judge-a") -> Point:
    low, high = (None, None) if value is None else (value - 0.1, value + 0.1)
    return Point(window_start=SIX + hour * HOUR, value=value, low=low, high=high, n=10, fingerprint=judge)


def drawn(address: str) -> ET.Element:
    kind, _, data = address.partition(",")
    assert kind == "data:image/svg+xml;base64"
    return ET.fromstring(base64.b64decode(data))  # noqa: S314  our own


def courses(points: list[Point]) -> list[int]:
    """How many points each line has."""
    lines = drawn(trend(points, HOUR, 0.7)).findall(f"{SVG}polyline")
    return [len(str(one.get("points")).split()) for one in lines]


def test_windows_that_follow_each_other_are_one_line_with_a_band_and_a_limit() -> None:
    points = [point(hour, 0.5 + hour / 10) for hour in range(4)]
    image = drawn(trend(points, HOUR, 0.7))
    assert courses(points) == [4]
    assert len(image.findall(f"{SVG}polygon")) == 1
    assert [one.get("y1") for one in image.iter(f"{SVG}line") if one.get("stroke-dasharray") == "4 3"] == ["20.8"]


@pytest.mark.parametrize(
    "points",
    [
        [point(0, 0.5), point(1, 0.5), point(3, 0.5), point(4, 0.5)],
        [point(0, 0.5), point(1, 0.5), point(2, None), point(3, 0.5), point(4, 0.5)],
        [point(0, 0.5), point(1, 0.5), point(2, 0.5, "judge-b"), point(3, 0.5, "judge-b")],
    ],
)
def test_a_missing_window_a_missing_value_and_another_judge_break_the_line(points: list[Point]) -> None:
    assert courses(points) == [2, 2]


def test_a_change_of_the_judge_is_marked_where_it_is() -> None:
    points = [point(0, 0.5), point(1, 0.5), point(2, 0.5, "judge-b")]
    marks = [one for one in drawn(trend(points, HOUR, None)).iter(f"{SVG}line") if one.get("stroke-dasharray")]
    assert [float(str(one.get("x1"))) for one in marks] == [pytest.approx(4 + 320 * 0.75)]


def test_a_window_alone_is_a_point_and_one_without_a_value_is_none() -> None:
    assert drawn(trend([point(0, 0.5)], HOUR, None)).find(f"{SVG}circle") is not None
    assert drawn(trend([point(0, None)], HOUR, 0.7)).find(f"{SVG}circle") is None


def test_everything_lies_within_the_image_whatever_the_interval() -> None:
    points = [point(0, 0.0), point(1, 1.0), point(2, 0.98)]
    band = drawn(trend(points, timedelta(hours=1), 1.0)).find(f"{SVG}polygon")
    assert band is not None
    heights = [float(pair.split(",")[1]) for pair in str(band.get("points")).split()]
    assert min(heights) >= 0
    assert max(heights) <= 64


def test_a_bar_is_as_high_as_its_share_of_the_highest_and_one_row_is_seen_beside_a_thousand() -> None:
    bars = drawn(histogram([1000, 500, 0, 1, 0])).findall(f"{SVG}rect")
    assert [float(str(one.get("height"))) for one in bars] == [59.0, 29.5, 0.0, 1.0, 0.0]
