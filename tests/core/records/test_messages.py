import json
from typing import Any

import pytest
from hypothesis import given, settings

from tasks.core.records.messages import Turns, conversation, reply, transcript, turns_of
from tests.core.records.golden import JSON

IMAGE = "iVBORw0KGgoAAAANSUhEUg"
SAID = {
    "openai chat": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Is it open?"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "c", "type": "function", "function": {"name": "hours", "arguments": '{"day": "Monday"}'}}
            ],
        },
        {"role": "tool", "tool_call_id": "c", "content": "9-17"},
        {"role": "assistant", "content": "Yes."},
        {"role": "user", "content": [{"type": "text", "text": "And on Sunday?"}]},
    ],
    "openai responses": [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "input_text", "text": "Is it open?"}]},
        {"type": "reasoning", "summary": []},
        {"type": "function_call", "call_id": "c", "name": "hours", "arguments": '{"day": "Monday"}'},
        {"type": "function_call_output", "call_id": "c", "output": "9-17"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Yes."}]},
        {"role": "user", "content": "And on Sunday?"},
    ],
    "anthropic": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Is it open?"},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm."},
                {"type": "tool_use", "id": "c", "name": "hours", "input": {"day": "Monday"}},
            ],
        },
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "c", "content": [{"type": "text", "text": "9-17"}]}],
        },
        {"role": "assistant", "content": [{"type": "text", "text": "Y"}, {"type": "text", "text": "es."}]},
        {"role": "user", "content": "And on Sunday?"},
    ],
    "bedrock converse": [
        {"role": "system", "content": [{"text": "Be brief."}]},
        {"role": "user", "content": [{"text": "Is it open?"}]},
        {"role": "assistant", "content": [{"toolUse": {"name": "hours", "input": {"day": "Monday"}}}]},
        {"role": "user", "content": [{"toolResult": {"toolUseId": "c", "content": [{"text": "9-17"}]}}]},
        {"role": "assistant", "content": [{"reasoningContent": {}}, {"text": "Yes."}, {"cachePoint": {}}]},
        {"role": "user", "content": [{"text": "And on Sunday?"}]},
    ],
    "opentelemetry": [
        {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
        {"role": "user", "parts": [{"type": "text", "content": "Is it open?"}]},
        {"role": "assistant", "parts": [{"type": "tool_call", "name": "hours", "arguments": {"day": "Monday"}}]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c", "response": "9-17"}]},
        {"role": "assistant", "parts": [{"type": "reasoning", "content": "Hm."}, {"type": "text", "content": "Yes."}]},
        {"role": "user", "parts": [{"type": "text", "content": "And on Sunday?"}]},
    ],
    "gemini": [
        {"role": "system", "parts": [{"text": "Be brief."}]},
        {"role": "user", "parts": [{"text": "Is it open?"}]},
        {"role": "model", "parts": [{"functionCall": {"name": "hours", "args": {"day": "Monday"}}}]},
        {"role": "function", "parts": [{"functionResponse": {"name": "hours", "response": "9-17"}}]},
        {"role": "model", "parts": [{"text": "Hm.", "thought": True}, {"text": "Yes."}]},
        {"role": "user", "parts": [{"text": "And on Sunday?"}]},
    ],
    "langchain": [
        {"type": "system", "content": "Be brief."},
        {"type": "human", "content": "Is it open?"},
        {"type": "ai", "content": "", "tool_calls": [{"name": "hours", "args": {"day": "Monday"}, "id": "c"}]},
        {"type": "tool", "content": "9-17", "tool_call_id": "c"},
        {"type": "ai", "content": "Yes."},
        {"type": "human", "content": "And on Sunday?"},
    ],
}


@pytest.mark.parametrize("messages", SAID.values(), ids=SAID)
def test_every_producers_messages_say_the_same(messages: Any) -> None:
    turns = Turns(
        system="Be brief.",
        history=('user: Is it open?\nassistant: [tool call: hours({"day": "Monday"})]\ntool: 9-17\nassistant: Yes.'),
        prompt="And on Sunday?",
    )
    assert conversation(messages) == turns
    assert turns_of(json.dumps(messages)) == turns
    assert conversation({"messages": messages}) == turns
    assert transcript(messages) == f"{turns.history}\nuser: And on Sunday?"


def test_what_follows_the_prompt_is_no_history() -> None:
    messages = SAID["openai chat"][:4]
    assert conversation(messages) == Turns(
        system="Be brief.",
        prompt="Is it open?",
        steps='assistant: [tool call: hours({"day": "Monday"})]\ntool: 9-17',
    )
    assert conversation([*messages, {"role": "assistant", "content": "Yes."}]).completion == "Yes."


@pytest.mark.parametrize(
    ("part", "mark"),
    [
        ({"type": "image_url", "image_url": {"url": f"data:image/png;base64,{IMAGE}"}}, "[image]"),
        ({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": IMAGE}}, "[image]"),
        ({"image": {"format": "png", "source": {"bytes": IMAGE}}}, "[image]"),
        ({"inlineData": {"mimeType": "image/png", "data": IMAGE}}, "[image]"),
        ({"type": "blob", "mime_type": "audio/wav", "modality": "audio", "content": IMAGE}, "[audio]"),
        ({"type": "input_audio", "input_audio": {"data": IMAGE, "format": "wav"}}, "[audio]"),
        ({"type": "file", "file": {"file_data": IMAGE}}, "[file]"),
        ({"document": {"name": "d", "source": {"bytes": IMAGE}}}, "[document]"),
        ({"type": "text", "text": f"![](data:image/png;base64,{IMAGE}=)"}, "![]([image])"),
        ({"type": "hologram", "data": IMAGE}, "[hologram]"),
        ({IMAGE * 3: 1}, "[part]"),
    ],
)
def test_a_file_is_a_short_mark_and_never_its_bytes(part: Any, mark: str) -> None:
    assert (
        conversation([{"role": "user", "content": [{"type": "text", "text": "See:"}, part]}]).prompt == f"See:\n{mark}"
    )


def test_what_tools_gave_back_is_shown_without_files() -> None:
    pieces = [{"json": {"t": 2}}, {"image": {"source": {"bytes": IMAGE}}}, {"text": "ok"}, "more", {"a": 1}]
    messages = [{"role": "user", "content": [{"toolResult": {"content": pieces}}, {"text": "So?"}]}]
    assert conversation(messages).history == 'tool: {"t": 2}\n[image]\nok\nmore\n{"a": 1}'


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Yes.", "Yes."),
        ("", ""),
        (None, None),
        ([], None),
        ({"role": "assistant", "content": ""}, ""),
        ({"role": "assistant", "content": []}, ""),
        ({"role": "assistant", "content": None}, None),
        ({"role": "assistant", "content": None, "refusal": "No."}, "No."),
        ({"role": "assistant", "content": None, "audio": {"transcript": "Yes.", "data": IMAGE}}, "Yes."),
        ([{"message": {"content": "One"}, "finish_reason": "stop"}, {"message": {"content": "Two"}}], "One"),
        ([{"message": None, "finish_reason": "content_filter"}], None),
        ([{"text": " so", "index": 0, "finish_reason": "stop"}], " so"),
        ([{"role": "assistant", "parts": [{"type": "text", "content": "Yes."}], "finish_reason": "stop"}] * 2, "Yes."),
        ({"content": {"role": "model", "parts": [{"text": "Yes."}]}, "finishReason": "STOP"}, "Yes."),
        ([{"type": "text", "text": "Y"}, {"type": "text", "text": "es."}], "Yes."),
        (SAID["openai chat"][:3], '[tool call: hours({"day": "Monday"})]'),
        (SAID["openai chat"][:4], None),
        (SAID["openai responses"][4:6], "Yes."),
        ([{"type": "web_search_call"}, {"role": "assistant", "content": "Yes."}], "Yes."),
        ({"unknown": 1}, None),
        (17, None),
    ],
)
def test_a_reply_is_the_text_that_the_user_saw(value: Any, text: str | None) -> None:
    assert reply(value) == text


@pytest.mark.parametrize(
    "history",
    [
        [{"inputs": {"question": "Is it open?"}, "outputs": {"output": "Yes."}}],
        [{"inputs": {"their_own_name": "Is it open?"}, "outputs": {"another": "Yes."}}],
        [{"inputs": {"question": "Is it open?", "tier": "gold"}, "outputs": "Yes."}],
        [["Is it open?", "Yes."]],
    ],
)
def test_a_chat_history_becomes_text(history: Any) -> None:
    assert transcript(history) == "user: Is it open?\nassistant: Yes."
    assert transcript(json.dumps(history)) == transcript(history)


@pytest.mark.parametrize("value", ["Is it open?", '{"a": 1}', ["one", "two"], [1, 2], [], {}, None, 4, {"role": "x"}])
def test_what_holds_no_messages_stays_what_the_user_says_it_is(value: Any) -> None:
    assert turns_of(value) is None
    assert transcript(value) is None


@pytest.mark.parametrize("value", [{"a": 1}, [1, 2], [], {}, None, 4, [None], [{"role": "user", "content": None}]])
def test_where_nothing_is_said_nothing_is_made_up(value: Any) -> None:
    assert conversation(value) == Turns()


def test_a_plain_text_is_the_prompt_also_where_it_is_json() -> None:
    assert conversation('{"a": 1}', "Be brief.") == Turns(system="Be brief.", prompt='{"a": 1}')
    assert conversation("") == Turns(prompt="")


@settings(max_examples=300)
@given(JSON, JSON)
def test_any_json_is_read_without_a_fault(value: Any, system: Any) -> None:
    for read in (value, json.dumps(value), [{"role": "user", "content": value}], [{"role": value, "parts": value}]):
        found = conversation(read, system)
        assert all(text is None or isinstance(text, str) for text in (found.prompt, found.history, found.steps))
        assert isinstance(reply(read), str | None)
        assert isinstance(transcript(read), str | None)


@settings(max_examples=100)
@given(JSON)
def test_every_part_of_any_shape_is_read_without_a_fault(value: Any) -> None:
    for tag in ("text", "image", "tool_use", "tool_result", "toolResult", "tool_call", "functionResponse"):
        for part in ({"type": tag, "content": value, "text": value}, {tag: value}):
            assert isinstance(conversation([{"role": "user", "content": [part]}]).prompt, str | None)
