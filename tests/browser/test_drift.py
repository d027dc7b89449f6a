"""The page of drift in a real browser: clouds of words with their tips, zoom, table and downloads, and no barriers."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tasks.adapters.locations import open_storage
from tasks.adapters.pages import write_assets, write_pages
from tasks.core.drift.tokens import TokenDrift
from tasks.core.report.build import site_pages
from tasks.core.report.places import ASSETS, DRIFT_PAGE
from tests.histories import measure, site, window

HOSTILE = "=<img src=x onerror=alert(1)>"
WORDS = {"kettle": (0.0, 0.46, 0.4), HOSTILE: (0.1, 0.2, 0.3), "refund": (0.5, 0.1, 0.2), "order": (0.3, 0.2, 0.1)}
CLOUD = 'figure[data-role="prompt"]'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages of a monitor whose prompts have changed."""
    folder = tmp_path_factory.mktemp("drift")
    measures = [measure("drift.prompt.auc", 0.8, unit="ratio"), measure("drift.prompt.p_value", 0.004, unit="ratio")]
    words = [
        TokenDrift(token=token, share_before=before, share_now=now, contribution=0.1, part=part)
        for token, (before, now, part) in WORDS.items()
    ]
    store = open_storage(folder.as_uri(), create=True)
    write_assets(store, ASSETS)
    write_pages(store, site_pages(site(window(0, 90, *measures), words={"prompt": words})))
    return folder


@pytest.fixture
def cloud(page: Page, folder: Path) -> Locator:
    """The cloud of the prompts, drawn."""
    page.goto((folder / DRIFT_PAGE).as_uri())
    cloud = page.locator(CLOUD)
    expect(cloud.locator("svg text")).to_have_count(len(WORDS))
    return cloud


def word(cloud: Locator, text: str) -> Locator:
    return cloud.locator("svg text", has_text=text)


def size(cloud: Locator, text: str) -> float:
    return float(word(cloud, text).get_attribute("font-size") or 0)


def test_a_word_is_as_large_as_its_part_coloured_by_its_side_and_text_whatever_it_is(cloud: Locator) -> None:
    assert size(cloud, "kettle") > size(cloud, HOSTILE) > size(cloud, "refund") > size(cloud, "order")
    expect(word(cloud, "kettle")).to_have_class("now")
    expect(word(cloud, "refund")).to_have_class("before")
    assert cloud.locator("img").count() == 0


def test_the_mouse_and_the_keyboard_find_what_is_known_of_a_word(page: Page, cloud: Locator) -> None:
    word(cloud, "kettle").hover()
    tip = cloud.locator(".tip")
    expect(tip).to_have_text(
        "kettle40.0% of the drift0.0% of the texts of the baseline46.0% of the texts of this window"
    )
    page.mouse.move(0, 0)
    expect(tip).to_have_count(0)
    word(cloud, HOSTILE).focus()
    expect(tip).to_contain_text(HOSTILE)
    page.keyboard.press("Tab")
    expect(tip).to_contain_text("refund")
    page.keyboard.press("Escape")
    expect(tip).to_have_count(0)


def test_a_cloud_comes_nearer_and_goes_back_and_no_button_lies_over_a_word(page: Page, cloud: Locator) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    sky = cloud.locator("svg")
    whole = sky.get_attribute("viewBox")
    bottom = cloud.locator(".zoom").evaluate("(zoom) => zoom.getBoundingClientRect().bottom")
    assert bottom <= sky.evaluate("(svg) => svg.getBoundingClientRect().top")
    cloud.get_by_role("button", name="Nearer").click()
    assert sky.get_attribute("viewBox") != whole
    cloud.get_by_role("button", name="The whole cloud").click()
    assert (sky.get_attribute("viewBox") or "").startswith("0 0 ")


def test_the_table_and_the_download_have_every_word_as_text(page: Page, cloud: Locator) -> None:
    cloud.get_by_text("Table and downloads").click()
    assert cloud.locator("tbody tr").all_inner_texts()[1].split("\t") == [HOSTILE, "30.0%", "10.0%", "20.0%"]
    with page.expect_download() as found:
        cloud.locator(".downloads button", has_text="CSV").click()
    rows = list(csv.reader(found.value.path().read_text("utf-8-sig").splitlines()))
    assert rows[1:3] == [["kettle", "0.4", "0", "0.46"], [f"'{HOSTILE}", "0.3", "0.1", "0.2"]]


def test_nothing_bars_the_way_to_the_words(
    page: Page, cloud: Locator, find_barriers: Callable[[Page], list[str]]
) -> None:
    cloud.get_by_text("Table and downloads").click()
    word(cloud, "kettle").focus()
    assert find_barriers(page) == []
    page.emulate_media(color_scheme="dark")
    assert find_barriers(page) == []
