import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from tasks.core.alert import Status
from tasks.core.report.assets import SCRIPTS, assets
from tasks.core.report.build import site_pages
from tasks.core.report.overview import Card, card_of, overview_page
from tasks.core.report.places import MONITOR_PAGE, run_page
from tasks.core.report.render import POLICY, relative
from tasks.core.report.words import value_of
from tasks.core.verdict import Severity, State
from tests.builders import HOUR, SIX
from tests.histories import alert, measure, site, window

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'{{7*7}}"


class Read(HTMLParser):
    """The tags of a page and what it says outside scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.said: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] != "script":
            self.said.append(data)

    @property
    def text(self) -> str:
        """Its words in single spaces."""
        return " ".join(" ".join(self.said).split())

    def of(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of each tag of a name."""
        return [attributes for name, attributes in self.tags if name == tag]


def pages_of(*windows: Any, **fields: Any) -> dict[str, Read]:
    return {place: Read(html) for place, html in site_pages(site(*windows, **fields)).items()}


def first(*windows: Any, **fields: Any) -> Read:
    return pages_of(*windows, **fields)[MONITOR_PAGE]


def rich(hour: int, name: str = "free") -> Any:
    parts = {"segment_by": "tier", "segment": name}
    return window(
        hour,
        60 + hour,
        measure("quality.fluency.pass_rate", 0.5, low=0.4, high=0.6, **parts),
        measure("quality.fluency.weakest_pass_rate", 0.5, low=0.4, high=0.6, **parts),
        measure("usage.languages.share", 0.5, segment_by="language", segment=name),
        measure("operations.latency_ms.p95", 900.0 + hour, unit="ms"),
        measure("operations.latency_ms.p95", 900.0, unit="ms", **parts),
        measure("safety.refusal.share", 0.01 * hour),
        alerts=(alert(hour, explanation=f"of tier {name}"),),
    )


@pytest.fixture(scope="module")
def hostile_pages() -> dict[str, str]:
    name = {"monitor": "bot", "description": HOSTILE}
    found = dict(site_pages(site(rich(0, HOSTILE), rich(1, HOSTILE), **name)))
    return found | {"_report/index.html": overview_page([card_of(site(rich(0, HOSTILE), **name))], SIX)}


def test_there_is_a_page_of_the_monitor_of_each_metric_and_of_what_is_measured_beside() -> None:
    names = ("index", "metric-fluency", "operations", "signals")
    assert list(pages_of(rich(0), rich(1))) == [f"report/{name}.html" for name in names]


def test_every_page_links_to_every_other_and_to_that_of_all_monitors() -> None:
    for place, page in pages_of(rich(0), rich(1)).items():
        hrefs = [str(link["href"]) for link in page.of("a")]
        assert {"index.html", "metric-fluency.html", "operations.html", "signals.html"} <= set(hrefs)
        assert "../../_report/index.html" in hrefs
        assert [one["href"] for one in page.of("a") if one.get("aria-current") == "page"] == [place.split("/")[-1]]
    middle = pages_of(rich(0), rich(1))["report/metric-fluency.html"]
    assert {one["rel"]: one["href"] for one in middle.of("a") if "rel" in one} == {
        "prev": "index.html",
        "next": "operations.html",
    }


def test_hostile_text_is_text_on_every_page(hostile_pages: dict[str, str]) -> None:
    told = {place for place, html in hostile_pages.items() if "alert(1)" in Read(html).text}
    assert told == hostile_pages.keys() - {"report/signals.html"}, "no name of a segment stands there"
    for html in hostile_pages.values():
        page = Read(html)
        assert len(page.of("script")) == 1 + len(SCRIPTS)
        assert {tag for tag, _ in page.tags}.isdisjoint({"img", "iframe", "object", "style", "base"})
        assert not any(name.startswith("on") or name == "style" for _, one in page.tags for name in one)


