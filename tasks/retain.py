"""Retain: what is older than the monitor keeps is deleted from its store; and what has to be forgotten is erased."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from configs.monitor import MonitorConfig
from tasks.adapters.erasure import erase, find
from tasks.adapters.halves import Halves
from tasks.adapters.intake import reader_of, rules_of
from tasks.adapters.locations import open_storage
from tasks.adapters.source import salt_of
from tasks.adapters.storage import Storage
from tasks.core.errors import ConfigError
from tasks.core.window import start_of_key

DAY: Final = timedelta(days=1)


@task(cache_policy=NO_CACHE, task_run_name="retain {config.name}")
def retain(config: MonitorConfig, moment: datetime) -> int:
    """Delete what is older than the monitor keeps; returns how many objects are gone."""
    store = open_storage(f"{config.store}/{config.name}", config.store_endpoint_url, create=True)
    gone = retain_store(config, store, moment)
    if gone:
        get_run_logger().info("deleted %d objects that are older than the monitor keeps", gone)
    return gone


def retain_store(config: MonitorConfig, store: Storage, moment: datetime) -> int:
    """As `retain`, without Prefect. Halves are kept as long as a window can be revised by them."""
    kept = config.retention
    limits = {
        "interactions": kept.interactions,
        "candidates": kept.interactions,
        "report": kept.interactions,
        "words": kept.interactions,
        "users": config.usage.remember if config.usage else kept.interactions,
        "scores": kept.scores,
        "replays": kept.scores,
        "replies": kept.raw,
        "quarantine": kept.raw,
    }
    gone = 0
    for root, limit in limits.items():
        if limit is not None:
            gone += _forget_before(store, root, moment - limit)
    rules = rules_of(config)
    needed = rules.every + rules.late + rules.grace + rules.horizon + DAY
    return gone + Halves(store, reader_of(config)).forget((moment - needed).date(), moment - DAY)


def forget(config: MonitorConfig, *, user: str | None, interaction: str | None) -> Mapping[str, int]:
    """Erase a user or an interaction from the monitor's store; returns the rows, or pages, erased by kind.

    Raises ErasureError where something of it is left.
    """
    store = open_storage(f"{config.store}/{config.name}", config.store_endpoint_url)
    salt = salt_of(config) if config.facts.with_people else None
    if salt is None and user is not None and store.list("users/"):
        message = (
            "the store holds hashed users: set usage.salt to what they were hashed with, to erase this one as well"
        )
        raise ConfigError(message)
    return erase(store, find(store, user=user, interaction=interaction, salt=salt))


def _forget_before(store: Storage, root: str, moment: datetime) -> int:
    old = [stored.key for stored in store.list(f"{root}/") if _is_old(stored.key, moment)]
    for place in old:
        store.delete(place)
    return len(old)


def _is_old(place: str, moment: datetime) -> bool:
    """Whether the window, or else the day, that a key names lies before the day of `moment`."""
    for part in place.split("/"):
        name, _, value = part.partition("=")
        if name == "window":
            return start_of_key(value).date() < moment.date()
        if name == "date":
            return date.fromisoformat(value) < moment.date()
    return False
