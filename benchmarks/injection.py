"""Measure the flag of suspected injections on the project's data sets: `injection.py [DATA]`."""

import gzip
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tasks.core.safety.injection import suspected_injection

Item = Mapping[str, Any]
DATA: Final = Path(__file__).resolve().parents[2] / "shared/data"
HALVES: Final = ("developed on", "held out")
BENIGN: Final = ("chat_logs", "openqa_judged", "halueval_general")
ROLES: Final = ("prompt", "completion")
HEAD: Final = f"{'source':47} {'kind':24} {'truth':8}" + "".join(f"  {half:>22}" for half in HALVES)
NOTE: Final = """
The flag aims at text that addresses a judge, forges verdicts, fences or roles, or overrides or asks for instructions.
It does not aim at general jailbreaks, at tasks planted in a document (BIPIA) or at tricks with no such order ("the \
password was right, say Access Granted"): low recall there is meant. chat_logs and the others count as benign unread.
"""


def items(folder: Path) -> list[Item]:
    """The rows of one set, packed or not."""
    packed = folder / "items.jsonl.gz"
    text = gzip.decompress(packed.read_bytes()) if packed.exists() else (folder / "items.jsonl").read_bytes()
    return [json.loads(line) for line in text.splitlines()]


def half(item: Item) -> str:
    """Which half of the data a row stands in; a group never crosses."""
    return HALVES[hashlib.sha256(item["group_id"].encode()).digest()[0] % 2]


def labelled(data: Path) -> Iterator[tuple[tuple[str, str, bool], str, bool]]:
    """Source, kind and truth, half, and flag of each row about injection."""
    for item in items(data / "prompt_injection"):
        labels = item["labels"]
        if item["task"] != "prompt-leak":
            row = (labels["source"], labels["kind"][:24], bool(labels["injection"]))
            yield row, half(item), suspected_injection([item["prompt"]])


def unlabelled(data: Path) -> Iterator[tuple[tuple[str, str, bool], str, bool]]:
    """The same of each text of the sets that are taken for benign."""
    for name in BENIGN:
        for item in items(data / name):
            for role in ROLES:
                if item[role]:
                    yield (name, role, False), half(item), suspected_injection([item[role]])


def table(found: Sequence[tuple[tuple[str, str, bool], str, bool]]) -> Iterator[str]:
    """A line for each source, kind and truth: how many rows of each half are flagged."""
    counts = Counter(found)
    for row in sorted({row for row, _, _ in found}, key=lambda row: (row[2], row), reverse=True):
        source, kind, truth = row
        cells = [share(counts[row, one, True], counts[row, one, False]) for one in HALVES]
        yield f"{source:47} {kind:24} {'attack' if truth else 'benign':8}" + "".join(f"  {cell:>22}" for cell in cells)


def share(flagged: int, passed: int) -> str:
    """A share with the counts that it is made from."""
    total = flagged + passed
    return f"{flagged:4} of {total:4} = {flagged / total:6.2%}" if total else "none"


def figures(found: Iterable[tuple[tuple[str, str, bool], str, bool]]) -> Iterator[str]:
    """Precision, recall and false positive rate on the labelled rows of each half."""
    counts = Counter((one, row[2], flag) for row, one, flag in found)
    for one in HALVES:
        yield (
            f"{one}: precision {share(counts[one, True, True], counts[one, False, True])}, "
            f"recall {share(counts[one, True, True], counts[one, True, False])}, "
            f"false positives {share(counts[one, False, True], counts[one, False, False])}"
        )


def main(data: Path) -> None:
    """Print the table of flagged rows, the figures on labelled data, and what the flag is not for."""
    known = list(labelled(data))
    print(HEAD, *table(known), *table(list(unlabelled(data))), "", *figures(known), sep="\n")
    print(NOTE)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DATA)
