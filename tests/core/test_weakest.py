import random
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tasks.core.segments.weakest import MOST_VALUES, Slice, sentence, weakest

LANGUAGES = ("de", "en", "fr")
TOPICS = ("refunds", "delivery", "account")
ALL = 0.9999  # a rate at which every slice with any chance is told

Pair = tuple[str | None, str | None]
Columns = dict[str, list[str | None]]


def alone(count: int) -> list[str]:
    return [f"s{number}" for number in range(count)]


def counted(parts: Mapping[Pair, tuple[int, int]]) -> tuple[list[bool], Columns]:
    """Rows that passed and rows that failed, by language and topic."""
    passed: list[bool] = []
    columns: Columns = {"language": [], "topic": []}
    for (language, topic), (good, bad) in parts.items():
        passed += [True] * good + [False] * bad
        columns["language"] += [language] * (good + bad)
        columns["topic"] += [topic] * (good + bad)
    return passed, columns


def planted(n: int = 1200, seed: int = 1) -> tuple[list[bool], Columns]:
    """Of German refunds half pass, of all else eight in ten."""
    rng = random.Random(seed)
    columns: Columns = {"language": rng.choices(LANGUAGES, k=n), "topic": rng.choices(TOPICS, k=n)}
    weak = [pair == ("de", "refunds") for pair in zip(columns["language"], columns["topic"], strict=True)]
    return [rng.random() < (0.45 if one else 0.85) for one in weak], columns


def null_window(seed: int, alike: float, *, in_session: bool) -> bool:
    """Whether anything is told of a window in which no slice differs; rows of a session may be alike."""
    rng = np.random.default_rng(seed)
    sizes = rng.pareto(1.5, 150) + 0.5  # a few sessions are long
    sessions = np.sort(rng.choice(150, 900, p=sizes / sizes.sum())) if alike else np.arange(900)
    chance = np.full(900, 0.8)
    if alike:
        chance = rng.beta(0.8 * (1 / alike - 1), 0.2 * (1 / alike - 1), 150)[sessions]
    columns = {}
    for name in "abcd":
        values = rng.choice(5, 900, p=rng.dirichlet(np.full(5, 2.0)))
        columns[name] = [f"v{one}" for one in (values[sessions] if in_session else values)]
    passed = [bool(one) for one in rng.random(900) < chance]
    return bool(weakest(passed, columns, [str(one) for one in sessions]))


def test_a_planted_pair_is_found_and_named() -> None:
    passed, columns = planted()
    found = weakest(passed, columns, alone(1200))
    assert found[0].where == (("language", "de"), ("topic", "refunds"))
    assert found[0].rate < 0.6
    assert found[0].elsewhere > 0.8
    assert found[0].low < 0.45 < found[0].high
    assert found[0].n + found[0].n_elsewhere == 1200
    assert sum(len(one.where) == 2 for one in found) == 1, "pairs beside it add nothing"


def test_the_sentence_is_the_one_that_was_asked_for() -> None:
    where = (("language", "de"), ("topic", "refunds"))
    found = Slice(where=where, rate=0.52, low=0.4, high=0.6, n=84, elsewhere=0.81, n_elsewhere=900, p_value=0.001)
    assert sentence("groundedness", found) == (
        "groundedness 0.52 where language = de and topic = refunds (n = 84), 0.81 elsewhere"
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("x" * 60, "x" * 60),
        ("x" * 61, "x" * 59 + "…"),
        ("a\r\n\x1b[31mb\u202e", "a [31mb"),
        ("\ud800 a", "a"),
        ("", '""'),
        (" \n", '""'),
        ("x" * 1_000_000, "x" * 59 + "…"),
    ],
)
def test_a_value_in_a_sentence_is_short_and_has_no_control_characters(value: str, shown: str) -> None:
    found = Slice(
        where=(("topic", value),), rate=0.5, low=0.4, high=0.6, n=84, elsewhere=0.8, n_elsewhere=900, p_value=0.001
    )
    assert sentence("fluency", found) == f"fluency 0.50 where topic = {shown} (n = 84), 0.80 elsewhere"


def test_rows_on_their_own_are_tested_as_fisher_did() -> None:
    passed, columns = counted({("de", None): (20, 20), ("en", None): (90, 10), ("fr", None): (40, 20)})
    found = {one.where[0][1]: one for one in weakest(passed, columns, alone(200), rate=ALL)}
    tables = {"de": [[20, 20], [130, 30]], "en": [[90, 10], [60, 40]], "fr": [[40, 20], [110, 30]]}
    chances = [stats.fisher_exact(table, alternative="less").pvalue for table in tables.values()]
    expected = dict(zip(tables, stats.false_discovery_control(chances), strict=True))
    for name, one in found.items():
        assert one.p_value == pytest.approx(expected[name], rel=1e-6)
    assert set(found) >= {"de", "fr"}
    assert (found["de"].rate, found["de"].elsewhere) == (0.5, 130 / 160)


