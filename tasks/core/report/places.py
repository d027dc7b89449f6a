"""Where the pages of the report lie in a store, and how they are linked to."""

from typing import Final
from urllib.parse import quote

ROOT: Final = "report"  # the folder of a monitor's pages, within its folder of the store
ASSETS: Final = f"{ROOT}/assets"
MONITOR_PAGE: Final = f"{ROOT}/index.html"
OPERATIONS_PAGE: Final = f"{ROOT}/operations.html"
SIGNALS_PAGE: Final = f"{ROOT}/signals.html"
DRIFT_PAGE: Final = f"{ROOT}/drift.html"
VERSIONS_PAGE: Final = f"{ROOT}/versions.html"
OVERVIEW_FOLDER: Final = "_report"  # beside the monitors, none of which can have that name
OVERVIEW_PAGE: Final = f"{OVERVIEW_FOLDER}/index.html"


def metric_page(metric: str) -> str:
    """The page of a judged metric."""
    return f"{ROOT}/metric-{metric}.html"


def run_page(window_key: str, revision: int) -> str:
    """The page of one run: counts, quarantine, warnings, objects, use of the evaluator."""
    return f"{ROOT}/window={window_key}/rev={revision}.html"


def interactions_page(window_key: str, revision: int) -> str:
    """The page of a window's interactions."""
    return f"{ROOT}/window={window_key}/rev={revision}-interactions.html"


def interaction_anchor(interaction_id: str) -> str:
    """The fragment with which the page of interactions opens at one of them."""
    return f"#i={quote(interaction_id, safe='')}"


def address(place: str, monitor: str, store: str, base_url: str | None) -> str:
    """Where a person opens a page of a monitor: below `base_url`, which serves the store, else its URI in the store."""
    if base_url is None:
        return f"{store}/{monitor}/{place}"
    return f"{base_url.rstrip('/')}/{monitor}/{place}"
