"""The page of a window's interactions, in a browser."""

import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tasks.core.report.places import interaction_anchor, interactions_page
from tests.browser.windows import Logged, interaction, reported, said, write
from tests.builders import SIX, WINDOW
from tests.servers.browser import serve_folder

PLACE = interactions_page(WINDOW.key, 0)
STRANGE = """say "hi" & <b>'bye'</b>/../%2F+ #1?é\u4f60"""


def traffic(rows: int = 120) -> Logged:
    """Interactions of which every tenth fails groundedness, and the last is the only one about a giraffe."""
    some = [
        interaction(
            f"call-{number:03d}",
            f"Question {number}?",
            "A giraffe.\nIn Köln" if number == rows - 1 else f"Answer {number}.",
            context="It stands in the zoo. " * (100 if number == 0 else 1),
            channel=("web", "app", "phone")[number % 3],
            event_time=SIX + timedelta(seconds=7 * number % 3600),
            feedback="thumbs down" if number == 4 else None,
            suspected_injection=number == 3,
        )
        for number in range(rows)
    ]
    some[5] = some[5] | {"interaction_id": STRANGE}
    judged: dict[tuple[str, str], Any] = {}
    for number, row in enumerate(some):
        name = row["interaction_id"]
        judged[name, "groundedness"] = said(
            2.0 if number == 20 else 3.0 if number % 10 == 0 else 5.0, f"Reason {number}"
        )
        if number != 7:
            judged[name, "fluency"] = said(4.0, spread=0.47 if number == 20 else None)
    return Logged(rows=some, judged=judged)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of a monitor with one window."""
    return write(reported(tmp_path_factory.mktemp("store")), traffic())


@pytest.fixture
def opened(page: Page, folder: Path) -> Page:
    page.goto((folder / PLACE).as_uri())
    return page


def names(page: Page) -> list[str]:
    return page.locator("#list .called").all_text_contents()


def one(page: Page, name: str) -> Locator:
    return page.locator(".interaction").filter(has=page.get_by_role("link", name=name, exact=True))


def test_the_failing_come_first_the_worst_of_all_and_fifty_are_shown(opened: Page) -> None:
    assert names(opened)[:3] == ["call-020", "call-000", "call-010"]
    assert len(names(opened)) == 50
    expect(opened.locator("#hits")).to_have_text("120 of 120 interactions, 12 failing")
    worst = one(opened, "call-020")
    expect(worst).to_contain_text("✕ 2")
    expect(worst).to_contain_text("Reason 20")
    expect(worst).to_contain_text("repeats spread by 0.47")
    expect(worst).to_contain_text("genwatch show CONFIG call-020")
    expect(worst).to_contain_text("2026-11-20 06:02 UTC")


def test_the_pages_lead_through_all_of_them(opened: Page) -> None:
    seen = names(opened)
    for _ in range(2):
        opened.get_by_role("button", name="Next →").first.click()
        seen += names(opened)
    assert len(set(seen)) == 120
    expect(opened.get_by_role("button", name="Next →").first).to_be_disabled()
    assert opened.url.endswith("#page=3")


def test_every_word_that_is_searched_for_has_to_be_there_in_any_case(opened: Page) -> None:
    opened.get_by_role("searchbox").fill("GIRAFFE köln question")
    expect(opened.locator("#hits")).to_have_text("1 of 120 interactions, 0 failing")
    assert names(opened) == ["call-119"]
    opened.get_by_role("searchbox").fill("giraffe elephant")
    expect(opened.locator("#hits")).to_have_text("No interaction is like that")


def test_filters_hold_together_and_stand_in_the_address(opened: Page) -> None:
    opened.get_by_label("Result").select_option("failed")
    opened.get_by_label("Metric").select_option("groundedness")
    opened.get_by_label("Segment").select_option("channel")
    opened.get_by_label("Value").select_option(label="web (40)")
    expect(opened.locator("#hits")).to_have_text("4 of 120 interactions, 4 failing")
    assert names(opened) == ["call-000", "call-030", "call-060", "call-090"]
    address = opened.url
    opened.goto("about:blank")
    opened.goto(address)
    assert names(opened) == ["call-000", "call-030", "call-060", "call-090"]
    expect(opened.get_by_label("Value")).to_contain_text("web (40)")
    opened.get_by_role("button", name="Clear").click()
    expect(opened.locator("#hits")).to_have_text("120 of 120 interactions, 12 failing")


@pytest.mark.parametrize(
    ("fragment", "found"),
    [
        ("#metric=groundedness&from=1&to=2", ["call-020"]),
        ("#metric=fluency&to=2", []),
        ("#metric=fluency&result=unscored", ["call-007"]),
        ("#flag=feedback", ["call-004"]),
        ("#flag=suspected injection", ["call-003"]),
        ("#q=reason 20&sort=newest", ["call-020"]),
    ],
)
def test_a_fragment_filters(page: Page, folder: Path, fragment: str, found: list[str]) -> None:
    page.goto((folder / PLACE).as_uri() + fragment)
    assert names(page) == found


def test_the_order_goes_by_time_or_by_the_score_of_a_metric(opened: Page) -> None:
    opened.get_by_label("Order").select_option("newest first")
    assert names(opened)[0] == "call-119"
    opened.get_by_label("Order").select_option("oldest first")
    assert names(opened)[0] == "call-000"
    opened.get_by_label("Order").select_option("fluency, lowest first")
    opened.get_by_role("button", name="Next →").first.click()
    opened.get_by_role("button", name="Next →").first.click()
    assert names(opened)[-1] == "call-007", "one without a score comes last"


@pytest.mark.parametrize("name", ["call-119", STRANGE])
def test_an_address_opens_at_its_interaction(page: Page, folder: Path, name: str) -> None:
    page.goto((folder / PLACE).as_uri() + interaction_anchor(name))
    expect(one(page, name)).to_be_focused()
    expect(one(page, name)).to_be_in_viewport()


def test_an_address_shows_its_interaction_although_filters_hide_it(page: Page, folder: Path) -> None:
    page.goto((folder / PLACE).as_uri() + interaction_anchor("call-119") + "&result=failed")
    expect(page.locator("#pinned .called")).to_have_text("call-119")
    assert "call-119" not in names(page)


def test_an_address_of_what_is_not_there_says_so(page: Page, folder: Path) -> None:
    page.goto((folder / PLACE).as_uri() + interaction_anchor("<img src=x onerror=alert(1)>"))
    expect(page.locator("#pinned")).to_contain_text("The interaction <img src=x onerror=alert(1)> is not on this page")


@pytest.mark.parametrize("refuses", [False, True], ids=["clipboard", "without https"])
def test_a_link_to_an_interaction_is_copied(opened: Page, *, refuses: bool) -> None:
    if refuses:
        opened.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); }")
    else:
        opened.context.grant_permissions(["clipboard-read", "clipboard-write"])
    one(opened, "call-020").get_by_role("button", name="Copy link").click()
    expect(opened.locator("#said")).to_have_text("The link is copied")
    opened.get_by_role("searchbox").focus()
    opened.keyboard.press("Control+V")
    expect(opened.get_by_role("searchbox")).to_have_value(opened.url.partition("#")[0] + "#i=call-020")


def test_keys_search_and_move(opened: Page) -> None:
    opened.keyboard.press("j")
    expect(one(opened, "call-020")).to_be_focused()
    opened.keyboard.press("j")
    opened.keyboard.press("k")
    expect(one(opened, "call-020")).to_be_focused()
    opened.keyboard.press("/")
    expect(opened.get_by_role("searchbox")).to_be_focused()
    opened.keyboard.type("jk/")
    expect(opened.get_by_role("searchbox")).to_have_value("jk/")


def test_moving_goes_on_over_the_end_of_a_page_and_back(opened: Page) -> None:
    last = names(opened)[-1]
    for _ in range(51):
        opened.keyboard.press("j")
    expect(one(opened, names(opened)[0])).to_be_focused()
    assert opened.url.endswith("#page=2")
    opened.keyboard.press("k")
    expect(one(opened, last)).to_be_focused()


def test_everything_is_reached_by_the_tab_key(opened: Page) -> None:
    reached = set()
    for _ in range(24):
        opened.keyboard.press("Tab")
        reached.add(opened.evaluate("document.activeElement.name || document.activeElement.textContent.trim()"))
    assert {"q", "metric", "result", "from", "to", "by", "flag", "sort", "Clear", "Next →", "call-020"} <= reached
    assert {"Copy link", "Show all"} <= reached


def test_a_long_text_is_clipped_until_it_is_asked_for(opened: Page) -> None:
    context = one(opened, "call-000").locator(".context")
    height = "element => element.offsetHeight"
    context.scroll_into_view_if_needed()
    short = context.locator(".logged").evaluate(height)
    context.get_by_role("button", name="Show all").click()
    assert context.locator(".logged").evaluate(height) > 1.5 * short > 0
    expect(context.get_by_role("button", name="Show less")).to_have_attribute("aria-expanded", "true")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_there_is_no_barrier_and_no_sideways_scrolling(
    opened: Page, find_barriers: Callable[[Page], list[str]], scheme: Any, width: int
) -> None:
    opened.emulate_media(color_scheme=scheme)
    opened.set_viewport_size({"width": width, "height": 800})
    opened.get_by_role("searchbox").fill("question 11")
    opened.get_by_label("Segment").select_option("channel")
    assert find_barriers(opened) == []
    assert opened.evaluate("document.documentElement.scrollWidth") <= width


def test_the_page_is_the_same_behind_a_web_server(page: Page, folder: Path) -> None:
    with serve_folder(folder) as url:
        page.goto(f"{url}/{PLACE}{interaction_anchor('call-119')}")
        expect(one(page, "call-119")).to_be_focused()
        page.goto("about:blank")


def test_without_scripts_the_page_says_where_the_interactions_lie(browser: Any, folder: Path) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto((folder / PLACE).as_uri())
        expect(page.locator(".note")).to_contain_text(f"interactions/window={WINDOW.key}/rev=0.parquet")
        expect(page.locator("#filters")).to_be_hidden()


def test_two_thousand_long_interactions_make_a_small_page_that_can_be_used(page: Page, tmp_path: Path) -> None:
    seed = random.Random(5)
    words = ["parcel", "Straße", "你好", "refund", "<b>&", "'tis"]
    rows = [
        interaction(f"{number}", " ".join(seed.choices(words, k=300)), " ".join(seed.choices(words, k=300)))
        for number in range(2_100)
    ]
    judged = {(row["interaction_id"], "fluency"): said(float(seed.randint(1, 5)), "Why. " * 20) for row in rows}
    path = write(reported(tmp_path), Logged(rows=rows, judged=judged)) / PLACE
    assert 3_500_000 < path.stat().st_size < 4_500_000
    page.goto(path.as_uri())
    expect(page.locator("#hits")).to_contain_text("2,000 of 2,000 interactions")
    expect(page.locator(".head")).to_contain_text("2,100 sampled")
    expect(page.locator(".head")).to_contain_text("Texts are cut to keep the page small")
    expect(page.locator(".interaction").first).to_contain_text("Cut: the store has")
    page.get_by_role("searchbox").fill("straße 你好")
    expect(page.locator("#hits")).to_contain_text("interactions, ")
