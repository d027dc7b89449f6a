"""Check: what a monitor would read and decide, shown without writing or judging anything."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL
from rich.console import Console
from rich.table import Table
from rich.text import Text

from configs.catalogue import switched_off
from configs.load import with_format
from configs.monitor import JUDGED_ROLES, MonitorConfig
from configs.source import AUTO
from tasks.baseline import baseline_of_file, baseline_of_windows
from tasks.core.errors import ConfigError
from tasks.core.manifest import RecordCounts
from tasks.core.plain import plain
from tasks.core.records.formats import FORMATS
from tasks.core.window import asked_windows, newest_closed, window_at
from tasks.export import check_exports
from tasks.foreseeing import check_evaluator, detectable, estimate_of
from tasks.measuring import check_signals
from tasks.notify import check_channel
from tasks.preview import Preview, preview_window
from tasks.recognise import recognise_format

ROWS: Final = 3
SHOWN: Final = 70


def check_monitor(config: MonitorConfig) -> None:
    """Print what the monitor would do; raises MonitorError for the first thing that it could not."""
    console = Console()
    moment = datetime.now(UTC)
    is_auto = config.source.format == AUTO
    config, newest = _resolved(config, console, moment)
    check_signals(config)
    for name, value in _facts(config):
        _print_fact(console, name, value)
    collected = _previewed(config, console, moment, newest)
    rows = collected.interactions.slice(0, ROWS).to_pylist()
    if rows:
        console.print(_table(config, rows))
    _check_columns(config, collected)
    if rows and config.evaluator.provider != "local":
        console.print(f"  {estimate_of(config, collected.interactions).sentence}", highlight=False)
    for line in detectable(config, collected.interactions):
        _print_fact(console, "  finds", line)
    sampled, least = collected.counts.sampled, config.decide.min_scored
    if sampled < least:
        note = f"{sampled} sampled are fewer than decide.min_scored, {least}: such a window cannot decide by itself"
        console.print(f"  {note}", style="yellow", highlight=False)
    if not rows:
        console.print("  nothing was sampled, so the columns were not tried", style="yellow", highlight=False)
    if is_auto:
        console.print(
            f"Write this line in place of auto, then the monitor file is good:  format: {config.source.format}"
        )
    else:
        console.print("The monitor file is good.", style="green")


def _resolved(config: MonitorConfig, console: Console, moment: datetime) -> tuple[MonitorConfig, datetime | None]:
    """The monitor with the format that its logs have, and the time of the newest object where that was asked for."""
    if config.source.format != AUTO:
        _print_fact(console, "format", config.source.format)
        return config, None
    with console.status("looking for the format of the newest objects"):
        seen, newest = recognise_format(config, moment)
    name = str(seen.format)
    _print_fact(console, "format", f"{name} ({seen.share})")
    if seen.keys and not FORMATS[name].columns:
        _print_fact(console, "fields", ", ".join(seen.keys))
    return with_format(config, name), newest


def _previewed(config: MonitorConfig, console: Console, moment: datetime, newest: datetime | None) -> Preview:
    """What a run would collect; of the window of the `newest` object where the newest closed one holds nothing."""
    which, window = "newest closed window", newest_closed(moment, config.window.every, config.window.grace)
    with console.status(f"reading the {which}"):
        collected = preview_window(config, window, moment, lambda _done, _total: None)
    if newest is not None and not collected.interactions.num_rows:
        which, window = "window of the newest object", window_at(newest, config.window.every)
        with console.status(f"reading the {which}"):
            collected = preview_window(config, window, moment, lambda _done, _total: None)
    console.print(f"\nThe {which}, {window.label} UTC, {collected.objects} objects:")
    console.print(f"  {_counted(collected.counts)}", highlight=False)
    for warning in collected.warnings:
        console.print(f"  warning: {warning}", style="yellow", highlight=False, markup=False)
    return collected


def _check_columns(config: MonitorConfig, collected: Preview) -> None:
    """Raises ConfigError where a field of the logs that the metrics need is in none of the interactions."""
    table = collected.interactions
    empty = [role for role in _needed(config) if table.num_rows and table[role].null_count == table.num_rows]
    if missing := [role for role in empty if role in config.source.columns]:  # others come later
        field = config.source.columns[missing[0]]
        message = (
            f"source.columns.{missing[0]} is {field}: the sampled interactions have no such field; correct its name"
        )
        raise ConfigError(message)


def _print_fact(console: Console, name: str, value: str) -> None:
    console.print(f"{name:<11}{value}", soft_wrap=True, highlight=False, markup=False)


def check_prefect(*, must_be_set: bool) -> None:
    """Raises ConfigError where Prefect's API cannot be reached, or is not named though it `must_be_set`."""
    url = PREFECT_API_URL.value()
    if url is None:
        if must_be_set:
            message = "PREFECT_API_URL is not set; set it to your server, such as http://127.0.0.1:4200/api"
            raise ConfigError(message)
        return
    with get_client(sync_client=True) as client:
        if client.api_healthcheck() is not None:
            message = f"Prefect cannot be reached at {url}; start its server, or correct or unset PREFECT_API_URL"
            raise ConfigError(message)


