"""Numbers of cards, bank accounts and persons that carry a checksum or a published structure."""

import re
from collections.abc import Iterator
from itertools import product
from string import ascii_uppercase
from typing import Final

from stdnum import iban, luhn, numdb
from stdnum.us import ssn

_SEPARATOR = "[ \u00a0\u202f.\u2010-\u2013-]"
_CARD_START = re.compile(r"(?<![0-9A-Za-z])(?<!\d\.)(?<!\d)\d")
_CARD_SHAPES: Final = (
    re.compile(r"\d{12,19}"),
    re.compile(rf"\d{{4}}({_SEPARATOR})\d{{4}}\1\d{{4}}\1\d{{4}}\1\d{{3}}"),
    re.compile(rf"\d{{4}}({_SEPARATOR})\d{{4}}\1\d{{4}}\1\d{{4}}"),
    re.compile(rf"\d{{4}}({_SEPARATOR})\d{{6}}\1\d{{4,5}}"),
)
_CARD_END = re.compile(r"(?![0-9A-Za-z]|\d|\.\d)")
# Prefixes and lengths of ISO/IEC 7812 issuers, as the card schemes publish them.
_ISSUERS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|3(?:0[0-5]|[689]\d)\d{11}"  # Diners Club
    r"|35(?:2[89]|[3-8]\d)\d{12,15}|(?:2131|1800)\d{11}"  # JCB
    r"|6(?:011|4[4-9]\d|5\d\d|2\d\d)\d{12,15}"  # Discover, UnionPay
    r"|(?:50|5[6-9]|6\d)\d{10,17}"  # Maestro
)
_CARD_LABEL = re.compile(r"\b(?:card|visa|master(?:card)?|maestro|amex|jcb|diners|discover)\b", re.IGNORECASE)
_LABEL_WIDTH = 40
_SHORT_CARD = 13  # one in ten article numbers of up to this many digits passes too; a word must name them
_IBAN_START = re.compile(r"(?<![0-9A-Za-z])([A-Z]{2})[0-9]{2}(?=[ -]?[0-9A-Z])", re.IGNORECASE)
_SSN = re.compile(r"(?<![\w.-])\d{3}([ -])\d{2}\1\d{4}(?![\w-])", re.ASCII)
_BARE_SSN = re.compile(
    r"\b(?:ssn|social security(?: (?:number|no))?)[\s:.#]{0,3}(?:is\s)?(\d{9})(?!\w)", re.ASCII | re.IGNORECASE
)


def digits(written: str) -> str:
    """The decimal digits of a text in ASCII, whatever script they are written in."""
    return "".join(str(int(character)) for character in written if character.isdecimal())


def credit_cards(text: str) -> Iterator[tuple[int, int]]:
    """Numbers that pass Luhn's check and have an issuer's prefix or the word "card" before them, grouped or not."""
    for start in _CARD_START.finditer(text):
        for shape in _CARD_SHAPES:
            found = shape.match(text, start.start())
            if (
                found
                and _CARD_END.match(text, found.end())
                and _is_card(found[0], text[max(0, found.start() - _LABEL_WIDTH) : found.start()])
            ):
                yield found.span()
                break


def _is_card(written: str, before: str) -> bool:
    number = digits(written)
    if not luhn.is_valid(number):
        return False
    if _CARD_LABEL.search(before):
        return number[0] in "123456"
    return len(number) > _SHORT_CARD and _ISSUERS.fullmatch(number) is not None


def _length(country: str) -> int:
    """How many characters an IBAN of the country has; 0 where it has none."""
    structure = numdb.get("iban").info(country)[0][1].get("bban", "")
    return sum(int(size) for size in re.findall(r"(\d+)!", structure))


IBAN_LENGTHS: Final = {
    country: 4 + length for country in map("".join, product(ascii_uppercase, repeat=2)) if (length := _length(country))
}
_IBAN_SHAPES: Final = {
    country: re.compile(rf"[A-Z]{{2}}(?:[ -]?[0-9A-Z]){{{length - 2}}}(?![0-9A-Z])", re.IGNORECASE | re.ASCII)
    for country, length in IBAN_LENGTHS.items()
}


def ibans(text: str) -> Iterator[tuple[int, int]]:
    """Account numbers (ISO 13616) with the country's length and structure and a right checksum, grouped or not."""
    for start in _IBAN_START.finditer(text):
        shape = _IBAN_SHAPES.get(start[1].upper())
        found = shape.match(text, start.start()) if shape else None
        if found and iban.is_valid(found[0], check_country=False):
            yield found.span()


def social_security_numbers(text: str) -> Iterator[tuple[int, int]]:
    """Social Security numbers of the United States in groups of 3, 2, 4, or bare after their name, in issued ranges."""
    for found in _SSN.finditer(text):
        if ssn.is_valid(digits(found[0])):
            yield found.span()
    for found in _BARE_SSN.finditer(text):
        if ssn.is_valid(found[1]):
            yield found.span(1)
