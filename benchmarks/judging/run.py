"""Run each peer and genwatch in turn against one local server, and print one Markdown table of what each took and gave.

Each peer is installed in an environment of its own, which is kept for the next run. The first round is clean; in the
second the server answers 10 % of the calls with status 429, 5 % with words that hold no verdict, 2 % with status 500.
A judgement is lost where the package gives no result, and counted wrongly where it gives another than the server did,
or where its own pass rate counts a missing one as a fail. The limit is judgements x latency / calls in flight.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from monitors import LENGTHS, text
from processes import serving
from table import HEADINGS, METRICS, NOTHING, Outcome, Round, clean_cells, faulty_cells, remarks, row, title

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parents[1]
FAULTS: Final = {"rate_limited": 0.10, "unreadable": 0.05, "broken": 0.02}
INSTALL_S: Final = 900
ENVIRONMENTS: Final = Path.home() / ".cache" / "genwatch-peers"
QUIET: Final = {"DO_NOT_TRACK": "1", "PYTHONWARNINGS": "ignore", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A script in `peers/`, the environment that it runs in, and what pip puts there; None is genwatch's own."""

    script: str
    environment: str | None = None
    requirements: Sequence[str] = ()


PEERS: Final[Mapping[str, Peer]] = {
    "genwatch": Peer(script="genwatch_.py"),
    "openai, threads": Peer(script="openai_threads.py", environment="openai", requirements=("openai",)),
    "openai, async": Peer(script="openai_async.py", environment="openai", requirements=("openai",)),
    "phoenix": Peer(script="phoenix_.py", environment="phoenix", requirements=("arize-phoenix-evals", "openai")),
    # evidently 0.7 does not import with pandas 3.1
    "evidently": Peer(script="evidently_.py", environment="evidently", requirements=("evidently[llm]", "pandas<3")),
    # ragas 0.4 does not import with langchain-community 0.4
    "ragas": Peer(script="ragas_.py", environment="ragas", requirements=("ragas", "langchain-community<0.4")),
    "deepeval": Peer(script="deepeval_.py", environment="deepeval", requirements=("deepeval",)),
    "azure": Peer(script="azure_ai_evaluation.py", environment="azure", requirements=("azure-ai-evaluation",)),
    "mlflow": Peer(script="mlflow_.py", environment="mlflow", requirements=("mlflow", "openai")),
}


class InstallError(Exception):
    """A peer that could not be installed; the text says why."""


def install(peer: Peer, folder: Path) -> Path:
    """The Python of the peer's environment, which is made where it is missing or holds something else."""
    if peer.environment is None:
        return Path(sys.executable)
    home = folder / peer.environment
    python, note, wanted = home / "bin" / "python", home / "requirements.txt", "\n".join(peer.requirements)
    if not note.exists() or note.read_text() != wanted:
        log(f"installing {wanted.replace(chr(10), ', ')}")
        called([sys.executable, "-m", "venv", "--clear", str(home)])
        called([str(python), "-m", "pip", "install", "--quiet", "--prefer-binary", *peer.requirements])
        note.write_text(wanted)
    return python


def called(command: Sequence[str]) -> None:
    """Call a program; raises InstallError with its last complaint."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_S, check=False)
    except subprocess.TimeoutExpired as error:
        message = f"not within {INSTALL_S} s"
        raise InstallError(message) from error
    if done.returncode:
        complaints = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise InstallError((complaints or done.stderr.splitlines() or ["no reason given"])[-1])


def exchange(url: str, document: Json | None = None) -> Json:
    """Get a document from the server, or post one to it."""
    body = None if document is None else json.dumps(document).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data=body), timeout=10) as reply:  # noqa: S310
        answer: Json = json.load(reply)
    return answer


def write_rows(file: Path, count: int) -> None:
    """Rows whose texts differ in every role, 1,200 characters a row."""
    lines = (
        json.dumps({role: text(f"{role} {number}", length) for role, length in LENGTHS.items()})
        for number in range(count)
    )
    file.write_text("\n".join(lines) + "\n")


def judge(python: Path, peer: Peer, server: str, one: Round, in_flight: int) -> Outcome:
    """Let a peer judge the rows of a round, in a process and a working folder of its own."""
    tag = Path(peer.script).stem.rstrip("_")
    exchange(f"{server}/faults", one.faults)
    exchange(f"{server}/reset", {})
    arguments = ["--rows", str(one.file), "--url", f"{server}/{tag}/v1", "--in-flight", str(in_flight)]
    with tempfile.TemporaryDirectory() as folder:
        command = [str(python), str(HERE / "peers" / peer.script), *arguments]
        outcome = finished(command, surroundings(peer), Path(folder), one.patience_s)
    asked = exchange(f"{server}/stats").get(tag)
    return Outcome(line=outcome.line, failure=outcome.failure, asked=asked)


def surroundings(peer: Peer) -> dict[str, str]:
    """The environment variables of a peer: none that would lead it to a real server, and no telemetry."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "AZURE_", "PYTHON"))}
    return kept | QUIET | ({"PYTHONPATH": str(ROOT)} if peer.environment is None else {})


