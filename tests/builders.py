"""Builders: monitors, logged records and results with sensible defaults."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from configs.evaluator import Evaluator
from configs.load import built_in_metrics
from configs.monitor import MonitorConfig
from tasks.adapters.locations import open_storage
from tasks.adapters.results import key
from tasks.adapters.storage import Storage, read_bytes
from tasks.core.decide import Case, Rule, decide
from tasks.core.manifest import Manifest
from tasks.core.measure import Measure
from tasks.core.quality.fingerprint import content_hash
from tasks.core.quality.metric import Metric
from tasks.core.quality.plan import Call
from tasks.core.run import Job
from tasks.core.verdict import Threshold, Verdict
from tasks.core.window import Window
from tasks.score import Watch

SIX = datetime(2026, 11, 20, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
LATER = SIX + 7 * 24 * HOUR
WINDOW = Window(start=SIX, end=SIX + HOUR)
COLUMNS = {"prompt": "question", "completion": "answer", "context": "documents", "ground_truth": "expected"}


QUIET = Watch(progress=lambda _asked: None, say=lambda _line: None)
FLUENCY = built_in_metrics()["fluency"].metric(None)


def call(text: str = "An answer.", metrics: tuple[Metric, ...] = (FLUENCY,), **fields: str) -> Call:
    """A call about one interaction, named by its answer."""
    shown = {"prompt": "A question?", "completion": text} | fields
    names = [metric.name for metric in metrics]
    return Call(interaction_id=text, metrics=metrics, fields=shown, content_hash=content_hash(names, shown))


def monitor(folder: Path, **changes: Any) -> MonitorConfig:
    """A monitor over logs in `folder/logs` with results in `folder/store`; sections are merged, not replaced."""
    document: dict[str, Any] = {
        "name": "bot",
        "source": {
            "format": "azure_mdc",
            "inputs": (folder / "logs/model_inputs").as_uri(),
            "outputs": (folder / "logs/model_outputs").as_uri(),
            "columns": COLUMNS,
        },
        "sample": {"rate": 1.0},
        "evaluator": {"provider": "local"},
        "quality": {"metrics": {"fluency": {"min_pass_rate": 0.7}}},
        "decide": {"min_scored": 1},
        "store": (folder / "store").as_uri(),
    }
    for name, value in changes.items():
        document[name] = document.get(name, {}) | value if isinstance(value, dict) else value
    metrics = document["quality"]["metrics"]
    known = {name: one.model_dump(mode="json") for name, one in built_in_metrics().items()}
    defined = {name: known[name] for name in metrics} | document["quality"].get("definitions", {})
    document["quality"] = document["quality"] | {"definitions": defined}
    (folder / "logs/model_inputs").mkdir(parents=True, exist_ok=True)
    (folder / "logs/model_outputs").mkdir(parents=True, exist_ok=True)
    return MonitorConfig.model_validate(document)


def judged(threshold: Threshold, measures: Iterable[Measure], rule: Rule) -> Verdict:
    """The verdict on one limit by itself."""
    by_address = {one.address: one for one in measures}
    case = Case(threshold=threshold, measure=by_address[threshold.address], rule=rule)
    return decide([case], by_address)[0]


def judged_by(url: str, folder: Path, **changes: Any) -> MonitorConfig:
    """A monitor whose evaluator is a server at `url`; a failing call is tried once more.

    The evaluator's own keys may stand among the changes.
    """
    own = {key: changes.pop(key) for key in list(changes) if key in Evaluator.model_fields}
    evaluator = {"provider": "openai", "model": "judge", "base_url": f"{url}/v1", "max_attempts": 2} | own
    return monitor(folder, evaluator=evaluator, **changes)


def write_monitor_file(folder: Path, more: str = "") -> Path:
    """A monitor file over the logs of a folder, with more lines where they are given."""
    monitor(folder)
    path = folder / "bot.yaml"
    path.write_text(
        f"""\
name: bot
source:
  format: azure_mdc
  inputs: {(folder / "logs/model_inputs").as_uri()}
  outputs: {(folder / "logs/model_outputs").as_uri()}
  columns: {{prompt: question, completion: answer}}
sample: {{rate: 1.0}}
quality: {{metrics: {{fluency: {{min_pass_rate: 0.7}}}}}}
store: {(folder / "store").as_uri()}
{more}"""
    )
    return path


def event(correlation_id: str | None, time: datetime | str, data: Any, **more: Any) -> str:
    """One CloudEvents line; with `correlation_id` None the key is left out."""
    stamp = time if isinstance(time, str) else time.isoformat().replace("+00:00", "Z")
    record = {"specversion": "1.0", "id": "1", "time": stamp, "data": data} | more
    return json.dumps(record if correlation_id is None else record | {"correlationid": correlation_id})


def asked(correlation_id: str, time: datetime, question: str = "Where is it?", **more: Any) -> str:
    """The line of an input with one row."""
    return event(correlation_id, time, [{"question": question, "documents": "It is here.", **more}])


def answered(correlation_id: str, time: datetime, answer: str = "It is here, on the table.") -> str:
    """The line of an output with one row."""
    return event(correlation_id, time, [{"answer": answer}])


def write_logs(folder: Path, side: str, hour: datetime, lines: Iterable[str], name: str = "i.jsonl") -> Path:
    """Write lines into the folder of an hour, as the collector lays it out."""
    path = folder / f"logs/model_{side}" / f"{hour:%Y/%m/%d/%H}" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def write_pairs(folder: Path, count: int, hour: datetime = SIX, answers: Mapping[int, str] | None = None) -> None:
    """Write `count` joined calls, spread over the hour."""
    times = [hour + number * HOUR / (count + 1) for number in range(count)]
    ids = [f"{hour:%d%H}-{number}" for number in range(count)]
    write_logs(folder, "inputs", hour, (asked(one, t, f"Question {one}?") for one, t in zip(ids, times, strict=True)))
    write_logs(
        folder,
        "outputs",
        hour,
        (
            answered(one, t, (answers or {}).get(number, f"The answer to {one} is here, on the table."))
            for number, (one, t) in enumerate(zip(ids, times, strict=True))
        ),
    )


def job(window: Window = WINDOW, revision: int = 0, **changes: Any) -> Job:
    """A job of the schedule on the newest window."""
    fields: dict[str, Any] = {"is_scheduled": True, "is_newest": True, "moment": LATER, "started_at": SIX} | changes
    return Job(window=window, revision=revision, **fields)


def store_of(config: MonitorConfig) -> Storage:
    """The folder of a monitor in its store."""
    return open_storage(f"{config.store}/{config.name}", create=True)


def manifest_of(config: MonitorConfig, window: Window = WINDOW, revision: int = 0) -> Manifest:
    """The manifest that a run has published."""
    return Manifest.model_validate_json(read_bytes(store_of(config), key("runs", window.key, revision, "json")))
