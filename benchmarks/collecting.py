"""Measure collecting a day of logs against a query written by hand for the same files.

The logs are azure_mdc JSON lines in 24 hour folders, generated where the folder has none: about 1.8 GB a million pairs.
Every run is a fresh process (`--run MODE`), so that its memory is its own; the figures are the medians of all runs.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

DAY: Final = datetime(2026, 11, 20, tzinfo=UTC)
HOURS: Final = 24
SIDES: Final = {
    "model_inputs": "{question: repeat(md5(i::VARCHAR) || ' ', 9), context: repeat(md5((i * 7)::VARCHAR) || ' ', 9)}",
    "model_outputs": "{answer: repeat(md5((i * 3)::VARCHAR) || ' ', 9), latency_ms: i % 900}",
}
RATE: Final = 0.1
HASHES: Final = 2**64
MEMORY_GB: Final = 1.0
LIMITS: Final = {"hand": 0, "genwatch-2000": 2_000, "genwatch-all": 1_000_000}
GOAL_RATIO: Final = 3
RECORD: Final = """
    SELECT to_json({{
        specversion: '1.0', id: md5('{side}' || i), source: '/subscriptions/x/onlineEndpoints/shop/deployments/blue',
        type: 'azureml.inference.{side}', datacontenttype: 'application/json',
        time: strftime(
            TIMESTAMP '{start:%Y-%m-%d %H:%M:%S}' + to_milliseconds(((i - {first}) * 3600000.0 / {count})::BIGINT),
            '%Y-%m-%dT%H:%M:%S.%gZ'
        ),
        data: [{row}], correlationid: md5('c' || i), xrequestid: md5('c' || i), agent: 'azureml-ai-monitoring/1.0.0'
    }})::VARCHAR FROM range({first}, {first} + {count}) t(i)
"""
HAND: Final = """
    WITH i AS (
        SELECT correlationid AS id, time, data->'$[0]' AS row
        FROM read_json($inputs, format = 'newline_delimited',
                       columns = {correlationid: 'VARCHAR', time: 'TIMESTAMP', data: 'JSON'})
        WHERE md5_number_upper(correlationid) < $below
    ), o AS (
        SELECT correlationid AS id, time, data->'$[0]' AS row
        FROM read_json($outputs, format = 'newline_delimited',
                       columns = {correlationid: 'VARCHAR', time: 'TIMESTAMP', data: 'JSON'})
        WHERE md5_number_upper(correlationid) < $below
    )
    SELECT id, i.time AS event_time, o.time AS output_time, i.row->>'question' AS prompt, i.row->>'context' AS context,
           o.row->>'answer' AS completion
    FROM i JOIN o USING (id)
