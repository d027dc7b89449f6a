"""Shortening: the texts of a page are cut so that the page stays small, those of the worst rows least."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tasks.core.quality.judgement import Judgement
from tasks.core.report.interactions_view import Row
from tasks.core.report.script import size
from tasks.core.report.view import shortened

LONGER: Final = 4  # how much longer the texts of failing rows may be than those of others
SHORTEST: Final = 60
MARGIN: Final = 0.97  # of the budget is aimed at, as characters differ in bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """To how many characters texts are cut, in failing rows and in the others."""

    failing: int
    others: int

    def of(self, row: Row) -> int:
        """That of a row."""
        return self.failing if row.has_failed else self.others


def fitting(rows: Sequence[Row], budget: int) -> tuple[list[Row], Limits | None]:
    """The rows cut to at most `budget` bytes of a page's JSON, and the limits; None where nothing is cut.

    Where even the shortest texts are too much, the last rows are left out.
    """
    costs = [_cost(row) for row in rows]
    if sum(fixed + sum(bytes_ for _, bytes_ in texts) for fixed, texts in costs) <= budget:
        return list(rows), None
    few, many = SHORTEST, max((characters for _, texts in costs for characters, _ in texts), default=SHORTEST)
    while few < many:  # the most characters that fit
        middle = (few + many + 1) // 2
        if _total(rows, costs, _limits(middle)) <= budget * MARGIN:
            few = middle
        else:
            many = middle - 1
    limits = _limits(few)
    kept: list[Row] = []
    left = float(budget)
    for row in rows:
        short = _cut(row, limits.of(row))
        left -= size(document(short))
        if left < 0:
            break
        kept.append(short)
    return kept, limits


def document(row: Row) -> Mapping[str, object]:
    """A row as the script of the page reads it; times in milliseconds, what is absent is left out."""
    parts: dict[str, object] = {
        "id": row.interaction_id,
        "time": round(row.event_time.timestamp() * 1000),
        "model": row.model_version,
        "segments": row.segments,
        "texts": row.texts,
        "lengths": row.lengths,
        "judged": [_judged(one) for one in row.judged],
        "flags": row.flags,
        "feedback": row.feedback,
    }
    return {name: part for name, part in parts.items() if part not in (None, {}, ())}


def _judged(one: Judgement) -> list[object]:
    """State, score, what was said, spread, disagreement, as far as there are any."""
    if one.score is not None:
        said = [one.score, one.reason, one.spread, one.disagreement]
        while said[-1] is None:
            said.pop()
        return ["failed" if one.failed else "passed", *said]
    if one.unscored is not None:
        return ["unscored", None, one.unscored]
    return ["not asked", None, one.not_asked] if one.not_asked is not None else ["not applicable"]


def _limits(others: int) -> Limits:
    return Limits(failing=others * LONGER, others=others)


def _long(row: Row) -> list[str]:
    """The texts of a row that may be cut."""
    return [*row.texts.values(), *(one.reason for one in row.judged if one.reason), *filter(None, [row.feedback])]


def _cost(row: Row) -> tuple[int, list[tuple[int, int]]]:
    """The bytes that a row takes without its texts, and of each text its characters and bytes."""
    texts = [(len(text), size(text)) for text in _long(row)]
    return size(document(row)) - sum(bytes_ for _, bytes_ in texts) + 1, texts


def _total(rows: Sequence[Row], costs: Sequence[tuple[int, list[tuple[int, int]]]], limits: Limits) -> float:
    total = 0.0
    for row, (fixed, texts) in zip(rows, costs, strict=True):
        limit = limits.of(row)
        total += fixed + sum(bytes_ * min(1.0, limit / max(characters, 1)) for characters, bytes_ in texts)
    return total


def _cut(row: Row, limit: int) -> Row:
    """The row with its texts cut; how long they were is kept."""
    lengths = {role: len(text) for role, text in row.texts.items() if len(text) > limit} | dict(row.lengths)
    return replace(
        row,
        texts={role: shortened(text, limit) for role, text in row.texts.items()},
        lengths=lengths,
        feedback=None if row.feedback is None else shortened(row.feedback, limit),
        judged=[one if one.reason is None else replace(one, reason=shortened(one.reason, limit)) for one in row.judged],
    )
