"""Which log format the first records of some objects have."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tasks.core.records.formats import FORMATS, Format
from tasks.core.records.json_value import Json, at, items, parsed, unwrapped
from tasks.core.records.layout import SourceColumns

MOST_SPECIFIC_FIRST: Final = (
    *("azure_traces", "azure_mdc", "bedrock", "sagemaker", "litellm"),
    *("otel_genai", "openai_requests", "table"),
)
TABLES: Final = (".parquet", ".csv", ".tsv")
PACKED: Final = (".gz", ".zst")
RECORDS: Final = 20  # of one object
NAMES: Final = 12
SHOWN: Final = 40
STEP: Final = re.compile(r'\."((?:[^"\\]|\\.)*)"|\.([^.\[\]"]+)|\[(\d+)\]')


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The beginning of one object, decompressed; `is_whole` where there is no more of it."""

    key: str
    modified: datetime
    content: bytes
    is_whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was recognised: how many of the `total` records each format reads, each record under its most specific one.

    `unit` is what was counted: records, or objects where their names said it. `keys` are names at the top of the
    records, or in the rows of the recognised format where it leaves the mapping of columns to the user; they are made
    plain and short, as whoever wrote the logs chose them.
    """

    votes: Mapping[str, int]
    total: int
    unit: str
    keys: tuple[str, ...]

    @property
    def format(self) -> str | None:
        """The format of most records, of two the more specific one; None where no record was recognised."""
        ranked = [name for name in MOST_SPECIFIC_FIRST if self.votes.get(name)]
        return max(ranked, key=lambda name: self.votes[name], default=None)

    @property
    def share(self) -> str:
        """The share of the recognised format, such as `24 of 24 records`."""
        return f"{self.votes.get(self.format or '', 0)} of {self.total} {self.unit}"


def recognise(heads: Sequence[Head], source: SourceColumns) -> Seen:
    """The format of the records in the heads of some objects, as the user has named their ID and time."""
    records = [(head.key, record) for head in heads for record in _records(head)]
    votes = Counter(_format_of(key, record, source) for key, record in records)
    tables = sum(_is_table(head) for head in heads)
    votes["table"] += tables
    named = {name: count for name, count in votes.items() if name is not None and count}
    seen = Seen(
        votes=named, total=len(records) + tables, unit="records" if records or not tables else "objects", keys=()
    )
    rows = (_row_of(record, seen.format, source) for _, record in records)
    names = dict.fromkeys(_plain(name) for row in rows if isinstance(row, dict) for name in row)
    return Seen(votes=named, total=seen.total, unit=seen.unit, keys=tuple(names)[:NAMES])


def _records(head: Head) -> list[Json]:
    """The first records of an object that is lines, or that a format turns into lines; text where one is no JSON."""
    if _is_table(head):
        return []
    content = _unpacked(head)
    lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    whole = lines if head.is_whole or content is not head.content else lines[:-1]
    return [parsed(line.decode(errors="replace")) for line in whole if line.strip()][:RECORDS]


def _unpacked(head: Head) -> bytes:
    """The lines of an object that one of the formats has a name for; else its own."""
    for unpack in (kind.unpack for kind in FORMATS.values() if kind.unpack is not None):
        content = unpack(head.key, head.modified, head.content)
        if content != head.content:
            return content
    return head.content


def _is_table(head: Head) -> bool:
    """Whether an object is Parquet or CSV by its name, or a `.json` file of one array that no format has a name for."""
    name = head.key.lower()
    for ending in PACKED:
        name = name.removesuffix(ending)
    is_array = head.content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")
    return name.endswith(TABLES) or (name.endswith(".json") and is_array and _unpacked(head) is head.content)


def _format_of(key: str, record: Json, source: SourceColumns) -> str | None:
    """The most specific format that reads such objects and such records."""
    for name in MOST_SPECIFIC_FIRST:
        if reads(FORMATS[name], key) and (
            FORMATS[name].recognises(record) or (name == "table" and _is_row(record, source))
        ):
            return name
    return None


def reads(kind: Format, key: str) -> bool:
    """Whether a format reads objects of this name."""
    return key.endswith(kind.suffixes) and not (kind.passed_over and kind.passed_over in f"/{key}")


def _is_row(record: Json, source: SourceColumns) -> bool:
    """Whether a record has the ID and the time that the user named."""
    named = [(source.join_on, "id"), (source.time_column, "time")]
    return all(at(record, *_steps(own or usual)) is not None for own, usual in named)


def _row_of(record: Json, name: str | None, source: SourceColumns) -> Json:
    """The first row of a record whose columns the user maps; else the record."""
    rows = FORMATS[name].read(source).rows if name is not None and not FORMATS[name].columns else None
    found = unwrapped(at(record, *_steps(rows or "$")))
    return unwrapped(next(iter(items(found)), None)) if isinstance(found, list) else found


def _steps(field: str) -> Iterator[str | int]:
    """The steps of a JSON path; a name is one step."""
    if not field.startswith("$"):
        yield field
        return
    for quoted, plain, place in STEP.findall(field):
        yield int(place) if place else plain or quoted.replace('\\"', '"')


def _plain(name: str) -> str:
    text = "".join(character if character.isprintable() else " " for character in name)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
