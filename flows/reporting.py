"""The command that makes reports anew; what is slow to import is imported by the command."""

from pathlib import Path
from typing import Annotated, Final

import typer

from tasks.core.errors import ConfigError, StorageError

MONITORS: Final = Path("configs/monitors")
REPORT_EXAMPLES: Final = """Example: genwatch report configs/monitors/support-bot.yaml

Example: genwatch report --all"""


def report(
    configs: Annotated[
        list[Path] | None, typer.Argument(metavar="CONFIG...", help="The monitor files; with --all, folders of them.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every monitor file of the folder configs/monitors.")] = False,  # noqa: FBT002
) -> None:
    """Write the report of monitors anew from what their stores hold, and the page of all monitors; nothing is run."""
    if not configs and not every:
        message = "name a monitor file, or give --all"
        raise ConfigError(message)
    given = configs or [MONITORS]
    paths = [path for folder in given for path in sorted(folder.glob("*.yaml"))] if every else given
    if not paths:
        message = f"there is no monitor file in {', '.join(map(str, given))}; name one, or its folder"
        raise ConfigError(message)
    from configs.load import load_monitor  # noqa: PLC0415  Pydantic
    from tasks.report import rewrite_report  # noqa: PLC0415  a second

    monitors = [load_monitor(path) for path in paths]
    failed = False
    for monitor in monitors:
        try:
            typer.echo(f"{monitor.name}: {rewrite_report(monitor)}")
        except StorageError as error:  # of one monitor; the others have their reports
            typer.echo(f"genwatch: {monitor.name}: {error}", err=True)
            failed = True
    if failed:
        raise typer.Exit(1)
