from itertools import pairwise
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.drift.words import (
    COMMONEST,
    LONGEST_CHARACTERS,
    LONGEST_WORD,
    STOP_WORDS,
    content_words,
    words,
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Don't send 3 of 1,000!", ["don't", "send", "of"]),
        ("It’s on example.com", ["it's", "on", "example.com"]),
        ("naïve CAFE\u0301 Straße ﬁne", ["naïve", "café", "strasse", "fine"]),
        ("Я не знаю", ["я", "не", "знаю"]),
        ("한국어는 띄어쓰기", ["한국어는", "띄어쓰기"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("لغة جديدة", ["لغة", "جديدة"]),
        ("ＡＢＣ ｶﾀｶﾅ", ["abc", "カタ", "タカ", "カナ"]),
        ("我的iPhone手机", ["我的", "iphone", "手机"]),
        ("水 a 火", ["水", "a", "火"]),
        ("データー", ["デー", "ータ", "ター"]),
        ("สวัสดี", ["สวั", "วัส", "สดี"]),
        ("ພາສາ", ["ພາ", "າສ", "ສາ"]),
        ("ខ្មែរ", ["ខ្មែរ"]),
        ("မြန်မာ", ["မြန်", "န်မ", "မာ"]),
    ],
)
def test_words_are_those_of_the_script(text: str, found: list[str]) -> None:
    assert words(text) == [normalize("NFKC", word) for word in found]


@pytest.mark.parametrize("text", ["", " \n\t", "\0", "3.14 42 ٣٤", "🙂👍🏽", "!?… — 「」", "\ud800", "_ __"])
def test_what_has_no_letter_is_no_word(text: str) -> None:
    assert words(text) == []


def test_long_texts_and_words_are_cut() -> None:
    assert words("a" * 100) == ["a" * LONGEST_WORD]
    assert words("x" + " " * LONGEST_CHARACTERS + "unread") == ["x"]


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_text_has_words_that_have_a_letter_and_are_folded_and_short(text: str) -> None:
    for word in words(text):
        assert 0 < len(word) <= LONGEST_WORD
        assert word == normalize("NFKC", word.casefold()).replace("’", "'") or len(word) == LONGEST_WORD


@given(st.text(alphabet="aA éÉßñ .'我们อา", max_size=80))
@settings(max_examples=100, deadline=None)
def test_neither_case_nor_the_form_of_letters_makes_a_difference(text: str) -> None:
    assert words(normalize("NFD", text)) == words(normalize("NFC", text)) == words(text.casefold())


@given(st.text(alphabet=[chr(0x4E00 + place) for place in range(300)], min_size=2, max_size=50))
@settings(max_examples=50, deadline=None)
def test_a_run_of_ideographs_is_its_bigrams(text: str) -> None:
    assert words(text) == [one + other for one, other in pairwise(text)]


@pytest.mark.parametrize("language", COMMONEST)
def test_each_stop_word_is_one_that_a_text_can_have(language: str) -> None:
    listed = COMMONEST[language].split()
    assert [word for word in listed if words(word) != [word]] == []
    assert content_words(" ".join(listed)) == []


@pytest.mark.parametrize(
    "word", ["order", "refund", "system", "computer", "help", "test", "war", "car", "fire", "sun", "email", "price"]
)
def test_a_noun_that_may_be_a_topic_is_no_stop_word(word: str) -> None:
    assert word not in STOP_WORDS


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Where is my order, please?", ["order"]),
        ("Wo ist meine Bestellung?", ["bestellung"]),
        ("¿Dónde está mi pedido?", ["pedido"]),
        ("Où est ma commande ?", ["commande"]),
        ("Где мой заказ?", ["заказ"]),
        ("注文はどこですか", ["注文", "文は"]),
        ("我的订单在哪里", ["订单", "单在", "在哪", "哪里"]),
        ("b c x", []),
    ],
)
def test_what_a_text_is_about_is_left(text: str, found: list[str]) -> None:
    assert content_words(text) == found


@pytest.mark.parametrize(
    "text", ["'" * 2000, "a'" * 1000, "\u0301" * 2000, "ﷺ" * 2000, "ก\u0e31" * 1000, "👨\u200d" * 1000, "🇩" * 2000]
)
def test_words_of_a_hostile_text_are_cut(text: str) -> None:
    assert all(len(word) <= LONGEST_WORD for word in words(text))
