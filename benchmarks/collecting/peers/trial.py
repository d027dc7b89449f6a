"""What all peers share: the arguments, the files, and one line of JSON with what was taken and given."""

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

RATE: Final = 0.1
COLUMNS: Final = {"model_inputs": ("question", "context"), "model_outputs": ("answer",)}
MEMORY_GB: Final = 1.0
UNIT: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The folder of the logs and what it holds, the file that the sample goes to, and its most rows."""

    folder: Path
    kind: str
    target: Path
    at_most: int

    def paths(self, side: str) -> list[str]:
        """The files of one side, in order."""
        return [str(path) for path in sorted((self.folder / side).rglob("i.*"))]

    @property
    def is_parquet(self) -> bool:
        """Whether the logs are tables, not JSON lines."""
        return self.kind == "parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The rows of the sample, and what else is known of the logs."""

    rows: int
    told: str = ""


def run(package: str, collect: Callable[[Trial], Found]) -> None:
    """Collect once and print the line; what the package raises ends the process.

    Wall and CPU time leave out what is imported and started before; the memory does not.
    """
    trial = arguments()
    wall, cpu = time.perf_counter(), cpu_s()
    found = collect(trial)
    line = {
        "package": package,
        "version": version(package),
        "wall_s": time.perf_counter() - wall,
        "cpu_s": cpu_s() - cpu,
        "peak_mb": peak_mb(),
        "rows": found.rows,
        "told": found.told,
    }
    print(json.dumps(line), flush=True)


def arguments() -> Trial:
    """The trial that the command line tells; the sample goes to the working folder."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--kind", required=True)
    parser.add_argument("--at-most", type=int, default=1_000_000)
    given = parser.parse_args()
    return Trial(folder=given.folder, kind=given.kind, target=Path("sample.parquet").resolve(), at_most=given.at_most)


def family(process: str = "self") -> list[str]:
    """This process and all that descend from it: a JVM is one of them."""
    children = [
        child for task in Path(f"/proc/{process}/task").glob("*/children") for child in task.read_text().split()
    ]
    return [process, *(member for child in children for member in family(child))]


def cpu_s() -> float:
    """CPU seconds of this process, of those that it waited for, and of those that still run."""
    return sum(sum(map(int, _stat(member)[11:15])) for member in family()) / UNIT


def peak_mb() -> float:
    """The most memory that this process has held, and each that still runs, added up."""
    return sum(_most_kb(member) for member in family()) / 1024


def _stat(process: str) -> Sequence[str]:
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()


def _most_kb(process: str) -> int:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)
