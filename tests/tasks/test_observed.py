import math
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from configs.monitor import MonitorConfig
from tasks.adapters import settling
from tasks.adapters.results import key, write_table
from tasks.collect import collect_window
from tasks.core.measure import Measure
from tasks.core.operations.service import silence_verdict
from tasks.core.records.facts import hashed
from tasks.core.stats.sketch import ERROR
from tasks.core.verdict import State
from tasks.core.window import Window
from tests.builders import SIX, WINDOW, asked, event, job, monitor, store_of, write_logs

COLUMNS = {
    "prompt": "question",
    "completion": "answer",
    "latency_ms": "took",
    "status": "status",
    "input_tokens": "in",
    "output_tokens": "out",
    "finish_reason": "why",
    "cached": "hit",
    "model_version": "model",
    "user": "who",
    "session": "talk",
    "tier": "tier",
}
SALTED = {"usage": {"salt": "env:SALT"}, "operations": {"slow_ms": 900}}


@pytest.fixture(autouse=True)
def _salt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALT", "pepper")


def watched(folder: Path, **changes: Any) -> MonitorConfig:
    source = {"columns": COLUMNS, "quarantine": {"breach_above": None}}
    return monitor(folder, **({"source": source, "quality": {"metrics": {"fluency": {}}}} | SALTED | changes))


def write(folder: Path, rows: list[dict[str, Any]], every: timedelta = timedelta(seconds=1)) -> None:
    """Pairs whose outputs hold the rows; questions, users and sessions stand in the inputs."""
    at = [SIX + number * every for number in range(len(rows))]
    mine = [{name: row[name] for name in ("who", "talk") if name in row} for row in rows]
    inputs = [asked(f"c{number}", time, **one) for number, (time, one) in enumerate(zip(at, mine, strict=True))]
    outputs = [event(f"c{number}", at[number], [{"answer": "It is here."} | row]) for number, row in enumerate(rows)]
    write_logs(folder, "inputs", SIX, inputs)
    write_logs(folder, "outputs", SIX, outputs)


def measured(config: MonitorConfig) -> dict[str, Measure]:
    found = collect_window(config, job(WINDOW), store_of(config)).measured
    return {one.address: one for one in found}


def exact(values: list[float], share: float) -> float:
    return sorted(values)[max(1, math.ceil(share * len(values) - 1e-9)) - 1]


def test_operations_are_counted_over_every_row_and_not_over_the_sample(tmp_path: Path) -> None:
    took = [float((number * 37) % 1000) for number in range(500)]
    write(tmp_path, [{"took": one, "in": 10, "out": number % 7} for number, one in enumerate(took)])
    found = measured(watched(tmp_path, sample={"rate": 1.0, "at_most": 5}))
    assert found["operations.requests.count"].value == 500
    for name, share in {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}.items():
        assert found[f"operations.latency_ms.{name}"].value == pytest.approx(exact(took, share), rel=ERROR)
        assert found[f"operations.latency_ms.{name}"].n == 500
    assert found["operations.latency_ms.slow_share"].value == sum(one > 900 for one in took) / 500
    assert found["operations.input_tokens.sum"].value == 5000
    assert found["operations.output_tokens.sum"].value == sum(number % 7 for number in range(500))
    assert found["operations.load_per_minute.max"].value == 60
    assert found["operations.latency_ms.p50"].low is None


def test_errors_are_told_by_their_class_and_an_unknown_word_is_neither_good_nor_bad(tmp_path: Path) -> None:
    words = ["200", "ok", "success", "429", "RateLimitError", "500", "503", "404", "timeout", "failed", "purple", None]
    write(tmp_path, [{} if word is None else {"status": word} for word in words])
    found = measured(watched(tmp_path))
    shares = {
        name: found[f"operations.errors.{name}"].value
        for name in ("share", "rate_limited_share", "server_error_share", "client_error_share", "timeout_share")
    }
    assert shares == {
        "share": 7 / 10,
        "rate_limited_share": 2 / 10,
        "server_error_share": 2 / 10,
        "client_error_share": 1 / 10,
        "timeout_share": 1 / 10,
    }
    assert found["operations.errors.other_error_share"].value == 1 / 10
    assert found["operations.errors.share"].n == 10
    assert found["operations.errors.unknown_share"].value == 1 / 11


def test_a_value_of_the_wrong_kind_costs_itself_and_is_counted_as_missing(tmp_path: Path) -> None:
    odd: list[Any] = [10, "20", "soon", -5, None, {"ms": 3}, 1e400, 1.79e308]
    write(tmp_path, [{"took": one, "in": 1e19} for one in odd])
    found = measured(watched(tmp_path))
    assert found["operations.latency_ms.p50"].n == 2
    assert found["operations.latency_ms.missing_share"].value == 6 / 8
    assert found["operations.input_tokens.sum"].value is None


