import os
import subprocess
import sys
from pathlib import Path

import pytest

from configs.load import load_monitor

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests/golden/azure"
DOCUMENTED = GOLDEN / "documented.yaml"


def genwatch(*arguments: str) -> subprocess.CompletedProcess[str]:
    settings = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    command = [sys.executable, "-m", "flows", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=settings)


def test_the_command_has_help_with_an_example() -> None:
    found = genwatch("import-azure", "--help")
    assert found.returncode == 0
    assert "Example: genwatch import-azure" in found.stdout


def test_the_monitor_file_goes_to_standard_output_and_the_rest_to_standard_error() -> None:
    found = genwatch("import-azure", str(DOCUMENTED))
    assert found.returncode == 0, found.stderr
    assert found.stdout == (GOLDEN / "documented.monitor.yaml").read_text()
    lines = found.stderr.splitlines()
    assert len(lines) == found.stdout.count("# - ")
    assert all(line.startswith("not carried over: ") for line in lines)
    assert any("oncall@example.com" in line for line in lines)


def test_a_new_file_is_written_and_none_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "bot.yaml"
    found = genwatch("import-azure", str(DOCUMENTED), "--out", str(path))
    assert found.returncode == 0, found.stderr
    assert found.stdout == f"wrote {path}; replace what says REPLACE in it, then: genwatch check {path}\n"
    assert load_monitor(path).name == "shop-quality"
    path.write_text("mine\n")
    again = genwatch("import-azure", str(DOCUMENTED), "--out", str(path))
    assert (again.returncode, len(again.stderr.splitlines())) == (2, 1)
    assert "exists already and is not overwritten" in again.stderr
    assert path.read_text() == "mine\n"


def test_one_of_several_signals_is_taken_by_name() -> None:
    found = genwatch("import-azure", str(GOLDEN / "listed.yaml"), "--signal", "second")
    assert found.returncode == 0, found.stderr
    assert "coherence: {min_pass_rate: 0.9, pass_at: 3}" in found.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nothing.yaml"], "nothing.yaml: there is no such file"),
        ([str(GOLDEN / "no_generation.yaml")], "no signal of type generation_safety_quality"),
        ([str(DOCUMENTED), "--signal", "x"], "no signal x of type"),
        ([str(DOCUMENTED), "--out", "no/such/folder/bot.yaml"], "cannot be written (No such file or directory)"),
    ],
)
def test_what_cannot_be_imported_ends_in_one_line_and_code_2(arguments: list[str], sentence: str) -> None:
    found = genwatch("import-azure", *arguments)
    assert (found.returncode, found.stdout, len(found.stderr.splitlines())) == (2, "", 1)
    assert sentence in found.stderr


SCHEDULE = """\
name: bot
trigger: {type: recurrence, frequency: week, interval: 2, start_time: 2026-11-02T05:30:00Z}
create_monitor:
  monitoring_signals:
    answers: {type: generation_safety_quality, metric_thresholds: {fluency: {aggregated_fluency_pass_rate: 0.7}}}
"""


def test_prefect_reads_the_imported_schedule(tmp_path: Path) -> None:
    (tmp_path / "azure.yaml").write_text(SCHEDULE)
    monitor, deployments = str(tmp_path / "bot.yaml"), str(tmp_path / "prefect.yaml")
    assert genwatch("import-azure", str(tmp_path / "azure.yaml"), "--out", monitor).returncode == 0
    found = genwatch("deploy", monitor, "--prefect-file", deployments)
    assert found.returncode == 0, found.stderr
    assert "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO" in Path(deployments).read_text()
