import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import iban, luhn

from tasks.core.safety.recognisers import RECOGNISERS, Span
from tasks.core.safety.redaction import find, redact

KINDS = tuple(RECOGNISERS)
CARD = "4111 1111 1111 1111"
IBAN = "GB82 WEST 1234 5698 7654 32"
VALUES = {
    "email": ("ada@example.com", "o'neill+bills@mail.example.co.uk", "bücher@example.de", "bo\u200bb@example.com"),
    "phone": ("+49 30 901820", "(212) 555-0123", "020 7946 0958", "001-432-815-4117", "01.42.27.96.63"),
    "credit_card": (
        CARD,
        "4111111111111111",
        "3782-822463-10005",
        "5555.5555.5555.4444",
        "４１１１１１１１１１１１１１１１",
    ),
    "iban": (IBAN, "DE89370400440532013000", "de89 3704 0044 0532 0130 00"),
    "ip": ("8.8.4.4", "2001:db8::8a2e:370:7334", "fe80::1"),
    "us_ssn": ("536-90-4399", "536 90 4399"),
    "url": ("https://example.com/a?b=c#d", "http://shop.example/", "www.example.org/x_(y)"),
    "secret": (
        "sk-proj-abcDEF1234567890abcdef12",
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "xoxb-123456789012-abcdefABCDEF",
        "AIzaSyA1234567890abcdefghijklmnopqrstuv",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-_123",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B",
    ),
}
EACH_VALUE = [(kind, value) for kind, values in VALUES.items() for value in values]
NAMED = [
    ("secret", "password: ", "hunter2", ""),
    ("secret", 'then {"password": "', "c0rrect-horse", '", "user": "ada"}'),
    ("secret", "My password is ", "hunter2", "."),
    ("secret", "<password>", "hunter2", "</password>"),
    ("secret", "Passwort: ", "geheim", "\nBenutzer: ada"),
    ("secret", "OPENAI_API_KEY=", "abcd1234efgh5678", " python run.py"),
    ("secret", "Authorization: Bearer ", "abcdefghijkl1234567890", ""),
    ("secret", "AccountName=x;AccountKey=", "Zm9vYmFyYmF6cXV4MTIzNDU2==", ";EndpointSuffix=core"),
    ("secret", "amqp://ada:", "s3cr3t", "@broker/x"),
    ("phone", "Phone:\n", "358 0594", ""),
    ("phone", "please call me at ", "2125550123", " today"),
    ("phone", "", "555 12345", " (home)"),
    ("credit_card", "my Maestro card is ", "501800000009", ""),
    ("us_ssn", "SSN: ", "536904399", ""),
]
NOTHING = [
    "order 4021337755",
    "Order #212-555-0123 and invoice no. 020 7946 0958",
    "order 4111111111111112",
    "on 2024-01-15 10:30:00, on 15.01.2024 12:00 and on 01/15/2024",
    "from 04.03.24-07.03.24, 05.10.2024 08.07, 04-12-1999 2345",
    "costs $1,234,567.89 or 1 234 567,89 EUR",
    "id 550e8400-e29b-41d4-a716-446655440000",
    "run 03018401-c52d-48d7-b423-9fd0f6f5604b",
    "commit 3f2504e04f8911d39a0c0305e82c3301deadbeef",
    "commit 1234567890123456789012345678901234567890",
    "version 1.2.3.4, v1.2.3.4 and section 1.2.3.4.5",
    "1.2.3, 300.1.2.3 and Chrome/120.0.6099.109",
    "127.0.0.1 and 255.255.255.0 at 12:30:45, std::vector, a::b",
    "0.4111111111111111 + 0.610865 - 0.436332 = 263.7142857",
    "the letters 097 106 102 107 108 114 104 055 104 195 150 072",
    "codes 097 106 102 107 108 114",
    "EAN 4006381333931, ISBN 978-3-16-148410-0",
    "GB82WEST12345698765433 and ZZ82WEST12345698765432",
    "900-12-3456 and 000-12-3456",
    "ada@localhost, @ada, a@b and 3 @ 4.50",
    "see README.md, e.g. at example dot com, and 1.5e10",
    "My password is wrong. The password: how to choose one? password: ********",
    "password = os.environ['PASSWORD']; $password = $input; token = get_token(1234)",
    "a token is a unit of text; max_tokens: 4096; the secret is to keep stirring",
    "sk-learn-compatible-estimators",
    "call 911 at 10:30 on 12.05.2024",
]
HOSTILE = ("a@", "1 ", "(", "1.", "(1", "0 1", "a.", "@a.", "GB82 ", "4111 ", "eyJa.", "sk-", "password:", "://a:")
PARTS = [value for _, value in EACH_VALUE] + [part for _, *named in NAMED for part in named]
PARTS += ["<EMAIL_1>", "<PHONE_", "7>", "<", " ", "\n", ".", "-", "5", "x", "@", ":", "tel ", "password=", "https://"]
written_texts = st.one_of(st.text(), st.lists(st.one_of(st.sampled_from(PARTS), st.text(max_size=3))).map("".join))
LABELS = {
    "CREDIT_CARD": "credit_card",
    "DOMAIN_NAME": "url",
    "EMAIL_ADDRESS": "email",
    "IBAN_CODE": "iban",
    "PHONE_NUMBER": "phone",
    "US_SSN": "us_ssn",
}
# Measured: 1.000 and 1.000, but for the telephone's recall of 0.839.
FLOORS = dict.fromkeys(LABELS.values(), (0.98, 0.98)) | {"phone": (0.97, 0.80)}