def test_empty_truncated_and_filtered_completions_and_cache_hits_are_told_apart(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"answer": "", "why": "stop", "hit": True},
        {"answer": "It goes on and", "why": "length", "hit": "miss"},
        {"answer": "Fine.", "why": "max_tokens", "hit": 128},
        {"answer": "Fine.", "why": "content_filter", "hit": 0},
        {"answer": "Fine."},
    ]
    write(tmp_path, rows)
    found = measured(watched(tmp_path))
    assert found["operations.completions.empty_share"].value == 1 / 5
    assert found["operations.completions.truncated_share"].value == 2 / 4
    assert found["operations.completions.filtered_share"].value == 1 / 4
    assert found["operations.cache.hit_share"].value == 2 / 4


def test_the_cost_counts_models_that_have_a_price_and_says_how_many(tmp_path: Path) -> None:
    prices = {"big": {"prompt": 2.0, "completion": 8.0}, "small": {"prompt": 0.1, "completion": 0.4}}
    rows = [
        {"model": "big-2026-01-31", "in": 1_000_000, "out": 500_000},
        {"model": "small", "in": 1_000_000, "out": 0},
        {"model": "unheard-of", "in": 7, "out": 7},
        {"model": "big", "in": 1_000_000},
    ]
    write(tmp_path, rows)
    found = measured(watched(tmp_path, operations={"prices": prices}))
    assert found["operations.cost_usd.sum"].value == pytest.approx(2.0 + 4.0 + 0.1)
    assert found["operations.cost_usd.priced_share"].value == 2 / 4


def test_the_cost_of_a_model_with_few_calls_is_not_left_out(tmp_path: Path) -> None:
    prices = {"big": {"prompt": 2.0, "completion": 8.0}, "rare": {"prompt": 100.0, "completion": 100.0}}
    rows = [{"model": "big", "in": 1000, "out": 0}] * 9 + [{"model": "rare", "in": 1_000_000, "out": 0}]
    write(tmp_path, rows)
    found = measured(watched(tmp_path, operations={"prices": prices}, decide={"min_scored": 5}))
    assert found["operations.cost_usd.sum"].value == pytest.approx(9 * 0.002 + 100)


@pytest.mark.parametrize(
    ("status", "kind"), [("200 OK", None), ("HTTP/1.1 404", "client_error"), ("503.0", "server_error")]
)
def test_an_http_status_may_have_words_around_it(tmp_path: Path, status: str, kind: str | None) -> None:
    write(tmp_path, [{"status": status}])
    found = measured(watched(tmp_path))
    assert found["operations.errors.share"].value == (0 if kind is None else 1)
    assert kind is None or found[f"operations.errors.{kind}_share"].value == 1


def test_a_window_without_a_whole_hour_is_not_called_silent(tmp_path: Path) -> None:
    config = watched(tmp_path, window={"every": "15m", "grace": "15m"})
    quarter = Window(start=SIX, end=SIX + timedelta(minutes=15))
    found = {one.address: one for one in collect_window(config, job(quarter), store_of(config)).measured}
    assert found["operations.collection.missing_hours"].value is None
    assert silence_verdict(found["operations.collection.missing_hours"]).state is State.OK


def test_the_values_of_segments_are_redacted_before_they_are_kept(tmp_path: Path) -> None:
    write(tmp_path, [{"tier": "ann@example.com", "took": 1}] * 3 + [{"tier": "gold", "took": 2}] * 3)
    config = watched(tmp_path, segments=["tier"], redact=["email"])
    found = measured(config)
    assert found["operations.latency_ms.p50[tier=gold]"].n == 3
    assert not [address for address in found if "ann@" in address]
    kept = b"".join(path.read_bytes() for path in (tmp_path / "store/bot/halves").rglob("*.parquet"))
    assert b"ann@example" not in kept


def test_with_another_salt_nobody_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, [{"who": "ann"}] * 2)
    config = watched(tmp_path)
    collect_window(config, job(WINDOW), store_of(config))
    write_table(store_of(config), key("runs", WINDOW.key, 0, "json"), pa.table({"published": [True]}))
    later = Window(start=WINDOW.end, end=WINDOW.end + (WINDOW.end - WINDOW.start))
    write_logs(tmp_path, "inputs", later.start, [asked("z", later.start, who="ann")])
    write_logs(tmp_path, "outputs", later.start, [event("z", later.start, [{"answer": "Here."}])])

    def known() -> float | None:
        measures = collect_window(config, job(later), store_of(config)).measured
        return next(one.value for one in measures if one.address == "usage.users.returning_share")

    assert known() == 1
    monkeypatch.setenv("SALT", "sugar")
    assert known() is None


