"""The page of versions: how each stands beside the reference, now and over the windows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tasks.core.measure import Measure, address_of
from tasks.core.report.history import History
from tasks.core.report.panel import Kind, Panel, Series
from tasks.core.report.places import VERSIONS_PAGE
from tasks.core.report.site import Page, Site
from tasks.core.report.words import named

DIFFERENCE: Final = "_difference"
MOST_SERIES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One measure of two versions in the newest window: their difference, its p-value, and the rows still wanting.

    `told` is what is known: which is `higher`, or that they `cannot be told apart` yet.
    """

    versions: str
    name: str
    difference: Measure
    p_value: Measure | None
    rows_needed: Measure | None
    told: str

    @property
    def unit(self) -> str:
        """That of the difference."""
        return unit_of_difference(self.difference.unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionsView:
    """What the page shows: the sentences of the newest window, every comparison, and panels over time."""

    by: str
    sentences: Sequence[str]
    rows: Sequence[Compared]
    rates: Sequence[Panel]
    differences: Sequence[Panel]


def unit_of_difference(unit: str) -> str:
    """The unit of a difference of two values in `unit`."""
    return "points" if unit == "share" else unit


def versions_pages(site: Site) -> list[Page]:
    """The page; none where versions are not compared."""
    history = site.history
    found = [one for one in history.measures_now() if one.signal == "comparison" and one.measure.endswith(DIFFERENCE)]
    if not found or history.newest is None:
        return []
    by = str(found[0].segment_by)
    names = {str(one.segment) for one in found}
    view = VersionsView(
        by=by,
        sentences=[one for one in history.newest.manifest.findings if _is_about(one, names)],
        rows=[_compared(one, history, site.alpha) for one in found],
        rates=[one for one in _rates(site, by) if one.has_values],
        differences=[one for one in _differences(found, history) if one.has_values],
    )
    return [
        Page(
            place=VERSIONS_PAGE,
            title="Versions",
            name="Versions",
            template="versions.html.j2",
            view=view,
            panels=[*view.rates, *view.differences],
        )
    ]


def _is_about(sentence: str, segments: set[str]) -> bool:
    """Whether a finding is of a comparison: it names both versions and says better or worse."""
    return sentence.endswith((": better", ": worse")) and any(
        all(f" {name} " in f"{sentence} " for name in segment.split(" vs ")) for segment in segments
    )


def _compared(difference: Measure, history: History, alpha: float) -> Compared:
    stem = difference.measure.removesuffix(DIFFERENCE)

    def beside(name: str) -> Measure | None:
        where = (difference.segment_by, difference.segment)
        return history.now(address_of("comparison", difference.subject, f"{stem}_{name}", *where))

    p_value = beside("p_value")
    return Compared(
        versions=str(difference.segment),
        name=named(f"{difference.subject} {stem}"),
        difference=difference,
        p_value=p_value,
        rows_needed=beside("rows_needed"),
        told=_told(difference, p_value, alpha),
    )


def _told(difference: Measure, p_value: Measure | None, alpha: float) -> str:
    """As the verdicts of comparisons are reached: a small corrected p-value, and an interval that excludes 0."""
    value, low, high = difference.value, difference.low, difference.high
    if value is None or p_value is None or p_value.value is None:
        return "not compared"
    spans_zero = low is not None and high is not None and low <= 0 <= high
    if p_value.value < alpha and value != 0 and not spans_zero:
        return "higher" if value > 0 else "lower"
    return "cannot be told apart"


def _rates(site: Site, by: str) -> Iterator[Panel]:
    """The pass rate of each version over time, where versions are among the segments."""
    history = site.history
    for metric in site.metrics:
        parts = {
            str(measure.segment): address
            for address, found in history.found.items()
            for measure in (found[-1][1],)
            if (measure.signal, measure.subject, measure.measure) == ("quality", metric, "pass_rate")
            and measure.segment_by == by
        }
        shown = list(parts.items())[-MOST_SERIES:]
        yield Panel(
            id=f"rate-{metric}",
            title=f"{named(metric)} pass rate".capitalize(),
            unit="share",
            kind=Kind.LINES,
            series=[Series(name=version, points=history.points(address)) for version, address in shown],
            breaks=history.breaks(f"quality.{metric}.pass_rate"),
        )


def _differences(found: Sequence[Measure], history: History) -> Iterator[Panel]:
    """The differences over time, a panel for each measure and a line for each pair of versions."""
    for subject, measure, unit in dict.fromkeys((one.subject, one.measure, one.unit) for one in found):
        pairs = [one for one in found if (one.subject, one.measure) == (subject, measure)][:MOST_SERIES]
        yield Panel(
            id=f"{subject}-{measure}",
            title=named(f"{subject} {measure}").capitalize(),
            unit=unit_of_difference(unit),
            kind=Kind.LINES,
            series=[Series(name=str(one.segment), points=history.points(one.address)) for one in pairs],
            breaks=history.breaks(*(one.address for one in pairs)),
        )
