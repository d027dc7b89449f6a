"""The upload hook of opentelemetry-util-genai and the SDK's own span and event JSON, run and read."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from obstore.fsspec import register
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.util.genai.completion_hook import load_completion_hook
from opentelemetry.util.genai.handler import TelemetryHandler
from opentelemetry.util.genai.types import (
    FunctionToolDefinition,
    InputMessage,
    OutputMessage,
    TextPart,
    ToolCallRequestPart,
    ToolCallResponsePart,
)

from tasks.core.records import otel_genai
from tests.core.records import traced
from tests.servers.s3 import S3Server

STORED = datetime(2026, 11, 20, 6, tzinfo=UTC)
QUESTIONS = ("Wo ist mein Paket? 📦", "What does it cost?\nAnd when?")


@contextmanager
def application() -> Iterator[tuple[TelemetryHandler, InMemorySpanExporter, InMemoryLogRecordExporter]]:
    """An instrumented application, as the environment configures it; on leaving, everything is sent."""
    spans, events = InMemorySpanExporter(), InMemoryLogRecordExporter()
    tracers, loggers = TracerProvider(), LoggerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(spans))
    loggers.add_log_record_processor(SimpleLogRecordProcessor(events))
    hook = load_completion_hook()
    yield TelemetryHandler(tracer_provider=tracers, logger_provider=loggers, completion_hook=hook), spans, events
    wrapped = getattr(hook, "_wrapped", None)
    if wrapped is not None:
        wrapped.shutdown()
    tracers.shutdown()
    loggers.shutdown()


def answer(handler: TelemetryHandler, question: str) -> None:
    with handler.inference("openai", request_model="gpt-4o-mini", conversation_id="conv-5") as call:
        call.system_instruction = [TextPart(content="Answers are short.")]
        call.tool_definitions = [FunctionToolDefinition(name="track", description=None, parameters={})]
        call.input_messages = [
            InputMessage(role="user", parts=[TextPart(content=question)]),
            InputMessage(role="assistant", parts=[ToolCallRequestPart(arguments={"id": 7}, name="track", id="c-1")]),
            InputMessage(role="tool", parts=[ToolCallResponsePart(response="in Bonn", id="c-1")]),
        ]
        call.output_messages = [OutputMessage(role="assistant", parts=[TextPart(content=f"{question} In Bonn.")])]
        call.response_id = f"response-{len(question)}"
        call.temperature = 0.2
        call.input_tokens = 20
        call.output_tokens = 5


def upload_to(monkeypatch: pytest.MonkeyPatch, base: str, kind: str) -> None:
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_COMPLETION_HOOK", "upload")
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_UPLOAD_BASE_PATH", base)
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_UPLOAD_FORMAT", kind)


def uploaded_prompts(objects: dict[str, bytes]) -> set[str]:
    """The prompts of the calls, of each of which both halves are there, and of what calls share nothing."""
    ends = sorted(key.split("_", 1)[1].split(".json")[0] for key in objects if "_" in key)
    assert ends == ["inputs", "inputs", "outputs", "outputs", "system_instruction", "tool.definitions"]
    lines = [otel_genai.unpack(key, STORED, content).decode() for key, content in objects.items()]
    lines = [line for whole in lines for line in whole.splitlines()]
    assert [fault for _, _, fault in traced.halves(otel_genai, lines)] == [None] * 4
    found = traced.interactions(otel_genai, lines, {})
    for one in found:
        assert one["output"]["completion"] == f"{one['input']['prompt']} In Bonn."
        assert one["input"]["steps"] == 'assistant: [tool call: track({"id": 7})]\ntool: in Bonn'
    return {one["input"]["prompt"] for one in found}


def referenced_prompts(spans: InMemorySpanExporter, objects: dict[str, bytes], base: str) -> list[str]:
    """The prompts of the spans, in their order; they name the files that hold their words by their whole addresses."""
    lines = [span.to_json(indent=None) for span in spans.get_finished_spans()]
    bodies = {f"{base}/{key}": _body(content.decode()) for key, content in objects.items()}
    for envelope in traced.envelopes(otel_genai, lines):
        assert {envelope["input_ref"], envelope["output_ref"], envelope["system_ref"]} <= bodies.keys()
    found = traced.interactions(otel_genai, lines, bodies)
    assert [one["input"]["system"] for one in found] == ["Answers are short."] * 2
    assert [one["output"]["completion"] for one in found] == [f"{question} In Bonn." for question in QUESTIONS]
    return [one["input"]["prompt"] for one in found]


def _body(text: str) -> Any:
    """A file as a run reads it: its JSON, else its text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


@pytest.mark.parametrize("kind", ["json", "jsonl"])
def test_what_the_hook_uploads_to_a_folder_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    (tmp_path / "genai").mkdir()
    upload_to(monkeypatch, (tmp_path / "genai").as_uri(), kind)
    with application() as (handler, spans, _):
        for question in QUESTIONS:
            answer(handler, question)
    objects = {path.name: path.read_bytes() for path in (tmp_path / "genai").iterdir()}
    assert uploaded_prompts(objects) == {*QUESTIONS}
    assert referenced_prompts(spans, objects, (tmp_path / "genai").as_uri()) == [*QUESTIONS]


@pytest.mark.parametrize("kind", ["json", "jsonl"])
def test_what_the_hook_uploads_to_s3_is_read(s3: S3Server, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.url)
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    register("s3")
    upload_to(monkeypatch, f"s3://logs/genai-{kind}", kind)
    with application() as (handler, spans, _):
        for question in QUESTIONS:
            answer(handler, question)
    client = s3.client()
    listed = client.list_objects_v2(Bucket="logs", Prefix=f"genai-{kind}/").get("Contents", [])
    objects = {
        one["Key"].split("/")[1]: client.get_object(Bucket="logs", Key=one["Key"])["Body"].read() for one in listed
    }
    assert uploaded_prompts(objects) == {*QUESTIONS}
    assert referenced_prompts(spans, objects, f"s3://logs/genai-{kind}") == [*QUESTIONS]


def test_a_span_and_its_event_as_the_sdk_writes_them_are_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "SPAN_AND_EVENT")
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT", "true")
    with application() as (handler, spans, events):
        answer(handler, QUESTIONS[1])
    lines = [span.to_json(indent=None) for span in spans.get_finished_spans()]
    lines += [event.to_json(indent=None) for event in events.get_finished_logs()]
    assert len(lines) == 2
    assert all(otel_genai.recognises(json.loads(line)) for line in lines)
    for order in (lines, lines[::-1]):
        (found,) = traced.interactions(otel_genai, order, {})
        assert found["input"]["prompt"] == QUESTIONS[1]
        assert found["output"]["completion"] == f"{QUESTIONS[1]} In Bonn."
        assert (found["input"]["session"], found["input"]["temperature"]) == ("conv-5", 0.2)
        assert (found["output"]["input_tokens"], found["output"]["output_tokens"]) == (20, 5)
        assert found["output"]["latency_ms"] >= 0
