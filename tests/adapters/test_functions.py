import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pydantic import ValidationError

from configs.custom import Custom, Function
from tasks.adapters.functions import Cause, Failed, Values, call_function, load_function, run_function
from tasks.core.errors import ConfigError
from tasks.core.verdict import Direction, Threshold

ROWS = pa.table({"prompt": ["a?", "bb?", None], "completion": ["one two", "one", ""], "latency_ms": [1.0, None, 3.0]})
MINE = """
import math, os, signal, subprocess, sys, time
from decimal import Decimal
from pathlib import Path
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def lengths(table):
    return pc.utf8_length(table["completion"])


def columns(table):
    assert type(table) is pa.Table
    return [len(table.column_names)] * table.num_rows


def words(frame):
    return frame["completion"].str.split().str.len()


def shuffled(frame):
    return frame.sort_values("completion")["completion"].str.len()


def filtered(frame):
    return frame.dropna()["completion"].str.len()


def whole_frame(frame):
    return frame[["latency_ms"]]


def missing(frame):
    return frame["latency_ms"]


def raises(table):
    print("secret text on stdout")
    raise ValueError("secret text: " + table["completion"][0].as_py())


def raises_deep(table):
    return pc.utf8_length(table["latency_ms"])


class Rude(BaseException):
    pass


def rude(table):
    raise Rude("secret text")


def leaves(table):
    sys.exit(3)


def dies(table):
    os.kill(os.getpid(), signal.SIGKILL)


def stubborn(table):
    child = subprocess.Popen(["sleep", "300"])
    Path(__file__).with_name("pids").write_text(f"{os.getpid()} {child.pid}")
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        pass


def prints(table):
    print("x" * 1_000_000)
    os.write(1, b"y" * 100_000)
    os.write(2, b"z" * 100_000)
    return [1, 2, 3]


def mutates(table):
    sys.stdout.close()
    os.chdir("/")
    return [1, 2, 3]


class Odd:
    def __arrow_array__(self, type=None):
        raise RuntimeError("secret text")


def gives(value):
    return lambda table: value


GIVEN = {
    "integers": [1, 2, 3],
    "nulls": [None, 2, None],
    "no_number_at_all": [None, None, None],
    "booleans": np.array([True, False, True]),
    "not_finite": [1.0, math.nan, math.inf],
    "decimals": [Decimal("0.5"), Decimal(2), None],
    "chunks": pa.chunked_array([[1], [2, 3]]),
    "small": np.array([1, 2, 3], dtype=np.float16),
    "two": [1.0, 2.0],
    "none": None,
    "number": 3.0,
    "text": "abc",
    "texts": ["1", "2", "3"],
    "mixed": [1, "secret text", 3],
    "lists": [[1], [2], [3]],
    "mapping": {1: 1, 2: 2, 3: 3},
    "generated": (one for one in range(3)),
    "grid": np.zeros((3, 2)),
    "table": pa.table({"secret text": [1, 2, 3]}),
    "huge": [10**400, 1, 2],
    "large": np.array([2**63, 1, 2], dtype=np.uint64),
    "odd": Odd(),
}
given = type("Given", (), {name: staticmethod(gives(value)) for name, value in GIVEN.items()})
not_callable = 3


def no_argument():
    return []


def two_arguments(table, other):
    return []


def one_is_enough(table, other=1, *rest, **named):
    return [other] * table.num_rows


async def later(table):
    return []


def one_by_one(table):
    yield 1
"""


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "mine_for_tests.py"
    path.write_text(MINE)
    (tmp_path / "broken_for_tests.py").write_text("import math\n\nraise RuntimeError('secret text')\n")
    (tmp_path / "needy_for_tests.py").write_text("import no_such_module_at_all\n")
    (tmp_path / "leaving_for_tests.py").write_text("raise SystemExit(0)\n")
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.endswith("_for_tests")]:
        monkeypatch.delitem(sys.modules, name)
    return path


def function(name: str, **changes: Any) -> Function:
    document = {"call": f"mine_for_tests:{name}", "needs": ("completion",), "timeout": "30s"} | changes
    return Function.model_validate(document)


def given_by(found: Values | Failed) -> list[float | None]:
    assert isinstance(found, Values), found
    assert found.column.type == pa.float64()
    numbers: list[float | None] = found.column.to_pylist()
    return numbers


def here(name: str, table: pa.Table = ROWS, frame: str = "arrow") -> Values | Failed:
    return call_function(f"mine_for_tests:{name}", frame, table)


def failure(found: Values | Failed) -> Failed:
    assert isinstance(found, Failed), found
    assert "secret" not in found.sentence
    assert "\n" not in found.sentence
    return found


def test_a_function_of_a_table_gives_a_number_for_each_row() -> None:
    assert given_by(run_function(function("lengths"), ROWS)) == [7.0, 3.0, 0.0]


