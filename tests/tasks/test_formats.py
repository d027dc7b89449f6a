"""Every format through the whole of collecting: files, join, sample, rows."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tasks.adapters.results import read_table
from tasks.collect import collect_window
from tasks.core.manifest import Counts, check_counts
from tasks.core.records.facts import NUMBERS
from tasks.core.records.formats import FORMATS
from tasks.core.run import Collected
from tasks.core.stats.sketch import ERROR
from tests.builders import HOUR, SIX, job, monitor, store_of

MOMENT = SIX + timedelta(minutes=5)
STAMP = MOMENT.isoformat().replace("+00:00", "Z")
NANOS = int(MOMENT.timestamp() * 1e9)
CHAT = [
    {"role": "user", "content": "Hello"},
    {"role": "assistant", "content": "Hello!"},
    {"role": "user", "content": "Where is it?"},
]
HALF = {"observedContentType": "application/json", "encoding": "JSON"}
PARTS = [{"role": one["role"], "parts": [{"type": "text", "content": one["content"]}]} for one in CHAT]
REPLY = [{"role": "assistant", "parts": [{"type": "text", "content": "On the table."}], "finish_reason": "stop"}]
SPAN = {
    "name": "chat gpt-4o",
    "context": {"trace_id": "0x" + "a" * 32, "span_id": "0x" + "b" * 16},
    "parent_id": None,
    "kind": "SpanKind.CLIENT",
    "start_time": STAMP,
    "end_time": (MOMENT + timedelta(seconds=2)).isoformat(),
    "status": {"status_code": "OK"},
    "attributes": {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.input.messages": json.dumps(PARTS),
        "gen_ai.output.messages": json.dumps(REPLY),
    },
    "events": [],
}
BEDROCK = {
    "schemaType": "ModelInvocationLog",
    "schemaVersion": "1.0",
    "timestamp": STAMP,
    "requestId": "call-1",
    "operation": "Converse",
    "modelId": "amazon.nova-lite-v1:0",
    "input": {
        "inputContentType": "application/json",
        "inputBodyJson": {
            "messages": [{"role": one["role"], "content": [{"text": one["content"]}]} for one in CHAT],
        },
        "inputTokenCount": 4,
    },
    "output": {
        "outputContentType": "application/json",
        "outputBodyJson": {
            "output": {"message": {"role": "assistant", "content": [{"text": "On the table."}]}},
            "stopReason": "end_turn",
        },
        "outputTokenCount": 38,
    },
}
RESPONSE = {
    "id": "call-1",
    "object": "chat.completion",
    "created": int(MOMENT.timestamp()),
    "model": "gpt-4o",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "On the table."}, "finish_reason": "stop"}],
}
RECORDS: dict[str, list[dict[str, Any]]] = {
    "azure_traces": [
        {
            "type": "azureml.inference.app_traces",
            "time": STAMP,
            "correlationid": "x",
            "data": [
                SPAN
                | {
                    "name": "flow",
                    "attributes": {
                        "framework": "promptflow",
                        "span_type": "Flow",
                        "request_id": "call-1",
                        "inputs": json.dumps({"question": "Where is it?", "chat_history": []}),
                        "output": json.dumps({"answer": "On the table."}),
                    },
                },
                SPAN
                | {
                    "name": "search",
                    "context": {"trace_id": "0x" + "a" * 32, "span_id": "0x" + "c" * 16},
                    "parent_id": "0x" + "b" * 16,
                    "attributes": {
                        "framework": "promptflow",
                        "span_type": "Retrieval",
                        "retrieval.query": "where",
                        "retrieval.documents": json.dumps([{"document.content": "It lies on the table."}]),
                    },
                },
            ],
        }
    ],
    "bedrock": [BEDROCK],
    "litellm": [
        {
            "id": "call-1",
            "call_type": "acompletion",
            "status": "success",
            "startTime": MOMENT.timestamp(),
            "endTime": MOMENT.timestamp() + 2,
            "model": "gpt-4o",
            "messages": CHAT,
            "response": RESPONSE,
        }
    ],
    "openai_requests": [{"request": {"model": "gpt-4o", "messages": CHAT}, "response": RESPONSE}],
    "otel_genai": [SPAN],
    "sagemaker": [
        {
            "captureData": {
                "endpointInput": HALF | {"mode": "INPUT", "data": json.dumps({"messages": CHAT})},
                "endpointOutput": HALF | {"mode": "OUTPUT", "data": json.dumps(RESPONSE)},
            },
            "eventMetadata": {"eventId": "call-1", "inferenceTime": STAMP},
            "eventVersion": "0",
        }
    ],
}


def folder_of(kind: str, root: Path) -> Path:
    folders = FORMATS[kind].folders.format(yyyy=f"{MOMENT:%Y}", MM=f"{MOMENT:%m}", dd=f"{MOMENT:%d}", HH=f"{MOMENT:%H}")
    path = root / folders
    path.mkdir(parents=True)
    return path


def collected(kind: str, folder: Path, **source: Any) -> tuple[Collected, list[dict[str, Any]]]:
    given = {"format": kind, "inputs": (folder / kind).as_uri(), "outputs": None, "columns": {}} | source
    config = monitor(folder, source=given)
    found = collect_window(config, job(), store_of(config))
    check_counts(Counts(**found.counts.model_dump(), metrics={}))
    return found, read_table(store_of(config), found.interactions).to_pylist()


@pytest.mark.parametrize("kind", sorted(RECORDS))
def test_a_call_in_any_format_becomes_an_interaction(tmp_path: Path, kind: str) -> None:
    ending = ".json" if ".json" in FORMATS[kind].suffixes else ".jsonl"
    path = folder_of(kind, tmp_path / kind) / f"x{ending}"
    path.write_text("".join(f"{json.dumps(record)}\n" for record in [*RECORDS[kind], {"torn": 1}]) + "{torn\n")
    found, (row,) = collected(kind, tmp_path)
    assert (row["prompt"], row["completion"]) == ("Where is it?", "On the table.")
    assert row["event_time"] == MOMENT
    if kind == "azure_traces":
        assert row["context"] == "It lies on the table."
    else:
        assert row["history"] == "user: Hello\nassistant: Hello!"
    assert (found.counts.inputs, found.counts.outputs, found.counts.joined) == (1, 1, 1)
    assert found.counts.quarantined_by_reason["malformed_json"] == 1


def test_a_user_maps_further_fields_over_those_of_the_format(tmp_path: Path) -> None:
    record = BEDROCK | {"requestMetadata": {"session": "s-1", "tier": "gold"}}
    (folder_of("bedrock", tmp_path / "bedrock") / "x.json").write_text(json.dumps(record) + "\n")
    columns = {"session": "$.requestMetadata.session", "tier": "$.requestMetadata.tier"}
    _, (row,) = collected("bedrock", tmp_path, columns=columns)
    assert (row["session"], row["tier"], row["prompt"]) == ("s-1", "gold", "Where is it?")


def test_the_spans_of_one_request_may_lie_in_different_hours(tmp_path: Path) -> None:
    flow, search = RECORDS["azure_traces"][0]["data"]
    for hour, span in ((SIX, flow), (SIX + HOUR, search)):
        path = tmp_path / "azure_traces" / f"{hour:%Y/%m/%d/%H}" / "x.jsonl"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(RECORDS["azure_traces"][0] | {"data": [span]}) + "\n")
    _, (row,) = collected("azure_traces", tmp_path)
    assert row["context"] == "It lies on the table."


def test_half_a_character_in_a_logged_text_costs_nothing_but_itself(tmp_path: Path) -> None:
    span = SPAN | {
        "attributes": SPAN["attributes"]
        | {"gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"a \\ud800 b"}]}]'}
    }  # type: ignore[operator]
    (folder_of("otel_genai", tmp_path / "otel_genai") / "x.jsonl").write_text(json.dumps(span) + "\n")
    _, (row,) = collected("otel_genai", tmp_path)
    assert row["completion"] == "a ? b"


@pytest.mark.parametrize("kind", sorted(RECORDS))
def test_what_is_counted_of_every_row_is_what_its_sampled_interaction_says(tmp_path: Path, kind: str) -> None:
    ending = ".json" if ".json" in FORMATS[kind].suffixes else ".jsonl"
    path = folder_of(kind, tmp_path / kind) / f"x{ending}"
    path.write_text("".join(f"{json.dumps(record)}\n" for record in RECORDS[kind] * 2))
    source = {"format": kind, "inputs": (tmp_path / kind).as_uri(), "outputs": None, "columns": {}}
    config = monitor(tmp_path, source=source, operations={}, usage={})
    found = collect_window(config, job(), store_of(config))
    (row,) = read_table(store_of(config), found.interactions).to_pylist()
    counted = {one.address: one.value for one in found.measured}
    for name in set(NUMBERS) & set(config.source.columns):
        assert counted[f"operations.{name}.p50"] == (None if row[name] is None else pytest.approx(row[name], rel=ERROR))
    assert counted["usage.completion_chars.p50"] == pytest.approx(len(row["completion"]), rel=ERROR)
    assert counted["usage.prompt_chars.p50"] == pytest.approx(len(row["prompt"]), rel=ERROR)
    if row["model_version"] is not None:
        assert counted[f"operations.completions.empty_share[model_version={row['model_version']}]"] == 0
    assert counted["operations.completions.truncated_share"] == (None if row["finish_reason"] is None else 0)
    assert counted["operations.errors.share"] == (0 if row["status"] in {"success", "OK"} else None)
