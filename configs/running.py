"""When a monitor runs, over which windows, on what, and how long its results are kept, as the monitor file says it."""

from datetime import timedelta
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from configs.values import Duration, Section


class Schedule(Section):
    """When the monitor runs; exactly one of `cron`, `interval` and `rrule`, as Prefect has them."""

    cron: str | None = None
    """Five fields, such as `20 * * * *`."""
    interval: Duration | None = None
    """From run to run."""
    rrule: str | None = None
    """An iCalendar rule, such as `FREQ=WEEKLY;BYDAY=MO`."""
    timezone: str = "UTC"
    """In which cron and rule are read, such as `Europe/Berlin`."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if sum(kind is not None for kind in (self.cron, self.interval, self.rrule)) != 1:
            message = "give exactly one of cron, interval and rrule"
            raise ValueError(message)
        try:
            ZoneInfo(self.timezone)
        except (KeyError, ValueError) as error:
            message = f"there is no timezone {self.timezone}; use a name such as Europe/Berlin"
            raise ValueError(message) from error
        return self


class WindowSettings(Section):
    """The windows of event time."""

    every: Duration = timedelta(hours=1)
    """Their length, 1m at least; they begin at multiples of it in UTC, weeks on Monday."""
    grace: Duration = timedelta(minutes=15)
    """How long after its end a window waits for late halves; also how far apart the clocks of both sides may be, and
    how far the neighbouring folders are read."""
    revise: Duration = timedelta(hours=24)
    """How late an output may come after its input, and how long after its end a closed window is run again when
    something came late."""
    catch_up: int = Field(default=48, ge=1)
    """At most so many missed windows in one run; the others wait for the next."""

    @model_validator(mode="after")
    def _long_enough(self) -> Self:
        if self.every < timedelta(minutes=1):
            message = "every must be at least 1m"
            raise ValueError(message)
        return self


class EngineSettings(Section):
    """What a run may use of a machine, or the machines that it uses."""

    dask: Annotated[str, Field(pattern=r"^(tcp|tls)://")] | None = None
    """The scheduler of a Dask cluster, `tcp://scheduler:8786`, on whose workers slices are read and shards judged; null
    = on this machine."""
    memory_gb: float = Field(default=1.0, gt=0.1)
    """Memory of a run; DuckDB gets half of it."""
    scratch_gb: float = Field(default=20.0, gt=0)
    """Scratch space of a run."""


class Retention(Section):
    """How long the store keeps what tells of people; null = for ever.

    Measures, verdicts, alerts and manifests are kept.
    """

    interactions: Duration | None = None
    """The sampled interactions and the reports of single windows."""
    scores: Duration | None = None
    """The ledger, with its reasons."""
    raw: Duration | None = None
    """The quarantine, and the evaluator's raw replies (which `evaluator.keep_replies` may end sooner)."""
