"""Drift of texts: can a classifier tell those of a window from those of a baseline?

A linear classifier on character n-grams, which stand in any script, scores each text in folds that it was not trained
on; its AUC is 0.5 where both samples are alike and 1 where nothing is. What it would reach by chance is found by
exchanging the labels of whole groups: the texts of one session are not independent.
Sources: D. Lopez-Paz and M. Oquab, Revisiting classifier two-sample tests, ICLR 2017; N. A. Obuchowski, Nonparametric
analysis of clustered ROC curve data, Biometrics 53 (1997), for the interval.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import sparse, stats
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.random_projection import SparseRandomProjection

LEAST_TEXTS: Final = 20
LONGEST_CHARACTERS: Final = 2_000
NGRAMS: Final = (1, 3)
BUCKETS: Final = 2**18
COMPONENTS: Final = 512
FOLDS: Final = 5
RIDGE: Final = 1.0  # of the mean sum of squares of a component
PERMUTATIONS: Final = 199

TINY: Final = 1e-9  # where no text has a feature

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDrift:
    """How well the texts of two samples can be told apart.

    `auc` is from 0 to 1, `low` and `high` its interval, None where every text was told right or every one wrong.
    `p_value`, from 1 / (`PERMUTATIONS` + 1) to 1, is the share of exchanged labels that could be told apart as well.
    `scores` are those of the texts, baseline first: the higher, the more they are of the window.
    """

    auc: float
    low: float | None
    high: float | None
    p_value: float
    scores: Floats


def text_drift(
    baseline: Sequence[str],
    window: Sequence[str],
    sessions: tuple[Sequence[str], Sequence[str]] | None,
    *,
    confidence: float,
    seed: int,
) -> TextDrift | None:
    """Tell the texts of a window from those of a baseline.

    `sessions` are those of the texts of both; None: each text is on its own. None where either sample has fewer than
    `LEAST_TEXTS` texts, or texts of fewer than two sessions. The order of the texts makes no difference.
    """
    given = [*baseline, *window]
    named = [""] * len(given) if sessions is None else [*sessions[0], *sessions[1]]
    order = np.array(sorted(range(len(given)), key=lambda place: (named[place], given[place])), dtype=np.int64)
    texts = [given[place] for place in order]
    labels = np.repeat([0, 1], [len(baseline), len(window)])[order]
    together = np.arange(len(texts)) if sessions is None else _numbers(named[place] for place in order)
    members = _numbers(zip(labels.tolist(), together.tolist(), strict=True))
    kinds = _kinds(labels, members)
    if min(len(baseline), len(window)) < LEAST_TEXTS or np.bincount(kinds, minlength=2).min() < 2:  # noqa: PLR2004
        return None
    rng = np.random.default_rng(seed)
    exchanged = np.stack([kinds, *(rng.permutation(kinds) for _ in range(PERMUTATIONS))])[:, members].T.astype(float)
    scores = _out_of_fold(_features(texts, seed), exchanged, together, _numbers(texts))
    own, *others = (_auc(one, label) for one, label in zip(scores.T, exchanged.T, strict=True))
    low, high = _interval(scores[:, 0], labels, members, confidence) or (None, None)
    p_value = (1 + sum(auc >= own for auc in others)) / (1 + PERMUTATIONS)
    return TextDrift(auc=own, low=low, high=high, p_value=p_value, scores=scores[np.argsort(order), 0])


def _numbers(named: Iterable[object]) -> Integers:
    """Equal ones by the same number, from 0."""
    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(one, len(numbers)) for one in named], dtype=np.int64)


def _kinds(labels: Integers, members: Integers) -> Integers:
    """The label of each group of texts."""
    kinds = np.zeros(members.max(initial=-1) + 1, dtype=np.int64)
    kinds[members] = labels
    return kinds


def _features(texts: Sequence[str], seed: int) -> Floats:
    """One row a text of what its character n-grams say; no label has a part in it."""
    steps = make_pipeline(
        HashingVectorizer(analyzer="char", ngram_range=NGRAMS, n_features=BUCKETS, alternate_sign=False, norm=None),
        TfidfTransformer(sublinear_tf=True),
    )
    weights = steps.fit_transform([text[:LONGEST_CHARACTERS] for text in texts])
    return np.asarray(_projection(seed).transform(weights), dtype=np.float64)


@lru_cache(maxsize=1)
def _projection(seed: int) -> SparseRandomProjection:
    """A random projection of the buckets, which takes half a second to draw."""
    drawn = SparseRandomProjection(n_components=COMPONENTS, dense_output=True, random_state=seed)
    return drawn.fit(sparse.csr_array((1, BUCKETS)))


def _out_of_fold(features: Floats, labels: Floats, together: Integers, copies: Integers) -> Floats:
    """What a ridge regression of each column of labels says of the texts of the sessions that it has not seen.

    It has not seen their copies either, where these are few: one copy in each sample would teach it the opposite.
    """
    scores = np.empty_like(labels)
    is_rare = np.bincount(copies)[copies] < LEAST_TEXTS
    folds = GroupKFold(n_splits=min(FOLDS, len(np.unique(together))))
    for rest, unseen in folds.split(features, groups=together):
        seen = rest[~(is_rare[rest] & np.isin(copies[rest], copies[unseen]))]
        centre = features[seen].mean(axis=0)
        x, y = features[seen] - centre, labels[seen]
        gram = x.T @ x
        gram[np.diag_indices_from(gram)] += RIDGE * np.trace(gram) / len(gram) + TINY
        scores[unseen] = (features[unseen] - centre) @ np.linalg.solve(gram, x.T @ (y - y.mean(axis=0)))
    return scores


def _auc(scores: Floats, labels: Floats) -> float:
    """The share of pairs of a window's and a baseline's text in which the former has the higher score; half of ties."""
    n = int(labels.sum())
    others = len(labels) - n
    ranks = stats.rankdata(scores)
    return float((ranks[labels == 1].sum() - n * (n + 1) / 2) / (n * others))


def _interval(scores: Floats, labels: Integers, members: Integers, confidence: float) -> tuple[float, float] | None:
    """The interval of the AUC, on the scale of its logit; groups are the units that are drawn."""
    window, baseline = scores[labels == 1], scores[labels == 0]
    auc, variance = 0.0, 0.0
    for own, other, label in ((window, baseline, 1), (baseline, window, 0)):
        ordered = np.sort(other)
        below, up_to = np.searchsorted(ordered, own, "left"), np.searchsorted(ordered, own, "right")
        beaten = (below + up_to) / 2 / len(ordered)
        auc = float(beaten.mean())
        residuals = np.bincount(members[labels == label], weights=beaten - auc)
        units = len(np.unique(members[labels == label]))
        variance += units / (units - 1) * float((residuals**2).sum()) / len(own) ** 2
    auc = 1 - auc
    if not 0 < auc < 1:
        return None
    half = float(stats.norm.ppf((1 + confidence) / 2)) * math.sqrt(variance) / (auc * (1 - auc))
    logit = math.log(auc / (1 - auc))
    return 1 / (1 + math.exp(half - logit)), 1 / (1 + math.exp(-half - logit))
