"""A judge's pass rate corrected by people's labels.

Sources: A. N. Angelopoulos, S. Bates, C. Fannjiang, M. I. Jordan and T. Zrnic, Prediction-powered inference, Science
382 (2023); A. N. Angelopoulos, J. C. Duchi and T. Zrnic, PPI++: efficient prediction-powered inference, arXiv
2311.01453 (2023), for the tuned weight; T. Zrnic and E. J. Candes, Active statistical inference, ICML 2024, for labels
chosen with unequal probabilities; A. Agresti and Y. Min, Simple improved confidence intervals for comparing matched
proportions, Statistics in Medicine 24 (2005), for half a label in each cell; W. J. Rogan and B. Gladen, Estimating
prevalence from the results of a screening test, American Journal of Epidemiology 107 (1978), for a judge's change
divided by its sensitivity + specificity - 1; E. C. Fieller, Some problems in interval estimation, JRSS B 16 (1954),
for its interval.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import stats

from tasks.core.stats.intervals import Interval
from tasks.core.stats.sessions import session_numbers

LEAST_LABELS: Final = 10
CELLS: Final = ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0))  # what people say, what the judge says
HALF_LABEL: Final = 0.5
TINY: Final = 1e-12

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """A prediction-powered mean, its standard error, and the weight (0 to 1) that the judge has in it."""

    value: float
    error: float
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Labelled rows: whether people pass them, whether the judge does (both 0 or 1), and with which probability chosen.

    `sessions` are of each row; None, or a row without one, counts as rows of their own.
    """

    human: Floats
    judge: Floats
    probability: Floats
    sessions: Sequence[str | None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Rows that the judge has scored, and how many of them it passes; as many rows on their own as tell as much."""

    rows: float
    passed: float

    @property
    def rate(self) -> float:
        """The judge's pass rate; there must be a row."""
        return self.passed / self.rows

    @property
    def variance(self) -> float:
        """The squared standard error of the rate; half a row of either kind is added, so that it is never 0."""
        rate = (self.passed + HALF_LABEL) / (self.rows + 2 * HALF_LABEL)
        return rate * (1 - rate) / self.rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """A rate (0 to 1) with its interval, from so many `labels` and `judged` rows.

    `weight` is the judge's (0 to 1): where it is 0 the rate is that of the labels alone.
    """

    value: float
    low: float
    high: float
    labels: int
    judged: float
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How each label moves the people's rate (`level`), the judge's (`rate`) and its informedness (`slope`)."""

    human: float
    judge: float
    slope: float
    level: Floats
    rate: Floats
    slopes: Floats
    sessions: npt.NDArray[np.int64]
    freedom: int

    @property
    def predicted(self) -> float:
        """Of what the judge passes people pass so much more than of what it fails, from -1 to 1."""
        return self.slope * self.human * (1 - self.human) / (self.judge * (1 - self.judge))

    def covariance(self, first: Floats, second: Floats) -> float:
        """Of two sums over the labels, those of one session taken together."""
        one, other = (np.bincount(self.sessions, weights=moved) for moved in (first, second))
        return float(one @ other) * (self.freedom + 1) / self.freedom

    def quantile(self, confidence: float) -> float:
        """Student's, of an interval."""
        return float(stats.t.ppf((1 + confidence) / 2, self.freedom))


def ppi_mean(human: Floats, judge: Floats, unlabelled: Floats, weights: Floats | None = None) -> Tuned:
    """The mean of what people would say of all rows, power-tuned: PPI++, section 6, with the weight kept in [0, 1].

    `human` and `judge` are of the labelled rows, `unlabelled` is the judge's of others; there must be some of each.
    `weights` are inversely proportional to the probabilities of the labelled rows. The error is by normal theory.
    """
    n, others = len(human), len(unlabelled)
    scaled = np.ones(n) if weights is None else weights * n / weights.sum()
    first = float(unlabelled.mean() + (scaled * (human - judge)).mean())
    spread = float(np.var(np.concatenate([scaled * (judge - first), unlabelled - first]), ddof=1))
    weight = _tuned_weight(human - first, judge - first, scaled, (1 + n / others) * spread)
    rest = human - weight * judge
    level = float((scaled * rest).mean())
    of_labels = float(((scaled * (rest - level)) ** 2).mean()) / n
    error = math.sqrt(of_labels + weight**2 * float(unlabelled.var()) / others)
    return Tuned(value=level + weight * float(unlabelled.mean()), error=error, weight=weight)


def corrected(pairs: Pairs, frame: Judged, confidence: float) -> Corrected | None:
    """The people's pass rate of the rows that the labelled ones were chosen among; None below `LEAST_LABELS` labels.

    The value is that of `ppi_mean`, from the labelled rows and the rest of them. The interval is Student's, with half
    a label more in each cell and labels of one session taken together, so that it has a width where all labels agree;
    at 0 and 1 it keeps half of its width. It holds whatever the judge is worth.
    """
    if len(pairs.human) < LEAST_LABELS or frame.rows < 1:
        return None
    (value, weight), spread = _tuned(pairs, frame), _spread(pairs)
    moved = spread.level - weight * spread.rate
    variance = spread.covariance(moved, moved) + weight**2 * frame.variance
    centre = spread.human - weight * (spread.judge - frame.rate)
    half = spread.quantile(confidence) * math.sqrt(variance)
    found = min(centre - half, 1 - half), max(centre + half, half)
    return _result(value, found, pairs, frame, weight)


def carried(pairs: Pairs, frame: Judged | None, window: Judged, confidence: float) -> Corrected | None:
    """The people's pass rate of a window by labels of other windows; None where the judge cannot carry them to it.

    The judge's rate in the window against that in the `frame` of the labels tells how the people's has changed: divided
    by the judge's informedness where its sensitivity and specificity stay as they were (Rogan and Gladen), as it stands
    where its bias stays, times the difference of its predictive values where people go on passing as many of what it
    passes and of what it fails. The value is the mean of the first two, the interval spans all three. None below
    `LEAST_LABELS` labels, and where the labels do not show that the judge tells good answers from bad ones: then it
    says nothing of a change. Without a frame the labels tell the judge's rate before.
    """
    if len(pairs.human) < LEAST_LABELS or window.rows < 1:
        return None
    spread = _spread(pairs)
    tuned = None if frame is None else _tuned(pairs, frame)
    step = _Step(spread=spread, frame=frame, window=window, weight=0.0 if tuned is None else tuned[1])
    if spread.slope <= 0:
        return None
    fixed = np.zeros_like(spread.slopes)
    ways = ((spread.slope, spread.slopes), (1.0, fixed), (1 / spread.predicted, fixed))
    bounds = [found for slope, slopes in ways if (found := step.bounds(slope, slopes, confidence))]
    if len(bounds) < len(ways):
        return None
    (low, high), ends = bounds[1], [end for one in bounds for end in one]
    half = (high - low) / 2
    found = min(*ends, 1 - half), max(*ends, half)
    level = step.level if tuned is None else tuned[0]
    value = float(np.clip([level + step.change / spread.slope, level + step.change], 0, 1).mean())
    return _result(value, found, pairs, window, step.weight)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """From the rows that labels were chosen among to a window; `weight` is the judge's in the level there."""

    spread: Spread
    frame: Judged | None
    window: Judged
    weight: float

    @property
    def change(self) -> float:
        """Of the judge's pass rate."""
        return self.window.rate - (self.spread.judge if self.frame is None else self.frame.rate)

    @property
    def level(self) -> float:
        """The people's rate where the labels were given."""
        before = self.spread.judge if self.frame is None else self.frame.rate
        return self.spread.human - self.weight * (self.spread.judge - before)

    def bounds(self, slope: float, slopes: Floats, confidence: float) -> Interval | None:
        """The rates t for which change - slope (t - level) may be 0; None where that bounds nothing."""
        spread, frame = self.spread, self.frame
        moved = slope * (spread.level - self.weight * spread.rate) - (spread.rate if frame is None else 0.0)
        fixed = 0.0 if frame is None else (1 - slope * self.weight) ** 2 * frame.variance
        square = spread.quantile(confidence) ** 2
        leading = slope**2 - square * spread.covariance(slopes, slopes)
        if leading <= TINY:
            return None
        half = slope * self.change - square * spread.covariance(moved, slopes)
        last = self.change**2 - square * (spread.covariance(moved, moved) + fixed + self.window.variance)
        root = math.sqrt(max(half**2 - leading * last, 0.0))
        return self.level + (half - root) / leading, self.level + (half + root) / leading


def informedness(pairs: Pairs, confidence: float) -> tuple[float, Interval] | None:
    """Sensitivity + specificity - 1 with its interval: how much of a change in the people's rate the judge's shows.

    1 is all of it, 0 nothing, below 0 the wrong way. None below `LEAST_LABELS` labels, and where people pass all or
    none. Source: W. J. Youden, Index for rating diagnostic tests, Cancer 3 (1950).
    """
    human, judge, weights = pairs.human, pairs.judge, 1 / pairs.probability
    if len(human) < LEAST_LABELS or human.min() == human.max():
        return None
    value = float(weights @ (human * judge) / (weights @ human))
    value -= float(weights @ ((1 - human) * judge) / (weights @ (1 - human)))
    spread = _spread(pairs)
    half = spread.quantile(confidence) * math.sqrt(spread.covariance(spread.slopes, spread.slopes))
    return value, (max(min(value, spread.slope - half), -1.0), min(max(value, spread.slope + half), 1.0))


def labels_needed(pairs: Pairs, frame: Judged, within: float, confidence: float) -> int | None:
    """How many labels, chosen as these were, make an interval of `corrected` that reaches `within` to either side.

    None below `LEAST_LABELS` labels, and where so many are more than there are judged rows.
    """
    if len(pairs.human) < LEAST_LABELS or frame.rows < 1:
        return None
    (_, weight), spread = _tuned(pairs, frame), _spread(pairs)
    moved = spread.level - weight * spread.rate
    left = (within / float(stats.norm.ppf((1 + confidence) / 2))) ** 2 - weight**2 * frame.variance
    needed = math.ceil(len(pairs.human) * spread.covariance(moved, moved) / left) if left > 0 else math.inf
    return max(int(needed), LEAST_LABELS) if needed <= frame.rows else None


def _tuned_weight(human: Floats, judge: Floats, scaled: Floats, spread: float) -> float:
    said, told = scaled * human, scaled * judge
    shared = float(((said - said.mean()) * (told - told.mean())).mean())
    return min(max(shared / spread, 0.0), 1.0) if spread > TINY else 0.0


def _tuned(pairs: Pairs, frame: Judged) -> tuple[float, float]:
    """The value and the judge's weight in it: as `ppi_mean` of labelled rows and of the rest of the frame.

    The judge's rate in the whole frame stands for that of the rest, where the labelled rows are a part of it: the same
    number for labels chosen alike, and the one that holds where they were not.
    """
    given = 1 / pairs.probability
    scaled = given / given.mean()
    human, judge = float((scaled * pairs.human).mean()), float((scaled * pairs.judge).mean())
    spread = frame.rate * (1 - frame.rate) * frame.rows / max(frame.rows - 1, 1)
    weight = _tuned_weight(pairs.human - human, pairs.judge - judge, scaled, spread)
    return human - weight * (judge - frame.rate), weight


def _spread(pairs: Pairs) -> Spread:
    """With half a label more in each cell, of the labels' mean weight."""
    cells = np.array(CELLS)
    human, judge = np.append(pairs.human, cells[:, 0]), np.append(pairs.judge, cells[:, 1])
    given = 1 / pairs.probability
    weights = np.append(given, np.full(len(cells), HALF_LABEL * given.mean()))
    weights /= weights.sum()
    passed = float(weights @ human)
    right, wrong = float(weights @ (human * judge)) / passed, float(weights @ ((1 - human) * judge)) / (1 - passed)
    sessions, _ = session_numbers(pairs.sessions, len(given), None, len(cells))
    numbers = np.append(sessions, sessions.max() + 1 + np.arange(len(cells)))
    return Spread(
        human=passed,
        judge=float(weights @ judge),
        slope=right - wrong,
        level=weights * (human - passed),
        rate=weights * (judge - float(weights @ judge)),
        slopes=weights * (human * (judge - right) / passed - (1 - human) * (judge - wrong) / (1 - passed)),
        sessions=numbers,
        freedom=max(len(np.unique(sessions)) - 1, 1),
    )


def _result(value: float, bounds: Interval, pairs: Pairs, judged: Judged, weight: float) -> Corrected:
    value, low, high = np.clip([value, *bounds], 0, 1).tolist()
    return Corrected(
        value=value,
        low=min(value, low),
        high=max(value, high),
        labels=len(pairs.human),
        judged=judged.rows,
        weight=weight,
    )
