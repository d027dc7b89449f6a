import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.manifest import RecordCounts
from tasks.core.measure import Measure, from_table, to_table
from tasks.core.operations.records import record_measures
from tasks.core.records.contract import (
    Earlier,
    arrival_measures,
    broken_rules,
    column_measures,
    earlier_windows,
    freshness_s,
    quarantined,
    warnings,
)
from tasks.core.records.expectation import Check, Expectation, Kind, Type

HOUR = timedelta(hours=1)
SEVEN = datetime(2026, 11, 20, 7, tzinfo=UTC)
LENGTH = Expectation(column="prompt", kind=Kind.LENGTH, least=1, most=9, fails_rows=True)
REQUIRED = Expectation(column="context", kind=Kind.COMPLETENESS, fails_rows=True)


def counts(**changes: int) -> RecordCounts:
    names = ["quarantined_objects", "orphan_inputs", "duplicate_inputs", "orphan_outputs", "duplicate_outputs"]
    fields: dict[str, Any] = dict.fromkeys([*names, "joined", "quarantined", "sampled", "not_sampled"], 0) | changes
    fields["inputs"] = fields["joined"] + fields["orphan_inputs"] + fields["duplicate_inputs"]
    fields["outputs"] = fields["joined"] + fields["orphan_outputs"] + fields["duplicate_outputs"]
    fields["lines_read"] = fields["inputs"] + fields["outputs"]
    return RecordCounts(quarantined_by_reason={}, **fields)


def arrivals(
    found: RecordCounts, newest: datetime | None = SEVEN, earlier: Sequence[Earlier] = ()
) -> dict[str, Measure]:
    return {one.measure: one for one in arrival_measures(found, newest, SEVEN, earlier)}


def past(hours_ago: int, interactions: int = 100, fresh: float | None = 60.0) -> Earlier:
    return Earlier(end=SEVEN - hours_ago * HOUR, interactions=interactions, freshness_s=fresh)


def test_a_share_is_of_the_values_that_were_looked_at_and_counts_all_of_them() -> None:
    (measure,) = column_measures([Check(expectation=LENGTH, evaluated=8, unexpected=2, failing=(1, 5))])
    assert measure.address == "contract.prompt.length_share"
    assert (measure.value, measure.n, measure.low, measure.high, measure.unit) == (0.75, 8, None, None, "share")


def test_what_was_not_looked_at_has_no_share() -> None:
    unseen = Check(expectation=REQUIRED, evaluated=0, unexpected=0, error="there is no column context")
    (measure,) = column_measures([unseen])
    assert (measure.address, measure.value, measure.n) == ("contract.context.completeness", None, 0)
    assert warnings([unseen]) == ["the contract's context.completeness was not checked: there is no column context"]


def test_inputs_find_their_outputs_and_a_repeated_input_is_not_a_lost_one() -> None:
    found = arrivals(counts(joined=90, orphan_inputs=10, duplicate_inputs=20, duplicate_outputs=5, orphan_outputs=3))
    assert (found["join_rate"].value, found["join_rate"].n) == (0.9, 100)
    assert (found["duplicate_rate"].value, found["duplicate_rate"].n) == (25 / 218, 218)


def test_a_window_without_records_measures_nothing_but_that_there_are_none() -> None:
    found = arrivals(counts(), newest=None)
    assert {name for name, one in found.items() if one.value is not None} == set()
    assert {one.n for one in found.values()} == {0}
    assert arrivals(counts(), None, [past(1), past(2), past(3)])["volume_ratio"].value == 0


def test_volume_is_over_the_median_of_earlier_windows_once_there_are_three() -> None:
    found = counts(joined=50)
    windows = [past(1, 100), past(2, 10_000), past(3, 40)]
    assert arrivals(found, earlier=windows[:2])["volume_ratio"].value is None
    ratio = arrivals(found, earlier=windows)["volume_ratio"]
    assert (ratio.value, ratio.n, ratio.unit) == (0.5, 50 + 10_140, "ratio")
    assert arrivals(found, earlier=windows)["volume_surge"].value == 0.5
    assert arrivals(found, earlier=[past(hour, 0) for hour in (1, 2, 3)])["volume_ratio"].value is None


def test_freshness_is_the_age_of_the_newest_event_at_the_end_of_the_window() -> None:
    found = arrivals(counts(joined=1), SEVEN - timedelta(minutes=5))["freshness_s"]
    assert (found.value, found.n, found.unit) == (300, 1, "seconds")


def test_silence_grows_older_from_window_to_window() -> None:
    first = freshness_s(None, SEVEN, [past(1, fresh=60)])
    assert first == 3660
    assert freshness_s(None, SEVEN + HOUR, [past(1, fresh=60), past(0, fresh=first)]) == 7260
    assert freshness_s(None, SEVEN, [past(1, fresh=None)]) is None
    assert freshness_s(None, SEVEN, []) is None


