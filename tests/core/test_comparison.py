import math
import random
import warnings
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tasks.core.comparison.compare import Comparison, Question, compare, comparison_measures
from tasks.core.comparison.difference import Difference, difference
from tasks.core.comparison.paired import paired_difference
from tasks.core.comparison.verdict import LEAST_SESSIONS, Outcome, Rule, rows_needed, verdict
from tasks.core.stats.sessions import side_of

Floats = npt.NDArray[np.float64]

PASSES = st.lists(st.tuples(st.sampled_from([0.0, 1.0]), st.sampled_from("uvwxyz")), min_size=2, max_size=60)
NUMBERS = st.lists(st.tuples(st.integers(-1000, 1000), st.sampled_from("uvwxyz")), min_size=2, max_size=60)
ROWS = st.one_of(PASSES, NUMBERS)
RULE = Rule(higher_is_better=True, margin=0.1, least_rows=30, confidence=0.95)


def passes(passed: int, n: int) -> Floats:
    return np.repeat([1.0, 0.0], [passed, n - passed])


def numbered(rows: list[tuple[float, str]]) -> tuple[Floats, list[str]]:
    return np.array([value for value, _ in rows], dtype=np.float64), [session for _, session in rows]


def told(found: Difference | None) -> Difference:
    assert found is not None
    assert (found.low is None) is (found.high is None)
    if found.low is not None and found.high is not None:
        assert found.low - 1e-9 <= found.value <= found.high + 1e-9
    figures = (found.value, found.low, found.high, found.p_value, found.variance_a, found.variance_b)
    assert all(math.isfinite(figure) for figure in figures if figure is not None)
    assert found.p_value is None or 0 <= found.p_value <= 1
    assert -1 <= found.correlation <= 1
    return found


def compared(a: list[tuple[float, str]], b: list[tuple[float, str]]) -> Difference:
    (values_a, sessions_a), (values_b, sessions_b) = numbered(a), numbered(b)
    return told(difference(values_a, values_b, sessions_a, sessions_b, confidence=0.95))


