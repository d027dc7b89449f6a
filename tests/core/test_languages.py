import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.usage.languages import LANGUAGES, LEAST_BYTES, language_of

SAID = {
    "ar": "أين يمكنني العثور على رقم طلبي؟",
    "cs": "Kde najdu číslo své objednávky?",
    "da": "Hvor kan jeg finde mit ordrenummer, og hvornår bliver det leveret?",
    "de": "Wo finde ich die Nummer meiner Bestellung?",
    "el": "Πού μπορώ να βρω τον αριθμό της παραγγελίας μου;",
    "en": "Where can I find the number of my order?",
    "es": "¿Dónde puedo encontrar el número de mi pedido?",
    "fa": "شماره سفارش خود را کجا می‌توانم پیدا کنم؟",
    "fi": "Mistä löydän tilaukseni numeron?",
    "fr": "Où puis-je trouver le numéro de ma commande ?",
    "he": "איפה אני יכול למצוא את מספר ההזמנה שלי?",
    "hi": "मुझे अपना ऑर्डर नंबर कहाँ मिलेगा?",
    "hu": "Hol találom a rendelésem számát?",
    "id": "Di mana saya bisa menemukan nomor pesanan saya yang kemarin?",
    "it": "Dove posso trovare il numero del mio ordine?",
    "ja": "注文番号はどこで確認できますか？",
    "ko": "주문 번호는 어디에서 확인할 수 있나요?",
    "nl": "Waar kan ik het nummer van mijn bestelling vinden?",
    "pl": "Gdzie mogę znaleźć numer mojego zamówienia?",
    "pt": "Onde posso encontrar o número do meu pedido? Não o vejo.",
    "ro": "Unde pot găsi numărul comenzii mele?",
    "ru": "Где я могу найти номер своего заказа?",
    "sv": "Var hittar jag mitt ordernummer?",
    "th": "ฉันจะหาหมายเลขคำสั่งซื้อของฉันได้ที่ไหน",
    "tr": "Sipariş numaramı nerede bulabilirim?",
    "uk": "Де я можу знайти номер свого замовлення?",
    "vi": "Tôi có thể tìm số đơn hàng của mình ở đâu?",
    "zh": "我在哪里可以找到我的订单号？",
}


@pytest.mark.parametrize("language", SAID)
def test_one_question_is_told_in_many_languages(language: str) -> None:
    assert language_of([SAID[language]]) == [language]


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "\n" * 2000, "42", "1234567890 42 17", "🙂" * 50, "\x00" * 50, "---", "\ud800" * 20),
        *(
            "https://example.com/a/b?c=1",
            '{"a": 1, "b": [2, 3]}',
            "550e8400-e29b-41d4-a716-446655440000",
            "ok",
            "Hallo",
        ),
        *("def f(x): return x**2 + 1", "SELECT * FROM t WHERE id = 3", "E = mc^2", "user_id,order_id,sku"),
    ],
)
def test_what_is_too_short_or_no_language_has_none(text: str) -> None:
    assert language_of([text]) == [None]


def test_no_text_has_no_language_and_every_row_has_its_place() -> None:
    assert language_of([]) == []
    assert language_of([None, SAID["de"], "", SAID["zh"], None]) == [None, "de", None, "zh", None]


def test_four_chinese_characters_say_as_much_as_twelve_letters() -> None:
    assert language_of(["你好世界", "你好世"]) == ["zh", None]
    assert language_of(["x" * (LEAST_BYTES - 1)]) == [None]


def test_capitals_line_ends_and_half_characters_do_not_matter() -> None:
    assert language_of([SAID["de"].upper(), SAID["fr"].replace(" ", "\r\n"), SAID["en"] + "\udcff"]) == [
        "de",
        "fr",
        "en",
    ]


def test_the_languages_are_two_letter_codes_in_order() -> None:
    assert list(LANGUAGES) == sorted(set(LANGUAGES))
    assert all(re.fullmatch("[a-z]{2}", one) for one in LANGUAGES)


def test_a_long_text_is_told_by_its_beginning() -> None:
    assert language_of([SAID["de"] + " " + "Wo ist sie nur geblieben? " * 400_000]) == ["de"]


@given(st.lists(st.one_of(st.none(), st.text(max_size=60), st.sampled_from([*SAID.values()])), max_size=20))
@settings(max_examples=50, deadline=None)
def test_a_text_has_the_same_language_whatever_stands_beside_it(texts: list[str | None]) -> None:
    found = language_of(texts)
    assert found == [language_of([text])[0] for text in texts]
    assert language_of(texts[::-1]) == found[::-1]
    assert {one for one in found if one is not None} <= set(LANGUAGES)
