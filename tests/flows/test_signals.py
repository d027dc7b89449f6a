import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from configs.catalogue import catalogue, is_share
from configs.monitor import MonitorConfig
from tasks.adapters.results import key, read_table
from tasks.core.errors import ConfigError
from tasks.core.measure import Measure, from_table
from tasks.core.run import Published
from tasks.measuring import check_signals
from tasks.retain import forget
from tests.builders import HOUR, SIX, asked, event, manifest_of, monitor, store_of, write_logs
from tests.schedule import scheduled
from tests.servers.http import Received, Reply, serve

pytestmark = pytest.mark.usefixtures("prefect_server")

COLUMNS = {
    "prompt": "question",
    "completion": "answer",
    "model_version": "model",
    "latency_ms": "took",
    "status": "status",
    "input_tokens": "in",
    "session": "talk",
    "user": "who",
    "tier": "tier",
}
GOOD = "You can track your order with the link in the shipping mail, or under My Orders."
BAD = "order order the the the broken no of link link link asdf"


def write_hour(folder: Path, hour: int, rows: list[dict[str, Any]]) -> None:
    start = SIX + hour * HOUR
    times = [start + place * HOUR / (len(rows) + 1) for place in range(len(rows))]
    names = [f"{hour}-{place}" for place in range(len(rows))]
    mine = [{name: row[name] for name in ("who", "talk", "tier") if name in row} for row in rows]
    asks = [row.get("ask", f"Where is my order {place}?") for place, row in enumerate(rows)]
    inputs = [asked(n, t, a, **m) for n, t, a, m in zip(names, times, asks, mine, strict=True)]
    outputs = [event(n, t, [{"answer": GOOD} | row]) for n, t, row in zip(names, times, rows, strict=True)]
    write_logs(folder, "inputs", start, inputs)
    write_logs(folder, "outputs", start, outputs)


def watched(folder: Path, **changes: Any) -> MonitorConfig:
    asked_for = {"operations": {}, "usage": {}, "safety": {}, "source": {"columns": COLUMNS}} | changes
    return monitor(folder, **asked_for)


def run(config: MonitorConfig, hour: int = 0) -> tuple[Published, dict[str, Measure]]:
    (published,) = scheduled(config, SIX + (hour + 1) * HOUR + HOUR / 4)
    table: pa.Table = read_table(store_of(config), key("measures", published.window.key, published.revision))
    return published, {one.address: one for one in from_table(table)}


def told(published: Published) -> dict[str, str]:
    return {verdict.address: verdict.state.value for verdict in published.verdicts}


def test_a_limit_on_any_measure_is_decided_as_every_limit_is(tmp_path: Path) -> None:
    rows = [{"took": 100 + n, "status": "ok"} for n in range(40)]
    rows[0] |= {"answer": "Write to ann@example.com for that."}
    write_hour(tmp_path, 0, rows)
    limits = {
        "operations.latency_ms.p95": {"max": 120},
        "operations.errors.share": {"max": 0.01},
        "safety.pii.leaked_email": {"max": 0},
        "safety.refusal.share": {"max": 0.5},
    }
    published, found = run(watched(tmp_path, thresholds=limits))
    states = told(published)
    assert {address: states[address] for address in limits} == {
        "operations.latency_ms.p95": "breach",
        "operations.errors.share": "ok",
        "safety.pii.leaked_email": "breach",
        "safety.refusal.share": "ok",
    }
    assert found["safety.pii.leaked_share"].value == 1 / 40
    assert published.status == "breach"


def test_a_limit_on_what_is_not_measured_is_an_error_that_says_why(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"latency_ms.p85: there is no such measure; did you mean operations.latency_ms"
    ):
        watched(tmp_path, thresholds={"operations.latency_ms.p85": {"max": 1}})
    with pytest.raises(ValueError, match=r"needs the column first_token_ms, which source.columns does not map"):
        watched(tmp_path, thresholds={"operations.first_token_ms.p95": {"max": 1}})
    with pytest.raises(ValueError, match=r"needs the section operations"):
        watched(tmp_path, operations=None, thresholds={"operations.errors.share": {"max": 0.1}})


def test_a_silent_collector_opens_an_alert_and_is_no_zero(tmp_path: Path) -> None:
    write_hour(tmp_path, 0, [{"took": 1}] * 3)
    config = watched(tmp_path, thresholds={"operations.requests.count": {"min": 1}})
    first, _ = run(config)
    silent, found = run(config, 1)
    address = "operations.collection.missing_hours"
    assert told(first)[address] == "ok"
    assert told(silent)[address] == "no_data"
    assert told(silent)["operations.requests.count"] == "no_data"
    assert found["operations.requests.count"].value is None
    book = json.loads((tmp_path / f"store/bot/{key('alerts', silent.window.key, 0, 'json')}").read_text())
    assert [(alert["address"], alert["emits"]) for alert in book["alerts"]] == [(address, "opened")]


