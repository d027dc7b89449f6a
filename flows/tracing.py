"""The command that traces one interaction, and how its trace looks on the terminal."""

import json
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer

from flows.options import TIMES, Config
from tasks.core.plain import plain, plain_lines

if TYPE_CHECKING:
    from rich.console import Console

    from tasks.core.traced import HalfSeen, Said, Sampled, Trace

EXAMPLE: Final = "Example: genwatch show configs/monitors/support-bot.yaml 0a17a51943b06634 --full"
SHOWN: Final = 300
LINE: Final = 1_000
NAME_WIDTH: Final = 16
STYLES: Final = {True: "green", False: "red", None: "yellow"}
SIGNS: Final = {True: "passed", False: "failed", None: "no score"}


def show(
    config: Config,
    interaction: Annotated[str, typer.Argument(metavar="ID", help="The interaction, or its call, as it was logged.")],
    window: Annotated[
        datetime | None, typer.Option(formats=TIMES, metavar="TIME", help="Look in the window that begins then.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Whole texts, and the evaluator's raw replies.")] = False,  # noqa: FBT002
    as_json: Annotated[bool, typer.Option("--json", help="Everything as JSON, whole.")] = False,  # noqa: FBT002
) -> None:
    """Trace one interaction: its logged lines, scores, labels, verdicts and alerts; or why it is not there."""
    from rich.console import Console  # noqa: PLC0415  a part of a second

    from configs.load import load_monitor  # noqa: PLC0415  Pydantic
    from tasks.core.traced import document  # noqa: PLC0415  Arrow
    from tasks.trace import trace_interaction  # noqa: PLC0415  seconds

    monitor = load_monitor(config)
    with Console(stderr=True).status("looking for it") as status:

        def progress(done: int, total: int) -> None:
            status.update(f"looking for it, the newest windows first: {done} of {total}")

        found = trace_interaction(monitor, interaction, window, progress)
    if as_json:
        sys.stdout.write(f"{json.dumps(document(found), indent=2)}\n")
    else:
        print_trace(found, Console(highlight=False, markup=False, emoji=False, soft_wrap=True), full=full)


def print_trace(trace: "Trace", console: "Console", *, full: bool) -> None:
    """A trace for people; logged text stands behind a bar, and forms neither colours, marks nor lines of its own."""
    console.print(plain(trace.interaction_id, LINE), style="bold")
    console.print(plain(trace.outcome, LINE))
    if trace.correlation_id != trace.interaction_id:
        _fact(console, "call", trace.correlation_id)
    if trace.halves:
        _title(console, "Where it was logged")
    for half in trace.halves:
        _half(console, half)
    for one in trace.quarantined:
        where = one.object if one.line is None else f"{one.object}, line {one.line}"
        _fact(console, one.reason, where)
    if trace.sampled is not None:
        _sampled(console, trace.sampled, full=full)
    for note in trace.notes:
        console.print(f"note: {plain(note, LINE)}", style="yellow")


def _half(console: "Console", half: "HalfSeen") -> None:
    where = half.object if half.line is None else f"{half.object}, line {half.line}"
    _fact(console, half.side.replace("_", " "), where)
    facts = [f"{half.time:%Y-%m-%d %H:%M:%S} UTC"]
    facts += [] if half.fate is None else [half.fate.replace("_", " ")]
    facts.append("of another version than was read" if half.etag is None else f"etag {plain(half.etag, LINE)}")
    console.print(f"  {'':{NAME_WIDTH}}{', '.join(facts)}", style="dim")


def _sampled(console: "Console", one: "Sampled", *, full: bool) -> None:
    _title(console, "Flags")
    _fact(console, "injection", "suspected" if one.suspected_injection else "not suspected")
    if one.contract_broken is not None:
        _fact(console, "contract", f"broken: {one.contract_broken}")
    _fact(console, "redacted", ", ".join(one.redacted) or "nothing was looked for")
    if one.inclusion < 1:
        _fact(console, "chosen with", f"probability {one.inclusion:.3g}")
    _title(console, "Scores")
    for said in one.scores:
        _said(console, said, full=full)
    for label in one.labels:
        _fact(console, "label", f"{label.metric} {label.label:g} by {label.labeller or 'somebody'}")
    _title(console, "Counted in")
    for counted in one.counted_in:
        rate = "not known" if counted.value is None else f"{counted.value:.3f}"
        told = "no limit" if counted.verdict is None else counted.verdict.replace("_", " ")
        _fact(console, told, f"{counted.address} {rate} of {counted.n}")
    for alert in one.alerts:
        about = "about it" if alert.is_about_it else "about something else"
        _fact(console, f"alert {alert.id}", f"{alert.status}, {about}: {alert.explanation}")
    _title(console, "Logged")
    for name, value in one.columns.items():
        _fact(console, name, f"{value:g}" if isinstance(value, float) else value)
    for role, text in one.texts.items():
        _text(console, role, text, full=full)
    _title(console, "Report")
    console.print(f"  {plain(one.report, LINE)}")


def _said(console: "Console", said: "Said", *, full: bool) -> None:
    score = "" if said.score is None else f"{said.score:g}, passes from {said.pass_at} on"
    console.print(
        f"  {plain(said.metric, SHOWN):{NAME_WIDTH}}{SIGNS[said.passed]} {score or plain(said.why or '', LINE)}",
        style=STYLES[said.passed],
    )
    if said.reason:
        console.print(f"  {'':{NAME_WIDTH}}{plain(said.reason, LINE if full else SHOWN)}")
    if said.fingerprint is not None:
        console.print(f"  {'':{NAME_WIDTH}}{', '.join(_facts(said))}", style="dim")
    for reply in said.replies if full else ():
        _text(console, f"reply {reply.at:%H:%M:%S}", reply.body, full=True)


def _facts(said: "Said") -> list[str]:
    """How it was judged, as far as that is known."""
    at = "" if said.judged_at is None else f" at {said.judged_at:%Y-%m-%d %H:%M:%S} UTC"
    facts = [f"by {plain(said.judge_model or 'an unnamed model', SHOWN)}{at}", f"fingerprint {said.fingerprint}"]
    if said.judged_as is not None:
        facts.append(f"judged as {plain(said.judged_as, SHOWN)}, whose content is the same")
    numbers = {
        "spread": said.spread,
        "disagreement": said.disagreement,
        "dropped passages": said.dropped_passages or None,
        "prompt tokens": said.prompt_tokens,
        "completion tokens": said.completion_tokens,
        "USD": said.cost_usd,
        "ms": said.latency_ms,
    }
    facts += [f"{value:,.6g} {name}" for name, value in numbers.items() if value is not None]
    return [*facts, *([f"{len(said.replies)} raw replies kept"] if said.replies else [])]


def _text(console: "Console", role: str, text: str, *, full: bool) -> None:
    """A text behind a bar; shortened unless it is to be whole."""
    console.print(f"  {plain(role, SHOWN)}")
    shown = text if full else plain(text, SHOWN)
    for line in plain_lines(shown):
        console.print(f"  │ {line}")


def _title(console: "Console", title: str) -> None:
    console.print(f"\n{title}", style="bold")


def _fact(console: "Console", name: str, value: str) -> None:
    console.print(f"  {plain(name, SHOWN):{NAME_WIDTH}}{plain(value, LINE)}")
