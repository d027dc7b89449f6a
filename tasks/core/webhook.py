"""What a signed webhook tells of an alert: the model behind `docs/webhook.schema.json`."""

from datetime import datetime
from hashlib import sha256
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from tasks.core.alert import Event, Status
from tasks.core.news import News, Notice
from tasks.core.verdict import Direction, Severity, State

SCHEMA_ADDRESS: Final = "https://json-schema.org/draft/2020-12/schema"
VERSION: Final = 1
EXAMPLES_TOLD: Final = 3


class Part(BaseModel):
    """A part of the payload; what each field means stands below it.

    The schema lets fields come that it does not know, so that one may be added within a version.
    """

    model_config = ConfigDict(frozen=True, from_attributes=True, use_attribute_docstrings=True)


class AlertPart(Part):
    """Where the alert stands."""

    id: str
    """The short name, by which `genwatch alerts CONFIG ack ID` answers."""
    key: str
    """The same for the whole life of the alert."""
    status: Status
    severity: Severity
    since: datetime
    """The start of the window with which it began."""
    opened_at: datetime | None
    openings: int
    """How often it opened since it began."""
    acknowledged_by: str | None


class MeasurePart(Part):
    """The measure that stands for the alert, as the window has it; null where there is no such figure."""

    address: str
    """`signal.subject.measure`, with `[segment_by=segment]` for a part of the window: the segment is a logged value."""
    value: float | None
    low: float | None
    high: float | None
    n: int | None
    """The rows behind the value."""
    unit: str | None
    """`share` (0 to 1), `score`, `rows`, `values`, `seconds`, `ratio` or the like; null where it is not known."""
    limit: float | None
    direction: Direction | None
    """`min`: the value should be at least the limit; `max`: at most."""


class WindowPart(Part):
    """The window of event time, half-open: [start, end)."""

    start: datetime
    end: datetime


class ExamplePart(Part):
    """An interaction that failed; its text is not told."""

    interaction_id: str
    metric: str
    score: float
    page: str
    """Where the report shows it."""


class Links(Part):
    """Where people look."""

    report: str
    """The page of the report, or its address in the store where that is not served."""
    run: str | None
    """The run in Prefect."""


class WebhookPayload(Part):
    """One change of one alert.

    `alert.key`, `measure.address`, `sentence`, `alert.acknowledged_by` and `interaction_id` hold logged or typed text:
    data, never markup or commands.
    """

    schema_version: Literal[1] = VERSION
    event: Event
    """`opened`, `reopened`, `escalated` (a warning is critical now), `reminded`, `acknowledged`, `recovered`, `missed`
    (it opened and recovered before it could be told) or `amended` (late data changed the verdict of an old window)."""
    monitor: str
    alert: AlertPart
    measure: MeasurePart
    verdict: State
    sentence: str
    """What a person reads of it, with the figures, on one line."""
    window: WindowPart
    links: Links
    examples: tuple[ExamplePart, ...] = Field(default=(), max_length=EXAMPLES_TOLD)


def webhook_payload(news: News, notice: Notice) -> WebhookPayload:
    """What a webhook is told of one notice: no prompt, completion or reason of the judge."""
    alert = notice.alert
    return WebhookPayload(
        event=notice.event,
        monitor=news.monitor,
        alert=AlertPart.model_validate(alert),
        measure=_measure(notice),
        verdict=alert.state,
        sentence=notice.sentence,
        window=WindowPart.model_validate(news.window),
        links=Links(report=notice.page, run=news.run),
        examples=tuple(ExamplePart.model_validate(one) for one in notice.examples[:EXAMPLES_TOLD]),
    )


def _measure(notice: Notice) -> MeasurePart:
    alert = notice.alert
    return MeasurePart(
        address=alert.address,
        value=alert.value,
        low=alert.low,
        high=alert.high,
        n=alert.n,
        unit=notice.unit or None,
        limit=alert.limit,
        direction=alert.direction,
    )


def message_id(notice: Notice) -> str:
    """The same for the same change of the same alert, however often and in whichever run it is told; without points.

    A change is named by the life of the alert, what happened, and when the channel was last told of the alert.
    """
    alert, told = notice.alert, notice.told
    moment = alert.window_start if notice.event is Event.AMENDED else alert.since
    before = "" if told is None else told.at.isoformat()
    parts = f"{alert.key}\n{moment.isoformat()}\n{notice.event}\n{alert.severity}\n{before}"
    return f"msg_{sha256(parts.encode()).hexdigest()[:32]}"


def json_schema() -> dict[str, Any]:
    """The JSON schema of the payload as it is sent."""
    return {"$schema": SCHEMA_ADDRESS} | WebhookPayload.model_json_schema(mode="serialization")
