import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.quality.judgement import Judgement
from tasks.core.report.interactions_view import Row
from tasks.core.report.run_view import Part, Sum, pictured, quarantine_of
from tasks.core.report.script import as_script, size, text_forms
from tasks.core.report.shortening import SHORTEST, document, fitting
from tests.builders import FLUENCY, SIX

ROWS = st.lists(st.tuples(st.text(max_size=400), st.integers(1, 5)), min_size=1, max_size=30)


def row(number: int, text: str, score: float | None) -> Row:
    return Row(
        interaction_id=f"call-{number}",
        event_time=SIX,
        model_version=None,
        feedback=None,
        segments={},
        texts={"prompt": text, "completion": text},
        lengths={},
        judged=[Judgement(interaction_id=f"call-{number}", metric=FLUENCY, score=score, reason=text)],
        flags=(),
    )


@given(ROWS, st.integers(1_000, 20_000))
def test_a_page_is_never_larger_than_its_budget_and_loses_no_row_that_has_room(
    given_rows: list[tuple[str, int]], budget: int
) -> None:
    rows = [row(number, text, score) for number, (text, score) in enumerate(given_rows)]
    kept, limits = fitting(rows, budget)
    assert sum(size(document(one)) for one in kept) <= budget
    assert [one.interaction_id for one in kept] == [one.interaction_id for one in rows[: len(kept)]]
    if limits is None:
        assert kept == rows
    if len(kept) < len(rows):
        assert limits is not None
        assert limits.others == SHORTEST


def test_failing_rows_keep_four_times_as_much_and_say_how_long_their_texts_were() -> None:
    rows = [row(0, "a" * 5_000, 1.0), *(row(number, "b" * 5_000, 5.0) for number in range(1, 10))]
    kept, limits = fitting(rows, 30_000)
    assert limits is not None
    assert limits.failing == 4 * limits.others
    assert [len(one.texts["prompt"]) for one in kept] == [limits.failing] + [limits.others] * 9
    assert document(kept[0])["lengths"] == {"prompt": 5_000, "completion": 5_000}
    assert 25_000 < sum(size(document(one)) for one in kept) <= 30_000


@given(st.text())
def test_no_text_closes_the_script_in_which_it_stands(text: str) -> None:
    written = as_script({"text": text})
    assert not set("<>&'\u2028\u2029").intersection(written)
    assert json.loads(written) == {"text": text}
    assert text_forms(text)[0] in written


def test_a_judgement_is_written_as_far_as_there_is_anything() -> None:
    judged = [
        Judgement(interaction_id="a", metric=FLUENCY, score=2.0, spread=0.5),
        Judgement(interaction_id="a", metric=FLUENCY, score=5.0),
        Judgement(interaction_id="a", metric=FLUENCY, unscored="timeout"),
        Judgement(interaction_id="a", metric=FLUENCY, not_asked="budget"),
        Judgement(interaction_id="a", metric=FLUENCY),
    ]
    shown = Row(
        interaction_id="a",
        event_time=datetime(2026, 11, 20, 6, tzinfo=UTC),
        model_version=None,
        feedback=None,
        segments={},
        texts={},
        lengths={},
        judged=judged,
        flags=(),
    )
    assert document(shown) == {
        "id": "a",
        "time": 1_795_154_400_000,
        "judged": [
            ["failed", 2.0, None, 0.5],
            ["passed", 5.0],
            ["unscored", None, "timeout"],
            ["not asked", None, "budget"],
            ["not applicable"],
        ],
    }


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=6))
def test_the_bars_of_a_sum_lie_side_by_side_and_fill_it(parts: list[int]) -> None:
    total = Sum(name="rows", rows=sum(parts), parts=[Part(name="part", rows=rows, tone="good") for rows in parts])
    assert all(length > 0 or part.rows * 2_000 < sum(parts) for part, _, length in total.bars)
    if sum(parts):
        last, at, length = total.bars[-1]
        assert at + length == pytest.approx(100, abs=0.01)
        assert last.rows


def test_control_characters_of_a_line_have_pictures() -> None:
    lines = [{"object": "a\rb", "line": 1, "reason": "malformed_json", "content": "null \x00, tab\t, end\n"}]
    (shown,) = quarantine_of(lines, 1, with_contents=True).lines
    assert (shown.object, shown.content) == ("a\u240db", "null \u2400, tab\t, end\n")
    assert pictured("\x7f") == "\u2421"
