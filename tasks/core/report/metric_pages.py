"""The pages of the judged metrics: the rate over time, its scores, its segments, and what it asks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from tasks.core.measure import Measure, address_of
from tasks.core.quality.metric import Metric
from tasks.core.report.history import QUALITY, History
from tasks.core.report.measure_rows import MeasureRow, measure_rows, within
from tasks.core.report.monitor_page import rate_panel
from tasks.core.report.panel import Kind, Panel, Series
from tasks.core.report.places import metric_page
from tasks.core.report.site import Page, Site
from tasks.core.report.words import named

LINES: Final = 8  # segments drawn over time: as many as there are colours to tell them apart
ROWS: Final = 200
TONES: Final = 5  # of the style sheet, from the worst score to the best


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A run of windows that one judge scored; `models` are the names that the provider reported."""

    fingerprint: str
    first: datetime
    last: datetime
    windows: int
    models: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricPageView:
    """What the page shows; `figures` are the metric's measures of the whole window, `rate` the first of them."""

    metric: Metric
    rate: MeasureRow
    sentences: Sequence[str]
    figures: Sequence[MeasureRow]
    segments: Sequence[MeasureRow]
    hidden_segments: int
    weakest: Sequence[MeasureRow]
    over_time: Sequence[Panel]
    by_segment: Sequence[Panel]
    judges: Sequence[Judged]


def metric_pages(site: Site) -> list[Page]:
    """A page for each metric that the newest window has."""
    return [page for metric in site.metrics.values() if (page := _page(metric, site.history)) is not None]


def _page(metric: Metric, history: History) -> Page | None:
    now = history.now(f"quality.{metric.name}.pass_rate")
    if now is None or history.newest is None:
        return None
    own = [one for one in history.newest.measures if one.signal == QUALITY and one.subject == metric.name]
    segments = [one for one in own if one.segment_by is not None and one.measure == "pass_rate"]
    rows = sorted(
        measure_rows(segments, history, within), key=lambda one: (one.measure.segment_by, -one.measure.n, one.name)
    )
    verdicts = [one for one in history.newest.verdicts if one.names[:2] == (QUALITY, metric.name)]
    over_time = [panel for panel in _over_time(metric, history) if panel.has_values]
    by_segment = [panel for panel in _by_segment(metric, segments, history) if panel.has_values]
    return Page(
        place=metric_page(metric.name),
        title=named(metric.name),
        name=named(metric.name),
        template="metric.html.j2",
        view=MetricPageView(
            metric=metric,
            rate=measure_rows([now], history)[0],
            sentences=[one.explanation for one in verdicts],
            figures=measure_rows((one for one in own if one.segment_by is None), history, within),
            segments=rows[:ROWS],
            hidden_segments=max(len(rows) - ROWS, 0),
            weakest=measure_rows((one for one in own if one.measure == "weakest_pass_rate"), history, within),
            over_time=over_time,
            by_segment=by_segment,
            judges=judge_history(metric.name, history),
        ),
        panels=[*over_time, *by_segment],
    )


def judge_history(metric: str, history: History) -> list[Judged]:
    """The judges of a metric, the newest first."""
    found: list[Judged] = []
    for results in history.windows:
        fingerprint = results.manifest.fingerprints.get(metric)
        if fingerprint is None:
            continue
        start, models = results.window.start, results.manifest.evaluator.models
        if found and found[-1].fingerprint == fingerprint:
            last = found[-1]
            all_models = tuple(dict.fromkeys([*last.models, *models]))
            found[-1] = replace(last, last=start, windows=last.windows + 1, models=all_models)
        else:
            found.append(Judged(fingerprint=fingerprint, first=start, last=start, windows=1, models=models))
    return found[::-1]


def _over_time(metric: Metric, history: History) -> Iterator[Panel]:
    subject = f"quality.{metric.name}"
    labels = list(metric.scale.labels.values())
    yield replace(rate_panel(metric, history), title="Pass rate")
    scores = [
        Series(name=label, points=history.points(f"{subject}.share_{label}"), tone=_tone(number, len(labels)))
        for number, label in enumerate(labels)
    ]
    judges = history.breaks(f"{subject}.pass_rate")
    yield Panel(
        id="scores",
        title="Scores in each window",
        unit="share",
        kind=Kind.BARS,
        series=scores,
        breaks=judges,
        note=f"Shares of the scored interactions by their score; {_passing(metric)}.",
    )
    for name, title in (("coverage", "Coverage: scored of those asked"), ("mean", "Mean score")):
        points = history.points(f"{subject}.{name}")
        yield Panel(
            id=name,
            title=title,
            unit="rating" if name == "mean" else "share",
            kind=Kind.LINES,
            series=[Series(name=name, points=points)],
            limits=history.limits(f"{subject}.{name}"),
            spans=history.spans(f"{subject}.{name}"),
            breaks=judges,
        )


def _by_segment(metric: Metric, segments: Sequence[Measure], history: History) -> Iterator[Panel]:
    """For each column the pass rates of its largest segments over time."""
    for number, by in enumerate(dict.fromkeys(one.segment_by for one in segments)):
        own = sorted((one for one in segments if one.segment_by == by), key=lambda one: (-one.n, str(one.segment)))
        drawn = own[:LINES]
        rest = "; the table below has all" if len(segments) <= ROWS else ""
        note = f"The {LINES} largest of {len(own)} segments{rest}." if len(own) > LINES else ""
        yield Panel(
            id=f"segments-{number}",
            title=f"Pass rate by {named(str(by))}",
            unit="share",
            kind=Kind.LINES,
            series=[Series(name=str(one.segment), points=history.points(one.address)) for one in drawn],
            limits=history.limits(*(one.address for one in drawn[:1])),
            spans=history.spans(address_of(QUALITY, metric.name, "pass_rate", None, None)),
            breaks=history.breaks(f"quality.{metric.name}.pass_rate"),
            note=note,
            choice="Segments by",
            chosen=named(str(by)),
        )


def _tone(number: int, count: int) -> str:
    return f"t{1 + round(number * (TONES - 1) / max(count - 1, 1))}"


def _passing(metric: Metric) -> str:
    if metric.scale.names:
        passing = [label for score, label in metric.scale.labels.items() if score >= metric.pass_at]
        return f"it passes with {' or '.join(passing)}"
    return f"{metric.pass_at} or more passes"
