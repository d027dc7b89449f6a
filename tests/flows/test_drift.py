import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from configs.drift import Baseline
from configs.monitor import MonitorConfig
from tasks import drifting
from tasks.adapters import earlier
from tasks.adapters.drifting import baseline_of
from tasks.adapters.results import key, read_table
from tasks.core.evidence import Evidence
from tasks.core.feedback.rates import Numbers
from tasks.core.window import Window
from tests.builders import COLUMNS, HOUR, SIX, answered, asked, monitor, store_of, write_logs
from tests.core.test_text_drift import BOTH, SHOP, SKY, texts
from tests.schedule import scheduled

pytestmark = pytest.mark.usefixtures("prefect_server")

QUARTER = HOUR / 4
LIMITS = {"prompt": {"max_auc": 0.7}, "completion": {"max_auc": 0.9}}


def write_hour(folder: Path, hour: int, asks: list[str], sessions: int | None = None) -> None:
    """An hour of calls that are answered alike."""
    start = SIX + hour * HOUR
    times = [start + place * HOUR / (len(asks) + 1) for place in range(len(asks))]
    answers = texts(SHOP, BOTH, len(asks), 1000 + hour)
    names = [f"{hour}-{place}" for place in range(len(asks))]
    more = [{} if sessions is None else {"who": f"{hour}:{place % sessions}"} for place in range(len(asks))]
    write_logs(
        folder, "inputs", start, [asked(n, t, a, **m) for n, t, a, m in zip(names, times, asks, more, strict=True)]
    )
    write_logs(folder, "outputs", start, [answered(n, t, a) for n, t, a in zip(names, times, answers, strict=True)])


def run(config: MonitorConfig, hour: int) -> dict[str, Any]:
    """The measures and verdicts of drift of an hour, by subject and measure."""
    (published,) = scheduled(config, SIX + (hour + 1) * HOUR + QUARTER)
    assert published.window == Window(start=SIX + hour * HOUR, end=SIX + (hour + 1) * HOUR)
    rows = read_table(store_of(config), key("measures", published.window.key, 0)).to_pylist()
    verdicts = {verdict.address: verdict.state for verdict in published.verdicts}
    drift = {f"{row['subject']}.{row['measure']}": row for row in rows if row["signal"] == "drift"}
    return {name: (row["value"], row["n"], verdicts.get(f"drift.{name}")) for name, row in drift.items()}


def test_a_change_of_topic_is_a_breach_and_the_first_window_has_nothing_to_be_held_against(tmp_path: Path) -> None:
    config = monitor(tmp_path, drift=LIMITS | {"baseline": {"previous": 2}})
    for hour in range(3):
        write_hour(tmp_path, hour, texts(SHOP, BOTH, 60, hour))
    write_hour(tmp_path, 3, texts(SKY, BOTH, 60, 3))
    first, _, third, changed = (run(config, hour) for hour in range(4))
    told = ("prompt.auc", "prompt.p_value", "completion.auc", "completion.p_value")
    assert {name: first[name] for name in told} == {
        "prompt.auc": (None, 60, "no_data"),
        "prompt.p_value": (None, 60, None),
        "completion.auc": (None, 60, "no_data"),
        "completion.p_value": (None, 60, None),
    }
    assert (third["prompt.auc"][2], third["completion.auc"][2]) == ("ok", "ok")
    assert (changed["prompt.auc"][2], changed["completion.auc"][2]) == ("breach", "ok")
    assert changed["prompt.auc"][0] > 0.95
    assert changed["prompt.p_value"][0] == 0.005


def test_sessions_that_repeat_themselves_are_no_drift(tmp_path: Path) -> None:
    columns = COLUMNS | {"session": "who"}
    config = monitor(tmp_path, drift=LIMITS, source={"columns": columns})
    for hour in range(2):
        rng = random.Random(hour)
        said = texts([*SHOP, *SKY], BOTH, 10, hour)
        write_hour(tmp_path, hour, [f"{said[place % 10]} {rng.choice(BOTH)}" for place in range(80)], sessions=10)
    run(config, 0)
    found = run(config, 1)
    assert found["prompt.p_value"][0] > 0.05
    assert found["prompt.auc"][2] != "breach"


