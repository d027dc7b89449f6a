"""What one channel is to be told after a window, and what became of it: the same for every kind of channel."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from tasks.core.alert import Alert, Event, Told
from tasks.core.cause import JUDGING
from tasks.core.plain import plain
from tasks.core.sentence import figure
from tasks.core.verdict import Severity, State
from tasks.core.window import Window, key_of

NAME_LIMIT: Final = 60
WORDS: Final = {Event.OPENED: "breach", Event.REOPENED: "reopened"}
WORDS_OF_WARNINGS: Final = {Event.OPENED: "warning", Event.REOPENED: "warning again"}
WORDS_OF_BOTH: Final = {
    Event.ESCALATED: "now critical",
    Event.REMINDED: "still open",
    Event.ACKNOWLEDGED: "acknowledged",
    Event.RECOVERED: "recovered",
    Event.MISSED: "recovered untold",
    Event.AMENDED: "amended",
}
KINDS: Final = (  # what happened, as a headline counts it, worst first
    "breach",
    "not judged",
    "now critical",
    "warning",
    "reopened",
    "warning again",
    "still open",
    "acknowledged",
    "recovered",
    "recovered untold",
    "amended",
)
PLURALS: Final = {"breach": "breaches", "warning": "warnings", "warning again": "warnings again"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A failing interaction as a message shows it, redacted as it is stored; all of it is hostile text.

    `page` is the address at which people see the whole of it.
    """

    interaction_id: str
    metric: str
    score: float
    prompt: str
    completion: str
    page: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """A measure over the last windows, of the whole of each, oldest first; `values` are None where it is not known.

    A window that was not run is None too. `limit` is that on the measure itself, None where it goes by what was before.
    """

    values: Sequence[float | None]
    limit: float | None


def key_of_notice(alert: Alert) -> str:
    """The name by which a delivery answers to what was to be told of an alert in a window."""
    return f"{alert.key}@{key_of(alert.window_start)}"


def subject_of(alert: Alert) -> str:
    """What an alert is about in a few words: `fluency pass rate`, `fluency pass rate of tier gold`; `judging`.

    A segment was logged and is hostile text on one line.
    """
    name, _, part = alert.address.partition("[")
    if alert.key.endswith(f":{JUDGING}"):
        return JUDGING
    _, subject, measure = name.split(".")
    by, _, segment = part.removesuffix("]").partition("=")
    of = f" of {plain(by, NAME_LIMIT)} {plain(segment, NAME_LIMIT)}" if part else ""
    return f"{subject} {measure.replace('_', ' ')}{of}"


