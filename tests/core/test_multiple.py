import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.stats.multiple import holm

P_VALUES = st.lists(st.floats(0, 1), max_size=30)


def test_holm_agrees_with_published_examples() -> None:
    # pingouin.multicomp's documented example
    assert holm([0.50, 0.003, 0.32, 0.054, 0.0003]) == pytest.approx([0.64, 0.012, 0.64, 0.162, 0.0015])
    # Wright, Biometrics 48 (1992), the rule by hand: a later one is never below an earlier one
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_no_tests_need_no_correction_and_one_is_left_as_it_is() -> None:
    assert holm([]) == []
    assert holm([0.03]) == [0.03]


@pytest.mark.parametrize("wrong", [float("nan"), -0.1, 1.1])
def test_what_is_no_p_value_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        holm([0.5, wrong])


@given(P_VALUES)
@settings(max_examples=100, deadline=None)
def test_corrections_keep_the_order_raise_and_never_pass_one(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    for before, after in zip(p_values, adjusted, strict=True):
        assert before <= after <= min(1, before * len(p_values)) + 1e-12
    for one in range(len(p_values)):
        for other in range(len(p_values)):
            assert p_values[one] > p_values[other] or adjusted[one] <= adjusted[other]
    assert holm(p_values[::-1]) == adjusted[::-1]
