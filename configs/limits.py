"""Limits on measures, as the monitor file says them."""

from datetime import UTC, datetime
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from configs.values import Section
from tasks.core.verdict import Against, Direction, Severity, Threshold
from tasks.core.window import Window

WINDOWS_BEFORE: Final = 7
Bound = Annotated[float, Field(allow_inf_nan=False)]
Away = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Span(Section):
    """The windows that begin in [start, end), as they were published."""

    start: datetime
    """ISO 8601; UTC where no offset is written."""
    end: datetime
    """Exclusive."""

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
    stood.
    """

    min: Bound | None = None
    """The least value."""
    max: Bound | None = None
    """The greatest value."""
    max_drop: Away | None = None
    """The furthest that it may lie below where it stood."""
    max_rise: Away | None = None
    """The furthest that it may lie above where it stood."""
    against: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Where it stood: over so many windows before; 7 unless set."""
    baseline: Span | None = None
    """Where it stood: over these windows, instead of those before."""
    severity: Severity = Severity.CRITICAL
    """What its alert is sent as."""

    @model_validator(mode="after")
    def _any(self) -> Self:
        is_relative = self.max_drop is not None or self.max_rise is not None
        if self.min is None and self.max is None and not is_relative:
            message = "give min, max, max_drop or max_rise"
            raise ValueError(message)
        if (self.against is not None or self.baseline is not None) and not is_relative:
            message = "against and baseline go with max_drop or max_rise; give one of these, or remove them"
            raise ValueError(message)
        if self.against is not None and self.baseline is not None:
            message = "give against or baseline, one of them"
            raise ValueError(message)
        return self

    def thresholds(self, address: str) -> list[Threshold]:
        """The limits on the measure with that address."""
        windows = Against(windows=self.against or WINDOWS_BEFORE)
        before = windows if self.baseline is None else Against(span=self.baseline.window)
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
