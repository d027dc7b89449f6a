"""What a data contract expects of a column, as plain values; and the patterns that a value's form is told by."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What is looked at: there at all, of its form, within its range, of a fitting length, in a known language."""

    COMPLETENESS = "completeness"
    TYPE = "type"
    RANGE = "range"
    LENGTH = "length"
    LANGUAGE = "language"


class Type(StrEnum):
    """The form of a logged text; `text` is anything that is not a JSON object or a JSON list of texts or objects."""

    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"


JSON_TEXT: Final = r"\s*(\{\s*(\"[\s\S]*)?\}|\[\s*([\"{\[][\s\S]*)?\])\s*"
PATTERNS: Final = {
    Type.TEXT: JSON_TEXT,
    Type.NUMBER: r"\s*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?\s*",
    Type.INTEGER: r"\s*[+-]?[0-9]+\s*",
    Type.BOOLEAN: r"\s*([tT]rue|TRUE|[fF]alse|FALSE)\s*",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One rule about the values of one column.

    `least` and `most` bound a range (the value) or a length (characters); None = open. `fails_rows`: the user asked
    for it, so that a row which breaks it breaks the contract; else its share is only watched. A value that is absent
    breaks no rule but completeness.
    """

    column: str
    kind: Kind
    least: float | None = None
    most: float | None = None
    type: Type | None = None
    languages: tuple[str, ...] = ()
    fails_rows: bool = False

    @property
    def name(self) -> str:
        """`prompt.length`, as reasons and reports name it."""
        return f"{self.column}.{self.kind}"

    @property
    def measure(self) -> str:
        """The name of its measure: the share of the values that keep the rule."""
        return self.kind.value if self.kind is Kind.COMPLETENESS else f"{self.kind}_share"

    @property
    def pattern(self) -> str:
        """What a whole text must match (must not, for the type `text`); empty where no text is matched."""
        if self.kind is Kind.LANGUAGE:
            return language_pattern(self.languages)
        return PATTERNS[self.type] if self.kind is Kind.TYPE and self.type else ""

    @property
    def refuses_matches(self) -> bool:
        """Whether a text that matches breaks the rule, not one that does not."""
        return self.type is Type.TEXT


def language_pattern(languages: Sequence[str]) -> str:
    """Language codes with any region or script behind them: `en` also stands for `EN`, `en-US`, `en_GB`."""
    codes = "|".join("[-_]".join(re.escape(part) for part in re.split("[-_]", code)) for code in languages)
    return rf"(?i)\s*({codes})([-_].*)?\s*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What the rows say of one expectation.

    `evaluated` rows had a value (all rows, for completeness), `unexpected` of them broke the rule; `failing` are the
    positions of those, from 0, where the expectation fails rows, else empty. `error` says why nothing was evaluated,
    such as a column that is not there; None where all went well.
    """

    expectation: Expectation
    evaluated: int
    unexpected: int
    failing: tuple[int, ...] = ()
    error: str | None = None
