"""Agreement of a judge with people, on made-up rows and, where it is there, on recorded judges."""

import gzip
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.labels.agreement import agreement, bias, correlations, intervals, kappa
from tasks.core.labels.label import Label, Labelled, frame_of, labelled
from tasks.core.labels.suggestion import kappa_at, suggest_pass_at

MOMENT = datetime(2026, 11, 20, 6, tzinfo=UTC)
LEVELS = st.integers(1, 5)


def rows(human: Sequence[float], judge: Sequence[float], pass_at: int = 4) -> list[Labelled]:
    return [
        Labelled(
            interaction_id=f"{number:04}",
            window_start=MOMENT,
            label=label,
            passed=label >= pass_at,
            score=score,
            probability=1.0,
            frame={},
        )
        for number, (label, score) in enumerate(zip(human, judge, strict=True))
    ]


def label(value: float, labeller: str = "", minutes: int = 0, **changes: Any) -> Label:
    fields: dict[str, Any] = {
        "interaction_id": "a",
        "window_start": MOMENT,
        "metric": "fluency",
        "label": value,
        "labeller": labeller,
        "labelled_at": MOMENT + timedelta(minutes=minutes),
        "probability": 0.5,
        "score": 4.0,
        "fingerprint": "f",
        "frame": {4.0: 3.0},
    }
    return Label(**fields | changes)


def test_the_confusion_tells_what_the_judge_misses_from_what_it_finds_wrongly() -> None:
    found = agreement(rows([5, 5, 5, 2, 2, 1], [5, 4, 2, 5, 1, 1]), 4, 0.95)
    table = found.confusion
    assert (table.both_pass, table.missed, table.false_alarms, table.both_fail) == (2, 1, 1, 2)
    assert (found.sensitivity.value, found.specificity.value) == (2 / 3, 2 / 3)
    assert found.kappa == pytest.approx(1 / 3)
    assert found.over == pytest.approx(-2 / 6)


def test_what_cannot_be_told_is_none() -> None:
    found = agreement([], 4, 0.95)
    assert (found.agreement.value, found.kappa, found.weighted_kappa, found.over) == (None,) * 4
    same = agreement(rows([5, 5, 5], [5, 5, 5]), 4, 0.95)
    assert (same.kappa, same.correlations.pearson, same.specificity.value) == (None, None, None)
    assert same.agreement.value == 1
    assert bias(rows([5, 4, 3], [5, 4, 3]), [1, 2, 3]) is None


def test_a_judge_that_overrates_long_answers_is_seen() -> None:
    found = bias(rows([3] * 6, [3, 3, 4, 4, 5, 5]), [10, 20, 30, 40, 50, None])
    assert found is not None
    assert (found.correlation > 0.9, found.rows) == (True, 5)


def test_the_latest_label_of_a_person_counts_and_of_several_people_the_majority() -> None:
    said = [label(1, "ann"), label(5, "ann", 1), label(5, "bea"), label(2, "cy")]
    (one,) = labelled(said, 4)
    assert (one.label, one.passed) == (4, True)
    (tie,) = labelled([label(5, "ann"), label(1, "bea")], 4)
    assert tie.passed is False


def test_frames_of_several_exports_are_added_and_one_unknown_makes_all_unknown() -> None:
    said = [label(5), label(5, interaction_id="b"), label(5, interaction_id="c", frame={1.0: 2.0})]
    assert frame_of(labelled(said, 4)) == {4.0: 3.0, 1.0: 2.0}
    assert frame_of(labelled([*said, label(5, interaction_id="d", frame={})], 4)) == {}


def test_the_pass_at_that_agrees_best_is_suggested_and_the_present_one_stays_where_it_is_as_good() -> None:
    lenient = rows([5, 5, 2, 2] * 10, [5, 5, 4, 4] * 10)
    found = suggest_pass_at(lenient, 4, range(1, 6))
    assert found is not None
    assert (found.pass_at, found.kappa, found.kappa_now, found.kappa_held_out) == (5, 1.0, 0.0, 1.0)
    good = suggest_pass_at(rows([5, 5, 2, 2] * 10, [5, 5, 2, 2] * 10), 4, range(1, 6))
    assert good is not None
    assert good.pass_at == 4
    assert suggest_pass_at(lenient[:20], 4, range(1, 6)) is None
    assert suggest_pass_at(rows([5] * 40, [5] * 40), 4, range(1, 6)) is None


@given(st.lists(st.tuples(LEVELS, LEVELS), min_size=1, max_size=60))
def test_figures_stay_in_their_ranges_and_do_not_depend_on_the_order(pairs: list[tuple[int, int]]) -> None:
    human, judge = [one for one, _ in pairs], [one for _, one in pairs]
    found, turned = agreement(rows(human, judge), 4, 0.9), agreement(rows(human[::-1], judge[::-1]), 4, 0.9)
    table = found.confusion
    assert table.both_pass + table.missed + table.false_alarms + table.both_fail == found.rows == len(pairs)
    every = (*vars_of(found), found.kappa, found.weighted_kappa)
    assert all(one is None or -1 - 1e-9 <= one <= 1 + 1e-9 for one in every)
    assert (turned.kappa, turned.confusion) == (found.kappa, table)


@given(st.lists(LEVELS, min_size=1, max_size=40))
def test_who_says_the_same_agrees_wholly(levels: list[int]) -> None:
    assert kappa(levels, levels) in (None, 1.0)
    assert kappa(levels, levels, weighted=True) in (None, pytest.approx(1.0))