def alike(one: float | None, other: float | None) -> bool:
    return one is other if one is None or other is None else one == pytest.approx(other, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(
    ("a", "b", "low", "high"),
    [
        # R. G. Newcombe, Statistics in Medicine 17 (1998), 873, table II, method 10
        ((48, 80), (56, 70), 0.0524, 0.3339),
        ((3, 10), (9, 10), 0.1705, 0.8090),
        ((2, 7), (6, 7), 0.0582, 0.8062),
        ((0, 29), (5, 56), -0.0381, 0.1926),
        ((0, 20), (0, 10), -0.1611, 0.2775),
        ((0, 10), (10, 10), 0.6075, 1.0),
    ],
)
def test_shares_of_rows_on_their_own_have_the_published_intervals(
    a: tuple[int, int], b: tuple[int, int], low: float, high: float
) -> None:
    found = told(difference(passes(*a), passes(*b), None, None, confidence=0.95))
    assert (found.low, found.high) == pytest.approx((low, high), abs=6e-5)


def test_numbers_on_their_own_are_compared_as_welch_does() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(10, 1, 40), rng.normal(11, 3, 25)
    found, known = told(difference(a, b, None, None, confidence=0.9)), stats.ttest_ind(b, a, equal_var=False)
    bounds = known.confidence_interval(0.9)
    assert (found.low, found.high) == pytest.approx((bounds.low, bounds.high))
    assert (found.p_value, found.freedom) == pytest.approx((known.pvalue, known.df))


def test_sessions_of_one_size_are_compared_by_their_means() -> None:
    rng = np.random.default_rng(2)
    a, b = (rng.normal(size=(count, 1)) + rng.normal(size=(count, 6)) for count in (12, 9))
    sessions = [[f"{side}{row}" for row in range(count) for _ in range(6)] for side, count in (("a", 12), ("b", 9))]
    found = told(difference(a.ravel(), b.ravel(), sessions[0], sessions[1], confidence=0.95))
    known = stats.ttest_ind(b.mean(axis=1), a.mean(axis=1), equal_var=False)
    assert (found.p_value, found.freedom) == pytest.approx((known.pvalue, known.df))
    assert (found.sessions_a, found.sessions_b) == (12, 9)


def test_sessions_of_unequal_size_have_the_error_and_freedom_of_the_general_formula() -> None:
    # CR2 in full matrices, and Bell and McCaffrey's degrees of freedom, for the regression on a constant
    rng = np.random.default_rng(3)
    numbers = np.repeat(np.arange(5), [1, 2, 3, 7, 9])
    values = rng.normal(size=len(numbers)) + numbers
    n = len(values)
    hat = np.full((n, n), 1 / n)
    moves, total = [], 0.0
    for one in range(5):
        rows = numbers == one
        eigen, vectors = np.linalg.eigh(np.eye(rows.sum()) - hat[np.ix_(rows, rows)])
        adjusted = vectors @ np.diag(eigen**-0.5) @ vectors.T
        moves.append((np.eye(n) - hat)[:, rows] @ adjusted @ np.full(rows.sum(), 1 / n))
        total += float((adjusted @ (values - values.mean())[rows]).sum() / n) ** 2
    gram = np.stack(moves) @ np.stack(moves).T
    side = side_of(values, numbers, 5)
    assert side.variance == pytest.approx(total)
    assert side.freedom == pytest.approx(np.trace(gram) ** 2 / (gram**2).sum())


def test_pairs_on_their_own_have_students_interval_and_wilcoxons_p_value() -> None:
    rng = np.random.default_rng(4)
    a = rng.normal(size=40)
    b = a + rng.normal(0.3, 1, 40)
    found, known = told(paired_difference(a, b, None, confidence=0.95)), stats.ttest_rel(b, a)
    bounds = known.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((bounds.low, bounds.high))
    assert found.p_value == pytest.approx(stats.wilcoxon(b - a).pvalue)


def test_pairs_of_passes_have_mcnemars_exact_p_value_and_newcombes_interval() -> None:
    # A. Agresti, Categorical Data Analysis (2002), table 10.1: of 1600, 944 approved of the premier, then 880
    a, b = np.repeat([1.0, 1.0, 0.0, 0.0], [794, 150, 86, 570]), np.repeat([1.0, 0.0, 1.0, 0.0], [794, 150, 86, 570])
    found = told(paired_difference(a, b, None, confidence=0.95))
    assert found.value == pytest.approx(-0.04)
    assert found.p_value == pytest.approx(2 * stats.binom.cdf(86, 236, 0.5))
    assert (found.low, found.high) == pytest.approx((-0.0586, -0.0214), abs=5e-4)


def test_a_few_sessions_of_pairs_change_sign_in_every_way() -> None:
    # three sessions that all lean one way: 2 of the 8 ways are as far
    a, b = np.zeros(9), np.array([1.0, 1, 0, 1, 1, 1, 0, 0, 1])
    found = told(paired_difference(a, b, list("uuuvvvwww"), confidence=0.95))
    assert found.p_value == pytest.approx(0.25)
    assert told(paired_difference(a, b, None, confidence=0.95)).p_value == pytest.approx(2 / 2**6)


def test_one_session_that_leans_shows_nothing() -> None:
    a, b = np.zeros(9), np.array([1.0, 1, 1, 0, 0, 0, 0, 0, 0])
    assert told(paired_difference(a, b, list("uuuvvvwww"), confidence=0.95)).p_value == 1
    assert told(paired_difference(a + 7, b * 2 + 7, list("uuuvvvwww"), confidence=0.95)).p_value == 1


def test_pairs_that_never_differ_show_none_and_still_have_a_width() -> None:
    found = told(paired_difference(passes(25, 50), passes(25, 50), None, confidence=0.95))
    assert (found.value, found.p_value) == (0, 1)
    assert found.high is not None
    assert found.high > 0.02


def test_a_share_is_never_certain_where_every_row_has_passed() -> None:
    alone = told(difference(passes(50, 50), passes(50, 50), None, None, confidence=0.95))
    tens = [f"{row // 10}" for row in range(50)]
    together = told(difference(passes(50, 50), passes(50, 50), tens, [f"b{one}" for one in tens], confidence=0.95))
    assert (alone.value, alone.p_value, together.p_value) == (0, 1, 1)
    assert alone.high == pytest.approx(0.0713, abs=1e-4)
    assert together.high is not None
    assert together.high > 0.3  # nothing tells whether the ten rows of a session fail together


@pytest.mark.parametrize("value", [-7.5, 3.0, 1e100, 1e-200])
def test_values_that_are_all_the_same_show_no_difference_and_have_no_interval(value: float) -> None:
    for found in (
        difference(np.full(40, value), np.full(30, value), None, None, confidence=0.95),
        paired_difference(np.full(40, value), np.full(40, value), None, confidence=0.95),
    ):
        same = told(found)
        assert (same.value, same.p_value, same.low, same.variance_a) == (0, 1, None, 0)
        assert verdict(same, same.p_value, RULE) is Outcome.NO_DIFFERENCE_SHOWN
    other = told(difference(np.full(40, value), np.full(30, value / 2), None, None, confidence=0.95))
    assert other.p_value is not None
    assert other.p_value < 1e-9


def test_pairs_that_are_all_as_far_apart_have_a_p_value_and_no_interval() -> None:
    a = np.arange(40.0)
    found = told(paired_difference(a, a + 2, None, confidence=0.95))
    assert found.value == pytest.approx(2)
    assert found.low is None
    assert verdict(found, found.p_value, RULE) is Outcome.BETTER
    assert verdict(found, found.p_value, replace(RULE, higher_is_better=False)) is Outcome.WORSE


def test_no_values_are_no_difference_and_one_session_has_no_interval() -> None:
    some = np.array([1.0, 0.0, 1.0])
    odd = np.array([math.nan, math.inf])
    for none in (np.array([]), odd):
        assert difference(none, some, None, None, confidence=0.95) is None
        assert difference(some, none, None, None, confidence=0.95) is None
    assert paired_difference(odd, np.array([1.0, 1.0]), None, confidence=0.95) is None
    for sessions, values in ((["x"] * 3, some), (None, np.array([1.0])), (["x"] * 2, np.array([5.0, 9.0]))):
        found = told(difference(values, some, sessions, None, confidence=0.95))
        assert (found.low, found.p_value, found.variance_a, rows_needed(found, RULE)) == (None, None, None, None)
        assert verdict(found, found.p_value, RULE) is Outcome.NOT_ENOUGH_ROWS


def test_a_row_without_a_session_is_on_its_own() -> None:
    values = np.array([1.0, 0.0, 1.0, 1.0, 0.0, 1.0])
    some = told(difference(values, values, ["x", "x", None, None, None, None], None, confidence=0.95))
    assert (some.sessions_a, some.sessions_b) == (5, 6)
    assert some.correlation == 0


def test_values_that_are_not_finite_do_not_count() -> None:
    a, b = np.array([1.0, 5, math.nan, 2, 9]), np.array([math.inf, 4, 8, 1, 3])
    assert told(difference(a, b, None, None, confidence=0.95)).n_a == 4
    assert told(paired_difference(a, b, None, confidence=0.95)).n_a == 3


@given(ROWS, ROWS, st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_order_of_rows_makes_no_difference_and_exchanging_versions_turns_it(
    a: list[tuple[float, str]], b: list[tuple[float, str]], rng: random.Random
) -> None:
    found = compared(a, b)
    again = compared(rng.sample(a, len(a)), rng.sample(b, len(b)))
    turned = compared(b, a)
    for one, other, sign in ((again, found, 1), (turned, found, -1)):
        low, high = (other.low, other.high) if sign > 0 else (other.high, other.low)
        assert alike(one.value, sign * other.value)
        assert alike(one.low, None if low is None else sign * low)
        assert alike(one.high, None if high is None else sign * high)
        assert alike(one.p_value, other.p_value)
        assert alike(one.freedom, other.freedom)


@given(ROWS, ROWS, st.integers(-50, 50))
@settings(max_examples=100, deadline=None)
def test_a_constant_added_to_both_versions_changes_nothing(
    a: list[tuple[float, str]], b: list[tuple[float, str]], added: int
) -> None:
    found = compared(a, b)
    moved = compared([(value + added, session) for value, session in a], [(value + added, s) for value, s in b])
    assert alike(moved.value, found.value)
    if len({value for value, _ in a + b}) > 1:  # all 0 or all 1 may be passes, all 7 may not
        assert alike(moved.low, found.low)
        assert alike(moved.p_value, found.p_value)


@given(ROWS, ROWS, st.integers(2, 4))
@settings(max_examples=100, deadline=None)
def test_copies_of_a_row_in_its_own_session_say_nothing_new(
    a: list[tuple[float, str]], b: list[tuple[float, str]], copies: int
) -> None:
    (values_a, _), (values_b, _) = numbered(a), numbered(b)
    once = told(difference(values_a, values_b, None, None, confidence=0.95))
    sessions = [[f"{side}{row}" for row in range(len(rows))] * copies for side, rows in (("a", a), ("b", b))]
    found = told(
        difference(np.tile(values_a, copies), np.tile(values_b, copies), sessions[0], sessions[1], confidence=0.95)
    )
    assert alike(found.value, once.value)
    if once.freedom is not None and math.isfinite(once.freedom):  # numbers: exactly as much
        assert alike(found.low, once.low)
        assert alike(found.p_value, once.p_value)
    elif once.low is not None and found.low is not None:  # shares: what is known of sessions is estimated
        assert found.low <= once.low + 1e-9


@given(ROWS, ROWS, st.sampled_from([0.5, 0.9, 0.95, 0.99]))
@settings(max_examples=100, deadline=None)
def test_the_p_value_is_below_alpha_where_the_interval_excludes_no_difference(
    a: list[tuple[float, str]], b: list[tuple[float, str]], confidence: float
) -> None:
    (values_a, sessions_a), (values_b, sessions_b) = numbered(a), numbered(b)
    found = told(difference(values_a, values_b, sessions_a, sessions_b, confidence=confidence))
    if found.low is not None and found.high is not None and found.p_value is not None:
        near = min(abs(found.low), abs(found.high)) < 1e-9
        assert near or (found.p_value < 1 - confidence) is (found.low > 0 or found.high < 0)


@given(ROWS, st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_pairs_turn_as_versions_are_exchanged_and_do_not_mind_their_order(
    rows: list[tuple[float, str]], rng: random.Random
) -> None:
    values, sessions = numbered(rows)
    others = np.array(rng.sample(values.tolist(), len(values)))
    found = told(paired_difference(values, others, sessions, confidence=0.95))
    turned = told(paired_difference(others, values, sessions, confidence=0.95))
    order = rng.sample(range(len(values)), len(values))
    again = told(paired_difference(values[order], others[order], [sessions[place] for place in order], confidence=0.95))
    assert alike(turned.value, -found.value)
    assert alike(turned.low, None if found.high is None else -found.high)
    for one in (turned, again):
        assert alike(one.p_value, found.p_value)
    assert told(paired_difference(values, values, sessions, confidence=0.95)).value == 0


def drawn(rng: np.random.Generator, share: float, sessions: int, size: int) -> tuple[Floats, list[str]]:
    """Rows of sessions whose correlation is 0.3, none where a session has one row."""
    rows = 1 + rng.geometric(1 / (size - 1), sessions) if size > 1 else np.ones(sessions, dtype=np.int64)
    rate = rng.beta(share * 7 / 3, (1 - share) * 7 / 3, sessions) if size > 1 else np.full(sessions, share)
    own = np.repeat(np.arange(sessions), rows)
    return (rng.random(len(own)) < rate[own]).astype(np.float64), own.astype(str).tolist()


@pytest.mark.parametrize(
    ("share_a", "share_b", "sessions", "size"),
    [(0.98, 0.98, 50, 1), (0.98, 0.9, 50, 1), (0.95, 0.9, 20, 10), (0.7, 0.7, 20, 10), (0.98, 0.98, 50, 10)],
)
def test_nineteen_of_twenty_intervals_hold_the_truth(share_a: float, share_b: float, sessions: int, size: int) -> None:
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(400):
        (a, own_a), (b, own_b) = drawn(rng, share_a, sessions, size), drawn(rng, share_b, sessions, size)
        found = told(difference(a, b, own_a, [f"b{one}" for one in own_b], confidence=0.95))
        held += found.low is not None and found.high is not None and found.low <= share_b - share_a <= found.high
    assert held >= 0.93 * 400


def test_the_rows_needed_give_the_power_that_was_promised() -> None:
    rng = np.random.default_rng(6)
    pilot = told(difference(passes(80, 100), passes(75, 100), None, None, confidence=0.95))
    more = rows_needed(pilot, RULE)
    assert more is not None
    assert 100 < more < 300
    seen = rng.binomial(100 + more, [[0.82], [0.72]], (2, 300)).T
    below = [
        told(difference(passes(a, 100 + more), passes(b, 100 + more), None, None, confidence=0.95)).p_value or 1.0
        for a, b in seen
    ]
    assert sum(value < 0.05 for value in below) / 300 == pytest.approx(0.8, abs=0.07)


def test_rows_are_needed_up_to_the_least_and_up_to_five_sessions() -> None:
    rule = replace(RULE, margin=100.0)
    few = told(difference(np.arange(10.0), np.arange(20.0), None, None, confidence=0.95))
    assert rows_needed(few, rule) == 20
    four = [f"{row % 4}" for row in range(40)]
    packed = told(difference(np.arange(40.0), np.arange(40.0), four, None, confidence=0.95))
    assert rows_needed(packed, rule) == 10 * (LEAST_SESSIONS - 4)
    assert verdict(packed, packed.p_value, rule) is Outcome.NOT_ENOUGH_ROWS


@given(ROWS, ROWS, st.floats(0.01, 100), st.integers(1, 20))
@settings(max_examples=100, deadline=None)
def test_a_smaller_margin_and_more_tests_need_no_fewer_rows(
    a: list[tuple[float, str]], b: list[tuple[float, str]], margin: float, tests: int
) -> None:
    found = compared(a, b)
    needed, stricter, finer = (
        rows_needed(found, replace(RULE, margin=one, tests=many))
        for one, many in ((margin, 1), (margin, tests), (margin / 2, 1))
    )
    if needed is None or stricter is None or finer is None:
        assert found.variance_a is None
    else:
        assert 0 <= needed <= stricter
        assert needed <= finer


@pytest.mark.parametrize("margin", [0.0, 1e-12])
def test_a_margin_that_no_rows_could_show_needs_rows_that_cannot_be_told(margin: float) -> None:
    found = told(difference(passes(20, 40), passes(21, 40), None, None, confidence=0.95))
    assert rows_needed(found, replace(RULE, margin=margin)) is None


def question(found: Difference | None, **changes: str | float | bool) -> Question:
    asked = Question(
        subject="coherence",
        measure="pass_rate",
        unit="share",
        a="gpt-4o-mini-1",
        b="gpt-4o-mini-2",
        difference=found,
        higher_is_better=True,
        margin=0.1,
    )
    return replace(asked, **changes)  # type: ignore[arg-type]


def answered(*questions: Question) -> list[Comparison]:
    return compare(questions, confidence=0.95, least_rows=30)


def shares(a: tuple[int, int], b: tuple[int, int]) -> Difference:
    return told(difference(passes(*a), passes(*b), None, None, confidence=0.95))


def test_a_comparison_is_one_sentence_with_its_figures() -> None:
    worse, better, none, few, nothing = (
        answered(question(found))[0]
        for found in (
            shares((180, 200), (158, 210)),
            shares((158, 210), (180, 200)),
            shares((720, 800), (718, 800)),
            shares((30, 40), (29, 40)),
            None,
        )
    )
    assert worse.sentence == (
        "coherence pass rate of gpt-4o-mini-2 is 0.15 below that of gpt-4o-mini-1 "
        "(0.075 to 0.22, n = 210 and 200, p < 0.001): worse"
    )
    assert better.sentence == (
        "coherence pass rate of gpt-4o-mini-2 is 0.15 above that of gpt-4o-mini-1 "
        "(0.075 to 0.22, n = 200 and 210, p < 0.001): better"
    )
    assert (none.verdict, none.rows_needed) == (Outcome.NO_DIFFERENCE_SHOWN, 0)
    assert none.sentence.endswith("n = 800 and 800, p = 0.868): no difference shown")
    assert few.verdict is Outcome.NOT_ENOUGH_ROWS
    assert few.sentence.endswith(f"not enough rows, {few.rows_needed} more on each side are needed")
    assert "0.21 below to 0.16 above" in few.sentence
    assert (nothing.verdict, nothing.rows_needed) == (Outcome.NOT_ENOUGH_ROWS, None)
    assert nothing.sentence == (
        "coherence pass rate of gpt-4o-mini-2 cannot be compared with that of gpt-4o-mini-1, "
        "one of them has no values: not enough rows"
    )


def test_fewer_seconds_are_better() -> None:
    rng = np.random.default_rng(7)
    found = told(difference(rng.normal(2000, 100, 50), rng.normal(1500, 100, 50), None, None, confidence=0.95))
    faster = answered(question(found, subject="latency_ms", measure="mean", higher_is_better=False))[0]
    assert faster.verdict is Outcome.BETTER
    assert faster.sentence.startswith("latency_ms mean of gpt-4o-mini-2 is 476 below")


def test_questions_asked_together_are_corrected_and_those_without_rows_are_not_counted() -> None:
    near = shares((180, 200), (164, 200))
    assert near.p_value is not None
    assert 0.01 < near.p_value < 0.025
    alone = answered(question(near))[0]
    assert alone.verdict is Outcome.WORSE
    few = answered(question(near), question(shares((2, 2), (2, 3))), question(None))
    assert [one.p_value for one in few] == [alone.p_value, None, None]
    same = shares((180, 200), (180, 200))
    many = answered(question(same), question(near), question(same), question(same))
    assert many[1].p_value == pytest.approx(4 * near.p_value)
    assert many[1].verdict is not Outcome.WORSE


def test_ranks_alone_do_not_make_a_version_better() -> None:
    a = np.zeros(60)
    b = np.concatenate([np.linspace(1, 2, 55), np.full(5, -40.0)])
    found = told(paired_difference(a, b, None, confidence=0.95))
    assert found.p_value is not None
    assert found.p_value < 0.05
    assert found.value < 0
    assert verdict(found, found.p_value, RULE) is Outcome.NOT_ENOUGH_ROWS


def test_names_of_versions_are_cut_in_sentences_and_kept_elsewhere() -> None:
    hostile = "x\n" * 5000
    one = answered(question(shares((180, 200), (158, 210)), b=hostile))[0]
    assert one.b == hostile
    assert len(one.sentence) < 250
    assert "\n" not in one.sentence


def test_a_comparison_becomes_three_measures_that_name_both_versions() -> None:
    found = shares((180, 200), (158, 210))
    measures = comparison_measures(answered(question(found), question(None)), "model_version")
    assert [one.address for one in measures[:3]] == [
        f"comparison.coherence.pass_rate_{name}[model_version=gpt-4o-mini-2 vs gpt-4o-mini-1]"
        for name in ("difference", "p_value", "rows_needed")
    ]
    assert [(one.value, one.low, one.high, one.n, one.unit) for one in measures[:3]] == [
        (found.value, found.low, found.high, 410, "share"),
        (found.p_value, None, None, 410, "ratio"),
        (0.0, None, None, 410, "rows"),
    ]
    assert [(one.value, one.n) for one in measures[3:]] == [(None, 0)] * 3


def test_large_and_small_numbers_give_figures_and_no_warning() -> None:
    rng = np.random.default_rng(8)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for scale in (1e-160, 1e-9, 1.0, 1e9, 1e140):
            a, b = rng.normal(1, 1, 40) * scale, rng.normal(3, 1, 40) * scale
            found = told(difference(a, b, None, None, confidence=0.95))
            assert found.value == pytest.approx(2 * scale, rel=0.3)
            assert found.p_value is not None
            assert found.p_value < 1e-6


ODD = st.sampled_from([[0.0, 1.0], [5.0], [1e-300, 3.0, 1e149], [0.0, 1.0, 2.0], [-1e150, 1e150], [math.nan, 1.0, 0.0]])


@given(ODD, st.integers(0, 2**32), st.sampled_from([None, "x", "xyz"]))
@settings(max_examples=200, deadline=None)
def test_any_values_give_figures_or_none(pool: list[float], seed: int, names: str | None) -> None:
    rng = np.random.default_rng(seed)
    n, m = (int(count) for count in rng.integers(1, 30, 2))
    a, b = rng.choice(pool, n), rng.choice(pool, m)
    own_a, own_b = (None if names is None else rng.choice(list(names), count).tolist() for count in (n, m))
    least = min(n, m)
    for found in (
        difference(a, b, own_a, own_b, confidence=0.95),
        paired_difference(a[:least], b[:least], None if own_a is None else own_a[:least], confidence=0.95),
    ):
        needed = rows_needed(found, RULE)
        assert found is None or told(found).n_a <= n
        assert needed is None or needed >= 0
