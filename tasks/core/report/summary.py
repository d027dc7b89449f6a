"""The summary of a run as Markdown, for Prefect's artifact page; logged text in it, such as a segment, is no mark."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

from tasks.core.manifest import EvaluatorUse
from tasks.core.plain import plain, unmarked
from tasks.core.report.trend import histogram, trend
from tasks.core.report.view import Failure, MetricView, ReportView
from tasks.core.report.words import LOCAL_NOTE, points, share

SIGNS: Final = {"ok": "🟢 ok", "breach": "🔴 breach", "undecided": "🟡 undecided", "no_data": "⚪ no data"}
TEXT_LIMIT: Final = 100  # the table does not break lines
SENTENCE_LIMIT: Final = 600
ROWS: Final = 20
MOST_BYTES: Final = 90_000  # Prefect's pages grow slow beyond 100 kB
FINDINGS: Final = 10
CHARTS: Final = "| metric | over the windows | scores |\n|---|---|---|"
LEGEND: Final = (
    "Line: pass rate from 0 to 1, with its interval; red: its limit; dotted: the judge changed. "
    "Bars: rows by score, the lowest first."
)


def summary(view: ReportView) -> str:
    """Verdict first, then a row of figures and one of small charts for each metric, then what else there is to know.

    At most `MOST_BYTES`: the charts of the last metrics give way first, then sentences.
    """
    charts = len(view.metrics)
    while charts and len(_written(view, charts).encode()) > MOST_BYTES:
        charts -= 1
    return _cut(_written(view, charts))


def worst_rows(failures: Sequence[Failure]) -> list[dict[str, str]]:
    """The lowest-scored interactions for a table artifact, whose cells Prefect reads as Markdown: short, few rows."""
    return [
        {
            "metric": failure.metric,
            "score": f"{failure.score:g}",
            "prompt": unmarked(plain(failure.texts.get("prompt", ""), TEXT_LIMIT)),
            "completion": unmarked(plain(failure.texts.get("completion", ""), TEXT_LIMIT)),
            "reason": unmarked(plain(failure.reason, TEXT_LIMIT)),
            "interaction": unmarked(plain(failure.interaction_id, TEXT_LIMIT)),
        }
        for failure in failures[:ROWS]
    ]


def _written(view: ReportView, charts: int) -> str:
    manifest = view.manifest
    counts = manifest.counts
    head = "| metric | pass rate | interval | limit | coverage | verdict | change |\n|---|---:|---|---:|---:|---|---:|"
    every = manifest.window_end - manifest.window_start
    drawn = [_charts(metric, every) for metric in view.metrics[:charts] if metric.history]
    parts = [
        f"# {SIGNS[manifest.status]}: {manifest.monitor}",
        f"{manifest.window_start:%Y-%m-%d %H:%M} to {manifest.window_end:%Y-%m-%d %H:%M} UTC, "
        f"{counts.sampled} of {counts.joined} interactions sampled",
        "\n".join([head, *(_row(metric) for metric in view.metrics)]),
        *(["\n".join([CHARTS, *drawn]), f"_{LEGEND}_"] if drawn else []),
        *_list("", _sentences(view)),
        *_list("## What stands out", [f"- {_said(one)}" for one in manifest.findings[:FINDINGS]]),
        f"Read {counts.lines_read} lines: {counts.inputs} inputs, {counts.outputs} outputs, "
        f"{counts.quarantined} in quarantine; {counts.orphan_inputs} inputs without an output. "
        f"{manifest.evaluator.judged} new judgements{_took(manifest.evaluator)}.",
    ]
    if manifest.evaluator.provider == "local":
        parts.append(f"_{LOCAL_NOTE}_")
    return "\n\n".join(parts)


def _took(use: EvaluatorUse) -> str:
    """The calls that the judgements took and what they cost; nothing for an evaluator that makes none."""
    cost = "" if use.cost_usd is None else f" for {use.cost_usd:.4f} USD"
    return f" in {use.calls} calls{cost}" if use.calls else ""


def _row(view: MetricView) -> str:
    rate, verdict = view.pass_rate, view.verdict
    cells = [
        view.metric.name,
        share(rate.value),
        "–" if rate.low is None else f"{share(rate.low)} to {share(rate.high)}",
        share(_limit(view)),
        share(view.coverage.value),
        SIGNS[verdict.state.value] if verdict else "only watched",
        points(view.change),
    ]
    return f"| {' | '.join(cells)} |"


def _charts(view: MetricView, every: timedelta) -> str:
    course, scores = _names(view)
    drawn = trend(view.history, every, _limit(view))
    return f"| {view.metric.name} | ![{course}]({drawn}) | ![{scores}]({histogram(view.histogram)}) |"


def _names(view: MetricView) -> tuple[str, str]:
    """What the charts show, for who cannot see them."""
    known = [one.value for one in view.history if one.value is not None]
    course = f"from {known[0]:.2f} to {known[-1]:.2f}" if known else "no values"
    return (
        f"{view.metric.name}, pass rate of {len(view.history)} windows, {course}",
        f"{view.metric.name}, rows by score: {', '.join(str(count) for count in view.histogram)}",
    )


def _limit(view: MetricView) -> float | None:
    return view.verdict.limit if view.verdict else None


def _sentences(view: ReportView) -> Iterator[str]:
    decided = [metric.verdict for metric in view.metrics if metric.verdict] + list(view.other_verdicts)
    for one in decided:
        if one.state.value != "ok":
            yield f"- {SIGNS[one.state.value]}: {_said(one.explanation)}"
    for warning in view.manifest.warnings:
        yield f"- ⚠️ {_said(warning)}"


def _said(sentence: str) -> str:
    return unmarked(plain(sentence, SENTENCE_LIMIT))


def _list(title: str, lines: "Iterator[str] | Sequence[str]") -> Iterator[str]:
    written = list(lines)
    if written:
        yield from [title] if title else []
        yield "\n".join(written)


def _cut(text: str) -> str:
    """As many whole lines as fit, and a word on the rest."""
    if len(text.encode()) <= MOST_BYTES:
        return text
    kept: list[str] = []
    size = 0
    for line in text.split("\n"):
        size += len(line.encode()) + 1
        if size > MOST_BYTES:
            break
        kept.append(line)
    return "\n".join([*kept, "", "_There is more in the report._"])
