import itertools
import math
from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tasks.core.stats.betting import (
    STAKES,
    Evidence,
    Part,
    bounds,
    bounds_within,
    evidence,
    evidence_within,
    next_batch,
    of_sessions,
    recent_evidence,
)
from tasks.core.stats.intervals import wilson

Integers = npt.NDArray[np.int64]
NONE = Evidence(log_up=0.0, log_down=0.0)
ERRORS = st.sampled_from([0.1, 0.05, 0.025, 0.001])
LIMITS = st.integers(1, 99).map(lambda percent: percent / 100)
COUNTS = st.integers(0, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
SCALE = (0, 0.25, 0.5, 0.75, 1)
SCORES = st.lists(st.integers(0, 60), min_size=5, max_size=5).map(lambda rows: Part(levels=SCALE, counts=rows))
STREAMS = 4000
HAPPENS = 0.001  # how often a test of a true law may fail, were its seed not fixed


def part(passed: float, n: float, largest: int = 1) -> Part:
    return Part(levels=(0, 1), counts=(n - passed, passed), largest=largest)


def drawn(population: int) -> st.SearchStrategy[tuple[int, int, int]]:
    judged = st.integers(1, population)
    return judged.flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n), st.just(population)))


DRAWN = st.integers(1, 200).flatmap(drawn)


def test_without_rows_there_is_no_evidence_and_every_mean_is_possible() -> None:
    assert evidence([], 0.7) == evidence([part(0, 0)], 0.7) == recent_evidence([], 0.7) == NONE
    assert evidence_within(0, 0, 50, 0.7) == NONE
    assert bounds([], 0.05) == bounds_within(0, 0, 50, 0.05) == (0, 1)


def test_the_evidence_of_passes_is_a_mean_of_likelihood_ratios() -> None:
    rates = [0.7 + stake * 0.3 for stake in STAKES]
    ratios = [stats.binom.pmf(52, 60, rate) / stats.binom.pmf(52, 60, 0.7) for rate in rates]
    assert evidence([part(52, 60)], 0.7).log_up == pytest.approx(math.log(sum(ratios) / len(ratios)))


def test_the_evidence_of_drawn_rows_is_a_mean_of_ratios_of_their_chances() -> None:
    def chance(passes: float) -> float:
        return math.prod((passes - row) for row in range(40)) * math.prod(100 - passes - row for row in range(20))

    ratios = [chance(50 + stake * 50) / chance(50) if 100 - 50 - stake * 50 >= 20 else 0 for stake in STAKES]
    assert math.exp(evidence_within(40, 60, 100, 0.5).log_up) == pytest.approx(sum(ratios) / len(ratios))


def test_a_few_rows_of_a_large_population_say_what_independent_rows_do() -> None:
    within, without = evidence_within(52, 60, 10_000_000, 0.7), evidence([part(52, 60)], 0.7)
    assert (within.log_up, within.log_down) == pytest.approx((without.log_up, without.log_down), abs=1e-3)


def test_a_clear_rate_is_told_from_the_limit() -> None:
    assert evidence([part(50, 60)], 0.5).log_up > math.log(1 / 0.001)
    assert evidence([part(10, 60)], 0.5).log_down > math.log(1 / 0.001)
    low, high = bounds([part(180, 300)], 0.025)
    assert (round(low, 2), round(high, 2)) == (0.51, 0.69)


def test_a_mean_of_scores_is_told_with_fewer_rows_than_passes_as_it_varies_less() -> None:
    scores = Part(levels=SCALE, counts=(0, 5, 10, 20, 5))
    low, high = bounds([scores], 0.05)
    wide_low, wide_high = bounds([part(40 * (0.05 * 2.5 + 0.125 + 0.375 + 0.125), 40)], 0.05)
    assert low > wide_low
    assert high - low < wide_high - wide_low


def test_a_limit_at_the_edge_is_only_passed_from_within() -> None:
    perfect, broken = evidence([part(500, 500)], 1.0), evidence([part(499, 500)], 1.0)
    assert perfect.log_up <= 0 > perfect.log_down
    assert (broken.log_up < 0, broken.log_down) == (True, math.inf)
    none, one = evidence([part(0, 500)], 0.0), evidence([part(1, 500)], 0.0)
    assert none.log_down <= 0 > none.log_up
    assert (one.log_down < 0, one.log_up) == (True, math.inf)


