"""Text files line by line, where DuckDB cannot read them as they are: what is no text is left out, faults get numbers.

A line ends as DuckDB has it: at a newline, at a carriage return, or at both together.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, TextIO

import pyarrow as pa

from tasks.core.records.fault import KEPT_CHARACTERS, Fault

LINE_LIMIT_BYTES: Final = 64 * 2**20
QUICK_BYTES: Final = 4 * 2**20  # of a line that DuckDB reads itself
BLOCK_BYTES: Final = 2**20
FILLED_BLOCKS: Final = QUICK_BYTES // BLOCK_BYTES - 1  # at least, by a line of `QUICK_BYTES` wherever it begins
GLANCE_BYTES: Final = 16 * 2**10
BATCH_CHARACTERS: Final = 4 * 2**20
END: Final = re.compile(rb"[\r\n]")
CARRIAGE_RETURN: Final = re.compile(rb"(?<=\r)(?!\n)")  # the place after one that ends a line
LINES_SCHEMA: Final = pa.schema([("object", pa.uint64()), ("line", pa.string())])


@dataclass(frozen=True, slots=True, kw_only=True)
class BadLine:
    """A line that cannot be read; `line` counts from 1, None for the whole file, `content` is its beginning."""

    line: int | None
    fault: Fault
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """What cleaning a file found: the lines that were left out, and the length of the longest that stayed, in bytes."""

    bad: list[BadLine]
    longest: int


def clean(source: Path, target: Path) -> Cleaned:
    """Copy the lines that can be read as UTF-8 and are shorter than `LINE_LIMIT_BYTES`."""
    bad: list[BadLine] = []
    number, longest = 1, 0
    with source.open("rb") as raw, target.open("wb") as sink:
        for head, whole in _byte_lines(raw):
            for line in [head] if not whole or _is_text(head) else CARRIAGE_RETURN.split(head):
                fault = Fault.LINE_TOO_LONG if not whole else None if _is_text(line) else Fault.INVALID_UTF8
                if fault is None:
                    sink.write(line)
                    longest = max(longest, len(line))
                else:
                    bad.append(BadLine(line=number, fault=fault, content=_escaped(line)))
                number += line.count(b"\r") - line.count(b"\r\n") + (not line.endswith(b"\r"))
    return Cleaned(bad=bad, longest=longest)


def has_long(path: Path) -> bool:
    """Whether a line is longer than `QUICK_BYTES`: most files with one DuckDB refuses, of some it loses the line.

    Such a line fills three blocks on end, so lines a little shorter may count too. Of a block in which a line soon ends
    only the beginning is read.
    """
    filled = 0
    with path.open("rb") as raw:
        for start in range(0, path.stat().st_size, BLOCK_BYTES):
            filled = filled + 1 if _is_filled(raw, start) else 0
            if filled == FILLED_BLOCKS:
                return True
    return False


def batches(files: Mapping[int, Path]) -> Iterator[pa.RecordBatch]:
    """The lines of clean files by the numbers of their objects, few at once where they are long; at least one batch."""
    objects: list[int] = []
    held: list[str] = []
    size = 0
    for number, path in files.items():
        with path.open(encoding="utf-8-sig") as text:
            for line in text:
                if content := line.rstrip("\n"):
                    objects.append(number)
                    held.append(content)
                    size += len(content)
                if size > BATCH_CHARACTERS:
                    yield _batch(objects, held)
                    objects, held, size = [], [], 0
    yield _batch(objects, held)


def numbers(source: Path, wanted: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    """The numbers, from 1, of the lines whose MD5 is a key of `wanted`, each with it.

    The values are the first `KEPT_CHARACTERS` characters of the lines.
    """
    heads = set(wanted.values())
    with source.open(encoding="utf-8-sig", errors="backslashreplace") as text:
        for number, line in enumerate(_text_lines(text), start=1):
            content = line.rstrip("\n")
            if content[:KEPT_CHARACTERS] in heads:
                digest = hashlib.md5(content.encode(), usedforsecurity=False).hexdigest()
                if digest in wanted:
                    yield number, digest


def _is_filled(raw: BinaryIO, start: int) -> bool:
    """Whether no line ends in a block."""
    raw.seek(start)
    return not any(END.search(raw.read(size)) for size in (GLANCE_BYTES, BLOCK_BYTES - GLANCE_BYTES))


def _byte_lines(raw: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    """Each line to its newline, and whether it is whole; of a longer one than the limit only the head."""
    while head := raw.readline(LINE_LIMIT_BYTES):
        yield head, head.endswith(b"\n") or len(head) < LINE_LIMIT_BYTES
        rest = head
        while not rest.endswith(b"\n") and len(rest) == LINE_LIMIT_BYTES:
            rest = raw.readline(LINE_LIMIT_BYTES)


def _text_lines(text: TextIO) -> Iterator[str]:
    """Each line; of a longer one than the limit only the head."""
    while head := text.readline(LINE_LIMIT_BYTES):
        yield head
        rest = head
        while not rest.endswith("\n") and len(rest) == LINE_LIMIT_BYTES:
            rest = text.readline(LINE_LIMIT_BYTES)


def _batch(objects: list[int], held: list[str]) -> pa.RecordBatch:
    return pa.record_batch([pa.array(objects, pa.uint64()), pa.array(held, pa.string())], schema=LINES_SCHEMA)


def _is_text(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _escaped(line: bytes) -> str:
    return line[:KEPT_CHARACTERS].decode(errors="backslashreplace").rstrip("\r\n")
