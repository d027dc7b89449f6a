"""The scripts and the style of the pages: files whose names carry a hash, so that pages of before keep theirs."""

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Final

import jinja2

ECHARTS: Final = "echarts-6.1.0.common.min.js"  # from the npm package echarts; licence and notice lie beside it
D3_CLOUD: Final = "d3-cloud-1.2.9.js"  # likewise
SCRIPTS: Final = (ECHARTS, "text.js", "options.js", "panels.js", "range.js", D3_CLOUD, "cloud.js")
STYLE: Final = "report.css"
OF_WINDOWS: Final = ("interaction.js", "interactions.js", "window.css")  # beside text.js and the style
LICENCES: Final = ("echarts.LICENSE", "echarts.NOTICE", "d3-cloud.LICENSE")
HASH_LENGTH: Final = 10
LOADER: Final = jinja2.PackageLoader("tasks.core.report", "assets")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A file beside the pages."""

    name: str
    content: bytes


@cache
def assets() -> tuple[Asset, ...]:
    """Every file that the pages need, and the licence of what is not ours."""
    return tuple(_asset(name) for name in (*SCRIPTS, STYLE, *OF_WINDOWS, *LICENCES))


def scripts() -> tuple[str, ...]:
    """The names of the scripts, in the order in which they run."""
    return tuple(one.name for one in assets()[: len(SCRIPTS)])


def style() -> str:
    """The name of the style sheet."""
    return assets()[len(SCRIPTS)].name


@cache
def file_name(name: str) -> str:
    """The name of one of them with its hash."""
    return _asset(name).name


def _asset(name: str) -> Asset:
    content = LOADER.get_source(jinja2.Environment(autoescape=True), name)[0].encode()
    if name in LICENCES:
        return Asset(name=f"{name}.txt", content=content)
    stem, _, suffix = name.rpartition(".")
    return Asset(name=f"{stem}.{sha256(content).hexdigest()[:HASH_LENGTH]}.{suffix}", content=content)
