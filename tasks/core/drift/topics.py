"""What is asked about: topics of a baseline's texts, their shares in a window, and what is of no topic known before.

A text belongs to the topic whose direction is nearest by the cosine, unless it is far from all: as far as the farthest
1 % of the baseline. Half of the baseline's texts make the topics (`clusters.py`); how many of the others are of each,
and how far, is what a window is compared with: texts that made the topics lie nearer to them than new ones do.
Source: J. Lei et al., Distribution-free predictive inference for regression, JASA 113 (2018), section 2.2, for halves.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Final

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from scipy import stats
from scipy.spatial.distance import jensenshannon

from tasks.core.drift.clusters import DIGITS, MOST_ASKED, MOST_TOKENS, Fit, cosines_with, counted, fit, halves
from tasks.core.drift.words import LONGEST_WORD, content_words
from tasks.core.measure import Measure
from tasks.core.stats.rows import Rows, share_among

LEAST_TEXTS: Final = 20
MOST_TEXTS: Final = 10_000  # of a baseline that a fit looks at
FAR_SHARE: Final = 0.01
NAME_TOKENS: Final = 3
BETWEEN: Final = " · "

FAR: Final = -1
WORDLESS: Final = -2

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
Weight = Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)]


class Topics(BaseModel):
    """The topics of a baseline, the largest first; all there is to a fit, without any of its texts.

    `names` are the topics' words that tell them most from the others. `weights` are the words' inverse document
    frequencies, `weight_of_unknown` that of any other word. `directions` has a row a topic and a column a word, each
    row of length 1. A text whose cosine with every direction is `threshold` or less is far. `rows` are how many of the
    baseline's held-out texts are of each topic, and `far_rows` how many of them are far of all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Annotated[int, Field(ge=1, le=1)] = 1
    names: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=200)], ...], Field(min_length=1)]
    words: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=LONGEST_WORD)], ...], Field(max_length=MOST_TOKENS)
    ]
    weights: tuple[Weight, ...]
    weight_of_unknown: Weight
    directions: Annotated[tuple[tuple[Share, ...], ...], Field(max_length=MOST_ASKED)]
    threshold: Share
    rows: tuple[Count, ...]
    far_rows: Count

    @model_validator(mode="after")
    def _fits_together(self) -> "Topics":
        columns = {len(self.words), len(set(self.words)), len(self.weights), *map(len, self.directions)}
        topics = {len(self.names), len(set(self.names)), len(self.directions), len(self.rows)}
        if len(columns) != 1 or len(topics) != 1:
            message = "words, weights, names and directions do not fit together"
            raise ValueError(message)
        return self

    @property
    def far_share(self) -> float:
        """The share, 0 to 1, of new texts of the baseline's kind that is expected to be far, on average."""
        return (self.far_rows + 1) / (sum(self.rows) + self.far_rows + 1)


def fit_topics(texts: Sequence[str], *, count: int | None = None, seed: int) -> Topics | None:
    """The topics of a baseline's texts.

    `count` is their number, 1 to `MOST_ASKED`; None: the fewest that are nearly as clear as the clearest number from 2
    to 12. There are no more than there are different texts. None where fewer than `LEAST_TEXTS` texts have a content
    word, or hardly any word stands in two of them. At most `MOST_TEXTS` texts are looked at, drawn by the seed. Their
    order makes no difference.
    """
    worded = [(text, bag) for text in sorted(texts) if (bag := content_words(text))]
    if len(worded) < LEAST_TEXTS:
        return None
    drawn = np.sort(np.random.default_rng(seed).permutation(len(worded))[:MOST_TEXTS])
    counts, words = counted([worded[place][1] for place in drawn])
    made, held_out = halves([worded[place][0] for place in drawn], seed)
    model = fit(counts[made], count, seed)
    if model is None:
        return None
    cosines = cosines_with(counts[held_out], model)
    farthest = float(np.quantile(cosines.max(axis=1), FAR_SHARE, method="inverted_cdf"))
    threshold = round(max(0.0, farthest - 10.0**-DIGITS), DIGITS)
    found = np.bincount(_nearest(cosines, threshold) + 1, minlength=len(model.directions) + 1)
    return Topics(
        names=_names(model.directions, words[model.kept]),
        words=tuple(words[model.kept].tolist()),
        weights=tuple(model.weights[model.kept].tolist()),
        weight_of_unknown=model.weight_of_unknown,
        directions=tuple(tuple(row) for row in model.directions.tolist()),
        threshold=threshold,
        rows=tuple(found[1:].tolist()),
        far_rows=int(found[0]),
    )