def sentence_of(alert: Alert) -> str:
    """The explanation of an alert, with what it is about where that is not said in it."""
    name = subject_of(alert)
    whole = name.partition(" of ")[0]
    return alert.explanation if whole in alert.explanation else f"{name}: {alert.explanation}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What is to be told of one alert: what happened to it for this channel, and what the channel was told before.

    `page` is the address of the page of the report that shows more of it, `unit` that of the alert's measure, empty
    where it is not known.
    """

    alert: Alert
    event: Event
    told: Told | None
    page: str
    unit: str = ""
    examples: Sequence[Example] = ()
    trend: Trend | None = None

    @property
    def key(self) -> str:
        """The name by which a delivery answers to it: that of the alert, and of the window which is amended."""
        return key_of_notice(self.alert)

    @property
    def thread(self) -> str | None:
        """The channel's own reference to what it was told of this alert."""
        return None if self.told is None else self.told.thread

    @property
    def kind(self) -> str:
        """What happened in a word or two: one of `KINDS`."""
        if self.event is Event.OPENED and self.alert.state is State.OK:
            return "still open"  # it could not be told when it opened, and waits for more good windows
        if self.event is Event.OPENED and self.alert.state is not State.BREACH:
            return "not judged"
        words = WORDS_OF_WARNINGS if self.alert.severity is Severity.WARNING else WORDS
        return (words | WORDS_OF_BOTH)[self.event]

    @property
    def remark(self) -> str:
        """When it began where that is not now, how often it came back, who has it; empty where nothing is to be said.

        The name was typed by somebody and is hostile text on one line.
        """
        since = f"{self.alert.since:%Y-%m-%d %H:%M}"
        remarks = {
            Event.REOPENED: f"{self.alert.openings} times since {since}",
            Event.MISSED: f"since {since}",
            Event.AMENDED: f"{self.alert.window_start:%Y-%m-%d %H:%M}",
        }
        found = [remarks[self.event]] if self.event in remarks else []
        found += [f"since {since}"] if self.kind == "still open" else []
        if self.alert.acknowledged_by is not None:
            found.append(f"acknowledged by {plain(self.alert.acknowledged_by, NAME_LIMIT)}")
        return ", ".join(found)

    @property
    def subject(self) -> str:
        """What it is about in a few words, as `subject_of` an alert."""
        return subject_of(self.alert)

    def figure(self, value: float) -> str:
        """A value of its measure, as the sentences write it."""
        return figure(self.unit, value)

    @property
    def sentence(self) -> str:
        """What a person reads of it, with the figures; logged text in it is on one line."""
        if self.event is not Event.AMENDED or self.told is None or self.told.state is None:
            return sentence_of(self.alert)
        return f"was {self.told.state}, is {self.alert.state}: {sentence_of(self.alert)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What one channel is to be told after one window; `run` is the run's page in Prefect where that has an address."""

    monitor: str
    window: Window
    notices: Sequence[Notice]
    report: str
    run: str | None = None

    @property
    def headline(self) -> str:
        """All of it in one line: `bot: 1 breach, 2 recovered, 2026-11-20 06:00–07:00 UTC`."""
        kinds = Counter(notice.kind for notice in self.notices)
        counted = ((kinds[kind], kind) for kind in KINDS if kinds[kind])
        named = ", ".join(f"{count} {kind if count == 1 else PLURALS.get(kind, kind)}" for count, kind in counted)
        return f"{self.monitor}: {named}, {self.window.label} UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A pass rate over a period, and over the one before; None where nothing was judged in it."""

    metric: str
    now: float | None
    n: int
    before: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """What a period had: so many `windows` of it were run, which alerts opened in it, recovered, and are still open."""

    monitor: str
    period: Window
    windows: int
    opened: Sequence[Alert]
    recovered: Sequence[Alert]
    still_open: Sequence[Alert]
    rates: Sequence[Change]
    report: str

    @property
    def headline(self) -> str:
        """All of it in one line."""
        counts = {
            "opened": len(self.opened),
            "recovered": len(self.recovered),
            "still open": len(self.still_open),
        }
        named = ", ".join(f"{count} {what}" for what, count in counts.items())
        span = f"{self.period.start:%Y-%m-%d %H:%M} – {self.period.end:%Y-%m-%d %H:%M}"  # a day may have 23 hours
        return f"{self.monitor}: {named} in {self.windows} windows, {span} UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What became of the news: by the key of a notice one sentence on why it was not delivered, with the remedy.

    `threads` are by the same keys the references under which the channel goes on with an alert; it is given them again
    as `Notice.thread`. A notice that is in neither was delivered and needs none.
    """

    failures: Mapping[str, str] = field(default_factory=dict)
    threads: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def nothing(cls, notices: Iterable[Notice], why: str) -> "Delivered":
        """None of it was delivered."""
        return cls(failures={notice.key: why for notice in notices})


def heard(alert: Alert, channel: str, delivered: Delivered, now: datetime) -> Alert:
    """The alert after a channel was told its news; unchanged where there was none, or that was not delivered."""
    key = key_of_notice(alert)
    if channel not in alert.news or key in delivered.failures:
        return alert
    return alert.heard_by(channel, now, delivered.threads.get(key))
