"""The notebook page, run from top to bottom against the store of a real run: the plots hold what the store says."""

import json
import shutil
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.docs.pages import ROOT, blocks
from tests.docs.workspace import Workspace

PAGE = ROOT / "docs/notebooks.md"
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword")  # duckdb's own call of pandas
IN_PAGE = "demo/results/demo-support-bot"


@pytest.fixture
def cells(template: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the cells have defined; beside the published windows lies a revision that was never published."""
    store = shutil.copytree(template.folder / "store/my-bot", tmp_path / "my-bot")
    for window in (store / "measures").iterdir():
        table = pq.ParquetFile(window / "rev=0.parquet").read()
        torn = table.set_column(1, "revision", pc.add(table["revision"], 1)).set_column(
            7, "value", pc.negate(table["value"])
        )
        pq.write_table(torn, window / "rev=1.parquet")
    monkeypatch.chdir(tmp_path)
    mpl.use("agg")
    defined: dict[str, Any] = {}
    text = "".join(blocks(PAGE, "python"))
    assert text.count(IN_PAGE) == 1
    exec(compile(text.replace(IN_PAGE, str(store)), str(PAGE), "exec"), defined)  # noqa: S102  our own page
    return defined


def test_the_cells_read_the_published_revision_and_draw_what_it_says(cells: dict[str, Any], tmp_path: Path) -> None:
    manifests = [json.loads(path.read_text()) for path in sorted(tmp_path.glob("my-bot/runs/*/rev=0.json"))]
    verdicts = [one for found in manifests for one in found["verdicts"]]
    rates = [one["value"] for one in verdicts if one["address"] == "quality.groundedness.pass_rate"]
    assert cells["one"]["value"].tolist() == rates
    assert len(rates) == 2
    assert cells["limit"] == 0.8
    assert set(cells["not_ok"]["verdict"]) == {"breach", "undecided"}
    assert cells["worst"]["score"].to_list() == [1.0] * 10
    drawn = cells["figure"].axes[0].lines[0]
    assert list(drawn.get_ydata()) == rates
    ledger = [
        row for path in tmp_path.glob("my-bot/scores/*/*.parquet") for row in pq.ParquetFile(path).read().to_pylist()
    ]
    judged = {row["content_hash"] for row in ledger if row["metric"] == "groundedness"}
    assert cells["counts"]["groundedness"].sum() == len(judged)
    latency = [table for one in sorted(tmp_path.glob("my-bot/measures/*/rev=0.parquet")) for table in _p95(one)]
    assert list(cells["axes"].lines[1].get_ydata()) == latency
    for name in ("pass-rate", "scores", "latency"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def _p95(path: Path) -> list[float]:
    rows = pq.ParquetFile(path).read().to_pylist()
    return [
        row["value"]
        for row in rows
        if (row["signal"], row["subject"], row["measure"], row["segment_by"])
        == ("operations", "latency_ms", "p95", None)
    ]
