"""Measure what checking the data contract costs: `contract.py [ROWS ...]`, each run in a fresh process.

`genwatch` is the check as a run makes it. `texts` gives the rules of lengths, blanks, numbers and languages to Great
Expectations as it has them, with the texts in the frame. `pyarrow` counts the same by hand, and lists no rows.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import feather

ROWS: Final = (10_000, 100_000, 1_000_000)
PATTERN_ROWS: Final = 997
LONGEST: Final = {"prompt": 400, "completion": 600, "context": 800}
MAPPED: Final = (*LONGEST, "language", "latency_ms")
ALLOWED: Final = r"(?i)^\s*(en|de)([-_].*)?\s*$"
SLOWEST_MS: Final = 800
RULES: Final[Mapping[str, Any]] = {
    "columns": {
        **{name: {"required": True, "length": {"min": 1, "max": longest - 9}} for name, longest in LONGEST.items()},
        "latency_ms": {"range": {"min": 0, "max": SLOWEST_MS}},
    },
    "languages": {"allowed": ["en", "de"]},
}


def table(rows: int) -> pa.Table:
    """Made-up interactions: texts of 0 to `LONGEST` characters, one in 20 null, one language in 50 not allowed."""
    columns = {}
    for name, longest in LONGEST.items():
        texts = [None if row % 20 == 3 else ("words and " * 80)[: row * 7 % longest] for row in range(PATTERN_ROWS)]  # noqa: PLR2004
        columns[name] = pa.array(texts).take(pa.array(row % PATTERN_ROWS for row in range(rows)))
    columns["language"] = pa.array("xx" if row % 50 == 0 else "en-US" for row in range(rows))
    columns["latency_ms"] = pa.array(float(row % 900 - 9) for row in range(rows))
    return pa.table(columns)


def by_genwatch(interactions: pa.Table) -> int:
    """The check as a run makes it; gives how often a rule was broken, as the others do."""
    from configs.contract import Contract  # noqa: PLC0415  what is imported is part of the cost
    from tasks.adapters.contract_gx import check_rows  # noqa: PLC0415

    checks = check_rows(interactions, Contract.model_validate(RULES).expectations(MAPPED))
    return sum(check.unexpected for check in checks)


def by_texts(interactions: pa.Table) -> int:
    """Great Expectations' own expectations over a frame that holds the texts."""
    import great_expectations as gx  # noqa: PLC0415
    from great_expectations import expectations as gxe  # noqa: PLC0415
    from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: PLC0415

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    frame = interactions.to_pandas()
    blank = frame[list(LONGEST)].eq("")
    frame[list(LONGEST)] = frame[list(LONGEST)].mask(blank)
    rules = [gxe.ExpectColumnValuesToNotBeNull(column=name) for name in MAPPED]
    rules += [
        gxe.ExpectColumnValueLengthsToBeBetween(column=name, min_value=1, max_value=longest - 9)
        for name, longest in LONGEST.items()
    ]
    rules.append(gxe.ExpectColumnValuesToMatchRegex(column="language", regex=ALLOWED.replace("(en", "(?:en")))
    rules.append(gxe.ExpectColumnValuesToBeBetween(column="latency_ms", min_value=0, max_value=SLOWEST_MS))
    asset = context.data_sources.add_pandas("bench").add_dataframe_asset("texts")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    found = batch.validate(gx.ExpectationSuite(name="texts", expectations=rules), result_format="COMPLETE")
    empty = int(blank.to_numpy().sum())  # a blank text is null here, and its length is not looked at
    return sum(result.result["unexpected_count"] for result in found.results) + empty


def by_pyarrow(interactions: pa.Table) -> int:
    """The same counts with nothing but Arrow."""
    broken = 0
    for name, longest in LONGEST.items():
        lengths = pc.utf8_length(interactions[name])
        broken += interactions.num_rows - (pc.sum(pc.greater(lengths, 0)).as_py() or 0)
        broken += pc.sum(pc.or_(pc.less(lengths, 1), pc.greater(lengths, longest - 9))).as_py() or 0
    broken += pc.sum(pc.invert(pc.match_substring_regex(interactions["language"], ALLOWED))).as_py() or 0
    slow = interactions["latency_ms"]
    return broken + (pc.sum(pc.or_(pc.less(slow, 0), pc.greater(slow, SLOWEST_MS))).as_py() or 0)


MODES: Final[Mapping[str, Callable[[pa.Table], int]]] = {
    "genwatch": by_genwatch,
    "texts": by_texts,
    "pyarrow": by_pyarrow,
}


def run_once(path: Path, mode: str) -> Mapping[str, float]:
    """One mode in this process, twice: the first time with its imports, the second time without."""
    interactions = feather.read_table(path, memory_map=False)
    before_mb = peak_mb()
    figures: dict[str, float] = {}
    for name in ("first", "again"):
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        figures["broken"] = MODES[mode](interactions)
        figures[f"{name}_wall_s"] = time.perf_counter() - wall_s
        figures[f"{name}_cpu_s"] = time.process_time() - cpu_s
        figures.setdefault("peak_mb", peak_mb())
    return {**figures, "added_mb": figures["peak_mb"] - before_mb, "table_mb": interactions.nbytes / 1e6}


def peak_mb() -> float:
    """The most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run_apart(*arguments: str) -> str:
    """What this file prints when it runs in a process of its own."""
    return subprocess.run([sys.executable, __file__, *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def line(rows: int, mode: str, runs: list[Mapping[str, float]]) -> str:
    """One line of the table: the medians of the runs."""
    one = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    return (
        f"{rows:>9,} {mode:9} {one['first_wall_s']:8.2f} {one['again_wall_s']:8.2f} {one['again_cpu_s']:8.2f} "
        f"{one['table_mb']:9.0f} {one['added_mb']:9.0f} {one['broken']:9.0f}"
    )


def main(sizes: list[int], modes: list[str], runs: int) -> None:
    """Print the table."""
    print(f"median of {runs} runs")
    print(
        f"{'rows':>9} {'':9} {'first s':>8} {'again s':>8} {'CPU s':>8} {'table MB':>9} {'added MB':>9} {'broken':>9}"
    )
    with tempfile.TemporaryDirectory() as folder:
        for rows in sizes:
            path = str(Path(folder) / f"{rows}.feather")
            run_apart("--make", path, str(rows))
            for mode in modes:
                print(line(rows, mode, [json.loads(run_apart("--run", path, mode)) for _ in range(runs)]), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int, nargs="*", default=list(ROWS))
    parser.add_argument("--modes", nargs="+", choices=MODES, default=list(MODES))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--make", nargs=1, help=argparse.SUPPRESS)
    parser.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        feather.write_feather(table(options.rows[0]), options.make[0], compression="uncompressed")
    elif options.run:
        print(json.dumps(run_once(Path(options.run[0]), options.run[1])))
    else:
        main(options.rows, options.modes, options.runs)
