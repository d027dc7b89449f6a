"""Recognise: which format the logs of a source have, for monitor files that say `auto`."""

from datetime import datetime

from configs.monitor import MonitorConfig
from tasks.adapters.recognition import sight
from tasks.core.errors import ConfigError
from tasks.core.records.formats import FORMATS
from tasks.core.records.recognise import Seen


def recognise_format(config: MonitorConfig, moment: datetime) -> tuple[Seen, datetime]:
    """What the newest objects at `moment` show, and the time of the newest one.

    Raises ConfigError, in one line, where there are none, or none of their records is of a known format.
    """
    source = config.source
    where = source.inputs if source.outputs is None else f"{source.inputs} and {source.outputs}"
    found = sight(source, moment)
    if found.newest is None:
        message = f"source.format is auto, and there are no objects below {where}; correct the location"
        raise ConfigError(message)
    if found.seen.format is None:
        keys = f"with the keys {', '.join(found.seen.keys)}" if found.seen.keys else "without any key"
        message = (
            f"source.format is auto, and none of {found.seen.total} records below {where} is of a known format "
            f"({', '.join(FORMATS)}); there are records {keys}: for a table, name source.join_on, "
            "source.time_column and source.columns"
        )
        raise ConfigError(message)
    return found.seen, found.newest
