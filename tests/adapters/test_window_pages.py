"""The pages of single windows in a store: what they tell, and what they no longer tell once it is forgotten."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from configs.monitor import MonitorConfig
from tasks.adapters.erasure import find, remains
from tasks.adapters.results import key
from tasks.adapters.storage import read_bytes
from tasks.adapters.window_pages import write_missing_pages, write_window_pages
from tasks.core.report.places import interactions_page, run_page
from tasks.core.window import Window
from tasks.retain import forget, retain_store
from tests.browser.windows import Logged, interaction, judged_rows, put, reported, said, write
from tests.builders import HOUR, SIX, WINDOW, store_of

DAY = timedelta(days=1)
BEFORE = Window(start=SIX - HOUR, end=SIX)
STRANGE = 'ID "of" <b>O\'Brien</b> & José \u4f60\u2028/1'
BROKEN = {
    "object": "s3://logs/i.jsonl",
    "line": 3,
    "reason": "malformed_json",
    "content": '{"user": 42, "mail": "a@b.c"',
}


def logged(*names: str, **fields: Any) -> Logged:
    rows = [interaction(name, **fields) for name in names or ("one", "two")]
    return Logged(
        rows=rows,
        judged=judged_rows(rows, fluency=said(2.0, "It stumbles."), groundedness=said(5.0)),
        quarantine=[BROKEN],
    )


def page(config: MonitorConfig, place: str) -> str:
    return read_bytes(store_of(config), place).decode()


def rows(config: MonitorConfig, window: Window = WINDOW, revision: int = 0) -> dict[str, Any]:
    """The interactions that a page inlines, by ID."""
    html = page(config, interactions_page(window.key, revision))
    found = re.search(r'<script type="application/json" id="interactions">(.*?)</script>', html, re.DOTALL)
    return {row["id"]: row for row in json.loads(found[1])["rows"]} if found else {}


def text(config: MonitorConfig, window: Window = WINDOW, revision: int = 0) -> str:
    """The page of a run without its tags, in single spaces."""
    return " ".join(re.sub(r"<[^>]*>", " ", page(config, run_page(window.key, revision))).split())


def pages(config: MonitorConfig) -> set[str]:
    return {stored.key for stored in store_of(config).list("report/") if stored.key.endswith(".html")}


def test_the_page_of_a_run_shows_counts_that_add_up(tmp_path: Path) -> None:
    config = reported(tmp_path)
    write(config, logged())
    shown = text(config)
    assert "12 lines read = 6 inputs + 5 outputs + 1 quarantined" in shown
    assert "6 inputs = 2 joined + 3 without an output + 1 duplicate" in shown
    assert "5 outputs = 2 joined + 2 without an input + 1 duplicate" in shown
    assert "2 joined = 2 sampled" in shown
    assert "fluency 2 sampled = 2 scored" in shown
    assert "1 in quarantine = 1 malformed json" in shown
    assert "{&#34;user&#34;: 42" in shown


def test_a_metric_without_a_score_says_why(tmp_path: Path) -> None:
    config = reported(tmp_path)
    write(config, Logged(rows=[interaction("one")], judged={}))
    assert "fluency 1 sampled = 1 unscored: timeout" in text(config)
    assert rows(config)["one"]["judged"] == [["unscored", None, "timeout"], ["not applicable"]]


def test_runs_link_to_the_windows_beside_and_to_newer_revisions(tmp_path: Path) -> None:
    config = reported(tmp_path)
    write(config, logged(), BEFORE)
    write(config, logged())
    write(config, logged(), revision=1)
    before, old, new = (page(config, run_page(*place)) for place in ((BEFORE.key, 0), (WINDOW.key, 0), (WINDOW.key, 1)))
    assert f'rel="next" href="../window={WINDOW.key}/rev=1.html"' in before
    assert f'rel="prev" href="../window={BEFORE.key}/rev=0.html"' in new
    assert "A newer revision of this window counts" in old
    assert "A newer revision" not in new


def test_a_page_that_is_made_again_later_shows_the_scores_that_its_own_revision_had(tmp_path: Path) -> None:
    config = reported(tmp_path)
    names = [interaction("one")]
    put(config, Logged(rows=names, judged={}))
    later = datetime(2026, 11, 20, 9, tzinfo=UTC)
    changes = {"started_at": later, "finished_at": later}
    judged = {("one", "fluency"): said(4.0, judged_at=later)}
    put(config, Logged(rows=names, judged=judged, changes=changes), revision=1)
    for revision in (0, 1):
        write_window_pages(config, WINDOW, revision, store_of(config))
    assert rows(config)["one"]["judged"][0] == ["unscored", None, "timeout"]
    assert rows(config, revision=1)["one"]["judged"][0] == ["passed", 4.0]


def test_a_page_says_that_the_monitor_file_has_changed_since(tmp_path: Path) -> None:
    config = reported(tmp_path)
    put(config, logged())
    stricter = reported(tmp_path, sample={"rate": 0.5})
    write_window_pages(stricter, WINDOW, 0, store_of(stricter))
    assert "The monitor file has changed since" in page(config, interactions_page(WINDOW.key, 0))


def test_a_page_says_that_scores_are_gone(tmp_path: Path) -> None:
    config = reported(tmp_path)
    put(config, logged())
    store = store_of(config)
    for stored in store.list("scores/"):
        store.delete(stored.key)
    write_window_pages(config, WINDOW, 0, store)
    assert "fluency: the run counted 2 scores, 0 are found now." in page(config, interactions_page(WINDOW.key, 0))


def test_no_page_shows_for_longer_what_the_store_keeps_for_less_long(tmp_path: Path) -> None:
    config = reported(tmp_path, retention={"interactions": "30d", "scores": "20d", "raw": "10d"})
    write(config, logged())
    assert "a@b.c" not in page(config, run_page(WINDOW.key, 0))
    assert "malformed json" in text(config)
    assert "It stumbles." not in page(config, interactions_page(WINDOW.key, 0))
    assert rows(config)["one"]["judged"][0] == ["failed", 2.0]


def test_both_pages_go_with_the_interactions_and_stay_away(tmp_path: Path) -> None:
    config = reported(tmp_path, retention={"interactions": "30d"})
    write(config, logged())
    store = store_of(config)
    both = {run_page(WINDOW.key, 0), interactions_page(WINDOW.key, 0)}
    retain_store(config, store, SIX + 29 * DAY)
    assert pages(config) == both
    retain_store(config, store, SIX + 31 * DAY)
    assert pages(config) == set()
    assert write_missing_pages(config, SIX + 31 * DAY, store) == 0
    assert pages(config) == set()


def test_without_its_interactions_a_run_has_its_page_alone(tmp_path: Path) -> None:
    config = reported(tmp_path)
    put(config, logged())
    store = store_of(config)
    for kind in ("interactions", "quarantine"):
        store.delete(key(kind, WINDOW.key, 0))
    write_window_pages(config, WINDOW, 0, store)
    assert pages(config) == {run_page(WINDOW.key, 0)}
    assert "its interactions are not kept any more" in text(config)
    assert "The store does not hold the quarantine of this run any more." in text(config)


@pytest.mark.parametrize("name", [STRANGE, "call-0007", "7"])
def test_a_forgotten_interaction_is_on_no_page_and_the_others_are_again(tmp_path: Path, name: str) -> None:
    config = reported(tmp_path)
    write(config, logged(name, "another call", completion="What was said."))
    assert set(rows(config)) == {name, "another call"}
    told = set(remains(store_of(config), find(store_of(config), user=None, interaction=name)))
    assert interactions_page(WINDOW.key, 0) in told
    forget(config, user=None, interaction=name)
    assert pages(config) == set()
    write_missing_pages(config, SIX + DAY, store_of(config))
    assert set(rows(config)) == {"another call"}
    assert run_page(WINDOW.key, 0) in pages(config)
    assert not set(remains(store_of(config), find(store_of(config), user=None, interaction=name)))


def test_a_page_goes_with_a_quarantined_line_whatever_the_name_in_it(tmp_path: Path) -> None:
    config = reported(tmp_path)
    write(config, logged())
    assert "a@b.c" in page(config, run_page(WINDOW.key, 0))
    forget(config, user="42", interaction=None)
    write_missing_pages(config, SIX + DAY, store_of(config))
    assert "a@b.c" not in page(config, run_page(WINDOW.key, 0))


def test_redacted_texts_stay_redacted(tmp_path: Path) -> None:
    config = reported(tmp_path)
    write(config, logged("one", prompt="Write to <EMAIL_1>, please"))
    assert rows(config)["one"]["flags"] == ["redacted"]
    assert rows(config)["one"]["texts"]["prompt"] == "Write to <EMAIL_1>, please"
