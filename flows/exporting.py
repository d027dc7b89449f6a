"""The command that writes interactions to a file: to be labelled, or as sets for evaluation and fine-tuning."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from flows.options import Config, End, Start
from tasks.core.errors import ConfigError

if TYPE_CHECKING:
    from configs.monitor import MonitorConfig
    from tasks.curate import Curated, Wanted

TO_LABEL: Final = Path("to-label.csv")
KINDS: Final = "jsonl, csv, parquet, openai-finetune, openai-preference, ragas, deepeval"
EXAMPLES: Final = """Example: genwatch export support-bot.yaml --for-labels 100 --out to-label.csv

Example: genwatch export support-bot.yaml --failing groundedness --format ragas --out failing.jsonl"""


def export(  # noqa: PLR0913, PLR0917  the options of one command
    config: Config,
    for_labels: Annotated[
        int | None, typer.Option(min=1, metavar="ROWS", help="Write so many judged interactions for people to label.")
    ] = None,
    failing: Annotated[str | None, typer.Option(metavar="METRIC", help="Write what failed this metric.")] = None,
    passing: Annotated[str | None, typer.Option(metavar="METRIC", help="Write what passed this metric.")] = None,
    kind: Annotated[str, typer.Option("--format", metavar="FORMAT", help=f"One of {KINDS}.")] = "jsonl",
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="ROWS", help="At most so many: the worst, or best.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The file to write; to-label.csv for labels if left out.")
    ] = None,
    window_start: Start = None,
    window_end: End = None,
) -> None:
    """Write interactions to a file: for people to label, or sets for evaluation and fine-tuning of what failed."""
    if sum(one is not None for one in (for_labels, failing, passing)) != 1:
        message = "give one of --for-labels ROWS, --failing METRIC and --passing METRIC"
        raise ConfigError(message)
    from configs.load import load_monitor  # noqa: PLC0415  Pydantic

    monitor = load_monitor(config)
    if for_labels is not None:
        from flows.labelling import export as write  # noqa: PLC0415  seconds

        return write(monitor, for_labels, out or TO_LABEL, window_start, window_end)
    from tasks.curate import Wanted  # noqa: PLC0415  a second

    metric = failing or passing or ""
    _curate(
        monitor,
        Wanted(metric=metric, passing=passing is not None, start=window_start, end=window_end, limit=limit),
        kind,
        out,
    )
    return None


def _curate(config: "MonitorConfig", wanted: "Wanted", kind: str, out: Path | None) -> None:
    from tasks.curate import curate  # noqa: PLC0415  a second

    if out is None:
        message = "--out is missing: name the file to write"
        raise ConfigError(message)
    found = curate(config, wanted, kind, out)
    verb = "pass" if wanted.passing else "fail"
    typer.echo(
        f"wrote {found.rows} of {found.matching} interactions that {verb} {wanted.metric} "
        f"({found.scored} scored, {found.unscored} unscored, {_many(found.windows, 'window')}) to {out}",
        err=True,
    )
    for line in _notes(found):
        typer.echo(line, err=True)


def _notes(found: "Curated") -> list[str]:
    notes = [f"left out: {rows} {reason}" for reason, rows in sorted(found.left_out.items())]
    if found.gone:
        notes.append(f"{_many(found.gone, 'window')} left out: their interactions are not kept any more")
    if found.aside is not None:
        notes.append(f"where each row comes from: {found.aside}")
    return notes


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
