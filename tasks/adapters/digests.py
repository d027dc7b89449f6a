"""Digests in the store of a monitor: which are due, what they say, and which channels have had them."""

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from configs.monitor import MonitorConfig
from tasks.adapters.alert_books import book_before, followed_book
from tasks.adapters.history import Past, read_past
from tasks.adapters.results import THREADS, revisions
from tasks.adapters.storage import Storage, read_bytes
from tasks.core.digest import DigestRecord, change, turns
from tasks.core.news import Change, Digest
from tasks.core.period import Every, period_before, period_ended
from tasks.core.report.places import MONITOR_PAGE, address
from tasks.core.run import Job
from tasks.core.window import Window, key_of

REMEMBERED: Final = 7  # periods within which a digest that could not be delivered is tried again


def due_digests(config: MonitorConfig, job: Job, store: Storage) -> list[DigestRecord]:
    """The digests that some channel is still to have after a window, the newest one noted before it is told.

    A period is over once a window is run that ends at its end or later.
    """
    every = config.alerts.digest
    if every is None or not job.is_newest or not config.alerts.digested:
        return []
    period = period_ended(job.window.end, every, _zone(config))
    new = DigestRecord(start=period.start, end=period.end, untold=config.alerts.digested)
    store.put_if_absent(_place(every, new), new.model_dump_json().encode())
    places = sorted(stored.key for stored in store.list(f"digests/{every}/"))[-REMEMBERED:]
    found = [record for place in places if (record := _read(store, place)) is not None]
    return [record for record in found if set(record.untold).intersection(config.alerts.digested)]


def record_digest(config: MonitorConfig, record: DigestRecord, untold: Collection[str], store: Storage) -> None:
    """Note who is still to have a digest."""
    if config.alerts.digest is not None:
        left = record.model_copy(update={"untold": tuple(sorted(untold))})
        store.put(_place(config.alerts.digest, record), left.model_dump_json().encode())


def read_digest(config: MonitorConfig, period: Window, store: Storage) -> Digest | None:
    """What a period had, as the store has it now; None where that is no news."""
    published = revisions(store)
    starts = [start for start in published if period.start <= start < period.end]
    with ThreadPoolExecutor(THREADS) as pool:
        books = list(pool.map(lambda start: followed_book(store, start, published[start]), starts))
    before = book_before(store, period.start)
    found = turns(before.alerts, [book.alerts for book in books if book is not None], datetime.now(UTC))
    if not found.are_news(period):
        return None
    return Digest(
        monitor=config.name,
        period=period,
        windows=len(starts),
        opened=found.opened,
        recovered=found.recovered,
        still_open=found.still_open,
        rates=_rates(config, period, published, store),
        report=address(MONITOR_PAGE, config.name, config.store, config.report.base_url),
    )


def _rates(config: MonitorConfig, period: Window, published: dict[datetime, int], store: Storage) -> list[Change]:
    """The pass rates of the period and of the one before, as far as the judge of its last window gave them."""
    if config.alerts.digest is None:
        return []
    before = period_before(period, config.alerts.digest, _zone(config))
    names = {name: f"quality.{name}.pass_rate" for name in config.metrics}
    starts = [start for start in published if before.start <= start < period.end]
    past = read_past(store, published, starts, names.values())
    found = []
    for metric, name in names.items():
        judges = [one.fingerprints.get(metric) for one in past]
        own = [one for one, judge in zip(past, judges, strict=True) if judge == judges[-1] and name in one.measures]
        now, then = ([one.measures[name] for one in part] for part in _parted(own, period.start))
        found.append(change(metric, now, then))
    return found


def _parted(past: Sequence[Past], start: datetime) -> tuple[list[Past], list[Past]]:
    return [one for one in past if one.start >= start], [one for one in past if one.start < start]


def _zone(config: MonitorConfig) -> ZoneInfo:
    return ZoneInfo(config.schedule.timezone if config.schedule else "UTC")


def _place(every: Every, record: DigestRecord) -> str:
    return f"digests/{every}/period={key_of(record.start)}.json"


def _read(store: Storage, place: str) -> DigestRecord | None:
    try:
        return DigestRecord.model_validate_json(read_bytes(store, place))
    except (ValidationError, FileNotFoundError):
        return None
