"""Every command of the documentation: run as written, or listed here with why not and what is looked at instead."""

import csv
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prefect.cli._app import _app as prefect
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL
from ruamel.yaml import YAML
from typer.testing import CliRunner

from flows.cli import app
from tasks.core.errors import MonitorError
from tests.docs.pages import PAGES, ROOT, commands, name_of
from tests.docs.workspace import Workspace

pytestmark = pytest.mark.usefixtures("prefect_server")
Look = Callable[[list[str], Workspace], None]


@pytest.mark.parametrize("page", [one for one in PAGES if commands(one)], ids=name_of)
def test_the_commands_of_a_page_do_what_it_shows(
    page: Path, template: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = template.copied_to(tmp_path / "work")
    _without_pool("genwatch")
    monkeypatch.chdir(workspace.folder)
    for command in commands(page):
        if (look := _look_instead(command.line)) is not None:
            look(_words(command.line, workspace), workspace)
            continue
        said = _run(command.line, workspace)
        for shown in filter(None, (_shape(line) for line in command.shown)):
            assert shown in _shape(said), f"$ {command.line}\nshows: {shown}\nsaid:  {_shape(said)}"


def test_most_commands_are_run() -> None:
    every = [command.line for page in PAGES for command in commands(page)]
    ours = [line for line in every if line.split()[0] in ("genwatch", "prefect")]
    run = [line for line in every if _look_instead(line) is None]
    print(f"{len(every)} commands, {len(ours)} of genwatch and prefect, {len(run)} run")  # noqa: T201
    assert len(run) > 0.6 * len(every)
    assert [line for line in every if line.startswith("genwatch ") and line not in run] == [
        line for line in every if line.startswith("genwatch demo")
    ]


def _without_pool(name: str) -> None:
    """A server on which no other page has made the pool."""
    with get_client(sync_client=True) as client:
        if name in [pool.name for pool in client.read_work_pools()]:
            client.delete_work_pool(name)


def _run(line: str, workspace: Workspace) -> str:
    """What a command says; one whose page shows its error ends in that."""
    words = _words(line, workspace)
    if words[0] == "genwatch":
        found = CliRunner(env=dict(workspace.environment)).invoke(app, words[1:])
        error = found.exception
        if isinstance(error, MonitorError):
            return f"{found.output}\ngenwatch: {error}"
        assert error is None or isinstance(error, SystemExit), f"$ {line}\n{found.output}\n{error!r}"
        assert found.exit_code in (0, 3), f"$ {line}\n{found.output}"
        return found.output
    assert words[0] in ("prefect", "python"), f"no such command is known: {line}"
    program = [sys.executable, *(["-m", "prefect"] if words[0] == "prefect" else []), *words[1:]]
    environment = os.environ | workspace.environment | {"PREFECT_API_URL": str(PREFECT_API_URL.value())}
    environment |= {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        program,
        cwd=workspace.folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"$ {line}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def _words(line: str, workspace: Workspace) -> list[str]:
    """The words of a command as a shell finds them, with what a person fills in meanwhile."""
    words = [word for one in shlex.split(line, comments=True) for word in _expanded(one, workspace.folder)]
    if "--until" in words:  # a time to come, whenever this is run
        place = words.index("--until") + 1
        words[place] = f"{datetime.now(UTC) + timedelta(days=3):%Y-%m-%dT%H:%MZ}"
    if words[:2] == ["genwatch", "calibrate"] and "--labels" in words:
        _label(workspace.folder / words[words.index("--labels") + 1])
    return words


def _expanded(word: str, folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.glob(word)) if "*" in word else [word]


def _label(path: Path) -> None:
    """Fill in what a person does: every label of every row."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows):
        row.update({name: str(1 + number % 5) for name in row if name.startswith("label_")} | {"labeller": "sam"})
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _shape(text: str) -> str:
    """A text without its figures, times, identifiers and spacing; of a line that ends in an ellipsis, what precedes."""
    without = re.sub(r"\b[0-9a-f]{8,}\b|\d[\d.,:]*\d|\d", "#", text.removesuffix("…"))
    return " ".join(without.split())


def _look_instead(line: str) -> Look | None:
    """What is looked at in place of running a command; None for one that is run."""
    return next((look for start, (_, look) in NOT_RUN.items() if line.startswith(start)), None)


def _repository(words: list[str], workspace: Workspace) -> None:
    assert (ROOT / "Makefile").is_file()


def _target(words: list[str], workspace: Workspace) -> None:
    assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def _files(words: list[str], workspace: Workspace) -> None:
    """Every file that the command names is there, and is what its name says."""
    paths = [word.removeprefix("file://") for word in words if re.search(r"\.(json|ya?ml|py)$|Dockerfile$", word)]
    assert paths, words
    for path in paths:
        text = (workspace.folder / path).read_text(encoding="utf-8")
        if path.endswith(".json"):
            json.loads(text)
        elif path.endswith((".yaml", ".yml")):
            assert list(YAML(typ="safe").load_all(text))


def _variables(words: list[str], workspace: Workspace) -> None:
    names = [word.partition("=")[0] for word in words[1:]]
    assert set(names) <= VARIABLES, names


def _is_known(words: list[str], workspace: Workspace) -> None:
    """Prefect's own command line reads the command, up to a pipe, as one of its own with these options."""
    line = words[1 : words.index("|")] if "|" in words else words[1:]
    prefect.parse_args(line, exit_on_error=False, print_error=False)


def _extra(words: list[str], workspace: Workspace) -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    asked = {name for word in words for found in re.findall(r"genwatch\[([\w,]+)\]", word) for name in found.split(",")}
    assert asked <= set(extras), asked


VARIABLES = {
    "AWS_PROFILE",
    "MAIL_URL",
    "GENWATCH_SALT",
    "OPENAI_API_KEY",
    "PREFECT_API_URL",
    "SLACK_BOT_TOKEN",
    "SLACK_WEBHOOK_URL",
}
NOT_RUN: dict[str, tuple[str, Look]] = {
    "git clone": ("the repository is here", _repository),
    "make ": ("installs packages, or runs these tests; the CI does both", _target),
    "source .venv": ("of the shell alone", _repository),
    "export ": ("of the shell alone; the workspace sets the same variables", _variables),
    "genwatch demo": ("takes half a minute; tests/flows/test_cli.py runs it", _repository),
    "prefect deployment inspect": ("of a deployment of the reader's own", _is_known),
    "prefect automation ": ("needs that deployment; tests/flows/test_automations.py makes one", _is_known),
    "prefect server start": ("does not end", _is_known),
    "prefect worker start": ("does not end", _is_known),
    "pip install": ("installs packages", _extra),
    "docker build": ("there is no Docker here", _files),
    "kubectl apply": ("there is no cluster here", _files),
    "aws ": ("there is no account here", _files),
    "az ": ("there is no account here", _repository),
    "gcloud ": ("there is no account here", _repository),
    "python benchmarks/": ("takes minutes, or data that is elsewhere", _files),
}
