"""The assisted pass rate: what cheap scores of all candidates add to the judged ones."""

from itertools import combinations, product

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tasks.core.stats.assisted import Assisted, assisted_measures, assisted_rate, candidates_schema, difference_rate
from tasks.core.stats.estimate import share_estimate

Floats = npt.NDArray[np.float64]
RATE = 0.8


def traffic(rng: np.random.Generator, rows: int, told: float) -> tuple[npt.NDArray[np.bool_], Floats]:
    """Whether each row passes, and a score that tells it more or less."""
    scores = rng.normal(size=rows)
    hidden = told * scores + np.sqrt(1 - told**2) * rng.normal(size=rows)
    return hidden < 0.8416, scores.reshape(-1, 1)  # the normal distribution's quantile of 0.8


def assisted(passed: npt.NDArray[np.bool_], scores: Floats, judged: int, weights: Floats | None = None) -> Assisted:
    """The estimate with the first rows judged."""
    known = [bool(one) if place < judged else None for place, one in enumerate(passed)]
    found = assisted_rate(known, scores, np.ones(len(known)) if weights is None else weights, None, 0.95)
    assert found is not None
    return found


def test_a_telling_score_makes_the_interval_narrower() -> None:
    passed, scores = traffic(np.random.default_rng(1), 5_000, 0.8)
    found = assisted(passed, scores, 500)
    correlation = np.corrcoef(passed[:500], scores[:500, 0])[0, 1]
    assert found.n == 500
    assert found.shrink == pytest.approx(np.sqrt(1 - 0.9 * correlation**2), abs=0.02)
    assert found.low < found.value < found.high


def test_a_score_that_tells_nothing_leaves_the_plain_estimate_about_as_wide() -> None:
    widths = [assisted(*traffic(np.random.default_rng(seed), 1_000, 0.0), 200).shrink for seed in range(100)]
    assert max(widths) <= 1.05
    assert np.mean(widths) == pytest.approx(1, abs=0.01)


def test_where_all_passed_the_scores_add_nothing() -> None:
    _, scores = traffic(np.random.default_rng(2), 300, 0.5)
    found, plain = assisted(np.ones(300, dtype=np.bool_), scores, 60), share_estimate([True] * 60)
    assert plain is not None
    assert (found.value, found.slopes, found.shrink) == (1.0, (0.0,), 1.0)
    assert (found.low, found.high) == plain.interval(0.95)


def test_where_all_passed_rounding_is_no_gain() -> None:
    _, scores = traffic(np.random.default_rng(2), 300, 0.5)
    weights = 1 / np.random.default_rng(3).choice([0.1, 0.3, 0.7], 300)
    found = assisted(np.ones(300, dtype=np.bool_), scores, 60, weights)
    assert (found.value, found.shrink) == (pytest.approx(1), pytest.approx(1))


@pytest.mark.parametrize("inclusion", [1.0, 0.3, 0.7])
def test_where_all_candidates_are_judged_the_scores_add_nothing(inclusion: float) -> None:
    passed, scores = traffic(np.random.default_rng(3), 100, 0.9)
    found = assisted(passed, scores, 100, np.full(100, 1 / inclusion))
    assert (found.value, found.shrink) == (pytest.approx(passed.mean()), pytest.approx(1))


def test_scores_that_tell_every_verdict_leave_the_spread_of_the_candidates() -> None:
    passed, _ = traffic(np.random.default_rng(9), 1_000, 0.9)
    found = assisted(passed, passed.astype(np.float64).reshape(-1, 1), 100)
    assert found.value == pytest.approx(passed.mean(), abs=0.001)
    assert found.shrink == pytest.approx(np.sqrt(1 / 10), abs=0.03)


@given(st.lists(st.booleans(), min_size=30, max_size=60), st.floats(0, 1), st.integers(1, 3))
def test_scores_that_are_the_same_among_the_judged_give_the_plain_weighted_estimate(
    passed: list[bool], score: float, every: int
) -> None:
    scores = np.array([[score]] * len(passed) + [[score + 1]] * 40)
    weights = np.array([1.0 + place % every for place in range(len(scores))])
    found = assisted(np.array([*passed, *[False] * 40]), scores, len(passed), weights)
    assert found.value == pytest.approx(np.average(passed, weights=weights[: len(passed)]))
    assert found.shrink == pytest.approx(1)


def test_too_few_judged_rows_are_no_evidence() -> None:
    scores = np.arange(100.0).reshape(-1, 1)
    assert assisted_rate([True] * 15 + [False] * 14 + [None] * 71, scores, np.ones(100), None, 0.95) is None


def test_scores_that_are_all_the_same_are_no_evidence() -> None:
    assert assisted_rate([True] * 20 + [False] * 20, np.ones((40, 2)), np.ones(40), None, 0.95) is None


def test_no_candidates_are_no_evidence() -> None:
    assert assisted_rate([], np.ones((0, 1)), np.ones(0), None, 0.95) is None


