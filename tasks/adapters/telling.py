"""What stands behind an alert, from the store: failing interactions, and the measure over the windows before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from configs.monitor import MonitorConfig
from tasks.adapters.history import read_past
from tasks.adapters.judgements import read_judgements
from tasks.adapters.results import read_table, revisions
from tasks.adapters.storage import Storage
from tasks.core.alert import Alert, Event
from tasks.core.news import Example, Trend
from tasks.core.report.places import address, interaction_anchor, interactions_page
from tasks.core.report.view import Failure, failures
from tasks.core.run import Job, Outcome

EXAMPLES: Final = 3
WINDOWS: Final = 24
BAD: Final = {Event.OPENED, Event.REOPENED, Event.ESCALATED, Event.REMINDED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """By alert key the failing interactions, the course of the measure and its unit."""

    examples: Mapping[str, Sequence[Example]]
    trends: Mapping[str, Trend]
    units: Mapping[str, str]


def behind(config: MonitorConfig, job: Job, outcome: Outcome, store: Storage) -> Behind:
    """What stands behind the alerts of a window of which any channel is told something; nothing else is read."""
    told = [alert for alert in outcome.assessed.alerts if alert.news]
    bad = [alert for alert in told if BAD.intersection(alert.news.values())]
    units = {one.address: one.unit for one in outcome.assessed.measures}
    return Behind(
        examples=examples_of(bad, config, job, outcome, store),
        trends=trends_of(told, config, job, outcome, store),
        units={alert.key: units.get(alert.address, "") for alert in told},
    )


def examples_of(
    alerts: Sequence[Alert], config: MonitorConfig, job: Job, outcome: Outcome, store: Storage
) -> Mapping[str, Sequence[Example]]:
    """By alert key the worst failures of its metric in the window, at most `EXAMPLES`, those of its segment first.

    An alert of what is not a judged score has none.
    """
    asked = {alert.key: metric for alert in alerts if (metric := _metric(alert)) in config.metrics}
    if not asked:
        return {}
    interactions = read_table(store, outcome.collected.interactions)
    judged = list(read_judgements(config, job.window, interactions, outcome.scored, store))
    place = address(interactions_page(job.window.key, job.revision), config.name, config.store, config.report.base_url)
    found = {}
    for alert in alerts:
        if alert.key in asked:
            ids = _ids(interactions, alert)
            own = [one for one in judged if one.metric.name == asked[alert.key] and one.interaction_id in ids]
            worst, _ = failures(own, interactions)
            found[alert.key] = [_example(failure, place) for failure in worst[:EXAMPLES]]
    return found


def _metric(alert: Alert) -> str:
    """The metric whose scores the alert is about; empty where it is about no scores."""
    signal, subject, measure = alert.address.partition("[")[0].split(".")
    return subject if signal == "quality" and measure != "coverage" else ""


def _ids(interactions: pa.Table, alert: Alert) -> set[str]:
    """The interactions of the alert's segment, where that goes by a column; else all of the window."""
    by, _, segment = alert.address.partition("[")[2].removesuffix("]").partition("=")
    if by in interactions.column_names and pa.types.is_string(interactions[by].type):
        interactions = interactions.filter(pc.equal(interactions[by], segment))
    return set(interactions["interaction_id"].to_pylist())


def _example(failure: Failure, place: str) -> Example:
    return Example(
        interaction_id=failure.interaction_id,
        metric=failure.metric,
        score=failure.score,
        prompt=failure.texts.get("prompt", ""),
        completion=failure.texts.get("completion", ""),
        page=f"{place}{interaction_anchor(failure.interaction_id)}",
    )


def trends_of(
    alerts: Sequence[Alert], config: MonitorConfig, job: Job, outcome: Outcome, store: Storage
) -> Mapping[str, Trend]:
    """By alert key its measure of the whole window over the last `WINDOWS` windows, this one last.

    A window that was not run, or was judged by another judge than this one, has no value.
    """
    names = {alert.key: alert.address.partition("[")[0] for alert in alerts}
    if not names:
        return {}
    published, every = revisions(store), config.window.every
    starts = [job.window.start - every * back for back in range(WINDOWS - 1, 0, -1)]
    values: dict[tuple[str, datetime], float | None] = {}
    for past in read_past(store, published, [start for start in starts if start in published], names.values()):
        for name in set(names.values()):
            signal, subject, _ = name.split(".")
            is_same = signal != "quality" or past.fingerprints.get(subject) == outcome.scored.fingerprints.get(subject)
            if is_same and name in past.measures:
                values[name, past.start] = past.measures[name].value
    now = {one.address: one.value for one in outcome.assessed.measures}
    return {
        alert.key: Trend(
            values=[*(values.get((names[alert.key], start)) for start in starts), now.get(names[alert.key])],
            limit=alert.limit,
        )
        for alert in alerts
    }