def test_the_data_of_charts_is_json_that_holds_hostile_names(hostile_pages: dict[str, str]) -> None:
    html = hostile_pages["report/metric-fluency.html"]
    found = re.search(r'<script type="application/json" id="drawn">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    names = [one["name"] for panel in json.loads(found[1])["panels"] for one in panel["series"]]
    assert HOSTILE in names


def test_a_page_asks_nobody_else_for_anything(hostile_pages: dict[str, str]) -> None:
    own = {one.name for one in assets()}
    for html in hostile_pages.values():
        page = Read(html)
        (policy,) = [one["content"] for one in page.of("meta") if "http-equiv" in one]
        assert policy == POLICY
        asked = [str(one["src"]) for one in page.of("script") if "src" in one]
        asked += [str(one["href"]) for one in page.of("link") if one["rel"] == "stylesheet"]
        assert {one.removeprefix("assets/") for one in asked} <= own
        assert not any("//" in str(one.get("href") or one.get("src")) for _, one in page.tags)


def test_the_scripts_put_no_text_in_as_html() -> None:
    for one in assets():
        if one.name.endswith(".js") and "echarts" not in one.name:
            found = re.search(
                rb"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", one.content
            )
            assert found is None, one.name


def test_the_name_of_an_asset_changes_with_its_content() -> None:
    assert all(re.search(r"\.[0-9a-f]{10}\.(js|css)$|\.txt$", one.name) for one in assets())


def test_the_first_page_says_how_each_signal_stands_and_why() -> None:
    page = first(window(0, 50, measure("safety.refusal.share", 0.1)))
    assert "Quality ✕ breach fluency pass rate 0.500" in page.text
    assert "Safety watched no limit is set; measured: refusal" in page.text


def test_alerts_are_told_with_who_has_them_and_until_when_they_are_muted() -> None:
    taken = alert(0, Status.ACKNOWLEDGED, acknowledged_by="sam", muted_until=SIX + 48 * HOUR)
    pending = alert(0, Status.PENDING, key="bot:other", severity=Severity.WARNING)
    over = alert(0, Status.RECOVERED, key="bot:over")
    page = first(window(0, alerts=(pending, over, taken)))
    assert f"{taken.id} acknowledged by sam muted until 2026-11-22 06:00 2026-11-20 06:00" in page.text
    assert page.text.index(taken.id) < page.text.index(pending.id)
    assert over.id not in page.text


def test_a_mute_that_is_over_is_not_told() -> None:
    assert "muted" not in first(window(0, alerts=(alert(0, muted_until=SIX + HOUR),))).text


def test_findings_and_warnings_of_the_newest_window_are_told() -> None:
    page = first(window(0))
    assert "fluency 0.52 where tier = free" in page.text
    assert "Warning: two lines are in quarantine" in page.text


def test_every_revision_of_every_window_is_linked() -> None:
    page = first(window(0), window(1, revisions=(0, 1)))
    runs = [str(one["href"]) for one in page.of("a") if "rev=" in str(one["href"])]
    newest, oldest = "window=20261120T0700Z", "window=20261120T0600Z"
    assert runs == [
        f"{newest}/rev=1.html",
        f"{newest}/rev=0.html",
        f"{newest}/rev=1-interactions.html",
        f"{newest}/rev=0-interactions.html",
        f"{oldest}/rev=0.html",
        f"{oldest}/rev=0-interactions.html",
    ]


def test_a_run_whose_pages_are_not_there_is_not_linked() -> None:
    page = first(window(0), window(1), written=frozenset({run_page(window(1).window.key, 0)}))
    assert [one["href"] for one in page.of("a") if "rev=" in str(one["href"])] == ["window=20261120T0700Z/rev=0.html"]


def test_a_change_is_told_in_points_but_not_across_judges() -> None:
    assert "−10.0 points" in first(window(0, 90), window(1, 80)).text
    assert "points" not in first(window(0, 90), window(1, 80, judge="judge-b-0")).text
    assert "points" not in first(window(0, 90), window(2, 80)).text, "the window before was not run"


def test_what_does_not_hold_is_told_the_worst_first() -> None:
    newest = window(0)
    (held,) = newest.verdicts
    states = {"a": State.UNDECIDED, "b": State.BREACH, "c": State.OK, "d": State.NO_DATA}
    verdicts = [replace(held, state=state, explanation=f"limit {name}") for name, state in states.items()]
    text = first(replace(newest, verdicts=verdicts)).text
    text = text[text.index("Limits that do not hold") :]
    assert re.findall(r"limit (\w)", text) == ["b", "a", "d"]


def test_a_monitor_without_a_window_has_a_page_that_says_so() -> None:
    pages = pages_of()
    assert list(pages) == [MONITOR_PAGE]
    assert "No window has been run yet" in pages[MONITOR_PAGE].text


def test_what_was_not_scored_is_a_dash_and_never_a_number() -> None:
    html = site_pages(site(window(0, None)))[MONITOR_PAGE]
    assert "– no data" in Read(html).text
    assert "NaN" not in html


def test_scores_of_the_local_evaluator_say_so() -> None:
    note = "no substitute for a judge"
    assert note in first(window(0), is_local=True).text
    assert note not in first(window(0)).text


def test_the_page_of_a_metric_says_what_is_asked_and_what_passes() -> None:
    page = pages_of(rich(0))["report/metric-fluency.html"]
    assert re.search(r"3 [^✓]+ ✓ passes 4 [^✓]+ ✓ passes 5 [^✓]+ ✓ passes judges", page.text)
    assert not re.search(r"2 [^✓3]+ ✓ passes", page.text)
    assert "Weakest slices" in page.text


def test_windows_that_are_not_shown_are_counted() -> None:
    assert "The store holds 12 earlier windows" in first(window(0), earlier=12).text


def test_the_page_of_all_monitors_shows_the_worst_first_and_opens_each() -> None:
    cards = [
        card_of(site(window(0, 90), monitor="a-good")),
        card_of(site(window(0, 50, alerts=(alert(0),)), monitor="z-bad")),
        card_of(site(monitor="new")),
    ]
    page = Read(overview_page(cards, SIX))
    assert "3 monitors: 1 breach, 1 no data, 1 ok; 1 alert open" in page.text
    opened = [str(one["href"]) for one in page.of("a") if str(one["href"]).endswith("report/index.html")]
    assert opened == ["../z-bad/report/index.html", "../new/report/index.html", "../a-good/report/index.html"]


@pytest.mark.parametrize(("hours", "is_hidden"), [(4.2, True), (4.3, False)])
def test_a_monitor_is_silent_three_windows_and_the_grace_after_its_last(hours: float, is_hidden: bool) -> None:  # noqa: FBT001
    page = Read(overview_page([card_of(site(window(0)))], SIX + hours * HOUR))
    (silent,) = [one for one in page.of("p") if "data-silent" in one]
    assert ("hidden" in silent) is is_hidden
    assert silent["data-silent"] == str(round((SIX + 4.25 * HOUR).timestamp() * 1000))


def test_no_part_of_a_window_and_no_sentence_is_in_a_card() -> None:
    told = alert(0, address="quality.fluency.pass_rate[user=alice@example.com]", explanation="of alice@example.com")
    card = card_of(site(window(0, alerts=(told,))))
    assert "alice" not in card.model_dump_json()
    assert Card.model_validate_json(card.model_dump_json()) == card


@pytest.mark.parametrize(
    ("source", "target", "link"),
    [
        ("report/index.html", "report/metric-fluency.html", "metric-fluency.html"),
        ("report/window=1/rev=0.html", "report/window=1/rev=0-interactions.html", "rev=0-interactions.html"),
        ("report/window=1/rev=0.html", "report/index.html", "../index.html"),
        ("report/index.html", "../_report/index.html", "../../_report/index.html"),
        ("_report/index.html", "bot/report/index.html", "../bot/report/index.html"),
    ],
)
def test_pages_name_each_other_from_where_they_lie(source: str, target: str, link: str) -> None:
    assert relative(source, target) == link


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "share", "–"),
        (0.123, "share", "12.3%"),
        (-0.5, "score", "−0.50"),
        (1234.4, "ms", "1,234 ms"),
        (0.00123, "ratio", "0.00123"),
        (1234567.0, "rows", "1,234,567"),
    ],
)
def test_figures_are_written_in_their_unit(value: float | None, unit: str, text: str) -> None:
    assert value_of(value, unit) == text
