"""What a run left in the store, exported as sets and traced one by one; with a real store, evaluator and Prefect."""

import csv
import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from rich.console import Console
from typer.testing import CliRunner

from configs.monitor import MonitorConfig
from flows.cli import app
from flows.tracing import print_trace
from tasks.adapters.results import read_table
from tasks.core.curation.formats import FORMATS
from tasks.core.errors import ConfigError
from tasks.core.traced import Trace, document
from tasks.curate import Curated, Wanted, curate
from tasks.trace import trace_interaction
from tests.builders import HOUR, SIX, manifest_of, store_of
from tests.looked_at import FORGED, FORMULA, LATE, TRUTH, calls_at, judged_store

pytestmark = pytest.mark.usefixtures("prefect_server")
GOLDEN = Path(__file__).parents[1] / "golden" / "show.json"
FAILING = Wanted(metric="groundedness", passing=False, start=SIX)
PASSING = Wanted(metric="groundedness", passing=True, start=SIX)
FAILED = ["empty", "worse", "=forged", "bad", "bare", "formula"]
VARIES = {"etag", "fingerprint", "judged_at", "latency_ms", "at"}


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory: pytest.TempPathFactory) -> MonitorConfig:
    return judged_store(tmp_path_factory.mktemp("looked-at"))


def monitor_file(config: MonitorConfig) -> Path:
    return Path(config.store.removeprefix("file://")).parent / "bot.yaml"


def written(config: MonitorConfig, folder: Path, kind: str, wanted: Wanted = FAILING) -> Path:
    curate(config, wanted, kind, folder / "out")
    return folder / "out"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().split("\n") if line]


def aside(path: Path) -> list[str]:
    return [row["interaction_id"] for row in lines(path.with_name("out.provenance.jsonl"))]


def traced(config: MonitorConfig, name: str) -> Trace:
    return trace_interaction(config, name, None, lambda _done, _total: None)


def genwatch(*arguments: object) -> tuple[int, str, str]:
    found = CliRunner().invoke(app, list(map(str, arguments)))
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found.exit_code, found.stdout, found.stderr


def test_what_failed_is_written_the_lowest_score_first_with_where_it_comes_from(
    looked_at: MonitorConfig, tmp_path: Path
) -> None:
    rows = lines(written(looked_at, tmp_path, "jsonl"))
    assert [row["interaction_id"] for row in rows] == FAILED
    row, manifest = rows[1], manifest_of(looked_at)
    assert (row["score"], row["passed"], row["reason"]) == (1.0, False, "because it ends in worse")
    assert row["scores"] == {"fluency": 5.0, "groundedness": 1.0}
    assert row["context"] == ["It is on the table.", '{"rank": 2}']
    assert (row["window"], row["revision"], row["config_hash"]) == ("20261120T0600Z", 0, manifest.config_hash)
    assert (row["fingerprint"], row["judge_model"]) == (manifest.fingerprints["groundedness"], "judge-2026-01-01")
    assert (row["redacted"], row["event_time"]) == (["email"], "2026-11-20T06:03:00Z")
    assert row["input_object"].endswith("logs/model_inputs/2026/11/20/06/i.jsonl")


def test_what_was_judged_in_vain_neither_fails_nor_passes(looked_at: MonitorConfig, tmp_path: Path) -> None:
    failing = curate(looked_at, FAILING, "jsonl", tmp_path / "failing")
    passing = curate(looked_at, PASSING, "jsonl", tmp_path / "passing")
    assert (failing.matching, passing.matching, failing.scored, failing.unscored) == (6, 1, 7, 1)
    assert "vain" not in {row["interaction_id"] for name in ("failing", "passing") for row in lines(tmp_path / name)}


def test_without_a_time_the_newest_window_is_meant_and_times_span_several(
    looked_at: MonitorConfig, tmp_path: Path
) -> None:
    newest = curate(looked_at, Wanted(metric="groundedness", passing=False), "jsonl", tmp_path / "newest")
    both = Wanted(metric="groundedness", passing=False, start=SIX, end=SIX + 2 * HOUR, limit=5)
    some = curate(looked_at, both, "jsonl", tmp_path / "both")
    assert [row["interaction_id"] for row in lines(tmp_path / "newest")] == ["bad-later"]
    assert [row["interaction_id"] for row in lines(tmp_path / "both")] == [*FAILED[:4], "bad-later"]
    assert ((newest.rows, newest.windows), (some.rows, some.matching, some.windows)) == ((1, 1), (5, 7, 2))


