from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.measure import Measure
from tasks.core.quality.pass_rate import Drawn, Tally, quality_measures
from tasks.core.stats.rows import Rows
from tests.builders import FLUENCY

TALLIES = st.builds(
    Tally,
    histogram=st.dictionaries(st.integers(1, 5), st.integers(0, 200)),
    unscored=st.dictionaries(st.sampled_from(["timeout", "unreadable"]), st.integers(0, 50)),
    not_applicable=st.integers(0, 50),
    not_asked=st.dictionaries(st.just("deadline"), st.integers(0, 50)),
)


def measures(tally: Tally, pass_at: int = 3) -> dict[str, Measure]:
    metric = replace(FLUENCY, pass_at=pass_at)
    return {one.measure: one for one in quality_measures(metric, tally, Drawn(rows=Rows(confidence=0.95)))}


def tally(histogram: dict[int, int], unscored: int = 0, not_applicable: int = 0) -> Tally:
    return Tally(
        histogram=histogram,
        unscored={"timeout": unscored} if unscored else {},
        not_applicable=not_applicable,
        not_asked={},
    )


def test_failed_judgements_are_neither_passes_nor_fails() -> None:
    found = measures(tally({5: 1}, unscored=99))
    assert found["pass_rate"].value == 1.0
    assert found["pass_rate"].n == 1
    assert found["coverage"].value == 0.01
    assert found["pass_rate_if_missing_failed"].value == 0.01
    assert found["pass_rate_if_missing_passed"].value == 1.0


def test_nothing_scored_has_no_pass_rate_and_never_zero() -> None:
    found = measures(tally({}, unscored=10))
    assert found["pass_rate"].value is None
    assert found["pass_rate"].low is None
    assert found["mean"].value is None
    assert found["share_1"].value is None
    assert found["coverage"].value == 0.0


def test_nothing_asked_has_no_coverage() -> None:
    found = measures(tally({}, not_applicable=7))
    assert found["coverage"].value is None
    assert found["pass_rate_if_missing_failed"].value is None


def test_rows_that_a_metric_does_not_apply_to_count_for_nothing() -> None:
    assert measures(tally({2: 1, 4: 3}, not_applicable=90))["pass_rate"].value == 0.75


def test_a_score_passes_at_the_limit_and_above() -> None:
    rows = tally({3: 1, 4: 1, 5: 2})
    assert measures(rows, pass_at=4)["pass_rate"].value == 0.75
    assert measures(rows, pass_at=5)["pass_rate"].value == 0.5


@given(TALLIES)
def test_shares_sum_to_one_and_make_the_mean(rows: Tally) -> None:
    found = measures(rows)
    if rows.scored == 0:
        assert all(found[f"share_{score}"].value is None for score in range(1, 6))
        return
    shares = {score: found[f"share_{score}"].value or 0 for score in range(1, 6)}
    assert sum(shares.values()) == pytest.approx(1)
    assert found["mean"].value == pytest.approx(sum(score * share for score, share in shares.items()))


@given(TALLIES)
def test_the_pass_rate_lies_between_its_bounds_weighted_by_coverage(rows: Tally) -> None:
    found = measures(rows)
    rate, worst, best = (
        found[name].value for name in ("pass_rate", "pass_rate_if_missing_failed", "pass_rate_if_missing_passed")
    )
    if rate is None or worst is None or best is None:
        assert rows.scored == 0 or rows.asked == 0
        return
    assert worst <= rate <= best
    assert rows.sampled == rows.asked + rows.not_applicable + sum(rows.not_asked.values())


def test_with_nothing_missing_the_companions_are_the_pass_rate_weights_and_all() -> None:
    rows = Rows(confidence=0.95, weights=np.array([1.0] * 20 + [9.0] * 20), largest_weight=9.0)
    scores = np.array([1.0] * 20 + [5.0] * 20)
    found = {
        one.measure: one for one in quality_measures(FLUENCY, tally({1: 20, 5: 20}), Drawn(rows=rows, scores=scores))
    }
    rate = found["pass_rate"]
    assert rate.value == pytest.approx(0.9)
    for name in ("pass_rate_if_missing_failed", "pass_rate_if_missing_passed"):
        assert (found[name].value, found[name].low, found[name].high) == (rate.value, rate.low, rate.high)


def test_what_is_missing_counts_as_the_scored_do() -> None:
    rows = Rows(confidence=0.95, weights=np.array([1.0] * 20 + [9.0] * 20), largest_weight=9.0)
    scores = np.array([1.0] * 20 + [5.0] * 20)
    drawn = Drawn(rows=rows, scores=scores)
    found = {one.measure: one.value for one in quality_measures(FLUENCY, tally({1: 20, 5: 20}, unscored=10), drawn)}
    assert found["pass_rate_if_missing_failed"] == pytest.approx(0.9 * 40 / 50)
    assert found["pass_rate_if_missing_passed"] == pytest.approx((0.9 * 40 + 10) / 50)
