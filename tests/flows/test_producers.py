"""The ways of docs/collecting.md: each real producer runs, and the monitor file on the page reads what it wrote."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from ruamel.yaml import YAML

from configs.load import load_monitor
from configs.monitor import MonitorConfig
from tasks.adapters.results import read_table
from tasks.collect import collect_window
from tasks.core.manifest import Counts, RecordCounts, check_counts
from tasks.core.window import window_at
from tests.builders import job, store_of
from tests.servers.evaluator import JSON
from tests.servers.http import Received, Reply, serve
from tests.servers.s3 import S3Server

PAGE: Final = (Path(__file__).parents[2] / "docs/collecting.md").read_text(encoding="utf-8")
BLOCK: Final = re.compile(r"^```(\w+) ([\w-]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS: Final = {(language, name): text for language, name, text in BLOCK.findall(PAGE)}
DAY: Final = timedelta(days=1)
QUESTIONS: Final = ("Wo ist mein Paket? 📦", "What does it cost?\nAnd when?", "Do you ship to Malta?")


def needs(package: str) -> pytest.MarkDecorator:
    """A test of a producer that is no package of the project."""
    try:
        found = importlib.util.find_spec(package)
    except ModuleNotFoundError:
        found = None
    return pytest.mark.skipif(found is None, reason=f"the producer {package} is not installed")


def run_program(folder: Path, code: str, environment: Mapping[str, str]) -> None:
    """Run an application in a process of its own."""
    (folder / "application.py").write_text(code, encoding="utf-8")
    command = [sys.executable, str(folder / "application.py")]
    found = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environment)
    assert found.returncode == 0, found.stderr


def answer(received: Received) -> Reply:
    """An answer of the model to the last question, with an ID of its own."""
    question = str(received.body["messages"][-1]["content"])
    body = {
        "id": f"chatcmpl-{received.number}",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-4o-mini-2024-07-18",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": f"{question} In Bonn."},
            }
        ],
        "usage": {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25},
    }
    return Reply(content=json.dumps(body).encode(), headers=JSON)


def monitor_on_page(name: str, folder: Path, logs: Mapping[str, str], endpoint: str | None = None) -> MonitorConfig:
    """The monitor file of the page, with its own locations replaced."""
    text = BLOCKS["yaml", name]
    (folder / "page.yaml").write_text(text, encoding="utf-8")
    load_monitor(folder / "page.yaml")
    for there, here in {**logs, "s3://prod-monitoring/genwatch": (folder / "store").as_uri()}.items():
        assert there in text
        text = text.replace(there, here)
    document = YAML(typ="safe", pure=True).load(text)
    document["source"]["endpoint_url"] = endpoint
    document |= {"sample": {"rate": 1.0}, "window": {"every": "1d", "grace": "1h"}}
    with (folder / "monitor.yaml").open("w", encoding="utf-8") as file:
        YAML().dump(document, file)
    return load_monitor(folder / "monitor.yaml")


def collected(config: MonitorConfig, begun: datetime) -> tuple[RecordCounts, list[dict[str, Any]]]:
    """The counts and the interactions of today, in the order in which they were asked."""
    window = window_at(begun, DAY)
    found = collect_window(config, job(window, moment=datetime.now(UTC) + DAY), store_of(config))
    check_counts(Counts(**found.counts.model_dump(), metrics={}))
    rows = read_table(store_of(config), found.interactions).to_pylist()
    return found.counts, sorted(rows, key=lambda row: QUESTIONS.index(row["prompt"]))


def columns(rows: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows]


ASKING: Final = f"""
from openai import OpenAI

client = OpenAI()
for question in {QUESTIONS!r}:
    client.chat.completions.create(
        model="gpt-4o-mini",
        messages=[
            {{"role": "system", "content": "Answers are short."}},
            {{"role": "user", "content": "Hi"}},
            {{"role": "assistant", "content": "Hello!"}},
            {{"role": "user", "content": question}},
        ],
    )
"""


@needs("opentelemetry.instrumentation.genai.openai")
def test_the_openai_client_with_the_upload_hook_of_opentelemetry(tmp_path: Path) -> None:
    begun, logs = datetime.now(UTC), tmp_path / "uploads"
    logs.mkdir()
    block = BLOCKS["sh", "otel"].replace("s3://prod-logs/support-bot", logs.as_uri())
    environment = dict(line.split("=", 1) for line in block.splitlines())
    with serve(answer) as model:
        named = {"OPENAI_BASE_URL": f"{model.url}/v1", "OPENAI_API_KEY": "made-up"}
        run_program(tmp_path, BLOCKS["python", "otel"] + ASKING, environment | named)
    config = monitor_on_page("otel", tmp_path, {"s3://prod-logs/support-bot": logs.as_uri()})
    counts, rows = collected(config, begun)
    assert columns(rows, "prompt", "completion") == [(one, f"{one} In Bonn.") for one in QUESTIONS]
    assert all("Hello!" in row["history"] for row in rows)
    assert (counts.lines_read, counts.joined, counts.quarantined) == (6, 3, 0)


LITELLM: Final = f"""
import asyncio, json, os, litellm

