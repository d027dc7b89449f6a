"""The pages of what is measured beside quality: operations and usage; safety, feedback, contract and own metrics."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from tasks.core.measure import Measure
from tasks.core.report.history import History
from tasks.core.report.measure_rows import MeasureRow, measure_rows, unit_of
from tasks.core.report.panel import Kind, Panel, Point, Series
from tasks.core.report.places import OPERATIONS_PAGE, SIGNALS_PAGE
from tasks.core.report.signals import TITLES
from tasks.core.report.site import Page, Site
from tasks.core.report.words import named

OPERATIONS: Final = ("Operations", "Usage")
SIGNALS: Final = ("Safety", "Feedback", "Contract", "Own metrics")
MOST_PANELS: Final = 24  # of one signal; the rest has a row with its course
MOST_ROWS: Final = 300
MOST_SHARES: Final = 8
JUDGING: Final = "Judging"
LEVELS: Final = re.compile(r"p\d+|median|mean|max")
UNITS: Final = re.compile(r"_(ms|s|usd)$")  # at the end of a subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One signal: its panels, the measures of the whole window, and those of its parts, at most 300."""

    title: str
    panels: Sequence[Panel]
    rows: Sequence[MeasureRow]
    parts: Sequence[MeasureRow]
    hidden_parts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalsView:
    """The sections of a page."""

    sections: Sequence[Section]


def operations_pages(site: Site) -> list[Page]:
    """The health and the use of the application, and what its judging takes; none where nothing is measured."""
    history = site.history
    sections = [one for title in OPERATIONS if (one := _grouped(title, history)) is not None]
    judging = [panel for panel in _judging(history) if panel.has_values]
    if judging:
        sections.append(Section(title=JUDGING, panels=judging, rows=(), parts=(), hidden_parts=0))
    return _pages(OPERATIONS_PAGE, "Operations and usage", "Operations", sections)


def signal_pages(site: Site) -> list[Page]:
    """The other signals; none where none of them is measured."""
    sections = [one for title in SIGNALS if (one := _single(title, site.history)) is not None]
    names = ", ".join(one.title for one in sections).capitalize()
    return _pages(SIGNALS_PAGE, names, names if len(sections) == 1 else "Signals", sections)


def _pages(place: str, title: str, name: str, sections: Sequence[Section]) -> list[Page]:
    if not sections:
        return []
    panels = list(chain.from_iterable(one.panels for one in sections))
    view = SignalsView(sections=sections)
    return [Page(place=place, title=title, name=name, template="signals.html.j2", view=view, panels=panels)]


def _grouped(title: str, history: History) -> Section | None:
    """A signal whose measures are drawn together where they are levels of one thing, or shares of one whole."""
    groups: dict[tuple[str, ...], list[Measure]] = {}
    for _, measure in history.addresses(*TITLES[title]):
        together = measure.unit if measure.unit == "share" or LEVELS.fullmatch(measure.measure) else measure.measure
        groups.setdefault((measure.subject, together), []).append(measure)
    panels = [_panel(measures, history) for measures in groups.values()]
    return _section(title, history, [one for one in panels if _tells(one)] + _spreads(title, history))


def _single(title: str, history: History) -> Section | None:
    """A signal with a panel for each measure that has a limit or changes, those with limits first."""
    panels = [_panel([measure], history) for _, measure in history.addresses(*TITLES[title])]
    telling = sorted((one for one in panels if _tells(one)), key=lambda one: not one.limits)
    return _section(title, history, telling[:MOST_PANELS])


def _section(title: str, history: History, panels: Sequence[Panel]) -> Section | None:
    own = [one for one in history.measures_now() if one.signal in TITLES[title]]
    if not own and not panels:
        return None
    parts = [one for one in own if one.segment_by is not None]
    return Section(
        title=title,
        panels=panels,
        rows=measure_rows((one for one in own if one.segment_by is None), history),
        parts=measure_rows(parts[:MOST_ROWS], history),
        hidden_parts=max(len(parts) - MOST_ROWS, 0),
    )


def _panel(measures: Sequence[Measure], history: History) -> Panel:
    """Measures of one subject and unit in one panel; one that is nought in every window has no line of its own."""
    first = measures[0]
    points = {one: history.points(one.address) for one in measures}
    limits = history.limits(*(one.address for one in measures))
    drawn = [one for one in measures if len(measures) == 1 or any(point.value for point in points[one])]
    return Panel(
        id="-".join((first.signal, first.subject, first.measure if len(measures) == 1 else first.unit)),
        title=_title(drawn or measures),
        unit=unit_of(first),
        kind=Kind.LINES,
        series=[Series(name=named(one.measure), points=points[one]) for one in drawn],
        limits=limits,
        spans=history.spans(*(one.address for one in measures)),
    )


def _title(measures: Sequence[Measure]) -> str:
    """What the measures are of, without the unit, which the axis has."""
    first = measures[0]
    subject = named(UNITS.sub("", first.subject))
    if len(measures) > 1:
        return subject.capitalize()
    return f"{subject} {named(first.measure)}".capitalize()


def _tells(panel: Panel) -> bool:
    """Whether a panel says more than a row would: there is a limit, or something has changed."""
    values = [{point.value for point in one.points if point.value is not None} for one in panel.series]
    return (bool(panel.limits) and any(values)) or any(len(found) > 1 for found in values)


def _spreads(title: str, history: History) -> list[Panel]:
    """The languages of the prompts, the most frequent ones, as shares over time."""
    if title != "Usage":
        return []
    now = [one for one in history.measures_now() if (one.subject, one.segment_by) == ("languages", "language")]
    largest = sorted(now, key=lambda one: -(one.value or 0))[:MOST_SHARES]
    if not largest:
        return []
    series = [Series(name=str(one.segment), points=history.points(one.address)) for one in largest]
    return [Panel(id="languages", title="Languages of prompts", unit="share", kind=Kind.BARS, series=series)]


def _judging(history: History) -> Iterator[Panel]:
    """What the runs asked of the evaluator, by the newest revision of each window."""
    asked: list[list[Point]] = [[], [], [], []]
    for results in history.windows:
        use, time = results.manifest.evaluator, results.window.start
        figures = (use.judged or None, use.prompt_tokens, use.completion_tokens, use.cost_usd)
        for points, value in zip(asked, figures, strict=True):
            points.append(Point(time=time, value=value, revision=results.manifest.revision))
    judged, prompt, completion, cost = asked
    note = "Of the newest revision of each window: a revision asks only for what is new."
    yield _uses("judged", "Judgements", "rows", {"judgements": judged}, note)
    yield _uses("tokens", "Tokens of the evaluator", "tokens", {"sent": prompt, "received": completion}, note)
    yield _uses("cost", "Cost of the evaluator", "dollars", {"cost": cost}, note)


def _uses(name: str, title: str, unit: str, series: dict[str, list[Point]], note: str) -> Panel:
    drawn = [Series(name=one, points=points) for one, points in series.items()]
    return Panel(id=f"judging-{name}", title=title, unit=unit, kind=Kind.BARS, series=drawn, note=note)
