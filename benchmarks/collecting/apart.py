"""Programs in processes and environments of their own: installed once, ended where they take too long."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

INSTALL_S: Final = 900
ENVIRONMENTS: Final = Path.home() / ".cache" / "genwatch-peers"
QUIET: Final = {"DO_NOT_TRACK": "1", "PYTHONWARNINGS": "ignore", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
FIRST_TO_END: Final = "1000"  # of all processes, should the memory of the machine not do


class InstallError(Exception):
    """A package that could not be installed; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a process printed as its line of JSON, or why it did not."""

    line: Mapping[str, Any] | None = None
    failure: str | None = None


def python_of(requirements: Sequence[str], folder: Path) -> Path:
    """The Python of an environment that holds the requirements and is named by the first; none are genwatch's own."""
    if not requirements:
        return Path(sys.executable)
    home, wanted = folder / requirements[0], "\n".join(requirements)
    python, note = home / "bin" / "python", home / "requirements.txt"
    if not note.exists() or note.read_text() != wanted:
        log(f"installing {', '.join(requirements)}")
        _call([sys.executable, "-m", "venv", "--clear", str(home)])
        _call([str(python), "-m", "pip", "install", "--quiet", "--prefer-binary", *requirements])
        note.write_text(wanted)
    return python


def finished(command: Sequence[str], folder: Path, patience_s: float) -> Outcome:
    """What a process printed that ran in a folder; it and its children are ended where it takes too long."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=kept | QUIET,
        cwd=folder,
        start_new_session=True,
    ) as process:
        Path(f"/proc/{process.pid}/oom_score_adj").write_text(FIRST_TO_END)
        try:
            out, complaints = process.communicate(timeout=patience_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return Outcome(failure=f"did not finish in {patience_s:g} s")
    printed = [line for line in out.splitlines() if line.startswith("{")]
    if process.returncode == 0 and printed:
        return Outcome(line=json.loads(printed[-1]))
    return Outcome(failure="ran out of memory" if process.returncode == -signal.SIGKILL else _raised(complaints))


def log(words: str) -> None:
    """Tell on the standard error what is being done."""
    print(words, file=sys.stderr, flush=True)


def _call(command: Sequence[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_S, check=False)
    except subprocess.TimeoutExpired as error:
        message = f"not within {INSTALL_S} s"
        raise InstallError(message) from error
    if done.returncode:
        complaints = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise InstallError((complaints or done.stderr.splitlines() or ["no reason given"])[-1])


def _raised(complaints: str) -> str:
    """The last exception in what a process said."""
    lines = [line for line in complaints.splitlines() if "Error" in line or "Exception" in line]
    last = (lines or complaints.splitlines() or ["nothing that it told"])[-1]
    return f"raised {last.replace('|', '/').strip()}"
