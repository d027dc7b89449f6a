"""Telephone numbers: valid in a region's numbering plan, written in a shape of their own, or named as such."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from phonenumbers import PhoneNumberMatcher

from tasks.core.safety.accounts import digits

REGIONS: Final = ("US", "GB", "DE")
_FEWEST = 8  # digits of a number that a plan knows
_FEWEST_SHAPED, _MOST = 9, 16  # digits of a number that only its shape shows: 15 (ITU-T E.164) and a leading 0
_EXTENSION = r"(?:[ ,]{0,2}(?:x|ext\.?) ?(?P<extension>\d{1,6}))?"
_EDGE = r"(?![^\W_]|[-./]?\d)"
_SHAPED = re.compile(
    r"(?<![\w.+/-])(?:"
    # North America: 3, 3 and 4 digits, held together by more than blanks
    rf"(?:(?:\+|00)?1[-. ])?(?:\(\d{{3}}\) ?|\d{{3}}[-.])\d{{3}}[-.]\d{{4}}{_EXTENSION}"
    # A trunk prefix 0 and groups, with one separator throughout
    r"|(?!\d{3}-\d\d-\d{4}\b)0\d{1,4}(?P<separator>[ -])\d{2,5}(?:(?P=separator)\d{2,5}){1,3}"
    r"|0\d(?P<dot>[.])\d\d(?:(?P=dot)\d\d){3}"
    r"|\(0?\d{2,4}\) ?\d{3,4}[ -]\d{3,4}"
    # A + and groups, also where no plan knows them
    r"|\+\d{1,5}(?:[ .-]?\(?\d{1,5}\)?){2,6}"
    rf"){_EDGE}"
)
_NAMED = re.compile(
    r"\b(?:(?:tele)?phone[ds]?|tel|fax|mobile|cell|whatsapp|sms|(?:call|dial|ring|text|reach|contact)(?:s|ed|ing)?|hotline"
    r"|telefon|telefax|handy|mobil|rufnummer|t[ée]l[ée]phone|tel[ée]fono|m[óo]vil|celular|telefoon)"
    r"(?:[\s:.#-]{1,3}(?:no|nr|number|me|us|back|at|on|is|under|via|office|home|work)\b){0,4}[\s:.#-]{0,3}"
    rf"(?P<number>[+(]{{0,2}}\d(?:[ ().-]{{0,3}}\d){{5,14}}{_EXTENSION}){_EDGE}",
    re.IGNORECASE,
)
_NAMED_AFTER = re.compile(
    r"(?<![\w.+/-])(?P<number>[+(]{0,2}\d(?:[ ().-]{0,2}\d){6,14})"
    r"(?=(?:-| ?\()(?:tel|phone|fax|mobile|cell|office|home|work)\b)",
    re.IGNORECASE,
)
_OTHERWISE_NAMED = re.compile(
    r"\b(?:order|invoice|ticket|account|acct|ref|reference|tracking|case|serial|id|isbn|issn|sku|part|model|policy"
    r"|member|licen[sc]e|passport|zip|doi|version)(?:\W{1,3}(?:no|nr|number|id|is|code))*\W{0,3}$",
    re.IGNORECASE,
)
_LABEL_WIDTH = 40
_DAY, _MONTH = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])"
_DATE = re.compile(
    rf"(?<![\d./-])(?:{_DAY}([./-]){_MONTH}\1(?:\d{{4}}|\d\d)(?!\1?\d)"
    rf"|{_MONTH}([./-]){_DAY}\2(?:\d{{4}}|\d\d)(?!\2?\d)|[12]\d{{3}}([./-]){_MONTH}\3{_DAY}(?!\3?\d))"
)
_ARITHMETIC = re.compile(r"\d - \d|^\d+\.\d+$|(?:^|\.)\d\.|\.\d(?:\.|$)")
_ROW_BEFORE, _ROW_AFTER = re.compile(r"\d $"), re.compile(r" \d")
_LONG_ENOUGH = re.compile(r"\d(?:\W{0,4}\d){6}")
# No telephone numbers: UUIDs, and rows of nine or more short numbers, as tables and coded text have them.
_FOREIGN = re.compile(
    r"(?<!\d)\d{1,5}(?:[ .]\d{1,5}){8,}+(?!\d)|\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.IGNORECASE
)


def phones(text: str, regions: Sequence[str] = REGIONS) -> Iterator[tuple[int, int]]:
    """Numbers with +country from anywhere, national ones of `regions` (ISO 3166), and those that shape or name show.

    A block of digits alone, as order numbers are, counts only with a trunk 0 before it or a word such as "call".
    """
    if not _LONG_ENOUGH.search(text):
        return
    plain = _FOREIGN.sub(lambda found: "x" * len(found[0]), text)
    yield from _named(plain)
    for start, end in (*_valid(plain, regions), *_shaped(plain)):
        if _stands_alone(plain, start, end):
            yield start, end


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether a number is not named as something else, and not a part of a calculation or of a row of numbers."""
    written = text[start:end]
    if written.startswith("+"):
        return True
    before, after = text[max(0, start - _LABEL_WIDTH) : start], text[end : end + 2]
    in_row = "-" not in written and (_ROW_BEFORE.search(before) or _ROW_AFTER.match(after))
    return not (in_row or _ARITHMETIC.search(written) or _DATE.search(written) or _OTHERWISE_NAMED.search(before))


def _named(text: str) -> Iterator[tuple[int, int]]:
    for found in (*_NAMED.finditer(text), *_NAMED_AFTER.finditer(text)):
        if not _DATE.search(found["number"]):
            yield found.span("number")


def _valid(text: str, regions: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The numbers that a region's plan knows, unless they are a bare block of digits."""
    for region in regions:
        for match in PhoneNumberMatcher(text, region, max_tries=len(text), min_candidate_length=_FEWEST):
            written = match.raw_string
            is_set_off = written.startswith("0") or not written.isdecimal()
            if is_set_off and len(digits(written)) >= _FEWEST:
                yield match.start, match.end


def _shaped(text: str) -> Iterator[tuple[int, int]]:
    for found in _SHAPED.finditer(text):
        number = found[0].removesuffix(found["extension"] or "")
        if _FEWEST_SHAPED <= len(digits(number)) <= _MOST:
            yield found.span()
