"""How a judge agrees with people: kappa, correlations, confusion, bias, and how it agrees with itself.

Sources: J. Cohen, A coefficient of agreement for nominal scales, Educational and Psychological Measurement 20 (1960);
J. Cohen, Weighted kappa, Psychological Bulletin 70 (1968), here with squared distances; K. Pearson (1895), C. Spearman
(1904) and M. G. Kendall, A new measure of rank correlation, Biometrika 30 (1938), as tau-b.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean
from typing import Any, Final

import numpy as np
from scipy import stats
from sklearn.metrics import cohen_kappa_score

from tasks.core.labels.label import Labelled
from tasks.core.stats.bootstrap import Column, Statistic, bca
from tasks.core.stats.intervals import Interval, wilson

LEAST_ROWS: Final = 3  # for a correlation
RESAMPLES: Final = 600
CORRELATIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "pearson": stats.pearsonr,
    "spearman": stats.spearmanr,
    "kendall": stats.kendalltau,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """Rows by what people and the judge say of them: `missed` fail by people and pass by the judge."""

    both_pass: int
    missed: int
    false_alarms: int
    both_fail: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share (0 to 1) of rows with Wilson's interval; all None where there are no rows."""

    value: float | None
    interval: Interval | None
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlations:
    """From -1 to 1; None below `LEAST_ROWS` rows and where one side does not vary."""

    pearson: float | None
    spearman: float | None
    kendall: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bias:
    """Spearman's correlation of the judge's score less people's with something that should not matter, and its p."""

    correlation: float
    p_value: float
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How the judge agrees with people on one metric, over the labelled rows as they are, each counting once.

    `agreement`, `kappa` and `confusion` compare pass with pass; `weighted_kappa` compares whole levels. `sensitivity`
    is the share of what people pass that the judge passes, `specificity` that of what people fail that it fails.
    `over` is the mean of the judge's score less people's, in points of the scale. What cannot be told is None.
    """

    rows: int
    agreement: Share
    kappa: float | None
    weighted_kappa: float | None
    correlations: Correlations
    confusion: Confusion
    sensitivity: Share
    specificity: Share
    over: float | None


def agreement(rows: Sequence[Labelled], pass_at: int, confidence: float) -> Agreement:
    """The agreement of one metric's judge with its labellers."""
    human = np.array([one.passed for one in rows], dtype=bool)
    scores = [one.score for one in rows]
    judge = np.array(scores, dtype=np.float64) >= pass_at
    confusion = Confusion(
        both_pass=int((human & judge).sum()),
        missed=int((~human & judge).sum()),
        false_alarms=int((human & ~judge).sum()),
        both_fail=int((~human & ~judge).sum()),
    )
    labels = [one.label for one in rows]
    return Agreement(
        rows=len(rows),
        agreement=_share(confusion.both_pass + confusion.both_fail, len(rows), confidence),
        kappa=kappa(human.astype(int).tolist(), judge.astype(int).tolist()),
        weighted_kappa=kappa(levels(labels), levels(scores), weighted=True),
        correlations=correlations(labels, scores),
        confusion=confusion,
        sensitivity=_share(confusion.both_pass, int(human.sum()), confidence),
        specificity=_share(confusion.both_fail, int((~human).sum()), confidence),
        over=fmean(score - label for score, label in zip(scores, labels, strict=True)) if rows else None,
    )


def intervals(rows: Sequence[Labelled], pass_at: int, confidence: float) -> Mapping[str, Interval | None]:
    """Those of `kappa`, `weighted_kappa` and `CORRELATIONS`, by bootstrap; rows of one session are one draw."""
    scores, labels = [one.score for one in rows], [one.label for one in rows]
    passes = np.array([[one.passed, one.score >= pass_at] for one in rows], dtype=np.int64).reshape(-1, 2)
    sessions = [one.session for one in rows]
    sides = np.array(labels, dtype=np.float64), np.array(scores, dtype=np.float64)
    whole = np.array(levels(labels), dtype=np.int64), np.array(levels(scores), dtype=np.int64)
    told: Mapping[str, tuple[Statistic, Sequence[Column]]] = {
        "kappa": (kappa, (passes[:, 0], passes[:, 1])),
        "weighted_kappa": (partial(kappa, weighted=True), whole),
        **{name: (partial(correlation, name), sides) for name in CORRELATIONS},
    }
    return {
        name: bca(statistic, columns, confidence, sessions=sessions, resamples=RESAMPLES) if rows else None
        for name, (statistic, columns) in told.items()
    }


def kappa(first: Sequence[int], second: Sequence[int], *, weighted: bool = False) -> float | None:
    """Cohen's kappa of two ratings, from -1 to 1; `weighted` by the squared distance of the levels.

    None without rows, and where both give all rows one level: agreement by chance is all there is then.
    """
    if not len(first) or len({*first, *second}) == 1:
        return None
    return float(cohen_kappa_score(first, second, weights="quadratic" if weighted else None))


def correlations(first: Sequence[float], second: Sequence[float]) -> Correlations:
    """Of two lists of numbers, row by row; Kendall's is tau-b."""
    return Correlations(**{name: correlation(name, first, second) for name in CORRELATIONS})


def correlation(name: str, first: Sequence[float], second: Sequence[float]) -> float | None:
    """One of `CORRELATIONS`."""
    if len(first) < LEAST_ROWS or len(set(first)) == 1 or len(set(second)) == 1:
        return None
    found = float(CORRELATIONS[name](first, second).statistic)
    return None if np.isnan(found) else found


def bias(rows: Sequence[Labelled], beside: Sequence[float | None]) -> Bias | None:
    """Whether the judge errs upwards as `beside` grows: the length of an answer, its turn in the conversation.

    `beside` has a number for each row; None leaves the row out. None below `LEAST_ROWS` rows, and where one side does
    not vary.
    """
    known = [(one.score - one.label, other) for one, other in zip(rows, beside, strict=True) if other is not None]
    errors, others = [error for error, _ in known], [other for _, other in known]
    if len(known) < LEAST_ROWS or len(set(errors)) == 1 or len(set(others)) == 1:
        return None
    found = stats.spearmanr(errors, others)
    return Bias(correlation=float(found.statistic), p_value=float(found.pvalue), rows=len(known))


def levels(numbers: Sequence[float]) -> list[int]:
    """The nearest whole level of each number, halves upwards."""
    return [int(np.floor(number + 0.5)) for number in numbers]


def _share(part: int, whole: int, confidence: float) -> Share:
    return Share(value=part / whole if whole else None, interval=wilson(part, whole, confidence), rows=whole)
