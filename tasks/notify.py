"""Notify: alerts to Slack and as Prefect events; what cannot be delivered stays recorded and is told next time."""

from collections.abc import Sequence
from datetime import UTC, datetime

from prefect import runtime, task
from prefect.cache_policies import NO_CACHE
from prefect.events import emit_event
from prefect.logging import get_run_logger

from configs.monitor import MonitorConfig
from tasks.adapters.alert_books import Place, mark_untold, unmark_untold, untold_books, write_book
from tasks.adapters.judgements import read_judgements
from tasks.adapters.locations import open_storage
from tasks.adapters.results import read_table
from tasks.adapters.secret import resolve
from tasks.adapters.slack import send
from tasks.adapters.storage import Storage
from tasks.core.alert import Alert, AlertBook
from tasks.core.errors import ConfigError
from tasks.core.message import EXAMPLES_SHOWN, Example, SlackMessage, slack_message
from tasks.core.report.view import failures
from tasks.core.run import Job, Outcome, Published
from tasks.core.window import Window


@task(cache_policy=NO_CACHE, task_run_name="notify {job.window.key}")
def notify(config: MonitorConfig, job: Job, outcome: Outcome, published: Published) -> tuple[str, ...]:
    """Tell what changed; returns what could not be told, as warnings. Without a channel nothing is told but events."""
    log = get_run_logger()
    store = open_storage(f"{config.store}/{config.name}", config.store_endpoint_url)
    books = _books(store, job, outcome.assessed.alerts)
    news = [alert for book in books.values() for alert in book.alerts if alert.to_tell]
    warnings: list[str] = []
    if news and config.alerts.slack is not None:
        run_url = str(runtime.flow_run.ui_url)
        links = {"Report": published.report} | ({"Run": run_url} if run_url.startswith("http") else {})
        message = slack_message(config.name, job.window, news, _examples(config, job, outcome, store), links)
        warnings += _deliver(config.alerts.slack, message)
    for warning in warnings:
        log.warning("the alert was not delivered and will be told by the next run: %s", warning)
        if not job.is_newest and any(alert.to_tell for alert in outcome.assessed.alerts):
            mark_untold(store, job.window.key, job.revision)
    if news and not warnings:
        for place, book in books.items():
            record_told(store, place, book)
        log.info("told %d alerts", len(news))
    for alert in outcome.assessed.alerts:
        if alert.emits is not None:
            _emit(config.name, job.window, alert)
    return tuple(warnings)


def check_channel(config: MonitorConfig) -> str:
    """Whom alerts are told, in a few words; raises ConfigError where the secret is missing."""
    if config.alerts.slack is None:
        return "nobody: alerts are recorded and sent as Prefect events"
    resolve(config.alerts.slack, "alerts.slack")
    return f"Slack ({config.alerts.slack})"


def record_told(store: Storage, place: Place, book: AlertBook) -> None:
    """Note in a window's alerts that they were told, so that the next window knows."""
    now = datetime.now(UTC)
    if any(alert.to_tell for alert in book.alerts):
        told = tuple(alert.told(now) if alert.to_tell else alert for alert in book.alerts)
        write_book(store, *place, book.model_copy(update={"alerts": told}))
    if book.amends:
        unmark_untold(store, *place)


def _books(store: Storage, job: Job, alerts: Sequence[Alert]) -> dict[Place, AlertBook]:
    """The alerts of this window, and those of old ones whose amendments could not be told; revised ones are settled."""
    own = AlertBook(alerts=tuple(alerts), amends=not job.is_newest)
    waiting = untold_books(store)
    for window, revision in waiting:
        if window == job.window.key and revision < job.revision:
            unmark_untold(store, window, revision)
    return {(job.window.key, job.revision): own} | {
        place: book for place, book in waiting.items() if place[0] != job.window.key
    }


def _deliver(reference: str, message: SlackMessage) -> list[str]:
    try:
        failure = send(resolve(reference, "alerts.slack"), message)
    except ConfigError as error:
        failure = str(error)
    return [] if failure is None else [failure]


def _examples(config: MonitorConfig, job: Job, outcome: Outcome, store: Storage) -> list[Example]:
    interactions = read_table(store, outcome.collected.interactions)
    worst, _ = failures(read_judgements(config, job.window, interactions, outcome.scored, store), interactions)
    return [
        Example(
            interaction_id=failure.interaction_id,
            metric=failure.metric,
            score=failure.score,
            prompt=failure.texts.get("prompt", ""),
            completion=failure.texts.get("completion", ""),
        )
        for failure in list({one.interaction_id: one for one in reversed(worst)}.values())[::-1][:EXAMPLES_SHOWN]
    ]


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
            "window_start": window.start.isoformat(),
            "value": alert.value,
            "limit": alert.limit,
            "verdict": alert.state.value,
            "explanation": alert.explanation,
            "acknowledged_by": alert.acknowledged_by,
        },
    )
