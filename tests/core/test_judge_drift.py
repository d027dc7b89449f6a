import pytest

from tasks.core.drift.judge import Pair, bridge_measures, canary_measures, change_sentence
from tasks.core.operations.judging import judging_verdict, prevented_share
from tasks.core.verdict import State


def pair(before: float, now: float | None, metric: str = "fluency") -> Pair:
    return Pair(metric=metric, pass_at=3, before=before, now=now)


def test_canaries_agree_where_both_scores_are_on_the_same_side() -> None:
    found = {one.measure: one for one in canary_measures([pair(5, 4), pair(1, 2), pair(3, 2), pair(4, None)], 0.95)}
    assert found["canary_agreement"].value == pytest.approx(2 / 3)
    assert found["canary_agreement"].n == 3
    assert found["canary_coverage"].value == pytest.approx(3 / 4)
    assert found["canary_shift"].value == pytest.approx((-1 + 1 - 1) / 3)


def test_unscored_canaries_are_no_agreement_and_no_disagreement() -> None:
    found = {one.measure: one for one in canary_measures([pair(5, None)], 0.95)}
    assert (found["canary_agreement"].value, found["canary_coverage"].value) == (None, 0.0)


def test_without_canaries_nothing_is_measured() -> None:
    assert canary_measures([], 0.95) == []


def test_the_bridge_says_by_how_much_the_new_judge_differs() -> None:
    (shift,) = bridge_measures([pair(3, 4), pair(2, 2), pair(5, 5), pair(1, 2), pair(1, None)], 0.95)
    assert shift.address == "drift.judge.bridge_shift_fluency"
    assert (shift.value, shift.n) == (0.5, 4)
    assert shift.low is not None
    assert shift.low < 0.5
    assert "the judge changed" in change_sentence([shift])
    assert "fluency +0.50 (-0.42 to +1.42, n = 4)" in change_sentence([shift])


def test_a_judge_that_was_not_compared_has_changed_all_the_same() -> None:
    assert change_sentence([]).startswith("the judge changed: ")


def test_what_was_prevented_is_undecided_and_told() -> None:
    found = judging_verdict(prevented_share(90, 100), "the key is not accepted; correct it")
    assert (found.state, found.opens_alert) == (State.UNDECIDED, True)
    assert found.explanation == "90 of 100 judgements were prevented: the key is not accepted; correct it"
    good = judging_verdict(prevented_share(0, 100), None)
    assert (good.state, good.opens_alert) == (State.OK, False)
