"""The page on scale says what the benchmark prints."""

import subprocess
import sys

from tests.flows.test_cli import ROOT


def test_the_tables_of_the_page_on_scale_are_what_the_benchmark_prints() -> None:
    printed = subprocess.run(
        [sys.executable, "benchmarks/scale.py"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    page = (ROOT / "docs/scale.md").read_text()
    assert all(table in page for table in printed.strip().split("\n\n"))