def test_the_interval_is_wilsons_at_the_confidence_that_the_search_leaves() -> None:
    passed, columns = counted({("de", None): (20, 20), ("en", None): (190, 10), ("fr", None): (180, 20)})
    (found,) = weakest(passed, columns, alone(440))
    expected = stats.binomtest(20, 40).proportion_ci(confidence_level=1 - 0.05 / 3, method="wilson")
    assert found.low == pytest.approx(expected.low)
    assert found.high == pytest.approx(expected.high)


def test_a_slice_needs_enough_scored_rows_and_as_many_elsewhere() -> None:
    passed, columns = counted({("de", None): (0, 29), ("en", None): (100, 0), ("fr", None): (100, 0)})
    assert weakest(passed, columns, alone(229)) == ()
    assert weakest(passed, columns, alone(229), min_rows=29)[0].where == (("language", "de"),)
    unscored: list[bool | None] = [*passed, *[None] * 50]
    more: Columns = {"language": [*columns["language"], *["de"] * 50]}
    assert weakest(unscored, more, alone(279)) == ()
    passed, columns = counted({("de", None): (0, 200), ("en", None): (29, 0)})
    assert weakest(passed, columns, alone(229)) == ()


def test_null_is_no_slice_but_counts_elsewhere() -> None:
    passed, columns = counted({(None, None): (10, 90), ("en", None): (100, 0), ("de", None): (60, 40)})
    found = weakest(passed, columns, alone(300))
    assert found == ()
    passed, columns = counted({(None, None): (95, 5), ("en", None): (100, 0), ("de", None): (60, 40)})
    (only,) = weakest(passed, columns, alone(300))
    assert (only.where, only.n_elsewhere) == ((("language", "de"),), 200)


def test_a_pair_that_is_no_worse_than_its_single_slices_is_not_told() -> None:
    parts: dict[Pair, tuple[int, int]] = {}
    for topic in TOPICS:
        parts |= {("de", topic): (25, 25), ("en", topic): (90, 10), ("fr", topic): (90, 10)}
    passed, columns = counted(parts)
    assert [one.where for one in weakest(passed, columns, alone(750))] == [(("language", "de"),)]


def test_rare_values_are_never_told_nor_are_those_beyond_the_most_frequent() -> None:
    passed = [False] * 40 + [True] * 50 * MOST_VALUES
    values: list[str | None] = ["rare"] * 40
    values += [f"v{number}" for number in range(MOST_VALUES) for _ in range(50)]
    assert weakest(passed, {"a": values}, alone(len(passed))) == ()
    assert weakest(passed[:-50], {"a": values[:-50]}, alone(len(passed) - 50))[0].where == (("a", "rare"),)
    each: list[str | None] = list(alone(len(passed)))
    assert weakest(passed, {"a": each}, alone(len(passed))) == ()


def test_where_all_rows_are_the_same_no_slice_is_weak() -> None:
    for outcome in (True, False, None):
        assert weakest([outcome] * 100, {"a": ["x"] * 50 + ["y"] * 50}, alone(100)) == ()


def test_nothing_is_told_of_nothing() -> None:
    assert weakest([], {}, []) == ()
    assert weakest([], {"a": []}, []) == ()
    assert weakest([True, False] * 50, {}, alone(100)) == ()
    assert weakest([True, False] * 50, {"a": [None] * 100}, alone(100)) == ()
    assert weakest([True, False] * 50, {"a": ["x"] * 100}, alone(100)) == ()
    assert weakest([True, False], {"a": ["x", "y"]}, alone(2), min_rows=0) == ()


def test_one_session_tells_nothing() -> None:
    passed, columns = planted()
    assert weakest(passed, columns, ["s"] * 1200) == ()


def test_a_slice_of_one_long_session_is_not_told_although_its_rows_are_many() -> None:
    passed, columns = counted({("de", None): (0, 40), ("en", None): (900, 100)})
    assert weakest(passed, columns, alone(1040)) != ()
    assert weakest(passed, columns, ["one"] * 40 + alone(1000)) == ()


