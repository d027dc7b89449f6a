"""Clusters of texts by their words: how texts become vectors, and which directions stand for many of them.

A vector holds the TF-IDF weights of a text's words; a cluster's direction is that of the mean of its vectors, found by
k-means after latent semantic analysis.
Sources: G. Salton and C. Buckley, Term-weighting approaches in automatic text retrieval, Information Processing and
Management 24 (1988); I. S. Dhillon and D. S. Modha, Concept decompositions for large sparse text data using clustering,
Machine Learning 42 (2001); P. J. Rousseeuw, Silhouettes, Journal of Computational and Applied Mathematics 20 (1987),
for the number of clusters.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics import silhouette_score
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import normalize

MOST_TOKENS: Final = 2_000
LEAST_HAVING: Final = 2
COMPONENTS: Final = 50
MOST_TOPICS: Final = 12  # where their number is not asked for
MOST_ASKED: Final = 100
COMPARED: Final = 1_000  # texts that the number of topics is chosen by
NEARLY_AS_CLEAR: Final = 0.05  # of a silhouette
STARTS: Final = 5
HALVES: Final = 2
MANY_COPIES: Final = 20
DIGITS: Final = 5

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class Fit(NamedTuple):
    """A fit, on columns of counts: `weights` of all columns, the columns `kept`, and a direction a topic on these."""

    weights: Floats
    weight_of_unknown: float
    kept: Integers
    directions: Floats


def counted(bags: Sequence[Sequence[str]]) -> tuple[sparse.csr_array, npt.NDArray[np.str_]]:
    """How often each bag has each word, and the words of the columns, in order."""
    vectorizer = CountVectorizer(analyzer=list)
    counts = sparse.csr_array(vectorizer.fit_transform(bags), dtype=np.float64)
    return counts, vectorizer.get_feature_names_out()


def vectors_of(counts: sparse.csr_array, weights: Floats) -> sparse.csr_array:
    """The logarithm of the counts, weighted, each row of length 1; words that are not kept take part in the length."""
    weighted = counts.copy()
    weighted.data = (1 + np.log(counts.data)) * weights[counts.indices]
    return sparse.csr_array(normalize(weighted))


def fit(counts: sparse.csr_array, count: int | None, seed: int) -> Fit | None:
    """The topics of the rows, `count` of them or as many as are clear; None where no word is in `LEAST_HAVING` rows."""
    rows = counts.shape[0]
    having = np.bincount(counts.indices, minlength=counts.shape[1])
    frequent = np.argsort(-having, kind="stable")[:MOST_TOKENS]
    kept = np.sort(frequent[having[frequent] >= LEAST_HAVING])
    if not len(kept):
        return None
    unknown = round(float(np.log1p(rows)) + 1, DIGITS)
    weights = np.full(len(having), unknown)
    weights[kept] = (np.log((1 + rows) / (1 + having[kept])) + 1).round(DIGITS)
    vectors = vectors_of(counts, weights)[:, kept]
    vectors = vectors[np.diff(vectors.indptr) > 0]
    labels = _labels(_features(vectors, seed), count, seed)
    sizes = np.bincount(labels)
    of_topic = sparse.csr_array((np.ones(len(labels)), (labels, np.arange(len(labels)))))
    directions = normalize((of_topic @ vectors).toarray())[np.argsort(-sizes, kind="stable")]
    return Fit(weights, unknown, kept, directions.round(DIGITS))


def _features(vectors: sparse.csr_array, seed: int) -> Floats:
    """The vectors in fewer columns, each row of length 1."""
    most = min(COMPONENTS, *vectors.shape)
    is_small = vectors.shape[1] <= most
    with np.errstate(invalid="ignore"):  # of equal rows it divides no variance by none, for a figure that nobody reads
        reduced = vectors.toarray() if is_small else TruncatedSVD(most, random_state=seed).fit_transform(vectors)
    return np.asarray(normalize(reduced), dtype=np.float64)


def _labels(features: Floats, count: int | None, seed: int) -> Integers:
    """The cluster of each row."""
    different = len(np.unique(features.round(3), axis=0))
    number = min(different, MOST_ASKED, _clearest(features, different, seed) if count is None else count)
    return np.asarray(_k_means(number, seed).fit_predict(features), dtype=np.int64)


def _clearest(features: Floats, different: int, seed: int) -> int:
    """The fewest clusters whose silhouette is nearly that of the best number of them."""
    some = features[np.sort(np.random.default_rng(seed).permutation(len(features))[:COMPARED])]
    different = min(different, len(np.unique(some.round(3), axis=0)))
    numbers = range(2, min(MOST_TOPICS, different, len(some) - 1) + 1)
    clear = {
        number: float(silhouette_score(some, _k_means(number, seed).fit_predict(some), metric="cosine"))
        for number in numbers
    }
    best = max(clear.values(), default=0.0)
    return min((number for number, one in clear.items() if one >= best - NEARLY_AS_CLEAR), default=1)


def _k_means(number: int, seed: int) -> KMeans:
    return KMeans(number, n_init=STARTS, random_state=seed)


def cosines_with(counts: sparse.csr_array, model: Fit) -> Floats:
    """The cosine of each row with the direction of each topic, 0 to 1."""
    return np.asarray(vectors_of(counts, model.weights)[:, model.kept] @ model.directions.T, dtype=np.float64)


def halves(texts: Sequence[str], seed: int) -> tuple[Integers, Integers]:
    """The places of the texts that make the topics, and of those held out; copies are in one half unless many."""
    _, copies, copied = np.unique(np.array(texts, dtype=object), return_inverse=True, return_counts=True)
    groups = np.where(copied[copies] < MANY_COPIES, copies, len(texts) + np.arange(len(texts)))
    splits = GroupKFold(n_splits=HALVES, shuffle=True, random_state=seed).split(texts, groups=groups)
    made, held_out = max(splits, key=lambda half: len(half[0]))
    return made, held_out
