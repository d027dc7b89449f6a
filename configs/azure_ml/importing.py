"""From the schedule of an Azure ML generation-quality monitor to a monitor file, and what it cannot hold."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from configs.azure_ml.part import Part, one_line
from configs.azure_ml.schedule import CORRELATION, generation_signal, production, thresholds
from configs.azure_ml.text import DEPLOYMENT_KEYS, Found, columns_of, duration, folder_of, name_of, window_of, written
from configs.azure_ml.trigger import timetable
from configs.load import read_document
from tasks.core.errors import ConfigError

SIGNAL_KEYS: Final = (
    "type",
    "production_data",
    "connection_id",
    "workspace_connection_id",
    "metric_thresholds",
    "alert_enabled",
    "alert_notification",
    "sampling_rate",
    "properties",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """The text of a monitor file, and a line for each thing of the Azure file that it does not hold."""

    text: str
    left_out: tuple[str, ...]


def import_schedule(path: Path, signal: str | None = None) -> Imported:
    """Read a schedule file and convert it; raises ConfigError, in one line, for what cannot be read."""
    return convert(read_document(path), str(path), signal)


def convert(document: Mapping[str, object], file: str, signal: str | None = None) -> Imported:
    """A parsed schedule as a monitor file that `load_monitor` reads; `file` is named in errors.

    `signal` names the signal to take, None is the first of its type. The same schedule gives the same text. Raises
    ConfigError where there is no such signal, or a value is none that Azure's schema allows.
    """
    top = Part(file=file, path="", content=document)
    monitor = top.part("create_monitor")
    if monitor is None:
        raise top.error(key="create_monitor", what="this key is missing; give the schedule of an Azure ML monitor")
    name, part, others = generation_signal(monitor, signal)
    asked, unread = thresholds(part)
    trigger = top.part("trigger")
    times = timetable(trigger) if trigger else None
    found = Found(
        top=top, monitor=monitor, signal=part, signal_name=name, times=times, data=production(part), asked=asked
    )
    lines = (*_left_of_schedule(found), *others, *unread, *_left_of_signal(found))
    left_out = tuple(one_line(line) for line in lines)
    return Imported(text=written(found, left_out), left_out=left_out)


def save_new(path: Path, text: str) -> None:
    """Write a file that is not there yet; raises ConfigError where it is, or cannot be written."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        message = f"{path}: exists already and is not overwritten; remove it or give another --out"
        raise ConfigError(message) from error
    except OSError as error:
        message = f"{path}: cannot be written ({error.strerror}); give another --out"
        raise ConfigError(message) from error


def _left_of_schedule(found: Found) -> Iterator[str]:
    """What stands outside of the signal and has no counterpart."""
    top, monitor = found.top, found.monitor
    if top.text("name") != name_of(top):
        yield f"name ({top.text('name')}): is {name_of(top)} here; names are lower-case letters, digits and dashes"
    if top.text("description") and (shown := top.text("display_name")):
        yield f"display_name ({shown}): a monitor has one description"
    yield from top.others("$schema", "name", "description", "display_name", "trigger", "create_monitor")
    yield from found.times.left_out if found.times else ("trigger: is missing; add a schedule",)
    known = ("monitoring_target", "monitoring_signals", "alert_notification", "compute")
    if monitor.key("compute"):
        yield f"{monitor.address('compute')}: runs happen where the Prefect worker is; see engine in the monitor file"
    yield from _left_of_target(found)
    yield from _left_of_alerts(monitor)
    yield from monitor.others(*known)


def _left_of_target(found: Found) -> Iterator[str]:
    target = found.monitor.part("monitoring_target")
    if target is None:
        return
    if (named := target.text("endpoint_deployment_id")) and not folder_of(found):
        yield f"{target.address('endpoint_deployment_id')} ({named}): names no endpoint:deployment; complete source"
    yield from target.others("endpoint_deployment_id")


def _left_of_alerts(monitor: Part) -> Iterator[str]:
    where, value = monitor.address("alert_notification"), monitor.content.get("alert_notification")
    if isinstance(value, Mapping):
        emails = value.get("emails")
        listed = ", ".join(str(email) for email in (emails if isinstance(emails, list) else [emails]))
        yield f"{where} (emails {listed}): alerts go to Slack; forward the channel, or use a Prefect automation"
    elif value is not None:
        yield f"{where} ({value}): alerts go to Slack and are Prefect events, which an automation can act on"


def _left_of_signal(found: Found) -> Iterator[str]:
    """What stands in the signal and has no counterpart."""
    signal, every, columns = found.signal, window_of(found), columns_of(found)
    yield from (line for data in found.data for line in data.left_out)
    where = signal.address("production_data")
    if found.times and found.times.period and found.times.period < every:
        period = duration(max(found.times.period, timedelta(minutes=1)))
        yield (
            f"{where} (looks back {duration(every)} at every run, about each {period}): windows do not overlap here, "
            f"there is one verdict for each {duration(every)}; a smaller window.every gives more"
        )
    for data in found.data:
        if data.window not in (None, every):
            yield f"{where} ({data.asset}): its window differs; both halves have {duration(every)} here"
    if len(found.data) == 1 and found.data[0].is_collected:
        yield f"{where} ({found.data[0].asset}): inputs and outputs are read from two folders here; complete source"
    yield from (f"{where} ({data.asset}): a source has two halves" for data in found.data[2:])
    if (len(found.data) != 1 or found.data[0].is_collected) and (column := columns.get(CORRELATION)):
        yield f"{where} ({CORRELATION} {column}): the collector's own correlationid joins; else set source.join_on"
    properties = signal.part("properties")
    yield from properties.others(*DEPLOYMENT_KEYS) if properties else ()
    yield from signal.others(*SIGNAL_KEYS)
