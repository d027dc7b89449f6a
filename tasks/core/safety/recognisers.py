"""Which characters of a text are an address, a number or a secret, by kind; each recogniser takes linear time."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from tasks.core.safety.accounts import credit_cards, ibans, social_security_numbers
from tasks.core.safety.credentials import credentials
from tasks.core.safety.phones import phones

INVISIBLE: Final = "\u00ad\u200b-\u200d\u2060\ufeff"
_LETTERS = f"A-Za-z\u00c0-\u024f\u0370-\u04ff{INVISIBLE}"
_LOCAL = re.compile(rf"[{_LETTERS}0-9._%+'-]*")
_LOCAL_LIMIT = 64  # octets, RFC 5321, section 4.5.3.1.1
_DOMAIN = re.compile(rf"[@＠]((?:[{_LETTERS}0-9-]{{1,63}}\.){{1,8}}(?:xn--[A-Za-z0-9-]{{2,59}}|[{_LETTERS}]{{2,24}}))")
_URL = re.compile(r"(?<![A-Za-z])(?:(?:https?|ftp)://|www\.(?=\w))[^\s<>\"`{}|\\^]{2,2048}", re.IGNORECASE)
_URL_END = ".,;:!?'*_"
_DOTTED = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\w|\.\d)", re.ASCII)
_COLONED = re.compile(r"(?<![\w:.])[0-9a-f]{3,4}:[0-9a-f:.]{1,41}(?!\w)", re.ASCII | re.IGNORECASE)
_VERSION = re.compile(r"\b(?:v|ver|version|release|build|firmware|section|chapter|§)\.?:?\s?$", re.IGNORECASE)
_LABEL_WIDTH = 12


# What a text must have to hold a value of a kind: cheap to look for, so that most texts need no recogniser.
_DIGIT = re.compile(r"\d")
_TWELVE_DIGITS = re.compile(r"\d(?:\D?\d){11}")
_NINE_DIGITS = re.compile(r"\d{3}[ -]?\d\d[ -]?\d{4}")
_ACCOUNT = re.compile(r"[A-Za-z]{2}[0-9]{2}")
_POINTS = re.compile(r"[0-9]\.[0-9]|[0-9A-Fa-f]{3}:")
_SHORTEST_TOKEN = 15  # characters: of Slack
_TOKEN_MARKS = (
    *("sk-", "AKIA", "ASIA", "ABIA", "ACCA", "gh", "gl", "xox", "xapp-", "slack.com", "AIza", "ya29.", "GOCSPX-"),
    *("k_live_", "k_test_", "whsec_", "hf_", "npm_", "pypi-", "dapi", "do", "shp", "SG.", "AC", "SK", "eyJ"),
)
_SECRET_WORDS = (
    *("-----begin ", "pass", "pwd", "kennwort", "contrase", "senha", "wachtwoord", "пароль", "密码"),
    *("://", "sig=", "signature="),
)
_VALUE_WORDS = ("key", "token", "secret", "credential", "bearer ", "basic ")
_FOLDED_ONCE = re.compile("[\u0130\u0131\u017f\u1c80-\u1c88]")  # letters to a pattern without case, not to lower()

Recogniser = Callable[[str], Iterable[tuple[int, int]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The characters [start, end) of a text and what they are: a key of `RECOGNISERS`."""

    kind: str
    start: int
    end: int


def emails(text: str) -> Iterator[tuple[int, int]]:
    """Mail addresses with a dotted domain; invisible characters inside them do not hide them."""
    for domain in _DOMAIN.finditer(text):
        at = domain.start()
        before = text[max(0, at - _LOCAL_LIMIT) : at]
        found = _LOCAL.match(before[::-1])
        local = found[0][::-1].lstrip(".%+'-") if found else ""
        if local:
            yield at - len(local), domain.end()


def urls(text: str) -> Iterator[tuple[int, int]]:
    """Addresses that begin with http://, https://, ftp:// or www., without the sentence's marks behind them."""
    for found in _URL.finditer(text):
        url = found[0].rstrip(_URL_END)
        if url.endswith(")") and "(" not in url:
            url = url.rstrip(_URL_END + ")")
        yield found.start(), found.start() + len(url)


def ips(text: str) -> Iterator[tuple[int, int]]:
    """IPv4 in four parts, unless a word such as "version" stands before them, and IPv6 of two or more groups."""
    for found in _DOTTED.finditer(text):
        before = text[max(0, found.start() - _LABEL_WIDTH) : found.start()]
        if _is_ip(found[0]) and not _VERSION.search(before):
            yield found.span()
    for found in _COLONED.finditer(text):
        for written in (found[0].rstrip("."), found[0].rstrip(".:")):
            if _is_ip(written):
                yield found.start(), found.start() + len(written)
                break


def _is_ip(written: str) -> bool:
    """Whether this is an address of one machine: not of every one, as 127.0.0.1, and no mask, as 255.255.255.0."""
    try:
        address = ip_address(written)
    except ValueError:
        return False
    if address.is_loopback or address.is_unspecified or written.startswith("255."):
        return False
    return any(character.isdigit() for character in written)


def _where(may_hold: re.Pattern[str], recogniser: Recogniser) -> Recogniser:
    """A recogniser that is not asked about texts without what each of its values has."""

    def recognised(text: str) -> Iterable[tuple[int, int]]:
        return recogniser(text) if may_hold.search(text) else ()

    return recognised


def secrets(text: str) -> Iterable[tuple[int, int]]:
    """`credentials` of the texts that may hold any: those with a word before a value, or with a token's own mark."""
    return credentials(text) if _may_hold_secret(text) else ()


def _may_hold_secret(text: str) -> bool:
    folded = text.lower()
    if any(word in folded for word in _SECRET_WORDS) or _FOLDED_ONCE.search(text):
        return True
    has_digit = _DIGIT.search(text) is not None
    if has_digit and any(word in folded for word in _VALUE_WORDS):
        return True
    return any(
        (has_digit and _DIGIT.search(word)) or any(mark in word for mark in _TOKEN_MARKS)
        for word in text.split()
        if len(word) >= _SHORTEST_TOKEN
    )


# The more specific a kind, the further up: where spans of one length meet, the upper kind names them.
RECOGNISERS: Final[Mapping[str, Recogniser]] = {
    "iban": _where(_ACCOUNT, ibans),
    "credit_card": _where(_TWELVE_DIGITS, credit_cards),
    "us_ssn": _where(_NINE_DIGITS, social_security_numbers),
    "secret": secrets,
    "ip": _where(_POINTS, ips),
    "email": emails,
    "phone": phones,
    "url": urls,
}