def vars_of(found: Any) -> tuple[float | None, ...]:
    return found.correlations.pearson, found.correlations.spearman, found.correlations.kendall


def recorded(path: Path) -> Iterator[dict[str, Any]]:
    packed = path.with_name(f"{path.name}.gz")
    with gzip.open(packed, "rt") if packed.exists() else path.open() as lines:
        yield from map(json.loads, lines)


def expected(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "expected.json").read_text())["recomputed_shared"]
    return found


def human_of(folder: Path) -> dict[str, dict[str, Any]]:
    return {item["item_id"]: item for item in recorded(folder / "items.jsonl")}


@pytest.mark.shared_data
def test_the_figures_of_summeval_are_those_expected(shared_data: Path) -> None:
    folder = shared_data / "summeval_judged"
    items = human_of(folder)
    found: dict[tuple[str, str], dict[str, float | None]] = defaultdict(dict)
    for one in recorded(folder / "judge.jsonl"):
        found[f"{one['judge_model']}/{one['method']}", one["metric"]][one["item_id"]] = one["scores"][0]
    checked = 0
    for (judge, metric), scores in found.items():
        wanted = expected(folder)[judge][metric]
        known = {item: score for item, score in scores.items() if score is not None}
        human = [items[item]["human"][metric]["expert_mean"] for item in known]
        table = rows(human, list(known.values()))
        result = agreement(table, 4, 0.9)
        assert result.rows == wanted["n"]
        for name in ("pearson", "spearman", "kendall"):
            assert getattr(result.correlations, name) == pytest.approx(wanted[name], abs=5.1e-5), (judge, metric, name)
        assert kappa_at(table, 4) == pytest.approx(wanted["pass_kappa"], abs=5.1e-5)
        assert fmean(one.passed for one in table) == pytest.approx(wanted["human_pass_rate_ge4"], abs=5.1e-5)
        checked += 1
    assert checked >= 32


@pytest.mark.shared_data
def test_the_correlations_of_unieval_are_those_expected(shared_data: Path) -> None:
    folder = shared_data / "unieval_sets"
    items, found = human_of(folder), defaultdict(list)
    for one in recorded(folder / "judge.jsonl"):
        item = items[one["item_id"]]
        pair = item["human"][one["metric"]]["mean"], one["scores"][0]
        found[item["labels"]["set"], one["metric"]].append(pair)
    for (name, metric), pairs in found.items():
        wanted, result = expected(folder)[name][metric], correlations(*zip(*pairs, strict=True))
        assert len(pairs) == wanted["n"]
        for figure in ("pearson", "spearman", "kendall"):
            assert getattr(result, figure) == pytest.approx(wanted[figure], abs=5.1e-5), (name, metric, figure)
    assert len(found) == 8


@pytest.mark.shared_data
def test_the_correlations_of_topical_chat_are_those_expected(shared_data: Path) -> None:
    folder = shared_data / "topical_chat_judged"
    items, found = human_of(folder), defaultdict(list)
    for one in recorded(folder / "judge.jsonl"):
        scores = [score for score in one["scores"] if score is not None]
        human = items[one["item_id"]]["human"].get(one["metric"])
        if scores and human:
            found[one["method"], one["metric"]].append(
                (items[one["item_id"]]["group_id"], human["mean"], fmean(scores))
            )
    for (method, metric), table in found.items():
        wanted = expected(folder)[method][metric]
        result = correlations([human for _, human, _ in table], [score for *_, score in table])
        assert len(table) == wanted["n"]
        for figure in ("pearson", "spearman", "kendall"):
            assert getattr(result, figure) == pytest.approx(wanted[f"{figure}_dataset"], abs=5.1e-5), (method, metric)
        groups = defaultdict(list)
        for group, human, score in table:
            groups[group].append((human, score))
        by_group = [correlations(*zip(*pairs, strict=True)) for pairs in groups.values()]
        for figure in ("pearson", "kendall"):
            known = [value for one in by_group if (value := getattr(one, figure)) is not None]
            assert fmean(known) == pytest.approx(wanted[f"{figure}_by_dialogue"], abs=5.1e-5), (method, metric, figure)
    assert len(found) >= 34


def test_what_has_no_formula_has_an_interval_around_its_value() -> None:
    random = np.random.default_rng(6)
    human = random.integers(1, 6, 120).astype(float)
    judge = np.clip(human + random.integers(-1, 2, 120), 1, 5)
    labelled = rows(human.tolist(), judge.tolist())
    found, bounds = agreement(labelled, 4, 0.9), intervals(labelled, 4, 0.9)
    values = {
        "kappa": found.kappa,
        "weighted_kappa": found.weighted_kappa,
        "pearson": found.correlations.pearson,
        "spearman": found.correlations.spearman,
        "kendall": found.correlations.kendall,
    }
    assert bounds.keys() == values.keys()
    for name, value in values.items():
        interval = bounds[name]
        assert interval is not None
        assert value is not None
        assert interval[0] < value < interval[1]
        assert interval[1] - interval[0] < 0.4


def test_what_cannot_be_told_has_no_interval() -> None:
    assert set(intervals([], 4, 0.9).values()) == {None}
    assert set(intervals(rows([5.0] * 20, [5.0] * 20), 4, 0.9).values()) == {None}