def shown(text: str, *kinds: str) -> str | None:
    return redact({"prompt": text}, kinds or KINDS).texts["prompt"]


@pytest.mark.parametrize(("kind", "value"), EACH_VALUE)
def test_a_value_is_recognised_in_a_sentence(kind: str, value: str) -> None:
    assert shown(f"Well, {value}, he said.", kind) == f"Well, <{kind.upper()}_1>, he said."


@pytest.mark.parametrize(("kind", "value"), EACH_VALUE)
def test_a_value_keeps_its_kind_when_all_kinds_are_asked_for(kind: str, value: str) -> None:
    assert [span.kind for span in find(f"It is {value} .", KINDS)] == [kind]


@pytest.mark.parametrize(("kind", "before", "value", "after"), NAMED)
def test_a_value_is_recognised_by_the_word_that_names_it_and_the_word_stays(
    kind: str, before: str, value: str, after: str
) -> None:
    assert shown(before + value + after, kind) == f"{before}<{kind.upper()}_1>{after}"


@pytest.mark.parametrize(("kind", "before", "value", "after"), [row for row in NAMED if row[2].isalnum()])
def test_such_a_value_without_the_word_stays(kind: str, before: str, value: str, after: str) -> None:
    assert find(f"Well, {value}, he said.", [kind]) == []


@pytest.mark.parametrize("text", NOTHING)
def test_what_only_looks_like_a_value_stays(text: str) -> None:
    assert shown(text) == text


def test_four_numbers_with_dots_are_an_address_unless_a_word_calls_them_a_version() -> None:
    assert shown("host 1.2.3.4, version 1.2.3.4", "ip") == "host <IP_1>, version 1.2.3.4"


def test_quotes_around_a_mail_address_stay() -> None:
    assert shown("mail='ada@example.com'", "email") == "mail='<EMAIL_1>'"


def test_a_card_is_found_beside_other_groups_of_digits() -> None:
    assert shown(f"1234 {CARD} 123 12/25", "credit_card") == "1234 <CREDIT_CARD_1> 123 12/25"


def test_a_mail_address_ends_where_another_script_begins() -> None:
    assert shown("邮箱ada@example.com是", "email") == "邮箱<EMAIL_1>是"