async def main():
    settings = json.loads(os.environ["SETTINGS"])
    litellm.callbacks, litellm.s3_callback_params = settings["callbacks"], settings["s3_callback_params"]
    for question in {QUESTIONS!r}:
        messages = [{{"role": "user", "content": question}}]
        await litellm.acompletion(model="openai/gpt-4o-mini", messages=messages, user="u-7")
    for logger in litellm.logging_callback_manager.get_custom_loggers_for_type(litellm.integrations.s3_v2.S3Logger):
        while len(logger.log_queue) < {len(QUESTIONS)}:
            await asyncio.sleep(0.05)
        await logger.flush_queue()

asyncio.run(main())
"""


@needs("litellm")
def test_the_s3_logger_of_litellm(tmp_path: Path, s3: S3Server) -> None:
    begun = datetime.now(UTC)
    settings = YAML(typ="safe", pure=True).load(BLOCKS["yaml", "litellm-proxy"])["litellm_settings"]
    settings["s3_callback_params"] |= {"s3_bucket_name": "logs", "s3_endpoint_url": s3.url}
    with serve(answer) as model:
        environment = {
            "OPENAI_BASE_URL": f"{model.url}/v1",
            "OPENAI_API_KEY": "made-up",
            "SETTINGS": json.dumps(settings),
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        }
        run_program(tmp_path, LITELLM, environment)
    config = monitor_on_page("litellm", tmp_path, {"s3://prod-logs/litellm": "s3://logs/litellm"}, s3.url)
    counts, rows = collected(config, begun)
    assert columns(rows, "prompt", "completion") == [(one, f"{one} In Bonn.") for one in QUESTIONS]
    assert columns(rows, "correlation_id", "model_version", "user", "status", "input_tokens", "output_tokens") == [
        (f"chatcmpl-{n}", "gpt-4o-mini-2024-07-18", "u-7", "success", 20, 5) for n in range(3)
    ]
    assert all(row["latency_ms"] > 0 for row in rows)
    assert (counts.joined, counts.quarantined, counts.orphan_inputs) == (3, 0, 0)


def cloud_event(received: Received) -> dict[str, Any]:
    """What the collector's sidecar makes of a posted batch of rows: its headers and its body, as one CloudEvent."""
    headers = received.headers
    return {
        "specversion": "1.0",
        "id": headers["trace-id"],
        "source": "/subscriptions/s/onlineEndpoints/shop/deployments/blue",
        "type": headers["ce-type"],
        "datacontenttype": headers["content-type"],
        "time": datetime.fromtimestamp(int(headers["ce-time"]), UTC).isoformat(),
        "data": received.body,
        "collectdatatype": headers["ce-collect-data-type"],
        "agent": headers["ce-agent"],
        "modelversion": headers["ce-model-version"],
        "correlationid": headers["ce-x-request-id"],
        "xrequestid": headers["ce-x-request-id"],
    }


def collected_by_azure(folder: Path, calls: str, rate: int, begun: datetime) -> MonitorConfig:
    """Run the page's scoring script with some calls against a receiver that writes what it is sent."""
    with serve(lambda _: Reply()) as sidecar:
        where = urlsplit(sidecar.url)
        environment = {
            "AZUREML_MDC_ENABLED": "true",
            "AZUREML_MDC_HOST": str(where.hostname),
            "AZUREML_MDC_PORT": str(where.port),
            "AZUREML_MDC_SAMPLE_RATE": str(rate),
        }
        flush = "from azureml.ai.monitoring.init import teardown\nteardown(wait_for_flush=True)\n"
        run_program(folder, f"{BLOCKS['python', 'azure']}\n{calls}\n{flush}", environment)
        events = [cloud_event(received) for received in sidecar.received]
    for side in ("model_inputs", "model_outputs"):
        path = folder / f"blue/{side}/{begun:%Y/%m/%d/%H}/instance.jsonl"
        path.parent.mkdir(parents=True)
        mine = [event for event in events if event["type"] == f"azureml.inference.{side}"]
        path.write_text("".join(f"{json.dumps(event)}\n" for event in mine), encoding="utf-8")
    return monitor_on_page("azure", folder, {"s3://prod-logs/support-bot": folder.as_uri()})


