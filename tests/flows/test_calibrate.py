"""Rows written to be labelled, filled in, read back, and held against the judge; with a real store and Prefect."""

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from configs.monitor import MonitorConfig
from flows.calibrate import calibrate
from flows.monitor import monitor as monitor_flow
from tasks.adapters.labels import all_labels, read_labels
from tasks.calibrate import calibrate_judge, export_for_labels
from tasks.core.errors import ConfigError
from tasks.core.labels.calibration import Calibration, figures, page
from tasks.retain import forget
from tests.builders import WINDOW, manifest_of, monitor, store_of, write_pairs
from tests.servers.evaluator import verdict
from tests.servers.http import Received, Reply, serve

pytestmark = pytest.mark.usefixtures("prefect_server")
COUNT = 60
Filled = list[dict[str, str]]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> MonitorConfig:
    """A monitor that has run one window of 60 answers, a third of them unreadable."""
    folder = tmp_path_factory.mktemp("watched")
    write_pairs(folder, COUNT, answers=dict.fromkeys(range(0, COUNT, 3), ""))
    config = monitor(folder)
    run(config)
    return config


def run(config: MonitorConfig) -> None:
    state = monitor_flow(config, WINDOW.start, WINDOW.end, return_state=True)
    assert state.is_completed(), state.message


def exported(config: MonitorConfig, folder: Path, count: int = COUNT) -> Filled:
    export_for_labels(config, count, folder / "to-label.csv")
    return list(csv.DictReader(StringIO((folder / "to-label.csv").read_text("utf-8-sig"), newline="")))


def said(row: dict[str, str]) -> str:
    return "2" if not row["completion"] else "5"


def filled(rows: Filled, path: Path, labeller: str = "ann") -> str:
    with path.open("w", encoding="utf-8-sig", newline="") as sink:
        writer = csv.DictWriter(sink, list(rows[0]))
        writer.writeheader()
        writer.writerows(
            {"label_fluency": said(row)} | {k: v for k, v in row.items() if v} | {"labeller": labeller} for row in rows
        )
    return str(path)


def shown(found: Calibration) -> dict[str, str]:
    (one,) = found.metrics
    return dict(figures(one))


def test_what_is_written_to_be_labelled_has_the_texts_and_no_word_of_the_judge(
    watched: MonitorConfig, tmp_path: Path
) -> None:
    rows = exported(watched, tmp_path, 20)
    names = ["interaction_id", "window", "drawn_from", "probability", "prompt", "completion", "context", "ground_truth"]
    assert list(rows[0]) == [*names, "label_fluency", "labeller"]
    assert len(rows) == len({row["interaction_id"] for row in rows}) == 20
    assert all(row["label_fluency"] == "" and row["prompt"] and 0 < float(row["probability"]) < 1 for row in rows)


