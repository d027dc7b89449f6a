"""The report of a large monitor against what it promises: built in 10 s, pages below 5 MB, usable within 2 s.

`python benchmarks/report.py` writes a made-up store of 90 windows, 8 metrics of 20 segments each and 2,000 judged
interactions a window, builds its pages, opens each in Chromium, and prints Markdown. With a folder, that is where the
store is left to be looked at. The pages of single windows, which show texts, are not among them.
"""

import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from math import cos, pi, sqrt
from pathlib import Path
from typing import Final

import numpy as np
from playwright.sync_api import Page as Tab
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from configs.load import built_in_metrics
from configs.monitor import MonitorConfig
from tasks.adapters.alert_books import write_book
from tasks.adapters.locations import open_storage
from tasks.adapters.results import key, write_table
from tasks.adapters.storage import Storage
from tasks.core.alert import Alert, AlertBook, Status
from tasks.core.decide import Case, Rule, decide
from tasks.core.manifest import Counts, EvaluatorUse, Manifest, MetricCounts
from tasks.core.measure import Measure, to_table
from tasks.core.verdict import Direction, Severity, State, Threshold, verdict_table
from tasks.core.window import Window
from tasks.report import write_report

WINDOWS: Final = 90
METRICS: Final = (
    "coherence",
    "fluency",
    "groundedness",
    "relevance",
    "helpfulness",
    "completeness",
    "conciseness",
    "instruction_following",
)
SEGMENTS: Final = 20
ROWS: Final = 2_000
START: Final = datetime(2026, 11, 16, tzinfo=UTC)
HOUR: Final = timedelta(hours=1)
JUDGE_CHANGES: Final = 40  # the window from which on another judge scores
BAD: Final = range(62, 71)  # windows in which groundedness is bad
REVISED: Final = 75
OPERATIONS: Final = {"p50": 800.0, "p90": 1900.0, "p95": 2600.0, "p99": 4800.0}
WAIT: Final = "document.documentElement.dataset.ready === 'true'"
FIRST_DRAWN: Final = "!document.querySelector('figure.panel') || !!document.querySelector('figure[data-drawn]')"


def made_up(folder: Path) -> MonitorConfig:
    """A monitor and its store: what a run would have left of 90 windows."""
    known = {name: one.model_dump(mode="json") for name, one in built_in_metrics().items() if name in METRICS}
    columns = {"prompt": "q", "completion": "a", "context": "c", "model_version": "m", "language": "l"}
    config = MonitorConfig.model_validate(
        {
            "name": "large-bot",
            "description": "A made-up monitor: 90 windows, 8 metrics, 20 segments",
            "source": {
                "format": "azure_mdc",
                "inputs": (folder / "in").as_uri(),
                "outputs": (folder / "out").as_uri(),
                "columns": columns,
            },
            "evaluator": {"provider": "openai", "model": "judge", "base_url": "http://127.0.0.1:9/v1"},
            "quality": {"metrics": {name: {"min_pass_rate": 0.8} for name in METRICS}, "definitions": known},
            "store": (folder / "store").as_uri(),
        }
    )
    store = open_storage(f"{config.store}/{config.name}", create=True)
    rng = np.random.default_rng(7)
    opened: Alert | None = None
    for number in range(WINDOWS):
        opened = _write_window(config, store, number, rng, opened)
    return config


def _write_window(
    config: MonitorConfig, store: Storage, number: int, rng: np.random.Generator, opened: Alert | None
) -> Alert | None:
    window = Window(start=START + number * HOUR, end=START + (number + 1) * HOUR)
    measures = [*_quality(config, number, rng), *_beside(number, rng)]
    by_address = {one.address: one for one in measures}
    thresholds = [Threshold(address=f"quality.{one}.pass_rate", limit=0.8, direction=Direction.MIN) for one in METRICS]
    rule = Rule(min_n=30, min_coverage=0.9)
    verdicts = decide(
        [Case(threshold=one, measure=by_address[one.address], rule=rule) for one in thresholds], by_address
    )
    bad = next((one for one in verdicts if one.state is State.BREACH), None)
    alert = None
    if bad is not None:
        alert = Alert(
            key=f"large-bot:{bad.address}",
            address=bad.address,
            status=Status.OPEN,
            state=bad.state,
            severity=Severity.CRITICAL,
            since=opened.since if opened else window.start,
            window_start=window.start,
            value=bad.value,
            limit=bad.limit,
            explanation=bad.explanation,
            created_at=window.end,
        )
    worst = "breach" if bad else "ok"
    for revision in range(2 if number == REVISED else 1):
        write_table(store, key("measures", window.key, revision), to_table(measures, window.start, revision))
        write_table(store, key("verdicts", window.key, revision), verdict_table(verdicts, window.start, revision))
        write_book(store, window.key, revision, AlertBook(alerts=(alert,) if alert else (), amends=revision > 0))
        manifest = _manifest(window, revision, worst, "judge-one" if number < JUDGE_CHANGES else "judge-two")
        store.put(key("runs", window.key, revision, "json"), manifest.model_dump_json().encode())
    return alert


