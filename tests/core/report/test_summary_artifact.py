"""The summary and the tables as Prefect's page gets them, with logged text that would like to be more than text."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from markdown_it import MarkdownIt

from tasks.core.report.measure_table import measure_table
from tasks.core.report.summary import MOST_BYTES, summary, worst_rows
from tasks.core.report.view import Failure, Point, ReportView
from tasks.core.verdict import Direction, State, Verdict
from tests.builders import SIX
from tests.core.report.test_summary import point, view

HOSTILE = [
    "![x](http://evil.example/x.png)",
    "[click](javascript:alert(1))",
    "[click]: http://evil.example",
    "<img src=x onerror=alert(1)>",
    "<a href='http://evil.example'>here</a>",
    "<http://evil.example>",
    "http://evil.example www.evil.example evil@evil.example",
    "| a | b |\n|---|---|\n| c | d |",
    "\n\n# A heading\n\n- a list",
    "```\ncode\n```",
    "![x][y]\n\n[y]: data:image/svg+xml;base64,AAAA",
    "<svg onload=alert(1)>",
    "\u202e\u2066right to left",
]


def rendered(text: str) -> str:
    """As GitHub's dialect has it; every address is let through."""
    page = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    page.validateLink = lambda _url: True  # type: ignore[method-assign]
    return str(page.render(text))


def hostile_view(text: str) -> ReportView:
    found = view(point(0, 0.7), point(1, 0.6))
    verdict = Verdict(
        address=f"quality.fluency.pass_rate[version={text}]",
        value=0.5,
        low=0.4,
        high=0.6,
        n=10,
        limit=0.7,
        direction=Direction.MIN,
        state=State.BREACH,
        explanation=f"fluency pass rate of version {text} 0.500 is below 0.7: breach",
        segment_by="version",
        segment=text,
    )
    manifest = found.manifest.model_copy(update={"warnings": (text,), "findings": (f"{text} is the weakest slice",)})
    return replace(found, manifest=manifest, other_verdicts=(verdict,))


@pytest.mark.parametrize("text", HOSTILE)
def test_logged_text_in_the_summary_is_text(text: str) -> None:
    page = rendered(summary(hostile_view(text)))
    plain_page = rendered(summary(hostile_view("harmless")))

    def marks(html: str) -> list[str]:
        return re.findall(r"<(\w+)", html)

    assert marks(page) == marks(plain_page)
    addresses = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert addresses
    assert all(one.startswith("data:image/svg+xml;base64,PHN2Zy") for one in addresses)
    assert "<a" not in page
    assert not re.search(r"https?://|www\.\w|\w@\w", re.sub(r"\\.", "", summary(hostile_view(text))))


def test_each_metric_has_its_trend_and_its_histogram_with_words_for_who_cannot_see_them() -> None:
    page = rendered(summary(view(point(0, 0.7), point(1, 0.6))))
    assert re.findall(r'alt="([^"]*)"', page) == [
        "fluency, pass rate of 2 windows, from 0.70 to 0.60",
        "fluency, rows by score: 40, 0, 0, 0, 60",
    ]


def test_a_summary_of_many_metrics_over_many_windows_stays_within_what_prefect_shows() -> None:
    found = view(*(point(hour, 0.5 + (hour % 7) / 20, f"judge-{hour // 16}") for hour in range(48)))
    many = replace(found, metrics=[found.metrics[0]] * 60, other_verdicts=hostile_view("x").other_verdicts * 1500)
    written = summary(many)
    assert len(written.encode()) <= MOST_BYTES + 100
    assert written.endswith("_There is more in the report._")
    assert written.count("| fluency | 60.0%") == 60
    few = summary(replace(found, metrics=[found.metrics[0]] * 8))
    assert few.count("data:image") == 16


def test_a_window_without_a_history_has_no_chart() -> None:
    written = summary(view())
    assert "data:image" not in written
    assert "| 🔴 breach | – |\n\n-" in written


def test_the_lowest_scored_are_short_lines() -> None:
    failure = Failure(
        interaction_id="a\nb",
        event_time=SIX,
        metric="fluency",
        score=1.0,
        reason="bad\x1b[2J",
        texts={"prompt": "x" * 500, "completion": "one\n\n# two"},
    )
    (row,) = worst_rows([failure])
    assert (row["interaction"], row["completion"], len(row["prompt"])) == ("a b", "one \\# two", 100)
    assert "\x1b" not in row["reason"]


@pytest.mark.parametrize("text", HOSTILE)
def test_logged_text_in_a_cell_of_a_table_is_text_as_prefect_reads_cells_as_markdown(text: str) -> None:
    failure = Failure(
        interaction_id=text, event_time=SIX, metric="fluency", score=1.0, reason=text, texts={"prompt": text}
    )
    (worst,) = worst_rows([failure])
    (measured,) = measure_table([], hostile_view(text).other_verdicts)
    for cell in (worst["interaction"], worst["reason"], worst["prompt"], measured["segment"]):
        assert re.findall(r"<(?!/?p>)", rendered(cell)) == []
        assert not re.search(r"https?://|www\.\w|\w@\w", re.sub(r"\\.", "", cell))


def test_the_table_of_measures_begins_with_what_is_in_breach_and_has_at_most_200_rows() -> None:
    found = hostile_view("a\nb")
    measures = [found.metrics[0].coverage, found.metrics[0].pass_rate, found.metrics[0].mean]
    ok = replace(found.other_verdicts[0], state=State.OK, address="quality.fluency.coverage", segment_by=None)
    rows = measure_table(measures, [ok, *found.other_verdicts])
    assert [(row["measure"], row["segment"], row["verdict"]) for row in rows] == [
        ("quality.fluency.pass_rate", "version a b", "breach"),
        ("quality.fluency.coverage", "", "ok"),
        ("quality.fluency.pass_rate", "", "watched"),
        ("quality.fluency.mean", "", "watched"),
    ]
    assert rows[1]["limit"] == "≥ 70.0%"
    assert {tuple(row) for row in rows} == {("measure", "verdict", "value", "limit", "interval", "rows", "segment")}
    assert len(measure_table(measures * 300, [])) == 200


def test_the_points_of_a_trend_are_those_of_the_metric() -> None:
    last = Point(window_start=SIX + timedelta(hours=2), value=None, low=None, high=None, n=0, fingerprint=None)
    assert "from 0.70 to 0.60" in summary(view(point(0, 0.7), point(1, 0.6), last))
