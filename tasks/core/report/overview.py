"""The page of all monitors, made from a card that each of them leaves."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tasks.core.alert import Record, Status
from tasks.core.measure import Measure
from tasks.core.report.monitor_page import open_alerts
from tasks.core.report.places import MONITOR_PAGE, OVERVIEW_FOLDER, OVERVIEW_PAGE
from tasks.core.report.render import Frame, render_page
from tasks.core.report.signals import WATCHED, WORST_FIRST, signal_states
from tasks.core.report.site import Page, Site
from tasks.core.verdict import Severity

CARDS: Final = f"{OVERVIEW_FOLDER}/monitors"
COURSE: Final = 48  # windows of a sparkline
SILENT_AFTER: Final = 3  # windows without a result
NO_WINDOW: Final = "no_data"


class Rate(Record):
    """A metric's pass rate in the newest window, None where there is none, and over the last windows by run."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    limit: float | None
    state: str
    rates: tuple[float | None, ...]
    runs: tuple[int, ...]

    @property
    def measure(self) -> Measure:
        """The pass rate."""
        return Measure(
            signal="quality",
            subject=self.name,
            measure="pass_rate",
            value=self.value,
            low=self.low,
            high=self.high,
            n=self.n,
            unit="share",
        )


class OpenAlert(Record):
    """An alert that is not over; `about` is its measure, without the part of the window."""

    id: str
    about: str
    status: Status
    severity: Severity
    since: datetime


class Card(Record):
    """What the page of all monitors shows of one; times are None before the first window.

    `coverage` is the least of its metrics'. `silent_from` is when it is overdue. No logged text is in it.
    """

    monitor: str
    description: str
    status: str
    window_start: datetime | None
    window_end: datetime | None
    silent_from: datetime | None
    finished_at: datetime | None
    coverage: float | None
    interactions: int
    signals: dict[str, str]
    metrics: tuple[Rate, ...]
    alerts: tuple[OpenAlert, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewView:
    """The cards, the worst first, and how many monitors there are in each state."""

    cards: Sequence[tuple[Card, str]]
    states: Sequence[tuple[str, int]]
    alerts: int


def card_place(monitor: str) -> str:
    """Where a monitor's card lies in the root of the store."""
    return f"{CARDS}/{monitor}.json"


def card_of(site: Site) -> Card:
    """What a monitor leaves for the page of all."""
    newest = site.history.newest
    coverages = [site.history.now(f"quality.{name}.coverage") for name in site.metrics]
    known = [one.value for one in coverages if one is not None and one.value is not None]
    window = newest.window if newest else None
    return Card(
        monitor=site.monitor,
        description=site.description,
        status=newest.manifest.status if newest else NO_WINDOW,
        window_start=window.start if window else None,
        window_end=window.end if window else None,
        silent_from=window.end + SILENT_AFTER * site.every + site.grace if window else None,
        finished_at=newest.manifest.finished_at if newest else None,
        coverage=min(known, default=None),
        interactions=newest.manifest.counts.joined if newest else 0,
        signals={one.title: one.state for one in signal_states(site.history, {})},
        metrics=tuple(rate for name in site.metrics if (rate := _rate(site, name)) is not None),
        alerts=tuple(
            OpenAlert(
                id=row.alert.id,
                about=row.alert.address.partition("[")[0],
                status=row.alert.status,
                severity=row.alert.severity,
                since=row.alert.since,
            )
            for row in open_alerts(site.alerts, site.moment)
            if row.alert.is_open
        ),
    )


def overview_page(cards: Sequence[Card], moment: datetime) -> str:
    """The page of all monitors as HTML."""
    order = [state.value for state in WORST_FIRST]
    ordered = sorted(cards, key=lambda one: (order.index(one.status), one.monitor))
    found = Counter(one.status for one in cards)
    page = Page(
        place=OVERVIEW_PAGE,
        title="All monitors",
        name="All monitors",
        template="overview.html.j2",
        view=OverviewView(
            cards=[(one, f"{one.monitor}/{MONITOR_PAGE}") for one in ordered],
            states=[(state, found[state]) for state in order if found[state]],
            alerts=sum(len(one.alerts) for one in cards),
        ),
    )
    return render_page(page, Frame(monitor="", tabs=(), every=None, until=None, moment=moment, root=OVERVIEW_FOLDER))


def _rate(site: Site, name: str) -> Rate | None:
    address = f"quality.{name}.pass_rate"
    rate, newest = site.history.now(address), site.history.newest
    if rate is None or newest is None:
        return None
    course = site.history.points(address)[-COURSE:]
    verdict = newest.decided.get(address)
    return Rate(
        name=name,
        value=rate.value,
        low=rate.low,
        high=rate.high,
        n=rate.n,
        limit=verdict.limit if verdict else None,
        state=verdict.state.value if verdict else WATCHED,
        rates=tuple(point.value for point in course),
        runs=tuple(site.history.runs(address)[-COURSE:]),
    )
