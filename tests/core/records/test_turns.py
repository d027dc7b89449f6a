import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from configs.load import built_in_metrics
from tasks.core.quality.plan import Call, plan
from tasks.core.records.turns import unfolded

COHERENCE = built_in_metrics()["coherence"].metric(None)
CHAT = [
    {"role": "system", "content": "Be kind."},
    {"role": "user", "content": "Hello"},
    {"role": "assistant", "content": "Hello!"},
    {"role": "user", "content": "Where is it?"},
]


def table(prompt: str | None, history: str | None = None, completion: str | None = "Here.") -> pa.Table:
    row = {"interaction_id": "a", "prompt": prompt, "system": None, "history": history, "completion": completion}
    return pa.Table.from_pylist([row], schema=pa.schema([(name, pa.string()) for name in row]))


def pieces(prompt: str | None, history: str | None = None, completion: str | None = "Here.") -> tuple[str | None, ...]:
    (row,) = unfolded(table(prompt, history, completion)).to_pylist()
    return row["prompt"], row["history"], row["completion"]


def test_a_list_of_messages_becomes_the_last_question_and_what_was_said_before() -> None:
    assert pieces(json.dumps(CHAT)) == ("Where is it?", "user: Hello\nassistant: Hello!", "Here.")


def test_what_the_system_was_told_becomes_its_instructions() -> None:
    (row,) = unfolded(table(json.dumps(CHAT))).to_pylist()
    assert row["system"] == "Be kind."


def test_a_chat_history_becomes_text_turn_by_turn() -> None:
    history = [{"inputs": {"question": "Hello"}, "outputs": {"output": "Hello!"}}]
    assert pieces("Where?", json.dumps(history)) == ("Where?", "user: Hello\nassistant: Hello!", "Here.")
    assert pieces("Where?", "[]") == ("Where?", None, "Here.")


def test_a_completion_that_is_a_message_becomes_its_text() -> None:
    assert pieces("?", None, json.dumps({"role": "assistant", "content": "On the table."}))[2] == "On the table."


@pytest.mark.parametrize("text", ["[not json", "{}", '{"a": 1}', "[1, 2]", "plain", "", "[link](x)"])
def test_what_is_no_conversation_stays_as_it_is(text: str) -> None:
    assert pieces(text, text, text) == (text, text, text)


@given(st.none() | st.text(), st.none() | st.text(), st.none() | st.text())
def test_plain_texts_are_never_changed(prompt: str | None, history: str | None, completion: str | None) -> None:
    found = pieces(prompt, history, completion)
    assert (found[0], found[2]) == (prompt, completion)


def test_the_history_is_shown_to_the_judge_where_the_prompt_is() -> None:
    (call,) = plan(unfolded(table(json.dumps(CHAT))), [COHERENCE], fused=False)
    assert isinstance(call, Call)
    assert list(call.fields) == ["history", "prompt", "completion"]
    (without,) = plan(table("Where is it?"), [COHERENCE], fused=False)
    assert isinstance(without, Call)
    assert list(without.fields) == ["prompt", "completion"]