def test_national_numbers_of_another_plan_need_their_country_code() -> None:
    assert find("Room 2 12 34 56 78 is taken", ["phone"]) == []
    assert shown("Room +33 2 12 34 56 78", "phone") == "Room <PHONE_1>"


def test_only_the_asked_kinds_are_replaced() -> None:
    assert shown(f"ada@example.com, {CARD}", "credit_card") == "ada@example.com, <CREDIT_CARD_1>"


def test_equal_values_have_one_number_in_all_roles_in_order_of_appearance() -> None:
    redacted = redact(
        {
            "prompt": "I am bob@example.com, not ada@example.com.",
            "completion": "Hello ADA@example.com or Bob@Example.com!",
            "context": "eve@example.com",
        },
        ["email"],
    )
    assert redacted.texts == {
        "prompt": "I am <EMAIL_1>, not <EMAIL_2>.",
        "completion": "Hello <EMAIL_2> or <EMAIL_1>!",
        "context": "<EMAIL_3>",
    }


@pytest.mark.parametrize(
    ("kind", "one", "same"),
    [
        ("credit_card", CARD, "4111-1111-1111-1111"),
        ("iban", IBAN, "gb82west12345698765432"),
        ("phone", "+1 212 555 0123", "+1 (212) 555-0123"),
        ("us_ssn", "536-90-4399", "536 90 4399"),
        ("email", "ada@example.com", "a\u200bda@EXAMPLE.com"),
    ],
)
def test_a_value_written_in_another_way_is_the_same_value(kind: str, one: str, same: str) -> None:
    assert shown(f"{one} = {same} .", kind) == f"<{kind.upper()}_1> = <{kind.upper()}_1> ."


def test_secrets_that_differ_in_case_are_two() -> None:
    assert shown("password: Hunter22, password: hunter22", "secret") == "password: <SECRET_1>, password: <SECRET_2>"


def test_a_role_without_text_stays_without_and_an_empty_text_stays_empty() -> None:
    redacted = redact({"prompt": None, "completion": ""}, KINDS)
    assert redacted.texts == {"prompt": None, "completion": ""}


def test_every_asked_kind_is_counted_by_spans_and_none_found_is_zero() -> None:
    redacted = redact({"prompt": "ada@example.com ada@example.com", "completion": None}, ["email", "iban"])
    assert redacted.counts == {"email": 2, "iban": 0}


def test_numbers_go_on_from_the_highest_literal_marker_of_the_kind_in_any_role() -> None:
    redacted = redact({"prompt": "ada@example.com 8.8.4.4", "completion": "Is it <EMAIL_7> or <EMAIL_3>?"}, KINDS)
    assert redacted.texts == {"prompt": "<EMAIL_8> <IP_1>", "completion": "Is it <EMAIL_7> or <EMAIL_3>?"}


@pytest.mark.parametrize("marker", ["<PHONE_0800789321>", "<EMAIL_99999999999999999999999>", "password: <SECRET_1>"])
def test_a_literal_marker_is_no_value(marker: str) -> None:
    assert shown(marker) == marker


def test_the_longer_of_two_spans_names_both() -> None:
    assert shown("https://example.com/?to=ada@example.com") == "<URL_1>"


def test_nothing_of_two_spans_that_cross_stays() -> None:
    assert shown("postgres://ada:s3cr3t@db.example.com/x", "email", "secret") == "postgres://ada:<EMAIL_1>/x"
    assert shown("password=abcdefghijklm0https://x.org/(y) .", "url", "secret") == "password=<SECRET_1> ."


def test_a_value_hidden_by_its_neighbour_is_found_once_that_is_replaced() -> None:
    assert shown(f"ada@example.com{CARD}", "email", "credit_card") == "<EMAIL_1><CREDIT_CARD_1>"


