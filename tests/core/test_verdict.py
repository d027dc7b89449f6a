import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from configs.load import built_in_metrics
from tasks.core.decide import Rule
from tasks.core.measure import Measure
from tasks.core.quality.pass_rate import Drawn, Tally, quality_measures
from tasks.core.stats.rows import Rows
from tasks.core.verdict import Direction, State, Threshold, Verdict
from tests.builders import judged

RELEVANCE = built_in_metrics()["relevance"].metric(3)

INTERVAL = Rule(by_interval=True, min_n=30, min_coverage=0.9)
ESTIMATE = Rule(by_interval=False, min_n=1, min_coverage=None)


def verdict(histogram: dict[int, int], limit: float, rule: Rule = INTERVAL, unscored: int = 0) -> Verdict:
    rows = Tally(histogram=histogram, unscored={"timeout": unscored}, not_applicable=0, not_asked={})
    threshold = Threshold(address="quality.relevance.pass_rate", limit=limit, direction=Direction.MIN)
    return judged(threshold, quality_measures(RELEVANCE, rows, Drawn(rows=Rows(confidence=0.95))), rule)


@pytest.mark.parametrize(
    ("histogram", "state"),
    [
        ({5: 95, 1: 5}, State.OK),
        ({5: 50, 1: 50}, State.BREACH),
        ({5: 72, 1: 28}, State.UNDECIDED),
        ({}, State.NO_DATA),
    ],
)
def test_the_whole_interval_must_lie_on_one_side(histogram: dict[int, int], state: State) -> None:
    assert verdict(histogram, 0.7).state is state


def test_by_estimate_the_plain_comparison_decides() -> None:
    assert verdict({5: 72, 1: 28}, 0.7, ESTIMATE).state is State.OK
    assert verdict({5: 69, 1: 31}, 0.7, ESTIMATE).state is State.BREACH
    assert verdict({5: 7, 1: 3}, 0.7, ESTIMATE).state is State.OK


def test_ninety_nine_failed_judgements_and_one_five_are_undecided() -> None:
    found = verdict({5: 1}, 0.7, unscored=99)
    assert found.state is State.UNDECIDED
    assert "only 1% of the asked were scored" in found.explanation


def test_too_few_rows_are_undecided_however_clear_they_look() -> None:
    found = verdict({5: 29}, 0.5)
    assert found.state is State.UNDECIDED
    assert "fewer than 30 rows" in found.explanation


def test_missing_scores_that_could_not_change_the_verdict_do_not_hold_it_up() -> None:
    assert verdict({5: 80}, 0.7, unscored=20).state is State.OK
    assert verdict({1: 80}, 0.7, unscored=20).state is State.BREACH
    assert verdict({5: 60, 1: 20}, 0.7, unscored=20).state is State.UNDECIDED


def test_a_count_of_everything_is_compared_as_it_stands() -> None:
    share = Measure(signal="operations", subject="records", measure="quarantined_share", value=0.06, n=50, unit="share")
    threshold = Threshold(address=share.address, limit=0.05, direction=Direction.MAX)
    assert judged(threshold, [share], INTERVAL).state is State.BREACH
    at_the_limit = Threshold(address=share.address, limit=0.06, direction=Direction.MAX)
    assert judged(at_the_limit, [share], INTERVAL).state is State.OK


def test_the_explanation_holds_the_figures() -> None:
    found = verdict({5: 50, 1: 50}, 0.7)
    expected = "relevance pass rate 0.500 (0.398 to 0.602, 100 scored of 100 asked) is below 0.7: breach"
    assert found.explanation == expected
    assert "nothing was measured" in verdict({}, 0.7).explanation


@given(st.integers(0, 300), st.integers(0, 300), st.floats(0, 1))
@example(0, 30, 1e-235)
def test_ok_and_breach_are_never_claimed_against_the_estimate(passed: int, failed: int, limit: float) -> None:
    found = verdict({5: passed, 1: failed}, limit)
    if found.state is State.OK:
        assert found.value is not None
        assert found.value >= limit
    if found.state is State.BREACH:
        assert found.value is not None
        assert found.value < limit