def test_every_family_is_measured_for_each_segment(tmp_path: Path) -> None:
    rows = [{"tier": "gold", "in": 10}] * 12 + [{"tier": "free", "in": 3000, "answer": "I can't help with that."}] * 12
    write_hour(tmp_path, 0, rows)
    long = {"name": "long_prompts", "where": "input_tokens > 2000"}
    config = watched(tmp_path, segments=["tier", "language", long], decide={"min_scored": 10})
    _, found = run(config)
    assert found["quality.fluency.pass_rate[tier=gold]"].n == 12
    assert found["safety.refusal.share[tier=free]"].value == 1
    assert found["safety.refusal.share[long_prompts=false]"].value == 0
    assert found["quality.fluency.pass_rate[language=en]"].n == 24
    page = (tmp_path / "store/bot/report/metric-fluency.html").read_text()
    assert "tier: gold" in page


def test_the_weakest_slice_is_found_and_named(tmp_path: Path) -> None:
    rows = [{"tier": "gold"}] * 60 + [{"tier": "free", "answer": BAD}] * 40
    write_hour(tmp_path, 0, rows)
    config = watched(tmp_path, segments=["tier"])
    _, found = run(config)
    assert found["quality.fluency.weakest_pass_rate[tier=free]"].value == 0
    (finding,) = manifest_of(config).findings
    assert finding == "fluency 0.00 where tier = free (n = 40), 1.00 elsewhere"


def test_a_condition_that_cannot_be_read_is_told_before_anything_is_run(tmp_path: Path) -> None:
    config = watched(tmp_path, segments=[{"name": "odd", "where": "no_such_column > 2"}])
    with pytest.raises(ConfigError, match=r"segments.odd.where cannot be read: .*no_such_column"):
        check_signals(config)


def test_a_row_for_which_a_condition_cannot_be_told_is_in_no_segment(tmp_path: Path) -> None:
    write_hour(tmp_path, 0, [{"tier": "3"}, {"tier": "gold"}, {}])
    config = watched(tmp_path, segments=[{"name": "high", "where": "tier::INTEGER > 2"}])
    _, found = run(config)
    assert found["quality.fluency.pass_rate[high=true]"].n == 1
    assert "quality.fluency.pass_rate[high=false]" not in found


def test_a_worse_version_is_found_in_the_window_and_against_the_windows_before(tmp_path: Path) -> None:
    config = watched(tmp_path, compare={"by": "model_version"})
    write_hour(tmp_path, 0, [{"model": "one", "took": 100 + n % 7} for n in range(60)])
    write_hour(tmp_path, 1, [{"model": "two", "took": 300 + n % 7, "answer": BAD} for n in range(60)])
    _, alone = run(config)
    assert not [address for address in alone if address.startswith("comparison.")]
    published, found = run(config, 1)
    worse = found["comparison.fluency.pass_rate_difference[model_version=two vs one]"]
    assert worse.value == -1
    assert found["comparison.latency_ms.mean_difference[model_version=two vs one]"].value == pytest.approx(200, abs=1)
    told_of = manifest_of(config, published.window).findings
    assert any("fluency pass rate of two is 1.00 below that of one" in one and one.endswith("worse") for one in told_of)


def test_shadow_answers_to_the_same_prompts_are_compared_in_pairs(tmp_path: Path) -> None:
    rows = [
        {"ask": f"Where is order {n}?", "model": model, "answer": BAD if model == "two" and n % 4 == 0 else GOOD}
        for n in range(48)
        for model in ("one", "two")
    ]
    write_hour(tmp_path, 0, rows)
    _, found = run(watched(tmp_path, compare={"reference": "one"}))
    difference = found["comparison.fluency.pass_rate_difference[model_version=two vs one]"]
    assert difference.value == pytest.approx(-0.25)
    p_value = found["comparison.fluency.pass_rate_p_value[model_version=two vs one]"].value
    assert p_value is not None
    assert p_value < 0.01


