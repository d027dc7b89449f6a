"""Our PPI++ mean against the authors' package `ppi-python`, in a virtual environment of its own.

`python benchmarks/deciding/ppi_python.py` draws cases from a fixed seed, installs the package into a temporary folder,
and prints the largest differences.
"""

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Final

import numpy as np
from scipy import stats

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tasks.core.labels.correction import ppi_mean

PACKAGE: Final = "ppi-python==0.2.3"
CASES: Final = 200
ALPHA: Final = 0.1
LIMIT: Final = 1e-9
THEIRS: Final = """
import json, sys
import numpy as np
from ppi_py import ppi_mean_ci, ppi_mean_pointestimate
for line in sys.stdin:
    one = json.loads(line)
    human, judge, others = (np.array(one[name]) for name in ("human", "judge", "others"))
    weights = None if one["weights"] is None else np.array(one["weights"])
    value = float(np.squeeze(ppi_mean_pointestimate(human, judge, others, w=weights)))
    bounds = ppi_mean_ci(human, judge, others, alpha=0.1) if weights is None else ()
    print(json.dumps([value, *(float(np.squeeze(bound)) for bound in bounds)]))
"""


def cases() -> list[dict[str, list[float] | None]]:
    """Passes and scores; every third with unequal weights."""
    rng = np.random.default_rng(3)
    found: list[dict[str, list[float] | None]] = []
    for number in range(CASES):
        n, more = int(rng.integers(10, 200)), int(rng.integers(20, 900))
        human = (rng.random(n) < rng.random()).astype(float) if number % 2 else rng.normal(size=n)
        judge = human * rng.random() + rng.normal(size=n) / 2
        others = rng.choice(judge, more) + rng.normal(size=more) / 4
        if number % 2:
            judge, others = (judge > 0.3).astype(float), (others > 0.3).astype(float)  # noqa: PLR2004
        weights = None if number % 3 else (rng.random(n) + 0.2).tolist()
        found.append({"human": human.tolist(), "judge": judge.tolist(), "others": others.tolist(), "weights": weights})
    return found


def ours(case: dict[str, list[float] | None]) -> list[float]:
    """The value, and its bounds by normal theory where the weights are equal."""
    given = {name: None if values is None else np.array(values) for name, values in case.items()}
    human, judge, others = given["human"], given["judge"], given["others"]
    assert human is not None  # noqa: S101
    assert judge is not None  # noqa: S101
    assert others is not None  # noqa: S101
    found = ppi_mean(human, judge, others, given["weights"])
    half = float(stats.norm.ppf(1 - ALPHA / 2)) * found.error
    bounds = [] if given["weights"] is not None else [found.value - half, found.value + half]
    return [found.value, *bounds]


def theirs(drawn: list[dict[str, list[float] | None]], folder: Path) -> list[list[float]]:
    """The package's answers."""
    venv.create(folder, with_pip=True)
    python = str(folder / "bin/python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", PACKAGE], check=True, stderr=subprocess.DEVNULL)
    lines = "".join(f"{json.dumps(one)}\n" for one in drawn)
    done = subprocess.run([python, "-c", THEIRS], input=lines, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def table() -> str:
    """The largest differences as Markdown."""
    drawn = cases()
    with tempfile.TemporaryDirectory() as folder:
        pairs = list(zip(map(ours, drawn), theirs(drawn, Path(folder)), strict=True))
    values = max(abs(mine[0] - other[0]) for mine, other in pairs)
    bounds = max(abs(a - b) for mine, other in pairs for a, b in zip(mine[1:], other[1:], strict=True))
    verdict = "equal" if max(values, bounds) < LIMIT else "DIFFERENT"
    head = f"{PACKAGE}, {len(pairs)} cases, equal to {LIMIT:g}: {verdict}\n\n| | largest difference |\n| --- | --- |\n"
    return f"{head}| value | {values:.1e} |\n| bounds of the 90 % interval by normal theory | {bounds:.1e} |"


if __name__ == "__main__":
    print(table())
