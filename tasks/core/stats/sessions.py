"""The rows of one version by session: what each session adds to the variance of their mean.

Sources: A. C. Cameron and D. L. Miller, A practitioner's guide to cluster-robust inference, Journal of Human Resources
50 (2015), for the problem; R. M. Bell and D. F. McCaffrey, Survey Methodology 28 (2002), and G. W. Imbens and
M. Kolesar, Review of Economics and Statistics 98 (2016), for the standard error (CR2) and its degrees of freedom;
A. Deng, U. Knoblich and J. Lu, Applying the delta method in metric analytics, KDD 2018, for the ratio of totals.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Sessions = Sequence[str | None] | None


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
        return float((self.influence**2).sum())


def session_numbers(first: Sessions, n_first: int, second: Sessions, n_second: int) -> tuple[Integers, Integers]:
    """Equal sessions by equal numbers; a row without one gets a number of its own."""
    given = [*([None] * n_first if first is None else first), *([None] * n_second if second is None else second)]
    named = pa.array(given).dictionary_encode()
    numbers = np.array(named.indices.fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int64)
    is_alone = numbers < 0
    numbers[is_alone] = len(named.dictionary) + np.arange(is_alone.sum())
    return numbers[:n_first], numbers[n_first:]


def side_of(values: Floats, numbers: Integers, count: int) -> Side:
    """Sum up at least one row; `numbers` are those of the sessions, below `count`."""
    n, mean = len(values), float(values.mean())
    rows = np.bincount(numbers, minlength=count)
    shares = rows / n
    rest = np.where(rows == n, np.inf, 1 - shares)  # the influence of the only session cannot be known
    weights = shares**2 / rest
    inverse = float((shares**2).sum() - (weights**2).sum() + weights.sum() ** 2)
    return Side(
        mean=mean,
        n=n,
        sessions=int((rows > 0).sum()),
        influence=np.bincount(numbers, weights=values - mean, minlength=count) / (n * np.sqrt(rest)),
        freedom=1 / inverse,
        crowding=float((rows.astype(np.float64) ** 2).sum()) / n,
    )


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