def test_sessions_whose_rows_are_all_the_same_count_once() -> None:
    passed, columns = counted({("de", None): (20, 20), ("en", None): (90, 10), ("fr", None): (40, 20)})
    once = weakest(passed, columns, alone(200), rate=ALL)
    again: Columns = {name: values * 4 for name, values in columns.items()}
    assert [one.p_value for one in weakest(passed * 4, again, alone(200) * 4, min_rows=120, rate=ALL)] == [
        one.p_value for one in once
    ]


@given(st.integers(0, 10_000), st.integers(0, 4))
@settings(max_examples=25, deadline=None)
def test_rows_that_are_doubled_in_their_session_make_nothing_surer(seed: int, length: int) -> None:
    passed, columns = planted(300, seed)
    sessions = alone(300)
    if length > 1:
        passed = [one for one in passed for _ in range(length)]
        columns = {name: [one for one in values for _ in range(length)] for name, values in columns.items()}
        sessions = [one for one in sessions for _ in range(length)]
    least = 30 * max(length, 1)
    once = {one.where: one.p_value for one in weakest(passed, columns, sessions, min_rows=least, rate=ALL, most=99)}
    again: Columns = {name: values * 2 for name, values in columns.items()}
    twice = weakest(passed * 2, again, sessions * 2, min_rows=2 * least, rate=ALL, most=99)
    assert once
    assert all(one.p_value >= once[one.where] * (1 - 1e-9) for one in twice if one.where in once)


@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_the_order_of_the_rows_and_the_names_of_values_make_no_difference(seed: int, rng: random.Random) -> None:
    passed, columns = planted(400, seed)
    sessions = [f"s{rng.randrange(100)}" for _ in range(400)]
    found = weakest(passed, columns, sessions, rate=0.5)
    order = rng.sample(range(400), 400)
    shuffled: Columns = {name: [values[at] for at in order] for name, values in reversed(columns.items())}
    assert weakest([passed[at] for at in order], shuffled, [sessions[at] for at in order], rate=0.5) == found
    renamed: Columns = {name: [f"{name} {value}" for value in values] for name, values in columns.items()}
    also = weakest(passed, renamed, [f"session {one}" for one in sessions], rate=0.5)
    expected = [tuple((name, f"{name} {value}") for name, value in one.where) for one in found]
    assert sorted(one.where for one in also) == sorted(expected)
    assert [one.p_value for one in also] == [one.p_value for one in found]


@given(
    st.lists(
        st.tuples(
            st.sampled_from([True, False, None]),
            st.sampled_from(["a", "", None, "🙂"]),
            st.sampled_from(["x", "y", None]),
            st.sampled_from("123456"),
        ),
        max_size=80,
    ),
    st.integers(0, 6),
    st.sampled_from([0.05, 0.5, ALL]),
)
@settings(max_examples=100, deadline=None)
def test_any_window_gives_sound_slices(
    rows: Sequence[tuple[bool | None, str | None, str | None, str]], min_rows: int, rate: float
) -> None:
    passed, first, second, sessions = ([row[at] for row in rows] for at in range(4))
    found = weakest(passed, {"p": first, "q": second}, sessions, min_rows=min_rows, rate=rate)  # type: ignore[arg-type,dict-item]
    scored = sum(one is not None for one in passed)
    for one in found:
        assert 0 <= one.low <= one.rate <= one.high <= 1
        assert 0 <= one.elsewhere <= 1
        assert one.n + one.n_elsewhere == scored
        assert min(one.n, one.n_elsewhere) >= min_rows
        assert 0 <= one.p_value <= rate
        assert len({column for column, _ in one.where}) == len(one.where) <= 2
    assert len({one.where for one in found}) == len(found) <= 5


@pytest.mark.parametrize(("alike", "in_session"), [(0.0, False), (0.3, True), (0.3, False), (0.05, True)])
def test_where_nothing_differs_few_windows_tell_anything(alike: float, in_session: bool) -> None:  # noqa: FBT001
    assert sum(null_window(seed, alike, in_session=in_session) for seed in range(200)) <= 10 + 6


def test_a_pair_is_found_in_twenty_thousand_rows_of_eight_columns() -> None:
    rng = np.random.default_rng(0)
    columns = {f"c{number}": [f"v{one}" for one in rng.integers(0, 20, 20_000)] for number in range(8)}
    weak = (np.array(columns["c1"]) == "v3") & (np.array(columns["c2"]) == "v5")
    passed = [bool(one) for one in rng.random(20_000) < np.where(weak, 0.35, 0.8)]
    found = weakest(passed, columns, [str(one // 5) for one in range(20_000)])
    assert found[0].where == (("c1", "v3"), ("c2", "v5"))
