"""The report in a real browser: charts, hover, range, tables, downloads, colours, barriers."""

import csv
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from unicodedata import normalize
from xml.etree import ElementTree as ET

import pytest
from playwright.sync_api import Locator, Page, expect

from tasks.adapters.locations import open_storage
from tasks.adapters.pages import write_assets, write_pages
from tasks.core.report.build import site_pages
from tasks.core.report.overview import card_of, overview_page
from tasks.core.report.places import ASSETS, OVERVIEW_FOLDER, OVERVIEW_PAGE
from tasks.core.report.words import value_of
from tasks.core.spreadsheet import guarded
from tests.builders import HOUR, SIX
from tests.histories import alert, measure, site, window
from tests.servers.browser import serve_folder

HOURS = 48
REVISED = 40
JUDGED_ANEW = 20
HOSTILE = '=cmd|"/c calc"!A0</script><img src=x onerror=alert(1)>'
PAGES = (
    "bot/report/index",
    "bot/report/metric-fluency",
    "bot/report/operations",
    "bot/report/signals",
    "_report/index",
)
RATE = "#rate-fluency"
UNITS = ("share", "score", "rating", "ratio", "dollars", "ms", "seconds", "rows", "tokens")
FIRST = ("", " ", "\t", "\n", "\r", "\u00a0", "\u200b", "\u2028", "\ufeff", "\x00", "'")
SIGNS = [*"=+-@", *(chr(one) for one in range(0x80, 0x10000) if normalize("NFKC", chr(one))[:1] in {*"=+-@"})]
VALUES = (None, 0.0, 0.0000123456, 0.00123456, 0.4, -0.5, 1.0, 12.5, 999.96, 1234.5, 12345678.0)


