"""What the pages of one monitor are made from, and what each page is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tasks.core.alert import Alert
from tasks.core.drift.tokens import TokenDrift
from tasks.core.quality.metric import Metric
from tasks.core.report.history import History
from tasks.core.report.panel import Panel


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A monitor as its pages show it: what its file says, the windows shown, and the alerts as they are now.

    `words` are by role those that have most to do with the drift of the newest window, and `alpha` is the level at
    which texts count as different. `earlier` counts the windows that the store holds beside those shown, `written`
    are the places of the pages that it has; `moment` is when the pages are written.
    """

    monitor: str
    description: str
    every: timedelta
    grace: timedelta
    metrics: Mapping[str, Metric]
    is_local: bool
    history: History
    alerts: Sequence[Alert]
    words: Mapping[str, Sequence[TokenDrift]]
    alpha: float
    earlier: int
    written: frozenset[str]
    moment: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page: where it lies, what its template is given, and its panels in their order.

    `name` is that of its tab; a page of a single window has none.
    """

    place: str
    title: str
    name: str
    template: str
    view: object
    panels: Sequence[Panel] = ()
