import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tasks.core.before import Before, pooled
from tasks.core.decide import Case, Rule, decide
from tasks.core.measure import Measure
from tasks.core.quality.pass_rate import Drawn, Tally, quality_measures
from tasks.core.stats.betting import Part
from tasks.core.stats.rows import Rows, mean_among, share_of
from tasks.core.verdict import Against, Direction, Severity, State, Threshold, Verdict
from tests.builders import FLUENCY, judged

RULE = Rule(min_n=10)


def limit(minimum: float = 0.7, address: str = "quality.fluency.pass_rate", **changes: object) -> Threshold:
    return replace(Threshold(address=address, limit=minimum, direction=Direction.MIN), **changes)  # type: ignore[arg-type]


def rate(passed: int, n: int, subject: str = "fluency", segment: str | None = None) -> Measure:
    found = share_of(f"quality.{subject}.pass_rate", passed, n, 0.95)
    return replace(found, segment_by=None if segment is None else "model_version", segment=segment)


def case(measure: Measure, minimum: float = 0.7, **changes: object) -> Case:
    return replace(Case(threshold=limit(minimum, measure.name), measure=measure, rule=RULE), **changes)  # type: ignore[arg-type]


def decided(*cases: Case) -> tuple[Verdict, ...]:
    return decide(cases, {one.measure.address: one.measure for one in cases})


def part(passed: int, n: int, largest: int = 1) -> Part:
    return Part(levels=(0.0, 1.0), counts=(n - passed, passed), largest=largest)


def test_one_clear_breach_is_one_and_the_same_among_twenty_limits_is_not_enough() -> None:
    weak = case(rate(60, 100))
    assert decided(weak)[0].state is State.BREACH
    others = [case(rate(75, 100, f"other_{number}")) for number in range(20)]
    found = decided(weak, *others)[0]
    assert found.state is State.UNDECIDED
    assert "clear alone, but not among 21 limits" in found.explanation


def test_without_a_family_each_limit_is_decided_by_itself() -> None:
    alone = Rule(min_n=10, as_family=False)
    others = [case(rate(75, 100, f"other_{number}"), rule=alone) for number in range(20)]
    assert decided(case(rate(60, 100), rule=alone), *others)[0].state is State.BREACH


def test_segments_are_a_family_of_their_own_with_half_the_error() -> None:
    whole, part_of_it = case(rate(350, 600)), case(rate(20, 50, segment="v2"))
    found = decided(whole, part_of_it)
    assert [one.state for one in found] == [State.BREACH, State.BREACH]
    assert (found[1].segment_by, found[1].segment) == ("model_version", "v2")
    assert found[1].explanation.startswith("fluency pass rate of model_version v2 0.400")
    p_value = 0.02  # enough for a limit alone, not for one of two families
    borderline = stats.norm.ppf(p_value)
    n = 400
    passed = round(n * (0.7 + borderline * math.sqrt(0.7 * 0.3 / n)))
    assert decided(case(rate(passed, n)))[0].state is State.BREACH
    assert decided(case(rate(passed, n)), part_of_it)[0].state is State.UNDECIDED


def test_windows_that_cannot_tell_alone_can_together() -> None:
    alone = case(rate(9, 15))
    assert decided(alone)[0].state is State.UNDECIDED
    parts = [part(9, 15), *[part(8, 15)] * 9]
    together = decided(replace(alone, parts=parts))[0]
    assert together.state is State.BREACH
    assert "with the 9 windows before it 0.540 of 150 rows, is below 0.7: breach" in together.explanation
    assert (together.value, together.n) == (0.6, 15), "the figures stay those of the window"


def test_windows_of_too_few_rows_can_be_enough_together() -> None:
    few = case(rate(2, 8), parts=[part(2, 8)])
    assert "fewer than 10 rows" in decided(few)[0].explanation
    assert decided(replace(few, parts=[part(2, 8)] * 8))[0].state is State.BREACH


def test_a_window_that_decides_alone_needs_no_others() -> None:
    good_before = [part(150, 200), part(148, 200)]
    found = decided(case(rate(40, 200), parts=[part(40, 200), *good_before]))[0]
    assert found.state is State.BREACH
    assert "windows before" not in found.explanation


