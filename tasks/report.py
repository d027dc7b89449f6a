"""Report: the pages of a monitor, made anew from what its store holds."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from configs.monitor import MonitorConfig
from tasks.adapters.alert_actions import actions_about
from tasks.adapters.alert_books import book_before
from tasks.adapters.locations import open_storage
from tasks.adapters.pages import (
    all_revisions,
    read_cards,
    read_history,
    read_words,
    write_assets,
    write_card,
    write_pages,
)
from tasks.adapters.storage import Storage, StoredObject
from tasks.adapters.window_pages import write_missing_pages, write_window_pages
from tasks.core.errors import StorageError, UnreadableObjectError
from tasks.core.report.build import site_pages
from tasks.core.report.overview import CARDS, card_of, overview_page
from tasks.core.report.places import ASSETS, MONITOR_PAGE, OVERVIEW_FOLDER, OVERVIEW_PAGE, ROOT, address
from tasks.core.report.site import Site
from tasks.core.run import Job

REFUSALS: Final = (StorageError, UnreadableObjectError, FileNotFoundError)


@task(cache_policy=NO_CACHE, task_run_name="report {config.name}")
def report(config: MonitorConfig) -> None:
    """Write the pages after a run; where the storage refuses them, that is a warning: the results are published."""
    try:
        place = write_report(config)
    except REFUSALS as error:
        get_run_logger().warning("the report is as it was before this run: %s", error)
    else:
        get_run_logger().info("report: %s", place)


@task(cache_policy=NO_CACHE, task_run_name="report {job.window.start:%Y-%m-%d %H:%M}")
def report_window(config: MonitorConfig, job: Job) -> None:
    """Write the pages of one window after it was published; as `report` where the storage refuses them."""
    store = open_storage(f"{config.store}/{config.name}", config.store_endpoint_url, create=True)
    try:
        write_window_pages(config, job.window, job.revision, store)
    except REFUSALS as error:
        get_run_logger().warning("%s has no pages of its own yet: %s", job.window.label, error)


def write_report(config: MonitorConfig) -> str:
    """Write all pages of a monitor, and the page of all monitors; returns where people open the first one."""
    store = open_storage(f"{config.store}/{config.name}", config.store_endpoint_url, create=True)
    write_site(config, store, open_storage(config.store, config.store_endpoint_url, create=True))
    return address(MONITOR_PAGE, config.name, config.store, config.report.base_url)


def rewrite_report(config: MonitorConfig) -> str:
    """As `write_report`, with the pages of single windows that are missing."""
    store = open_storage(f"{config.store}/{config.name}", config.store_endpoint_url, create=True)
    write_missing_pages(config, datetime.now(UTC), store)
    return write_report(config)


def write_site(config: MonitorConfig, store: Storage, root_store: Storage) -> None:
    """Write the pages of a monitor into its `store`, and those of all monitors into the store's root."""
    site = read_site(config, store)
    pages = site_pages(site)
    write_assets(store, ASSETS)
    write_pages(store, pages)
    for place in site.written - pages.keys():
        if "/window=" not in place:  # of a metric or a signal that is measured no more
            store.delete(place)
    write_card(root_store, card_of(site))
    write_assets(root_store, f"{OVERVIEW_FOLDER}/assets")
    write_overview(root_store, site.moment)


def write_overview(root_store: Storage, moment: datetime) -> None:
    """Write the page of all monitors, once more where another one left its card meanwhile, whose page ours replaces."""
    known: Sequence[StoredObject] | None = None
    while known != (now := root_store.list(f"{CARDS}/")):
        known = now
        write_pages(root_store, {OVERVIEW_PAGE: overview_page(read_cards(root_store, now), moment)})


def read_site(config: MonitorConfig, store: Storage) -> Site:
    """What the pages show, from the monitor's store."""
    published = all_revisions(store)
    history = read_history(store, published)
    alerts = book_before(store).alerts
    actions = actions_about(store, alerts)
    return Site(
        monitor=config.name,
        description=config.description,
        every=config.window.every,
        grace=config.window.grace,
        metrics=config.metrics,
        is_local=config.evaluator.provider == "local",
        history=history,
        alerts=[alert.acted(actions) for alert in alerts],
        words=read_words(store, history.newest),
        alpha=1 - config.decide.confidence,
        earlier=len(published) - len(history.windows),
        written=frozenset(one.key for one in store.list(f"{ROOT}/") if one.key.endswith(".html")),
        moment=datetime.now(UTC),
    )
