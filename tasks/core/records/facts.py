"""SQL for the facts of every row that operations and usage are counted from: numbers, classes and hashes, no text.

The halves keep them, so that a window's operations are counted over all of its interactions and not over the sample.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from tasks.core.records.layout import path_of, sql_text

NUMBERS: Final = ("latency_ms", "first_token_ms", "input_tokens", "output_tokens")
HASHED: Final = ("user", "session")
LENGTHS: Final[Mapping[str, str]] = {"prompt": "prompt_chars", "completion": "completion_chars"}
KEPT_CHARACTERS: Final = 100  # of a segment's value
LARGEST: Final = 1e12  # of a latency in milliseconds, of tokens: beyond it a number is no such thing
KIND: Final = (
    "STRUCT(latency_ms DOUBLE, first_token_ms DOUBLE, input_tokens DOUBLE, output_tokens DOUBLE, outcome VARCHAR, "
    'ending VARCHAR, cached BOOLEAN, "user" UBIGINT, session UBIGINT, prompt_chars BIGINT, completion_chars BIGINT, '
    "segments VARCHAR[])"
)
NONE: Final = f"NULL::{KIND}"
_HTTP: Final = r"^(http[ /]?[\d.]* )?"
# The first that fits counts. Numbers are HTTP's or those of gRPC's and OTel's words.
OUTCOMES: Final[dict[str, str]] = {
    "rate_limited": rf"{_HTTP}429\b|rate.?limit|throttl|too.?many|quota|resource.?exhausted",
    "timeout": rf"{_HTTP}(408|504)\b|time.?d?.?out|deadline",
    "client_error": rf"{_HTTP}4\d\d\b|invalid|bad.?request|not.?found|unauthori|forbidden|permission|denied|validation|"
    r"context.?length|content.?(policy|filter)",
    "server_error": rf"{_HTTP}5\d\d\b|server|unavailable|overload|internal",
    "ok": rf"{_HTTP}[23]\d\d\b|"
    r"^(status_?code_?)?(ok|unset|success|succeeded|successful|complete|completed|done|true|0)$",
    "other_error": r"^(status_?code_?)?(error|err|fail|failed|failure|false|incomplete|cancell?ed)$|error|exception",
}
UNKNOWN: Final = "unknown"  # a status of none of these classes
ENDINGS: Final[Mapping[str, str]] = {
    "truncated": r"^(length|max.?(output.?)?tokens|max_length|incomplete|model_length)$",
    "filtered": r"filter|safety|refusal|guardrail|prohibited|blocklist|recitation|spii",
    "ended": r".",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Which facts are kept: the fields of the rows by role, the columns that segments go by, in their order.

    Users and sessions are kept only `with_people`: as the first 64 bits of SHA-256 over a salt and the ID. The engine's
    variable `salt` holds it. Unless facts `are_kept`, their column is a null of no size.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    segments: tuple[str, ...] = ()
    with_people: bool = False
    are_kept: bool = False

    @property
    def paths(self) -> tuple[str, ...]:
        """The JSON paths in a row that the facts are read from, in the order that `struct` has them."""
        return tuple(path_of(self.fields[role]) for role in self._roles)

    @property
    def _roles(self) -> tuple[str, ...]:
        asked: Iterable[str] = (*NUMBERS, "status", "finish_reason", "cached", *LENGTHS, *self.segments)
        people = HASHED if self.with_people else ()
        return tuple(dict.fromkeys(role for role in (*asked, *people) if role in self.fields))

    @property
    def none(self) -> str:
        """SQL for a row without facts."""
        return NONE if self.are_kept else "NULL::TINYINT"

    def struct(self, found: str, first: int) -> str:
        """SQL for the facts, a value of `KIND`; `found` is a list of JSON values, `paths` from the `first` on."""
        if not self.fields:
            return self.none
        texts = {role: f"({found}[{first + place}]->>'$')" for place, role in enumerate(self._roles)}
        values = {
            **{name: _number(texts.get(name)) for name in NUMBERS},
            "outcome": _class(texts.get("status"), OUTCOMES | {UNKNOWN: r"\S"}),
            "ending": _class(texts.get("finish_reason"), ENDINGS),
            "cached": _cached(texts.get("cached")),
            **{f'"{name}"': _hashed(texts.get(name)) for name in HASHED},
            **{name: _length(texts.get(role)) for role, name in LENGTHS.items()},
            "segments": _listed(texts.get(name) for name in self.segments),
        }
        return "struct_pack({})::{}".format(", ".join(f"{name} := {sql}" for name, sql in values.items()), KIND)


def hashed(salt: str, name: str) -> int:
    """The hash of a user or a session, from 0 to 2**64 - 1, as the halves keep it."""
    return int(hashlib.sha256(f"{salt}{name}".encode()).hexdigest()[:16], 16)


def _number(text: str | None) -> str:
    """A number from 0 to `LARGEST`; anything else is none."""
    if text is None:
        return "NULL::DOUBLE"
    number = f"try_cast({text} AS DOUBLE)"
    return f"CASE WHEN {number} BETWEEN 0 AND {LARGEST} THEN {number} END"


def _class(text: str | None, classes: Mapping[str, str]) -> str:
    if text is None:
        return "NULL::VARCHAR"
    cases = " ".join(
        f"WHEN regexp_matches({text}, {sql_text(pattern)}, 'i') THEN {sql_text(name)}"
        for name, pattern in classes.items()
    )
    return f"CASE {cases} END"


def _cached(text: str | None) -> str:
    """Whether the answer came from a cache, by a word or by a number of cached tokens."""
    if text is None:
        return "NULL::BOOLEAN"
    return f"""CASE WHEN lower({text}) IN ('true', 'hit', 'yes') OR try_cast({text} AS DOUBLE) > 0 THEN true
        WHEN lower({text}) IN ('false', 'miss', 'no') OR try_cast({text} AS DOUBLE) = 0 THEN false END"""


def _hashed(text: str | None) -> str:
    if text is None:
        return "NULL::UBIGINT"
    return f"('0x' || left(sha256(getvariable('salt') || nullif({text}, '')), 16))::UBIGINT"


def _length(text: str | None) -> str:
    return "NULL::BIGINT" if text is None else f"length(trim({text}))"


def _listed(texts: Iterable[str | None]) -> str:
    values = ["NULL" if text is None else f"left({text}, {KEPT_CHARACTERS})" for text in texts]
    return f"[{', '.join(values)}]::VARCHAR[]"