def test_columns_are_held_against_the_bins_of_the_windows_before(tmp_path: Path) -> None:
    columns = COLUMNS | {"latency_ms": "took", "language": "lang", "tier": "tier", "temperature": "t"}
    limits = {"latency_ms": {"max_psi": 0.25}, "language": {"max_js": 0.3}, "tier": {"max_psi": 0.25}}
    config = monitor(tmp_path, drift={"columns": limits}, source={"columns": columns})
    for hour, (slow, language) in enumerate([(1, "en"), (1, "en"), (3, "de")]):
        start = SIX + hour * HOUR
        rng = random.Random(hour)
        times = [start + place * HOUR / 300 for place in range(200)]
        more = [
            {"took": rng.gauss(900, 100) * slow, "lang": rng.choice(["en", language]), "tier": rng.choice("ab")}
            for _ in times
        ]
        asks = [asked(f"{hour}-{n}", time, **more[n]) for n, time in enumerate(times)]
        write_logs(tmp_path, "inputs", start, asks)
        write_logs(tmp_path, "outputs", start, [answered(f"{hour}-{n}", time) for n, time in enumerate(times)])
    first, second, changed = (run(config, hour) for hour in range(3))
    assert first["latency_ms.psi"] == (None, 200, "no_data")
    wanted = ("latency_ms.psi", "language.js", "tier.psi")
    assert [second[name][2] for name in wanted] == ["ok", "ok", "ok"]
    assert [changed[name][2] for name in wanted] == ["breach", "breach", "ok"]
    assert changed["latency_ms.wasserstein"][0] == pytest.approx(1800, rel=0.1)
    assert "tier.wasserstein" not in changed
    assert changed["temperature.psi"] == (None, 0, None)


@pytest.mark.parametrize(
    ("name", "remedy"), [("latency_ms", "add source.columns.latency_ms"), ("prompt", "only numbers and categories")]
)
def test_a_limit_on_a_column_that_cannot_be_compared_is_an_error(tmp_path: Path, name: str, remedy: str) -> None:
    with pytest.raises(ValueError, match=remedy):
        monitor(tmp_path, drift={"columns": {name: {"max_psi": 0.2}}})


def test_a_monitor_that_does_not_ask_for_drift_has_none(tmp_path: Path) -> None:
    write_hour(tmp_path, 0, texts(SHOP, BOTH, 30, 1))
    assert run(monitor(tmp_path), 0) == {}


def test_of_many_texts_as_many_of_each_window_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = monitor(tmp_path, drift={})
    for hour in range(3):
        write_hour(tmp_path, hour, texts(SHOP, BOTH, 30 + hour, hour))
    monkeypatch.setattr(earlier, "MOST_ROWS", 24)
    monkeypatch.setattr(drifting, "MOST_ROWS", 24)
    run(config, 0)
    run(config, 1)
    assert run(config, 2)["prompt.auc"][1] == 24
    parts = [pa.table({"interaction_id": [name] * 2}) for name in ("a", "b")]
    schema = pa.schema([("interaction_id", pa.string()), ("added_since", pa.float64())])
    before = [Evidence(interactions=part, judged=(), numbers=Numbers.THUMBS) for part in parts]
    found = baseline_of(Baseline(previous=1), store_of(config), before, schema)
    assert found.to_pylist() == [{"interaction_id": "b", "added_since": None}] * 2


def test_windows_whose_interactions_are_deleted_are_no_baseline(tmp_path: Path) -> None:
    config = monitor(tmp_path, drift={})
    for hour in range(2):
        write_hour(tmp_path, hour, texts(SHOP, BOTH, 30, hour))
    run(config, 0)
    for stored in store_of(config).list("interactions/"):
        store_of(config).delete(stored.key)
    assert run(config, 1)["prompt.auc"] == (None, 30, None)


def test_a_new_topic_a_shift_of_scores_and_the_words_are_told(tmp_path: Path) -> None:
    config = monitor(tmp_path, drift={"baseline": {"previous": 2}}, segments=["topic"])
    for hour in range(2):
        write_hour(tmp_path, hour, texts(SHOP, BOTH, 60, hour))
    write_hour(tmp_path, 2, texts(SHOP, BOTH, 20, 2) + texts(SKY, BOTH, 40, 3))
    _, same, changed = (run(config, hour) for hour in range(3))
    assert same["topics.new_topic_share"][0] < 0.2
    assert changed["topics.new_topic_share"][0] > 0.3
    assert changed["fluency.p_value"][0] > 0.01
    assert changed["concept_fluency.p_value"] == (None, 60, None)
    told = read_table(store_of(config), key("words", f"{SIX + 2 * HOUR:%Y%m%dT%H%MZ}", 0)).to_pylist()
    assert any(row["role"] == "prompt" and row["share_now"] > row["share_before"] for row in told)
