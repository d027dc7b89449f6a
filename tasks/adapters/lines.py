"""Text files line by line, for the few that are damaged: what DuckDB cannot read is taken out, faults get numbers."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from tasks.core.records.fault import Fault

LINE_LIMIT_BYTES: Final = 64 * 2**20
KEPT_CHARACTERS: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class BadLine:
    """A line that cannot be read; `line` counts from 1, None for the whole file, `content` is its beginning."""

    line: int | None
    fault: Fault
    content: str


def clean(source: Path, target: Path) -> list[BadLine]:
    """Copy the lines that can be read as UTF-8 and are at most `LINE_LIMIT_BYTES` long; return the others."""
    bad: list[BadLine] = []
    with source.open("rb") as raw, target.open("wb") as sink:
        for number, (head, whole) in enumerate(_lines(raw), start=1):
            fault = Fault.LINE_TOO_LONG if not whole else None if _is_text(head) else Fault.INVALID_UTF8
            if fault is None:
                sink.write(head)
            else:
                bad.append(BadLine(line=number, fault=fault, content=_escaped(head)))
    return bad


def numbers(source: Path, wanted: Collection[str]) -> Iterator[tuple[int, str]]:
    """The numbers, from 1, of the lines whose first `KEPT_CHARACTERS` characters are among `wanted`."""
    with source.open(encoding="utf-8-sig", errors="backslashreplace") as text:
        for number, line in enumerate(text, start=1):
            content = line.rstrip("\n")[:KEPT_CHARACTERS]
            if content in wanted:
                yield number, content


def _lines(raw: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    """Each line, and whether it is whole; of a longer one than the limit only the head."""
    while head := raw.readline(LINE_LIMIT_BYTES):
        whole = head.endswith(b"\n") or len(head) < LINE_LIMIT_BYTES
        yield head, whole
        rest = head
        while not rest.endswith(b"\n") and len(rest) == LINE_LIMIT_BYTES:
            rest = raw.readline(LINE_LIMIT_BYTES)


def _is_text(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _escaped(line: bytes) -> str:
    return line[:KEPT_CHARACTERS].decode(errors="backslashreplace").rstrip("\r\n")
