"""Drift of the judge: its agreement with known scores, and its shift against the judge before it."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from tasks.core.measure import Measure
from tasks.core.stats.intervals import student
from tasks.core.stats.rows import share_of

AGREEMENT = "drift.judge.canary_agreement"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One interaction on one metric, judged twice: the score `before` (or as it is known) and `now`, None unscored."""

    metric: str
    pass_at: int
    before: float
    now: float | None

    @property
    def agrees(self) -> bool:
        """Whether both scores are on the same side of the metric's `pass_at`."""
        return self.now is not None and (self.now >= self.pass_at) == (self.before >= self.pass_at)


def canary_measures(pairs: Sequence[Pair], confidence: float) -> list[Measure]:
    """Agreement with the known scores: the share on the same side of `pass_at`, and the mean difference.

    The agreement is that of the canaries which were scored; `canary_coverage` is the share of those.
    """
    if not pairs:
        return []
    scored = [pair for pair in pairs if pair.now is not None]
    agreed = sum(pair.agrees for pair in scored)
    agreement = share_of(AGREEMENT, agreed, len(scored), confidence)
    coverage = Measure(
        signal="drift",
        subject="judge",
        measure="canary_coverage",
        value=len(scored) / len(pairs),
        n=len(pairs),
        unit="share",
    )
    return [agreement, coverage, _shift("canary_shift", scored, confidence)]


def bridge_measures(pairs: Sequence[Pair], confidence: float) -> list[Measure]:
    """By metric, how much higher the new judge scores the same old interactions than the old judge did."""
    by_metric: dict[str, list[Pair]] = {}
    for pair in pairs:
        by_metric.setdefault(pair.metric, []).append(pair)
    return [
        _shift(f"bridge_shift_{name}", [pair for pair in of_it if pair.now is not None], confidence)
        for name, of_it in by_metric.items()
    ]


def change_sentence(shifts: Sequence[Measure]) -> str:
    """What to say of a judge that changed; the `shifts` are the bridge's measures."""
    told = [
        f"{one.measure.removeprefix('bridge_shift_')} {one.value:+.2f} ({one.low:+.2f} to {one.high:+.2f}, n = {one.n})"
        for one in shifts
        if one.value is not None and one.low is not None and one.high is not None
    ]
    shift = f"; on the same interactions of the window before, its scores differ by {', '.join(told)}" if told else ""
    return f"the judge changed{shift}: a step in the pass rates here is the judge's before it is the application's"


def _shift(measure: str, scored: Sequence[Pair], confidence: float) -> Measure:
    """The mean of the score now less the one before, with the interval of a paired t test."""
    shifts = [pair.now - pair.before for pair in scored if pair.now is not None]
    value = fmean(shifts) if shifts else None
    interval = student(value, stdev(shifts), len(shifts), confidence) if value is not None and len(shifts) > 1 else None
    low, high = interval or (None, None)
    return Measure(
        signal="drift", subject="judge", measure=measure, value=value, low=low, high=high, n=len(shifts), unit="score"
    )