def test_a_function_sees_only_the_columns_that_it_needs() -> None:
    asked = function("columns", needs=("prompt", "latency_ms"))
    assert given_by(run_function(asked, ROWS)) == [2.0, 2.0, 2.0]


def test_a_function_of_a_pandas_frame_gives_a_series() -> None:
    assert given_by(run_function(function("words", frame="pandas"), ROWS)) == [2.0, 1.0, 0.0]


def test_a_series_in_another_order_is_put_back_by_its_index() -> None:
    assert given_by(here("shuffled", frame="pandas")) == [7.0, 3.0, 0.0]


def test_a_series_of_other_rows_is_not_taken_for_one_of_these() -> None:
    found = failure(here("filtered", frame="pandas"))
    assert found.cause is Cause.WRONG_LENGTH
    assert found.sentence == "mine_for_tests:filtered gave 1 values for 3 interactions"


def test_a_frame_is_no_column() -> None:
    assert failure(here("whole_frame", frame="pandas")).cause is Cause.WRONG_TYPE


def test_what_is_missing_in_a_series_is_null() -> None:
    assert given_by(here("missing", frame="pandas")) == [1.0, None, 3.0]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("integers", [1, 2, 3]),
        ("nulls", [None, 2, None]),
        ("no_number_at_all", [None, None, None]),
        ("booleans", [1, 0, 1]),
        ("decimals", [0.5, 2, None]),
        ("chunks", [1, 2, 3]),
        ("small", [1, 2, 3]),
        ("large", [2.0**63, 1, 2]),
    ],
)
def test_any_column_of_numbers_or_booleans_will_do(given: str, expected: list[float | None]) -> None:
    assert given_by(here(f"given.{given}")) == expected


def test_what_is_not_finite_is_null_and_counted() -> None:
    found = run_function(function("given.not_finite"), ROWS)
    assert given_by(found) == [1.0, None, None]
    assert isinstance(found, Values)
    assert found.not_finite == 2


@pytest.mark.parametrize(
    "given",
    ["none", "number", "text", "texts", "mixed", "lists", "mapping", "generated", "grid", "table", "huge", "odd"],
)
def test_anything_else_is_no_column_of_numbers(given: str) -> None:
    found = failure(here(f"given.{given}"))
    assert found.cause is Cause.WRONG_TYPE
    assert found.sentence.endswith("that is no column of numbers")


def test_too_few_values_are_none() -> None:
    assert failure(here("given.two")).cause is Cause.WRONG_LENGTH


def test_an_exception_is_told_by_its_kind_and_line_and_never_by_its_message() -> None:
    line = MINE.splitlines().index('    raise ValueError("secret text: " + table["completion"][0].as_py())') + 1
    found = failure(run_function(function("raises"), ROWS))
    assert found.cause is Cause.RAISED
    assert found.sentence == f"mine_for_tests:raises raised ValueError at mine_for_tests.py:{line}"


def test_an_exception_of_a_library_is_told_by_the_line_that_called_it() -> None:
    line = MINE.splitlines().index('    return pc.utf8_length(table["latency_ms"])') + 1
    assert failure(here("raises_deep")).sentence.endswith(f"at mine_for_tests.py:{line}")


@pytest.mark.parametrize(
    ("name", "how"), [("leaves", "with exit code 3"), ("dies", "by signal 9"), ("rude", "with exit code 1")]
)
def test_a_process_that_ends_is_a_failure_of_its_function_alone(name: str, how: str) -> None:
    found = failure(run_function(function(name), ROWS))
    assert (found.cause, how in found.sentence) == (Cause.ENDED, True)


def test_a_function_whose_time_is_up_is_ended_with_all_that_it_started(module: Path) -> None:
    started = time.monotonic()
    found = failure(run_function(function("stubborn", timeout="3s"), ROWS))
    assert time.monotonic() - started < 6
    assert (found.cause, found.sentence) == (Cause.TIMEOUT, "mine_for_tests:stubborn did not end within 3 s")
    own, child = module.with_name("pids").read_text().split()
    assert not Path(f"/proc/{own}").exists()
    assert states(child) <= {"Z"}, (
        "a process without a parent is waited for by the first one, if that is one that waits"
    )


def states(pid: str) -> set[str]:
    """How a process is; nothing where it is gone."""
    try:
        return {Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]}
    except OSError:
        return set()


def test_what_a_function_prints_is_no_answer() -> None:
    assert given_by(run_function(function("prints"), ROWS)) == [1, 2, 3]


def test_a_function_spoils_nothing_here() -> None:
    before = Path.cwd()
    assert given_by(run_function(function("mutates"), ROWS)) == [1, 2, 3]
    assert Path.cwd() == before
    assert not sys.stdout.closed


def test_a_table_without_rows_is_not_asked_about() -> None:
    assert given_by(run_function(function("dies"), ROWS.slice(0, 0))) == []


