"""The demo: traffic, a monitor file over it, a run of all its windows, and what to look at."""

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from rich.console import Console

from configs.load import load_monitor
from configs.monitor import MonitorConfig
from flows.checking import make_baseline
from flows.showing import show
from tasks.core.demo.traffic import BREAKS_AT, END, START
from tasks.core.run import Published
from tasks.demo import write_traffic

LAST_WINDOW: Final = END - timedelta(hours=12)
SALT: Final = ("GENWATCH_SALT", "demo")
Run = Callable[[MonitorConfig, datetime | None, datetime | None], list[Published]]

MONITOR: Final = """\
name: demo-support-bot
description: A made-up support bot; on the second day a new version invents, breaks, leaks and takes its time
window: {{every: 12h, grace: 15m}}
source:
  format: azure_mdc
  inputs: {logs}/modelDataCollector/shop/blue/model_inputs
  outputs: {logs}/modelDataCollector/shop/blue/model_outputs
  columns:
    {{prompt: question, completion: answer, context: documents, ground_truth: expected, model_version: model,
     latency_ms: took_ms, status: status, input_tokens: tokens_in, output_tokens: tokens_out, user: customer,
     session: talk}}
  feedback: {{location: "{logs}/feedback/{{yyyy}}/{{MM}}/{{dd}}", columns: {{feedback: thumb}}}}
sample: {{rate: 1.0, at_most: 150, seed: 7}}
evaluator: {{provider: local}}
quality:
  metrics:
    coherence: {{min_pass_rate: 0.7}}
    fluency: {{min_pass_rate: 0.7}}
    groundedness: {{min_pass_rate: 0.8}}
    relevance: {{min_pass_rate: 0.7}}
    similarity: {{min_pass_rate: 0.7}}
drift: {{baseline: {{fixed: true}}, prompt: {{max_auc: 0.65}}, completion: {{max_auc: 0.65}}}}
operations:
  slow_ms: 4000
  prices: {{shop-bot-1: {{prompt: 0.15, completion: 0.6}}, shop-bot-2: {{prompt: 2.5, completion: 10}}}}
usage: {{salt: env:GENWATCH_SALT}}
safety: {{}}
segments: [model_version, topic]
compare: {{by: model_version}}
thresholds:
  operations.latency_ms.p95: {{max: 2500}}
  operations.errors.share: {{max: 0.02}}
  safety.pii.leaked_email: {{max: 0}}
store: {store}
"""


def run_demo(folder: Path, run: Run) -> None:
    """Write the traffic and the monitor below `folder`, run every window of it, and say where to look."""
    console = Console()
    os.environ.setdefault(*SALT)
    lines = write_traffic(folder / "logs")
    console.print(f"wrote {lines} log lines of two days below {folder / 'logs'}", soft_wrap=True, highlight=False)
    path = folder / "monitor.yaml"
    path.write_text(
        MONITOR.format(logs=(folder / "logs").as_uri(), store=(folder / "results").as_uri()), encoding="utf-8"
    )
    config = load_monitor(path)
    console.print(make_baseline(config, START, BREAKS_AT, None), highlight=False)
    published = run(config, START, END)
    show(published)
    console.print(
        "\nOpen the report in a browser. To see the runs and artifacts in the Prefect UI:\n"
        "  source .venv/bin/activate                             # where make has installed it\n"
        f"  export {'='.join(SALT)}                             # what the demo's users are hashed with\n"
        "  prefect server start                                  # in another terminal\n"
        "  export PREFECT_API_URL=http://127.0.0.1:4200/api\n"
        f"  genwatch run {path} --window-start {LAST_WINDOW:%Y-%m-%dT%H:%MZ}",
        soft_wrap=True,
        highlight=False,
    )