def test_feedback_that_comes_later_is_rated_and_held_against_the_judge(tmp_path: Path) -> None:
    write_hour(tmp_path, 0, [{"answer": GOOD if n % 2 else BAD} for n in range(40)])
    thumbs = [{"id": f"0-{n}", "time": f"{SIX.isoformat()}", "thumb": "up" if n % 2 else "down"} for n in range(30)]
    (tmp_path / "thumbs").mkdir()
    (tmp_path / "thumbs/today.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in thumbs))
    later = {"location": (tmp_path / "thumbs").as_uri(), "columns": {"feedback": "thumb"}}
    source = {"columns": COLUMNS, "feedback": later}
    _, found = run(watched(tmp_path, source=source))
    assert found["feedback.records.given_share"].value == 30 / 40
    assert found["feedback.thumbs.up_share"].value == 0.5
    assert found["feedback.fluency.kappa"].value == 1


def test_users_of_the_windows_before_are_returning_ones_until_they_are_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALT", "pepper")
    config = watched(tmp_path, usage={"salt": "env:SALT"})
    write_hour(tmp_path, 0, [{"who": f"customer-{n}"} for n in range(4)])
    write_hour(tmp_path, 1, [{"who": f"customer-{n}"} for n in range(2, 7)])
    _, first = run(config)
    _, second = run(config, 1)
    assert first["usage.users.new_share"].value is None
    assert second["usage.users.new_share"].value == 3 / 5
    assert second["usage.users.returning_share"].value == 2 / 5
    erased = forget(config, user="customer-3", interaction=None)
    assert erased["users"] == 2
    assert erased["halves"] == 4
    with pytest.raises(ConfigError, match=r"set usage.salt"):
        forget(watched(tmp_path, usage={}), user="customer-2", interaction=None)


def test_own_functions_and_reference_metrics_are_measured_and_a_failing_one_costs_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours/our_metrics.py").write_text(
        "import pyarrow.compute as pc\n\n"
        "def length(table):\n    return pc.utf8_length(table['completion'])\n\n"
        "def broken(table):\n    raise ValueError(table['completion'][0].as_py())\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path / "ours"))
    functions = {name: {"call": f"our_metrics:{name}", "needs": ["completion"]} for name in ("length", "broken")}
    columns = COLUMNS | {"ground_truth": "expected"}
    config = watched(
        tmp_path,
        source={"columns": columns},
        segments=["tier"],
        custom={"functions": functions, "reference": {"exact_match": {"min_mean": 0.9}}},
        thresholds={"custom.length.mean": {"max": 5}, "custom.broken.mean": {"max": 5}},
    )
    check_signals(config)
    write_hour(tmp_path, 0, [{"answer": "123456", "expected": "123456", "tier": "gold"}] * 20 + [{"answer": "12"}] * 20)
    published, found = run(config)
    assert found["custom.length.mean"].value == 4
    assert found["custom.length.mean[tier=gold]"].value == 6
    assert found["reference.exact_match.mean"].n == 20
    assert found["custom.broken.missing_share"].value == 1
    states = told(published)
    assert (states["custom.length.mean"], states["custom.broken.mean"]) == ("ok", "no_data")
    assert states["reference.exact_match.mean"] == "ok"
    (warning,) = [one for one in published.warnings if "our_metrics" in one]
    assert warning.startswith("custom.functions.broken: our_metrics:broken")
    assert "123456" not in warning


def test_a_function_that_is_not_there_is_told_before_anything_is_run(tmp_path: Path) -> None:
    functions = {"length": {"call": "no_such_module:length", "needs": ["completion"]}}
    with pytest.raises(ConfigError, match="no_such_module"):
        check_signals(watched(tmp_path, custom={"functions": functions}))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"segments": ["user"]}, "user is a text or an ID"),
        ({"compare": {"by": "session"}}, "session is a text or an ID"),
        ({"segments": ["tier", {"name": "tier", "where": "true"}]}, "name of two segmentations or of a column"),
        ({"thresholds": {"quality.fluency.pass_rate": {"min": 0.5}}}, "its own section sets a limit already"),
        ({"safety": {"kinds": ["email"]}, "thresholds": {"safety.pii.leaked_iban": {"max": 0}}}, "needs iban among"),
        ({"drift": {}, "source": {"columns": COLUMNS | {"topics": "t"}}}, "drift has another measure by that name"),
    ],
)
def test_what_cannot_be_meant_is_told_when_the_file_is_read(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        watched(tmp_path, **changes)


def test_every_measure_that_a_limit_can_be_set_on_is_decided_in_an_empty_and_in_a_small_window(tmp_path: Path) -> None:
    base = {"drift": {}, "compare": {}, "custom": {"reference": {"readability": {}}}, "quality": {"min_coverage": None}}
    config = watched(tmp_path, **base, source={"columns": COLUMNS, "quarantine": {"breach_above": None}})
    addresses = [address for address, why in catalogue(config).items() if why is None]
    taken = {limit.address for limit in config.section_thresholds}
    limits = {one: {"min": 0.0 if is_share(one) else -1e9} for one in addresses if one not in taken}
    config = watched(
        tmp_path, **base, thresholds=limits, source={"columns": COLUMNS, "quarantine": {"breach_above": None}}
    )
    empty, _ = run(config)
    write_hour(tmp_path, 1, [{"took": 1}])
    small, _ = run(config, 1)
    for published in (empty, small):
        assert set(told(published)) >= set(limits)
        assert set(told(published).values()) <= {"ok", "no_data", "undecided"}


def test_a_fixed_baseline_that_is_not_there_costs_the_drift_and_not_the_run(tmp_path: Path) -> None:
    write_hour(tmp_path, 0, [{"took": 1}] * 3)
    config = watched(tmp_path, drift={"baseline": {"fixed": True}, "prompt": {"max_auc": 0.7}})
    published, _ = run(config)
    assert told(published)["drift.prompt.auc"] == "no_data"
    assert any("make it with genwatch baseline" in warning for warning in published.warnings)


def test_a_column_that_is_mapped_later_is_compared_from_then_on(tmp_path: Path) -> None:
    write_hour(tmp_path, 0, [{"took": 1}] * 3)
    run(watched(tmp_path))
    write_hour(tmp_path, 1, [{"variant": "a"}] * 3)
    _, found = run(
        watched(tmp_path, source={"columns": COLUMNS | {"variant": "variant"}}, compare={"by": "variant"}), 1
    )
    assert found["operations.requests.count"].value == 3


def embedded(request: Received) -> Reply:
    vectors = [
        [1.0, 0.0] if text == "here" else [0.0, 1.0] if text == "away" else [1.0, 1.0] for text in request.body["input"]
    ]
    items = [{"object": "embedding", "index": place, "embedding": vector} for place, vector in enumerate(vectors)]
    usage = {"prompt_tokens": 1, "total_tokens": 1}
    content = {"object": "list", "data": items[::-1], "model": "m", "usage": usage}
    return Reply(content=json.dumps(content).encode(), headers={"Content-Type": "application/json"})


def test_the_cosine_of_embeddings_is_measured_and_a_server_that_fails_costs_only_itself(tmp_path: Path) -> None:
    rows = [("here", "here"), ("here", "away"), ("here", "both"), ("", "here"), ("here", None)] * 2
    answers = [{"answer": answer} | ({} if truth is None else {"expected": truth}) for answer, truth in rows]
    columns = COLUMNS | {"ground_truth": "expected"}
    for hour in range(2):
        write_hour(tmp_path, hour, answers)
    with serve(embedded) as server:
        own = {"reference": {"embedding_cosine": {}}, "embeddings": {"model": "m", "base_url": f"{server.url}/v1"}}
        config = watched(tmp_path, source={"columns": columns}, custom=own)
        _, found = run(config)
        cosine = found["reference.embedding_cosine.mean"]
        assert cosine.value == pytest.approx((1 + 0 + 0.5**0.5) / 3)
        assert cosine.n == 6
        assert sorted(server.received[0].body["input"]) == ["away", "both", "here"]
        server.answer = lambda _: Reply(status=400, content=b'{"error": {"message": "no: here away"}}')
        published, failed = run(config, 1)
    assert failed["reference.embedding_cosine.mean"].value is None
    (warning,) = [one for one in published.warnings if "embedding_cosine" in one]
    assert "status 400" in warning
    assert "away" not in warning


def test_a_cosine_without_a_server_of_embeddings_is_an_error_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"needs custom.embeddings"):
        watched(
            tmp_path,
            source={"columns": COLUMNS | {"ground_truth": "e"}},
            custom={"reference": {"embedding_cosine": {}}},
        )


def test_two_limits_on_one_measure_are_one_alert(tmp_path: Path) -> None:
    columns = COLUMNS | {"ground_truth": "expected"}
    own = {"reference": {"exact_match": {"min_mean": 0.2, "max_mean": 0.4}}}
    config = watched(tmp_path, source={"columns": columns}, custom=own)
    for hour in range(2):
        write_hour(tmp_path, hour, [{"answer": "yes", "expected": "yes"}] * 20)
        published, _ = run(config, hour)
    states = [one.state.value for one in published.verdicts if one.address == "reference.exact_match.mean"]
    assert sorted(states) == ["breach", "ok"]
    book = json.loads((tmp_path / f"store/bot/{key('alerts', published.window.key, 0, 'json')}").read_text())
    assert [alert["status"] for alert in book["alerts"]] == ["open"]