@needs("azureml.ai.monitoring")
def test_azures_collector(tmp_path: Path) -> None:
    begun = datetime.now(UTC)
    calls = f"for n, question in enumerate({QUESTIONS!r}):\n    log_call(question, ['One.', 'Two.'], f'Answer {{n}}.')"
    counts, rows = collected(collected_by_azure(tmp_path, calls, 100, begun), begun)
    assert columns(rows, "prompt", "completion", "context") == [
        (question, f"Answer {n}.", "One.\n\nTwo.") for n, question in enumerate(QUESTIONS)
    ]
    assert (counts.inputs, counts.outputs, counts.joined, counts.quarantined) == (3, 3, 3, 0)


@needs("azureml.ai.monitoring")
def test_a_collector_that_samples_each_half_on_its_own_keeps_a_hundredth_of_the_calls(tmp_path: Path) -> None:
    begun = datetime.now(UTC)
    calls = f"for n in range(1000):\n    log_call({QUESTIONS[0]!r}, ['One.'], 'Answer.')"
    config = collected_by_azure(tmp_path, calls, 10, begun)
    found = collect_window(config, job(window_at(begun, DAY), moment=begun + DAY), store_of(config))
    assert found.counts.joined < 40
    assert found.counts.orphan_inputs + found.counts.orphan_outputs > 100
    assert any("samples both sides on its own" in warning for warning in found.warnings)


def from_page(name: str) -> dict[str, Any]:
    """The names that a block of Python on the page defines."""
    defined: dict[str, Any] = {}
    exec(compile(BLOCKS["python", name], f"docs/collecting.md {name}", "exec"), defined)  # noqa: S102  our own page
    return defined


def test_the_writer_of_ten_lines(tmp_path: Path) -> None:
    begun, logs = datetime.now(UTC), tmp_path / "calls"
    log_call = from_page("jsonl")["log_call"]
    more = {"context": ["One.", "Two."], "expected": "In Bonn.", "model": "m-1", "user": "u-7", "latency_ms": 12.5}
    ids = [log_call(logs, question, f"{question} In Bonn.", tier="gold", **more) for question in QUESTIONS]
    config = monitor_on_page("jsonl", tmp_path, {"s3://prod-logs/support-bot": logs.as_uri()})
    counts, rows = collected(config, begun)
    assert columns(rows, "prompt", "completion") == [(one, f"{one} In Bonn.") for one in QUESTIONS]
    names = ("context", "ground_truth", "model_version", "user", "latency_ms", "tier")
    assert columns(rows, *names) == [("One.\n\nTwo.", "In Bonn.", "m-1", "u-7", 12.5, "gold")] * 3
    assert [row["correlation_id"] for row in rows] == ids
    assert (counts.joined, counts.quarantined) == (3, 0)


def test_many_threads_tear_no_line_of_the_writer(tmp_path: Path) -> None:
    begun, logs = datetime.now(UTC), tmp_path / "calls"
    log_call = from_page("jsonl")["log_call"]
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda n: log_call(logs, QUESTIONS[0], f"{n} " * 5000), range(200)))
    config = monitor_on_page("jsonl", tmp_path, {"s3://prod-logs/support-bot": logs.as_uri()})
    counts, rows = collected(config, begun)
    assert {row["correlation_id"] for row in rows} == {*ids}
    assert (counts.joined, counts.quarantined) == (200, 0)


def test_one_decision_a_call_is_the_same_on_both_sides_and_keeps_its_share() -> None:
    is_collected = from_page("sampling")["is_collected"]
    kept = [is_collected(f"call-{n}", 0.1) for n in range(20_000)]
    assert 0.09 < sum(kept) / len(kept) < 0.11
    assert kept == [from_page("sampling")["is_collected"](f"call-{n}", 0.1) for n in range(20_000)]
    assert [is_collected("call-1", rate) for rate in (0.0, 1.0)] == [False, True]


def test_every_block_of_the_page_is_run_by_a_test() -> None:
    ways = {"otel", "litellm", "azure", "jsonl"}
    assert {name for language, name in BLOCKS if language == "yaml"} == ways | {"litellm-proxy"}
    assert {name for language, name in BLOCKS if language == "python"} == {"otel", "azure", "jsonl", "sampling"}
    assert PAGE.count("\n```") == 2 * len(BLOCKS)
