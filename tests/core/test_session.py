from datetime import timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from configs.load import built_in_metrics
from configs.quality import MetricDefinition
from tasks.core.measure import TIMESTAMP
from tasks.core.quality.fingerprint import fingerprints
from tasks.core.quality.plan import Call, NotApplicable, plan
from tasks.core.quality.session import conversations
from tests.builders import SIX

TEXTS = ("interaction_id", "session", "history", "prompt", "completion")
SCHEMA = pa.schema([*((name, pa.string()) for name in TEXTS), ("event_time", TIMESTAMP)])
SUCCESS = built_in_metrics()["session_success"].metric(None)
FLUENCY = built_in_metrics()["fluency"].metric(None)


def turn(number: int, session: str | None = "s", **more: str | None) -> dict[str, object]:
    said = {"prompt": f"Question {number}?", "completion": f"Answer {number}."}
    return (
        {"interaction_id": f"{number}", "session": session, "event_time": SIX + timedelta(minutes=number)} | said | more
    )


def table(*turns: dict[str, object]) -> pa.Table:
    return pa.Table.from_pylist(list(turns), schema=SCHEMA)


def test_the_last_interaction_of_a_session_stands_for_it_with_every_turn_before() -> None:
    found = conversations(table(turn(3), turn(1), turn(2), turn(9, "other")))
    assert found == {
        "3": "user: Question 1?\nassistant: Answer 1.\nuser: Question 2?\nassistant: Answer 2.",
        "9": None,
    }


def test_what_was_logged_before_the_first_turn_is_told_as_well() -> None:
    assert conversations(table(turn(1, history="user: Hello"), turn(2)))["2"] == (
        "user: Hello\nuser: Question 1?\nassistant: Answer 1."
    )


def test_a_longer_logged_history_knows_turns_that_were_not_sampled() -> None:
    logged = "user: Question 1?\nassistant: Answer 1.\nuser: And?\nassistant: A long answer that was not sampled."
    assert conversations(table(turn(1), turn(3, history=logged)))["3"] == logged


def test_an_interaction_without_a_session_is_one_of_its_own() -> None:
    assert conversations(table(turn(1, None), turn(2, None))) == {"1": None, "2": None}


@given(st.permutations(range(6)), st.lists(st.sampled_from(["a", "b", None]), min_size=6, max_size=6))
def test_the_order_of_the_rows_makes_no_difference(order: list[int], sessions: list[str | None]) -> None:
    turns = [turn(number, session) for number, session in enumerate(sessions)]
    assert conversations(table(*(turns[place] for place in order))) == conversations(table(*turns))


@pytest.mark.parametrize("fused", [True, False])
def test_a_metric_of_sessions_is_asked_once_of_each_and_applies_to_no_other_turn(*, fused: bool) -> None:
    planned = list(plan(table(turn(1), turn(2), turn(3)), [FLUENCY, SUCCESS], fused=fused))
    asked = [one for one in planned if isinstance(one, Call) and SUCCESS in one.metrics]
    skipped = [one for one in planned if isinstance(one, NotApplicable)]
    assert [(one.interaction_id, one.names) for one in asked] == [("3", ("session_success",))]
    assert list(asked[0].fields) == ["history", "prompt", "completion"]
    assert {one.interaction_id for one in skipped} == {"1", "2"}
    assert len(planned) == 6


def test_a_metric_of_sessions_has_a_fingerprint_of_its_own() -> None:
    document = built_in_metrics()["session_success"].model_dump(mode="json")
    single = MetricDefinition.model_validate(document | {"unit": "interaction"}).metric(None)
    assert fingerprints([SUCCESS], {})["session_success"] != fingerprints([single], {})["session_success"]


def test_a_metric_of_sessions_needs_their_prompts() -> None:
    document = built_in_metrics()["session_success"].model_dump(mode="json")
    with pytest.raises(ValueError, match="add prompt to needs"):
        MetricDefinition.model_validate(document | {"needs": ["completion"]})
