from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tasks.core.alert import Alert, Event, amend, follow
from tasks.core.verdict import Direction, State, Verdict

START = datetime(2026, 11, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)


def verdict(state: State, address: str = "quality.fluency.pass_rate") -> Verdict:
    return Verdict(
        address=address,
        value=0.5,
        low=0.4,
        high=0.6,
        n=100,
        limit=0.7,
        direction=Direction.MIN,
        state=state,
        explanation="as it is",
    )


def step(
    previous: Iterable[Alert], state: State, hours: int = 0, renotify: timedelta | None = 24 * HOUR
) -> tuple[Alert, ...]:
    moment = START + hours * HOUR
    return follow(previous, [verdict(state)], monitor="bot", window_start=moment, now=moment + HOUR, renotify=renotify)


def told(alerts: Iterable[Alert], hours: int = 0) -> tuple[Alert, ...]:
    return tuple(alert.told(START + (hours + 1) * HOUR) for alert in alerts)


def test_a_breach_opens_one_alert_and_ok_closes_it() -> None:
    opened = step((), State.BREACH)
    assert [(alert.event, alert.to_tell) for alert in opened] == [(Event.OPENED, True)]
    recovered = step(told(opened), State.OK, 1)
    assert [(alert.event, alert.to_tell, alert.since) for alert in recovered] == [(Event.RECOVERED, True, START)]
    assert step(told(recovered), State.OK, 2) == ()


def test_an_open_alert_keeps_its_key_and_is_not_told_again_before_its_time() -> None:
    opened = told(step((), State.BREACH))
    still = step(opened, State.BREACH, 1)
    assert [(alert.event, alert.to_tell, alert.key) for alert in still] == [(Event.STILL_OPEN, False, opened[0].key)]


def test_an_open_alert_is_told_again_after_renotify_and_never_without() -> None:
    opened = told(step((), State.BREACH))
    assert step(opened, State.BREACH, 25)[0].to_tell
    assert not step(opened, State.BREACH, 25, renotify=None)[0].to_tell


def test_missing_evidence_neither_opens_nor_closes() -> None:
    assert step((), State.UNDECIDED) == ()
    assert step((), State.NO_DATA) == ()
    opened = told(step((), State.BREACH))
    assert [alert.event for alert in step(opened, State.NO_DATA, 1)] == [Event.STILL_OPEN]


def test_what_could_not_be_told_is_told_by_the_next_window() -> None:
    opened = step((), State.BREACH)
    assert step(opened, State.BREACH, 1)[0].to_tell
    recovered = step(told(opened), State.OK, 1)
    again = step(recovered, State.OK, 2)
    assert [(alert.event, alert.to_tell) for alert in again] == [(Event.RECOVERED, True)]


def test_an_old_window_records_its_breach_and_tells_nobody() -> None:
    amended = amend((), [verdict(State.BREACH), verdict(State.OK, "x.y.z")], monitor="bot", window_start=START)
    assert [(alert.event, alert.to_tell, alert.is_open) for alert in amended] == [(Event.AMENDED, False, False)]


@given(st.lists(st.sampled_from(State), max_size=30))
def test_opened_and_recovered_always_alternate(states: list[State]) -> None:
    alerts: tuple[Alert, ...] = ()
    events: list[Event] = []
    for hours, state in enumerate(states):
        alerts = step(alerts, state, hours)
        events += [alert.event for alert in alerts if alert.to_tell and alert.event is not Event.STILL_OPEN]
        alerts = told(alerts, hours)
    expected = [Event.OPENED, Event.RECOVERED] * len(events)
    assert events == expected[: len(events)]
