"""The report of real runs: what lies in the store after them, and after `genwatch report`."""

import logging
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from configs.monitor import MonitorConfig
from tasks.adapters.locations import open_storage
from tasks.core.report.overview import Card
from tasks.core.run import Published
from tasks.report import read_site, write_overview, write_report
from tests.builders import HOUR, SIX, monitor, store_of, write_monitor_file, write_pairs
from tests.core.report.test_pages import Read
from tests.schedule import scheduled

pytestmark = pytest.mark.usefixtures("prefect_server")
SALAD = "the the of of is is the the"
HOSTILE = "</script><img src=x onerror=alert(1)>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A monitor whose first hour was run again after its second."""

    config: MonitorConfig
    folder: Path
    published: list[Published]

    def page(self, place: str) -> str:
        return (self.folder / "store" / place).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def ran(prefect_server: None, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("report")
    config = monitor(folder, description=HOSTILE, report={"base_url": "https://reports.example.com/x/"})
    published = []
    for hour in range(2):
        write_pairs(folder, 40, SIX + hour * HOUR)
        published += scheduled(config, SIX + (hour + 1) * HOUR + HOUR / 4)
    write_pairs(folder, 40, SIX, dict.fromkeys(range(30), SALAD))
    published += scheduled(config, SIX + 2 * HOUR + HOUR / 2)
    return Ran(config=config, folder=folder, published=published)


def test_a_run_is_reported_by_the_monitors_page_and_an_older_window_by_its_own(ran: Ran) -> None:
    site = "https://reports.example.com/x/bot/report"
    assert [one.report for one in ran.published] == [
        f"{site}/index.html",
        f"{site}/index.html",
        f"{site}/window=20261120T0600Z/rev=1.html",
    ]


def test_the_pages_show_every_window_with_its_newest_revision(ran: Ran) -> None:
    history = read_site(ran.config, store_of(ran.config)).history
    assert [(one.window.start, one.revisions) for one in history.windows] == [(SIX, (0, 1)), (SIX + HOUR, (0,))]
    assert [round(one.value or 0, 2) for one in history.points("quality.fluency.pass_rate")] == [0.25, 1.0]
    assert f"{history.windows[0].window.label} ✕ breach 1 0 40" in Read(ran.page("bot/report/index.html")).text


def test_an_alert_of_an_old_window_is_no_alert_of_the_time_line(ran: Ran) -> None:
    """The first hour became bad when it was run again: it amended its own record, and nothing was open."""
    assert read_site(ran.config, store_of(ran.config)).history.spans("quality.fluency.pass_rate") == []
    assert "No alert is open" in Read(ran.page("bot/report/index.html")).text


def test_every_page_finds_its_files_beside_it(ran: Ran) -> None:
    folders = [ran.folder / "store/bot/report", ran.folder / "store/_report"]
    for page in [page for folder in folders for page in folder.glob("*.html")]:
        read = Read(page.read_text(encoding="utf-8"))
        asked = [str(one["src"]) for one in read.of("script") if "src" in one]
        asked += [str(one["href"]) for one in read.of("link") if one["rel"] == "stylesheet"]
        assert all((page.parent / one).is_file() for one in asked)
        assert "onerror=alert(1)" in read.text or page.name != "index.html"
        assert read.of("img") == []


def test_a_monitor_leaves_its_card_for_the_page_of_all(ran: Ran) -> None:
    card = Card.model_validate_json(ran.page("_report/monitors/bot.json"))
    assert (card.status, card.window_end, card.coverage) == ("ok", SIX + 2 * HOUR, 1.0)
    assert "../bot/report/index.html" in ran.page("_report/index.html")


def test_the_pages_are_made_again_from_the_store_and_pages_of_before_keep_their_scripts(ran: Ran) -> None:
    report = ran.folder / "store/bot/report"
    before = Read((report / "index.html").read_text(encoding="utf-8"))
    old = report / "assets/panels.0123456789.js"
    old.write_text("of a page of before")
    (report / "index.html").unlink()
    assert write_report(ran.config) == "https://reports.example.com/x/bot/report/index.html"
    again = Read((report / "index.html").read_text(encoding="utf-8"))
    assert [tag for tag, _ in again.tags] == [tag for tag, _ in before.tags]
    assert old.read_text() == "of a page of before"


def test_a_page_of_what_is_measured_no_more_goes(ran: Ran) -> None:
    report = ran.folder / "store/bot/report"
    (report / "metric-tone.html").write_text("of a metric that the file does not name any more")
    of_windows = set(report.glob("window=*/*.html"))
    write_report(ran.config)
    assert not (report / "metric-tone.html").exists()
    assert of_windows == set(report.glob("window=*/*.html")) != set()


def test_the_page_of_all_monitors_is_written_again_where_another_left_its_card_meanwhile(ran: Ran) -> None:
    root = open_storage(ran.config.store)
    other = ran.page("_report/monitors/bot.json").replace('"bot"', '"other"').encode()

    class Slow:
        """The root of a store in which another monitor leaves its card between our reading of cards and our page."""

        list, read = root.list, root.read

        def put(self, place: str, content: bytes) -> None:
            root.put_if_absent("_report/monitors/other.json", other)
            root.put(place, content)

    write_overview(Slow(), SIX)  # type: ignore[arg-type]
    root.delete("_report/monitors/other.json")
    assert "2 monitors" in Read(ran.page("_report/index.html")).text


def test_a_card_of_another_version_costs_that_monitor_alone(ran: Ran) -> None:
    other = ran.folder / "store/_report/monitors/other.json"
    other.write_text("{}")
    write_report(ran.config)
    assert "1 monitor: 1 ok" in Read(ran.page("_report/index.html")).text
    other.unlink()


def test_a_storage_that_refuses_the_pages_costs_the_run_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_pairs(tmp_path, 40)
    config = monitor(tmp_path)
    (tmp_path / "store/bot").mkdir(parents=True)
    (tmp_path / "store/bot/report").write_text("in the way")
    with caplog.at_level(logging.WARNING):
        (published,) = scheduled(config, SIX + HOUR + HOUR / 4)
    assert published.status == "ok"
    assert "the report is as it was before this run: file://" in caplog.text


def test_genwatch_report_writes_pages_of_one_and_of_all_monitors(tmp_path: Path) -> None:
    write_monitor_file(tmp_path)
    found = subprocess.run(
        [sys.executable, "-m", "flows", "report", "--all", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout == f"bot: {(tmp_path / 'store/bot/report/index.html').as_uri()}\n"
    assert "No window has been run yet" in (tmp_path / "store/bot/report/index.html").read_text()


def test_a_monitor_whose_store_refuses_keeps_no_other_from_its_report(tmp_path: Path) -> None:
    path = write_monitor_file(tmp_path)
    (tmp_path / "file").write_text("no folder")
    broken = path.read_text().replace((tmp_path / "store").as_uri(), (tmp_path / "file/store").as_uri())
    (tmp_path / "a-first.yaml").write_text(broken.replace("name: bot", "name: broken"))
    found = subprocess.run(
        [sys.executable, "-m", "flows", "report", "--all", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert found.returncode == 1
    assert found.stdout == f"bot: {(tmp_path / 'store/bot/report/index.html').as_uri()}\n"
    (line,) = found.stderr.splitlines()
    assert line.startswith(f"genwatch: broken: {(tmp_path / 'file/store').as_uri()}")
    assert "the folder cannot be made (Not a directory)" in line


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [([], "name a monitor file, or give --all"), (["--all", "docs"], "there is no monitor file in docs")],
)
def test_a_report_of_nothing_is_refused(arguments: list[str], sentence: str) -> None:
    found = subprocess.run(
        [sys.executable, "-m", "flows", "report", *arguments], capture_output=True, text=True, check=False
    )
    assert found.returncode == 2
    assert sentence in found.stderr