def finished(command: Sequence[str], variables: Mapping[str, str], folder: Path, patience_s: float) -> Outcome:
    """What a process printed, or how it ended; it and its children are ended where it takes too long."""
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=variables,
        cwd=folder,
        start_new_session=True,
    ) as process:
        try:
            out, complaints = process.communicate(timeout=patience_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return Outcome(failure=f"did not finish in {patience_s:g} s")
    printed = [line for line in out.splitlines() if line.startswith('{"package"')]
    if process.returncode == 0 and printed:
        return Outcome(line=json.loads(printed[-1]))
    return Outcome(failure=f"raised {raised(complaints)}")


def raised(complaints: str) -> str:
    """The last exception in what a process said, shortened to a cell of the table."""
    lines = [line for line in complaints.splitlines() if line and not line.startswith((" ", "|", "+"))]
    return (lines or ["nothing that it told"])[-1].replace("|", "/")[:90]


def log(words: str) -> None:
    """Tell on the standard error what is being done."""
    print(words, file=sys.stderr, flush=True)


def measured(name: str, server: str, options: argparse.Namespace, rounds: tuple[Round, Round]) -> list[str]:
    """The cells of one peer, after both rounds."""
    peer, (clean_round, faulty_round) = PEERS[name], rounds
    try:
        python = install(peer, options.envs)
    except InstallError as error:
        return [name, *[NOTHING] * 12, f"could not be installed: {error}"]
    log(f"{name}: {clean_round.rows} rows")
    clean = judge(python, peer, server, clean_round, options.in_flight)
    faulty = None
    if faulty_round.rows:
        log(f"{name}: {faulty_round.rows} rows with faults")
        faulty = judge(python, peer, server, faulty_round, options.in_flight)
    limit_s = options.latency_ms / 1000 / options.in_flight
    cells = [*clean_cells(clean, clean_round, limit_s), *faulty_cells(faulty, faulty_round)]
    return [title(name, clean), *cells, remarks(clean, faulty)]


def main(options: argparse.Namespace) -> None:
    """Measure the peers that were asked for; a row is printed as soon as it is known."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(str(HERE / "server.py"), "--latency-ms", str(options.latency_ms)) as server,
    ):
        rounds = (
            Round(file=Path(folder) / "rows.jsonl", rows=options.rows, faults={}, patience_s=options.patience_s),
            Round(
                file=Path(folder) / "faulty.jsonl",
                rows=options.fault_rows,
                faults=FAULTS,
                patience_s=options.fault_patience_s,
            ),
        )
        for one in rounds:
            write_rows(one.file, one.rows)
        print(
            f"{options.rows} rows x {METRICS} metrics, {options.in_flight} in flight, "
            f"{options.latency_ms:g} ms a call; with faults {options.fault_rows} rows\n"
        )
        print(row(HEADINGS), row(["---"] * len(HEADINGS)), sep="\n", flush=True)
        for name in options.peers:
            print(row(measured(name, server, options, rounds)), flush=True)


def names(given: str) -> list[str]:
    """The peers in a list with commas, by the beginnings of their names."""
    return [name for one in given.split(",") for name in PEERS if name.startswith(one.strip())]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--fault-rows", type=int, default=100, help="0: no round with faults")
    parser.add_argument("--latency-ms", type=float, default=200)
    parser.add_argument("--in-flight", type=int, default=64)
    parser.add_argument("--peers", type=names, default=list(PEERS), help="beginnings of names, with commas")
    parser.add_argument("--envs", type=Path, default=ENVIRONMENTS, help="the folder of the peers' environments")
    parser.add_argument("--patience-s", type=float, default=600)
    parser.add_argument("--fault-patience-s", type=float, default=300)
    main(parser.parse_args())
