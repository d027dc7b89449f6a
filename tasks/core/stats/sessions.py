"""The rows of one version by session: what each session adds to the variance of their mean.

Sources: A. C. Cameron and D. L. Miller, A practitioner's guide to cluster-robust inference, Journal of Human Resources
50 (2015), for the problem; R. M. Bell and D. F. McCaffrey, Survey Methodology 28 (2002), and G. W. Imbens and
M. Kolesar, Review of Economics and Statistics 98 (2016), for the standard error (CR2) and its degrees of freedom;
A. Deng, U. Knoblich and J. Lu, Applying the delta method in metric analytics, KDD 2018, for the ratio of totals.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Sessions = Sequence[str | None] | None

TINY: Final = 1e-12  # of all rows: rounding, no rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """The rows of one version.

    `influence` is how far each session moves the mean, scaled so that its squares add up to the variance of the mean.
    `freedom` is the degrees of freedom of that variance. `crowding` is by how much it would grow were all rows of a
    session alike, from 1, where each row is on its own.
    """

    mean: float
    n: int
    sessions: int
    influence: Floats
    freedom: float
    crowding: float

    @property
    def variance(self) -> float:
        """The squared standard error of the mean."""
        return _sum(self.influence**2)


def session_numbers(first: Sessions, n_first: int, second: Sessions, n_second: int) -> tuple[Integers, Integers]:
    """Equal sessions by equal numbers; a row without one gets a number of its own."""
    given = [*([None] * n_first if first is None else first), *([None] * n_second if second is None else second)]
    named = pa.array(given).dictionary_encode()
    numbers = np.array(named.indices.fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int64)
    is_alone = numbers < 0
    numbers[is_alone] = len(named.dictionary) + np.arange(is_alone.sum())
    return numbers[:n_first], numbers[n_first:]


def side_of(values: Floats, numbers: Integers, count: int, weights: Floats | None = None) -> Side:
    """Sum up at least one row; `numbers` are those of the sessions, below `count`.

    `weights` above 0 are how many rows each row stands for: the mean is the ratio of the weighted sums, and each
    session's residual total is weighted (the linearised variance of a ratio; C.-E. Sarndal, B. Swensson and J. Wretman,
    Model assisted survey sampling, 1992, 5.6). The working model of CR2 is that a row's variance falls as its weight.
    """
    each = np.ones(len(values)) if weights is None else weights
    totals = np.bincount(numbers, weights=each, minlength=count)
    n, whole = len(values), float(each.sum())
    mean = float(
        values.mean() if weights is None else np.average(values, weights=each).clip(values.min(), values.max())
    )
    sizes = np.bincount(numbers, minlength=count)
    shares = totals / whole
    rest = np.where(1 - shares <= TINY, np.inf, 1 - shares)  # the influence of the only session cannot be known
    leverage = shares**2 / rest
    inverse = _sum(shares**2) - _sum(leverage**2) + _sum(leverage) ** 2
    return Side(
        mean=mean,
        n=n,
        sessions=int((sizes > 0).sum()),
        influence=np.bincount(numbers, weights=each * (values - mean), minlength=count) / (whole * np.sqrt(rest)),
        freedom=1 / inverse,
        crowding=float((sizes.astype(np.float64) ** 2).sum()) / n,
    )


def freedom_of(numbers: Integers, alike: float) -> float:
    """The degrees of freedom of the variance of `side_of` where the rows of a session correlate by `alike` (0 to 1).

    `Side.freedom` is that for 0; sessions of unlike sizes have fewer the more their rows are alike. At least 1.
    Source: G. W. Imbens and M. Kolesar, Review of Economics and Statistics 98 (2016), section III.
    """
    sizes = np.bincount(numbers).astype(np.float64)
    sizes = np.sort(sizes[sizes > 0])
    if len(sizes) < 2:  # noqa: PLR2004  one session has no spread
        return 1.0
    shares, spread = sizes / sizes.sum(), sizes * (1 - alike) + sizes**2 * alike
    total, scale = float(spread.sum()), 1 / (1 - shares)
    own = spread - 2 * shares * spread + total * shares**2  # the variances of the sessions' influences, scaled
    both, squares, product = (float((scale * one).sum()) for one in (shares**2, spread**2, shares * spread))
    covariances = 2 * both * squares + total**2 * both**2 + 2 * product**2 - 4 * total * both * product
    covariances += float((scale**2 * (own**2 - (own - spread) ** 2)).sum())
    return max(float((scale * own).sum()) ** 2 / covariances, 1.0)


def correlation_of(a: Side, b: Side) -> float:
    """That of the two means, from -1 to 1; 0 where they share no session or one does not vary."""
    product = math.sqrt(a.variance) * math.sqrt(b.variance)
    return min(max(float((a.influence * b.influence).sum()) / product, -1.0), 1.0) if product > 0 else 0.0


def joint_freedom(variances: tuple[float, float], freedoms: tuple[float, float], sessions: int) -> float:
    """The degrees of freedom of a difference of two means, at most one less than the sessions of both.

    Source: B. L. Welch, Biometrika 34 (1947); F. E. Satterthwaite, Biometrics Bulletin 2 (1946).
    """
    total = sum(variances)
    inverse = sum((one / total) ** 2 / freedom for one, freedom in zip(variances, freedoms, strict=True))
    return min(1 / inverse, sessions - 1.0) if inverse > 0 else math.inf


def rarer_sessions(is_one: npt.NDArray[np.bool_], numbers: Integers, weights: Floats | None = None) -> float:
    """How many sessions have the value that fewer sessions have: 0 where all rows are the same.

    With `weights` from 0 to 1, a session counts by its largest weight of that value.
    """
    each = np.ones(len(numbers)) if weights is None else weights
    return min(_sessions(numbers[is_one], each[is_one]), _sessions(numbers[~is_one], each[~is_one]))


def _sessions(numbers: Integers, weights: Floats) -> float:
    largest = np.zeros(int(numbers.max(initial=-1)) + 1)
    np.maximum.at(largest, numbers, weights)
    return _sum(largest)


def _sum(figures: Floats) -> float:
    """The same in whatever order the sessions are numbered."""
    return math.fsum(figures.tolist())
