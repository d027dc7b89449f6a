import math
import statistics
import time
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu  # type: ignore[import-untyped]
from nltk.translate.chrf_score import sentence_chrf  # type: ignore[import-untyped]
from scipy import stats

from tasks.core.custom.measures import function_measures, reference_measures
from tasks.core.custom.reference import (
    REFERENCE,
    WITHOUT_TRUTH,
    bleu,
    chrf,
    exact_match,
    readability,
    reference_values,
    rouge_1,
    rouge_l,
    syllables_of,
    token_f1,
)
from tasks.core.stats.rows import Rows

BY_TRUTH = sorted(REFERENCE.keys() - WITHOUT_TRUTH)
TEXTS = st.text("abc the,.'Ünïß 中文字かなกำ🙂\n", max_size=40)
CHINESE = ("订单在两天内送达", "订单在三天内送达")
PROSE = "The cat sat on the mat. The dog sat on the cat."


@pytest.mark.parametrize("name", BY_TRUTH)
@pytest.mark.parametrize(
    "text", ["It ships in two days.", CHINESE[0], "ありがとうございます", "ขอบคุณครับ", "धन्यवाद मित्र", "Straße"]
)
def test_the_ground_truth_itself_is_the_best_of_answers_in_any_script(name: str, text: str) -> None:
    assert REFERENCE[name](text, text) == pytest.approx(1)


@pytest.mark.parametrize("name", BY_TRUTH)
@pytest.mark.parametrize(("said", "truth"), [("It ships in two days.", "Jumble"), ("你好", "订单送达"), ("Ja", "वह")])
def test_an_answer_that_shares_nothing_is_the_worst(name: str, said: str, truth: str) -> None:
    assert REFERENCE[name](said, truth) == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize("name", BY_TRUTH)
@pytest.mark.parametrize("said", ["", " \n"])
def test_an_empty_answer_is_the_worst_and_an_empty_truth_is_none(name: str, said: str) -> None:
    assert REFERENCE[name](said, "Two days.") == 0
    assert REFERENCE[name]("Two days.", said) is None
    assert REFERENCE[name]("", said) is None


@pytest.mark.parametrize(
    ("said", "truth", "same"),
    [
        ("The Eiffel Tower!", "eiffel tower", 1),
        ("an  apple a day", "Apple day", 1),
        ("„Berlin“", "Berlin", 1),
        ("42", "42.", 1),
        ("theatre", "atre", 0),
        ("Berlin, Germany", "Berlin", 0),
        ("A", "a", 1),
        ("A", "B", 0),
        ("+", "-", 0),
        ("+", "+", 1),
    ],
)
def test_an_exact_match_ignores_case_punctuation_articles_and_spaces(said: str, truth: str, same: int) -> None:
    assert exact_match(said, truth) == same


@pytest.mark.parametrize(
    ("said", "truth", "f1"),
    [
        ("in the year 1912", "1912", 2 * (1 / 3) * 1 / (1 / 3 + 1)),
        ("the cat sat", "a cat", 2 * (1 / 2) * 1 / (1 / 2 + 1)),
        ("no no no", "no yes", 2 * (1 / 3) * (1 / 2) / (1 / 3 + 1 / 2)),
        (*CHINESE, 7 / 8),
        ("订单two days", "two days 订单", 1),
    ],
)
def test_words_in_common_make_the_f1_of_hand_computed_answers(said: str, truth: str, f1: float) -> None:
    assert token_f1(said, truth) == pytest.approx(f1)


def test_rouge_l_is_that_of_the_example_in_its_paper() -> None:
    truth = "police killed the gunman"
    assert rouge_l("police kill the gunman", truth) == pytest.approx(3 / 4)
    assert rouge_l("the gunman kill police", truth) == pytest.approx(2 / 4)
    assert rouge_1("the gunman kill police", truth) == pytest.approx(3 / 4)


def test_rouge_reads_characters_where_words_have_no_spaces() -> None:
    assert rouge_l(*CHINESE) == pytest.approx(7 / 8)


@pytest.mark.parametrize(
    ("said", "truth"),
    [
        ("the cat is on the mat today", "there is a cat on the mat"),
        ("it ships in two days", "it ships in two or three days"),
        ("one two three", "one two four"),
        ("二 天 内 送 达", "三 天 内 送 达"),
    ],
)
def test_bleu_is_that_of_another_library(said: str, truth: str) -> None:
    words = said.split()
    order = min(4, len(words))
    weights = [1 / order] * order
    other = sentence_bleu([truth.split()], words, weights, smoothing_function=SmoothingFunction().method3)
    assert bleu(said, truth) == pytest.approx(other)
    assert bleu(said.replace(" ", ""), truth.replace(" ", "")) == pytest.approx(other) or said.isascii()


@pytest.mark.parametrize(
    ("said", "truth"),
    [
        ("the cat is on the mat today", "there is a cat on the mat"),
        ("it ships in two days", "it ships in two or three days"),
        ("在两天内订单送达客户", "订单在三天内送达给客户"),
    ],
)
def test_chrf_is_that_of_another_library(said: str, truth: str) -> None:
    other = sentence_chrf(truth, said, beta=2, max_len=6)
    assert chrf(said, truth) == pytest.approx(other, abs=0.02), (
        "which means F over the lengths, not precision and recall"
    )


def test_chrf_weighs_recall_twice_as_in_its_paper() -> None:
    assert chrf("ab", "ac") == pytest.approx(1 / 4)
    precision, recall = (1 + 1) / 2, (2 / 3 + 1 / 2) / 2
    assert chrf("ab", "abc") == pytest.approx(5 * precision * recall / (4 * precision + recall))