def test_many_rows_go_through() -> None:
    table = pa.table({"completion": ["x" * 1_000] * 20_000})
    assert given_by(run_function(function("lengths"), table)) == [1_000.0] * 20_000


def test_a_column_that_is_not_there_is_said() -> None:
    found = failure(run_function(function("lengths", needs=("mood",)), ROWS))
    assert found.cause is Cause.UNUSABLE
    assert found.sentence == "mine_for_tests:lengths needs mood, which is no column here"


UNUSABLE = [
    ("no_such_package.at_all:f", "there is no module no_such_package; install it, or put its folder on PYTHONPATH"),
    ("needy_for_tests:f", "there is no module no_such_module_at_all; install it"),
    ("broken_for_tests:f", "importing broken_for_tests raised RuntimeError at broken_for_tests.py:3; correct it"),
    ("leaving_for_tests:f", "importing leaving_for_tests raised SystemExit"),
    ("mine_for_tests:lenghts", "there is no lenghts in mine_for_tests; correct the name"),
    ("mine_for_tests:given.nothing", "there is no given.nothing in mine_for_tests"),
    ("mine_for_tests:not_callable", "it is int and no function"),
    ("mine_for_tests:no_argument", "it cannot be called with one argument"),
    ("mine_for_tests:two_arguments", "it cannot be called with one argument"),
    ("mine_for_tests:later", "it is a coroutine or a generator"),
    ("mine_for_tests:one_by_one", "it is a coroutine or a generator"),
]


@pytest.mark.parametrize(("call", "sentence"), UNUSABLE)
def test_a_function_that_cannot_be_used_is_one_line_with_a_remedy(call: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load_function(call)
    assert str(raised.value).startswith(f"{call}: ")
    assert sentence in str(raised.value)
    assert "secret" not in str(raised.value)


def test_a_function_that_went_missing_since_the_check_costs_its_own_values() -> None:
    found = failure(run_function(function("f", call="broken_for_tests:f"), ROWS))
    assert (found.cause, "RuntimeError" in found.sentence) == (Cause.UNUSABLE, True)


@pytest.mark.parametrize("call", ["mine_for_tests:lengths", "mine_for_tests:one_is_enough", "math:fsum", "math:hypot"])
def test_a_function_of_one_argument_is_usable(call: str) -> None:
    assert callable(load_function(call))


@pytest.mark.parametrize(
    "changes",
    [
        {"call": "mine"},
        {"call": "mine:"},
        {"call": "mine:f()"},
        {"call": "../mine:f"},
        {"call": "mine:f\n"},
        {"needs": ()},
        {"needs": ("completion", "completion")},
        {"frame": "spark"},
        {"timeout": "0s"},
        {"timeout": "2h"},
        {"unit": "bananas"},
        {"min_mean": float("nan")},
        {"min_mean": 2, "max_mean": 1},
        {"retries": 2},
    ],
)
def test_a_function_that_cannot_be_is_refused_by_the_file(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        function("lengths", **changes)


def test_limits_are_on_the_means_and_only_those_that_are_set() -> None:
    own = {"call": "mine:f", "needs": ["completion"], "min_mean": 1, "max_mean": 2}
    custom = Custom.model_validate(
        {"functions": {"size": own, "watched": own | {"min_mean": None, "max_mean": None}}, "reference": {"bleu": {}}}
        | {"reference": {"bleu": {}, "token_f1": {"min_mean": 0.5}}}
    )
    assert custom.thresholds() == [
        Threshold(address="custom.size.mean", limit=1, direction=Direction.MIN),
        Threshold(address="custom.size.mean", limit=2, direction=Direction.MAX),
        Threshold(address="reference.token_f1.mean", limit=0.5, direction=Direction.MIN),
    ]
    assert Custom.model_validate_json(custom.model_dump_json()) == custom
    assert custom.functions["size"].timeout == timedelta(minutes=1)


@pytest.mark.parametrize(
    ("section", "mapped", "sentence"),
    [
        (
            {"functions": {"size": {"call": "m:f", "needs": ["mood"]}}},
            ["completion"],
            "functions.size needs the column mood",
        ),
        ({"reference": {"bleu": {}}}, ["completion"], "reference.bleu needs the column ground_truth"),
        ({"reference": {"readability": {}}}, ["prompt"], "reference.readability needs the column completion"),
    ],
)
def test_a_column_that_is_not_mapped_is_said_before_the_run(
    section: dict[str, Any], mapped: list[str], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        Custom.model_validate(section).check_mapped(mapped)


def test_what_is_mapped_will_do() -> None:
    section = {
        "functions": {"size": {"call": "m:f", "needs": ["mood", "event_time"]}},
        "reference": {"readability": {}},
    }
    assert Custom.model_validate(section).check_mapped(["completion", "mood"]) is None  # type: ignore[func-returns-value]


def test_an_unknown_reference_metric_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValidationError, match="there are exact_match, token_f1, rouge_1"):
        Custom.model_validate({"reference": {"meteor": {}}})