def test_what_the_drawn_rows_rule_out_has_infinite_evidence_against_it() -> None:
    assert evidence_within(71, 80, 100, 0.7).log_up == math.inf
    assert evidence_within(40, 71, 100, 0.7).log_down == math.inf
    assert evidence_within(40, 71, 100, 0.7).log_up == -math.inf
    assert bounds_within(80, 100, 100, 0.05) == (0.8, 0.8)


@pytest.mark.parametrize("population", [10, 30, 100, 700])
def test_a_share_that_equals_the_limit_is_never_on_a_side_of_it_whatever_the_rounding(population: int) -> None:
    found = evidence_within(population * 7 // 10, population, population, 0.7)
    assert max(found.log_up, found.log_down) <= 0
    assert bounds_within(population * 7 // 10, population, population, 0.05) == (0.7, 0.7)


@given(SCORES, LIMITS, LIMITS)
def test_evidence_upward_falls_as_the_limit_rises(scores: Part, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert evidence([scores], low).log_up >= evidence([scores], high).log_up - 1e-9
    assert evidence([scores], low).log_down <= evidence([scores], high).log_down + 1e-9


@given(DRAWN, LIMITS, LIMITS)
def test_evidence_of_drawn_rows_falls_as_the_limit_rises(rows: tuple[int, int, int], one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert evidence_within(*rows, low).log_up >= evidence_within(*rows, high).log_up - 1e-9
    assert evidence_within(*rows, low).log_down <= evidence_within(*rows, high).log_down + 1e-9


@given(COUNTS, LIMITS)
def test_a_pass_more_instead_of_a_fail_speaks_for_more(counts: tuple[int, int], limit: float) -> None:
    passed, n = counts
    fewer, more = evidence([part(passed, n + 1)], limit), evidence([part(passed + 1, n + 1)], limit)
    assert fewer.log_up < more.log_up
    assert fewer.log_down > more.log_down


@given(SCORES, LIMITS)
def test_passes_and_failures_are_treated_alike(scores: Part, limit: float) -> None:
    turned = Part(levels=[1 - level for level in scores.levels], counts=scores.counts)
    straight, mirrored = evidence([scores], limit), evidence([turned], 1 - limit)
    assert (straight.log_up, straight.log_down) == pytest.approx((mirrored.log_down, mirrored.log_up))


@given(DRAWN, LIMITS)
def test_drawn_passes_and_failures_are_treated_alike(rows: tuple[int, int, int], limit: float) -> None:
    passed, judged, population = rows
    if not math.isclose(limit * population, round(limit * population)):
        straight = evidence_within(passed, judged, population, limit)
        mirrored = evidence_within(judged - passed, judged, population, 1 - limit)
        assert (straight.log_up, straight.log_down) == pytest.approx((mirrored.log_down, mirrored.log_up))


@given(SCORES, LIMITS, ERRORS)
def test_bounds_agree_with_the_evidence_at_every_limit(scores: Part, limit: float, error: float) -> None:
    low, high = bounds([scores], error)
    found, enough = evidence([scores], limit), -math.log(error)
    assert (limit < low) == (found.log_up >= enough)
    assert (high < limit) == (found.log_down >= enough)


@given(DRAWN, st.one_of(LIMITS, st.sampled_from([0.0, 1.0])), ERRORS)
def test_bounds_of_drawn_rows_agree_with_the_evidence(rows: tuple[int, int, int], limit: float, error: float) -> None:
    low, high = bounds_within(*rows, error)
    found, enough = evidence_within(*rows, limit), -math.log(error)
    assert (limit < low) == (found.log_up >= enough)
    assert (high < limit) == (found.log_down >= enough)


@given(SCORES, ERRORS)
def test_bounds_hold_the_mean(scores: Part, error: float) -> None:
    n = sum(scores.counts)
    mean = sum(level * rows for level, rows in zip(SCALE, scores.counts, strict=True)) / n if n else 0.5
    low, high = bounds([scores], error)
    assert 0 <= low <= mean <= high <= 1


@given(DRAWN, ERRORS)
def test_bounds_of_drawn_rows_hold_their_share(rows: tuple[int, int, int], error: float) -> None:
    passed, judged, population = rows
    low, high = bounds_within(passed, judged, population, error)
    assert 0 <= low <= passed / judged <= high <= 1


@given(COUNTS, COUNTS, LIMITS)
def test_windows_with_equal_sessions_add_up_as_their_counts_do(
    one: tuple[int, int], other: tuple[int, int], limit: float
) -> None:
    apart = evidence([part(*one, 3), part(*other, 3)], limit)
    together = evidence([part(one[0] + other[0], one[1] + other[1], 3)], limit)
    assert (apart.log_up, apart.log_down) == pytest.approx((together.log_up, together.log_down))


@given(COUNTS, LIMITS, st.integers(1, 300))
def test_one_step_at_the_limit_or_on_its_other_side_wins_nothing_on_average(
    counts: tuple[int, int], limit: float, share: int
) -> None:
    passed, n = counts
    now, *then = (evidence([part(*rows)], limit).log_up for rows in (counts, (passed + 1, n + 1), (passed, n + 1)))
    after, lost = (math.exp(one - now) for one in then)
    rate = limit * share / 300
    assert rate * after + (1 - rate) * lost <= 1 + 1e-9
    assert limit * after + (1 - limit) * lost == pytest.approx(1)


@given(st.integers(1, 14), LIMITS)
def test_one_draw_from_a_population_not_beyond_the_limit_wins_nothing_on_average(population: int, limit: float) -> None:
    def won(passed: int, judged: int) -> float:
        return math.exp(evidence_within(passed, judged, population, limit).log_up)

    for passes in (count for count in range(population + 1) if count / population <= limit):
        for judged in range(population):
            reachable = range(max(0, judged - population + passes), min(passes, judged) + 1)
            for passed in reachable:
                chance = (passes - passed) / (population - judged)
                after = won(passed + 1, judged + 1) if chance > 0 else 0.0
                lost = won(passed, judged + 1) if chance < 1 else 0.0
                assert chance * after + (1 - chance) * lost <= won(passed, judged) * (1 + 1e-9)


SESSIONS = [(passed, rows) for rows in range(1, 5) for passed in range(rows + 1)]


@given(st.lists(st.integers(0, 9), min_size=len(SESSIONS), max_size=len(SESSIONS)).filter(any))
def test_sessions_of_any_law_win_nothing_on_average(weights: list[int]) -> None:
    law = [(passed, rows, weight / sum(weights)) for (passed, rows), weight in zip(SESSIONS, weights, strict=True)]
    rate = sum(passed * chance for passed, _, chance in law) / sum(rows * chance for _, rows, chance in law)
    if 0 < rate < 1:
        counted = [(evidence([part(passed, rows, 4)], rate), chance) for passed, rows, chance in law]
        whole = [(evidence([of_sessions([passed], [rows], 4)], rate), chance) for passed, rows, chance in law]
        for found in (counted, whole):
            assert sum(math.exp(one.log_up) * chance for one, chance in found) <= 1 + 1e-9
            assert sum(math.exp(one.log_down) * chance for one, chance in found) <= 1 + 1e-9


@given(st.lists(st.sampled_from(SESSIONS), min_size=1, max_size=20), LIMITS)
def test_sessions_taken_whole_say_at_least_what_their_counts_do(drawn: list[tuple[int, int]], limit: float) -> None:
    passed, rows = zip(*drawn, strict=True)
    whole, counted = evidence([of_sessions(passed, rows, 4)], limit), evidence([part(sum(passed), sum(rows), 4)], limit)
    assert whole.log_up >= counted.log_up - 1e-9
    assert whole.log_down >= counted.log_down - 1e-9


def test_sessions_of_one_row_are_rows() -> None:
    alone = of_sessions([1, 0, 1, 1], [1, 1, 1, 1], 1)
    assert evidence([alone], 0.6).log_up == pytest.approx(evidence([part(3, 4)], 0.6).log_up)


def test_bets_that_began_at_any_window_win_nothing_on_average() -> None:
    chances = [stats.binom.pmf(range(5), 4, 0.7)] * 3
    won = [
        (
            recent_evidence([part(passed, 4) for passed in three], 0.7),
            math.prod(map(lambda law, k: law[k], chances, three)),
        )
        for three in itertools.product(range(5), repeat=3)
    ]
    assert sum(math.exp(found.log_up) * chance for found, chance in won) == pytest.approx(1)
    assert sum(math.exp(found.log_down) * chance for found, chance in won) == pytest.approx(1)


def test_windows_before_a_change_do_not_drown_it() -> None:
    windows = [*[part(8, 15)] * 8, *[part(12, 15)] * 20]
    assert recent_evidence(windows, 0.75).log_down > math.log(1 / 0.05) > evidence(windows, 0.75).log_down
    assert recent_evidence(windows[8:], 0.75).log_down < 0


@given(COUNTS, LIMITS)
def test_of_one_window_the_recent_evidence_is_all(counts: tuple[int, int], limit: float) -> None:
    assert recent_evidence([part(*counts)], limit) == evidence([part(*counts)], limit)


def looks(end: int) -> list[int]:
    """The rows judged at each look, in whole sessions of four."""
    found = [0]
    while found[-1] < end:
        found.append(min(found[-1] + math.ceil(next_batch(found[-1], 32) / 4) * 4, end))
    return found[1:]


def edge(judged: int, largest: int, population: int | None) -> int:
    """The fewest passes with enough evidence for more than 0.7 at an error of 5 %."""

    def log_up(passed: int) -> float:
        if population is None:
            return evidence([part(passed, judged, largest)], 0.7).log_up
        return evidence_within(passed, judged, population, 0.7).log_up

    return bisect_left(range(judged + 1), -math.log(0.05), key=log_up)


def cumulated(kind: str, at: Sequence[int]) -> Integers:
    """Passes at each look, by stream, where 0.7 pass."""
    generator = np.random.default_rng(1)
    batches = np.diff([0, *at])
    if kind == "a population":
        rows = generator.permuted(np.tile(np.arange(at[-1]) < 0.7 * at[-1], (STREAMS, 1)), axis=1)
        return np.asarray(rows.cumsum(axis=1)[:, np.array(at) - 1])
    if kind == "rows":
        return np.asarray(generator.binomial(batches, 0.7, size=(STREAMS, len(at))).cumsum(axis=1))
    alike = generator.binomial(batches // 4, 0.9, size=(STREAMS, len(at)))
    passed = 4 * generator.binomial(alike, 0.7) + generator.binomial(batches - 4 * alike, 0.7)
    return np.asarray(passed.cumsum(axis=1))


def wrong(kind: str, edges: Sequence[int], at: Sequence[int]) -> float:
    """How surprising it is, from 0 to 1, that so many streams were called above 0.7, should 5 % be right."""
    found = int((cumulated(kind, at) >= np.array(edges)).any(axis=1).sum())
    return float(stats.binomtest(found, STREAMS, 0.05, alternative="greater").pvalue)


@pytest.mark.parametrize(
    ("kind", "largest", "population"), [("rows", 1, None), ("a population", 1, 2000), ("sessions", 4, None)]
)
def test_looking_after_every_batch_errs_no_more_often_than_allowed(
    kind: str, largest: int, population: int | None
) -> None:
    at = looks(2000)
    assert wrong(kind, [edge(judged, largest, population) for judged in at], at) > HAPPENS


def test_evidence_for_rows_errs_too_often_where_those_of_a_session_are_alike() -> None:
    at = looks(2000)
    assert wrong("sessions", [edge(judged, 1, None) for judged in at], at) < HAPPENS


def test_a_fixed_interval_errs_too_often_where_it_is_looked_at_after_every_batch() -> None:
    at = looks(2000)
    lows = [[(wilson(passed, judged, 0.9) or (0, 1))[0] > 0.7 for passed in range(judged + 1)] for judged in at[:12]]
    assert wrong("rows", [flags.index(True) for flags in lows], at[:12]) < HAPPENS


def test_batches_grow_by_a_tenth_from_the_first() -> None:
    assert [next_batch(judged, 30) for judged in (0, 30, 100, 110, 1000)] == [30, 10, 10, 11, 100]


@given(st.integers(1, 1000), st.integers(1, 100_000))
def test_a_batch_is_never_empty_and_never_more_than_the_first_or_a_tenth(first: int, judged: int) -> None:
    assert 1 <= next_batch(judged, first) <= max(first, judged / 10 + 1)


def test_nine_hundred_rows_take_about_thirty_looks() -> None:
    judged, times = 0, 0
    while judged < 900:
        judged, times = judged + next_batch(judged, 30), times + 1
    assert times == 31


@pytest.mark.parametrize("row", [{"levels": (0, 1.5)}, {"counts": (1, -1)}, {"counts": (1,)}, {"largest": 0}])
def test_what_cannot_be_is_refused(row: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"level|session"):
        Part(**({"levels": (0, 1), "counts": (1, 1)} | row))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="from 1 to 3 rows"):
        of_sessions([4.0], [4], 3)
    with pytest.raises(ValueError, match="rise from 0"):
        evidence_within(3, 2, 10, 0.5)
    with pytest.raises(ValueError, match="between 0 and 1"):
        bounds([part(1, 2)], 0.0)
