from dataclasses import replace
from typing import Any

import pytest

from tasks.core.drift.tokens import TokenDrift
from tasks.core.report.build import site_pages
from tasks.core.report.drift_page import drift_pages
from tasks.core.report.versions_page import versions_pages
from tests.core.report.test_pages import HOSTILE, Read
from tests.histories import measure, site, window

PLACE = "report/drift.html"


def token(text: str, *, before: float = 0.1, now: float = 0.4, part: float = 0.2) -> TokenDrift:
    return TokenDrift(token=text, share_before=before, share_now=now, contribution=part / 10, part=part)


def drifted(hour: int, p_value: float | None = 0.004, *more: Any, **fields: Any) -> Any:
    return window(
        hour,
        90,
        measure("drift.prompt.auc", None if p_value is None else 0.8, low=0.7, high=0.9, unit="ratio"),
        measure("drift.prompt.p_value", p_value, unit="ratio"),
        *more,
        **fields,
    )


def column(name: str, js: float | None, importance: float | None) -> list[Any]:
    return [
        measure(f"drift.{name}.js", js, unit="ratio"),
        measure(f"drift.{name}.importance", importance, unit="ratio"),
    ]


def view_of(*windows: Any, **fields: Any) -> Any:
    (page,) = drift_pages(site(*windows, **fields))
    return page.view


def text_of(*windows: Any, **fields: Any) -> str:
    return Read(site_pages(site(*windows, **fields))[PLACE]).text


def test_there_is_no_page_of_drift_where_none_is_measured() -> None:
    assert drift_pages(site()) == []
    assert drift_pages(site(window(0))) == []
    assert drift_pages(site(drifted(0), window(1))) == [], "the newest window has none"


def test_words_are_shown_where_the_texts_differ_with_their_part_and_shares() -> None:
    view = view_of(drifted(0), words={"prompt": [token("kettle"), token("refund", before=0.5, now=0.0)]})
    assert view.drawn == {"prompt": [["kettle", 0.2, 0.1, 0.4], ["refund", 0.2, 0.5, 0.0]]}
    assert "has to do with the drift (p = 0.004)" in text_of(drifted(0), words={"prompt": [token("kettle")]})


@pytest.mark.parametrize(
    ("p_value", "sentence"),
    [
        (0.05, "cannot be told from the baseline's (p = 0.050); words that differ are chance"),
        (None, "Too few prompts to be told from the baseline's"),
    ],
)
def test_words_that_are_chance_are_not_in_the_page(p_value: float | None, sentence: str) -> None:
    words = {"prompt": [token("kettle")]}
    assert view_of(drifted(0, p_value), words=words).drawn == {}
    html = site_pages(site(drifted(0, p_value), words=words))[PLACE]
    assert sentence in Read(html).text
    assert "kettle" not in html


def test_a_store_without_words_has_a_page_without_clouds() -> None:
    assert view_of(drifted(0), words={}).clouds == []
    assert "Words of" not in text_of(drifted(0), words={})


def test_a_word_is_text_in_the_page() -> None:
    page = Read(site_pages(site(drifted(0), words={"prompt": [token(HOSTILE)]}))[PLACE])
    assert page.of("img") == []
    assert [one["id"] for one in page.of("script") if "id" in one] == ["words", "drawn"]


def test_the_columns_that_are_farthest_are_drawn_and_all_lie_against_their_importance() -> None:
    far = [one for number in range(10) for one in column(f"column_{number}", number / 10, 0.5)]
    lines, plane = view_of(drifted(0, 0.004, *far)).columns
    assert [one.name for one in lines.series] == [f"column {number}" for number in range(9, 1, -1)]
    assert lines.note.endswith("The 8 farthest of 10.")
    assert [(dot.name, dot.x, dot.y) for dot in plane.series[0].dots][:2] == [
        ("column 0", 0.5, 0.0),
        ("column 1", 0.5, 0.1),
    ]


