"""A part of an Azure ML schedule: its keys as typed values, and errors that say where in the file they stand."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from tasks.core.errors import ConfigError

MONTH: Final = timedelta(days=30)  # as Azure counts months in its default windows
_ISO_DURATION = re.compile(
    r"P(?=.)(?:(?P<months>[0-9]{1,5})M)?(?:(?P<weeks>[0-9]{1,5})W)?(?:(?P<days>[0-9]{1,5})D)?"
    r"(?:T(?=.)(?:(?P<hours>[0-9]{1,5})H)?(?:(?P<minutes>[0-9]{1,5})M)?)?"
)
SHOWN: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A mapping of the schedule file; `path` is its address in the file, "" for the whole file.

    Where a key has had several names, they are asked for together, the newest first. All methods raise ConfigError
    where a value is of another kind than the schema has; a null is an absent key.
    """

    file: str
    path: str
    content: Mapping[str, object]

    def address(self, key: str) -> str:
        """Where a key of this part stands in the file."""
        return f"{self.path}.{key}" if self.path else key

    def error(self, *, key: str, what: str) -> ConfigError:
        """An error at a key of this part; `what` says what is wrong and what to do."""
        value = self.content.get(key)
        shown = "" if value is None or isinstance(value, Mapping | list) else f" is {one_line(value)[:SHOWN]}"
        return ConfigError(f"{self.file}: {self.address(key)}{shown}: {what}")

    def key(self, *names: str) -> str | None:
        """The first of the names that has a value."""
        return next((name for name in names if self.content.get(name) is not None), None)

    def part(self, *names: str) -> "Part | None":
        """The mapping below a key; None where there is none."""
        key = self.key(*names)
        if key is None:
            return None
        value = self.content[key]
        if not isinstance(value, Mapping):
            raise self.error(key=key, what="keys and values were expected here; correct it")
        return Part(file=self.file, path=self.address(key), content={str(name): value[name] for name in value})

    def parts(self, key: str) -> tuple["Part", ...]:
        """The mappings of a list, or the one that stands there without a list."""
        value = self.content.get(key)
        if value is None:
            return ()
        items = value if isinstance(value, list) else [value]
        numbered = {f"{key}[{index}]": item for index, item in enumerate(items)}
        whole = Part(file=self.file, path=self.path, content=numbered)
        found = [whole.part(name) for name in numbered]
        return tuple(part for part in found if part is not None)

    def text(self, *names: str) -> str | None:
        """The text of a key, on one line; numbers, truths and times are text too."""
        key = self.key(*names)
        if key is None:
            return None
        if isinstance(self.content[key], Mapping | list):
            raise self.error(key=key, what="one value was expected here; correct it")
        return one_line(self.content[key])

    def number(self, *names: str) -> float | None:
        """The number of a key."""
        text, key = self.text(*names), self.key(*names)
        if text is None or key is None:
            return None
        try:
            return float(text)
        except ValueError as error:
            raise self.error(key=key, what="a number was expected here; correct it") from error

    def whole_numbers(self, key: str, low: int, high: int) -> tuple[int, ...]:
        """The whole numbers of a key, one or a list, in order and each once."""
        value = self.content.get(key)
        items = [] if value is None else value if isinstance(value, list) else [value]
        read = [int(str(item)) if re.fullmatch(r"[0-9]{1,9}", str(item)) else None for item in items]
        found = {number for number in read if number is not None and low <= number <= high}
        if len(found) < len(set(read)):
            raise self.error(key=key, what=f"whole numbers from {low} to {high} were expected here; correct it")
        return tuple(sorted(found))

    def duration(self, *names: str) -> timedelta | None:
        """An ISO 8601 duration such as P7D or PT1H; a plain number counts days, a month 30 days."""
        text, key = self.text(*names), self.key(*names)
        if text is None or key is None:
            return None
        if re.fullmatch(r"[0-9]{1,5}", text):
            return timedelta(days=int(text))
        found = _ISO_DURATION.fullmatch(text.upper())
        if found is None:
            raise self.error(key=key, what="this is no duration that can be read; write it as P7D or PT1H")
        units = {unit: int(count) for unit, count in found.groupdict("0").items()}
        return units.pop("months") * MONTH + timedelta(**units)

    def others(self, *known: str) -> Iterator[str]:
        """A line for each key with content that is none of the known ones, with the value where that is short."""
        for key, value in self.content.items():
            if key in known or value is None or value in ({}, []):
                continue
            shown = "" if isinstance(value, Mapping | list) else f" ({one_line(value)[:SHOWN]})"
            yield f"{self.address(key)}{shown}: has no counterpart in a monitor file"


def one_line(value: object) -> str:
    """A value as text without line breaks or control characters, so that it can stand in a comment."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
