"""Collect a day of logs by genwatch, by queries written by hand, and by peers, in turn: Markdown tables and the goals.

`hand` is the DuckDB query of an expert for the same sample, `hand-accounted` one that also joins both sides in full and
counts, as genwatch does. Each run is a process of its own and writes the sample as Parquet; figures are the medians of
all runs. The bytes are read once before. More pairs than the first number come as JSON lines alone.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from apart import ENVIRONMENTS, InstallError, Outcome, finished, log, python_of
from logs import KINDS, generate
from table import HANDS, HEADINGS, NOTHING, Figures, cells, growth, medians, row, title, verdicts

HERE: Final = Path(__file__).resolve().parent
CHUNK_BYTES: Final = 2**24
REMARK_CHARACTERS: Final = 100
OF_MORE: Final = ("jsonl", "torn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A script in `peers/`, its arguments, and what pip puts into its environment; nothing is genwatch's own."""

    script: str
    arguments: Sequence[str] = ()
    requirements: Sequence[str] = ()


PEERS: Final[Mapping[str, Peer]] = {
    "hand": Peer(script="hand.py"),
    "hand-accounted": Peer(script="hand_accounted.py"),
    "genwatch, 2,000 rows": Peer(script="genwatch_.py", arguments=("--at-most", "2000")),
    "genwatch, all 10 %": Peer(script="genwatch_.py"),
    "polars": Peer(script="polars_.py", requirements=("polars",)),
    "pyarrow": Peer(script="pyarrow_.py", requirements=("pyarrow",)),
    "pandas": Peer(script="pandas_.py", requirements=("pandas", "pyarrow")),
    "pyspark": Peer(script="pyspark_.py", requirements=("pyspark",)),
}
Measured = dict[str, Figures]


def attempt(name: str, folder: Path, kind: str, options: argparse.Namespace) -> Outcome:
    """One run of a peer, in a working folder of its own."""
    peer = PEERS[name]
    try:
        python = python_of(peer.requirements, options.envs)
    except InstallError as error:
        return Outcome(failure=f"could not be installed: {error}")
    arguments = ["--folder", str(folder), "--kind", kind, *peer.arguments]
    with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
        command = [str(python), str(HERE / "peers" / peer.script), *arguments]
        return finished(command, Path(scratch), options.patience_s)


def measure(folder: Path, kind: str, options: argparse.Namespace) -> tuple[Measured, dict[str, str]]:
    """The figures of all peers, and why others have none; the peers take turns, so that a slow minute meets all."""
    lines: dict[str, list[Figures]] = {name: [] for name in options.peers}
    failures: dict[str, str] = {}
    for turn in range(options.runs):
        for name in options.peers:
            if name in failures:
                continue
            log(f"{folder.parent.name} {kind}, run {turn + 1}: {name}")
            outcome = attempt(name, folder, kind, options)
            if outcome.line is None:
                failures[name] = (outcome.failure or "").replace(f"{folder}/", "")[:REMARK_CHARACTERS]
            else:
                lines[name].append(outcome.line)
    return {name: medians(found) for name, found in lines.items() if name not in failures}, failures


def warm(folder: Path) -> int:
    """Read all bytes once, so that no peer waits for the disk; returns how many there are."""
    total = 0
    for path in sorted(folder.rglob("i.*")):
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                total += len(chunk)
    return total


def tell(measured: Measured, failures: Mapping[str, str], whole: Measured) -> None:
    """Print the table and the goals; ratios are to the queries over these logs, of torn ones to those over `whole`."""
    hands: Measured = {hand: found[hand] for hand in HANDS for found in (whole, measured) if hand in found}
    print(row(HEADINGS), row(["---"] * len(HEADINGS)), sep="\n")
    for name in PEERS:
        if name in measured:
            print(row([title(name, measured[name]), *cells(measured[name], hands)]))
        elif name in failures:
            print(row([name, *[NOTHING] * (len(HEADINGS) - 2), failures[name]]))
    print()
    for name, figures in measured.items():
        if figures["package"] == "genwatch":
            print(*verdicts(name, figures, hands), sep="\n")
    sys.stdout.flush()


def main(options: argparse.Namespace) -> None:
    """Generate what is missing, measure and print, logs after logs."""
    found: dict[tuple[int, str], Measured] = {}
    for pairs in options.pairs:
        for kind in options.kinds if pairs == options.pairs[0] else OF_MORE:
            folder = options.folder / str(pairs) / kind
            log(f"{folder}: generating what is missing")
            generate(folder, pairs, kind)
            print(f"\n{pairs:,} pairs, {kind}, {warm(folder) / 1e6:,.0f} MB, medians of {options.runs} runs\n")
            measured, failures = measure(folder, kind, options)
            found[pairs, kind] = measured
            tell(measured, failures, found.get((pairs, "jsonl"), {}) if kind == "torn" else {})
    print(*growths(options.pairs[0], options.pairs[-1], found), sep="\n")


def growths(least: int, most: int, found: Mapping[tuple[int, str], Measured]) -> Iterator[str]:
    """How the memory of genwatch grows from the least to the most pairs."""
    for kind in OF_MORE if most > least else ():
        few, many = found.get((least, kind), {}), found.get((most, kind), {})
        for name in few.keys() & many.keys():
            if many[name]["package"] == "genwatch":
                yield growth(f"{name}, {kind}", (least, few[name]), (most, many[name]))


def names(given: str) -> list[str]:
    """The peers in a list with commas, by the beginnings of their names."""
    return [name for one in given.split(",") for name in PEERS if name.startswith(one.strip())]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, nargs="+", default=[1_000_000, 5_000_000])
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS), help="of the first number of pairs")
    parser.add_argument("--peers", type=names, default=list(PEERS), help="beginnings of names, with commas")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where logs are kept, 25 GB for all; default: a temporary folder")
    parser.add_argument("--envs", type=Path, default=ENVIRONMENTS, help="the folder of the peers' environments")
    parser.add_argument("--patience-s", type=float, default=1200)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        given.folder = (given.folder or Path(temporary)).resolve()
        main(given)
