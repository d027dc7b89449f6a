"""What all peers share: the arguments, the rows, the criteria, and one line of JSON with what was taken and given."""

import argparse
import json
import math
import resource
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

Row = Mapping[str, str]

SCALE: Final = "from 1 (very poor) to 5 (excellent)"
# What is asked of packages that have no prompt of their own for one of the five: the question, and the texts it needs.
CRITERIA: Final[Mapping[str, tuple[str, Sequence[str]]]] = {
    "coherence": (
        "Does the answer hold together as one line of thought? Judge the order of its sentences, the links between "
        "them, and whether it contradicts or repeats itself.",
        ("prompt", "completion"),
    ),
    "fluency": (
        "Is the answer well-formed language of the kind that the question calls for? Judge grammar, spelling, word "
        "choice and whether sentences are complete.",
        ("prompt", "completion"),
    ),
    "groundedness": (
        "Is what the answer claims supported by the context? Compare claim by claim; only the context counts, not what "
        "you know yourself.",
        ("prompt", "completion", "context"),
    ),
    "relevance": (
        "Does the answer give what the question asks for, using what matters in the context? Judge whether it "
        "addresses the request, covers its main points, and stays with them.",
        ("prompt", "completion", "context"),
    ),
    "similarity": (
        "Does the answer say the same as the reference answer to this question? Compare meaning, not words.",
        ("prompt", "completion", "ground_truth"),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The rows to be judged, their file, the server's base URL, and how many calls may be in flight."""

    rows: Sequence[Row]
    file: Path
    url: str
    in_flight: int


# For each metric a value a row: True for the verdict that the server gave, None for none, False for any other, also for
# a missing one that the package's own pass rate counts as a fail.
Verdicts = Mapping[str, Sequence[bool | None]]


def run(package: str, evaluate: Callable[[Trial], Verdicts]) -> None:
    """Evaluate once and print the line; what the package raises ends the process."""
    trial = arguments()
    wall, cpu = time.perf_counter(), cpu_s()
    verdicts = evaluate(trial)
    line = {
        "package": package,
        "version": version(package),
        "wall_s": time.perf_counter() - wall,
        "cpu_s": cpu_s() - cpu,
        "peak_mb": peak_mb(),
        "metrics": {name: counts(given, len(trial.rows)) for name, given in verdicts.items()},
    }
    print(json.dumps(line), flush=True)


def arguments() -> Trial:
    """The trial that the command line tells."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=Path, required=True, help="a file of JSON lines")
    parser.add_argument("--url", required=True)
    parser.add_argument("--in-flight", type=int, default=64)
    given = parser.parse_args()
    rows = [json.loads(line) for line in given.rows.read_text().splitlines()]
    return Trial(rows=rows, file=given.rows, url=given.url, in_flight=given.in_flight)


def verdict(value: object, best: object) -> bool | None:
    """Whether the value is the best verdict, the only one that the server gives; None where there is no value."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    return value == best


def counts(given: Sequence[bool | None], rows: int) -> dict[str, int]:
    """How many judgements were scored as the server did, how many otherwise, and how many have no result."""
    scored, wrong = (sum(one is counted for one in given) for counted in (True, False))
    return {"scored": scored, "wrong": wrong, "lost": rows - scored - wrong}


def cpu_s() -> float:
    """CPU seconds of this process and of the processes that it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def peak_mb() -> float:
    """The most memory that this process, or the largest that it waited for, has held."""
    return max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
