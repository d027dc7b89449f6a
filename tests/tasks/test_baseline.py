import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from configs.monitor import MonitorConfig
from tasks.adapters.baseline import PLACE
from tasks.adapters.drifting import baseline_of
from tasks.adapters.erasure import erase, find
from tasks.adapters.results import read_table
from tasks.baseline import baseline_of_file, baseline_of_windows
from tasks.core.errors import ConfigError
from tasks.core.evidence import Evidence
from tasks.core.measure import Measure
from tasks.core.records.interaction import schema
from tasks.drifting import compared_schema, drift_of
from tests.builders import HOUR, SIX, WINDOW, monitor, store_of, write_pairs
from tests.core.test_text_drift import BOTH, SHOP, SKY, texts

FIXED = {"baseline": {"fixed": True}, "prompt": {"max_auc": 0.7}}


def quiet(_done: int, _total: int) -> None:
    pass


def written(path: Path, prompts: list[str], **more: object) -> Path:
    rows = [{"prompt": prompt, "completion": "It is here."} | more for prompt in prompts]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


def interactions(prompts: list[str]) -> pa.Table:
    rows = [
        {"interaction_id": f"{n}", "correlation_id": f"{n}", "event_time": SIX, "output_time": SIX}
        | {
            "input_object": "i",
            "output_object": "o",
            "suspected_injection": False,
            "prompt": prompt,
            "completion": "So.",
        }
        for n, prompt in enumerate(prompts)
    ]
    return pa.Table.from_pylist(rows, schema=schema([]))


def drifted(config: MonitorConfig, prompts: list[str]) -> dict[str, Measure]:
    assert config.drift is not None
    baseline = baseline_of(config.drift.baseline, store_of(config), [], compared_schema(config))
    found = drift_of(config, Evidence.of(interactions(prompts), ()), baseline, [])
    return {one.address: one for one in found.measures}


def auc(tmp_path: Path, prompts: list[str]) -> float | None:
    config = monitor(tmp_path, drift=FIXED)
    return drifted(config, prompts)["drift.prompt.auc"].value


def test_every_window_is_held_against_the_fixed_baseline(tmp_path: Path) -> None:
    config = monitor(tmp_path, drift=FIXED)
    assert baseline_of_file(config, written(tmp_path / "b.jsonl", texts(SHOP, BOTH, 40, 1))) == 40
    changed, same = auc(tmp_path, texts(SKY, BOTH, 40, 2)), auc(tmp_path, texts(SHOP, BOTH, 40, 2))
    assert changed is not None
    assert same is not None
    assert changed > 0.95
    assert same < 0.8


def test_a_baseline_of_windows_holds_their_samples(tmp_path: Path) -> None:
    write_pairs(tmp_path, 15)
    write_pairs(tmp_path, 15, SIX + HOUR)
    config = monitor(tmp_path, drift=FIXED)
    windows = [WINDOW, type(WINDOW)(start=SIX + HOUR, end=SIX + 2 * HOUR)]
    assert baseline_of_windows(config, windows, quiet) == 30
    table = read_table(store_of(config), PLACE)
    assert {row["interaction_id"] for row in table.to_pylist()} == {
        f"{h}-{n}" for h in ("2006", "2007") for n in range(15)
    }


def test_too_few_rows_are_no_baseline(tmp_path: Path) -> None:
    config = monitor(tmp_path, drift=FIXED)
    with pytest.raises(ConfigError, match=r"needs 20 interactions, .* has 19; take more"):
        baseline_of_file(config, written(tmp_path / "b.jsonl", ["Why?"] * 19))


def test_without_a_baseline_the_run_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no baseline yet; make it with genwatch baseline"):
        auc(tmp_path, ["Why?"])


def test_a_baseline_that_lacks_a_mapped_column_says_which_and_what_to_do(tmp_path: Path) -> None:
    config = monitor(tmp_path, drift=FIXED)
    baseline_of_file(config, written(tmp_path / "b.jsonl", ["Why?"] * 30))
    columns = {"prompt": "question", "completion": "answer", "tier": "tier"}
    later = monitor(tmp_path, drift=FIXED, source={"columns": columns})
    with pytest.raises(ConfigError, match=r"no column tier, .*make it anew with genwatch baseline"):
        drifted(later, ["Why?"])


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_file_may_be_a_table_and_its_columns_may_have_the_names_of_the_logs(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"b.{kind}"
    asks = [f"Why {n}?" for n in range(20)]
    if kind == "csv":
        path.write_text("question,answer\n" + "".join(f"{ask},So.\n" for ask in asks))
    else:
        pq.write_table(pa.table({"question": asks, "answer": ["So."] * 20}), path)
    config = monitor(tmp_path, drift=FIXED)
    baseline_of_file(config, path)
    assert read_table(store_of(config), PLACE)["prompt"].to_pylist() == asks


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"text": "Why?"}\n', "neither prompt nor completion but text"),
        ("{torn\n", "cannot be read"),
        ('{"prompt": {"a": 1}}\n', "values of another kind"),
    ],
)
def test_a_file_that_is_no_baseline_says_so_in_one_line(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "b.jsonl"
    path.write_text(content)
    with pytest.raises(ConfigError, match=words) as caught:
        baseline_of_file(monitor(tmp_path, drift=FIXED), path)
    assert "\n" not in str(caught.value)


def test_a_baseline_from_a_file_is_redacted_as_the_logs_are(tmp_path: Path) -> None:
    config = monitor(tmp_path, drift=FIXED, redact=["email"])
    baseline_of_file(config, written(tmp_path / "b.jsonl", ["I am ann@example.com"] * 20))
    assert "ann@example.com" not in str(read_table(store_of(config), PLACE).to_pylist())


def test_who_is_forgotten_is_forgotten_in_the_baseline_as_well(tmp_path: Path) -> None:
    columns = {"prompt": "question", "completion": "answer", "user": "who"}
    config = monitor(tmp_path, drift=FIXED, source={"columns": columns})
    path = written(tmp_path / "b.jsonl", ["Why?"] * 20)
    path.write_text(path.read_text() + json.dumps({"prompt": "Where?", "user": "somebody-9"}) + "\n")
    assert baseline_of_file(config, path) == 21
    erase(store_of(config), find(store_of(config), user="somebody-9", interaction=None))
    assert read_table(store_of(config), PLACE).num_rows == 20
