import math
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.adapters.contract_gx import check_rows, frame
from tasks.core.records.expectation import Check, Expectation, Kind, Type

ROOT = Path(__file__).parents[2]
WORDS = st.sampled_from(
    ["", " ", "en", "EN-us", "de", "12", "+1.5e3", ".5", "1e999", "true", '{"a": 1}', "[]", "é" * 7]
)
TEXTS = st.none() | WORDS | st.text(max_size=6)
NUMBERS = st.none() | st.floats()
ENGLISH = re.compile(r"\s*en([-_].*)?\s*", re.IGNORECASE)
Keeps = Callable[[Any], bool]


def checked(table: pa.Table, rules: Sequence[Expectation]) -> tuple[Check, ...]:
    return check_rows(frame(table, rules), rules)


def expectation(column: str, kind: Kind, **rules: Any) -> Expectation:
    return Expectation(column=column, kind=kind, **rules)


def is_value(value: Any) -> bool:
    return value is not None and (bool(value.strip()) if isinstance(value, str) else not math.isnan(value))


def reads_as(kind: Type) -> Keeps:
    pattern = Expectation(column="", kind=Kind.TYPE, type=kind).pattern
    return lambda text: (re.fullmatch(pattern, text) is None) is (kind is Type.TEXT)


def number_of(text: str) -> float | None:
    return float(text) if reads_as(Type.NUMBER)(text) else None


RULES: Sequence[tuple[Expectation, Keeps]] = [
    (expectation("prompt", Kind.COMPLETENESS), is_value),
    (expectation("latency_ms", Kind.COMPLETENESS), is_value),
    (expectation("prompt", Kind.LENGTH, least=1, most=5), lambda text: 1 <= len(text) <= 5),
    (expectation("tier", Kind.LENGTH, least=2), lambda text: len(text) >= 2),
    (expectation("prompt", Kind.TYPE, type=Type.TEXT), reads_as(Type.TEXT)),
    (expectation("tier", Kind.TYPE, type=Type.NUMBER), reads_as(Type.NUMBER)),
    (expectation("latency_ms", Kind.RANGE, least=0), lambda value: 0 <= value < math.inf),
    (expectation("latency_ms", Kind.RANGE, least=-1, most=1.5), lambda value: -1 <= value <= 1.5),
    (expectation("language", Kind.LANGUAGE, languages=("en",)), lambda text: ENGLISH.fullmatch(text) is not None),
]


def plainly(rule: Expectation, keeps: Keeps, values: Sequence[Any]) -> tuple[int, list[int]]:
    """How many values there are to look at, and the rows that break the rule, one by one."""
    if rule.kind is Kind.COMPLETENESS:
        return len(values), [row for row, value in enumerate(values) if not keeps(value)]
    seen = [
        row
        for row, value in enumerate(values)
        if value is not None and (isinstance(value, str) or not math.isnan(value))
    ]
    return len(seen), [row for row in seen if not keeps(values[row])]


def asked(rule: Expectation) -> Expectation:
    fields = {name: getattr(rule, name) for name in ("column", "kind", "least", "most", "type", "languages")}
    return Expectation(**fields, fails_rows=True)


def tabled(prompts: Sequence[str | None], tiers: Sequence[str | None], numbers: Sequence[float | None]) -> pa.Table:
    table = pa.table(
        {
            "prompt": pa.array(prompts, pa.string()),
            "tier": pa.array(tiers, pa.string()),
            "language": pa.array(tiers, pa.string()),
            "latency_ms": pa.array(numbers, pa.float64()),
        }
    )
    half = len(prompts) // 2
    return pa.concat_tables([table.slice(0, half), table.slice(half)])


