"""Pass rates corrected by labels."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.labels.correction import (
    Judged,
    Pairs,
    carried,
    corrected,
    informedness,
    labels_needed,
    ppi_mean,
)
from tasks.core.labels.label import Labelled
from tasks.core.labels.measures import corrected_measures, judged_of

MOMENT = datetime(2026, 11, 20, 6, tzinfo=UTC)
FRAME = Judged(rows=2_000, passed=1_400)
PAIR = st.tuples(st.booleans(), st.booleans())


def pairs(
    human: npt.ArrayLike,
    judge: npt.ArrayLike,
    probability: Sequence[float] | None = None,
    sessions: Sequence[str | None] | None = None,
) -> Pairs:
    said, told = np.array(human, np.float64), np.array(judge, np.float64)
    given = np.ones(len(said)) if probability is None else np.array(probability)
    return Pairs(human=said, judge=told, probability=given, sessions=sessions)


def cells(both_pass: int, missed: int, false_alarms: int, both_fail: int) -> Pairs:
    human = [1] * both_pass + [0] * missed + [1] * false_alarms + [0] * both_fail
    judge = [1] * both_pass + [1] * missed + [0] * false_alarms + [0] * both_fail
    return pairs(human, judge)


GOOD = cells(65, 5, 5, 25)
USELESS = cells(42, 28, 18, 12)


def test_a_lenient_judge_is_brought_down_to_what_people_say() -> None:
    found = corrected(cells(50, 30, 0, 20), Judged(rows=2_000, passed=1_600), 0.9)
    assert found is not None
    assert found.value == pytest.approx(0.5, abs=1e-9)
    assert found.low < 0.5 < found.high < 0.8


def test_a_good_judge_makes_the_interval_narrower_and_a_useless_one_has_no_weight() -> None:
    good, useless = corrected(GOOD, FRAME, 0.9), corrected(USELESS, FRAME, 0.9)
    assert good is not None
    assert useless is not None
    assert good.high - good.low < 0.8 * (useless.high - useless.low)
    assert (good.weight > 0.7, useless.weight < 1e-9) == (True, True)


def test_labels_that_all_agree_leave_an_interval_with_a_width() -> None:
    found = corrected(cells(100, 0, 0, 0), Judged(rows=500, passed=500), 0.95)
    assert found is not None
    assert (found.value, found.high) == (1.0, 1.0)
    assert 0.9 < found.low < 0.99


@given(st.integers(5, 60), st.integers(0, 20), st.integers(0, 20), st.integers(5, 60), st.integers(0, 400))
def test_labels_chosen_alike_give_what_the_rest_of_the_rows_gives_by_the_paper(
    both_pass: int, missed: int, false_alarms: int, both_fail: int, more: int
) -> None:
    rows = cells(both_pass, missed, false_alarms, both_fail)
    rest = np.array([1.0, 0.0] * 100 + [1.0] * more)
    frame = Judged(rows=len(rows.human) + len(rest), passed=float(rows.judge.sum() + rest.sum()))
    found, paper = corrected(rows, frame, 0.9), ppi_mean(rows.human, rows.judge, rest)
    assert found is not None
    if 0 < found.weight < 1:
        assert found.value == pytest.approx(min(paper.value, 1.0), abs=1e-9)


def test_too_few_labels_correct_nothing() -> None:
    few = cells(5, 1, 1, 2)
    assert corrected(few, FRAME, 0.9) is None
    assert carried(few, FRAME, FRAME, 0.9) is None
    assert informedness(few, 0.9) is None
    assert labels_needed(few, FRAME, 0.05, 0.9) is None
    assert corrected(GOOD, Judged(rows=0, passed=0), 0.9) is None
    assert carried(GOOD, FRAME, Judged(rows=0, passed=0), 0.9) is None


def test_a_useless_judge_carries_no_label_to_another_window() -> None:
    assert carried(USELESS, FRAME, Judged(rows=400, passed=200), 0.9) is None


def test_a_window_like_that_of_the_labels_has_their_rate() -> None:
    there, here = corrected(GOOD, FRAME, 0.9), carried(GOOD, FRAME, Judged(rows=400, passed=280), 0.9)
    assert there is not None
    assert here is not None
    assert here.value == pytest.approx(there.value)
    assert here.high - here.low > there.high - there.low


def test_what_a_fall_of_the_judges_rate_means_depends_on_what_has_stayed_and_the_interval_holds_both() -> None:
    found = carried(GOOD, FRAME, Judged(rows=4_000, passed=2_000), 0.9)
    assert found is not None
    level = corrected(GOOD, FRAME, 0.9)
    slope = informedness(GOOD, 0.9)
    assert level is not None
    assert slope is not None
    by_bias, by_rates = level.value - 0.2, level.value - 0.2 / slope[0]
    assert found.low < by_rates < by_bias < found.high
    assert found.value == pytest.approx((by_rates + by_bias) / 2, abs=0.01)


def test_without_knowing_what_the_labels_were_chosen_among_the_interval_is_wider() -> None:
    window = Judged(rows=400, passed=280)
    known, unknown = carried(GOOD, FRAME, window, 0.9), carried(GOOD, None, window, 0.9)
    assert known is not None
    assert unknown is not None
    assert unknown.high - unknown.low > known.high - known.low


def test_rows_that_were_more_likely_to_be_chosen_count_less() -> None:
    found = corrected(
        pairs([1] * 50 + [0] * 50, [0, 1] * 50, [0.2] * 50 + [0.8] * 50), Judged(rows=400, passed=200), 0.9
    )
    assert found is not None
    assert found.value == pytest.approx(0.8, abs=0.02)


def test_labels_of_one_session_tell_less_than_as_many_of_their_own() -> None:
    human, judge = ([1] * 5 + [0] * 5) * 10, [1, 0] * 50
    named = [f"s{number // 5}" for number in range(100)]
    alone = corrected(pairs(human, judge), FRAME, 0.9)
    together = corrected(pairs(human, judge, sessions=named), FRAME, 0.9)
    assert alone is not None
    assert together is not None
    assert together.value == alone.value
    assert together.high - together.low > 1.5 * (alone.high - alone.low)


def test_as_many_labels_as_are_asked_for_make_the_interval_as_narrow_as_is_wanted() -> None:
    needed = labels_needed(GOOD, FRAME, 0.05, 0.9)
    assert needed is not None
    times = round(needed / 100)
    more = cells(65 * times, 5 * times, 5 * times, 25 * times)
    found = corrected(more, FRAME, 0.9)
    assert found is not None
    assert (found.high - found.low) / 2 == pytest.approx(0.05, rel=0.25)
    assert labels_needed(USELESS, Judged(rows=100, passed=60), 0.001, 0.9) is None


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=40),
    st.lists(st.floats(0, 1), min_size=1, max_size=60),
)
def test_the_powered_mean_is_the_formula_of_the_paper(rows: list[tuple[float, float]], others: list[float]) -> None:
    human, judge, rest = np.array([a for a, _ in rows]), np.array([b for _, b in rows]), np.array(others)
    found = ppi_mean(human, judge, rest)
    n, more = len(human), len(rest)
    spread = np.var(np.concatenate([judge, rest]), ddof=1)
    tuned = (
        np.mean((human - human.mean()) * (judge - judge.mean())) / ((1 + n / more) * spread) if spread > 1e-12 else 0
    )
    weight = min(max(tuned, 0.0), 1.0)
    assert found.weight == pytest.approx(weight, abs=1e-6)
    assert found.value == pytest.approx(found.weight * rest.mean() + np.mean(human - found.weight * judge), abs=1e-9)
    error = np.var(human - found.weight * judge) / n + found.weight**2 * np.var(rest) / more
    assert found.error == pytest.approx(np.sqrt(error), abs=1e-9)


@given(st.lists(PAIR, min_size=10, max_size=80), st.integers(1, 500), st.data())
def test_rates_lie_in_their_intervals_and_these_between_0_and_1(
    rows: list[tuple[bool, bool]], count: int, data: st.DataObject
) -> None:
    frame = Judged(rows=count, passed=data.draw(st.integers(0, count)))
    window = Judged(rows=count, passed=data.draw(st.integers(0, count)))
    chances = data.draw(st.lists(st.floats(0.1, 1), min_size=len(rows), max_size=len(rows)))
    given_pairs = pairs([a for a, _ in rows], [b for _, b in rows], chances)
    for found in (
        corrected(given_pairs, frame, 0.9),
        carried(given_pairs, frame, window, 0.9),
        carried(given_pairs, None, window, 0.9),
    ):
        if found is not None:
            assert 0 <= found.low <= found.value <= found.high <= 1
            assert found.low < found.high
            assert 0 <= found.weight <= 1


@given(st.lists(PAIR, min_size=10, max_size=60), st.floats(0.55, 0.9), st.floats(0.91, 0.99))
def test_who_wants_to_be_surer_has_a_wider_interval(rows: list[tuple[bool, bool]], some: float, more: float) -> None:
    given_pairs = pairs([a for a, _ in rows], [b for _, b in rows])
    narrow, wide = corrected(given_pairs, FRAME, some), corrected(given_pairs, FRAME, more)
    assert narrow is not None
    assert wide is not None
    assert wide.low <= narrow.low <= narrow.high <= wide.high


def test_nine_in_ten_intervals_hold_what_people_say_though_the_judge_is_lenient() -> None:
    rng, held = np.random.default_rng(5), 0
    for _ in range(300):
        human = rng.random(500) < 0.6
        judge = np.where(human, rng.random(500) < 0.95, rng.random(500) < 0.6)
        found = corrected(pairs(human[:100], judge[:100]), Judged(rows=400, passed=int(judge[100:].sum())), 0.9)
        held += found is not None and found.low <= 0.6 <= found.high
    assert 0.86 <= held / 300 <= 0.95


def test_after_a_fall_of_twenty_points_the_carried_interval_holds_the_truth_where_the_tuned_one_does_not() -> None:
    rng, tuned, moved = np.random.default_rng(6), 0, 0
    for _ in range(200):
        human = np.concatenate([rng.random(2_000) < 0.8, rng.random(400) < 0.6])
        judge = np.where(human, rng.random(2_400) < 0.9, rng.random(2_400) < 0.5)
        rows = pairs(human[:100], judge[:100])
        frame = Judged(rows=2_000, passed=int(judge[:2_000].sum()))
        window = Judged(rows=400, passed=int(judge[2_000:].sum()))
        earlier, found = corrected(rows, window, 0.9), carried(rows, frame, window, 0.9)
        tuned += earlier is not None and earlier.low <= 0.6 <= earlier.high
        moved += found is None or found.low <= 0.6 <= found.high
    assert moved / 200 > 0.86
    assert tuned / 200 < 0.2


def rows_of(count: int, start: int = 0) -> list[Labelled]:
    return [
        Labelled(
            interaction_id=f"{start + number}",
            window_start=MOMENT,
            label=5.0 if number % 2 else 2.0,
            passed=bool(number % 2),
            score=5.0 if number % 2 or number % 4 == 0 else 1.0,
            probability=0.5,
            frame={5.0: 150.0, 1.0: 50.0},
        )
        for number in range(count)
    ]


def test_own_rows_that_the_window_did_not_get_to_judge_are_own_rows_all_the_same() -> None:
    scores = {f"{number}": 5.0 if number % 4 else 1.0 for number in range(200)}
    early = {name: score if int(name) >= 80 else None for name, score in scores.items()}
    rate, *_ = corrected_measures("fluency", 4, early, rows_of(100), 0.9)
    elsewhere, *_ = corrected_measures("fluency", 4, early, rows_of(100, 1_000), 0.9)
    widths = [one.high - one.low for one in (rate, elsewhere) if one.low is not None and one.high is not None]
    assert widths[0] < 0.8 * widths[1]


def test_labels_of_the_windows_own_rows_correct_it_by_themselves_and_others_are_carried_to_it() -> None:
    scores = {f"{number}": 5.0 if number % 4 else 1.0 for number in range(200)} | {"unscored": None}
    own = {one.measure: one for one in corrected_measures("fluency", 4, scores, rows_of(100), 0.9)}
    other = {one.measure: one for one in corrected_measures("fluency", 4, scores, rows_of(100, 1_000), 0.9)}
    assert list(own) == ["pass_rate_corrected", "judge_informedness", "labels"]
    assert own["pass_rate_corrected"].address == "quality.fluency.pass_rate_corrected"
    assert (own["pass_rate_corrected"].n, own["labels"].value) == (200, 100)
    assert own["judge_informedness"].value == pytest.approx(0.5)
    widths = [one["pass_rate_corrected"].high - one["pass_rate_corrected"].low for one in (own, other)]  # type: ignore[operator]
    assert widths[0] < widths[1]


def test_without_labels_the_corrected_rate_is_not_known() -> None:
    rate, told, labels = corrected_measures("fluency", 4, {"a": 5.0}, [], 0.9)
    assert (rate.value, told.value, labels.value) == (None, None, 0)


def test_rows_that_were_sampled_less_often_count_more() -> None:
    found = judged_of([5, 5, 1], 4, [1, 1, 2])
    assert found.rate == pytest.approx(0.5)
    assert found.rows == pytest.approx(16 / 6)
    assert judged_of([5, 1], 4).rows == 2
