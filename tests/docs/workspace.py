"""A folder in which the commands of the documentation work: logs of the demo, monitors over them, published windows."""

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from configs.load import load_monitor
from flows.demo import MONITOR, SALT
from flows.monitor import monitor
from tasks.demo import write_traffic
from tests.docs.pages import ROOT
from tests.servers.evaluator import metric_of, verdict
from tests.servers.http import Received, Reply, serve

SIX: Final = datetime(2026, 11, 20, 6, tzinfo=UTC)
HOURS: Final = timedelta(hours=6)
USER: Final = "sam"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """The folder, and the environment that its commands run in."""

    folder: Path
    environment: Mapping[str, str]

    def copied_to(self, folder: Path) -> "Workspace":
        """The same in a folder of its own; the logs are shared."""
        shutil.copytree(self.folder, folder, symlinks=True, ignore=shutil.ignore_patterns("logs"))
        for path in folder.rglob("*.yaml"):
            text = path.read_text()
            for place in ("store", "demo/results"):
                text = text.replace((self.folder / place).as_uri(), (folder / place).as_uri())
            path.write_text(text)
        return Workspace(folder=folder, environment=self.environment)


@contextmanager
def prepared(folder: Path) -> Iterator[Workspace]:
    """Two monitors, each with published windows of 20 November: my-bot (embedded evaluator) and support-bot."""
    with serve(_judge) as judge, serve(lambda _: Reply(content=b"ok")) as slack:
        environment = {
            SALT[0]: SALT[1],
            "OPENAI_API_KEY": "sk-made-up",
            "SLACK_WEBHOOK_URL": f"{slack.url}/services/T0/B0/made-up",
            "SLACK_BOT_TOKEN": "xoxb-made-up",
            "USER": USER,
            "COLUMNS": "200",
        }
        _write(folder, judge.url)
        before = {name: os.environ.get(name) for name in environment}
        os.environ.update(environment)
        try:
            _run(folder)
            yield Workspace(folder=folder, environment=environment)
        finally:
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})


def _write(folder: Path, judge: str) -> None:
    """The logs, the monitor files under the names that the pages use, and the files that commands name."""
    write_traffic(folder / "demo/logs")
    monitors = folder / "configs/monitors"
    monitors.mkdir(parents=True)
    demo = MONITOR.format(logs=(folder / "demo/logs").as_uri(), store=(folder / "demo/results").as_uri())
    (folder / "demo/monitor.yaml").write_text(demo)
    mine = demo.replace("name: demo-support-bot", "name: my-bot").replace("demo/results", "store")
    mine = mine.replace("every: 12h", "every: 6h, catch_up: 1").replace("at_most: 150", "at_most: 40")
    mine = re.sub(r"^(    (coherence|relevance|similarity)|drift|compare): .*\n", "", mine, flags=re.MULTILINE).replace(
        "[model_version, topic]", "[status]"
    )
    shipped = (ROOT / "configs/monitors/support-bot.yaml").read_text()
    logs = f"{(folder / 'demo/logs').as_uri()}/modelDataCollector/shop/blue"
    replaced = {
        "s3://prod-logs/support-bot/blue": logs,
        "s3://prod-monitoring/genwatch": (folder / "store").as_uri(),
        "  model: gpt-4o-mini": f"  model: gpt-4o-mini\n  base_url: {judge}/v1",
        "rate: 0.1": "rate: 1.0",
    }
    for was, becomes in replaced.items():
        assert was in shipped
        shipped = shipped.replace(was, becomes)
    shipped = re.sub(r"^    (coherence|relevance|similarity): .*\n", "", shipped, flags=re.MULTILINE)
    for name, text in (("my-bot", mine), ("support-bot", shipped)):
        (monitors / f"{name}.yaml").write_text(text)
        (folder / f"{name}.yaml").write_text(text)
    (folder / "auto-bot.yaml").write_text(shipped.replace("azure_mdc", "auto").replace("support-bot", "auto-bot"))
    shutil.copy(ROOT / "tests/golden/azure/documented.yaml", folder / "schedule.yaml")
    golden = '{{"prompt": "Where is order {0}?", "completion": "Order {0} is on its way to you."}}\n'
    (folder / "golden.jsonl").write_text("".join(golden.format(number) for number in range(40)))
    for name in ("deployments", "docs", "benchmarks", "Makefile"):
        (folder / name).symlink_to(ROOT / name)


def _run(folder: Path) -> None:
    mine = load_monitor(folder / "my-bot.yaml")
    for config, start, end in (
        (mine, SIX - HOURS, SIX + HOURS),
        (load_monitor(folder / "support-bot.yaml"), SIX, SIX + timedelta(hours=1)),
    ):
        state: Any = monitor(config, start, end, return_state=True)
        assert state.is_completed(), state.message


def _judge(received: Received) -> Reply:
    """A judge who finds three of four answers not fluent and not grounded, and all else well."""
    is_bad = metric_of(received) in ("fluency", "groundedness") and received.number % 4
    return verdict(1 if is_bad else 5)
