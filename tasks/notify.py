"""Notify: alerts to the channels and as Prefect events; what cannot be delivered is told by the next run."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from prefect import runtime, task
from prefect.cache_policies import NO_CACHE
from prefect.events import emit_event
from prefect.logging import get_run_logger

from configs.monitor import MonitorConfig
from tasks.adapters.alert_books import Place, unmark_untold, untold_books, write_book
from tasks.adapters.channels import open_channel
from tasks.adapters.digests import due_digests, read_digest, record_digest
from tasks.adapters.locations import open_storage
from tasks.adapters.storage import Storage
from tasks.adapters.telling import Behind, behind
from tasks.core.alert import Alert, AlertBook
from tasks.core.errors import ConfigError
from tasks.core.news import Delivered, Digest, News, Notice, heard
from tasks.core.report.places import MONITOR_PAGE, address, metric_page, run_page
from tasks.core.run import Job, Outcome
from tasks.core.window import Window

Books = Mapping[Place, AlertBook]


@task(cache_policy=NO_CACHE, task_run_name="notify {job.window.start:%Y-%m-%d %H:%M}")
def notify(config: MonitorConfig, job: Job, outcome: Outcome) -> tuple[str, ...]:
    """Tell each channel what it does not know; returns what could not be told, as warnings.

    What a channel took is recorded before the next one is told. Without a channel nothing is told but events.
    """
    log = get_run_logger()
    store = open_storage(f"{config.store}/{config.name}", config.store_endpoint_url)
    run_url = str(runtime.flow_run.ui_url)
    warnings, told = tell_all(config, job, outcome, run_url if run_url.startswith("http") else None, store)
    for warning in warnings:
        log.warning("an alert was not delivered and will be told by the next run: %s", warning)
    late = summarise_all(config, job, store)
    for warning in late:
        log.warning("a digest was not delivered and will be by the next run: %s", warning)
    if told:
        log.info("told %d alerts", told)
    for alert in outcome.assessed.alerts:
        if alert.emits is not None:
            _emit(config.name, job.window, alert)
    return (*warnings, *late)


def tell_all(
    config: MonitorConfig, job: Job, outcome: Outcome, run: str | None, store: Storage
) -> tuple[tuple[str, ...], int]:
    """As `notify`, without Prefect: why what was not told, each reason once, and how many notices were told."""
    books = _books(store, job, outcome.assessed.alerts)
    shown = behind(config, job, outcome, store)
    reasons, told = dict[str, None](), 0
    for channel in config.alerts.channels:
        notices = [
            _notice(config, alert, channel, place, shown if place == _place(job) else None)
            for place, book in books.items()
            for alert in book.alerts
            if channel in alert.news
        ]
        if not notices:
            continue
        news = News(
            monitor=config.name,
            window=job.window,
            notices=notices,
            report=_address(config, MONITOR_PAGE if job.is_newest else run_page(job.window.key, job.revision)),
            run=run,
        )
        delivered = _tell(config, channel, news)
        reasons |= dict.fromkeys(f"{channel}: {why}" for why in delivered.failures.values())
        told += len(news.notices) - len(delivered.failures)
        books = _recorded(store, books, channel, delivered)
    _settle(store, books, job, config.alerts.channels)
    return tuple(reasons), told


def summarise_all(config: MonitorConfig, job: Job, store: Storage) -> tuple[str, ...]:
    """Send each channel the digests that it is to have after this window; returns why one was not delivered.

    Who has had one is recorded after each delivery, so that a run that is ended between the two sends it once more.
    """
    reasons = dict[str, None]()
    for record in due_digests(config, job, store):
        digest, untold = read_digest(config, record.period, store), set(record.untold)
        if digest is None:
            record_digest(config, record, (), store)
            continue
        for channel in untold.intersection(config.alerts.digested):
            why = _summarised(config, channel, digest)
            if why is not None:
                reasons[f"{channel}: {why}"] = None
                continue
            untold.remove(channel)
            record_digest(config, record, untold, store)
    return tuple(reasons)


def check_channel(config: MonitorConfig) -> str:
    """Whom alerts are told, in a few words; raises ConfigError where a secret is missing."""
    for channel in config.alerts.channels:
        open_channel(config.alerts, channel)
    return ", ".join(config.alerts.channels) or "nobody: alerts are recorded and sent as Prefect events"


def _place(job: Job) -> Place:
    return job.window.key, job.revision


def _address(config: MonitorConfig, page: str) -> str:
    return address(page, config.name, config.store, config.report.base_url)


def _notice(config: MonitorConfig, alert: Alert, channel: str, place: Place, shown: Behind | None) -> Notice:
    """What the channel is to be told of an alert; of an amended window nothing is `shown` but its page."""
    signal, subject, _ = alert.address.partition("[")[0].split(".")
    is_judged = signal == "quality" and subject in config.metrics and shown is not None
    return Notice(
        alert=alert,
        event=alert.news[channel],
        told=alert.told.get(channel),
        page=_address(config, metric_page(subject) if is_judged else run_page(*place)),
        unit=shown.units.get(alert.key, "") if shown else "",
        examples=shown.examples.get(alert.key, ()) if shown else (),
        trend=shown.trends.get(alert.key) if shown else None,
    )


def _tell(config: MonitorConfig, channel: str, news: News) -> Delivered:
    try:
        return open_channel(config.alerts, channel).tell(news)
    except ConfigError as error:
        return Delivered.nothing(news.notices, str(error))


def _summarised(config: MonitorConfig, channel: str, digest: Digest) -> str | None:
    try:
        return open_channel(config.alerts, channel).summarise(digest)
    except ConfigError as error:
        return str(error)


def _books(store: Storage, job: Job, alerts: Sequence[Alert]) -> Books:
    """The alerts of this window, and those of old ones whose amendments could not be told; revised ones are settled."""
    waiting = untold_books(store)
    for window, revision in waiting:
        if window == job.window.key and revision < job.revision:
            unmark_untold(store, window, revision)
    own = AlertBook(alerts=tuple(alerts), amends=not job.is_newest)
    return {_place(job): own} | {place: book for place, book in waiting.items() if place[0] != job.window.key}


def _recorded(store: Storage, books: Books, channel: str, delivered: Delivered) -> Books:
    """The books after a channel was told, as they are in the store then."""
    now, after = datetime.now(UTC), dict[Place, AlertBook]()
    for place, book in books.items():
        alerts = tuple(heard(alert, channel, delivered, now) for alert in book.alerts)
        after[place] = book.model_copy(update={"alerts": alerts})
        if after[place] != book:
            write_book(store, *place, after[place])
    return after


def _settle(store: Storage, books: Books, job: Job, channels: Sequence[str]) -> None:
    """Take back the note on old windows of which no channel that the monitor has is to be told any more."""
    for place, book in books.items():
        is_told = not any(channel in alert.news for alert in book.alerts for channel in channels)
        if is_told and (place != _place(job) or book.amends):
            unmark_untold(store, *place)


def _emit(monitor: str, window: Window, alert: Alert) -> None:
    """A Prefect event that automations can act on; its resource is the alert, so that they can tell alerts apart."""
    emit_event(
        event=f"genwatch.alert.{alert.emits}",
        resource={
            "prefect.resource.id": f"genwatch.alert.{alert.key}",
            "prefect.resource.name": alert.key,
            "genwatch.monitor": monitor,
            "genwatch.measure": alert.address,
            "genwatch.severity": alert.severity.value,
        },
        payload={
            "alert": alert.id,
            "window_start": window.start.isoformat(),
            "value": alert.value,
            "low": alert.low,
            "high": alert.high,
            "n": alert.n,
            "limit": alert.limit,
            "verdict": alert.state.value,
            "explanation": alert.explanation,
            "acknowledged_by": alert.acknowledged_by,
        },
    )
