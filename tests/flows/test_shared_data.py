"""Real public data with recorded judges, laid out as collected logs and run through the whole flow."""

import gzip
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from configs.monitor import MonitorConfig
from flows.monitor import monitor as monitor_flow
from tasks.adapters.results import key, read_table
from tasks.core.manifest import Manifest
from tasks.core.window import Window
from tests.builders import manifest_of, monitor, store_of
from tests.servers.evaluator import metric_of, part_of, said, verdict
from tests.servers.http import Received, Reply, serve
from tests.servers.s3 import S3Server

pytestmark = [pytest.mark.shared_data, pytest.mark.usefixtures("prefect_server")]
START = datetime(2024, 5, 1, tzinfo=UTC)
DAY = Window(start=START, end=START + timedelta(days=1))
COLUMNS = {"prompt": "question", "completion": "answer", "context": "documents", "ground_truth": "expected"}


def rows(path: Path) -> Iterator[dict[str, Any]]:
    packed = path.with_name(f"{path.name}.gz")
    with gzip.open(packed, "rt") if packed.exists() else path.open() as lines:
        yield from map(json.loads, lines)


def lay_out(data: Path, name: str, root: Path, *options: str) -> dict[str, Any]:
    """Write a set as collected logs of one day; returns what the converter says of it."""
    command = [sys.executable, str(data / "to_mdc.py"), str(data / name), "--root", str(root), "--endpoint", "e"]
    renamed = ",".join(f"{role}={column}" for role, column in COLUMNS.items())
    layout = ["--deployment", "d", "--start", START.isoformat(), "--hours", "24", "--columns", renamed]
    found = subprocess.run([*command, *layout, *options], capture_output=True, text=True, check=True)
    said_of_it: dict[str, Any] = json.loads(found.stdout)
    return said_of_it


def over(inputs: str, folder: Path, **changes: Any) -> MonitorConfig:
    source = {"inputs": inputs, "outputs": inputs.replace("model_inputs", "model_outputs"), "columns": COLUMNS}
    changes["source"] = source | changes.get("source", {})
    return monitor(folder, window={"every": "1d", "grace": "15m"}, sample={"rate": 1.0, "at_most": 100_000}, **changes)


def run(config: MonitorConfig) -> Manifest:
    state = monitor_flow(config, DAY.start, DAY.end, return_state=True)
    assert state.is_completed(), state.message
    return manifest_of(config, DAY)


def test_replayed_summeval_gives_the_pass_rates_of_the_recorded_scores(
    shared_data: Path, tmp_path: Path, s3: S3Server
) -> None:
    folder = shared_data / "summeval_judged"
    items = {item["item_id"]: item for item in rows(folder / "items.jsonl")}
    ours = {"coherence": "coherence", "fluency": "fluency", "consistency": "groundedness", "relevance": "relevance"}
    recorded = {
        (ours[one["metric"]], one["item_id"]): (one["scores"][0], one["completions"][0])
        for one in rows(folder / "judge.jsonl")
        if (one["judge_model"], one["method"]) == ("gpt-4-0314", "rts")
    }
    by_text = {(metric, items[item]["completion"]): found for (metric, item), found in recorded.items()}

    def replay(received: Received) -> Reply:
        score, reply = by_text[metric_of(received), part_of(received, "ANSWER")]
        return said(reply) if score is None else verdict(int(score) if score == int(score) else score, reply)

    lay_out(shared_data, "summeval_judged", tmp_path / "mdc", "--default-prompt", "Summarize the article.")
    prefix = upload(s3, tmp_path / "mdc")
    with serve(replay) as server:
        config = over(
            f"s3://logs/{prefix}/e/d/model_inputs",
            tmp_path,
            store=f"s3://results/{prefix}",
            quality={"metrics": {metric: {"min_pass_rate": 0.7, "pass_at": 4} for metric in ours.values()}},
            evaluator={"provider": "openai", "model": "gpt-4-0314", "base_url": f"{server.url}/v1"},
        )
        manifest = run(config)
    assert (manifest.counts.joined, manifest.counts.sampled) == (len(items), len(items))
    measures = {
        (row["subject"], row["measure"]): row
        for row in read_table(store_of(config), key("measures", DAY.key, 0)).to_pylist()
    }
    for metric in ours.values():
        scores = [score for (name, _), (score, _) in recorded.items() if name == metric]
        whole = [score for score in scores if score is not None and score == int(score)]
        counts = manifest.counts.metrics[metric]
        assert counts.scored == len(whole)
        assert sum(counts.unscored.values()) == len(scores) - len(whole)
        rate = measures[metric, "pass_rate"]
        assert rate["value"] == pytest.approx(sum(score >= 4 for score in whole) / len(whole), abs=1e-12)
        for score, rows_of_it in Counter(whole).items():
            share = measures[metric, f"share_{int(score)}"]
            assert round(share["value"] * share["n"]) == rows_of_it
    assert sum(sum(counts.unscored.values()) for counts in manifest.counts.metrics.values()) > 0


