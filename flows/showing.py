"""Verdicts on the terminal."""

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from tasks.core.run import Published

COLOURS: Final = {"ok": "green", "breach": "red", "undecided": "yellow", "no_data": "dim"}
WINDOWS_SHOWN: Final = 12


def show(published: Sequence[Published]) -> None:
    """The verdicts of each window, the newest last, and where the report and the results are."""
    console = Console()
    if not published:
        console.print("No window is due yet: a window is run once it has ended and its grace has passed.")
        return
    table = Table(title="Verdicts", title_justify="left")
    table.add_column("window (UTC)")
    table.add_column("threshold")
    for name in ("value", "limit"):
        table.add_column(name, justify="right")
    table.add_column("verdict")
    for one in published[-WINDOWS_SHOWN:]:
        for index, verdict in enumerate(one.verdicts):
            value = "–" if verdict.value is None else f"{verdict.value:.3f}"
            window = one.window.label if index == 0 else ""
            state = f"[{COLOURS[verdict.state]}]{verdict.state.replace('_', ' ')}[/]"
            table.add_row(window, verdict.address, value, f"{verdict.limit:g}", state)
        table.add_section()
    console.print(table)
    last = published[-1]
    for warning in last.warnings:
        console.print(f"[yellow]warning[/] {warning}", highlight=False)
    console.print(f"report   {last.report}", soft_wrap=True, highlight=False)
    console.print(f"results  {last.results}", soft_wrap=True, highlight=False)
