from typing import Any

import pytest
from hypothesis import given, settings

from tasks.core.records.bodies import answered, asked
from tasks.core.records.templates import messages_of
from tests.core.records.golden import JSON

METRICS = {"inputTokenCount": 3, "outputTokenCount": 2, "invocationLatency": 9}


def test_a_gemini_request_and_its_stream_are_read() -> None:
    body = {
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [{"role": "user", "parts": [{"text": "Is it open?"}]}],
        "generationConfig": {"temperature": 0.5},
    }
    chunks: list[Any] = [
        {"candidates": [{"content": {"parts": [{"text": "Y"}], "role": "model"}}], "modelVersion": "gemini-2.5-flash"},
        {
            "candidates": [{"content": {"parts": [{"text": "es."}], "role": "model"}, "finishReason": "STOP"}],
            "usageMetadata": {"promptTokenCount": 8, "candidatesTokenCount": 2},
        },
    ]
    assert asked(body) == {"prompt": "Is it open?", "system": "Be brief.", "temperature": 0.5}
    assert answered(chunks) == {
        "completion": "Yes.",
        "model_version": "gemini-2.5-flash",
        "input_tokens": 8,
        "output_tokens": 2,
        "finish_reason": "STOP",
    }


@pytest.mark.parametrize(
    "body",
    [
        {"inputs": "Is it open?"},
        {"inputs": ["Is it open?", "And now?"]},
        {"inputs": [[{"role": "user", "content": "Is it open?"}]]},
        {"inputs": {"question": "Is it open?", "context": "Nine to five."}},
        {"text_inputs": "Is it open?"},
        {"prompt": "Is it open?"},
        {"prompt": ["Is it open?"]},
        {"prompt": "<|im_start|>user\nIs it open?<|im_end|>\n<|im_start|>assistant\n"},
        {"input": "Is it open?"},
        {"message": "Is it open?"},
        {"contents": "Is it open?"},
        [{"role": "user", "content": "Is it open?"}],
        [{"inputs": "Is it open?"}, {"inputs": "And now?"}],
        '{"inputs": "Is it open?"}',
        "Is it open?",
    ],
)
def test_a_prompt_is_found_in_every_known_request(body: Any) -> None:
    assert asked(body)["prompt"] == "Is it open?"


@pytest.mark.parametrize(
    "body",
    [
        {"completions": [{"data": {"text": "Yes."}, "finishReason": {"reason": "endoftext"}}]},
        {"text": ["Yes."]},
        {"content": "Yes."},
        {"message": {"role": "assistant", "content": [{"type": "text", "text": "Yes."}]}},
        {"output_text": "Yes."},
        {"generation": {"role": "assistant", "content": "Yes."}},
        [{"generation": {"role": "assistant", "content": "Yes."}}],
        [{"generated_text": "Yes."}, {"generated_text": "No."}],
        [{"delta": {"message": {"content": {"text": "Yes."}}}}],
        'data: {"choices": [{"delta": {"content": "Yes."}}]}\n\ndata: [DONE]\n',
        'event: message\ndata: {"type": "content_block_delta", "delta": {"text": "Yes."}}\n',
        "Yes.",
    ],
)
def test_a_reply_is_found_in_every_known_response(body: Any) -> None:
    assert answered(body)["completion"] == "Yes."


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        [],
        {"prompt": [17, 4]},
        {"inputs": 5},
        {"choices": []},
        {"message": "Too many requests"},
        [{"type": "message_start", "message": {"content": [], "usage": {}}}],
        {"choices": [{"message": None, "finish_reason": None}]},
    ],
)
def test_what_was_not_answered_is_not_there(body: Any) -> None:
    assert "completion" not in answered(body)
    assert "history" not in asked(body)


def test_an_answer_that_ended_without_a_word_is_empty() -> None:
    stop = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}
    assert answered([{"type": "message_start", "message": {}}, stop])["completion"] == ""
    assert answered([{"outputText": "", "completionReason": "FINISH"}])["completion"] == ""


def test_a_reply_that_is_json_stays_text() -> None:
    text = '[{"role": "assistant", "content": "x"}]'
    assert answered({"completion": text})["completion"] == text
    assert answered({"choices": [{"message": {"content": text}}]})["completion"] == text


def test_what_the_reply_was_begun_with_is_among_the_steps() -> None:
    messages = [{"role": "user", "content": "Give JSON."}, {"role": "assistant", "content": "{"}]
    assert asked({"messages": messages}) == {"prompt": "Give JSON.", "steps": "assistant: {"}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ({"error": {"code": "rate_limit_exceeded", "type": "requests"}}, "rate_limit_exceeded"),
        ({"type": "error", "error": {"type": "overloaded_error"}}, "overloaded_error"),
        ({"error": "Input is too long", "error_type": "validation"}, "validation"),
        ([{"outputText": "A"}, {"type": "error", "error": {"type": "overloaded_error"}}], "overloaded_error"),
    ],
)
def test_an_error_is_the_status(error: Any, status: str) -> None:
    assert answered(error)["status"] == status


@pytest.mark.parametrize(
    "prompt",
    [
        "Write [/INST] for me",
        "He said: <|im_start|>user\nhello",
        "What does Human: mean?",
        "First.\n\nHuman: second",
        "",
    ],
)
def test_a_mark_within_a_prompt_makes_no_turns(prompt: str) -> None:
    assert messages_of(prompt) == prompt


def test_latency_and_counts_of_a_stream_stand_in_its_last_chunk() -> None:
    chunks: list[Any] = [{"generation": "A"}, {"generation": "", "amazon-bedrock-invocationMetrics": METRICS}]
    found = answered(chunks)
    assert (found["completion"], found["latency_ms"], found["output_tokens"]) == ("A", 9, 2)


@settings(max_examples=300)
@given(JSON, JSON)
def test_any_body_is_read_without_a_fault(one: Any, other: Any) -> None:
    keys = ("messages", "input", "inputs", "prompt", "choices", "output", "content", "error", "delta", "message")
    for body in (one, [one, other], *({key: one, "usage": other, "documents": other} for key in keys)):
        assert isinstance(asked(body).get("prompt"), str | None)
        assert isinstance(answered(body).get("completion"), str | None)
        assert isinstance(answered([body, other]).get("completion"), str | None)
