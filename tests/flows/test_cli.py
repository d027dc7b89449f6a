import os
import subprocess
import sys
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL

from tests.builders import write_monitor_file, write_pairs

GENWATCH = [sys.executable, "-m", "flows"]
ROOT = Path(__file__).parents[2]
COMMANDS = ("check", "run", "deploy", "demo")
SALAD = "the the of of is is the the"


def genwatch(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    settings = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    return subprocess.run(
        [*GENWATCH, *arguments], capture_output=True, text=True, check=False, cwd=ROOT, env=settings | environment
    )


def served() -> dict[str, str]:
    """The environment in which a command speaks to the server of the tests."""
    return {"PREFECT_API_URL": str(PREFECT_API_URL.value())}


def monitor_file(folder: Path) -> Path:
    """A monitor file over forty calls of which most are bad."""
    write_pairs(folder, 40, answers=dict.fromkeys(range(30), SALAD))
    return write_monitor_file(folder)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str) -> None:
    found = genwatch(command, "--help")
    assert found.returncode == 0
    assert f"Example: genwatch {command}" in found.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run"], "Missing"),
        (["rum"], "No such command 'rum'"),
        (["run", "x.yaml", "--window-strat", "2026-01-01"], "No such option"),
        (["run", "x.yaml", "--window-start", "yesterday"], "yesterday"),
        (["run", "nothing.yaml"], "nothing.yaml: there is no such file"),
        (["check", "nothing.yaml"], "nothing.yaml: there is no such file"),
        (["deploy", "nothing.yaml"], "nothing.yaml: there is no such file"),
    ],
)
def test_a_wrong_command_line_ends_in_one_line_and_code_2(arguments: list[str], sentence: str) -> None:
    found = genwatch(*arguments)
    assert found.returncode == 2
    assert sentence in found.stderr
    assert len(found.stderr.strip().splitlines()) == 1
    assert found.stdout == ""


def test_check_shows_what_would_be_read_and_decided(tmp_path: Path) -> None:
    found = genwatch("check", str(monitor_file(tmp_path)))
    assert found.returncode == 0, found.stderr
    assert "quality.fluency.pass_rate min 0.7" in found.stdout
    assert "quality.fluency.coverage min 0.9" in found.stdout
    assert not (tmp_path / "store").exists()


def test_check_names_a_missing_secret_and_a_missing_folder(tmp_path: Path) -> None:
    path = monitor_file(tmp_path)
    path.write_text(path.read_text() + "alerts: {slack: env:NO_HOOK}\n")
    found = genwatch("check", str(path))
    assert (found.returncode, len(found.stderr.splitlines())) == (2, 1)
    assert "alerts.slack: the environment variable NO_HOOK is not set" in found.stderr
    path.write_text(path.read_text().replace("env:NO_HOOK", "env:HOME").replace("model_inputs", "model_imputs"))
    found = genwatch("check", str(path))
    assert found.returncode == 1
    assert "there is no such folder" in found.stderr


def test_a_monitor_that_leaves_its_format_to_check_is_neither_run_nor_deployed(tmp_path: Path) -> None:
    path = monitor_file(tmp_path)
    path.write_text(path.read_text().replace("format: azure_mdc", "format: auto"))
    for command in ("run", "deploy"):
        found = genwatch(command, str(path))
        assert (found.returncode, len(found.stderr.splitlines())) == (2, 1)
        sentence = f"source.format is auto: genwatch check {path} says which format it is; write that one"
        assert sentence in found.stderr


@pytest.mark.usefixtures("prefect_server")
def test_a_misspelt_column_is_found_by_check_and_said_by_the_run(tmp_path: Path) -> None:
    path = monitor_file(tmp_path)
    path.write_text(path.read_text().replace("question", "qestion").replace("every: 1h", ""))
    shifted = path.read_text() + "window: {every: 7d, grace: 0s}\n"
    path.write_text(shifted)
    found = genwatch("run", str(path), "--window-start", "2026-11-16T00:00Z", **served())
    assert "the field qestion is in none of the 40 sampled interactions" in " ".join(found.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--window-start", "2126-11-20T06:00Z"], "has not begun; give windows of the past"),
        (["--window-end", "2026-11-20T06:00Z"], "without --window-start"),
    ],
)
def test_a_window_that_cannot_be_run_is_one_line(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    found = genwatch("run", str(monitor_file(tmp_path)), *arguments)
    assert (found.returncode, len(found.stderr.splitlines())) == (2, 1)
    assert sentence in found.stderr


def test_a_prefect_server_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    path = str(monitor_file(tmp_path))
    gone = genwatch("run", path, PREFECT_API_URL="http://127.0.0.1:9/api", PREFECT_CLIENT_MAX_RETRIES="0")
    assert (gone.returncode, len(gone.stderr.splitlines())) == (2, 1)
    assert "Prefect cannot be reached at http://127.0.0.1:9/api" in gone.stderr
    unset = genwatch("deploy", path)
    assert (unset.returncode, len(unset.stderr.splitlines())) == (2, 1)
    assert "PREFECT_API_URL is not set" in unset.stderr


@pytest.mark.usefixtures("prefect_server")
def test_run_prints_verdicts_and_a_breach_fails_only_where_asked(tmp_path: Path) -> None:
    path = monitor_file(tmp_path)
    home = served()
    window = ["--window-start", "2026-11-20T06:00Z"]
    found = genwatch("run", str(path), *window, "--fail-on-breach", COLUMNS="200", **home)
    assert found.returncode == 3, found.stderr
    assert "fluency pass rate 0.250 (0.127 to 0.412, 40 scored of 40 asked) is below 0.7: breach" in found.stdout
    assert "report/index.html" in found.stdout
    assert (tmp_path / "store/bot/report/index.html").exists()
    off = genwatch("run", str(path), "--window-start", "2026-11-20T06:30Z", **home)
    assert off.returncode == 2
    (line,) = off.stderr.splitlines()
    assert "are not their edges, the nearest start is 2026-11-20T06:00" in line
    path.write_text(path.read_text() + "alerts: {slack: env:NO_HOOK}\n")
    unset = genwatch("run", str(path), *window, **home)
    assert (unset.returncode, len(unset.stderr.splitlines())) == (2, 1)


def test_the_demo_degrades_on_its_second_day(tmp_path: Path) -> None:
    home = {"PREFECT_HOME": str(tmp_path / "prefect"), "COLUMNS": "200", "GENWATCH_SALT": "demo"}
    found = genwatch("demo", "--folder", str(tmp_path), **home)
    assert found.returncode == 0, found.stderr
    lines = [line for line in found.stdout.splitlines() if line.lstrip().startswith("2026-11-")]
    breaches = [line.count("✕") for line in lines]
    assert breaches[:2] == [0, 0]
    assert all(count >= 2 for count in breaches[2:])
    assert len(breaches) == 4
    assert (tmp_path / "results/demo-support-bot/report/index.html").exists()
    told = found.stdout[found.stdout.index("pass rates:") :]
    for signal in ("✕ prompt auc", "✕ latency_ms p95", "✕ errors share", "✕ pii leaked email", "shop-bot-2 is 0."):
        assert signal in told
    again = genwatch("run", str(tmp_path / "monitor.yaml"), **home)
    assert again.returncode == 0, again.stderr


def test_help_imports_neither_prefect_nor_the_engines() -> None:
    slow = ("prefect", "duckdb", "openai", "pyarrow", "pydantic")
    script = f"import sys, flows.cli; print([name for name in {slow} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.strip() == "[]"
