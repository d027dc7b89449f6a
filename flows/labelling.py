"""Labelling on the terminal: what was written to be labelled, and what the labels say."""

from datetime import datetime
from pathlib import Path
from typing import Any, Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from configs.monitor import MonitorConfig
from flows.calibrate import calibrate
from tasks.calibrate import export_for_labels
from tasks.core.errors import ConfigError
from tasks.core.labels.calibration import Calibration, figures

FAULTS_SHOWN: Final = 20


def export(config: MonitorConfig, count: int, out: Path, start: datetime | None, end: datetime | None) -> None:
    """Write rows to be labelled, and say how to go on."""
    console = Console()
    with console.status("reading the judged interactions"):
        found = export_for_labels(config, count, out, start, end)
    console.print(
        f"wrote {found.rows} of {found.judged} judged interactions of {found.windows} windows to {out}; fill in the "
        f"columns label_*, then: genwatch calibrate CONFIG --labels {out}",
        soft_wrap=True,
        highlight=False,
        markup=False,
    )


def run_calibrate(config: MonitorConfig, labels: str | None, within: float, *, bridge: bool) -> None:
    """Run the flow in this process and show what it found; a MonitorError comes out as it was raised."""
    if labels is None and not bridge:
        message = "give --labels FILE, or --bridge, or both"
        raise ConfigError(message)
    state: Any = calibrate(config, labels, within, bridge=bridge, return_state=True)
    show_calibration(state.result())


def show_calibration(calibration: Calibration, console: Console | None = None) -> None:
    """The figures of each metric beside each other, and what could not be used."""
    out = console or Console()
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), title=f"{calibration.read} labels read", title_justify="left")
    table.add_column("")
    shown = [figures(one) for one in calibration.metrics]
    for one in calibration.metrics:
        table.add_column(one.name, overflow="fold")
    for row in zip(*shown, strict=True):
        table.add_row(row[0][0], *(text for _, text in row))
    out.print(table, highlight=False)
    for note in [*calibration.notes, *calibration.faults[:FAULTS_SHOWN]]:
        out.print(f"[yellow]![/] {escape(note)}", highlight=False, soft_wrap=True)
    if len(calibration.faults) > FAULTS_SHOWN:
        out.print(f"[yellow]![/] and {len(calibration.faults) - FAULTS_SHOWN} more rows could not be used")
