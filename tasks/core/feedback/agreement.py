"""Agreement of the judge with the users: kappa, the share of equal verdicts, and the AUC of the score.

Sources: J. Cohen, A coefficient of agreement for nominal scales, Educational and Psychological Measurement 20 (1960);
J. L. Fleiss, J. Cohen and B. S. Everitt, Large sample standard errors of kappa and weighted kappa, Psychological
Bulletin 72 (1969), for its interval; E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson, Comparing the areas under two
or more correlated receiver operating characteristic curves, Biometrics 44 (1988), for that of the AUC.
"""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import stats

from tasks.core.feedback.rates import Feedback
from tasks.core.measure import Measure
from tasks.core.stats.intervals import Interval, wilson

LEAST_ROWS: Final = 10
AGREEMENTS: Final = ("kappa", "agreement", "auc")
LIKED_FROM, DISLIKED_TO = 4, 2
TINY: Final = 1e-12  # a variance of rounding errors

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def liking(feedback: Feedback | None) -> bool | None:
    """Whether a user liked the answer: the thumb, else a rating from 4 (liked) or up to 2 (not); None else."""
    if feedback is None or feedback.liked is not None:
        return None if feedback is None else feedback.liked
    if feedback.rating is None or DISLIKED_TO < feedback.rating < LIKED_FROM:
        return None
    return feedback.rating >= LIKED_FROM


def agreement_measures(
    metric: str, pass_at: float, scores: Sequence[float | None], said: Sequence[Feedback | None], confidence: float
) -> list[Measure]:
    """How one metric agrees with the users, over the rows that have both a score (1 to 5) and a liking.

    `kappa` (-1 to 1) and `agreement` (0 to 1) compare passed with liked; `auc` is the share of pairs of a liked and a
    disliked answer in which the liked one has the higher score, ties counting half. All are None with fewer than
    `LEAST_ROWS` rows, `auc` also where all were liked or none, `kappa` also where all passed or none. Rows count as
    independent. A bound that the rows cannot tell (no row differs) is None.
    """
    pairs = [
        (score, liked)
        for score, liked in zip(scores, map(liking, said), strict=True)
        if score is not None and liked is not None
    ]
    score, liked = (
        np.array([one for one, _ in pairs], dtype=np.float64),
        np.array([one for _, one in pairs], dtype=bool),
    )
    passed, n = score >= pass_at, len(pairs)
    found: dict[str, tuple[float, Interval | None] | None] = dict.fromkeys(("kappa", "agreement", "auc"))
    if n >= LEAST_ROWS:
        agreed = int((passed == liked).sum())
        found |= {"agreement": (agreed / n, wilson(agreed, n, confidence))}
        found |= {"kappa": _kappa(passed, liked, confidence), "auc": _auc(score, liked, confidence)}
    units = {"kappa": "ratio", "agreement": "share", "auc": "ratio"}
    return [_measure(metric, name, value, n, units[name]) for name, value in found.items()]


def _measure(metric: str, name: str, found: tuple[float, Interval | None] | None, n: int, unit: str) -> Measure:
    value, interval = found or (None, None)
    low, high = interval or (None, None)
    return Measure(signal="feedback", subject=metric, measure=name, value=value, low=low, high=high, n=n, unit=unit)


def _kappa(passed: Flags, liked: Flags, confidence: float) -> tuple[float, Interval | None] | None:
    if passed.all() or liked.all() or not passed.any() or not liked.any():
        return None
    n = len(passed)
    p = np.bincount(2 * passed + liked, minlength=4).reshape(2, 2) / n
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    by_chance = float(rows @ columns)
    kappa = (float(np.trace(p)) - by_chance) / (1 - by_chance)
    # entry (i, j) of `margins`: how often the users say i and the judge says j, as the paper crosses them
    margins = columns[:, None] + rows[None, :]
    equal = float((np.diag(p) * (1 - np.diag(margins) * (1 - kappa)) ** 2).sum())
    unequal = (1 - kappa) ** 2 * float((p * margins**2).sum() - (np.diag(p) * np.diag(margins) ** 2).sum())
    variance = (equal + unequal - (kappa - by_chance * (1 - kappa)) ** 2) / (n * (1 - by_chance) ** 2)
    if variance <= TINY:
        return kappa, None
    half = float(stats.norm.ppf((1 + confidence) / 2)) * math.sqrt(variance)
    return kappa, (max(kappa - half, -1.0), min(kappa + half, 1.0))


def _auc(scores: Floats, liked: Flags, confidence: float) -> tuple[float, Interval | None] | None:
    """The AUC, and its interval on the scale of its logit."""
    better, worse = np.sort(scores[liked]), np.sort(scores[~liked])
    if min(len(better), len(worse)) == 0:
        return None
    beaten, beating = (
        (np.searchsorted(other, own, "left") + np.searchsorted(other, own, "right")) / (2 * len(other))
        for own, other in ((better, worse), (worse, better))
    )
    auc = float(beaten.mean())
    if min(len(better), len(worse)) == 1 or not 0 < auc < 1:
        return auc, None
    variance = float(beaten.var(ddof=1)) / len(better) + float(beating.var(ddof=1)) / len(worse)
    if variance <= TINY:
        return auc, None
    half = float(stats.norm.ppf((1 + confidence) / 2)) * math.sqrt(variance) / (auc * (1 - auc))
    logit = math.log(auc / (1 - auc))
    return auc, (1 / (1 + math.exp(half - logit)), 1 / (1 + math.exp(-half - logit)))
