"""The two pages of a window: its run, and its interactions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tasks.core.report.interactions_view import InteractionsView, Row
from tasks.core.report.places import MONITOR_PAGE, interactions_page, run_page
from tasks.core.report.render import Frame, Link, render_page
from tasks.core.report.run_view import RunView
from tasks.core.report.shortening import Limits, document, fitting
from tasks.core.report.site import Page
from tasks.core.window import Window

BUDGET: Final = 4_400_000  # bytes of the interactions in their page, so that the whole stays below 4.5 MB


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The interactions as they fit into a page; `limits` are None where no text had to be cut."""

    view: InteractionsView
    rows: Sequence[Row]
    limits: Limits | None

    @property
    def lowest(self) -> int:
        """The lowest score that there can be."""
        return min((metric.scale.lowest for metric in self.view.metrics), default=1)

    @property
    def highest(self) -> int:
        """The highest score that there can be."""
        return max((metric.scale.highest for metric in self.view.metrics), default=1)

    @property
    def document(self) -> Mapping[str, object]:
        """What the script of the page draws."""
        return {
            "metrics": [
                {
                    "name": metric.name,
                    "passAt": metric.pass_at,
                    "labels": metric.scale.labels if metric.scale.names else None,
                }
                for metric in self.view.metrics
            ],
            "segments": self.view.segments,
            "rows": [document(row) for row in self.rows],
        }


def render_run(view: RunView, moment: datetime) -> tuple[str, str]:
    """Where the page of a run lies, and its HTML; `moment` is when it is written."""
    manifest = view.manifest
    place, title = run_page(view.window.key, manifest.revision), _title("Run", view.window, manifest.revision)
    page = Page(place=place, title=title, name="", template="run.html.j2", view=view)
    return place, render_page(page, _frame(manifest.monitor, moment))


def render_interactions(view: InteractionsView, moment: datetime) -> tuple[str, str]:
    """Where the page of a window's interactions lies, and its HTML; `moment` is when it is written."""
    manifest = view.manifest
    place = interactions_page(view.window.key, manifest.revision)
    title = _title("Interactions", view.window, manifest.revision)
    rows, limits = fitting(view.rows, BUDGET)
    shown = Shown(view=view, rows=rows, limits=limits)
    page = Page(place=place, title=title, name="", template="interactions.html.j2", view=shown)
    return place, render_page(page, _frame(manifest.monitor, moment))


def _title(what: str, window: Window, revision: int) -> str:
    return f"{what} of {window.label}{f', revision {revision}' if revision else ''}"


def _frame(monitor: str, moment: datetime) -> Frame:
    """The one tab is what the page leads back to."""
    tab = Link(place=MONITOR_PAGE, name=monitor)
    return Frame(monitor=monitor, tabs=[tab], every=None, until=None, moment=moment)
