"""The pass rate of all candidates, from those that were judged and from the cheap scores that every one of them has.

Sources: C.-E. Sarndal, B. Swensson and J. Wretman, Model assisted survey sampling (1992), 6.3 and 9.6, for the
difference estimator in two phases; A. N. Angelopoulos, S. Bates, C. Fannjiang, M. I. Jordan and T. Zrnic,
Prediction-powered inference, Science 382 (2023), and A. N. Angelopoulos, J. C. Duchi and T. Zrnic, PPI++ (2023,
arXiv 2311.01453), for slopes that are tuned to the least variance.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pyarrow as pa

from tasks.core.measure import Measure
from tasks.core.stats.estimate import Estimate, share_estimate
from tasks.core.stats.sessions import Floats, Integers, Sessions, session_numbers

FEWEST: Final = 30  # judged rows
ROUNDING: Final = 1e-9  # of an influence
LOCAL: Final = "local_"  # and the name of a metric: the column of its score by the local evaluator


@dataclass(frozen=True, slots=True, kw_only=True)
class Assisted:
    """A pass rate (0 to 1) as an estimate from the judged rows, with its interval.

    `slopes` are how much of each score's difference counts, all 0 where the scores tell nothing. `shrink` is the width
    of the interval over the width without the scores.
    """

    estimate: Estimate
    low: float
    high: float
    slopes: tuple[float, ...]
    shrink: float

    @property
    def value(self) -> float:
        """The rate."""
        return self.estimate.value

    @property
    def n(self) -> int:
        """The judged rows behind it."""
        return self.estimate.n


def assisted_measures(
    name: str, candidates: pa.Table, passed: Mapping[str, bool | None], confidence: float
) -> list[Measure]:
    """`quality.NAME.pass_rate_assisted` of all candidates that the metric applies to; none where it has no local score.

    `candidates` is a table of `candidates_schema`; `passed` says by interaction whether it passed, None or nothing
    where it has no score. The local scores of the monitor's other metrics assist too, where all those candidates have
    them. The value is None where `assisted_rate` is.
    """
    if f"{LOCAL}{name}" not in candidates.column_names:
        return []
    rows = candidates.filter(candidates[f"{LOCAL}{name}"].is_valid())
    flags = [None if one is None else passed.get(one) for one in rows["interaction_id"].to_pylist()]
    n = sum(one is not None for one in flags)
    nothing = Measure(signal="quality", subject=name, measure="pass_rate_assisted", value=None, n=n, unit="share")
    if not n:
        return [nothing]
    columns = [column for column in rows.column_names if column.startswith(LOCAL) and not rows[column].null_count]
    scores = np.column_stack([rows[column].to_numpy() for column in columns])
    sessions = [None if one is None else str(one) for one in rows["session"].to_pylist()]
    found = assisted_rate(flags, scores, 1 / rows["inclusion"].to_numpy(), sessions, confidence)
    if found is None:
        return [nothing]
    return [replace(nothing, value=found.value, low=found.low, high=found.high, tails=found.estimate)]


def candidates_schema(metrics: Sequence[str]) -> pa.Schema:
    """The columns of the candidates of a window, which hold no text.

    `interaction_id` is null where a candidate was not chosen; `inclusion` is the probability with which it was, 1 for
    all where nothing is stratified or preferred; `session` numbers the sessions, null where there is none. `local_` and
    a metric is its score by the local evaluator, 0 to 1, null where the metric does not apply to the candidate.
    """
    return pa.schema(
        [
            pa.field("interaction_id", pa.string()),
            pa.field("chosen", pa.bool_(), nullable=False),
            pa.field("inclusion", pa.float64(), nullable=False),
            pa.field("session", pa.int32()),
            *(pa.field(f"{LOCAL}{name}", pa.float64()) for name in metrics),
        ]
    )


def assisted_rate(
    passed: Sequence[bool | None], scores: Floats, weights: Floats, sessions: Sessions, confidence: float
) -> Assisted | None:
    """The pass rate of all candidates; each has an item, and each score a column of `scores`, finite.

    `passed` is None where a candidate was not judged, and then its weight does not matter; else that is 1 / the
    probability with which it was chosen. `sessions` as for `share_estimate`. The value is `difference_rate` with the
    slopes that make its linearised variance by session least. The interval is that of the judged rows alone, of as many
    more rows as the variance is less; of the gain is taken off what fitting slopes gains by chance (R. A. Fisher's
    adjustment of R squared), and without a gain the slopes are 0. None with fewer than `FEWEST` judged rows, or where
    each score is the same for all.
    """
    is_judged = np.array([one is not None for one in passed], dtype=np.bool_)
    outcomes = np.array([float(one or False) for one in passed])
    if is_judged.sum() < FEWEST or not np.ptp(scores, axis=0).any():
        return None
    numbers = np.arange(len(passed)) if sessions is None else session_numbers(sessions, len(passed), None, 0)[0]
    chosen = None if sessions is None else [name for name, one in zip(sessions, is_judged, strict=True) if one]
    plain = share_estimate(outcomes[is_judged] > 0, chosen, weights[is_judged])
    if plain is None:
        return None
    counted = np.where(is_judged, weights, 0.0)
    slopes, gain = _tuned(outcomes, scores, counted, numbers)
    value = min(max(difference_rate(outcomes, scores, counted, slopes), 0.0), 1.0)
    found = replace(plain, value=value, n_effective=plain.n_effective * gain)
    (low, high), alone = (one.interval(confidence) or (0.0, 1.0) for one in (found, plain))
    shrink = (high - low) / (alone[1] - alone[0])
    return Assisted(estimate=found, low=low, high=high, slopes=tuple(slopes.tolist()), shrink=shrink)


def difference_rate(passed: Floats, scores: Floats, weights: Floats, slopes: Floats) -> float:
    """The weighted share that passed + slopes · (mean scores of all rows - weighted mean scores).

    `passed` is 1 or 0; a row that was not judged has the weight 0, and it does not matter there. Where the weights of
    every sample add up to the number of rows, the mean over all samples is the share of all rows, whatever the slopes.
    """
    shares = weights / weights.sum()
    return float(shares @ passed + (scores.mean(axis=0) - shares @ scores) @ slopes)


def _tuned(passed: Floats, scores: Floats, weights: Floats, numbers: Integers) -> tuple[Floats, float]:
    """The slopes of least variance, and by how much the variance without them is greater, at least 1."""
    shares, evenly, none = weights / weights.sum(), np.full(len(weights), 1 / len(weights)), np.zeros(scores.shape[1])
    freedom = len(np.unique(numbers[weights > 0])) - 1
    if not freedom or not np.ptp(passed[weights > 0]):
        return none, 1.0
    alone = _influence(passed, shares, numbers)
    judged, whole = (np.column_stack([_influence(one, part, numbers) for one in scores.T]) for part in (shares, evenly))
    each = np.where(np.abs(whole - judged).max(axis=0) > ROUNDING * np.abs(judged).max(axis=0), whole - judged, 0.0)
    slopes = np.asarray(np.linalg.lstsq(each, -alone)[0], dtype=np.float64)
    left = float(((alone + each @ slopes) ** 2).sum())
    gain = float((alone**2).sum()) / left * (freedom - len(slopes)) / freedom
    return (slopes, gain) if gain > 1 else (none, 1.0)


def _influence(values: Floats, shares: Floats, numbers: Integers) -> Floats:
    """How far each session moves the weighted mean of the values."""
    return np.asarray(np.bincount(numbers, weights=shares * (values - shares @ values)), dtype=np.float64)
