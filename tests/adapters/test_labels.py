"""Label files and the labels in the store."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.adapters.label_files import ToLabel, label_of, read_file, write_file
from tasks.adapters.labels import all_labels, read_labels, write_labels
from tasks.adapters.locations import open_storage
from tasks.core.errors import ConfigError
from tasks.core.labels.label import Label
from tasks.core.quality.metric import FIVE_POINTS, Metric, named_scale
from tests.builders import FLUENCY, SIX

HEAD = "interaction_id,window,drawn_from,probability,label_fluency,labeller\n"
ROW = "a,20261120T0600Z,20261120T0500Z..20261120T0600Z,0.5,{},ann\n"
METRICS = {"fluency": FLUENCY}
YES_NO = Metric(
    name="polite",
    needs=("completion",),
    question="?",
    levels={0: "no", 1: "yes"},
    pass_at=1,
    scale=named_scale(("no", "yes"), lowest=0),
)


def to_label(**texts: str | None) -> ToLabel:
    return ToLabel(interaction_id="a", window_start=SIX, drawn_from=(SIX, SIX), probability=0.25, texts=texts)


def label(**changes: Any) -> Label:
    fields: dict[str, Any] = {
        "interaction_id": "a",
        "window_start": SIX,
        "metric": "fluency",
        "label": 4.0,
        "labeller": "ann",
        "labelled_at": SIX,
        "probability": 0.5,
        "score": 3.0,
        "fingerprint": "f",
        "session": "s",
        "frame": {3.0: 10.0, 5.0: 7.5},
    }
    return Label(**fields | changes)


def test_a_text_that_a_spreadsheet_would_run_is_written_as_text_and_read_as_it_was() -> None:
    hostile = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "'=1", "'tis"]
    for text in hostile:
        written = write_file([to_label(prompt=text)], ["fluency"], is_csv=True).decode("utf-8-sig")
        assert f"'{text}" in written
    row = to_label(prompt="x")
    content = write_file(
        [
            ToLabel(
                interaction_id="=a", window_start=row.window_start, drawn_from=row.drawn_from, probability=1.0, texts={}
            )
        ],
        ["fluency"],
        is_csv=True,
    )
    (found,) = read_file(content.replace(b",,", b",4,"), "f.csv", METRICS).given
    assert found.interaction_id == "=a"


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_an_id_comes_back_whatever_it_is(name: str) -> None:
    row = ToLabel(interaction_id=name, window_start=SIX, drawn_from=(SIX, SIX), probability=0.25, texts={})
    for is_csv in (True, False):
        content = write_file([row], ["fluency"], is_csv=is_csv)
        if is_csv:
            content = content.replace(b",0.25,,", b",0.25,4,")
        else:
            content = json.dumps(json.loads(content) | {"label_fluency": 4}).encode()
        found = read_file(content, "file", METRICS).given
        assert [one.interaction_id for one in found] == ([name] if name.strip() else [])


def test_rows_without_a_label_are_passed_over_and_bad_ones_are_told_one_by_one() -> None:
    text = HEAD + "".join(ROW.format(one) for one in ("4", "", "9", "nan", "good", "2.5"))
    text += "b,yesterday,,0.5,3,ann\nc,20261120T0600Z,,7,3,ann\n,20261120T0600Z,,0.5,3,ann\n"
    found = read_file(text.encode("utf-8-sig"), "f.csv", METRICS)
    assert [(one.row, one.labels["fluency"]) for one in found.given] == [(1, 4.0), (6, 2.5)]
    assert list(found.faults) == [
        "row 3: label_fluency is 9; write a number from 1 to 5",
        "row 4: label_fluency is nan; write a number from 1 to 5",
        "row 5: label_fluency is good; write a number from 1 to 5",
        "row 7: window is yesterday; leave it as it was, such as 20261121T0600Z",
        "row 8: probability is 7; it lies over 0 and up to 1, leave it as it was",
        "row 9: it has no interaction_id",
    ]
    assert found.given[0].drawn_from == (SIX - timedelta(hours=1), SIX)


def test_a_column_of_no_metric_is_told_and_the_rest_is_read() -> None:
    text = HEAD.replace("labeller", "label_charm") + ROW.format(4)
    found = read_file(text.encode(), "f.csv", METRICS)
    assert list(found.faults) == ["column label_charm: the monitor has no such metric; the column was not read"]
    assert len(found.given) == 1


def test_a_spreadsheet_that_writes_semicolons_is_read() -> None:
    assert len(read_file((HEAD + ROW.format(4)).replace(",", ";").encode(), "f.csv", METRICS).given) == 1


def test_json_lines_cost_the_line_that_is_none() -> None:
    text = '{"interaction_id": "a", "window": "20261120T0600Z", "label_fluency": 5}\nnonsense\n[1]\n'
    found = read_file(text.encode(), "f.jsonl", METRICS)
    assert [one.labels for one in found.given] == [{"fluency": 5.0}]
    *lines, note = found.faults
    assert lines == ["row 2: this is no JSON object", "row 3: this is no JSON object"]
    assert note == "some rows have no probability: they count as if every row had been chosen"


def test_a_file_of_something_else_is_refused_in_a_line() -> None:
    with pytest.raises(ConfigError, match=r"f\.csv: the file has no column window"):
        read_file(b"interaction_id,label_fluency\na,4\n", "f.csv", METRICS)
    with pytest.raises(ConfigError, match=r"f\.csv: the file is not UTF-8"):
        read_file(b"\xff\xfe\x00", "f.csv", METRICS)


def test_pass_and_fail_and_the_names_of_a_scale_are_labels() -> None:
    assert [label_of(word, YES_NO.scale) for word in ("yes", "No", "PASS", "fail", "1", "0", "0.5", "maybe")] == [
        1.0,
        0.0,
        1.0,
        0.0,
        1.0,
        0.0,
        None,
        None,
    ]
    assert label_of("pass", FIVE_POINTS) is None
    fails_on_yes = named_scale(("yes", "no"), lowest=0)
    assert (label_of("yes", fails_on_yes), label_of("pass", fails_on_yes)) == (0.0, 1.0)


def test_labels_come_back_from_the_store_and_the_same_ones_are_one_object(tmp_path: Path) -> None:
    store = open_storage(tmp_path.as_uri())
    said = [label(), label(interaction_id="b", session=None)]
    first = write_labels(store, said)
    later = datetime(2027, 1, 1, tzinfo=UTC)
    assert write_labels(store, [label(labelled_at=later), label(interaction_id="b", session=None)]) == first
    assert sorted(all_labels(store), key=lambda one: one.interaction_id) == said
    write_labels(store, [label(label=1.0)])
    assert len(all_labels(store)) == 3


def test_labels_under_the_present_judge_are_told_from_those_that_met_another(tmp_path: Path) -> None:
    store = open_storage(tmp_path.as_uri())
    write_labels(store, [label(), label(interaction_id="b", fingerprint="old"), label(interaction_id="c")])
    write_labels(store, [label(interaction_id="c", fingerprint="old"), label(metric="gone")])
    found = read_labels(store, {"fluency": "f"}, {"fluency": 4})
    assert list(found) == ["fluency"]
    assert [one.interaction_id for one in found["fluency"].rows] == ["a", "c"]
    assert found["fluency"].others == 1
