"""Verdicts on the terminal."""

from collections.abc import Sequence
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tasks.core.run import Published
from tasks.core.verdict import State, Verdict

SIGNS: Final = {
    State.OK: "[green]✓[/]",
    State.BREACH: "[red]✕[/]",
    State.UNDECIDED: "[yellow]?[/]",
    State.NO_DATA: "[dim]–[/]",
}
LEGEND: Final = "pass rates: ✓ ok   ✕ breach   ? undecided   – no data"
RATE: Final = "pass_rate"
WINDOWS_SHOWN: Final = 24
FINDINGS_SHOWN: Final = 5


def show(published: Sequence[Published]) -> None:
    """The pass rates of each window, the newest last, what else is not ok, and where report and results are."""
    console = Console()
    if not published:
        console.print("No window is due yet: a window is run once it has ended and its grace has passed.")
        return
    subjects = list(_rates(published[-1]))
    table = Table(caption=LEGEND, caption_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("from (UTC)", no_wrap=True)
    for subject in subjects:
        table.add_column(subject, justify="right", no_wrap=True)
    for one in published[-WINDOWS_SHOWN:]:
        rates = _rates(one)
        table.add_row(f"{one.window.start:%Y-%m-%d %H:%M}", *(_cell(rates.get(subject)) for subject in subjects))
    console.print(table)
    _show_last(console, published[-1])


def _show_last(console: Console, last: Published) -> None:
    for verdict in last.verdicts:
        if verdict.state is not State.OK:
            console.print(f"{SIGNS[verdict.state]} {escape(verdict.explanation)}", highlight=False, soft_wrap=True)
    for finding in last.findings[:FINDINGS_SHOWN]:
        console.print(f"[cyan]![/] {escape(finding)}", highlight=False, soft_wrap=True)
    if len(last.findings) > FINDINGS_SHOWN:
        console.print(f"[cyan]![/] and {len(last.findings) - FINDINGS_SHOWN} more in the report")
    for warning in last.warnings:
        console.print(f"[yellow]warning[/] {escape(warning)}", highlight=False, soft_wrap=True)
    console.print(f"report   {last.report}", soft_wrap=True, highlight=False)
    console.print(f"results  {last.results}", soft_wrap=True, highlight=False)


def _cell(verdict: Verdict | None) -> str:
    if verdict is None:
        return ""
    value = "" if verdict.value is None else f"{verdict.value:.1%} "
    return f"{value}{SIGNS[verdict.state]}"


def _rates(published: Published) -> dict[str, Verdict]:
    """By metric the verdict on its pass rate in the whole window."""
    return {one.names[1]: one for one in published.verdicts if one.is_main and one.names[2] == RATE}
