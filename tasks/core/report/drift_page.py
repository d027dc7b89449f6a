"""The page of drift: how far texts, columns, scores and topics are from the baseline, and which words changed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tasks.core.drift.tokens import TokenDrift
from tasks.core.measure import Measure
from tasks.core.report.history import History
from tasks.core.report.measure_rows import MeasureRow, measure_rows
from tasks.core.report.panel import Dot, Kind, Panel, Point, Series
from tasks.core.report.places import DRIFT_PAGE
from tasks.core.report.site import Page, Site
from tasks.core.report.words import named

ROLES: Final = ("prompt", "completion")
TOPICS: Final = "topics"
MOST_SERIES: Final = 8
WHAT_AUC_IS: Final = "0.5: texts cannot be told from the baseline's; 1: every one can."
WHAT_JS_IS: Final = "Jensen–Shannon distance from the baseline: 0 alike, 1 nothing in common."


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """The words of a role that have most to do with its drift; `is_shown` where its texts differ from the baseline's.

    `p_value` is that of its texts, None where they could not be compared.
    """

    role: str
    p_value: float | None
    is_shown: bool
    words: Sequence[TokenDrift]


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftView:
    """What the page shows: panels of texts, columns, scores and topics, the clouds, and all measures now."""

    texts: Sequence[Panel]
    clouds: Sequence[Cloud]
    columns: Sequence[Panel]
    topics: Sequence[Panel]
    scores: Sequence[Panel]
    rows: Sequence[MeasureRow]

    @property
    def drawn(self) -> Mapping[str, object]:
        """The words as the script reads them: word, part of the drift, shares of texts before and now."""
        return {
            one.role: [[word.token, word.part, word.share_before, word.share_now] for word in one.words]
            for one in self.clouds
            if one.is_shown
        }


def drift_pages(site: Site) -> list[Page]:
    """The page; none where drift is not measured."""
    history = site.history
    own = [one for one in history.measures_now() if one.signal == "drift"]
    if not own:
        return []
    view = DriftView(
        texts=[one for one in _texts(history) if one.has_values],
        clouds=[_cloud(role, words, site) for role, words in site.words.items()],
        columns=[one for one in _columns(history) if one.has_values],
        topics=[one for one in _topics(history) if one.has_values],
        scores=[one for one in _scores(site) if one.has_values],
        rows=measure_rows(own, history),
    )
    panels = [*view.texts, *view.columns, *view.topics, *view.scores]
    return [Page(place=DRIFT_PAGE, title="Drift", name="Drift", template="drift.html.j2", view=view, panels=panels)]


def _texts(history: History) -> Iterator[Panel]:
    for role in ROLES:
        title = f"{role.capitalize()}s against the baseline"
        yield _course(history, f"drift.{role}.auc", title, "ratio", WHAT_AUC_IS)


def _course(history: History, address: str, title: str, unit: str, note: str = "") -> Panel:
    """One measure over the windows, with its limit and its alerts, and where the judge of its scores changed."""
    return Panel(
        id=address.replace(".", "-"),
        title=title,
        unit=unit,
        kind=Kind.LINES,
        series=[Series(name=named(address.rpartition(".")[2]), points=_from_first(history.points(address)))],
        limits=history.limits(address),
        spans=history.spans(address),
        breaks=history.breaks(address),
        note=note,
    )


def _from_first(points: Sequence[Point]) -> list[Point]:
    """The points from the first one on that has a value: the first windows have nothing before them."""
    first = next((place for place, point in enumerate(points) if point.value is not None), len(points))
    return list(points[first:])


def _cloud(role: str, words: Sequence[TokenDrift], site: Site) -> Cloud:
    told = site.history.now(f"drift.{role}.p_value")
    p_value = told.value if told else None
    return Cloud(role=role, p_value=p_value, is_shown=p_value is not None and p_value < site.alpha, words=words)


def _columns(history: History) -> Iterator[Panel]:
    """The columns over time, those that differ most first, and how far each is against how much it has to do with."""
    far = [one for one in history.measures_now() if (one.signal, one.measure) == ("drift", "js")]
    far = [one for one in far if history.now(f"drift.{one.subject}.importance") is not None]
    most = sorted(far, key=lambda one: -(one.value or 0))[:MOST_SERIES]
    yield Panel(
        id="columns",
        title="Columns against the baseline",
        unit="ratio",
        kind=Kind.LINES,
        series=[Series(name=named(one.subject), points=history.points(one.address)) for one in most],
        limits=history.limits(*(one.address for one in most)),
        spans=history.spans(*(one.address for one in most)),
        note=f"{WHAT_JS_IS} {f'The {len(most)} farthest of {len(far)}.' if len(far) > len(most) else ''}".rstrip(),
    )
    dots = [dot for one in far if (dot := _dot(one, history)) is not None]
    yield Panel(
        id="importance",
        title="Drift against importance",
        unit="ratio",
        kind=Kind.SCATTER,
        series=[Series(name="columns", dots=dots)],
        axes=("importance for failing", "distance"),
        note="To the right: tells which interactions fail. Above: far from the baseline. The upper right comes first.",
    )


def _dot(measure: Measure, history: History) -> Dot | None:
    importance = history.now(f"drift.{measure.subject}.importance")
    if importance is None or importance.value is None or measure.value is None:
        return None
    return Dot(name=named(measure.subject), x=importance.value, y=measure.value, n=measure.n)


def _topics(history: History) -> Iterator[Panel]:
    now = [one for one in history.measures_now() if (one.subject, one.segment_by) == ("topic", "topic")]
    largest = sorted(now, key=lambda one: -(one.value or 0))[:MOST_SERIES]
    yield Panel(
        id="topics",
        title="Topics of prompts",
        unit="share",
        kind=Kind.BARS,
        series=[Series(name=str(one.segment), points=history.points(one.address)) for one in largest],
        note="Topics are those of the baseline, each named by its three most telling words.",
    )
    names = {"new_topic_share": "far from every topic", "new_topic_share_expected": "expected"}
    addresses = {f"drift.{TOPICS}.{name}": shown for name, shown in names.items()}
    yield Panel(
        id="new-topics",
        title="Prompts of new topics",
        unit="share",
        kind=Kind.LINES,
        series=[Series(name=shown, points=history.points(address)) for address, shown in addresses.items()],
        limits=history.limits(*addresses),
        spans=history.spans(*addresses),
    )
    yield _course(history, f"drift.{TOPICS}.js", "Topics against the baseline", "ratio", WHAT_JS_IS)


def _scores(site: Site) -> Iterator[Panel]:
    for metric in site.metrics:
        title = f"Mean {named(metric)} score against the windows before"
        yield _course(site.history, f"drift.{metric}.mean_shift", title, "score")
