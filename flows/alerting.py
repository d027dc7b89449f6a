"""The commands about alerts: list, acknowledge, mute, test the channels; each imports what is slow to import."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from flows.options import TIMES, Config
from tasks.core.errors import MonitorError
from tasks.core.plain import plain

if TYPE_CHECKING:
    from configs.monitor import MonitorConfig
    from tasks.core.alert import Alert

NAME_SHOWN: Final = 60
NOBODY: Final = "somebody"
SENTENCE_SHOWN: Final = 1000
EXAMPLES: Final = """Example: genwatch alerts support-bot.yaml

Example: genwatch alerts support-bot.yaml ack 20ae72f0

Example: genwatch alerts support-bot.yaml mute 20ae72f0 --until 2026-12-01T08:00Z"""

app = typer.Typer(rich_markup_mode=None, epilog=EXAMPLES)
Name = Annotated[str, typer.Argument(metavar="ID", help="The alert, as the list names it.")]
By = Annotated[str, typer.Option(envvar="USER", help="Who you are.")]


@app.callback(invoke_without_command=True)
def alerts(context: typer.Context, config: Config) -> None:
    """List the alerts of a monitor, acknowledge one, or mute it; works while the monitor runs."""
    context.obj = config
    if context.invoked_subcommand is None:
        show(context)


@app.command("list", epilog="Example: genwatch alerts support-bot.yaml list")
def show(context: typer.Context) -> None:
    """List what is pending, open, or recovered of late."""
    from tasks.alerts import current_alerts  # noqa: PLC0415  seconds

    config = _load(context)
    found = current_alerts(config)
    for alert in found:
        _print(alert)
    if not found:
        typer.echo(f"{config.name} has no alerts")


@app.command(epilog="Example: genwatch alerts support-bot.yaml ack 20ae72f0 --by sam")
def ack(context: typer.Context, name: Name, by: By = NOBODY) -> None:
    """Take an open alert: nobody is reminded of it any more, and its recovery is told."""
    _answer(context, name, "acknowledge", by)


@app.command(epilog="Example: genwatch alerts support-bot.yaml mute 20ae72f0 --until 2026-12-01T08:00Z")
def mute(
    context: typer.Context,
    name: Name,
    until: Annotated[datetime, typer.Option(formats=TIMES, metavar="TIME", help="When it may speak again, in UTC.")],
    by: By = NOBODY,
) -> None:
    """Tell nothing of an alert until a time; where it is open then, it is told."""
    _answer(context, name, "mute", by, until.replace(tzinfo=UTC))


@app.command(epilog="Example: genwatch alerts support-bot.yaml unmute 20ae72f0")
def unmute(context: typer.Context, name: Name, by: By = NOBODY) -> None:
    """Let a muted alert speak again."""
    _answer(context, name, "unmute", by)


@app.command("test", epilog="Example: genwatch alerts support-bot.yaml test")
def try_channels(context: typer.Context) -> None:
    """Send a test message to each channel of the monitor file; an on-call service closes at once what it opens."""
    from tasks.alerts import try_channels as send  # noqa: PLC0415  seconds

    config = _load(context)
    failures: list[str] = []
    for name, failure in send(config, datetime.now(UTC)):
        typer.echo(f"{name}: {failure or 'took a test message'}")
        failures += [name] if failure else []
    if failures:
        message = f"{', '.join(failures)} did not take the test message; alerts would not arrive there"
        raise MonitorError(message)
    if not config.alerts.channels:
        typer.echo(f"{config.name} tells nobody; name a channel under alerts: in {context.obj}")


def _answer(context: typer.Context, name: str, kind: str, by: str, until: datetime | None = None) -> None:
    from tasks.alerts import answer  # noqa: PLC0415  seconds
    from tasks.core.alert import ActionKind  # noqa: PLC0415  Pydantic

    found = answer(
        _load(context), name, ActionKind(kind), until=until, by=plain(by, NAME_SHOWN) or NOBODY, at=datetime.now(UTC)
    )
    _print(found)
    typer.echo("the next run acts on it")


def _load(context: typer.Context) -> "MonitorConfig":
    from configs.load import load_monitor  # noqa: PLC0415  Pydantic

    path: Path = context.obj
    return load_monitor(path)


def _print(alert: "Alert") -> None:
    """Two lines; what was logged or typed is plain text in them."""
    state = "" if alert.state.value in {"ok", "breach"} else f", {alert.state.value.replace('_', ' ')}"
    facts = [alert.id, f"{alert.status}{state}", alert.severity.value, f"since {alert.since:%Y-%m-%d %H:%M}"]
    facts += [f"opened {alert.openings} times"] if alert.openings > 1 else []
    facts += [f"acknowledged by {plain(alert.acknowledged_by, NAME_SHOWN)}"] if alert.acknowledged_by else []
    if alert.is_muted(datetime.now(UTC)):
        facts.append(f"muted until {alert.muted_until:%Y-%m-%d %H:%M}")
    typer.echo("  ".join(facts))
    typer.echo(f"          {plain(alert.explanation, SENTENCE_SHOWN)}")
