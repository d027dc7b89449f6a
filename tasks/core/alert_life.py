"""The life of alerts: a state machine over windows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tasks.core.alert import Action, Alert, Status
from tasks.core.alert_news import Policy, is_told_all, with_amendment, with_news
from tasks.core.cause import Cause, Member, lead, sentence
from tasks.core.verdict import Severity, State, Verdict

REMEMBERED: Final = 24  # good windows after which an alert that recovered is forgotten
MOST_PATIENT: Final = 8  # times `recover_after`, however often an alert reopens
UNKNOWN: Final = {State.UNDECIDED, State.NO_DATA}
GONE: Final = "it is not watched any more"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The window that is looked at, and when."""

    monitor: str
    window_start: datetime
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What the alerts of a window go on from.

    `before` are those that the window before left. `heard` are the last that may have been told: those of the window's
    own last revision where there is one, else the same.
    """

    before: Sequence[Alert] = ()
    heard: Sequence[Alert] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Life:
    """Where an alert stands after a window."""

    status: Status
    since: datetime
    streak: int = 0
    openings: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One alert in one window: as the window before left it, as it was last told, and what the window shows of it."""

    key: str
    before: Alert | None
    heard: Alert | None
    cause: Cause

    @property
    def last(self) -> Alert | None:
        """The record that knows of all telling."""
        return self.heard or self.before


def follow(
    past: Past, found: Iterable[Cause], actions: Sequence[Action], policy: Policy, moment: Moment
) -> tuple[Alert, ...]:
    """The alerts after the newest window: at most one of each cause.

    Whatever a channel does not know is to be told it, in this window or a later one, unless it is muted. A window that
    is run again goes on from the window before it, so that it counts once.
    """
    before, heard = _by_key(past.before), _by_key(past.heard)
    seen = {f"{moment.monitor}:{one.key}": one for one in found}
    followed = []
    for key in dict.fromkeys([*seen, *before, *heard]):
        cause = seen.get(key, Cause(key=key, verdicts=()))
        case = _Case(key=key, before=before.get(key), heard=heard.get(key), cause=cause)
        life, last = _lived(case, policy, moment), case.last
        if life is None and last is not None and not is_told_all(last.acted(actions), moment.now):
            streak = last.streak if last.status is Status.RECOVERED else 0
            life = _Life(status=Status.RECOVERED, since=last.since, streak=streak, openings=last.openings)
        if life is not None:
            followed.append(with_news(_alert(case, life, moment).acted(actions), last, policy, moment.now))
    return tuple(followed)


def amend(
    previous: Iterable[Alert], found: Iterable[Cause], actions: Sequence[Action], policy: Policy, moment: Moment
) -> tuple[Alert, ...]:
    """What an old window shows now: it is kept with that window and moves nothing else.

    `previous` are the alerts of the window's last revision. A channel is told only where it was told of one of
    them and the state has become another.
    """
    known = _by_key(previous)
    amended = []
    for cause in found:
        key = f"{moment.monitor}:{cause.key}"
        before = known.get(key)
        if before is not None or cause.is_bad:
            life = _Life(
                status=Status.OPEN if cause.is_bad else Status.RECOVERED,
                since=before.since if before else moment.window_start,
                openings=before.openings if before else 1,
            )
            case = _Case(key=key, before=before, heard=before, cause=cause)
            amended.append(with_amendment(_alert(case, life, moment).acted(actions), before, policy, moment.now))
    return tuple(amended)


def _by_key(alerts: Iterable[Alert]) -> Mapping[str, Alert]:
    return {alert.key: alert for alert in alerts}