"""
Figures = Mapping[str, float]


def generate(folder: Path, pairs: int) -> None:
    """Write the logs, an object an hour and side; what lies there already stays."""
    import duckdb  # noqa: PLC0415  the process that starts the others stays small

    for hour in range(HOURS):
        first, past = pairs * hour // HOURS, pairs * (hour + 1) // HOURS
        start = DAY + timedelta(hours=hour)
        for side, row in SIDES.items():
            path = folder / side / f"{start:%Y/%m/%d/%H}" / "i.jsonl"
            if path.exists():
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            query = RECORD.format(side=side, start=start, first=first, count=past - first, row=row)
            duckdb.execute(
                f"COPY ({query}) TO '{path}' (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x01')"
            )


def by_hand(folder: Path, scratch: Path) -> Callable[[], int]:
    """The query that somebody would write who knows these files; gives the rows of its result."""
    import duckdb  # noqa: PLC0415

    paths = {
        name: [str(path) for path in sorted((folder / side).rglob("*.jsonl"))]
        for name, side in (("inputs", "model_inputs"), ("outputs", "model_outputs"))
    }

    def run() -> int:
        with duckdb.connect() as database:
            database.execute(f"SET memory_limit = '{MEMORY_GB}GB'; SET preserve_insertion_order = false")
            database.execute("SET temp_directory = ?", [str(scratch)])
            table = database.sql(HAND, params={**paths, "below": round(RATE * HASHES)}).to_arrow_table()
            return int(table.num_rows)

    return run


def by_genwatch(folder: Path, scratch: Path, at_most: int) -> Callable[[], int]:
    """The collecting step over the whole day; gives the rows of its sample."""
    from configs.monitor import MonitorConfig  # noqa: PLC0415
    from tasks.adapters.locations import open_storage  # noqa: PLC0415
    from tasks.collect import collect_window  # noqa: PLC0415
    from tasks.core.window import Window  # noqa: PLC0415

    config = MonitorConfig.model_validate(document(folder, scratch, at_most))
    store = open_storage(f"{config.store}/{config.name}", create=True)
    window = Window(start=DAY, end=DAY + timedelta(days=1))
    return lambda: collect_window(config, window, 0, store).counts.sampled


def document(folder: Path, scratch: Path, at_most: int) -> dict[str, object]:
    """The monitor, as its file would say it."""
    from configs.load import built_in_metrics  # noqa: PLC0415

    fluency = built_in_metrics()["fluency"].model_dump(mode="json")
    return {
        "name": "bench",
        "window": {"every": "1d"},
        "source": {
            "format": "azure_mdc",
            "inputs": (folder / "model_inputs").as_uri(),
            "outputs": (folder / "model_outputs").as_uri(),
            "columns": {"prompt": "question", "completion": "answer", "context": "context"},
        },
        "sample": {"rate": RATE, "at_most": at_most},
        "quality": {"metrics": {"fluency": {}}, "definitions": {"fluency": fluency}},
        "engine": {"memory_gb": MEMORY_GB},
        "store": scratch.as_uri(),
    }


def run_once(folder: Path, mode: str) -> Figures:
    """Run one mode in this process; wall and CPU time leave out what is imported, the memory does not."""
    with tempfile.TemporaryDirectory() as scratch:
        at_most = LIMITS[mode]
        run = by_genwatch(folder, Path(scratch), at_most) if at_most else by_hand(folder, Path(scratch))
        wall_s, cpu_s = time.perf_counter(), cpu_so_far_s()
        rows = run()
        wall_s, cpu_s = time.perf_counter() - wall_s, cpu_so_far_s() - cpu_s
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"rows": rows, "wall_s": wall_s, "cpu_s": cpu_s, "peak_mb": peak_mb}


def cpu_so_far_s() -> float:
    """CPU seconds of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def run_apart(arguments: Sequence[str]) -> str:
    """What this file prints when it runs in a process of its own."""
    return subprocess.run([sys.executable, __file__, *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def median_of(folder: Path, mode: str, runs: int) -> Figures:
    """The medians of several runs, each in a process of its own."""
    figures = [json.loads(run_apart(["--folder", str(folder), "--run", mode])) for _ in range(runs)]
    return {name: statistics.median(one[name] for one in figures) for name in figures[0]}


def line(mode: str, figures: Figures, hand: Figures) -> str:
    """One line of the table."""
    ratios = "  ".join(f"{figures[name] / hand[name]:10.2f}" for name in ("wall_s", "cpu_s"))
    return (
        f"{mode:14} {figures['wall_s']:8.2f} {figures['cpu_s']:8.2f} {figures['peak_mb']:8.0f} "
        f"{figures['rows']:8.0f}  {ratios}"
    )


def main(folder: Path, pairs: int, runs: int) -> None:
    """Generate what is missing, run every mode, print the table."""
    run_apart(["--folder", str(folder), "--pairs", str(pairs), "--run", "generate"])
    size = sum(path.stat().st_size for path in folder.rglob("*.jsonl"))
    print(f"{folder}: {size / 1e9:.2f} GB, sample rate {RATE}, {MEMORY_GB} GB for DuckDB, median of {runs} runs")
    print(
        f"{'':14} {'wall s':>8} {'CPU s':>8} {'peak MB':>8} {'rows':>8}  wall ratio   CPU ratio  (goal: < {GOAL_RATIO})"
    )
    measured = {mode: median_of(folder, mode, runs) for mode in LIMITS}
    for mode, figures in measured.items():
        print(line(mode, figures, measured["hand"]))


def prepared(folder: Path | None, pairs: int, runs: int) -> None:
    """As `main`, in a temporary folder where none is given."""
    if folder is not None:
        main(folder, pairs, runs)
        return
    with tempfile.TemporaryDirectory() as temporary:
        main(Path(temporary), pairs, runs)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=lambda text: Path(text).resolve())
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--run", choices=["generate", *LIMITS])
    options = parser.parse_args()
    if options.run is None:
        prepared(options.folder, options.pairs, options.runs)
    elif options.run == "generate":
        generate(options.folder, options.pairs)
    else:
        print(json.dumps(run_once(options.folder, options.run)))
