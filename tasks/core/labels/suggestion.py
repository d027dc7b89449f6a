"""Which `pass_at` agrees best with people."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from tasks.core.labels.agreement import kappa
from tasks.core.labels.label import Labelled

LEAST_ROWS: Final = 30
FOLDS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """The score from which the judge should pass, so that it agrees with people, whose own bar stays as it is.

    `kappa` is that of `pass_at` on these labels, `kappa_now` that of the present one. Who chooses among several by the
    labels that he measures on flatters himself: `kappa_held_out` is that of choosing on four fifths of the labels,
    measured on the other fifth; None where it cannot be told.
    """

    pass_at: int
    kappa: float
    kappa_now: float | None
    kappa_held_out: float | None


def suggest_pass_at(rows: Sequence[Labelled], pass_at: int, levels: Iterable[int]) -> Suggestion | None:
    """The best of the scale's `levels` by Cohen's kappa, the present one where it is as good.

    None below `LEAST_ROWS` labelled rows, and where no level has a kappa.
    """
    candidates = sorted(set(levels) | {pass_at}, key=lambda level: (level != pass_at, level))
    best = _best(rows, candidates) if len(rows) >= LEAST_ROWS else None
    if best is None:
        return None
    found = kappa_at(rows, best)
    return (
        None
        if found is None
        else Suggestion(
            pass_at=best, kappa=found, kappa_now=kappa_at(rows, pass_at), kappa_held_out=_held_out(rows, candidates)
        )
    )


def kappa_at(rows: Sequence[Labelled], pass_at: int) -> float | None:
    """Cohen's kappa of people's passes and those of a judge that passes from a score on; None where undefined."""
    return kappa([int(one.passed) for one in rows], [int(one.score >= pass_at) for one in rows])


def _best(rows: Sequence[Labelled], candidates: Sequence[int]) -> int | None:
    known = [(found, level) for level in candidates if (found := kappa_at(rows, level)) is not None]
    return max(known, key=lambda pair: pair[0])[1] if known else None


def _held_out(rows: Sequence[Labelled], candidates: Sequence[int]) -> float | None:
    human, judge = [], []
    for fold in range(FOLDS):
        rest = [one for place, one in enumerate(rows) if place % FOLDS != fold]
        level = _best(rest, candidates)
        if level is None:
            return None
        held = rows[fold::FOLDS]
        human += [int(one.passed) for one in held]
        judge += [int(one.score >= level) for one in held]
    return kappa(human, judge)
