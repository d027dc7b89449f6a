import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.alert import Status
from tasks.core.report.history import History
from tasks.core.report.measure_rows import measure_rows, within
from tasks.core.report.metric_pages import judge_history, metric_pages
from tasks.core.report.monitor_page import rate_panel
from tasks.core.report.panel import Kind, Panel, Point, Series, as_json
from tasks.core.report.signal_pages import operations_pages, signal_pages
from tasks.core.report.sparkline import WIDTH, spark, track
from tasks.core.verdict import Direction
from tests.builders import FLUENCY, HOUR, SIX
from tests.histories import alert, measure, site, window

ADDRESS = "quality.fluency.pass_rate"


def document(panel: Panel) -> Any:
    return json.loads(json.dumps(as_json(panel), allow_nan=False))


def titles(pages: Any) -> dict[str, list[str]]:
    return {panel.title: [one.name for one in panel.series] for panel in pages[0].panels}


def test_a_panel_marks_where_the_judge_changed_and_every_point_knows_its_judge() -> None:
    history = History.of([window(0), window(1), window(2, judge="judge-b-0"), window(3, judge="judge-a-0")])
    panel = rate_panel(FLUENCY, history)
    assert [one.text for one in panel.breaks] == [
        "judge changed from judge-a- to judge-b-",
        "judge changed from judge-b- to judge-a-",
    ]
    assert [one.at for one in panel.breaks] == [SIX + 2 * HOUR, SIX + 3 * HOUR]
    assert [point[6] for point in document(panel)["series"][0]["points"]] == ["judge-a-"] * 2 + ["judge-b-", "judge-a-"]


def test_a_window_without_a_judge_is_no_change_of_judges() -> None:
    silent = window(1)
    unjudged = replace(silent, manifest=silent.manifest.model_copy(update={"fingerprints": {}}))
    assert rate_panel(FLUENCY, History.of([window(0), unjudged, window(2)])).breaks == []


def test_a_panel_has_the_limit_of_the_newest_window_with_its_good_side() -> None:
    (limit,) = rate_panel(FLUENCY, History.of([window(0)])).limits
    assert (limit.value, limit.direction, limit.text) == (0.7, Direction.MIN, "at least 70.0%")


def test_an_alert_is_a_span_of_the_windows_that_left_it_open() -> None:
    states = [None, Status.PENDING, Status.OPEN, Status.ACKNOWLEDGED, Status.RECOVERED, Status.OPEN]
    history = History.of(
        [window(hour, alerts=() if state is None else (alert(hour, state),)) for hour, state in enumerate(states)]
    )
    spans = [(one.start, one.end) for one in history.spans(ADDRESS)]
    assert spans == [(SIX + 2 * HOUR, SIX + 4 * HOUR), (SIX + 5 * HOUR, SIX + 6 * HOUR)]
    assert history.spans("quality.coherence.pass_rate") == []


def test_an_alert_goes_on_over_a_window_that_was_run_late() -> None:
    late = replace(window(1), alerts=None)
    history = History.of([window(0, alerts=(alert(0),)), late, window(2, alerts=(alert(2),)), window(3)])
    assert [(one.start, one.end) for one in history.spans(ADDRESS)] == [(SIX, SIX + 3 * HOUR)]


def test_only_windows_that_follow_each_other_by_one_judge_are_one_run() -> None:
    hours = (0, 1, 4, 5)
    history = History.of([*(window(hour) for hour in hours), window(6, judge="judge-b-0")])
    assert history.runs(ADDRESS) == [0, 0, 1, 1, 2]
    assert history.runs("quality.fluency.nothing") == []


def test_what_is_made_of_scores_is_not_joined_across_judges() -> None:
    of_scores = [measure("comparison.fluency.pass_rate_difference", 0.1), measure("drift.fluency.mean_shift", 0.1)]
    other = measure("operations.latency_ms.p95", 0.1)
    history = History.of([window(0, 90, *of_scores, other), window(1, 90, *of_scores, other, judge="judge-b-0")])
    for one in of_scores:
        assert history.runs(one.address) == [0, 1]
        assert len(history.breaks(one.address)) == 1
    assert history.runs(other.address) == [0, 0]


@pytest.mark.parametrize(("count", "rest"), [(8, None), (200, "; the table below has all."), (201, ".")])
def test_segments_that_are_not_drawn_are_told_and_where_they_are(count: int, rest: str | None) -> None:
    parts = [measure(ADDRESS, 0.5, segment_by="tier", segment=str(number)) for number in range(count)]
    (page,) = metric_pages(site(window(0, 90, *parts)))
    (panel,) = [one for one in page.panels if one.choice]
    assert panel.note == ("" if rest is None else f"The 8 largest of {count} segments{rest}")


def test_an_alert_on_a_segment_is_shown_where_the_measure_is() -> None:
    left = alert(0, address=f"{ADDRESS}[tier=free]")
    (span,) = History.of([window(0, alerts=(left,))]).spans(ADDRESS)
    assert span.text.startswith(f"alert {left.id}: fluency pass rate")


def test_a_revision_and_a_missing_value_travel_to_the_script_as_they_are() -> None:
    panel = rate_panel(FLUENCY, History.of([window(0, None), window(1, revisions=(0, 1, 2))]))
    missing, revised = document(panel)["series"][0]["points"]
    assert missing[1:6] == [None, None, None, 0, 0]
    assert (revised[1], revised[5]) == (0.9, 2)