def hour(number: int) -> Any:
    """Two days of hours with a judge change, a revision, an alert, segments, and other signals."""
    part = {"segment_by": "tier", "segment": HOSTILE, "low": 0.4, "high": 0.6}
    return window(
        number,
        60 + number % 12,
        measure("quality.fluency.pass_rate", 0.5 + number / 1000, **part),
        measure("quality.fluency.pass_rate", 0.6, segment_by="language", segment="en"),
        *(measure(f"operations.latency_ms.{name}", 900.0 + number, unit="ms") for name in ("p50", "p95")),
        measure("operations.latency_ms.p95", 900.0, unit="ms", **part),
        measure("safety.refusal.share", 0.001 * number),
        judge="judge-a-0" if number < JUDGED_ANEW else "judge-b-0",
        revisions=(0, 1) if number == REVISED else (0,),
        alerts=(alert(number, explanation=f"of tier {HOSTILE}"),) if number > REVISED else (),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of a store with the pages of one monitor."""
    folder = tmp_path_factory.mktemp("site")
    made = site(*(hour(number) for number in range(HOURS)), description=HOSTILE)
    root, store = open_storage(folder.as_uri(), create=True), open_storage((folder / "bot").as_uri(), create=True)
    write_assets(store, ASSETS)
    write_pages(store, site_pages(made))
    write_assets(root, f"{OVERVIEW_FOLDER}/assets")
    write_pages(root, {OVERVIEW_PAGE: overview_page([card_of(made)], made.moment)})
    return folder


def open_page(page: Page, folder: Path, place: str = PAGES[0], fragment: str = "") -> None:
    page.goto(f"{(folder / place).as_uri()}.html{fragment}")
    page.wait_for_function("document.documentElement.dataset.ready === 'true'")
    if page.locator("figure.panel").count():
        page.locator("figure.panel").first.scroll_into_view_if_needed()
        page.locator("figure[data-drawn]").first.wait_for()


def table_of(page: Page, panel: str) -> list[list[str]]:
    """The rows of a panel's table, which is built when it is opened."""
    page.locator(f"{panel} details.figures summary").click()
    page.locator(f"{panel} tbody tr").first.wait_for()
    return [row.locator("td").all_inner_texts() for row in page.locator(f"{panel} tbody tr").all()]


def hovered(page: Page, panel: str, number: int) -> Locator:
    """What is told with the mouse over an hour of a chart."""
    chart = page.locator(f"{panel} .chart")
    chart.scroll_into_view_if_needed()
    page.locator(f"{panel}[data-drawn]").wait_for()
    at = chart.evaluate(
        "(place, time) => echarts.getInstanceByDom(place).convertToPixel('grid', [time, 0.5])",
        (SIX + number * HOUR).timestamp() * 1000,
    )
    chart.hover(position={"x": at[0], "y": at[1]})
    return page.locator(f"{panel} .tip")


@pytest.mark.parametrize("place", PAGES)
def test_every_page_opens_from_disk_and_from_a_server_without_a_fault(page: Page, folder: Path, place: str) -> None:
    open_page(page, folder, place)
    with serve_folder(folder) as url:
        page.goto(f"{url}/{place}.html")
        page.wait_for_function("document.documentElement.dataset.ready === 'true'")
        charts = page.locator("figure.panel:visible")
        for number in range(charts.count()):
            charts.nth(number).scroll_into_view_if_needed()
            charts.nth(number).locator("svg path").first.wait_for(state="attached")
        assert charts.count() == charts.locator("svg").count()


def test_hovering_tells_the_value_its_interval_the_judge_and_the_revision(page: Page, folder: Path) -> None:
    open_page(page, folder)
    tip = hovered(page, RATE, REVISED)
    expect(tip).to_contain_text("2026-11-21 22:00 UTC")
    expect(tip).to_contain_text(value_of(0.64, "share"))
    expect(tip).to_contain_text("n = 100 · revision 1 · judge judge-b-")


def test_no_line_joins_two_judges_or_crosses_a_gap(page: Page, folder: Path) -> None:
    open_page(page, folder)
    expect(page.locator(f"{RATE} svg text", has_text="judge changed")).to_have_count(1)
    runs = page.evaluate(
        """() => {
          const hour = 3600000, point = (time, value, judge) => [time * hour, value, null, null, 9, 0, judge];
          const points = [point(0, 1, "a"), point(1, 1, "a"), point(2, 1, "b"), point(3, null, "b"), point(4, 1, "b"),
                          point(9, 1, "b"), point(10, 1, "b")];
          return genwatch.runs(points, hour).map((run) => run.map((one) => one[0] / hour));
        }"""
    )
    assert runs == [[0, 1], [2], [4], [9, 10]]


def test_a_range_holds_for_every_chart_and_table_and_goes_with_the_links(page: Page, folder: Path) -> None:
    open_page(page, folder)
    rows = page.locator("#windows-table tbody tr:visible")
    assert rows.count() == HOURS
    page.get_by_role("button", name="last 24 h").click()
    assert rows.count() == 24
    assert page.url.endswith("#t=24h")
    assert len(table_of(page, RATE)) == 24
    page.get_by_role("link", name="Operations").first.click()
    expect(page.get_by_role("button", name="last 24 h")).to_have_attribute("aria-pressed", "true")
    assert len(table_of(page, "#operations-latency_ms-ms")) == 2 * 24


def test_a_range_from_one_time_to_another_is_kept_in_the_address(page: Page, folder: Path) -> None:
    open_page(page, folder)
    page.get_by_label("from").fill("2026-11-21T06:00")
    page.get_by_label("to", exact=True).fill("2026-11-21T12:00")
    page.get_by_label("to", exact=True).blur()
    assert page.url.endswith("#t=2026-11-21T06:00~2026-11-21T12:00")
    page.reload()
    page.wait_for_function("document.documentElement.dataset.ready === 'true'")
    assert page.locator("#windows-table tbody tr:visible").count() == 6


@pytest.mark.parametrize("fragment", ["#t=__proto__", "#t=x~y", "#t=<img src=x onerror=alert(1)>", "#metrics", "#"])
def test_a_fragment_that_is_no_range_shows_all(page: Page, folder: Path, fragment: str) -> None:
    open_page(page, folder, fragment=fragment)
    assert page.locator("#windows-table tbody tr:visible").count() == HOURS
    expect(page.get_by_role("button", name="all", exact=True)).to_have_attribute("aria-pressed", "true")


def test_the_table_of_a_chart_has_its_figures_the_newest_first(page: Page, folder: Path) -> None:
    open_page(page, folder)
    newest, *_, oldest = table_of(page, RATE)
    assert (newest[0], newest[1]) == ("2026-11-22 05:00", value_of(0.71, "share"))
    assert (oldest[0], oldest[1], oldest[-1]) == ("2026-11-20 06:00", value_of(0.6, "share"), "judge-a-")


def test_figures_are_written_by_the_script_as_by_the_pages(page: Page, folder: Path) -> None:
    open_page(page, folder)
    asked = [[value, unit] for unit in UNITS for value in VALUES]
    shown = page.evaluate("(asked) => asked.map(([value, unit]) => genwatch.value(value, unit))", asked)
    assert shown == [value_of(value, unit) for unit in UNITS for value in VALUES]


def download(page: Page, panel: str, kind: str) -> bytes:
    with page.expect_download() as found:
        page.locator(f"{panel} .downloads button", has_text=kind).click()
    return found.value.path().read_bytes()


def test_a_chart_is_downloaded_as_csv_in_which_no_name_is_a_formula(page: Page, folder: Path) -> None:
    open_page(page, folder, PAGES[1])
    page.get_by_label("Segments by").select_option(label="tier")
    table_of(page, "#segments-0")
    rows = list(csv.reader(download(page, "#segments-0", "CSV").decode("utf-8-sig").splitlines()))
    assert rows[0] == ["window_start", "series", "value", "low", "high", "n", "revision", "judge"]
    assert rows[1] == ["2026-11-22T05:00:00.000Z", f"'{HOSTILE}", "0.547", "0.4", "0.6", "100", "0", "judge-b-"]
    assert len(rows) == 1 + HOURS


def test_a_cell_is_guarded_by_the_script_as_by_the_commands(page: Page, folder: Path) -> None:
    open_page(page, folder)
    texts = [f"{before}{sign}1" for before in FIRST for sign in ["", *SIGNS]] + ["", "a=1", "1+1", "é"]
    cells = page.evaluate("(texts) => texts.map((text) => genwatch.csv([[text]]))", texts)
    assert ["".join(*csv.reader(StringIO(cell, newline=""))) for cell in cells] == [guarded(text) for text in texts]


def test_a_chart_is_downloaded_as_an_image(page: Page, folder: Path) -> None:
    open_page(page, folder)
    table_of(page, RATE)
    assert ET.fromstring(download(page, RATE, "SVG")).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314
    assert download(page, RATE, "PNG").startswith(b"\x89PNG")


def test_a_hostile_name_is_text_in_charts_tables_and_tips(page: Page, folder: Path) -> None:
    open_page(page, folder, PAGES[1])
    page.locator("#segments-0").scroll_into_view_if_needed()
    expect(page.locator("#segments-0 svg")).to_contain_text(HOSTILE)
    expect(hovered(page, "#segments-0", REVISED)).to_contain_text("54.0%")
    open_page(page, folder)
    expect(hovered(page, RATE, HOURS - 2)).to_contain_text("<img src=x onerror=alert(1)>")
    assert page.locator("img").count() == 0


def test_one_of_several_panels_is_chosen(page: Page, folder: Path) -> None:
    open_page(page, folder, PAGES[1])
    assert page.locator("#segments-1").is_hidden()
    page.get_by_label("Segments by").select_option(label="language")
    page.locator("#segments-1").scroll_into_view_if_needed()
    page.locator("#segments-1[data-drawn]").wait_for()
    assert page.locator("#segments-0").is_hidden()


def test_charts_take_the_colours_of_a_dark_screen_as_they_change(page: Page, folder: Path) -> None:
    open_page(page, folder)
    stroke = page.locator(f"{RATE} svg path[stroke-dasharray]").first
    light = stroke.get_attribute("stroke")
    page.emulate_media(color_scheme="dark")
    expect(stroke).not_to_have_attribute("stroke", light or "")


@pytest.mark.parametrize("place", PAGES)
def test_nothing_bars_the_way_in_light_or_dark(
    page: Page, folder: Path, find_barriers: Callable[[Page], list[str]], place: str
) -> None:
    open_page(page, folder, place)
    for summary in page.locator("details > summary:visible").all()[:4]:
        summary.click()
    assert find_barriers(page) == []
    page.emulate_media(color_scheme="dark")
    assert find_barriers(page) == []


@pytest.mark.parametrize("place", PAGES)
def test_a_phone_scrolls_down_only(page: Page, folder: Path, place: str) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    open_page(page, folder, place)
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_what_is_printed_has_every_table(page: Page, folder: Path) -> None:
    open_page(page, folder, PAGES[2])
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    panels = page.locator("figure.panel:visible")
    assert page.locator("figure.panel:visible table").count() == panels.count()
    assert page.locator("figure[data-drawn]").count() == panels.count()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details.figures[open]").count() == 0


def test_charts_are_printed_in_the_colours_of_paper_and_as_wide_as_it(page: Page, folder: Path) -> None:
    open_page(page, folder)
    stroke = page.locator(f"{RATE} svg path[stroke-dasharray]").first
    of_paper = stroke.get_attribute("stroke")
    page.emulate_media(color_scheme="dark")
    expect(stroke).not_to_have_attribute("stroke", of_paper or "")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert stroke.get_attribute("stroke") == of_paper
    page.emulate_media(media="print", color_scheme="dark")
    page.locator(f"{RATE} .chart").evaluate("(place) => (place.style.width = '100px')")
    assert page.locator(f"{RATE} svg").evaluate("(svg) => svg.getBoundingClientRect().width") <= 100
    page.emulate_media(media="screen", color_scheme="dark")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(stroke).not_to_have_attribute("stroke", of_paper or "")


def test_a_monitor_falls_silent_while_the_page_is_open_or_lies_about(page: Page, folder: Path) -> None:
    silent_from = SIX + HOURS * HOUR + 3 * HOUR + HOUR / 4
    page.clock.set_fixed_time(silent_from - timedelta(minutes=1))
    open_page(page, folder, PAGES[4])
    assert page.get_by_text("silent since 2026-11-22 06:00").is_hidden()
    page.clock.set_fixed_time(silent_from)
    open_page(page, folder, PAGES[4])
    assert page.get_by_text("silent since 2026-11-22 06:00").is_visible()