@given(written_texts, written_texts)
def test_redacting_twice_changes_nothing(prompt: str, completion: str) -> None:
    once = redact({"prompt": prompt, "completion": completion}, KINDS).texts
    twice = redact(once, KINDS)
    assert twice.texts == once
    assert not any(twice.counts.values())


@given(written_texts)
def test_no_recognised_value_with_a_checksum_survives(text: str) -> None:
    redacted = shown(text) or ""
    assert not any(list(RECOGNISERS[kind](redacted)) for kind in ("credit_card", "iban"))


@given(st.integers(min_value=0, max_value=10**14 - 1))
def test_sixteen_digits_of_a_card_are_recognised_by_their_check_digit_alone(digits: int) -> None:
    number = f"4{digits:014}"
    right = luhn.calc_check_digit(number)
    for last in "0123456789":
        assert bool(find(number + last, ["credit_card"])) == (last == right)


@given(st.from_regex(r"[0-9]{18}", fullmatch=True))
def test_a_german_account_number_is_recognised_by_its_check_digits_alone(account: str) -> None:
    right = iban.calc_check_digits(f"DE00{account}")
    for check in ("02", "50", right):
        assert bool(find(f"DE{check}{account}", ["iban"])) == (check == right)


@given(written_texts)
def test_spans_are_in_order_apart_and_inside_the_text(text: str) -> None:
    edges = [edge for span in find(text, KINDS) for edge in (span.start, span.end)]
    assert edges == sorted(edges)
    assert all(0 <= edge <= len(text) for edge in edges)
    assert all(span.start < span.end for span in find(text, KINDS))


@given(st.text(alphabet=st.characters(categories=["L", "M", "Zs", "Po"], exclude_characters="@＠:：/."), max_size=200))
def test_words_alone_are_unchanged(text: str) -> None:
    assert shown(text) == text


@pytest.mark.timeout(120)  # seconds where it was written; quadratic work would take hours
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", HOSTILE)
def test_200_000_hostile_characters_come_to_an_end(kind: str, part: str) -> None:
    text = part * (200_000 // len(part))
    edges = [edge for span in RECOGNISERS[kind](text) for edge in span]
    assert all(0 <= start < end <= len(text) for start, end in zip(edges[::2], edges[1::2], strict=True))
    assert edges == sorted(edges)


def overlap(one: Span, other: Span) -> bool:
    return one.kind == other.kind and one.start < other.end and other.start < one.end


@pytest.mark.shared_data
def test_labelled_values_are_found_and_others_left_alone(shared_data: Path) -> None:
    tally: dict[str, Counter[str]] = {kind: Counter() for kind in FLOORS}
    for row in (shared_data / "presidio_pii/items.jsonl").read_text("utf-8").splitlines():
        item = json.loads(row)
        labels = [
            Span(kind=LABELS[each["type"]], start=each["start"], end=each["end"])
            for each in item["labels"]["spans"]
            if each["type"] in LABELS
        ]
        found = [span for span in find(item["prompt"], KINDS) if span.kind in FLOORS]
        for span in found:
            tally[span.kind].update(found=1, right=any(overlap(span, label) for label in labels))
        for label in labels:
            is_covered = any(
                overlap(span, label) and span.start <= label.start <= label.end <= span.end for span in found
            )
            tally[label.kind].update(labelled=1, covered=is_covered)
    for kind, (precision, recall) in FLOORS.items():
        assert tally[kind]["right"] >= precision * tally[kind]["found"] > 0, kind
        assert tally[kind]["covered"] >= recall * tally[kind]["labelled"] > 0, kind


@pytest.mark.shared_data
def test_sentences_without_personal_values_are_unchanged(shared_data: Path) -> None:
    rows = (shared_data / "gug_fluency/items.jsonl").read_text("utf-8").splitlines()
    texts = [json.loads(row)["completion"] for row in rows]
    assert len(texts) > 1_000
    assert [text for text in texts if find(text, KINDS)] == []
