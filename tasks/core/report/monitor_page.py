"""The first page of a monitor: how each signal stands, what is open, the pass rates over time, and the windows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tasks.core.alert import Alert, Status
from tasks.core.measure import Measure
from tasks.core.quality.metric import Metric
from tasks.core.report.history import History, WindowResults
from tasks.core.report.panel import Kind, Panel, Series
from tasks.core.report.places import MONITOR_PAGE, metric_page
from tasks.core.report.signals import WORST_FIRST, SignalState, signal_states
from tasks.core.report.site import Page, Site
from tasks.core.report.words import LOCAL_NOTE
from tasks.core.verdict import State, Verdict

CORRECTED = ("pass_rate_corrected", "pass_rate_assisted")


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricRow:
    """One metric in the newest window; `change` is against the window before, None without it or by another judge."""

    name: str
    place: str
    panel: str
    verdict: Verdict | None
    pass_rate: Measure
    corrected: Measure | None
    coverage: Measure | None
    change: float | None
    rates: Sequence[float | None]
    runs: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """An alert that is not over, and whether it is muted as the page is written."""

    alert: Alert
    muted_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowRow:
    """One window, with the verdicts that are not ok."""

    results: WindowResults
    breaches: int
    undecided: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorView:
    """What the page shows; `newest` is None before the first window, `written` are the pages that can be linked to."""

    description: str
    newest: WindowResults | None
    note: str | None
    signals: Sequence[SignalState]
    alerts: Sequence[AlertRow]
    verdicts: Sequence[Verdict]
    metrics: Sequence[MetricRow]
    has_corrected: bool
    windows: Sequence[WindowRow]
    earlier: int
    written: frozenset[str]


def monitor_page(site: Site, places: Mapping[str, str]) -> Page:
    """The page; `places` are those of the signals' pages by title."""
    history = site.history
    newest = history.newest
    rows = [row for name in site.metrics if (row := _metric_row(name, history)) is not None]
    view = MonitorView(
        description=site.description,
        newest=newest,
        note=LOCAL_NOTE if site.is_local else None,
        signals=signal_states(history, places),
        alerts=open_alerts(site.alerts, site.moment),
        verdicts=sorted(
            (one for one in (newest.verdicts if newest else ()) if one.state is not State.OK),
            key=lambda one: WORST_FIRST.index(one.state),
        ),
        metrics=rows,
        has_corrected=any(row.corrected is not None for row in rows),
        windows=[_window_row(one) for one in reversed(history.windows)],
        earlier=site.earlier,
        written=site.written,
    )
    return Page(
        place=MONITOR_PAGE,
        title=site.monitor,
        name="Overview",
        template="monitor.html.j2",
        view=view,
        panels=[rate_panel(metric, history) for metric in site.metrics.values() if _was_judged(metric.name, history)],
    )


def rate_panel(metric: Metric, history: History) -> Panel:
    """The pass rate of a metric, and what labels and local scores make of it, over the windows."""
    address = f"quality.{metric.name}.pass_rate"
    beside = {name: history.points(f"quality.{metric.name}.{name}") for name in CORRECTED}
    names = {"pass_rate_corrected": "corrected by labels", "pass_rate_assisted": "assisted by local scores"}
    addresses = [address, *(f"quality.{metric.name}.{name}" for name in CORRECTED)]
    return Panel(
        id=f"rate-{metric.name}",
        title=metric.name.replace("_", " "),
        unit="share",
        kind=Kind.LINES,
        series=[
            Series(name="pass rate", points=history.points(address)),
            *(Series(name=names[name], points=found) for name, found in beside.items() if found),
        ],
        limits=history.limits(*addresses),
        spans=history.spans(*addresses, f"quality.{metric.name}.coverage"),
        breaks=history.breaks(address),
    )


def open_alerts(alerts: Sequence[Alert], moment: datetime) -> list[AlertRow]:
    """The alerts that are not over, the open ones first."""
    return [
        AlertRow(alert=one, muted_until=one.muted_until if one.is_muted(moment) else None)
        for one in sorted(alerts, key=lambda one: (not one.is_open, one.since, one.key))
        if one.status is not Status.RECOVERED
    ]


def _was_judged(metric: str, history: History) -> bool:
    return f"quality.{metric}.pass_rate" in history.found


def _metric_row(name: str, history: History) -> MetricRow | None:
    rate = history.now(f"quality.{name}.pass_rate")
    if rate is None or history.newest is None:
        return None
    course, runs = history.points(rate.address), history.runs(rate.address)
    return MetricRow(
        name=name,
        place=metric_page(name),
        panel=f"rate-{name}",
        verdict=history.newest.decided.get(rate.address),
        pass_rate=rate,
        corrected=history.now(f"quality.{name}.pass_rate_corrected"),
        coverage=history.now(f"quality.{name}.coverage"),
        change=_change(course[-2].value, course[-1].value) if len(runs) > 1 and runs[-2] == runs[-1] else None,
        rates=[point.value for point in course],
        runs=runs,
    )


def _change(before: float | None, now: float | None) -> float | None:
    return None if before is None or now is None else now - before


def _window_row(results: WindowResults) -> WindowRow:
    states = [one.state for one in results.verdicts]
    return WindowRow(results=results, breaches=states.count(State.BREACH), undecided=states.count(State.UNDECIDED))
