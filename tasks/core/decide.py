"""Deciding: every limit of a run against its window, and with the windows before it where it alone cannot tell."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from scipy import stats

from tasks.core.before import Before
from tasks.core.measure import Measure
from tasks.core.sentence import Grounds, explain
from tasks.core.stats.anytime import both, p_values
from tasks.core.stats.betting import Part, evidence
from tasks.core.stats.estimate import Estimate
from tasks.core.stats.multiple import holm
from tasks.core.verdict import Direction, State, Threshold, Verdict

CERTAIN: Final = 1e-300
SCORED: Final = ("pass_rate", "pass_rate_corrected", "pass_rate_assisted", "mean")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How evidence is weighed.

    `by_interval`: the truth must lie on one side of the limit with the `confidence`; else the estimate alone is
    compared. `as_family`: with that confidence no verdict of the run is wrong, else each by itself. `min_n`: an
    estimate from fewer rows is undecided. `min_coverage`: below this share of scored among asked, a pass rate is
    decided only if the missing scores could not change the verdict; None = never asked.
    Values that are all the same tell of no spread: a mean of fewer than `min_alike` of them is undecided, one of as
    many is compared as it stands.
    """

    by_interval: bool = True
    as_family: bool = True
    confidence: float = 0.95
    min_n: int = 1
    min_alike: int = 30
    min_coverage: float | None = None

    @property
    def error(self) -> float:
        """The probability of a wrong verdict on each side."""
        return (1 - self.confidence) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One limit with what is known of its measure.

    `before` is where the measure stood, for a limit against that. `parts` are the rows of this window and of those
    before it, the newest first; empty where they are not taken together.
    """

    threshold: Threshold
    measure: Measure
    rule: Rule
    before: Before | None = None
    parts: Sequence[Part] = ()

    @property
    def limit(self) -> float:
        """The limit on the measure itself."""
        if self.threshold.against is None or self.before is None:
            return self.threshold.limit
        away = self.threshold.limit if self.threshold.direction is Direction.MAX else -self.threshold.limit
        return self.before.value + away


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weighed:
    """A case with its state where no test is needed; else the p-values that the truth is above and below the limit.

    They are those of the window alone, and of it together with the windows before.
    """

    case: Case
    state: State | None = None
    remark: str = ""
    alone: tuple[float, float] = (1.0, 1.0)
    together: tuple[float, float] | None = None

    @property
    def claims(self) -> tuple[float, float]:
        """The p-values of ok and of breach."""
        above, below = self.alone
        if self.together is not None and self.case.measure.value is not None:
            above, below = both(self.alone, self.together, self.case.measure.value, self.case.limit)
        return (above, below) if self.case.threshold.direction is Direction.MIN else (below, above)


def decide(cases: Sequence[Case], measures: Mapping[str, Measure]) -> tuple[Verdict, ...]:
    """The verdicts on all limits of a run, in their order; `measures` are those of the window by address.

    The limits of the whole window are one family of tests, those of its segments another: within each, Holm's procedure
    holds the probability that any verdict is wrong, and each has half the error where there are both. A measure without
    an interval is a count of everything: it is compared as it stands.
    """
    weighed = [_weigh(case, measures) for case in cases]
    families = [[one for one in weighed if (one.case.measure.segment_by is not None) is part] for part in (False, True)]
    tested = [[one for one in family if one.state is None] for family in families]
    share = 0.5 if all(tested) else 1.0
    found = {id(one): judged for family in tested for one, judged in _judge(family, share)}
    return tuple(_verdict(one, found.get(id(one)) or _settled(one), measures) for one in weighed)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """What became of a case, and the error that its p-value is sure to be enough for."""

    state: State
    remark: str
    error: float


def _settled(weighed: _Weighed) -> _Judged:
    """What needed no test."""
    return _Judged(state=weighed.state or State.UNDECIDED, remark=weighed.remark, error=weighed.case.rule.error)


def _weigh(case: Case, measures: Mapping[str, Measure]) -> _Weighed:
    value = case.measure.value
    if value is None:
        return _Weighed(case=case, state=State.NO_DATA)
    if case.threshold.against is not None and case.before is None:
        return _Weighed(case=case, state=State.NO_DATA, remark="there is nothing before it to hold it against")
    if _is_certain(case):
        return _Weighed(case=case, state=_compare(case, value, value))
    return _weigh_rows(case, value, measures)


def _weigh_rows(case: Case, value: float, measures: Mapping[str, Measure]) -> _Weighed:
    """A case of an estimate with that value."""
    measure, rule = case.measure, case.rule
    coverage = _sibling(measures, measure, "coverage")
    covered = None if coverage is None else coverage.value
    if rule.min_coverage is not None and covered is not None and covered < rule.min_coverage:
        return _despite_missing(case, measures, f"only {covered:.0%} of the asked were scored")
    if measure.n + sum(sum(part.counts) for part in case.parts[1:]) < rule.min_n:
        return _Weighed(case=case, state=State.UNDECIDED, remark=f"fewer than {rule.min_n} rows")
    if not rule.by_interval:
        return _Weighed(case=case, state=_compare(case, value, value))
    if measure.low is None:
        few = not isinstance(measure.tails, Estimate) or measure.tails.n_effective < rule.min_alike
        state = State.UNDECIDED if few else _compare(case, value, value)
        return _Weighed(case=case, state=state, remark="the rows tell of no spread" if few else "")
    alone = (1.0, 1.0)
    if measure.n >= rule.min_n:
        alone = (_p_value(case, measure, below=False), _p_value(case, measure, below=True))
    together = p_values(case.parts, case.limit) if len(case.parts) > 1 else None
    return _Weighed(case=case, alone=alone, together=together)


def _is_certain(case: Case) -> bool:
    """Whether the measure is compared as it stands.

    It is where it counts everything, and where a limit on a share is that none may, or all must: no sample vouches for
    what was not seen, so what was seen counts.
    """
    measure = case.measure
    if measure.tails is None and (measure.low is None or measure.high is None):
        return True
    return measure.low == measure.value == measure.high or (measure.unit == "share" and not 0 < case.limit < 1)


def _despite_missing(case: Case, measures: Mapping[str, Measure], remark: str) -> _Weighed:
    """A case in which only what holds whatever the missing scores had been may be said."""
    worst, best = (
        _sibling(measures, case.measure, f"{case.measure.measure}_if_missing_{what}") for what in ("failed", "passed")
    )
    few = case.measure.n < case.rule.min_n
    if few or worst is None or best is None or worst.value is None or best.value is None:
        return _Weighed(case=case, state=State.UNDECIDED, remark=remark)
    if not case.rule.by_interval:
        return _Weighed(case=case, state=_compare(case, worst.value, best.value), remark=remark)
    return _Weighed(
        case=case, remark=remark, alone=(_p_value(case, worst, below=False), _p_value(case, best, below=True))
    )


def _judge(family: Sequence[_Weighed], share: float) -> Iterator[tuple[_Weighed, _Judged]]:
    """The states of the tested cases of one family, each with a remark where the family is why it is undecided."""
    if not family:
        return
    is_family = family[0].case.rule.as_family
    oks, breaches = ([one.claims[claim] for one in family] for claim in (0, 1))
    adjusted = zip(holm(oks), holm(breaches), strict=True) if is_family else zip(oks, breaches, strict=True)
    for one, (ok, breach) in zip(family, adjusted, strict=True):
        error = one.case.rule.error * share
        each = error / len(family) if is_family else error
        state = State.UNDECIDED if min(ok, breach) >= error else State.BREACH if breach < ok else State.OK
        clear = is_family and len(family) > 1 and min(one.claims) < error
        remark = one.remark or (f"clear alone, but not among {len(family)} limits" if clear else "")
        yield one, _Judged(state=state, remark=remark if state is State.UNDECIDED else "", error=each)


def _p_value(case: Case, measure: Measure, *, below: bool) -> float:
    """That of the hypothesis that the truth is not `below` the limit; by the normal law where no other is known."""
    if case.before is not None and case.before.error is None:
        return 1.0
    if case.before is None and measure.tails is not None:
        found = measure.tails.p_value(case.limit, below=below)
        return 1.0 if found is None else found
    if measure.value is None or measure.low is None or measure.high is None:
        return 1.0
    bound = measure.high if case.limit > measure.value else measure.low
    own = abs(bound - measure.value) / float(stats.norm.ppf((1 + case.rule.confidence) / 2))
    error = math.hypot(own, case.before.error if case.before and case.before.error else 0.0)
    away = case.limit - measure.value if below else measure.value - case.limit
    return float(stats.norm.sf(away / error)) if error > CERTAIN else float(away <= 0)


def _compare(case: Case, low: float, high: float) -> State:
    """Where [low, high] lies: wholly on the good side, wholly on the bad side, or across the limit."""
    if case.threshold.direction is Direction.MIN:
        good, bad = low >= case.limit, high < case.limit
    else:
        good, bad = high <= case.limit, low > case.limit
    return State.OK if good else State.BREACH if bad else State.UNDECIDED


def _sibling(measures: Mapping[str, Measure], measure: Measure, name: str) -> Measure | None:
    return measures.get(replace(measure, measure=name).address)


def _verdict(weighed: _Weighed, judged: _Judged, measures: Mapping[str, Measure]) -> Verdict:
    case, measure = weighed.case, weighed.case.measure
    grounds = Grounds(
        limit=case.limit,
        error=judged.error,
        asked=_asked(measure, measures),
        before=case.before,
        parts=_together(weighed, judged),
        remark=judged.remark,
    )
    return Verdict(
        address=measure.address,
        value=measure.value,
        low=measure.low,
        high=measure.high,
        n=measure.n,
        limit=case.limit,
        direction=case.threshold.direction,
        severity=case.threshold.severity,
        segment_by=measure.segment_by,
        segment=measure.segment,
        is_relative=case.threshold.against is not None,
        state=judged.state,
        explanation=explain(case.threshold, measure, judged.state, grounds),
    )


def _together(weighed: _Weighed, judged: _Judged) -> Sequence[Part]:
    """This window and as many before it as say most together, where it is together that they decide; else none."""
    case, claim = weighed.case, int(judged.state is State.BREACH)
    if weighed.together is None or judged.state not in {State.OK, State.BREACH}:
        return ()
    if case.threshold.direction is Direction.MAX:
        claim = 1 - claim
    if weighed.alone[claim] <= weighed.together[claim]:
        return ()
    return min((case.parts[:many] for many in range(2, len(case.parts) + 1)), key=_least(case.limit, claim))


def _least(limit: float, claim: int) -> Callable[[Sequence[Part]], float]:
    """By some windows, from the earliest of them on, the p-value of the claim above (0) or below (1)."""

    def of(parts: Sequence[Part]) -> float:
        found = evidence(parts, limit)
        return -(found.log_down if claim else found.log_up)

    return of


def _asked(measure: Measure, measures: Mapping[str, Measure]) -> int | None:
    """How many rows the evaluator was asked about, for those of whom a measure counts the scored; else None."""
    counts_scored = measure.measure in SCORED or measure.measure.startswith("share_")
    found = _sibling(measures, measure, "coverage") if measure.signal == "quality" and counts_scored else None
    return None if found is None else found.n
