"""Typed markers in the place of personal and secret values, numbered alike throughout one interaction."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tasks.core.safety.accounts import digits
from tasks.core.safety.recognisers import INVISIBLE, RECOGNISERS, Span

PASSES: Final = 8
MARKER = re.compile(rf"<({'|'.join(kind.upper() for kind in RECOGNISERS)})_(\d{{1,10}})>", re.ASCII)
_COUNTED = 9  # digits of a marker's number that the numbering goes on from
_INVISIBLE = re.compile(f"[{INVISIBLE}]")
_RANK = {kind: rank for rank, kind in enumerate(RECOGNISERS)}
_BY_DIGITS = frozenset({"phone", "credit_card", "us_ssn"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Redacted:
    """The texts with markers, None where there was none, and how many spans of each asked kind were replaced."""

    texts: dict[str, str | None]
    counts: Mapping[str, int]


def redact(texts: Mapping[str, str | None], kinds: Sequence[str]) -> Redacted:
    """Put `<KIND_n>` for each value of `kinds` in the texts of one interaction, by role.

    Equal values get equal numbers, in order of appearance; the numbers go on from the highest of a marker that
    the texts hold already. `kinds` are keys of `RECOGNISERS`: another one raises KeyError.
    """
    spans = {role: find(text, kinds) for role, text in texts.items() if text is not None}
    numbers = _numbers(texts, spans)
    marked = {role: text and _mark(text, spans[role], numbers) for role, text in texts.items()}
    counts = Counter(span.kind for found in spans.values() for span in found)
    return Redacted(texts=marked, counts={kind: counts[kind] for kind in kinds})


def find(text: str, kinds: Sequence[str]) -> list[Span]:
    """The spans of `kinds`, in order, none over another; markers of an earlier redaction are left alone.

    Spans that overlap become one: the longest names it, or of equally long ones the more specific kind, and it covers
    them all, so that no part of a value stays. What lies between spans is read again, since a value may have been
    hidden by its neighbour, up to `PASSES` times.
    """
    found: list[Span] = []
    pieces = _between(0, len(text), [match.span() for match in MARKER.finditer(text)])
    for _ in range(PASSES):
        fresh = {piece: _read(text, piece, kinds) for piece in pieces}
        found += [span for spans in fresh.values() for span in spans]
        pieces = [
            rest
            for (start, end), spans in fresh.items()
            if spans
            for rest in _between(start, end, [(span.start, span.end) for span in spans])
        ]
    return sorted(found, key=lambda span: span.start)


def _between(start: int, end: int, holes: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """What is left of [start, end) beside the holes, which are in order."""
    edges = [start, *(edge for hole in holes for edge in hole), end]
    return [(left, right) for left, right in zip(edges[::2], edges[1::2], strict=True) if left < right]


def _read(text: str, piece: tuple[int, int], kinds: Sequence[str]) -> list[Span]:
    start, end = piece
    part = text[start:end]
    spans = [
        Span(kind=kind, start=start + left, end=start + right)
        for kind in kinds
        for left, right in RECOGNISERS[kind](part)
        if left < right
    ]
    return list(_merged(spans))


def _merged(spans: Iterable[Span]) -> Iterator[Span]:
    group: list[Span] = []
    end = 0
    for span in sorted(spans, key=lambda each: each.start):
        if group and span.start >= end:
            yield _union(group)
            group = []
        group.append(span)
        end = max(end, span.end)
    if group:
        yield _union(group)


def _union(group: Sequence[Span]) -> Span:
    named = max(group, key=lambda span: (span.end - span.start, -_RANK[span.kind]))
    return Span(kind=named.kind, start=min(span.start for span in group), end=max(span.end for span in group))


def _numbers(texts: Mapping[str, str | None], spans: Mapping[str, Sequence[Span]]) -> dict[tuple[str, str], int]:
    """The number of each value by (kind, normalised value)."""
    last = _highest(text for text in texts.values() if text)
    numbers: dict[tuple[str, str], int] = {}
    for role, found in spans.items():
        text = texts[role] or ""
        for span in found:
            value = _value(text, span)
            if value not in numbers:
                last[span.kind] = numbers[value] = last.get(span.kind, 0) + 1
    return numbers


def _highest(texts: Iterable[str]) -> dict[str, int]:
    """The highest number of a literal marker of each kind."""
    highest: dict[str, int] = {}
    for text in texts:
        for marker in MARKER.finditer(text):
            if len(marker[2]) <= _COUNTED:
                kind = marker[1].lower()
                highest[kind] = max(highest.get(kind, 0), int(marker[2]))
    return highest


def _value(text: str, span: Span) -> tuple[str, str]:
    written = _INVISIBLE.sub("", text[span.start : span.end])
    if span.kind in _BY_DIGITS:
        return span.kind, digits(written)
    if span.kind == "secret":
        return span.kind, written
    return span.kind, re.sub(r"[\s-]", "", written).casefold() if span.kind == "iban" else written.casefold()


def _mark(text: str, spans: Sequence[Span], numbers: Mapping[tuple[str, str], int]) -> str:
    parts: list[str] = []
    at = 0
    for span in spans:
        parts += [text[at : span.start], f"<{span.kind.upper()}_{numbers[_value(text, span)]}>"]
        at = span.end
    return "".join([*parts, text[at:]])