def test_a_drop_is_held_against_where_the_measure_stood() -> None:
    before = Before(value=0.85, error=0.01, n=1400, windows=7)
    relative = limit(0.05, against=Against(windows=7), severity=Severity.WARNING)
    found = decided(case(rate(140, 200), threshold=relative, before=before))[0]
    assert (found.state, found.severity, found.is_relative) == (State.BREACH, Severity.WARNING, True)
    assert found.limit == pytest.approx(0.8)
    assert "is below 0.800, 0.05 less than the 0.850 of 7 windows before: breach" in found.explanation
    assert decided(case(rate(168, 200), threshold=relative, before=before))[0].state is State.UNDECIDED
    unsure = replace(before, error=0.1)
    assert decided(case(rate(140, 200), threshold=relative, before=unsure))[0].state is State.UNDECIDED


def test_a_drop_from_nothing_is_no_data() -> None:
    relative = limit(0.05, against=Against(windows=7))
    found = decided(case(rate(1, 200), threshold=relative))[0]
    assert found.state is State.NO_DATA
    assert "there is nothing before it to hold it against" in found.explanation


def test_undecided_says_about_how_many_more_rows_would_do() -> None:
    found = decided(case(rate(36, 50)))[0]
    assert found.state is State.UNDECIDED
    assert "more rows would decide" in found.explanation


@pytest.mark.parametrize(("seen", "state"), [(0, State.OK), (1, State.BREACH)])
def test_a_limit_of_none_at_all_goes_by_what_was_seen(seen: int, state: State) -> None:
    leaks = share_of("safety.pii.leaked_share", seen, 200, 0.95)
    none_at_all = Threshold(address=leaks.name, limit=0.0, direction=Direction.MAX)
    assert decided(Case(threshold=none_at_all, measure=leaks, rule=Rule()))[0].state is state


def test_a_most_is_the_mirror_of_a_least() -> None:
    most = Threshold(address="safety.refusals.share", limit=0.3, direction=Direction.MAX)
    for share, state in ((0.1, State.OK), (0.5, State.BREACH), (0.29, State.UNDECIDED)):
        measure = share_of(most.address, round(200 * share), 200, 0.95)
        assert decided(Case(threshold=most, measure=measure, rule=Rule()))[0].state is state


def scored_of(passed: int, failed: int, unscored: int, minimum: float = 0.7) -> Verdict:
    """The verdict on fluency, of which so many judgements failed to come."""
    tally = Tally(histogram={5: passed, 1: failed}, unscored={"timeout": unscored}, not_applicable=0, not_asked={})
    measures = quality_measures(FLUENCY, tally, Drawn(rows=Rows(confidence=0.95)))
    return judged(limit(minimum), measures, replace(RULE, min_coverage=0.9))


def test_missing_scores_make_nothing_surer() -> None:
    assert scored_of(0, 4, 1).state is State.UNDECIDED, "too few, whatever the missing had been"
    assert scored_of(12, 5, 3).state is State.UNDECIDED, "at best 15 of 20, which is no proof"
    assert scored_of(10, 150, 40).state is State.BREACH, "at best 50 of 200"
    assert scored_of(195, 0, 25).state is State.OK, "at worst 195 of 220"
    assert "only 80% of the asked were scored" in scored_of(100, 60, 40).explanation


def test_missing_scores_raise_no_more_false_alarms_than_others() -> None:
    random, wrong, runs = np.random.default_rng(7), 0, 600
    for passed in random.binomial(40, 0.7, runs):
        lost = random.hypergeometric(passed, 40 - passed, 5)
        wrong += scored_of(int(passed - lost), int(40 - passed - 5 + lost), 5).state is State.BREACH
    assert stats.binomtest(int(wrong), runs, 0.025, alternative="greater").pvalue > 0.001


def test_an_estimate_that_tells_of_no_spread_is_no_certainty() -> None:
    one = mean_among("custom.cost.mean", [150.0], Rows(confidence=0.95), "ratio")
    most = Threshold(address=one.name, limit=100.0, direction=Direction.MAX)
    found = decided(Case(threshold=most, measure=one, rule=Rule()))[0]
    assert found.state is State.UNDECIDED
    assert "the rows tell of no spread" in found.explanation
    many = mean_among(one.name, [150.0] * 30, Rows(confidence=0.95), "ratio")
    assert decided(Case(threshold=most, measure=many, rule=Rule()))[0].state is State.BREACH
    talk = mean_among(one.name, [150.0] * 30, Rows(confidence=0.95, sessions=["a"] * 30), "ratio")
    assert decided(Case(threshold=most, measure=talk, rule=Rule()))[0].state is State.UNDECIDED