def test_every_version_and_segment_has_measures_of_its_own_if_it_has_enough_rows(tmp_path: Path) -> None:
    rows = (
        [{"model": "old", "took": 100, "tier": "gold"}] * 6 + [{"model": "new", "took": 400}] * 5 + [{"model": "odd"}]
    )
    write(tmp_path, rows)
    found = measured(watched(tmp_path, segments=["tier"], decide={"min_scored": 5}))
    assert found["operations.latency_ms.p50[model_version=old]"].value == pytest.approx(100, rel=ERROR)
    assert found["operations.latency_ms.p50[model_version=new]"].value == pytest.approx(400, rel=ERROR)
    assert found["operations.latency_ms.p50[tier=gold]"].n == 6
    assert "operations.latency_ms.p50[model_version=odd]" not in found


def test_what_is_not_mapped_is_not_measured(tmp_path: Path) -> None:
    write(tmp_path, [{"took": 5}])
    found = measured(watched(tmp_path, source={"columns": {"prompt": "question", "completion": "answer"}}))
    assert "operations.requests.count" in found
    assert not [address for address in found if "latency" in address or "errors" in address or "users" in address]


def test_nothing_is_measured_where_it_is_not_asked_for(tmp_path: Path) -> None:
    write(tmp_path, [{"took": 5}])
    assert measured(watched(tmp_path, usage=None, operations=None)) == {}


def test_a_window_without_rows_has_no_figures_and_says_that_the_hour_is_missing(tmp_path: Path) -> None:
    found = measured(watched(tmp_path))
    assert found["operations.collection.missing_hours"].value == 1
    others = {address: one.value for address, one in found.items() if one.unit != "hours"}
    assert set(others.values()) == {None}


def test_users_and_sessions_are_counted_by_salted_hashes_alone(tmp_path: Path) -> None:
    people = ["ann", "ann", "ann", "bo", "cy", "cy"]
    talks = ["1", "1", "2", "3", "4", "4"]
    write(tmp_path, [{"who": who, "talk": talk} for who, talk in zip(people, talks, strict=True)])
    config = watched(tmp_path)
    found = measured(config)
    assert found["usage.users.count"].value == 3
    assert found["usage.prompts_per_user.mean"].value == 2
    assert found["usage.prompts_per_user.p95"].value == 3
    assert found["usage.sessions.count"].value == 4
    assert found["usage.turns_per_session.mean"].value == 1.5
    assert found["usage.turns_per_session.one_turn_share"].value == 2 / 4
    table = pq.read_table(next((tmp_path / "store/bot/users").rglob("*.parquet")))
    assert set(table["user"].to_pylist()) == {hashed("pepper", who) for who in set(people)}
    kept = b"".join(path.read_bytes() for path in (tmp_path / "store/bot/halves").rglob("*.parquet"))
    assert b"ann" not in kept


def test_without_a_salt_nobody_is_counted(tmp_path: Path) -> None:
    write(tmp_path, [{"who": "ann"}])
    found = measured(watched(tmp_path, usage={"salt": None}))
    assert not [address for address in found if "user" in address]
    assert "usage.prompt_chars.p50" in found


def test_copies_and_rows_of_other_windows_do_not_count_twice(tmp_path: Path) -> None:
    write(tmp_path, [{"took": 10, "in": 1, "out": 1}] * 3)
    again = [asked("c0", SIX), asked("late", SIX - timedelta(seconds=1)), asked("alone", SIX)]
    write_logs(tmp_path, "inputs", SIX, again, "again.jsonl")
    found = measured(watched(tmp_path))
    assert found["operations.requests.count"].value == 4
    assert found["operations.latency_ms.p50"].n == 3
    assert found["operations.input_tokens.sum"].value == 3


ROWS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "took": st.one_of(st.floats(0, 1e6), st.none(), st.text(max_size=3)),
            "status": st.sampled_from(["ok", "500", "429", "odd"]),
            "model": st.sampled_from(["a", "b"]),
            "who": st.sampled_from(["x", "y", "z"]),
        },
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS)
def test_parts_that_are_settled_apart_add_up_to_the_whole(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, rows: list[dict[str, Any]]
) -> None:
    folder = tmp_path_factory.mktemp("law")
    write(folder, rows)
    monkeypatch.setattr(settling, "PART_ROWS", 1_500_000)
    whole = measured(watched(folder))
    monkeypatch.setattr(settling, "PART_ROWS", 7)
    assert measured(watched(folder)) == whole
    told = Counter(row.get("status") for row in rows)
    assert whole["operations.errors.share"].n == told["ok"] + told["500"] + told["429"]
