"""The pages as HTML: Jinja2 with autoescape, a strict Content-Security-Policy, and no address outside the store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final

import jinja2
from markupsafe import Markup

from tasks.core.report.assets import file_name, scripts, style
from tasks.core.report.panel import as_json
from tasks.core.report.places import OVERVIEW_PAGE, ROOT, interactions_page, metric_page, run_page
from tasks.core.report.script import as_script
from tasks.core.report.site import Page
from tasks.core.report.sparkline import spark, track
from tasks.core.report.words import figure, interval_of, limit_text, named, p_value, points, share, value_of, words

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'"
)
STATES: Final[Mapping[str, str]] = {
    "ok": "✓ ok",
    "breach": "✕ breach",
    "undecided": "? undecided",
    "no_data": "– no data",
    "watched": "watched",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A tab: where the page lies within the monitor's folder, and its name."""

    place: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What the pages of one site share: whose they are, the tabs, the end of the newest window, when they are written.

    `monitor` is empty on the page of all monitors, whose folder is `root`.
    """

    monitor: str
    tabs: Sequence[Link]
    every: timedelta | None
    until: datetime | None
    moment: datetime
    root: str = ROOT


def render_page(page: Page, frame: Frame) -> str:
    """The page as HTML. The templates see `page`, `view`, `frame`, and what the panels draw as JSON."""
    tabs = [link.place for link in frame.tabs]
    number = tabs.index(page.place) if page.place in tabs else None
    return (
        _environment()
        .get_template(page.template)
        .render(
            page=page,
            view=page.view,
            frame=frame,
            panels={panel.id: panel for panel in page.panels},
            drawn={
                "monitor": frame.monitor,
                "every": None if frame.every is None else frame.every.total_seconds() * 1000,
                "until": None if frame.until is None else frame.until.timestamp() * 1000,
                "panels": [as_json(panel) for panel in page.panels],
            },
            policy=POLICY,
            to=lambda place: relative(page.place, place),
            above=relative(page.place, ".." if frame.monitor else "."),
            assets=relative(page.place, f"{frame.root}/assets"),
            overview=relative(page.place, f"../{OVERVIEW_PAGE}" if frame.monitor else OVERVIEW_PAGE),
            scripts=scripts(),
            style=style(),
            before=frame.tabs[number - 1] if number else None,
            after=frame.tabs[number + 1] if number is not None and number + 1 < len(tabs) else None,
        )
    )


def relative(source: str, target: str) -> str:
    """How a page at `source` names `target`, both within one folder; `..` at the start of a target leads out of it."""
    here, there = source.split("/")[:-1], target.split("/")
    while here and len(there) > 1 and here[0] == there[0]:
        here, there = here[1:], there[1:]
    return "/".join([".."] * len(here) + there)


def stamp(time: datetime) -> str:
    """A time to the minute, in UTC."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M}"


def machine(time: datetime) -> str:
    """A time as HTML has it."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("tasks.core.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "share": share,
        "points": points,
        "figure": figure,
        "p_value": p_value,
        "value": value_of,
        "words": words,
        "named": named,
        "interval": interval_of,
        "limit": limit_text,
        "stamp": stamp,
        "machine": machine,
        "ms": lambda time: round(time.timestamp() * 1000),
        "inlined": lambda document: Markup(as_script(document)),  # noqa: S704  as_script escapes what HTML could read
        "spark": spark,
        "track": track,
    }
    environment.globals |= {
        "asset": file_name,
        "states": STATES,
        "metric_page": metric_page,
        "run_page": run_page,
        "interactions_page": interactions_page,
    }
    return environment