def test_the_same_rows_are_written_again(watched: MonitorConfig, tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    assert exported(watched, tmp_path, 20) == exported(watched, tmp_path / "again", 20)


def test_a_file_that_may_be_filled_in_is_not_written_over(watched: MonitorConfig, tmp_path: Path) -> None:
    exported(watched, tmp_path, 20)
    with pytest.raises(ConfigError, match="which exists: its labels would be lost; give another name"):
        exported(watched, tmp_path, 20)


def test_labels_that_were_filled_in_are_read_kept_and_held_against_the_judge(
    watched: MonitorConfig, tmp_path: Path
) -> None:
    place = filled(exported(watched, tmp_path), tmp_path / "labelled.csv")
    found = calibrate(watched, Path(place).as_uri())
    assert (found.read, found.faults) == (COUNT, ())
    assert shown(found)["labelled interactions"] == "60"
    assert shown(found)["people fail, judge passes"] == "0"
    assert "| kappa on pass |" in page(found)
    kept = {one.interaction_id: one for one in all_labels(store_of(watched))}
    assert len(kept) == COUNT
    assert {one.fingerprint for one in kept.values()} == {manifest_of(watched).fingerprints["fluency"]}
    assert sum(sum(one.frame.values()) for one in kept.values()) == COUNT * COUNT
    known = read_labels(store_of(watched), manifest_of(watched).fingerprints, {"fluency": 3})["fluency"]
    assert (len(known.rows), known.others) == (COUNT, 0)


def test_the_same_file_twice_counts_once(watched: MonitorConfig, tmp_path: Path) -> None:
    place = filled(exported(watched, tmp_path), tmp_path / "labelled.csv", labeller="bea")
    calibrate_judge(watched, place, 0.05, bridge=False)
    before = len(store_of(watched).list("labels/"))
    calibrate_judge(watched, place, 0.05, bridge=False)
    assert len(store_of(watched).list("labels/")) == before


def test_a_bad_row_costs_the_row_and_is_told(watched: MonitorConfig, tmp_path: Path) -> None:
    rows = exported(watched, tmp_path, 10)
    rows[0]["label_fluency"], rows[1]["interaction_id"] = "9", "gone\nwith the wind"
    found = calibrate_judge(watched, filled(rows, tmp_path / "labelled.csv", "cy"), 0.05, bridge=False)
    assert found.read == 8
    assert list(found.faults) == [
        "row 1: label_fluency is 9; write a number from 1 to 5",
        "row 2: the store has no interaction gone with the wind in that window",
    ]


def test_without_any_label_the_command_says_how_to_get_some(tmp_path: Path) -> None:
    config = monitor(tmp_path)
    with pytest.raises(ConfigError, match="has no judged interactions to label; run the monitor first"):
        export_for_labels(config, 10, tmp_path / "to-label.csv")
    with pytest.raises(ConfigError, match=r"bot has no labels; fill in a file of genwatch export --for-labels 100"):
        calibrate_judge(config, None, 0.05, bridge=False)
    with pytest.raises(ConfigError, match=r"nowhere\.csv: the file cannot be read"):
        calibrate_judge(config, str(tmp_path / "nowhere.csv"), 0.05, bridge=False)


def test_labels_of_another_judge_are_not_counted_until_the_present_one_has_judged_them(
    watched: MonitorConfig, tmp_path: Path
) -> None:
    place = filled(exported(watched, tmp_path), tmp_path / "labelled.csv")
    calibrate_judge(watched, place, 0.05, bridge=False)
    kept = read_labels(store_of(watched), {"fluency": "another"}, {"fluency": 3})["fluency"]
    assert (len(kept.rows), kept.others) == (
        0,
        len({(one.interaction_id, one.labeller) for one in all_labels(store_of(watched))}),
    )

    def reply(received: Received) -> Reply:
        return verdict(4, "fine")

    with serve(reply) as server:
        evaluator = {"provider": "openai", "model": "judge", "base_url": f"{server.url}/v1"}
        other = watched.model_validate(watched.model_dump(mode="json") | {"evaluator": evaluator})
        found = calibrate_judge(other, None, 0.05, bridge=True)
        again = calibrate_judge(other, None, 0.05, bridge=True)
    assert (found.bridged, again.bridged) == (kept.others, 0)
    assert list(found.notes) == []
    assert shown(found)["both fail"] == "0"


def test_who_is_forgotten_has_no_labels_any_more(tmp_path: Path) -> None:
    write_pairs(tmp_path, 12)
    config = monitor(tmp_path)
    run(config)
    rows = exported(config, tmp_path)
    calibrate_judge(config, filled(rows, tmp_path / "labelled.csv"), 0.05, bridge=False)
    forget(config, user=None, interaction=rows[0]["interaction_id"])
    assert rows[0]["interaction_id"] not in {one.interaction_id for one in all_labels(store_of(config))}


def test_json_lines_do_as_well_as_csv(watched: MonitorConfig, tmp_path: Path) -> None:
    export_for_labels(watched, 15, tmp_path / "to-label.jsonl")
    rows: list[dict[str, Any]] = [json.loads(line) for line in (tmp_path / "to-label.jsonl").read_text().splitlines()]
    filled_in = "".join(json.dumps(row | {"label_fluency": 4, "labeller": "dee"}) + "\n" for row in rows)
    (tmp_path / "labelled.jsonl").write_text(filled_in)
    found = calibrate_judge(watched, str(tmp_path / "labelled.jsonl"), 0.05, bridge=False)
    assert (found.read, list(found.faults)) == (15, [])