def _lived(case: _Case, policy: Policy, moment: Moment) -> _Life | None:
    """Where an alert stands after the window; None where there is none, or none any more."""
    before, cause = case.before, case.cause
    if not cause.verdicts:
        return None
    if before is None or not before.is_open:
        return _opened(before, cause, policy, moment)
    if cause.is_bad:
        return _Life(status=Status.OPEN, since=before.since, openings=before.openings)
    streak = before.streak + _is_good(cause, before.members)
    needed = policy.recover_after * min(2 ** (before.openings - 1), MOST_PATIENT)
    if streak >= needed:
        return _Life(status=Status.RECOVERED, since=before.since, openings=before.openings)
    return _Life(status=Status.OPEN, since=before.since, streak=streak, openings=before.openings)


def _opened(before: Alert | None, cause: Cause, policy: Policy, moment: Moment) -> _Life | None:
    """What becomes of what is not open: an alert that recovered lately is the same when it is bad again."""
    since = before.since if before else moment.window_start
    openings = before.openings if before else 0
    if cause.is_bad:
        streak = 1 + (before.streak if before and before.status is Status.PENDING else 0)
        if streak >= policy.after:
            return _Life(status=Status.OPEN, since=since, openings=openings + 1)
        return _Life(status=Status.PENDING, since=since, streak=streak, openings=openings)
    if before is None:
        return None
    if not _is_good(cause, before.members):
        return _Life(status=before.status, since=since, streak=before.streak, openings=openings)
    streak = 1 + (before.streak if before.status is Status.RECOVERED else 0)
    is_over = not openings or streak > REMEMBERED
    return None if is_over else _Life(status=Status.RECOVERED, since=since, streak=streak, openings=openings)


def _is_good(cause: Cause, before: Iterable[Member]) -> bool:
    """Whether all that was bad is ok; a segment with too few rows, which never was bad, says nothing."""
    members = cause.members(before)
    return any(one.state is State.OK for one in members) and not any(one.is_bad for one in members)


def _alert(case: _Case, life: _Life, moment: Moment) -> Alert:
    """The record of the window, with what is known of its telling."""
    last, is_open = case.last, life.status is Status.OPEN
    stays_open = is_open and last is not None and last.is_open
    told = {
        "status": life.status,
        "since": life.since,
        "window_start": moment.window_start,
        "streak": life.streak,
        "openings": life.openings,
        "opened_at": last.opened_at if last and stays_open else moment.now if is_open else None,
    }
    if last is not None:
        known = ("created_at", "told", "is_emitted")
        told |= {name: getattr(last, name) for name in known}
    return _shown(case, life, moment).model_copy(update=told)


def _shown(case: _Case, life: _Life, moment: Moment) -> Alert:
    """What the window shows of an alert."""
    cause, earlier = case.cause, case.before or case.last
    members = cause.members(case.before.members if case.before else ())
    leading = lead(cause, members, earlier.address if earlier else None)
    state = _state(cause, members, leading)
    told = GONE if leading is None else sentence(cause, leading)
    if life.status is Status.OPEN and state in UNKNOWN and not cause.is_bad:
        told = f"open since {life.since:%Y-%m-%d %H:%M} and not known now: {told}"
    return Alert(
        key=case.key,
        address=leading.address if leading else earlier.address if earlier else cause.key,
        status=life.status,
        state=state,
        severity=cause.severity or (earlier.severity if earlier else Severity.CRITICAL),
        since=life.since,
        window_start=moment.window_start,
        value=leading.value if leading else None,
        low=leading.low if leading else None,
        high=leading.high if leading else None,
        n=leading.n if leading else None,
        limit=leading.limit if leading else None,
        direction=leading.direction if leading else None,
        explanation=told,
        members=members,
        created_at=moment.now,
    )


def _state(cause: Cause, members: Sequence[Member], leading: Verdict | None) -> State:
    """What is known of the whole: the worst of it, ok only where nothing that was bad is unknown now."""
    if leading is not None and cause.is_bad:
        return leading.state
    states = {one.state for one in members}
    if State.OK in states and not any(one.is_bad for one in members):
        return State.OK
    return State.NO_DATA if states <= {State.NO_DATA} else State.UNDECIDED