def test_where_it_stood_is_unsure_after_one_window_without_an_interval() -> None:
    before = Before(value=5.0, error=None, n=3, windows=1)
    relative = limit(0.05, address="quality.fluency.mean", against=Against(windows=7))
    mean = mean_among("quality.fluency.mean", [4.0, 4.5] * 40, Rows(confidence=0.95), "score")
    assert decided(case(mean, threshold=relative, before=before))[0].state is State.UNDECIDED


def test_all_of_the_population_is_compared_as_it_stands() -> None:
    certain = replace(rate(7, 10), low=0.7, high=0.7)
    assert decided(case(certain))[0].state is State.OK


def test_rows_asked_are_told_of_what_counts_scored_rows_alone() -> None:
    tally = Tally(histogram={5: 30}, unscored={"timeout": 10}, not_applicable=0, not_asked={})
    measures = quality_measures(FLUENCY, tally, Drawn(rows=Rows(confidence=0.95)))
    coverage = judged(limit(0.9, address="quality.fluency.coverage"), measures, RULE)
    assert coverage.explanation == "fluency coverage 0.750 (n = 40) is below 0.9: breach"
    assert "30 scored of 40 asked" in judged(limit(), measures, RULE).explanation


def test_hostile_segments_stay_on_one_line() -> None:
    found = decided(case(rate(20, 50, segment="v2\n\x1b[31mALL GOOD")))[0]
    assert "\n" not in found.explanation
    assert "\x1b" not in found.explanation


RATES = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(st.lists(RATES, min_size=1, max_size=8), st.floats(0.05, 0.95))
def test_a_family_decides_nothing_that_its_members_would_not_alone(rates: Sequence[tuple[int, int]], at: float) -> None:
    cases = [case(rate(*one, f"m{number}"), at) for number, one in enumerate(rates)]
    together = decided(*cases)
    for one, found in zip(cases, together, strict=True):
        (alone,) = decided(one)
        assert found.state in {alone.state, State.UNDECIDED}


@given(RATES, st.floats(0.05, 0.95))
def test_a_verdict_alone_is_that_of_the_interval(found: tuple[int, int], at: float) -> None:
    measure = rate(*found)
    state = decided(case(measure, at))[0].state
    assert measure.low is not None
    assert measure.high is not None
    if found[1] >= RULE.min_n and min(abs(measure.low - at), abs(measure.high - at)) > 1e-9:
        expected = State.OK if measure.low >= at else State.BREACH if measure.high < at else State.UNDECIDED
        assert state is expected


@given(st.lists(RATES, min_size=1, max_size=9))
def test_where_a_measure_stood_lies_among_its_windows_and_is_surer_the_more_rows(
    windows: Sequence[tuple[int, int]],
) -> None:
    measures = [rate(*one) for one in windows]
    found = pooled(measures, 0.95)
    assert found is not None
    values = [one.value for one in measures if one.value is not None]
    assert min(values) - 1e-9 <= found.value <= max(values) + 1e-9
    assert found.n == sum(n for _, n in windows)
    again = pooled([*measures, *measures], 0.95)
    assert again is not None
    assert found.error is not None
    assert again.error is not None
    assert again.error < found.error


def test_windows_without_a_value_are_no_part_of_where_it_stood() -> None:
    assert pooled([rate(0, 0)], 0.95) is None
    assert pooled([rate(0, 0), rate(3, 4)], 0.95) == pooled([rate(3, 4)], 0.95)


def test_false_alarms_of_a_run_of_many_limits_are_at_most_five_percent() -> None:
    random = np.random.default_rng(6)
    runs = 400
    wrong = sum(
        any(
            one.state is State.BREACH
            for one in decided(
                *(case(rate(int(p), 200, f"m{at}")) for at, p in enumerate(random.binomial(200, 0.7, 20)))
            )
        )
        for _ in range(runs)
    )
    assert stats.binomtest(wrong, runs, 0.05, alternative="greater").pvalue > 0.001