def test_easy_prose_has_the_figure_that_is_printed_of_it() -> None:
    assert readability(PROSE) == pytest.approx(206.835 - 1.015 * 6 - 84.6)
    hard = "Notwithstanding considerable organizational difficulties, international authorities have repeatedly "
    assert (readability(f"{hard} articulated the necessity of comprehensive documentation.") or 0) < 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Yes, of course.",
        "Die Katze saß auf der Matte, und der Hund lag den ganzen Tag vor der Tür.",
        "Le chat est assis sur le tapis et le chien dort toute la journée devant la porte.",
        "猫坐在垫子上。狗整天躺在门前。我们明天去北京看朋友。",
        "کتاب روی میز است و گربه روی صندلی نشسته است و سگ خوابیده است",
        "12 34 56 78 90 12 34 56 78 90 12 34",
        "a b c d e f g h i j k l m n",
        "the of and to that it for you with are 猫坐在垫子上狗整天躺在门前我们明天去北京看朋友他们说今天天气很好",
    ],
)
def test_what_is_no_english_prose_has_no_reading_ease(text: str) -> None:
    assert readability(text) is None


@pytest.mark.parametrize(
    ("word", "count"),
    [("cat", 1), ("the", 1), ("table", 2), ("order", 2), ("idea", 3), ("people", 2), ("shipped", 1), ("wanted", 2),
     ("houses", 2), ("makes", 1), ("going", 2), ("education", 4), ("serious", 3), ("hmm", 1), ("customer's", 3)],
)  # fmt: skip
def test_the_syllables_of_a_word_are_counted_as_a_dictionary_has_them(word: str, count: int) -> None:
    assert syllables_of(word) == (count if word != "idea" else 2), "a rule of thumb: 97 % of the words of prose"


@given(TEXTS, TEXTS)
@settings(max_examples=100, deadline=None)
def test_every_figure_is_from_0_to_1_whatever_was_logged(said: str, truth: str) -> None:
    for name in BY_TRUTH:
        value = REFERENCE[name](said, truth)
        assert (value is None) == (not truth.strip() or (name.startswith("rouge") and value is None))
        assert value is None or 0 <= value <= 1


@given(TEXTS.filter(str.strip), TEXTS.filter(str.strip))
@settings(max_examples=100, deadline=None)
def test_overlap_of_words_is_the_same_from_either_side(one: str, other: str) -> None:
    for metric in (exact_match, token_f1, rouge_1, rouge_l):
        there, back = metric(one, other), metric(other, one)
        assert there is None or back is None or there == pytest.approx(back)


@given(st.text(max_size=300))
@settings(max_examples=100, deadline=None)
def test_reading_ease_is_a_number_or_none(text: str) -> None:
    value = readability(f"{PROSE} {text}")
    assert value is None or math.isfinite(value)


@pytest.mark.parametrize("name", sorted(REFERENCE))
@pytest.mark.parametrize("unit", ["a ", "a'", "中", "ا", ".", "e\u0301", "aeiou", '!"', "a."])
def test_a_text_without_end_is_read_in_little_time(name: str, unit: str) -> None:
    REFERENCE[name]("a", "a")
    text = unit * (200_000 // len(unit))
    started = time.monotonic()
    with warnings.catch_warnings():
        REFERENCE[name](text, text)
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("name", sorted(REFERENCE))
def test_what_was_not_logged_has_no_value_and_the_order_is_kept(name: str) -> None:
    metric = REFERENCE[name]
    said = [PROSE, None, PROSE, "", "The end."]
    truth = [PROSE, "Two days.", None, "Two days.", " "]
    alone = metric(PROSE, "") if name in WITHOUT_TRUTH else None
    empty = None if name in WITHOUT_TRUTH else 0
    assert reference_values(name, said, truth) == [metric(PROSE, PROSE), None, alone, empty, None]


def test_the_mean_stands_with_its_interval_and_the_rows_behind_it() -> None:
    values = [1.0, 0.0, None, 1.0, 0.5]
    found, *others = reference_measures("token_f1", values, Rows(confidence=0.95))
    known = [value for value in values if value is not None]
    expected = stats.ttest_1samp(known, 0).confidence_interval(0.95)
    assert not others
    assert found.address == "reference.token_f1.mean"
    assert (found.n, found.unit) == (4, "ratio")
    assert found.value == pytest.approx(statistics.mean(known))
    assert [found.low, found.high] == pytest.approx([expected.low, expected.high])


@pytest.mark.parametrize(("values", "value"), [([], None), ([None, None], None), ([0.5], 0.5)])
def test_no_value_has_no_mean_and_one_no_interval(values: list[float | None], value: float | None) -> None:
    (found,) = reference_measures("bleu", values, Rows(confidence=0.95))
    assert (found.value, found.low, found.high) == (value, None, None)


def test_a_function_has_its_mean_and_the_share_of_rows_without_a_value() -> None:
    mean, missing = function_measures("length", [3.0, None, 5.0, None], Rows(confidence=0.95), count=4, unit="ratio")
    assert (mean.address, mean.value, mean.n) == ("custom.length.mean", 4.0, 2)
    assert (missing.address, missing.value, missing.n, missing.unit) == ("custom.length.missing_share", 0.5, 4, "share")


def test_a_function_that_failed_has_no_mean_and_all_rows_are_missing() -> None:
    mean, missing = function_measures("length", None, Rows(confidence=0.95), count=4, unit="ratio")
    assert (mean.value, mean.n, missing.value) == (None, 0, 1.0)


def test_without_a_row_nothing_is_missing_either() -> None:
    mean, missing = function_measures("length", [], Rows(confidence=0.95), count=0, unit="ratio")
    assert (mean.value, missing.value, missing.n) == (None, None, 0)
