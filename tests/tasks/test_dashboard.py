"""The Grafana dashboard and the documented alert rules ask for what the exporter writes, and for nothing else."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from configs.catalogue import catalogue
from tasks.adapters.export_prometheus import write_textfile
from tasks.core.measure import Measure
from tasks.core.telemetry.series import Snapshot, families
from tasks.core.verdict import Direction, State, Verdict
from tests.builders import WINDOW, monitor
from tests.servers.metrics import samples

ROOT = Path(__file__).parents[2]
DASHBOARD = ROOT / "deployments/grafana/genwatch.json"
PAGE = ROOT / "docs/exports.md"
SELECTOR = re.compile(r"(genwatch_\w+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"')
GROUPED = re.compile(r"(?:by|on|ignoring|without|group_left)\s*\(([^)]*)\)")
COLUMNS = {role: role for role in ("prompt", "completion", "latency_ms", "status", "input_tokens", "output_tokens")}
ALL = {"drift": {}, "operations": {"slow_ms": 900}, "source": {"columns": COLUMNS | {"model_version": "model"}}}


def panels() -> list[dict[str, Any]]:
    return list(json.loads(DASHBOARD.read_text())["panels"])


def expressions() -> Iterator[str]:
    board = json.loads(DASHBOARD.read_text())
    yield from (target["expr"] for panel in board["panels"] for target in panel.get("targets", ()))
    yield from (one["definition"] for one in board["templating"]["list"] if one["type"] == "query")
    yield from re.findall(r"^ *(?:- )?expr: (.+)$", PAGE.read_text(), re.MULTILINE)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The names that the exporter writes, each with its labels."""
    folder = tmp_path_factory.mktemp("textfile")
    part = {"segment_by": "tier", "segment": "gold"}
    rate = {"signal": "quality", "subject": "fluency", "measure": "pass_rate", "unit": "share"}
    measure = Measure(**rate, value=0.5, low=0.4, high=0.6, n=9, **part)
    figures = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 9, "limit": 0.7, "direction": Direction.MIN}
    verdict = Verdict(address=measure.name, state=State.OK, explanation="", **figures, **part)
    shown = Snapshot(
        monitor="bot", window=WINDOW, state=State.OK, measures=[measure], verdicts=[verdict], alerts=(), cost_usd=0.1
    )
    assert write_textfile(folder, "bot", families(shown)) is None
    found = samples((folder / "genwatch_bot.prom").read_text())
    return {one.name: {name for other in found if other.name == one.name for name in other.labels} for one in found}


def test_every_expression_asks_for_names_and_labels_that_are_written(written: dict[str, set[str]]) -> None:
    asked = list(expressions())
    assert len(asked) > 30
    for expression in asked:
        selectors = SELECTOR.findall(expression)
        assert selectors, expression
        known = {label for name, _ in selectors for label in written[name]}
        for name, matchers in selectors:
            assert {label for label, _, _ in MATCHER.findall(matchers)} <= written[name], expression
        for labels in GROUPED.findall(expression):
            assert {label.strip() for label in labels.split(",")} <= known, expression


def test_everything_that_is_written_is_shown_but_the_rows(written: dict[str, set[str]]) -> None:
    shown = {name for expression in expressions() for name, _ in SELECTOR.findall(expression)}
    assert set(written) - shown == {"genwatch_measure_rows"}


def test_every_measure_that_is_asked_for_is_one(tmp_path: Path) -> None:
    known = [address for address, why in catalogue(monitor(tmp_path, **ALL)).items() if why is None]
    for expression in expressions():
        for _, matchers in SELECTOR.findall(expression):
            told = {label: (sign, value) for label, sign, value in MATCHER.findall(matchers)}
            parts = [told.get(label, ("=~", ".*")) for label in ("signal", "subject", "measure")]
            wanted = [".*" if "$" in text else text if sign == "=~" else re.escape(text) for sign, text in parts]
            assert any(re.fullmatch(r"\.".join(wanted), address) for address in known), expression


def test_legends_and_columns_name_labels_that_their_panel_has(written: dict[str, set[str]]) -> None:
    for panel in panels():
        for target in panel.get("targets", ()):
            known = {label for name, _ in SELECTOR.findall(target["expr"]) for label in written[name]}
            assert set(re.findall(r"{{(\w+)}}", target["legendFormat"])) <= known


def test_every_panel_has_a_title_of_its_own_and_no_id_twice() -> None:
    found = panels()
    assert len({panel["id"] for panel in found}) == len(found)
    assert len({panel["title"] for panel in found}) == len(found)


def test_a_window_end_is_in_seconds_as_prometheus_has_times(tmp_path: Path) -> None:
    shown = Snapshot(monitor="bot", window=WINDOW, state=State.OK, measures=(), verdicts=(), alerts=None, cost_usd=None)
    write_textfile(tmp_path, "bot", families(shown))
    (end,) = [
        one.value for one in samples((tmp_path / "genwatch_bot.prom").read_text()) if one.name.endswith("_seconds")
    ]
    assert datetime.fromtimestamp(end, UTC) == WINDOW.end