def _quality(config: MonitorConfig, number: int, rng: np.random.Generator) -> Iterator[Measure]:
    for place, (name, metric) in enumerate(config.metrics.items()):
        rate = 0.93 - 0.01 * place + 0.02 * cos(2 * pi * number / 24) - (0.05 if number >= JUDGE_CHANGES else 0)
        rate -= 0.3 if name == "groundedness" and number in BAD else 0
        for segment in (None, *range(SEGMENTS)):
            n = ROWS if segment is None else ROWS // SEGMENTS
            own = float(np.clip(rate + rng.normal(0, sqrt(0.09 / n)), 0, 1))
            shares = {"pass_rate": own, "pass_rate_if_missing_failed": own, "pass_rate_if_missing_passed": own}
            shares |= {"coverage": 0.99}
            levels = np.array([(1 - own) / 2, (1 - own) / 2, own / 5, own / 5, 3 * own / 5])
            shares |= {f"share_{label}": float(levels[at]) for at, label in enumerate(metric.scale.labels.values())}
            yield from (_measure("quality", name, one, value, n, segment) for one, value in shares.items())


def _measure(signal: str, subject: str, name: str, value: float, n: int, segment: int | None = None) -> Measure:
    half = 2 * sqrt(max(value * (1 - value), 0.0001) / n)
    return Measure(
        signal=signal,
        subject=subject,
        measure=name,
        value=value,
        low=max(value - half, 0.0),
        high=min(value + half, 1.0),
        n=n,
        unit="share",
        segment_by=None if segment is None else "model_version" if segment % 2 else "language",
        segment=None if segment is None else f"segment {segment}",
    )


def _beside(number: int, rng: np.random.Generator) -> Iterator[Measure]:
    load = 3000 + 2500 * cos(2 * pi * (number - 14) / 24)
    noise = float(rng.normal(1, 0.05))
    yield Measure(signal="operations", subject="requests", measure="count", value=round(load), n=ROWS, unit="rows")
    for name, level in OPERATIONS.items():
        value = level * noise * (1 + load / 20000)
        yield Measure(signal="operations", subject="latency_ms", measure=name, value=value, n=ROWS, unit="ms")
    yield _measure("operations", "errors", "share", 0.01 * noise, ROWS)
    yield _measure("safety", "refusal", "share", 0.03 * noise, ROWS)
    yield _measure("usage", "users", "new_share", 0.2 * noise, ROWS)


def _manifest(window: Window, revision: int, status: str, judge: str) -> Manifest:
    counted: Mapping[str, int] = dict.fromkeys(Counts.model_fields, 0) | {
        "lines_read": 4 * ROWS,
        "inputs": 2 * ROWS,
        "outputs": 2 * ROWS,
        "joined": 2 * ROWS,
        "sampled": ROWS,
        "not_sampled": ROWS,
    }
    rows = MetricCounts(scored=ROWS, unscored={}, not_applicable=0, not_asked={})
    use = {"calls": 900, "judged": 8 * ROWS, "reused": 0, "prompt_tokens": 4_000_000, "cached_tokens": 0}
    return Manifest.model_validate(
        {
            "monitor": "large-bot",
            "window_start": window.start,
            "window_end": window.end,
            "revision": revision,
            "status": status,
            "scheduled": True,
            "started_at": window.end,
            "finished_at": window.end + timedelta(minutes=5),
            "config_hash": "c0ffee",
            "objects": (),
            "counts": Counts.model_validate(
                {**counted, "quarantined_by_reason": {}, "metrics": dict.fromkeys(METRICS, rows)}
            ),
            "evaluator": EvaluatorUse.model_validate(
                {
                    **use,
                    "provider": "openai",
                    "completion_tokens": 300_000,
                    "cost_usd": 0.78,
                    "models": (judge,),
                    "stopped": None,
                }
            ),
            "fingerprints": {name: f"{judge}-{name}" for name in METRICS},
            "verdicts": (),
            "warnings": (),
        }
    )


def _usable(tab: Tab, page: Path) -> float:
    """Seconds from asking for a page until its scripts have run and its first chart is drawn."""
    began = time.perf_counter()
    tab.goto(page.as_uri(), wait_until="load")
    tab.wait_for_function(f"{WAIT} && ({FIRST_DRAWN})")
    return time.perf_counter() - began


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(sys.argv[1] if len(sys.argv) > 1 else scratch).resolve()
        config = made_up(folder)
        began = time.perf_counter()
        write_report(config)
        built = time.perf_counter() - began
        print(f"\nbuilt in {built:.1f} s (goal: 10 s)\n")
        print("| page | bytes (goal: 5 MB) | usable after (goal: 2 s) |\n| --- | ---: | ---: |")
        pages = [folder / "store/_report/index.html", *sorted((folder / "store/large-bot/report").rglob("*.html"))]
        with sync_playwright() as running:
            browser = running.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            tab = browser.new_page(viewport={"width": 1440, "height": 900})
            for page in pages:
                name = page.relative_to(folder / "store")
                print(f"| {name} | {page.stat().st_size:,} | {_usable(tab, page):.2f} s |")
            browser.close()


if __name__ == "__main__":
    main()
