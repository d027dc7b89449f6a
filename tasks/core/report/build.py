"""All pages of a monitor: a new one is a function and a line in the table."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tasks.core.report.drift_page import drift_pages
from tasks.core.report.metric_pages import metric_pages
from tasks.core.report.monitor_page import monitor_page
from tasks.core.report.places import MONITOR_PAGE
from tasks.core.report.render import Frame, Link, render_page
from tasks.core.report.signal_pages import OPERATIONS, SIGNALS, operations_pages, signal_pages
from tasks.core.report.signals import DRIFT, QUALITY, VERSIONS
from tasks.core.report.site import Page, Site
from tasks.core.report.versions_page import versions_pages

# The pages beside the first, in the order of their tabs, with the signals that each shows.
PAGES: Final[Sequence[tuple[tuple[str, ...], Callable[[Site], Sequence[Page]]]]] = (
    ((), metric_pages),
    ((DRIFT,), drift_pages),
    (OPERATIONS, operations_pages),
    (SIGNALS, signal_pages),
    ((VERSIONS,), versions_pages),
)


def site_pages(site: Site) -> Mapping[str, str]:
    """The HTML of every page by its place within the monitor's folder; those of single windows are not among them."""
    places: dict[str, str] = {QUALITY: f"{MONITOR_PAGE}#metrics"}
    pages: list[Page] = []
    for titles, make in PAGES:
        made = make(site)
        pages += made
        places |= {title: made[0].place for title in titles if made}
    pages.insert(0, monitor_page(site, places))
    frame = frame_of(site, pages)
    return {page.place: render_page(page, frame) for page in pages}


def frame_of(site: Site, pages: Sequence[Page]) -> Frame:
    """What the pages share, with a tab for each of these."""
    newest = site.history.newest
    return Frame(
        monitor=site.monitor,
        tabs=[Link(place=page.place, name=page.name) for page in pages],
        every=site.every,
        until=newest.window.end if newest else None,
        moment=site.moment,
    )