def test_csv_and_parquet_hold_the_same_rows_and_no_cell_of_the_csv_is_a_formula(
    looked_at: MonitorConfig, tmp_path: Path
) -> None:
    (tmp_path / "csv").mkdir()
    path = written(looked_at, tmp_path / "csv", "csv")
    assert b"\r\n" in path.read_bytes()
    cells = list(csv.DictReader(StringIO(path.read_text("utf-8-sig"), newline="")))
    columns = pq.read_table(written(looked_at, tmp_path, "parquet")).to_pylist()
    assert list(cells[0]) == list(columns[0])
    assert [row["interaction_id"].removeprefix("'") for row in cells] == FAILED
    assert cells[5]["completion"] == f"'{FORMULA} bad"
    assert cells[2]["interaction_id"] == "'=forged"
    assert columns[5]["completion"] == f"{FORMULA} bad"
    assert columns[1]["context"] == json.loads(cells[1]["context"]) == ["It is on the table.", '{"rank": 2}']
    assert not [value for row in cells for value in row.values() if value[:1] in {"=", "+", "-", "@"}]


def test_what_failed_teaches_its_ground_truth_and_never_what_was_answered(
    looked_at: MonitorConfig, tmp_path: Path
) -> None:
    found = curate(looked_at, FAILING, "openai-finetune", tmp_path / "out")
    rows = lines(tmp_path / "out")
    assert (found.rows, found.left_out) == (5, {"without a ground truth": 1})
    assert {row["messages"][-1]["content"] for row in rows} == {TRUTH}
    assert aside(tmp_path / "out") == [name for name in FAILED if name != "bare"]
    asked = 'Context:\nIt is on the table.\n\n{"rank": 2}\n\nQuestion:\nWhere is worse?'
    assert rows[1]["messages"] == [
        {"role": "user", "content": "Hello?"},
        {"role": "assistant", "content": "Hi.", "weight": 0},
        {"role": "user", "content": asked},
        {"role": "assistant", "content": TRUTH},
    ]


def test_what_passed_teaches_what_was_answered(looked_at: MonitorConfig, tmp_path: Path) -> None:
    (row,) = lines(written(looked_at, tmp_path, "openai-finetune", PASSING))
    assert row["messages"][-1]["content"] == "It is on the table, as the passage says."


def test_a_preference_sets_the_ground_truth_over_the_answer(looked_at: MonitorConfig, tmp_path: Path) -> None:
    found = curate(looked_at, FAILING, "openai-preference", tmp_path / "out")
    assert (found.rows, found.left_out) == (4, {"with an empty completion": 1, "without a ground truth": 1})
    row = lines(tmp_path / "out")[0]
    assert list(row) == ["input", "preferred_output", "non_preferred_output"]
    assert [message.get("weight") for message in row["input"]["messages"]] == [None, None, None]
    assert (row["preferred_output"][0]["content"], row["non_preferred_output"][0]["content"]) == (
        TRUTH,
        "Nowhere. worse",
    )


def test_sets_for_ragas_and_deepeval_have_their_fields(looked_at: MonitorConfig, tmp_path: Path) -> None:
    ragas = lines(written(looked_at, tmp_path, "ragas"))
    assert ragas[1] == {
        "user_input": "Where is worse?",
        "retrieved_contexts": ["It is on the table.", '{"rank": 2}'],
        "response": "Nowhere. worse",
        "reference": TRUTH,
    }
    assert aside(tmp_path / "out") == FAILED
    (tmp_path / "deepeval").mkdir()
    goldens = json.loads(written(looked_at, tmp_path / "deepeval", "deepeval").read_text())
    assert [one["name"] for one in goldens] == FAILED
    assert (goldens[1]["input"], goldens[1]["actual_output"]) == ("Where is worse?", "Nowhere. worse")
    assert (goldens[1]["expected_output"], goldens[1]["retrieval_context"]) == (TRUTH, ragas[1]["retrieved_contexts"])
    assert goldens[1]["additional_metadata"]["window"] == "20261120T0600Z"