def test_a_count_is_not_rounded_and_what_is_not_finite_is_absent() -> None:
    values = (12_345_678.0, 0.123456789, float("nan"), float("inf"), None)
    points = [Point(time=SIX, value=value) for value in values]
    panel = Panel(id="x", title="x", unit="rows", kind=Kind.LINES, series=[Series(name="x", points=points)])
    assert [one[1] for one in document(panel)["series"][0]["points"]] == [12345678, 0.123457, None, None, None]


def test_labels_beside_the_rate_are_series_of_their_own() -> None:
    corrected = measure("quality.fluency.pass_rate_corrected", 0.8, low=0.7, high=0.9)
    panel = rate_panel(FLUENCY, History.of([window(0), window(1, 90, corrected)]))
    assert {one.name: len(one.points) for one in panel.series} == {"pass rate": 2, "corrected by labels": 1}


def test_levels_of_one_thing_share_a_panel_and_sums_have_their_own() -> None:
    def beside(hour: int) -> Any:
        names = {"p50": 800, "p95": 2000, "sum": 90_000}
        return window(
            hour,
            90,
            *(measure(f"operations.latency_ms.{name}", value + hour, unit="ms") for name, value in names.items()),
            measure("operations.errors.share", 0.01 * (hour + 1)),
            measure("operations.errors.timeout_share", 0.0),
        )

    pages = operations_pages(site(beside(0), beside(1)))
    found = titles(pages)
    assert found["Latency"] == ["p50", "p95"]
    assert found["Latency sum"] == ["sum"]
    assert found["Errors share"] == ["share"], "a share that is nought throughout has no line"
    assert found["Cost of the evaluator"] == ["cost"]


def test_what_has_no_limit_and_never_changes_is_a_row_and_no_panel() -> None:
    def beside(hour: int) -> Any:
        return window(hour, 90, measure("safety.refusal.share", 0.02 * hour), measure("safety.jailbreak.share", 0.0))

    (page,) = signal_pages(site(beside(0), beside(1)))
    assert [panel.title for panel in page.panels] == ["Refusal share"]
    view: Any = page.view
    assert [row.name for row in view.sections[0].rows] == ["refusal share", "jailbreak share"]


def test_a_signal_that_is_not_measured_has_no_page() -> None:
    assert signal_pages(site(window(0))) == []


def test_the_largest_segments_are_drawn_and_all_are_listed() -> None:
    parts = [
        measure("quality.fluency.pass_rate", 0.5, n=10 + number, segment_by="tier", segment=f"tier {number}")
        for number in range(12)
    ]
    (page,) = metric_pages(site(window(0, 90, *parts)))
    view: Any = page.view
    (panel,) = view.by_segment
    assert [one.name for one in panel.series] == [f"tier {number}" for number in range(11, 3, -1)]
    assert panel.note == "The 8 largest of 12 segments; the table below has all."
    assert len(view.segments) == 12


def test_scores_are_stacked_from_the_worst_to_the_best() -> None:
    (page,) = metric_pages(site(window(0)))
    scores = next(panel for panel in page.panels if panel.id == "scores")
    assert [(one.name, one.tone, one.points[0].value) for one in scores.series] == [
        ("1", "t1", 0.1),
        ("2", "t2", 0.0),
        ("3", "t3", 0.0),
        ("4", "t4", 0.0),
        ("5", "t5", 0.9),
    ]


def test_the_judges_of_a_metric_are_told_with_their_windows() -> None:
    history = History.of([window(0), window(1), window(2, judge="judge-b-0")])
    told = [(one.fingerprint, one.first, one.last, one.windows) for one in judge_history("fluency", history)]
    assert told == [("judge-b-0", SIX + 2 * HOUR, SIX + 2 * HOUR, 1), ("judge-a-0", SIX, SIX + HOUR, 2)]


def test_a_mean_score_has_no_sign_and_a_shift_has() -> None:
    shift = measure("drift.fluency.mean_shift", -0.5, unit="score")
    history = History.of([window(0, 90, shift)])
    units: Mapping[str, str] = {row.name: row.unit for row in measure_rows(history.measures_now(), history, within)}
    assert (units["mean"], units["mean shift"]) == ("rating", "score")


def test_a_sparkline_breaks_at_a_gap_and_between_runs() -> None:
    drawn = spark([0.1, 0.2, None, 0.3, 0.4, 0.5], [0, 0, 0, 0, 1, 1], is_share=True)
    assert [piece.count(" ") + 1 for piece in drawn.pieces] == [2, 2, 2], "a lone point is a dot: twice the same"
    assert len(set(drawn.pieces[1].split())) == 1
    assert spark([None, None]).last is None


@given(st.lists(st.none() | st.floats(-1e9, 1e9), max_size=40))
def test_a_sparkline_stays_in_its_frame(values: list[float | None]) -> None:
    pairs = [pair.split(",") for piece in spark(values).pieces for pair in piece.split()]
    assert all(0 <= float(x) <= WIDTH and 0 <= float(y) <= 24 for x, y in pairs)


def test_a_track_keeps_what_lies_outside_within_its_line() -> None:
    drawn = track(measure(ADDRESS, 1.0, low=-0.1, high=1.2), None)
    assert (drawn.value, drawn.low, drawn.high, drawn.limit) == (100, 0, 100, None)