def _needed(config: MonitorConfig) -> list[str]:
    """The roles that the monitor's metrics need, each once."""
    return list(dict.fromkeys(role for metric in config.metrics.values() for role in metric.needs))


def check_before_run(
    config: MonitorConfig, window_start: datetime | None, window_end: datetime | None, *, asks: bool
) -> None:
    """Raises ConfigError, before anything is started, for a window that is none and for secrets that are missing."""
    if window_start is not None:
        asked_windows(window_start, window_end, config.window.every, datetime.now(UTC))
    elif window_end is not None:
        message = "--window-end was given without --window-start; give both, or neither"
        raise ConfigError(message)
    check_signals(config)
    if asks:
        check_evaluator(config)
    check_channel(config)
    check_exports(config)


def _facts(config: MonitorConfig) -> Iterator[tuple[str, str]]:
    yield "monitor", config.name
    yield "inputs", config.source.inputs
    yield "outputs", config.source.outputs or "in the same records"
    yield "store", config.store
    yield "evaluator", check_evaluator(config)
    yield "alerts", check_channel(config)
    for target in check_exports(config):
        yield "export", target
    off = switched_off(config)
    for why in dict.fromkeys(off.values()):
        yield "off", f"{why}: {', '.join(subject for subject, other in off.items() if other == why)}"
    for threshold in config.all_thresholds:
        yield "limit", threshold.text
    if config.decide.segments:
        yield "limit", f"those on sampled measures also in each of {', '.join(config.decide.segments)}"


def _counted(counts: RecordCounts) -> str:
    parts = {"no calls": counts.not_calls, "later": counts.later, "in quarantine": counts.quarantined}
    others = "".join(f" + {rows} {name}" for name, rows in parts.items() if rows)
    return (
        f"{counts.lines_read} lines = {counts.inputs} inputs + {counts.outputs} outputs{others}; "
        f"{counts.joined} joined, {counts.sampled} sampled"
    )


def _table(config: MonitorConfig, rows: list[dict[str, object]]) -> Table:
    """The first sampled interactions; logged text is shown without control characters and markup."""
    table = Table(title="As it would be judged", title_justify="left")
    roles = [role for role in JUDGED_ROLES if role in config.source.columns]
    for role in roles:
        table.add_column(role)
    for row in rows:
        table.add_row(*(Text("–" if row[role] is None else plain(str(row[role]), SHOWN)) for role in roles))
    return table


def make_baseline(config: MonitorConfig, start: datetime | None, end: datetime | None, file: Path | None) -> str:
    """Keep a baseline in the store; returns a line on it. Raises ConfigError where it cannot be one."""
    fixed = config.drift is not None and config.drift.baseline.fixed
    note = "" if fixed else "; to use it, write drift: {baseline: {fixed: true}} into the monitor file"
    if file is not None:
        return f"the baseline has {baseline_of_file(config, file)} interactions of {file}{note}"
    windows = asked_windows(start or datetime.now(UTC), end, config.window.every, datetime.now(UTC))
    with Console(stderr=True).status(f"reading {len(windows)} windows"):
        rows = baseline_of_windows(config, windows, lambda _done, _total: None)
    return f"the baseline has {rows} interactions of {len(windows)} windows{note}"