@pytest.mark.parametrize("kind", FORMATS)
def test_nothing_that_fits_is_an_empty_file_of_its_format(looked_at: MonitorConfig, tmp_path: Path, kind: str) -> None:
    wanted = Wanted(metric="fluency", passing=False, start=SIX)
    found: Curated = curate(looked_at, wanted, kind, tmp_path / "out")
    assert (found.rows, found.matching) == (0, 0)
    assert not list(tmp_path.glob("*.part"))
    if kind == "parquet":
        assert pq.read_table(tmp_path / "out").num_rows == 0
    elif kind == "deepeval":
        assert json.loads((tmp_path / "out").read_text()) == []


def test_the_command_says_what_it_wrote_and_what_it_left_out(looked_at: MonitorConfig, tmp_path: Path) -> None:
    out, start = tmp_path / "out.jsonl", f"{SIX:%Y-%m-%dT%H:%MZ}"
    arguments = ["export", monitor_file(looked_at), "--failing", "groundedness", "--window-start", start, "--out", out]
    code, stdout, stderr = genwatch(*arguments, "--format", "openai-finetune")
    assert (code, stdout) == (0, "")
    assert stderr.splitlines() == [
        f"wrote 5 of 6 interactions that fail groundedness (7 scored, 1 unscored, 1 window) to {out}",
        "left out: 1 without a ground truth",
        f"where each row comes from: {out}.provenance.jsonl",
    ]
    with pytest.raises(ConfigError, match="which exists; give another name"):
        genwatch(*arguments)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([], "give one of --for-labels ROWS, --failing METRIC and --passing METRIC"),
        (["--failing", "fluency", "--for-labels", "5"], "give one of --for-labels"),
        (["--failing", "fluency"], "--out is missing"),
        (["--failing", "charm", "--out", "x"], "bot has no metric 'charm'; there are: groundedness, fluency"),
        (["--failing", "fluency", "--out", "x", "--format", "xls"], "--format is 'xls'; use jsonl, csv"),
        (["--passing", "fluency", "--out", "x", "--format", "openai-preference"], "give --failing, or another format"),
        (["--failing", "fluency", "--out", "x", "--window-start", "2026-11-19"], "has no published window there"),
    ],
)
def test_what_cannot_be_exported_is_told_in_one_line(
    looked_at: MonitorConfig, options: list[str], sentence: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(sentence)):
        genwatch("export", monitor_file(looked_at), *options)


def test_an_interaction_is_traced_to_its_lines_scores_verdicts_and_alerts(looked_at: MonitorConfig) -> None:
    code, stdout, _ = genwatch("show", monitor_file(looked_at), "worse", "--json")
    assert code == 0
    folder = monitor_file(looked_at).parent.as_uri()
    found = json.loads(stdout.replace(folder, "file:///FOLDER"), object_hook=steady)
    assert found == json.loads(GOLDEN.read_text())


def steady(found: dict[str, Any]) -> dict[str, Any]:
    """What differs from run to run by its presence alone."""
    return {name: "…" if name in VARIES and value is not None else value for name, value in found.items()}


def test_the_lines_that_are_named_hold_the_interaction(looked_at: MonitorConfig) -> None:
    for name in calls_at(SIX)[:-1]:
        halves = traced(looked_at, name).halves
        assert {half.side for half in halves} == {"input", "output"}
        for half in halves:
            assert half.line is not None
            logged = Path(half.object.removeprefix("file://")).read_text().splitlines()[half.line - 1]
            assert json.loads(logged)["correlationid"] == name


def test_a_line_that_was_logged_twice_is_named_twice(looked_at: MonitorConfig) -> None:
    halves = [(half.side, half.line, half.fate) for half in traced(looked_at, "good").halves]
    assert halves == [("input", 1, "joined"), ("output", 1, "joined"), ("output", 11, "duplicate")]


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("orphan", "an input without an output: none came within 24 h after it (window.revise)"),
        ("stray", "an output without an input: none was logged before it"),
        ("broken-1", "in quarantine: unusable lines mention it"),
    ],
)
def test_what_is_not_there_is_told_why(looked_at: MonitorConfig, name: str, outcome: str) -> None:
    trace = traced(looked_at, name)
    assert (trace.outcome, trace.sampled) == (outcome, None)
    assert [one.line for one in (*trace.halves, *trace.quarantined)] == [{"broken-1": 11}.get(name, 10)]


