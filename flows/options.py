"""The arguments and options that several commands have."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import typer

TIMES: Final = ["%Y-%m-%dT%H:%MZ", "%Y-%m-%dT%H:%M", "%Y-%m-%d"]
Config = Annotated[Path, typer.Argument(metavar="CONFIG", help="The monitor file.")]
Start = Annotated[datetime | None, typer.Option(formats=TIMES, metavar="TIME", help="The first window's start, UTC.")]
End = Annotated[datetime | None, typer.Option(formats=TIMES, metavar="TIME", help="Where to stop; else one window.")]
