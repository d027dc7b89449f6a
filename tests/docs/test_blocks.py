"""The YAML and SQL of the documentation is good, and its links lead somewhere."""

import re
from pathlib import Path
from typing import Any, Final

import duckdb
import pytest
from ruamel.yaml import YAML

from configs.load import load_metric, load_monitor
from configs.monitor import MonitorConfig
from tasks.core.records.interaction import ROLES
from tests.docs.pages import PAGES, ROOT, blocks, name_of
from tests.docs.workspace import Workspace

LINK: Final = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([\w-]+))?\)")
OTHERS: Final = {"tier", "topic", "has_order_number", "channel", "plan"}
BASE: Final[dict[str, Any]] = {
    "name": "bot",
    "source": {
        "format": "table",
        "inputs": "file:///logs",
        "columns": {name: name for name in sorted({*ROLES, *OTHERS})},
    },
    "evaluator": {"provider": "openai", "model": "judge", "base_url": "http://judge/v1"},
    "quality": {"metrics": {"fluency": {"min_pass_rate": 0.7}, "groundedness": {}}},
    "store": "file:///store",
}
BESIDE: Final = {
    "canaries.yaml": "- {prompt: Where?, completion: Here., context: It is here., scores: {coherence: 5}}\n",
    "politeness.yaml": "{name: politeness, needs: [completion], question: Q, levels: {1: a, 2: b, 3: c, 4: d, 5: e}}\n",
}
NO_MONITOR: Final = {
    "- name: support-bot-calibrate": "an entry of Prefect's own file",
    "display_information": "the manifest of an app of Slack",
    "litellm_settings": "the configuration of LiteLLM's proxy",
    "receivers:": "the configuration of OpenTelemetry's collector",
    "groups:": "Prometheus' rules",
    "# /etc/grafana": "Grafana's provisioning",
}
YAML_BLOCKS: Final = [(name_of(page), block) for page in PAGES for block in blocks(page, "yaml")]


@pytest.mark.parametrize(("page", "block"), YAML_BLOCKS, ids=[f"{page}-{block[:20]!r}" for page, block in YAML_BLOCKS])
def test_yaml_is_read_as_what_it_is(page: str, block: str, tmp_path: Path) -> None:
    if any(block.startswith(start) for start in NO_MONITOR):
        return
    document = YAML(typ="safe", pure=True).load(block)
    (tmp_path / "block.yaml").write_text(block)
    if isinstance(document, list):  # canaries
        _with_beside(tmp_path, {"canaries.yaml": block})
        metrics = {name: {} for row in document for name in row["scores"]}
        _load(tmp_path, {"quality": {"metrics": metrics, "canaries": {"file": "canaries.yaml"}}})
    elif "question" in document:
        assert load_metric(tmp_path / "block.yaml").metric(None).rubric
    else:
        assert set(document) <= set(MonitorConfig.model_fields), f"{page} shows YAML that this test does not know"
        _with_beside(tmp_path, BESIDE)
        _load(tmp_path, document)


def _load(folder: Path, document: dict[str, Any]) -> None:
    """Read a monitor file of which these are the keys; what it lacks is added, where it is not a whole one."""
    under = BASE if "provider" not in document.get("evaluator", {}) else BASE | {"evaluator": {}}
    whole = document if "store" in document else _merged(under, document)
    YAML(typ="safe").dump(whole, folder / "monitor.yaml")
    text = (folder / "monitor.yaml").read_text()
    if "format: auto" not in text:
        assert load_monitor(folder / "monitor.yaml").metrics


def _merged(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    both = {name for name in under if isinstance(under[name], dict) and isinstance(over.get(name), dict)}
    return under | over | {name: _merged(under[name], over[name]) for name in both}


def _with_beside(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).write_text(text)


@pytest.mark.parametrize("page", [one for one in PAGES if blocks(one, "sql")], ids=name_of)
def test_sql_finds_rows_in_a_store(page: Path, template: Workspace) -> None:
    for block in blocks(page, "sql"):
        statement = block.replace("s3://prod-monitoring/genwatch", str(template.folder / "store"))
        assert statement != block, "name the store as s3://prod-monitoring/genwatch"
        assert duckdb.sql(statement.rstrip().rstrip(";")).fetchall()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_to_a_file_and_a_heading(page: Path) -> None:
    for path, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{path} is not there"
        if anchor:
            assert anchor in _anchors(target), f"{path}#{anchor} is no heading"


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    listed = {(ROOT / "docs" / path).resolve() for path, _ in LINK.findall(index) if path.endswith(".md")}
    pages = {page for page in PAGES if page.name not in ("README.md", "index.md") and page.parent.name != "decisions"}
    assert pages - listed == set()


def _anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
