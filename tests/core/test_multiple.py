import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.stats.multiple import false_discovery, holm

P_VALUES = st.lists(st.floats(0, 1), max_size=30)


def test_holm_agrees_with_published_examples() -> None:
    # pingouin.multicomp's documented example
    assert holm([0.50, 0.003, 0.32, 0.054, 0.0003]) == pytest.approx([0.64, 0.012, 0.64, 0.162, 0.0015])
    # Wright, Biometrics 48 (1992), the rule by hand: a later one is never below an earlier one
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_the_false_discovery_rate_agrees_with_its_authors() -> None:
    # Benjamini and Hochberg (1995), 3.2: of 15 tests of thrombolysis, four are rejected at 0.05; Bonferroni finds three
    given_there = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459]
    given_there += [0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000]
    assert sum(value <= 0.05 for value in false_discovery(given_there)) == 4
    assert sum(value <= 0.05 for value in holm(given_there)) == 3


def test_no_tests_need_no_correction_and_one_is_left_as_it_is() -> None:
    assert (holm([]), false_discovery([])) == ([], [])
    assert (holm([0.03]), false_discovery([0.03])) == ([0.03], [0.03])


@pytest.mark.parametrize("wrong", [float("nan"), -0.1, 1.1])
def test_what_is_no_p_value_is_refused(wrong: float) -> None:
    for corrected in (holm, false_discovery):
        with pytest.raises(ValueError, match="from 0 to 1"):
            corrected([0.5, wrong])


@given(P_VALUES)
@settings(max_examples=100, deadline=None)
def test_corrections_keep_the_order_raise_and_never_pass_one(p_values: list[float]) -> None:
    adjusted, discovered = holm(p_values), false_discovery(p_values)
    for before, after, less in zip(p_values, adjusted, discovered, strict=True):
        assert before <= less + 1e-12
        assert less <= after + 1e-12
        assert after <= min(1, before * len(p_values)) + 1e-12
    for one in range(len(p_values)):
        for other in range(len(p_values)):
            assert p_values[one] > p_values[other] or adjusted[one] <= adjusted[other]
    assert holm(p_values[::-1]) == adjusted[::-1]
