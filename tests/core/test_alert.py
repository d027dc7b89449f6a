"""Alerts over windows: what a person is told, and what not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.alert import Action, ActionKind, Alert, Event, Status
from tasks.core.alert_life import MOST_PATIENT, REMEMBERED, Moment, Past, amend, follow
from tasks.core.alert_news import Policy
from tasks.core.cause import causes
from tasks.core.news import Notice
from tasks.core.verdict import Direction, Severity, State, Verdict

START = datetime(2026, 11, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = 24 * HOUR
RATE = "quality.fluency.pass_rate"
OK, BREACH, UNDECIDED, NO_DATA = State.OK, State.BREACH, State.UNDECIDED, State.NO_DATA
OPENED = {Event.OPENED, Event.REOPENED}
CHAT, PAGER = "chat", "pager"


def verdict(state: State, address: str = RATE, severity: Severity = Severity.CRITICAL, **more: object) -> Verdict:
    part = address.partition("[")[2].removesuffix("]").partition("=")
    fields: dict[str, object] = {
        "address": address,
        "value": None if state is NO_DATA else 0.5,
        "low": 0.4,
        "high": 0.6,
        "n": 100,
        "limit": 0.7,
        "direction": Direction.MIN,
        "severity": severity,
        "state": state,
        "explanation": f"as it is: {state}",
        "segment_by": part[0] or None,
        "segment": part[2] or None,
    }
    return Verdict(**fields | more)  # type: ignore[arg-type]


@dataclass
class Watched:
    """A monitor that runs at the end of every hour; `heard` are the events that were delivered, by window.

    They are those of the first channel; `others` are those of all others.
    """

    policy: Policy = field(default_factory=lambda: Policy(renotify=DAY))
    alerts: tuple[Alert, ...] = ()
    actions: list[Action] = field(default_factory=list)
    heard: list[tuple[int, Event]] = field(default_factory=list)
    others: list[tuple[int, Event]] = field(default_factory=list)
    emitted: list[Event] = field(default_factory=list)
    before: tuple[Alert, ...] = ()
    hour: int = -1

    def __post_init__(self) -> None:
        if not self.policy.channels:
            self.policy = replace(self.policy, channels=(CHAT,))

    @property
    def now(self) -> datetime:
        return START + (self.hour + 1) * HOUR

    @property
    def alert(self) -> Alert:
        (one,) = self.alerts
        return one

    @property
    def events(self) -> list[Event]:
        return [event for _, event in self.heard]

    def see(
        self, *verdicts: Verdict, delivers: bool = True, hours: int = 1, fails: Sequence[str] = ()
    ) -> tuple[Alert, ...]:
        """The next window, of these verdicts; nothing is delivered to what `fails`, or else to the first channel."""
        self.before, self.hour = self.alerts, self.hour + hours
        fails = fails if delivers else self.policy.channels[:1]
        return self._run(Past(before=self.before, heard=self.before), verdicts, fails)

    def again(self, *verdicts: Verdict) -> tuple[Alert, ...]:
        """The same window once more, with later data."""
        return self._run(Past(before=self.before, heard=self.alerts), verdicts, ())

    def act(self, action: ActionKind, until: datetime | None = None) -> None:
        """Somebody does something about the only alert, just after the run."""
        at = self.now + timedelta(seconds=1)
        self.actions.append(Action(id=self.alert.id, action=action, until=until, by="sam", at=at))

    def _run(self, past: Past, verdicts: Iterable[Verdict], fails: Sequence[str]) -> tuple[Alert, ...]:
        moment = Moment(monitor="bot", window_start=START + self.hour * HOUR, now=self.now)
        seen = follow(past, causes(verdicts), self.actions, self.policy, moment)
        self.emitted += [alert.emits for alert in seen if alert.emits]
        for number, channel in enumerate(self.policy.channels):
            if channel not in fails:
                told = self.others if number else self.heard
                told += [(self.hour, alert.news[channel]) for alert in seen if channel in alert.news]
                seen = tuple(one.heard_by(channel, self.now) if channel in one.news else one for one in seen)
        self.alerts = seen
        return self.alerts


def over(states: Sequence[State], after: int = 1, recover_after: int = 1) -> Watched:
    """One measure over windows of these states, without reminders."""
    watched = Watched(policy=Policy(after=after, recover_after=recover_after))
    for state in states:
        watched.see(verdict(state))
    return watched


def test_a_breach_opens_one_alert_and_ok_closes_it() -> None:
    watched = over([BREACH, BREACH, OK, OK])
    assert watched.heard == [(0, Event.OPENED), (2, Event.RECOVERED)]
    assert (watched.alert.key, watched.alert.status, watched.alert.since) == (f"bot:{RATE}", Status.RECOVERED, START)


def test_a_cold_start_says_nothing_unless_it_is_bad() -> None:
    for state in (OK, UNDECIDED, NO_DATA):
        assert over([state]).alerts == ()


def test_missing_evidence_neither_opens_nor_closes() -> None:
    watched = over([BREACH, NO_DATA, UNDECIDED])
    assert watched.events == [Event.OPENED]
    assert watched.alert.status is Status.OPEN
    assert watched.alert.explanation == "open since 2026-11-20 00:00 and not known now: as it is: undecided"


def test_an_alert_opens_after_so_many_windows_in_a_row() -> None:
    assert over([BREACH, BREACH], after=3).alert.status is Status.PENDING
    assert over([BREACH, BREACH, BREACH], after=3).heard == [(2, Event.OPENED)]
    assert over([BREACH, BREACH, OK, BREACH, BREACH], after=3).heard == []
    assert over([BREACH, BREACH, NO_DATA, BREACH], after=3).heard == [(3, Event.OPENED)]


def test_an_alert_recovers_after_so_many_windows_in_a_row() -> None:
    assert over([BREACH, OK], recover_after=2).alert.status is Status.OPEN
    assert over([BREACH, OK, BREACH, OK, OK], recover_after=2).heard == [(0, Event.OPENED), (4, Event.RECOVERED)]


def test_one_that_comes_back_soon_is_the_same_alert_and_recovers_twice_as_late() -> None:
    watched = over([BREACH, OK, BREACH, OK])
    assert watched.events == [Event.OPENED, Event.RECOVERED, Event.REOPENED]
    assert (watched.alert.openings, watched.alert.since) == (2, START)
    watched.see(verdict(OK))
    assert watched.events[3:] == [Event.RECOVERED]


def test_after_long_enough_another_breach_is_another_alert() -> None:
    assert over([BREACH, OK, *[OK] * (REMEMBERED + 1)]).alerts == ()
    assert over([BREACH, *[OK] * (REMEMBERED + 2), BREACH]).events[2:] == [Event.OPENED]
    assert over([BREACH, *[OK] * REMEMBERED, BREACH]).events[2:] == [Event.REOPENED]


def test_an_open_alert_is_told_again_after_renotify_and_never_without() -> None:
    watched = Watched()
    for _ in range(50):
        watched.see(verdict(BREACH))
    assert watched.heard == [(0, Event.OPENED), (24, Event.REMINDED), (48, Event.REMINDED)]
    assert over([BREACH] * 50).heard == [(0, Event.OPENED)]


def test_what_could_not_be_told_is_told_by_the_next_window() -> None:
    watched = Watched()
    watched.see(verdict(BREACH), delivers=False)
    watched.see(verdict(BREACH))
    watched.see(verdict(OK), delivers=False)
    watched.see(verdict(OK))
    assert watched.heard == [(1, Event.OPENED), (3, Event.RECOVERED)]
    assert watched.emitted == [Event.OPENED, Event.RECOVERED]


def test_what_came_and_went_while_nothing_could_be_told_is_told_as_that() -> None:
    watched = Watched()
    watched.see(verdict(BREACH), delivers=False)
    watched.see(verdict(OK), delivers=False)
    watched.see(verdict(OK))
    watched.see(verdict(OK))
    assert watched.heard == [(2, Event.MISSED)]


def test_an_acknowledged_alert_is_not_reminded_of_but_its_recovery_is_told() -> None:
    watched = Watched()
    watched.see(verdict(BREACH))
    watched.act(ActionKind.ACKNOWLEDGE)
    watched.see(verdict(BREACH), hours=30)
    assert (watched.alert.status, watched.alert.acknowledged_by) == (Status.ACKNOWLEDGED, "sam")
    watched.see(verdict(OK))
    assert watched.events == [Event.OPENED, Event.RECOVERED]
    assert watched.emitted == [Event.OPENED, Event.ACKNOWLEDGED, Event.RECOVERED]


def test_an_on_call_service_is_told_once_that_somebody_has_the_alert_and_chats_are_not() -> None:
    watched = Watched(policy=Policy(channels=(CHAT, PAGER), renotify=DAY, acknowledging=(PAGER,)))
    watched.see(verdict(BREACH))
    watched.act(ActionKind.ACKNOWLEDGE)
    watched.see(verdict(BREACH), fails=[PAGER])
    for state in (BREACH, BREACH, OK, BREACH):
        watched.see(verdict(state))
    assert watched.heard == [(0, Event.OPENED), (4, Event.RECOVERED), (5, Event.REOPENED)]
    assert watched.others == [(0, Event.OPENED), (2, Event.ACKNOWLEDGED), (4, Event.RECOVERED), (5, Event.REOPENED)]
    watched.act(ActionKind.ACKNOWLEDGE)
    watched.see(verdict(BREACH))
    assert watched.others[-1] == (6, Event.ACKNOWLEDGED)


def test_what_was_acknowledged_before_it_could_be_told_is_opened_first() -> None:
    watched = Watched(policy=Policy(channels=(PAGER,), acknowledging=(PAGER,)))
    watched.see(verdict(BREACH), delivers=False)
    watched.act(ActionKind.ACKNOWLEDGE)
    for _ in range(3):
        watched.see(verdict(BREACH))
    assert watched.heard == [(1, Event.OPENED), (2, Event.ACKNOWLEDGED)]


def test_an_acknowledgement_ends_with_the_recovery() -> None:
    watched = Watched()
    watched.see(verdict(BREACH))
    watched.act(ActionKind.ACKNOWLEDGE)
    for state in (BREACH, OK, BREACH):
        watched.see(verdict(state))
    assert (watched.alert.status, watched.alert.acknowledged_by) == (Status.OPEN, None)


def test_a_muted_alert_tells_nothing_before_the_end_and_then_that_it_is_open() -> None:
    watched = Watched()
    watched.see(verdict(BREACH))
    watched.act(ActionKind.MUTE, until=START + 10 * HOUR)
    for _ in range(10):
        watched.see(verdict(BREACH))
    assert watched.heard == [(0, Event.OPENED), (9, Event.REMINDED)]


def test_a_recovery_under_a_mute_is_told_at_its_end() -> None:
    watched = Watched()
    watched.see(verdict(BREACH))
    watched.act(ActionKind.MUTE, until=START + 10 * HOUR)
    for _ in range(10):
        watched.see(verdict(OK))
    assert watched.heard == [(0, Event.OPENED), (9, Event.RECOVERED)]
    assert watched.emitted == [Event.OPENED, Event.RECOVERED]


def test_what_opens_and_recovers_under_a_mute_is_never_told() -> None:
    watched = Watched()
    watched.see(verdict(BREACH))
    watched.see(verdict(OK))
    watched.act(ActionKind.MUTE, until=START + 60 * HOUR)
    for state in [BREACH, OK, OK] + [OK] * 60:
        watched.see(verdict(state))
    assert watched.events == [Event.OPENED, Event.RECOVERED]
    assert watched.alerts == ()


def test_an_unmuted_alert_tells_what_it_kept() -> None:
    watched = Watched()
    watched.see(verdict(BREACH))
    watched.see(verdict(OK))
    watched.act(ActionKind.MUTE, until=START + 60 * HOUR)
    watched.see(verdict(BREACH))
    watched.act(ActionKind.UNMUTE)
    watched.see(verdict(BREACH))
    assert watched.heard[2:] == [(3, Event.REOPENED)]


def test_a_warning_that_becomes_critical_is_told_at_once() -> None:
    watched = Watched()
    watched.see(verdict(BREACH, severity=Severity.WARNING), verdict(OK))
    watched.act(ActionKind.ACKNOWLEDGE)
    watched.see(verdict(BREACH, severity=Severity.WARNING), verdict(BREACH))
    watched.see(verdict(BREACH, severity=Severity.WARNING), verdict(BREACH))
    watched.see(verdict(BREACH, severity=Severity.WARNING), verdict(OK))
    assert watched.heard == [(0, Event.OPENED), (1, Event.ESCALATED)]


def test_a_window_that_is_run_again_counts_once() -> None:
    watched = Watched(policy=Policy(after=2, recover_after=2))
    watched.see(verdict(BREACH))
    watched.again(verdict(BREACH))
    assert watched.alert.status is Status.PENDING
    watched.see(verdict(BREACH))
    watched.see(verdict(OK))
    watched.again(verdict(OK))
    assert watched.alert.status is Status.OPEN
    assert watched.heard == [(1, Event.OPENED)]


def test_a_newest_window_that_was_told_as_bad_and_is_not_is_told_as_recovered() -> None:
    watched = Watched()
    watched.see(verdict(BREACH))
    watched.again(verdict(BREACH))
    watched.again(verdict(OK))
    watched.again(verdict(OK))
    assert watched.events == [Event.OPENED, Event.RECOVERED]


def test_what_is_not_watched_any_more_is_closed() -> None:
    watched = Watched()
    watched.see(verdict(BREACH))
    watched.see()
    assert (watched.alert.explanation, watched.events[1:]) == ("it is not watched any more", [Event.RECOVERED])
    assert watched.see() == ()


def test_a_segment_that_was_bad_keeps_the_alert_open_until_it_is_ok() -> None:
    gold, free = f"{RATE}[tier=gold]", f"{RATE}[tier=free]"
    watched = Watched()
    watched.see(verdict(OK), verdict(BREACH, gold), verdict(UNDECIDED, free))
    watched.see(verdict(OK), verdict(UNDECIDED, gold), verdict(UNDECIDED, free))
    assert (watched.alert.status, watched.alert.state) == (Status.OPEN, UNDECIDED)
    watched.see(verdict(OK), verdict(OK, gold), verdict(UNDECIDED, free))
    assert watched.heard == [(0, Event.OPENED), (2, Event.RECOVERED)]


def amended(previous: tuple[Alert, ...], state: State, actions: Sequence[Action] = ()) -> Alert:
    moment = Moment(monitor="bot", window_start=START, now=START + 5 * HOUR)
    (found,) = amend(previous, causes([verdict(state)]), actions, Policy(channels=(CHAT,)), moment)
    return found


def said(alert: Alert) -> str:
    """The sentence by which an alert is told."""
    return Notice(alert=alert, event=alert.news[CHAT], told=alert.told.get(CHAT), page="").sentence


def test_an_old_window_records_its_breach_and_tells_nobody() -> None:
    found = amended((), BREACH)
    assert (found.state, found.news) == (BREACH, {})


def test_a_told_verdict_that_has_become_another_is_amended_once() -> None:
    watched = over([BREACH])
    first = amended(watched.alerts, OK)
    assert first.news == {CHAT: Event.AMENDED}
    assert said(first) == "was breach, is ok: fluency pass rate: as it is: ok"
    told = first.heard_by(CHAT, START + 5 * HOUR)
    assert not amended((told,), OK).news
    assert amended((first,), OK).news, "it could not be told"
    assert not amended((first,), BREACH).news, "it is again what was told"
    assert said(amended((told,), BREACH)).startswith("was ok, is breach")
    assert not amended(watched.alerts, BREACH).news


def test_an_amendment_of_a_muted_alert_is_not_told() -> None:
    watched = over([BREACH])
    watched.act(ActionKind.MUTE, until=START + DAY)
    assert not amended(watched.alerts, OK, watched.actions).news


def test_a_window_after_a_recovery_was_told_nothing_that_could_be_amended() -> None:
    assert not amended(over([BREACH, OK, OK]).alerts, BREACH).news


def test_the_short_name_is_the_same_in_every_window() -> None:
    names = {over([BREACH] * count).alert.id for count in (1, 2, 3)}
    assert len(names) == 1
    assert len(names.pop()) == 8


BOTH = Policy(channels=(CHAT, PAGER), renotify=DAY)


def test_a_channel_that_fails_hears_it_later_and_the_other_hears_it_once() -> None:
    watched = Watched(policy=BOTH)
    for _ in range(3):
        watched.see(verdict(BREACH), fails=[CHAT])
    watched.see(verdict(BREACH))
    watched.see(verdict(OK), fails=[PAGER])
    watched.see(verdict(OK))
    assert watched.heard == [(3, Event.OPENED), (4, Event.RECOVERED)]
    assert watched.others == [(0, Event.OPENED), (5, Event.RECOVERED)]
    assert watched.emitted == [Event.OPENED, Event.RECOVERED]


def test_what_came_and_went_while_one_channel_failed_is_told_to_that_one_as_missed() -> None:
    watched = Watched(policy=BOTH)
    watched.see(verdict(BREACH), fails=[CHAT])
    watched.see(verdict(OK), fails=[CHAT])
    watched.see(verdict(OK))
    assert (watched.heard, watched.others) == ([(2, Event.MISSED)], [(0, Event.OPENED), (1, Event.RECOVERED)])
    watched.see(verdict(OK))
    assert len(watched.heard) + len(watched.others) == 3


def test_each_channel_is_reminded_by_when_it_was_told() -> None:
    watched = Watched(policy=BOTH)
    for hour in range(30):
        watched.see(verdict(BREACH), fails=[CHAT] if hour < 5 else [])
    assert watched.heard == [(5, Event.OPENED), (29, Event.REMINDED)]
    assert watched.others == [(0, Event.OPENED), (24, Event.REMINDED)]


def test_a_channel_that_is_added_hears_of_what_is_open_and_not_of_what_is_over() -> None:
    watched = over([BREACH])
    watched.see(verdict(BREACH), verdict(BREACH, "drift.prompt.auc"))
    watched.see(verdict(BREACH), verdict(OK, "drift.prompt.auc"))
    watched.policy = Policy(channels=(CHAT, PAGER))
    watched.see(verdict(BREACH), verdict(OK, "drift.prompt.auc"))
    assert watched.others == [(3, Event.OPENED)]
    assert len(watched.heard) == 3


def test_a_channel_that_is_removed_is_forgotten_and_holds_no_alert_back() -> None:
    watched = Watched(policy=BOTH)
    watched.see(verdict(BREACH), fails=[PAGER])
    watched.policy = Policy(channels=(CHAT,))
    watched.see(verdict(BREACH))
    assert (watched.alert.told.keys(), watched.alert.news) == ({CHAT}, {})
    watched.see(verdict(OK))
    for _ in range(REMEMBERED + 1):
        watched.see(verdict(OK))
    assert watched.alerts == ()


def test_without_a_channel_nobody_is_told_and_automations_are() -> None:
    watched = Watched()
    watched.policy = Policy()
    for state in (BREACH, BREACH, OK):
        watched.see(verdict(state))
        assert (watched.alert.news, watched.alert.told) == ({}, {})
    assert watched.emitted == [Event.OPENED, Event.RECOVERED]


def test_the_thread_of_an_alert_is_kept_by_channel() -> None:
    watched = Watched(policy=BOTH)
    watched.see(verdict(BREACH), fails=[CHAT, PAGER])
    held = watched.alert.heard_by(CHAT, watched.now, "C1:1.5")
    watched.alerts = (held,)
    watched.see(verdict(BREACH), fails=[PAGER])
    assert watched.alert.told[CHAT].thread == "C1:1.5"


STEP = st.tuples(
    st.sampled_from(State),
    st.sampled_from([None, None, None, "acknowledge", "mute", "unmute"]),
    st.integers(1, 30),
    st.booleans(),
    st.booleans(),
)
POLICIES = st.builds(
    Policy,
    after=st.integers(1, 3),
    recover_after=st.integers(1, 3),
    renotify=st.sampled_from([None, 6 * HOUR, DAY]),
    acknowledging=st.sampled_from([(), (CHAT,)]),
)


@given(st.lists(STEP, max_size=60), POLICIES)
def test_opened_and_recovered_are_told_in_turn_and_nothing_under_a_mute(
    steps: list[tuple[State, str | None, int, bool, bool]], policy: Policy
) -> None:
    watched = Watched(policy=policy)
    for state, action, hours, delivers, again in steps:
        count = len(watched.heard)
        watched.see(verdict(state), delivers=delivers)
        if again:
            watched.again(verdict(state))
        if any(alert.is_muted(watched.now) for alert in watched.alerts):
            assert len(watched.heard) == count
            assert all(not alert.news and alert.emits is None for alert in watched.alerts)
        if action and watched.alerts:
            watched.act(ActionKind(action), until=watched.now + hours * HOUR if action == "mute" else None)
    turns = [event for event in watched.events if event in OPENED | {Event.RECOVERED}]
    assert [event in OPENED for event in turns] == [place % 2 == 0 for place in range(len(turns))]
    open_for = 0
    for event in watched.events:
        open_for = 1 if event in OPENED else 0 if event is Event.RECOVERED else open_for
        assert open_for or event not in {Event.REMINDED, Event.ESCALATED, Event.ACKNOWLEDGED}
    emitted = [event for event in watched.emitted if event is not Event.ACKNOWLEDGED]
    assert emitted == [Event.OPENED, Event.RECOVERED] * (len(emitted) // 2) + [Event.OPENED] * (len(emitted) % 2)


def test_a_warning_waits_for_the_digest_and_is_told_at_once_when_it_becomes_critical() -> None:
    watched = Watched(policy=Policy(channels=(CHAT, PAGER), renotify=DAY, digested=(CHAT,)))
    for _ in range(30):
        watched.see(verdict(BREACH, severity=Severity.WARNING))
    assert watched.heard == []
    assert watched.others == [(0, Event.OPENED), (24, Event.REMINDED)]
    watched.see(verdict(BREACH))
    watched.see(verdict(OK))
    assert watched.heard == [(30, Event.OPENED), (31, Event.RECOVERED)]


def test_a_warning_that_recovers_before_the_digest_is_not_told_by_itself() -> None:
    watched = Watched(policy=Policy(channels=(CHAT,), digested=(CHAT,)))
    watched.see(verdict(BREACH, severity=Severity.WARNING))
    watched.see(verdict(OK))
    assert (watched.heard, watched.emitted) == ([], [Event.OPENED, Event.RECOVERED])


@given(st.lists(st.tuples(st.sampled_from(State), st.sampled_from(Severity)), min_size=1, max_size=40), POLICIES)
def test_nothing_is_told_when_nothing_changed(steps: list[tuple[State, Severity]], policy: Policy) -> None:
    watched = Watched(policy=replace(policy, renotify=None))
    belief: Severity | None = None
    for state, severity in steps:
        told = len(watched.heard)
        watched.see(verdict(state, severity=severity))
        is_open = any(alert.is_open for alert in watched.alerts)
        grew = belief is Severity.WARNING and is_open and watched.alert.severity is Severity.CRITICAL
        changed = is_open is not (belief is not None) or grew
        assert len(watched.heard) == told + changed
        watched.again(verdict(state, severity=severity))
        assert len(watched.heard) == told + changed, "the same window again"
        belief = watched.alert.severity if changed and is_open else belief if is_open else None


@given(st.lists(st.tuples(st.sampled_from(State), st.booleans(), st.booleans()), max_size=40), POLICIES)
def test_what_one_channel_hears_does_not_go_by_another(steps: list[tuple[State, bool, bool]], policy: Policy) -> None:
    both = Watched(policy=replace(policy, channels=(CHAT, PAGER)))
    chat, pager = Watched(policy=replace(policy, channels=(CHAT,))), Watched(policy=replace(policy, channels=(PAGER,)))
    for state, chat_fails, pager_fails in steps:
        both.see(verdict(state), fails=[CHAT] * chat_fails + [PAGER] * pager_fails)
        chat.see(verdict(state), delivers=not chat_fails)
        pager.see(verdict(state), delivers=not pager_fails)
    assert (both.heard, both.others) == (chat.heard, pager.heard)
    assert both.emitted == chat.emitted == pager.emitted


@given(st.lists(st.sampled_from([OK, UNDECIDED, NO_DATA]), max_size=30), POLICIES)
def test_without_a_breach_there_is_no_alert(states: list[State], policy: Policy) -> None:
    watched = Watched(policy=policy)
    for state in states:
        assert watched.see(verdict(state)) == ()


def believed(alert: Alert, channel: str = CHAT) -> Severity | None:
    """What a channel holds an alert for."""
    told = alert.told.get(channel)
    return None if told is None else told.severity


@given(st.lists(st.sampled_from(State), min_size=1, max_size=40), st.integers(0, 39), POLICIES)
def test_a_failed_delivery_changes_when_something_is_told_and_not_what_is_open(
    states: list[State], fails: int, policy: Policy
) -> None:
    sound, silent = Watched(policy=policy), Watched(policy=policy)
    for hour, state in enumerate([*states, UNDECIDED]):
        sound.see(verdict(state))
        silent.see(verdict(state), delivers=hour != fails % len(states))
    held, others = ({one.key: one for one in watched.alerts} for watched in (sound, silent))
    assert held.keys() == others.keys()
    for key, one in held.items():
        other = others[key]
        assert (one.status, one.since, one.openings) == (other.status, other.since, other.openings)
        if one.status is not Status.PENDING:  # what is bad again is not told as recovered any more
            assert believed(one) == believed(other)


@given(st.integers(1, 200), st.integers(1, MOST_PATIENT - 1), st.integers(1, 3))
def test_flapping_grows_quiet(windows: int, good: int, recover_after: int) -> None:
    cycle = [BREACH] + [OK] * good
    watched = over([cycle[number % len(cycle)] for number in range(windows)], recover_after=recover_after)
    assert len(watched.heard) <= 7, "it recovers after 1, 2 and 4 times as many good windows, and then no more"


@given(st.lists(st.sampled_from(State), min_size=1, max_size=30), st.sampled_from(State))
def test_an_amendment_moves_no_other_window(states: list[State], late: State) -> None:
    watched = over(states)
    before = watched.alerts
    moment = Moment(monitor="bot", window_start=START, now=watched.now)
    amend(over(states[:1]).alerts, causes([verdict(late)]), (), watched.policy, moment)
    assert watched.alerts == before
    followed = over(states)
    followed.see(verdict(BREACH))
    watched.see(verdict(BREACH))
    assert watched.alerts == followed.alerts


@pytest.mark.parametrize("address", ["operations.judging.prevented_share", "quality.fluency.coverage"])
def test_what_concerns_the_judging_is_one_alert(address: str) -> None:
    everything = (
        verdict(OK),
        verdict(OK, "quality.fluency.coverage"),
        verdict(OK, "quality.relevance.coverage"),
        verdict(OK, "operations.judging.prevented_share"),
        verdict(OK, "drift.judge.canary_agreement"),
    )
    watched = Watched()
    watched.see(*(verdict(BREACH, one.address) if one.address == address else one for one in everything))
    assert (watched.alert.key, watched.alert.address) == ("bot:judging", address)
    watched.see(*(verdict(BREACH, one.address) if "coverage" in one.address else one for one in everything))
    watched.see(*everything)
    assert watched.heard == [(0, Event.OPENED), (2, Event.RECOVERED)]


def test_a_judge_that_is_away_names_the_metrics() -> None:
    watched = Watched()
    watched.see(*(verdict(BREACH, f"quality.{name}.coverage") for name in ("fluency", "relevance")))
    assert watched.alert.explanation == "too few of the asked were scored for 2 metrics: fluency 0.5, relevance 0.5"


def test_a_measure_and_its_segments_are_one_alert_that_names_the_worst() -> None:
    parts = [verdict(BREACH, f"{RATE}[tier={number}]", value=number / 10) for number in range(5)]
    watched = Watched()
    watched.see(verdict(BREACH), *reversed(parts))
    assert (watched.alert.key, watched.alert.address, len(watched.alert.members)) == (f"bot:{RATE}", RATE, 6)
    assert watched.alert.explanation == (
        "as it is: breach; beyond the limit in 5 segments: tier=0 0, tier=1 0.1, tier=2 0.2 and 2 more"
    )


def test_a_hostile_segment_stays_on_one_line() -> None:
    watched = Watched()
    watched.see(verdict(OK), verdict(BREACH, f"{RATE}[tier=\x1b[31mred\nROOT]", segment="\x1b[31mred\nROOT"))
    assert watched.alert.explanation.endswith("beyond the limit in 1 segment: tier=[31mred ROOT 0.5")
    assert "\n" not in watched.alert.explanation


def test_of_two_limits_on_one_measure_the_one_to_be_told_counts() -> None:
    watched = Watched()
    watched.see(verdict(OK, limit=0.2), verdict(BREACH, severity=Severity.WARNING, limit=0.9))
    assert (watched.alert.limit, watched.alert.severity) == (0.9, Severity.WARNING)
