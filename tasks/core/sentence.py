"""A verdict in one plain sentence with its figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from tasks.core.before import Before
from tasks.core.measure import Measure
from tasks.core.plain import plain
from tasks.core.stats.anytime import Anytime
from tasks.core.stats.betting import Part
from tasks.core.stats.estimate import Estimate
from tasks.core.stats.power import rows_to_decide
from tasks.core.verdict import Direction, State, Threshold

THOUSAND: Final = 1000  # from there on without decimals
SEGMENT_SHOWN: Final = 60
ENDS: Final = {State.OK: ": ok", State.BREACH: ": breach"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """What a verdict rests on besides the measure.

    `limit` is that on the measure itself, `asked` the rows that the evaluator was asked about (None: not judged),
    `before` where the measure stood, `parts` this window and those before that decided together. `error` is what
    a p-value has to be below.
    """

    limit: float
    error: float
    asked: int | None = None
    before: Before | None = None
    parts: Sequence[Part] = ()
    remark: str = ""


def explain(threshold: Threshold, measure: Measure, state: State, grounds: Grounds) -> str:
    """One plain sentence with the figures; logged text in it is on one line."""
    name = _name(measure)
    if measure.value is None:
        why = f"{measure.n} rows do not tell it" if measure.n else "nothing was measured"
        return f"{name}: {why}, so nothing can be said of the limit {threshold.limit:g}"
    shown = partial(figure, measure.unit)
    bounds = "" if measure.low is None or measure.high is None else f"{shown(measure.low)} to {shown(measure.high)}, "
    figures = f"{name} {shown(measure.value)} ({bounds}{_rows(measure, grounds)}){_together(measure, grounds)}"
    if threshold.against is not None and grounds.before is None:
        return f"{figures}: {grounds.remark}"
    good, bad = ("at least", "below") if threshold.direction is Direction.MIN else ("at most", "above")
    limit = _limit(threshold, grounds, shown)
    side = {State.OK: f"is {good}", State.BREACH: f"is {bad}"}.get(state, "cannot be told from")
    ends = grounds.remark or (_wanting(measure, grounds) if state is State.UNDECIDED else "")
    return f"{figures} {side} {limit}{ENDS.get(state, '')}{f'; {ends}' if ends else ''}"


def figure(unit: str, value: float) -> str:
    """Shares, scores and ratios with three decimals, counts, amounts and limits with as many digits as tell something.

    A limit has no unit here: 0.8 was set, not 0.800.
    """
    return (
        f"{value:.3f}"
        if unit in {"share", "score", "ratio"}
        else f"{value:,.0f}"
        if abs(value) >= THOUSAND
        else f"{value:.4g}"
    )


def _name(measure: Measure) -> str:
    of = "" if measure.segment_by is None else f" of {measure.segment_by} {plain(str(measure.segment), SEGMENT_SHOWN)}"
    return f"{measure.subject} {measure.measure.replace('_', ' ')}{of}"


def _rows(measure: Measure, grounds: Grounds) -> str:
    if grounds.asked is None:
        return f"n = {measure.n}"
    return f"{measure.n} scored of {grounds.asked} asked"


def _together(measure: Measure, grounds: Grounds) -> str:
    """The windows that decide with this one: how many, and what all of them show."""
    if not grounds.parts:
        return ""
    others = grounds.parts[1:]
    rows = measure.n + sum(sum(part.counts) for part in others)
    held = (measure.value or 0) * measure.n
    held += sum(level * count for part in others for level, count in zip(part.levels, part.counts, strict=True))
    windows = len(grounds.parts) - 1
    named = "the window before it" if windows == 1 else f"the {windows} windows before it"
    return f", with {named} {held / rows:.3f} of {rows:,.0f} rows,"


def _limit(threshold: Threshold, grounds: Grounds, shown: "partial[str]") -> str:
    if grounds.before is None:
        return f"{grounds.limit:g}"
    away, before = threshold.limit, grounds.before
    side = "less" if threshold.direction is Direction.MIN else "more"
    of = "the window before" if before.windows == 1 else f"{before.windows} windows before"
    return f"{shown(grounds.limit)}, {away:g} {side} than the {shown(before.value)} of {of}"


def _wanting(measure: Measure, grounds: Grounds) -> str:
    """About how many more rows would decide, should the rate stay as it is; nothing of what is no share."""
    if measure.unit != "share" or measure.value is None or grounds.before is not None:
        return ""
    if isinstance(measure.tails, Anytime) and measure.tails.part.shares:
        return ""  # sessions are wanting, not rows
    effect = measure.tails.design_effect if isinstance(measure.tails, Estimate) else None
    more = rows_to_decide(measure.value, measure.n, grounds.limit, error=grounds.error, design_effect=effect or 1.0)
    return "" if more is None else f"about {_rounded(more):,} more rows would decide"


def _rounded(rows: int) -> int:
    """Two digits are enough of an estimate."""
    size = int(10 ** max(len(str(rows)) - 2, 0))
    return -(-rows // size) * size