def assign(topics: Topics, texts: Sequence[str]) -> Integers:
    """The topic of each text, from 0; `FAR` of every topic, or `WORDLESS` where it has no content word."""
    bags = [content_words(text) for text in texts]
    found = np.full(len(bags), WORDLESS, dtype=np.int64)
    worded = [place for place, bag in enumerate(bags) if bag]
    if worded:
        counts, words = counted([bags[place] for place in worded])
        cosines = cosines_with(counts, _seen_by(topics, words))
        found[worded] = _nearest(cosines, topics.threshold)
    return found


def to_document(topics: Topics) -> dict[str, object]:
    """What JSON can hold and `from_document` reads."""
    return topics.model_dump(mode="json")


def from_document(document: object) -> Topics | None:
    """The topics of a document that `to_document` wrote; None where it is no such document."""
    try:
        return Topics.model_validate(document)
    except ValidationError:
        return None


def topic_measures(topics: Topics, now: Integers, rows: Rows, *, before: Integers | None = None) -> list[Measure]:
    """What became of the topics, of which `now` are those of the window's texts as `assign` gives them.

    They are compared with the baseline's held-out texts, or with `before`, those of texts that are not of the baseline.
    Texts without a content word do not count. Distance and p-value (of the chi-squared test; rows count as independent)
    are None where either side has fewer than `LEAST_TEXTS`.
    """
    held_out = np.array([topics.far_rows, *topics.rows])
    counts = [held_out if one is None else _table(topics, one) for one in (before, now)]
    n = int(counts[1].sum())
    js, p_value = _difference(np.stack(counts))
    figures = [
        Measure(signal="drift", subject="topics", measure=name, value=value, n=n, unit="ratio")
        for name, value in (("js", js), ("p_value", p_value))
    ]
    new, *shares = (
        share_among("usage.topic.share", [None if one < FAR else one == topic for one in now.tolist()], rows)
        for topic in range(FAR, len(topics.names))
    )
    new = replace(new, signal="drift", subject="topics", measure="new_topic_share")
    expected = Measure(
        signal="drift",
        subject="topics",
        measure="new_topic_share_expected",
        value=topics.far_share,
        n=int(held_out.sum()),
        unit="share",
    )
    named = zip(shares, topics.names, strict=True)
    return [*figures, new, expected, *(replace(share, segment_by="topic", segment=name) for share, name in named)]


def _table(topics: Topics, found: Integers) -> Integers:
    """How many are far of all topics, and of each."""
    return np.bincount(found[found >= FAR] + 1, minlength=len(topics.names) + 1)


def _difference(counts: Integers) -> tuple[float | None, float | None]:
    """The Jensen-Shannon distance of two rows of counts, base 2, and the p-value of their chi-squared test."""
    if counts.sum(axis=1).min() < LEAST_TEXTS:
        return None, None
    found = counts[:, counts.sum(axis=0) > 0]
    p_value = float(stats.chi2_contingency(found, correction=False).pvalue) if found.shape[1] > 1 else 1.0
    return min(float(np.nan_to_num(jensenshannon(*found, base=2))), 1.0), p_value


def _nearest(cosines: Floats, threshold: float) -> Integers:
    return np.where(cosines.max(axis=1) > threshold, cosines.argmax(axis=1), FAR)


def _seen_by(topics: Topics, words: npt.NDArray[np.str_]) -> Fit:
    """The fit on columns of these words."""
    places = {word: place for place, word in enumerate(topics.words)}
    known = np.array([places.get(word, -1) for word in words.tolist()], dtype=np.int64)
    kept = np.flatnonzero(known >= 0)
    weights = np.full(len(words), topics.weight_of_unknown)
    weights[kept] = np.array(topics.weights)[known[kept]]
    return Fit(weights, topics.weight_of_unknown, kept, np.array(topics.directions)[:, known[kept]])


def _names(directions: Floats, words: npt.NDArray[np.str_]) -> tuple[str, ...]:
    """The words that weigh most in a topic, times the topic's share of their weight in all; numbered where equal."""
    exclusive = directions**2 / np.maximum(directions.sum(axis=0), 10.0**-DIGITS)
    named: dict[str, int] = {}
    for one in exclusive:
        heaviest = np.argsort(-one, kind="stable")[:NAME_TOKENS]
        name = BETWEEN.join(words[place] for place in heaviest if one[place] > 0) or "–"
        repeats = sum(other == name or other.startswith(f"{name} (") for other in named)
        named[f"{name} ({repeats + 1})" if repeats else name] = repeats
    return tuple(named)
