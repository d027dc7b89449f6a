"""Which segment each sampled interaction is in: by a column, or by a condition in SQL."""

from collections.abc import Callable, Mapping

import pyarrow as pa

from configs.monitor import MonitorConfig
from configs.signals import Segment
from tasks.adapters.database import errors, open_database
from tasks.core.errors import ConfigError

Told = Callable[[pa.Table], list[str | None]]


def segments_of(
    config: MonitorConfig, interactions: pa.Table, derived: Mapping[str, Told]
) -> dict[str, list[str | None]]:
    """By segmentation the segment of each interaction, in their order; None where it is in none.

    A column that is not mapped is one of the `derived`, which tell it from the interactions. A condition has the
    segments "true" and "false"; raises ConfigError where it cannot be read.
    """
    found: dict[str, list[str | None]] = {}
    for one in config.segments:
        if isinstance(one, Segment):
            found[one.name] = condition(one, interactions)
        elif one in config.source.all_columns:
            found[one] = [None if value is None else str(value) for value in interactions[one].to_pylist()]
        else:
            found[one] = derived[one](interactions)
    return found


def condition(segment: Segment, interactions: pa.Table) -> list[str | None]:
    """Whether each interaction meets the condition, "true" or "false"; None where that is not known."""
    _, any_error = errors()
    with open_database() as database:
        database.execute("SET enable_external_access = false")
        database.register("interactions", interactions)
        query = f"SELECT try(({segment.where})::BOOLEAN)::VARCHAR FROM interactions"
        try:
            rows = database.execute(query).fetchall()
        except any_error as error:
            reason = str(error).splitlines()[0]
            message = f"segments.{segment.name}.where cannot be read: {reason}; write a condition on columns in SQL"
            raise ConfigError(message) from error
    return [value for (value,) in rows]