@pytest.mark.parametrize(("rule", "keeps"), RULES, ids=lambda one: getattr(one, "name", ""))
@settings(max_examples=12, deadline=None)
@given(rows=st.lists(st.tuples(TEXTS, TEXTS, NUMBERS), min_size=1, max_size=30))
def test_a_rule_counts_and_lists_what_a_plain_loop_does(
    rule: Expectation, keeps: Keeps, rows: list[tuple[str | None, str | None, float | None]]
) -> None:
    table = tabled(*zip(*rows, strict=True))
    evaluated, failing = plainly(rule, keeps, table[rule.column].to_pylist())
    (found,) = checked(table, [asked(rule)])
    assert found == Check(expectation=asked(rule), evaluated=evaluated, unexpected=len(failing), failing=tuple(failing))
    (watched,) = checked(table, [rule])
    assert (watched.evaluated, watched.unexpected, watched.failing) == (evaluated, len(failing), ())


@settings(max_examples=10, deadline=None)
@given(values=st.lists(TEXTS, min_size=1, max_size=30))
def test_a_range_over_texts_is_about_those_that_are_numbers(values: list[str | None]) -> None:
    rule = expectation("tier", Kind.RANGE, least=0, most=100, fails_rows=True)
    numbers = [None if text is None else number_of(text) for text in values]
    (found,) = checked(tabled(values, values, [None] * len(values)), [rule])
    assert found.evaluated == sum(number is not None for number in numbers)
    assert list(found.failing) == [row for row, one in enumerate(numbers) if one is not None and not 0 <= one <= 100]


def test_all_rules_at_once_say_what_each_says_alone_in_the_order_asked() -> None:
    rows = [("Hello", "12", 5.0), (None, "en", -2.0), ('{"a": 1}', None, None), (" ", "de", math.inf)] * 5
    table = tabled(*zip(*rows, strict=True))
    rules = [rule if number % 2 else asked(rule) for number, (rule, _) in enumerate(RULES[:-2])]
    assert checked(table, rules) == tuple(checked(table, [rule])[0] for rule in rules)


def test_the_failing_rows_are_all_listed_however_many_they_are() -> None:
    rule = expectation("prompt", Kind.LENGTH, most=3, fails_rows=True)
    table = tabled(["long text"] * 2_500, [None] * 2_500, [None] * 2_500)
    assert checked(table, [rule])[0].failing == tuple(range(2_500))


def test_a_missing_column_is_an_error_and_not_a_breach_and_spoils_no_other_check() -> None:
    rules = [expectation("user", Kind.COMPLETENESS, fails_rows=True), expectation("prompt", Kind.COMPLETENESS)]
    missing, there = checked(tabled(["a", None], [None] * 2, [None] * 2), rules)
    assert missing == Check(expectation=rules[0], evaluated=0, unexpected=0, error="there is no column user")
    assert (there.evaluated, there.unexpected, there.error) == (2, 1, None)


def test_a_column_that_is_all_null_has_nothing_to_look_at_but_is_incomplete() -> None:
    rules = [rule for rule, _ in RULES]
    found = checked(tabled([None] * 3, [None] * 3, [None] * 3), rules)
    assert [(one.evaluated, one.unexpected, one.error) for one in found] == [
        (3, 3, None) if rule.kind is Kind.COMPLETENESS else (0, 0, None) for rule in rules
    ]


APART = """
import sys
import pyarrow as pa
from tasks.adapters.contract_gx import check_rows, frame
from tasks.core.records.expectation import Expectation, Kind

opened = []
sys.addaudithook(lambda event, args: opened.append(args) if event == "socket.connect" else None)
rules = [Expectation(column="prompt", kind=Kind.LENGTH, most=3, fails_rows=True)]
table = pa.table({"prompt": pa.array(["hostile text"] * int(sys.argv[1]), pa.string())})
found = check_rows(frame(table, rules), rules)
assert not opened, opened
print([one.unexpected for one in found], "great_expectations" in sys.modules)
"""


def apart(folder: Path, rows: int) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", APART, str(rows)]
    return subprocess.run(
        command, cwd=folder, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True
    )


def test_a_check_connects_to_nobody_writes_no_file_and_prints_nothing(tmp_path: Path) -> None:
    ran = apart(tmp_path, 5)
    assert ran.stdout == "[5] True\n"
    assert ran.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_without_rows_nothing_is_imported_and_nothing_is_said(tmp_path: Path) -> None:
    assert apart(tmp_path, 0).stdout == "[0] False\n"
