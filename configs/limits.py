"""Limits on measures, as the monitor file says them."""

from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from configs.values import Section
from tasks.core.verdict import Against, Direction, Severity, Threshold
from tasks.core.window import Window

Bound = Annotated[float, Field(allow_inf_nan=False)]
Away = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Span(Section):
    """The windows that begin in [start, end), as they were published; UTC where no offset is written."""

    start: datetime
    end: datetime

    @property
    def window(self) -> Window:
        """The span in UTC."""
        start, end = (one.replace(tzinfo=one.tzinfo or UTC).astimezone(UTC) for one in (self.start, self.end))
        return Window(start=start, end=end)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.window.end <= self.window.start:
            message = "end must come after start"
            raise ValueError(message)
        return self


class Limit(Section):
    """What a measure may be; the limits themselves are still good.

    `min` and `max` bound the measure itself; `max_drop` and `max_rise` how far it may lie below or above where it
    stood: over the windows before, so many of them, or over those of a fixed span.
    """

    min: Bound | None = None
    max: Bound | None = None
    max_drop: Away | None = None
    max_rise: Away | None = None
    against: Annotated[int, Field(ge=1, le=1000)] | Span = 7
    severity: Severity = Severity.CRITICAL

    @model_validator(mode="after")
    def _any(self) -> Self:
        is_relative = self.max_drop is not None or self.max_rise is not None
        if self.min is None and self.max is None and not is_relative:
            message = "give min, max, max_drop or max_rise"
            raise ValueError(message)
        if "against" in self.model_fields_set and not is_relative:
            message = "against goes with max_drop or max_rise; give one of them, or remove it"
            raise ValueError(message)
        return self

    def thresholds(self, address: str) -> list[Threshold]:
        """The limits on the measure with that address."""
        before = Against(windows=self.against) if isinstance(self.against, int) else Against(span=self.against.window)
        limits = (
            (self.min, Direction.MIN, None),
            (self.max, Direction.MAX, None),
            (self.max_drop, Direction.MIN, before),
            (self.max_rise, Direction.MAX, before),
        )
        return [
            Threshold(address=address, limit=limit, direction=direction, severity=self.severity, against=against)
            for limit, direction, against in limits
            if limit is not None
        ]