@given(st.lists(st.integers(0, 5_000), min_size=1, max_size=8))
def test_freshness_through_stored_figures_is_that_of_the_newest_event_of_all(minutes_ago: list[int]) -> None:
    events = [SEVEN - timedelta(minutes=minutes) for minutes in minutes_ago]
    first = [event for event in events if event < SEVEN - HOUR]
    last = [event for event in events if event >= SEVEN - HOUR]
    before = freshness_s(max(first, default=None), SEVEN - HOUR, [])
    assert freshness_s(max(last, default=None), SEVEN, [past(1, fresh=before)]) == min(minutes_ago) * 60


def test_earlier_windows_and_a_replayed_one_are_read_back_from_stored_measures() -> None:
    found = counts(joined=30, orphan_inputs=10)
    measured = [
        *record_measures(found),
        *arrival_measures(found, SEVEN - timedelta(minutes=5), SEVEN, []),
        *column_measures([Check(expectation=LENGTH, evaluated=0, unexpected=0)]),
    ]
    table = to_table(measured, SEVEN - HOUR, 0)
    assert earlier_windows([table], HOUR) == [Earlier(end=SEVEN, interactions=30, freshness_s=300)]
    assert earlier_windows([to_table([], SEVEN, 0)], HOUR) == []
    assert from_table(table) == measured


def test_a_row_names_every_rule_that_it_breaks_and_the_others_none() -> None:
    checks = [
        Check(expectation=LENGTH, evaluated=4, unexpected=2, failing=(0, 2)),
        Check(expectation=REQUIRED, evaluated=4, unexpected=1, failing=(2,)),
    ]
    broken = broken_rules(checks, 4)
    assert broken.to_pylist() == ["prompt.length", None, "prompt.length, context.completeness", None]
    table = pa.table({"input_object": ["a", "b", "c", "d"]})
    assert [(row["object"], row["reason"]) for row in quarantined(table, broken)] == [
        ("a", "contract:prompt.length"),
        ("c", "contract:prompt.length"),
        ("c", "contract:context.completeness"),
    ]
    assert quarantined(table, broken_rules([], 4)) == []
    assert broken_rules([], 0).type == pa.string()


@given(st.lists(st.lists(st.booleans(), min_size=6, max_size=6), max_size=4))
def test_each_broken_rule_of_each_row_is_listed_once(fails: list[list[bool]]) -> None:
    checks = [
        Check(
            expectation=Expectation(column=f"c{number}", kind=Kind.LENGTH, fails_rows=True),
            evaluated=6,
            unexpected=sum(rows),
            failing=tuple(row for row, fails_here in enumerate(rows) if fails_here),
        )
        for number, rows in enumerate(fails)
    ]
    broken = broken_rules(checks, 6)
    listed = quarantined(pa.table({"input_object": list("abcdef")}), broken)
    assert len(listed) == sum(check.unexpected for check in checks)
    assert broken.null_count == sum(not any(rows[row] for rows in fails) for row in range(6))


@pytest.mark.parametrize(
    ("text", "is_text"),
    [
        ('{"answer": 1}', False),
        ('{\n "answer": 1}\n', False),
        ("{}", False),
        ("[]", False),
        ('["a", "b"]', False),
        ('[{"document": 1}]', False),
        ("[1] says so [2]", True),
        ("[doc] and so on [end]", True),
        ("{name}, hello", True),
        ("{not json}", True),
        ('He said "{}"', True),
        ("", True),
    ],
)
def test_text_is_told_from_json_that_was_logged_where_a_text_was_due(text: str, *, is_text: bool) -> None:
    pattern = Expectation(column="context", kind=Kind.TYPE, type=Type.TEXT).pattern
    assert (re.fullmatch(pattern, text) is None) is is_text


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers())
def test_what_prints_as_a_number_reads_as_one(number: float) -> None:
    pattern = Expectation(column="tier", kind=Kind.TYPE, type=Type.NUMBER).pattern
    assert re.fullmatch(pattern, str(number))
    assert math.isfinite(float(number))


@pytest.mark.parametrize("text", ["", "nan", "inf", "1,5", "0x1f", "1 2", "--1", ".", "e5", "one"])
def test_what_is_no_number_does_not_read_as_one(text: str) -> None:
    assert not re.fullmatch(Expectation(column="tier", kind=Kind.TYPE, type=Type.NUMBER).pattern, text)


@pytest.mark.parametrize(
    ("code", "is_allowed"),
    [
        *((code, True) for code in ("en", "EN", "en-US", "en_GB", " en ", "pt-br", "pt_BR", "pt-BR-x-y")),
        *((code, False) for code in ("", "e", "eng", "english", "pt", "pt-PT", "de", "de-en")),
    ],
)
def test_a_language_stands_for_its_regions_and_for_no_other_language(code: str, *, is_allowed: bool) -> None:
    pattern = Expectation(column="language", kind=Kind.LANGUAGE, languages=("en", "pt-BR")).pattern
    assert (re.fullmatch(pattern, code) is not None) is is_allowed
