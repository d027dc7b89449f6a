"""Hostile text is text on every page: it runs nothing, asks nobody, breaks nothing, and reads as it was logged."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tasks.core.alert import AlertBook
from tasks.core.manifest import ReadObject
from tasks.core.report.assets import assets
from tasks.core.report.build import site_pages
from tasks.core.report.places import ASSETS, interaction_anchor, interactions_page, run_page
from tasks.core.report.run_view import pictured
from tasks.core.verdict import Direction, State, Verdict
from tests import histories
from tests.browser.payloads import PAYLOADS
from tests.browser.windows import Logged, interaction, reported, said, write
from tests.builders import HOUR, SIX, WINDOW

CONTENT_SHOWN = 300
TEXTS = """() => [...document.querySelectorAll("#list .interaction")].map((article) => ({
    id: article.querySelector(".called").textContent,
    texts: [...article.querySelectorAll(".logged")].map((one) => one.textContent),
    reasons: [...article.querySelectorAll(".reason")].map((one) => one.textContent),
    kinds: [...article.querySelectorAll("dd")].map((one) => one.textContent),
    shown: article.querySelector("code").textContent,
}))"""


def hostile(texts: Sequence[str]) -> Logged:
    """Each text as everything that can be logged, of interactions and elsewhere."""
    rows = [
        interaction(
            text,
            prompt=text,
            completion=text,
            context=text,
            channel=text,
            model_version=text,
            feedback=text,
            contract_broken=text,
            event_time=SIX + number * HOUR / 60,
        )
        for number, text in enumerate(texts)
    ]
    judged = {(text, name): said(1.0, text) for text in texts for name in ("fluency", "groundedness")}
    lines = [{"object": text, "line": 1, "reason": "malformed_json", "content": text} for text in texts]
    verdicts = [
        Verdict(
            address=f"quality.fluency.pass_rate[channel={text}]",
            value=0.5,
            low=0.4,
            high=0.6,
            n=9,
            limit=0.7,
            direction=Direction.MIN,
            state=State.BREACH,
            explanation=text,
            segment_by="channel",
            segment=text,
        )
        for text in texts
    ]
    told = tuple(map(pictured, texts))
    return Logged(
        rows=rows,
        judged=judged,
        quarantine=lines,
        objects=[ReadObject(uri=text, etag=text, size=1) for text in texts],
        verdicts=verdicts,
        book=AlertBook(alerts=tuple(histories.alert(0, explanation=text, key=text) for text in texts)),
        changes={"warnings": told, "findings": told},
    )


def shown_rows(page: Page) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = page.evaluate(TEXTS)
    following = page.locator(".pages .on").first
    while following.is_visible() and following.is_enabled():
        following.click()
        rows += page.evaluate(TEXTS)
    return rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(reported(tmp_path_factory.mktemp("hostile")), hostile(PAYLOADS))


def test_interactions_of_hostile_texts_read_as_they_were_logged(page: Page, folder: Path) -> None:
    page.goto((folder / interactions_page(WINDOW.key, 0)).as_uri())
    rows = {row["id"]: row for row in shown_rows(page)}
    assert set(rows) == set(PAYLOADS)
    for text, row in rows.items():
        assert row["texts"] == [text] * 3
        assert row["reasons"] == [text] * 2
        value = text if len(text) <= 200 else f"{text[:199]}…"
        assert row["kinds"] == [value, value, text]
    assert page.evaluate("Object.prototype.hasOwnProperty.call(Object.prototype, 'forged')") is False
    assert page.evaluate("document.documentElement.scrollWidth") == 1280


def test_the_command_that_is_offered_is_one_argument_for_a_shell(page: Page, folder: Path) -> None:
    page.goto((folder / interactions_page(WINDOW.key, 0)).as_uri())
    shown = {row["id"]: row["shown"] for row in shown_rows(page)}
    assert shown["'; rm -rf / #$(reboot)`reboot`"] == r"genwatch show CONFIG ''\''; rm -rf / #$(reboot)`reboot`'"
    assert shown["__proto__"] == "genwatch show CONFIG __proto__"


def test_hostile_values_can_be_chosen_searched_for_and_linked_to(page: Page, folder: Path) -> None:
    place = (folder / interactions_page(WINDOW.key, 0)).as_uri()
    page.goto(place)
    page.get_by_label("Segment").select_option("channel")
    offered = page.get_by_label("Value").locator("option").all_text_contents()
    assert len(offered) == 1 + len(PAYLOADS)
    page.get_by_label("Value").select_option(label="__proto__ (1)")
    assert page.locator("#list .called").all_text_contents() == ["__proto__"]
    for text in PAYLOADS[:6]:
        page.goto("about:blank")
        page.goto(place + interaction_anchor(text))
        expect(page.locator(".named .called")).to_have_text(text)


def test_a_run_of_hostile_texts_reads_as_it_was_logged(page: Page, folder: Path) -> None:
    page.goto((folder / run_page(WINDOW.key, 0)).as_uri())
    cells = page.locator(".lines td.content").all_text_contents()
    wanted = [pictured(text) for text in PAYLOADS]
    assert cells == [text if len(text) <= CONTENT_SHOWN else f"{text[: CONTENT_SHOWN - 1]}…" for text in wanted]
    objects = page.get_by_label("Objects read").locator("td.object").all_text_contents()
    assert [one[:999] for one in objects] == [text[:999] for text in wanted]
    said_ = page.locator(".sentences li > span:last-child").all_text_contents()
    assert [one.replace("\0", "") for one in said_][:30] == list(PAYLOADS)[:30]
    assert page.evaluate("document.documentElement.scrollWidth") == 1280


def test_the_pages_of_a_monitor_run_nothing_that_was_logged(page: Page, tmp_path: Path) -> None:
    windows = [
        histories.window(
            hour,
            60,
            *(
                histories.measure(name, 0.5, low=0.4, high=0.6, segment_by="channel", segment=text)
                for text in PAYLOADS
                for name in ("quality.fluency.pass_rate", "operations.requests.rate", "safety.refusal.share")
            ),
            alerts=tuple(histories.alert(hour, explanation=text, key=text) for text in PAYLOADS),
        )
        for hour in range(2)
    ]
    pages = site_pages(histories.site(*windows, description=PAYLOADS[1]))
    for place, html in pages.items():
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(html, encoding="utf-8")
    (tmp_path / ASSETS).mkdir()
    for asset in assets():
        (tmp_path / ASSETS / asset.name).write_bytes(asset.content)
    for place in pages:
        page.goto((tmp_path / place).as_uri())
        for summary in page.locator("summary").all():
            summary.click()
        page.mouse.move(400, 500)
        expect(page.locator("h1")).to_be_visible()
    assert len(pages) > 2


@pytest.mark.shared_data
def test_texts_of_real_attacks_read_as_they_were_logged(page: Page, shared_data: Path, tmp_path: Path) -> None:
    with gzip.open(shared_data / "prompt_injection/items.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    attacks = [row["prompt"] for row in rows if row["labels"].get("injection")]
    marked = [text for text in attacks if "<" in text]
    texts = list(dict.fromkeys([*marked, *attacks]))[:100]
    path = write(reported(tmp_path), hostile(texts))
    page.goto((path / interactions_page(WINDOW.key, 0)).as_uri())
    assert {row["texts"][0] for row in shown_rows(page)} == {text[:9_999] for text in texts}
    page.goto((path / run_page(WINDOW.key, 0)).as_uri())
    assert len(page.locator(".lines td.content").all()) == 100
