"""The command line; what is slow to import is imported by the command that needs it."""

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from flows.alerting import app as alerts
from flows.exporting import EXAMPLES, export
from flows.options import TIMES, Config, End, Start
from flows.reporting import REPORT_EXAMPLES, report
from flows.tracing import EXAMPLE, show
from tasks.core.errors import ConfigError, MonitorError

if TYPE_CHECKING:
    from configs.monitor import MonitorConfig
    from tasks.core.run import Published

FAILED: Final = 1
WRONG: Final = 2
BREACH: Final = 3
QUIET: Final = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",  # a busy machine takes longer than Prefect's 20
}

app = typer.Typer(
    name="genwatch",
    help="Scheduled quality monitors for generative-AI applications, as Prefect flows.",
    epilog="Begin with: genwatch demo",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(alerts, name="alerts")
app.command(epilog=EXAMPLES)(export)
app.command(epilog=REPORT_EXAMPLES)(report)
app.command(epilog=EXAMPLE)(show)
Verbose = Annotated[bool, typer.Option("--verbose", help="Show Prefect's own log lines too.")]


@app.command(epilog="Example: genwatch check configs/monitors/support-bot.yaml")
def check(config: Config) -> None:
    """Read a monitor file and try what it names: secrets, storage, columns. Nothing is judged or written."""
    monitor = _load(config, allow_auto=True)
    from flows.checking import check_monitor  # noqa: PLC0415  seconds

    check_monitor(monitor)


@app.command(
    epilog="Example: genwatch run configs/monitors/support-bot.yaml --window-start 2026-11-20T06:00Z --fail-on-breach"
)
def run(
    config: Config,
    window_start: Start = None,
    window_end: End = None,
    replay: Annotated[  # noqa: FBT002
        bool, typer.Option("--replay", help="Judge again from the raw replies that were kept; nothing is asked.")
    ] = False,
    fail_on_breach: Annotated[bool, typer.Option("--fail-on-breach", help="End with code 3 on a breach.")] = False,  # noqa: FBT002
    verbose: Verbose = False,  # noqa: FBT002
) -> None:
    """Run a monitor now: the windows that are due, or those from --window-start to --window-end (UTC)."""
    published = _run(_load(config), window_start, window_end, replay=replay, verbose=verbose)
    from flows.showing import show  # noqa: PLC0415  Rich

    show(published)
    if fail_on_breach and any(one.status == "breach" for one in published):
        raise typer.Exit(BREACH)


@app.command(
    epilog="Example: genwatch backfill configs/monitors/support-bot.yaml --from 2026-11-20 --to 2026-11-20T03:00Z"
)
def backfill(
    config: Config,
    start: Annotated[datetime, typer.Option("--from", formats=TIMES, metavar="TIME", help="The first window's start.")],
    end: Annotated[datetime, typer.Option("--to", formats=TIMES, metavar="TIME", help="Where to stop, exclusive.")],
    parallel: Annotated[int, typer.Option(min=1, max=16, help="How many windows are run at a time.")] = 2,
    verbose: Verbose = False,  # noqa: FBT002
) -> None:
    """Run the windows of the past that were never run; ended in the middle, it goes on where it stopped."""
    monitor = _load(config)
    _prepare(monitor, start, end, asks=True)
    from prefect.task_runners import ThreadPoolTaskRunner  # noqa: PLC0415  a second

    from flows.backfill import backfill as flow  # noqa: PLC0415  seconds
    from flows.monitor import published_of  # noqa: PLC0415  seconds
    from flows.progress import shown  # noqa: PLC0415  Rich
    from flows.showing import show  # noqa: PLC0415  Rich
    from tasks.publish import newest_revisions  # noqa: PLC0415  seconds

    runner: Any = ThreadPoolTaskRunner(max_workers=parallel)
    before = newest_revisions(monitor)
    with shown(verbose=verbose):
        state: Any = flow.with_options(task_runner=runner)(monitor, start, end, parallel, return_state=True)
    show(published_of(monitor, state, before))


@app.command(
    epilog="Example: genwatch baseline configs/monitors/support-bot.yaml "
    "--window-start 2026-11-19T00:00Z --window-end 2026-11-19T06:00Z"
)
def baseline(
    config: Config,
    window_start: Start = None,
    window_end: End = None,
    file: Annotated[Path | None, typer.Option(help="Prompts and completions as JSON lines, CSV or Parquet.")] = None,
) -> None:
    """Keep the interactions of windows, or of a file, that `drift: {baseline: {fixed: true}}` holds windows against."""
    if (file is None) == (window_start is None):
        message = "give --window-start (and --window-end), or --file, one of them"
        raise ConfigError(message)
    monitor = _load(config)
    from flows.checking import make_baseline  # noqa: PLC0415  seconds

    typer.echo(make_baseline(monitor, window_start, window_end, file))


@app.command(epilog="Example: genwatch calibrate configs/monitors/support-bot.yaml --labels to-label.csv")
def calibrate(
    config: Config,
    labels: Annotated[str | None, typer.Option(metavar="FILE", help="The labelled file: a path, or s3://….")] = None,
    within: Annotated[float, typer.Option(min=0.005, max=0.5, help="How near the corrected rate is wanted.")] = 0.05,
    bridge: Annotated[bool, typer.Option("--bridge", help="Have the present judge judge older labels again.")] = False,  # noqa: FBT002
) -> None:
    """Keep labels, and show how the judge agrees with people and what its pass rates are, corrected."""
    monitor = _load(config)
    _prepare(monitor, None, None, asks=bridge)
    from flows.labelling import run_calibrate  # noqa: PLC0415  seconds

    run_calibrate(monitor, labels, within, bridge=bridge)


@app.command(epilog="Example: genwatch forget configs/monitors/support-bot.yaml --user alice@example.com")
def forget(
    config: Config,
    user: Annotated[str | None, typer.Option(help="Erase all interactions of this user.")] = None,
    interaction: Annotated[str | None, typer.Option(help="Erase this interaction, or all of this call's.")] = None,
) -> None:
    """Erase a user or an interaction from the store, and look whether anything is left; erase the logs first."""
    if (user is None) == (interaction is None):
        message = "give --user or --interaction, one of them"
        raise ConfigError(message)
    monitor = _load(config)
    from tasks.report import rewrite_report  # noqa: PLC0415  seconds
    from tasks.retain import forget as erase  # noqa: PLC0415  seconds

    erased = erase(monitor, user=user, interaction=interaction)
    rewrite_report(monitor)
    for kind, rows in erased.items():
        typer.echo(f"{kind}: {rows} erased")
    typer.echo("nothing is left of it in the store")


@app.command(epilog="Example: genwatch deploy configs/monitors/*.yaml --pool genwatch")
def deploy(
    configs: Annotated[list[Path], typer.Argument(metavar="CONFIG...", help="The monitor files.")],
    pool: Annotated[
        str, typer.Option(help="The work pool that runs them; a process pool is made if missing.")
    ] = "genwatch",
    prefect_file: Annotated[
        Path | None, typer.Option(help="Write a file for `prefect deploy --all` instead of registering.")
    ] = None,
) -> None:
    """Register each monitor as a Prefect deployment with its schedule; once more changes nothing."""
    monitors = {path: _load(path) for path in configs}
    from deployments.register import prefect_yaml, register  # noqa: PLC0415  seconds

    if prefect_file is not None:
        prefect_file.write_text(prefect_yaml(monitors, pool), encoding="utf-8")
        typer.echo(f"wrote {prefect_file}; now: prefect deploy --all --prefect-file {prefect_file}")
        return
    from flows.checking import check_prefect  # noqa: PLC0415  seconds

    check_prefect(must_be_set=True)
    for line in register(monitors, pool):
        typer.echo(line)


@app.command("import-azure", epilog="Example: genwatch import-azure schedule.yaml --out shop-quality.yaml")
def import_azure(
    schedule: Annotated[Path, typer.Argument(metavar="SCHEDULE", help="The YAML file of an Azure ML schedule.")],
    out: Annotated[Path | None, typer.Option(help="Write this new file instead of the standard output.")] = None,
    signal: Annotated[str | None, typer.Option(help="Which generation signal, where there are several.")] = None,
) -> None:
    """Turn an Azure ML generation safety and quality monitor into a monitor file; what cannot be kept is listed."""
    from configs.azure_ml.importing import import_schedule, save_new  # noqa: PLC0415  Pydantic

    imported = import_schedule(schedule, signal)
    if out is None:
        typer.echo(imported.text, nl=False)
    else:
        save_new(out, imported.text)
        typer.echo(f"wrote {out}; replace what says REPLACE in it, then: genwatch check {out}")
    for line in imported.left_out:
        typer.echo(f"not carried over: {line}", err=True)


@app.command(epilog="Example: genwatch demo --folder /tmp/genwatch-demo")
def demo(
    folder: Annotated[Path, typer.Option(help="Where the logs, the results and the report go.")] = Path("demo"),
) -> None:
    """Two days of a made-up support bot that degrades on the second: traffic, run, verdicts, report."""
    from flows.demo import run_demo  # noqa: PLC0415  seconds

    run_demo(folder.resolve(), _run)


def main() -> None:
    """The entry point: errors are one line, 1 for a failed run and 2 for a wrong command line or configuration."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    try:
        code = app(standalone_mode=False)
    except typer.TyperException as error:
        _end(f"{error.format_message()} (see genwatch --help)", WRONG)
    except ConfigError as error:
        _end(str(error), WRONG)
    except MonitorError as error:
        _end(str(error), FAILED)
    except typer.Abort:
        _end("interrupted; a further run goes on where this one stopped", FAILED)
    else:
        sys.exit(code if isinstance(code, int) else 0)


def _end(message: str, code: int) -> None:
    typer.echo(f"genwatch: {' '.join(message.split())}", err=True)
    sys.exit(code)


def _load(path: Path, *, allow_auto: bool = False) -> "MonitorConfig":
    from configs.load import load_monitor  # noqa: PLC0415  Pydantic
    from configs.source import refuse_auto  # noqa: PLC0415  Pydantic

    config = load_monitor(path)
    if not allow_auto:
        refuse_auto(config.source, str(path))
    return config


def _run(
    config: "MonitorConfig",
    window_start: datetime | None,
    window_end: datetime | None,
    *,
    replay: bool = False,
    verbose: bool = False,
) -> "list[Published]":
    """Run the flow in this process; a MonitorError comes out as it was raised."""
    _prepare(config, window_start, window_end, asks=not replay)
    from flows.monitor import monitor, published_of  # noqa: PLC0415  seconds
    from flows.progress import shown  # noqa: PLC0415  Rich
    from tasks.publish import newest_revisions  # noqa: PLC0415  seconds

    before = newest_revisions(config)
    with shown(verbose=verbose):
        state: Any = monitor(config, window_start, window_end, replay, return_state=True)
    return published_of(config, state, before)


def _prepare(
    config: "MonitorConfig", window_start: datetime | None, window_end: datetime | None, *, asks: bool
) -> None:
    """Raise ConfigError for what can be known before a run; say where the run will be seen."""
    from prefect.settings import PREFECT_API_URL  # noqa: PLC0415  a second

    from flows.checking import check_before_run, check_prefect  # noqa: PLC0415  seconds

    check_before_run(config, window_start, window_end, asks=asks)
    check_prefect(must_be_set=False)
    if not PREFECT_API_URL.value():
        typer.echo("starting a Prefect server for this run (set PREFECT_API_URL to use yours)", err=True)