def upload(s3: S3Server, folder: Path) -> str:
    """Put a folder into the bucket `logs`; returns its prefix."""
    prefix, client = f"day-{uuid4()}", s3.client()
    files = [path for path in folder.rglob("*") if path.is_file()]

    def put(path: Path) -> None:
        client.put_object(Bucket="logs", Key=f"{prefix}/{path.relative_to(folder)}", Body=path.read_bytes())

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(put, files))
    return prefix


DAMAGE = ("--drop-outputs", "0.05", "--duplicate", "0.03", "--bad-lines", "20", "--instances", "3", "--seed", "5")


def expected_counts(root: Path) -> dict[str, int]:
    """What the converter wrote, counted from its files by ID: nothing of ours takes part."""
    ids: dict[str, Counter[str]] = {"model_inputs": Counter(), "model_outputs": Counter()}
    torn = 0
    for path in root.rglob("*.jsonl"):
        side = next(part for part in path.parts if part in ids)
        for line in path.read_text().split("\n"):
            if line.endswith("}"):
                ids[side][json.loads(line)["correlationid"]] += 1
            elif line:
                torn += 1
    inputs, outputs = ids["model_inputs"], ids["model_outputs"]
    return {
        "inputs": inputs.total(),
        "outputs": outputs.total(),
        "quarantined": torn,
        "lines_read": inputs.total() + outputs.total() + torn,
        "joined": len(inputs.keys() & outputs.keys()),
        "orphan_inputs": len(inputs.keys() - outputs.keys()),
        "orphan_outputs": 0,
        "duplicate_inputs": inputs.total() - len(inputs),
        "duplicate_outputs": outputs.total() - len(outputs),
    }


def test_openqa_runs_through_with_every_row_accounted_for(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "openqa_judged"
    items = {item["item_id"]: item for item in rows(folder / "items.jsonl")}
    recorded = {
        (items[one["item_id"]]["prompt"], items[one["item_id"]]["completion"]): one
        for one in rows(folder / "judge.jsonl")
        if one["judge_model"] == "gpt-4"
    }

    def replay(received: Received) -> Reply:
        one = recorded[part_of(received, "QUESTION"), part_of(received, "ANSWER")]
        score = one["scores"][0]
        return said(one["completions"][0]) if score is None else verdict(5 if score else 1, one["completions"][0])

    laid_out = lay_out(shared_data, "openqa_judged", tmp_path / "mdc", *DAMAGE)
    with serve(replay) as server:
        config = over(
            (tmp_path / "mdc/e/d/model_inputs").as_uri(),
            tmp_path,
            quality={"metrics": {"similarity": {"min_pass_rate": 0.5}}},
            evaluator={"provider": "openai", "model": "gpt-4", "base_url": f"{server.url}/v1"},
        )
        manifest = run(config)
    expected = expected_counts(tmp_path / "mdc")
    assert manifest.counts.model_dump(include=set(expected)) == expected
    assert (laid_out["rows"], laid_out["outputs"]) == (len(items), manifest.counts.joined)
    assert manifest.counts.quarantined_by_reason == {"malformed_json": 20}
    asked = manifest.counts.metrics["similarity"]
    assert asked.scored + sum(asked.unscored.values()) == manifest.counts.joined
    assert set(asked.unscored) <= {"unreadable"}


def test_chat_logs_in_many_languages_run_through_without_a_lost_row(shared_data: Path, tmp_path: Path) -> None:
    laid_out = lay_out(shared_data, "chat_logs", tmp_path / "mdc", *DAMAGE)
    config = over(
        (tmp_path / "mdc/e/d/model_inputs").as_uri(),
        tmp_path,
        quality={"metrics": {"fluency": {"min_pass_rate": 0.5}}},
    )
    manifest = run(config)
    expected = expected_counts(tmp_path / "mdc")
    assert manifest.counts.model_dump(include=set(expected)) == expected
    assert (laid_out["rows"], laid_out["outputs"]) == (
        manifest.counts.inputs - manifest.counts.duplicate_inputs,
        manifest.counts.joined,
    )
    fluency = manifest.counts.metrics["fluency"]
    assert fluency.scored + fluency.not_applicable == manifest.counts.joined
    stored = read_table(store_of(config), key("interactions", DAY.key, 0))
    texts = {item["completion"] for item in rows(shared_data / "chat_logs/items.jsonl")}
    assert set(stored["completion"].to_pylist()) <= texts | {None}
