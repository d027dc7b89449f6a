"""Causes: the verdicts of a window that are one thing to a person, and hence one alert."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, ConfigDict

from tasks.core.drift.judge import AGREEMENT
from tasks.core.operations.judging import PREVENTED
from tasks.core.plain import plain
from tasks.core.verdict import Direction, Severity, State, Verdict

JUDGING: Final = "judging"
PARTS_NAMED: Final = 3
NAME_SHOWN: Final = 60


class Member(BaseModel):
    """One measure of a cause as a window left it.

    `is_bad`: it was beyond its limit since the alert began, and has not been ok since.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str
    state: State
    is_bad: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What one alert is about in one window; `key` is the same in every window, each address stands once."""

    key: str
    verdicts: Sequence[Verdict]

    @property
    def is_bad(self) -> bool:
        """Whether anything of it is to be told."""
        return any(one.opens_alert for one in self.verdicts)

    @property
    def severity(self) -> Severity | None:
        """The worst of what is to be told; None where nothing is."""
        found = {one.severity for one in self.verdicts if one.opens_alert}
        return Severity.CRITICAL if Severity.CRITICAL in found else next(iter(found), None)

    def members(self, before: Iterable[Member]) -> tuple[Member, ...]:
        """Its measures, after what the window before left of them; one without a verdict any more is left out."""
        was_bad = {one.address for one in before if one.is_bad}
        return tuple(
            Member(
                address=one.address,
                state=one.state,
                is_bad=one.opens_alert or (one.state is not State.OK and one.address in was_bad),
            )
            for one in self.verdicts
        )


def causes(verdicts: Iterable[Verdict]) -> tuple[Cause, ...]:
    """The verdicts by cause, in the order in which the causes first come.

    What concerns the judging itself is one cause: a judge that is away lowers the coverage of every metric. A measure
    of the window and of all its segments is one.
    """
    found: dict[str, dict[str, Verdict]] = {}
    for verdict in verdicts:
        of_cause = found.setdefault(cause_of(verdict.address), {})
        before = of_cause.get(verdict.address)
        if before is None or _weight(verdict) > _weight(before):
            of_cause[verdict.address] = verdict
    return tuple(Cause(key=key, verdicts=tuple(of_cause.values())) for key, of_cause in found.items())


def cause_of(address: str) -> str:
    """The key of the cause to which a measure belongs: `judging`, else the address of the whole measure."""
    whole = address.partition("[")[0]
    signal, subject, measure = whole.split(".")
    is_coverage = (signal, measure) == ("quality", "coverage")
    return JUDGING if is_coverage or (signal, subject) == ("operations", "judging") or whole == AGREEMENT else whole


def lead(cause: Cause, members: Iterable[Member], before: str | None) -> Verdict | None:
    """The verdict that stands for its cause: the worst one, else one that was bad, else that of the address `before`.

    None of a cause without verdicts.
    """
    was_bad = {one.address for one in members if one.is_bad}

    def rank(one: Verdict) -> tuple[bool, ...]:
        return (*_weight(one)[:2], one.alarms, one.address in was_bad, one.address == before, one.address == PREVENTED)

    return max(cause.verdicts, key=lambda one: (*rank(one), one.segment_by is None), default=None)


def sentence(cause: Cause, leading: Verdict) -> str:
    """What a person reads of a cause, with its figures; logged text in it is on one line."""
    return _of_judging(cause, leading) if cause.key == JUDGING else _of_measure(cause, leading)


def _weight(verdict: Verdict) -> tuple[bool, bool, bool]:
    """Of two limits on one measure the one to be told counts, the critical one first, else the one that is not ok."""
    opens = verdict.opens_alert
    return opens, opens and verdict.severity is Severity.CRITICAL, verdict.state is not State.OK


def _of_judging(cause: Cause, leading: Verdict) -> str:
    low = [one for one in cause.verdicts if one.opens_alert and one.address.endswith(".coverage")]
    others = [one.explanation for one in cause.verdicts if one.opens_alert and one not in low]
    if len(low) > 1:
        named = ", ".join(f"{one.address.split('.')[1]} {_value(one)}" for one in low)
        others.append(f"too few of the asked were scored for {len(low)} metrics: {named}")
    else:
        others += [one.explanation for one in low]
    return "; ".join(others) or leading.explanation


def _of_measure(cause: Cause, leading: Verdict) -> str:
    """The whole window's verdict, then its worst segments."""
    whole = next((one for one in cause.verdicts if one.segment_by is None), leading)
    parts = sorted((one for one in cause.verdicts if one.opens_alert and one.segment_by is not None), key=_worst_first)
    if not parts:
        return leading.explanation
    named = ", ".join(
        f"{plain(str(one.segment_by), NAME_SHOWN)}={plain(str(one.segment), NAME_SHOWN)} {_value(one)}"
        for one in parts[:PARTS_NAMED]
    )
    more = f" and {len(parts) - PARTS_NAMED} more" if len(parts) > PARTS_NAMED else ""
    return f"{whole.explanation}; beyond the limit in {len(parts)} segment{'s'[: len(parts) - 1]}: {named}{more}"


def _worst_first(verdict: Verdict) -> tuple[bool, float]:
    value = verdict.value or 0.0
    return verdict.severity is not Severity.CRITICAL, value if verdict.direction is Direction.MIN else -value


def _value(verdict: Verdict) -> str:
    return "unknown" if verdict.value is None else f"{verdict.value:.3g}"