def test_a_column_whose_importance_or_distance_is_not_known_is_no_dot() -> None:
    known = [*column("a", 0.5, None), *column("b", None, 0.5), *column("c", 0.5, 0.5)]
    (dots,) = [one for one in view_of(drifted(0, 0.004, *known)).columns if one.id == "importance"]
    assert [dot.name for dot in dots.series[0].dots] == ["c"]


def test_topics_are_named_by_their_words_the_largest_first() -> None:
    share = {"segment_by": "topic", "unit": "share"}
    topics = [
        measure("drift.topic.share", 0.1, segment=HOSTILE, **share),
        measure("drift.topic.share", 0.6, segment="order · cancel", **share),
    ]
    first, *_ = view_of(drifted(0, 0.004, *topics)).topics
    assert [one.name for one in first.series] == ["order · cancel", HOSTILE]


def test_a_shift_of_scores_begins_where_there_is_something_before_and_breaks_at_another_judge() -> None:
    shift = "drift.fluency.mean_shift"
    hours = [drifted(hour, 0.004, measure(shift, hour / 10 or None, unit="score")) for hour in range(3)]
    anew = drifted(3, 0.004, measure(shift, 0.3, unit="score"), judge="judge-b-0")
    (panel,) = view_of(*hours, anew).scores
    assert [(point.value, point.judge) for point in panel.series[0].points] == [
        (0.1, "judge-a-0"),
        (0.2, "judge-a-0"),
        (0.3, "judge-b-0"),
    ]
    assert [one.at for one in panel.breaks] == [anew.window.start]


def compared(value: float | None, low: float | None, high: float | None, p_value: float | None) -> Any:
    part = {"segment_by": "model_version", "segment": "v2 vs v1"}
    stem = "comparison.fluency.pass_rate"
    made = window(
        0,
        90,
        measure(f"{stem}_difference", value, low=low, high=high, **part),
        measure(f"{stem}_p_value", p_value, unit="ratio", **part),
        measure(f"{stem}_rows_needed", 240, unit="rows", **part),
        *(measure("quality.fluency.pass_rate", 0.5, segment_by="model_version", segment=one) for one in ("v1", "v2")),
    )
    findings = ("fluency pass rate of v2 is 0.21 below that of v1 (n = 9): worse", "errors are worse")
    return replace(made, manifest=made.manifest.model_copy(update={"findings": findings}))


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ((-0.2, -0.3, -0.1, 0.004), "lower"),
        ((0.2, 0.1, 0.3, 0.004), "higher"),
        ((0.2, -0.1, 0.3, 0.004), "cannot be told apart"),
        ((0.2, 0.1, 0.3, 0.05), "cannot be told apart"),
        ((0.0, 0.0, 0.0, 0.004), "cannot be told apart"),
        ((None, None, None, 0.004), "not compared"),
        ((0.2, 0.1, 0.3, None), "not compared"),
    ],
)
def test_versions_differ_where_p_is_small_and_the_interval_has_no_zero(found: Any, told: str) -> None:
    (page,) = versions_pages(site(compared(*found)))
    view: Any = page.view
    assert [(row.versions, row.name, row.told) for row in view.rows] == [("v2 vs v1", "fluency pass rate", told)]


def test_the_page_of_versions_has_its_sentences_rates_and_differences_in_points() -> None:
    text = Read(site_pages(site(compared(-0.2, -0.3, -0.1, 0.004)))["report/versions.html"]).text
    assert "below that of v1 (n = 9): worse" in text
    assert "errors are worse" not in text.split("The newest window")[0]
    assert "v2 vs v1 fluency pass rate −20.0 points −30.0 points to −10.0 points 0.004 lower 240 100" in text
    (page,) = versions_pages(site(compared(-0.2, -0.3, -0.1, 0.004)))
    assert [[one.name for one in panel.series] for panel in page.panels] == [["v1", "v2"], ["v2 vs v1"]]
    assert [panel.unit for panel in page.panels] == ["share", "points"]


def test_there_is_no_page_of_versions_where_none_are_compared() -> None:
    assert versions_pages(site()) == []
    assert versions_pages(site(window(0))) == []
