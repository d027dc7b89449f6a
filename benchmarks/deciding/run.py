"""Every table about deciding, one after the other: `python benchmarks/deciding/run.py [../shared/data]`.

The tables on recorded judges need the shared data; without a folder of it they are left out, and it is said.
"""

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
TITLES: Final[Mapping[str, str]] = {
    "coverage": "Coverage of the intervals of a fixed sample",
    "judgements": "Judgements until a verdict",
    "alarms": "False alarms of whole monitors",
    "delay": "Windows until a fall is found",
}
ON_DATA: Final[Mapping[str, str]] = {
    "corrected": "Rates corrected by labels, on recorded judges",
    "sampling": "Control variates, strata and preferences, on recorded judges",
}


def main(data: Path | None) -> None:
    """Print the tables, each as its script does."""
    started = time.monotonic()
    for name, title in TITLES.items():
        _print(name, title)
    for name, title in ON_DATA.items():
        if data is None:
            print(f"\n## {title}\n\nleft out: no folder of the shared data was given")
        else:
            _print(name, title, str(data))
    print(f"\nall in {time.monotonic() - started:.0f} s")


def _print(name: str, title: str, *arguments: str) -> None:
    print(f"\n## {title}\n", flush=True)
    subprocess.run([sys.executable, str(HERE / f"{name}.py"), *arguments], check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