@given(
    arrays.arrays(np.int64, 8, elements=st.integers(0, 1)),
    arrays.arrays(np.float64, (8, 2), elements=st.floats(-1, 1)),
    arrays.arrays(np.float64, 2, elements=st.floats(-3, 3)),
)
def test_over_all_samples_the_mean_is_the_rate_of_the_population(
    passed: npt.NDArray[np.int64], scores: Floats, slopes: Floats
) -> None:
    """Two strata: two of the first three rows are judged, and two of the other five."""
    found = []
    for first, second in product(combinations(range(3), 2), combinations(range(3, 8), 2)):
        weights = np.zeros(8)
        weights[list(first)], weights[list(second)] = 3 / 2, 5 / 2
        found.append(difference_rate(passed.astype(np.float64), scores, weights, slopes))
    assert np.mean(found) == pytest.approx(passed.mean(), abs=1e-9)


@pytest.mark.parametrize("told", [0.0, 0.5, 0.9])
def test_the_interval_holds_the_truth_as_often_as_it_says(told: float) -> None:
    rng, held = np.random.default_rng(11), 0
    for _ in range(500):
        passed, scores = traffic(rng, 500, told)
        found = assisted(passed, scores, 100)
        held += found.low <= RATE <= found.high
    assert 0.93 <= held / 500 <= 0.98


def test_the_interval_holds_the_truth_where_probabilities_differ() -> None:
    rng, held = np.random.default_rng(12), 0
    for _ in range(500):
        passed, scores = traffic(rng, 600, 0.6)
        inclusion = np.where(scores[:, 0] > 1, 0.6, 0.2)  # rows that pass rarely are preferred
        judged = rng.random(600) < inclusion
        known = [bool(one) if chosen else None for one, chosen in zip(passed, judged, strict=True)]
        found = assisted_rate(known, scores, 1 / inclusion, None, 0.95)
        held += found is not None and found.low <= RATE <= found.high
    assert held / 500 >= 0.93


def test_rows_of_one_session_are_not_taken_for_many() -> None:
    passed, scores = traffic(np.random.default_rng(4), 1_000, 0.6)
    alone = assisted(passed, scores, 200)
    known = [bool(passed[place // 10]) if place < 200 else None for place in range(1_000)]
    repeated = np.repeat(scores[:100], 10, axis=0)
    found = assisted_rate(known, repeated, np.ones(1_000), [str(place // 10) for place in range(1_000)], 0.95)
    assert found is not None
    assert found.high - found.low > 2 * (alone.high - alone.low)


def candidates(rows: int, judged: int, **columns: list[float | None]) -> pa.Table:
    names = [f"id-{place}" if place < judged else None for place in range(rows)]
    is_chosen = [name is not None for name in names]
    known = {"interaction_id": names, "chosen": is_chosen, "inclusion": [0.5] * rows, "session": [None] * rows}
    return pa.table(known | columns, schema=candidates_schema([name.removeprefix("local_") for name in columns]))


def test_the_measure_names_its_metric_and_counts_the_judged() -> None:
    passed, scores = traffic(np.random.default_rng(5), 400, 0.7)
    verdicts = {f"id-{place}": bool(passed[place]) for place in range(100)}
    (found,) = assisted_measures("fluency", candidates(400, 100, local_fluency=scores[:, 0].tolist()), verdicts, 0.95)
    again = assisted(passed, scores, 100)
    assert (found.name, found.n, found.unit) == ("quality.fluency.pass_rate_assisted", 100, "share")
    assert (found.value, found.low, found.high) == (again.value, again.low, again.high)


def test_the_scores_of_other_metrics_assist_where_all_have_them() -> None:
    passed, scores = traffic(np.random.default_rng(6), 400, 0.95)
    verdicts = {f"id-{place}": bool(passed[place]) for place in range(100)}
    told, noise = scores[:, 0].tolist(), np.random.default_rng(7).normal(size=400).tolist()
    widths = []
    for other in ([*told[:-1], None], told):
        table = candidates(400, 100, local_fluency=noise, local_coherence=other)
        (found,) = assisted_measures("fluency", table, verdicts, 0.95)
        assert found.low is not None
        assert found.high is not None
        widths.append(found.high - found.low)
    assert widths[1] < 0.95 * widths[0]


def test_a_metric_does_not_count_where_it_does_not_apply() -> None:
    passed, scores = traffic(np.random.default_rng(8), 400, 0.7)
    verdicts = {f"id-{place}": bool(passed[place]) for place in range(100)}
    half = [one if place % 2 else None for place, one in enumerate(scores[:, 0].tolist())]
    (found,) = assisted_measures("fluency", candidates(400, 100, local_fluency=half), verdicts, 0.95)
    assert found.n == 50


def test_a_metric_without_a_local_score_has_no_assisted_rate() -> None:
    table = candidates(40, 40, local_fluency=[0.5] * 40)
    assert assisted_measures("tone", table, {}, 0.95) == []
    (found,) = assisted_measures("fluency", table, {}, 0.95)
    assert (found.value, found.low, found.high, found.n) == (None, None, None, 0)