def test_what_is_not_sampled_is_told_by_which_rule(looked_at: MonitorConfig) -> None:
    name = calls_at(SIX)[-1]
    assert name.startswith(LATE)
    assert "8 interactions had smaller hashes (sample.at_most)" in traced(looked_at, name).outcome
    rarer = looked_at.model_copy(update={"sample": looked_at.sample.model_copy(update={"rate": 0.001})})
    assert "the sample takes those below 0.001 (sample.rate)" in traced(rarer, name).outcome


def test_why_there_is_no_score_is_told(looked_at: MonitorConfig) -> None:
    found = traced(looked_at, "vain").sampled
    assert found is not None
    assert [(one.metric, one.passed, one.why) for one in found.scores] == [
        ("groundedness", None, "unscored: server_error"),
        ("fluency", None, "unscored: server_error"),
    ]
    assert {one.address for one in found.counted_in if "[" not in one.address} == {
        "quality.groundedness.coverage",
        "quality.fluency.coverage",
    }


def test_an_unknown_interaction_is_one_line_that_says_what_was_searched(looked_at: MonitorConfig) -> None:
    searched = (
        r"bot knows no interaction nobody: looked through 2 samples \(2026-11-20 06:00 to 2026-11-20 07:00 UTC\), "
        "the halves of 2026-11-20 to 2026-11-20, and the quarantine; give its ID"
    )
    with pytest.raises(ConfigError, match=searched):
        genwatch("show", monitor_file(looked_at), "nobody")
    with pytest.raises(ConfigError, match=r"1 samples \(2026-11-20 07:00"):
        genwatch("show", monitor_file(looked_at), "nobody", "--window", "2026-11-20T07:00Z")


def test_without_its_halves_an_interaction_is_found_in_the_logs_themselves(
    looked_at: MonitorConfig, tmp_path: Path
) -> None:
    store, kept = store_of(looked_at), {}
    for stored in store.list("halves/"):
        sink = tmp_path / "kept"
        with sink.open("wb") as file:
            store.read(stored.key, file)
        kept[stored.key] = sink.read_bytes()
        store.delete(stored.key)
    trace = traced(looked_at, "worse")
    for key, content in kept.items():
        store.put(key, content)
    assert [(half.side, half.line, half.fate) for half in trace.halves] == [("input", 3, None), ("output", 3, None)]
    assert all(half.etag for half in trace.halves)
    assert trace.notes == ("the store keeps its halves no more: its lines are where its objects have them now",)


@pytest.mark.parametrize("is_terminal", [True, False])
def test_logged_text_cannot_speak_to_the_terminal(looked_at: MonitorConfig, *, is_terminal: bool) -> None:
    sink = StringIO()
    console = Console(
        file=sink, force_terminal=is_terminal, highlight=False, markup=False, emoji=False, soft_wrap=True, width=400
    )
    print_trace(traced(looked_at, "=forged"), console, full=True)
    shown = re.sub(r"\x1b\[[0-9;]*m", "", sink.getvalue()) if is_terminal else sink.getvalue()
    assert all(character.isprintable() or character == "\n" for character in shown)
    assert "\x1b[31m" not in sink.getvalue().split("completion")[1]
    assert "  │  [2J [31mall is well [0m [red]x[/] :smile:  txt.exe" in shown
    assert "  │ assistant: yes bad" in shown
    assert FORGED not in shown


def test_a_trace_is_the_same_as_json_whatever_was_logged(looked_at: MonitorConfig) -> None:
    trace = traced(looked_at, "=forged")
    found: Any = json.loads(json.dumps(document(trace)))
    assert found["sampled"]["texts"]["completion"] == f"{FORGED} bad"
    table = read_table(store_of(looked_at), "interactions/window=20261120T0600Z/rev=0.parquet")
    assert found["sampled"]["texts"]["completion"] in table["completion"].to_pylist()
