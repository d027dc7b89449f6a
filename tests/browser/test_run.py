"""The page of a run, in a browser."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tasks.core.alert import AlertBook
from tasks.core.manifest import ReadObject
from tasks.core.report.places import run_page
from tests import histories
from tests.browser.windows import Logged, interaction, judged_rows, reported, said, write
from tests.builders import WINDOW
from tests.servers.browser import serve_folder

PLACE = run_page(WINDOW.key, 0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [interaction(f"call-{number}", channel="web") for number in range(20)]
    reasons = ("malformed_json", "no_correlation_id")
    lines = [
        {
            "object": "s3://logs/" + "deep/" * 20 + "i.jsonl",
            "line": number + 1,
            "reason": reasons[number % 2],
            "content": "{" * 300,
        }
        for number in range(150)
    ]
    logged = Logged(
        rows=rows,
        judged=judged_rows(rows, fluency=said(4.0)),
        quarantine=[*lines, {"object": "s3://logs/x.gz", "line": None, "reason": "truncated_gzip", "content": None}],
        objects=[ReadObject(uri=f"s3://logs/{number}.jsonl", etag="1", size=1_000) for number in range(250)],
        verdicts=histories.window(0).verdicts,
        book=AlertBook(alerts=(histories.alert(0),)),
        changes={
            "status": "breach",
            "warnings": ("Many lines are in quarantine",),
            "findings": ("The web stands out",),
        },
    )
    return write(reported(tmp_path_factory.mktemp("run")), logged)


def test_the_bars_of_a_sum_are_as_long_as_its_parts(page: Page, folder: Path) -> None:
    page.goto((folder / PLACE).as_uri())
    expect(page.locator("figcaption").first).to_have_text("197 lines read = 24 inputs + 23 outputs + 150 quarantined")
    bars = page.locator(".sum").first.locator("rect:not(.ground)")
    lengths = [bar.bounding_box() for bar in bars.all()]
    widths = [length["width"] for length in lengths if length]
    assert [round(width / sum(widths), 2) for width in widths] == [0.12, 0.12, 0.76]


def test_long_lists_are_shown_from_their_beginning_with_how_many_there_are(page: Page, folder: Path) -> None:
    page.goto((folder / PLACE).as_uri())
    expect(page.get_by_text("The first 100 of 151; all are in the store")).to_be_visible()
    expect(page.get_by_text("And 50 more, which the manifest names")).to_be_visible()
    expect(page.get_by_text("fluency pass rate").first).to_be_visible()
    expect(page.get_by_role("link", name="20 interactions")).to_have_attribute("href", "rev=0-interactions.html")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_there_is_no_barrier_and_no_sideways_scrolling(
    page: Page, folder: Path, find_barriers: Callable[[Page], list[str]], scheme: Any, width: int
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    with serve_folder(folder.parent) as url:
        page.goto(f"{url}/{folder.name}/{PLACE}")
        assert find_barriers(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.goto("about:blank")
