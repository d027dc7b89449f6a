"""The summary of a run as Markdown, for Prefect's artifact page; logged text in it, such as a segment, is no mark."""

from collections.abc import Sequence
from typing import Final

from tasks.core.manifest import EvaluatorUse
from tasks.core.plain import unmarked
from tasks.core.report.view import Failure, MetricView, ReportView, shortened
from tasks.core.report.words import LOCAL_NOTE, points, share

SIGNS: Final = {"ok": "🟢 ok", "breach": "🔴 breach", "undecided": "🟡 undecided", "no_data": "⚪ no data"}
TEXT_LIMIT: Final = 200
ROWS: Final = 20


def summary(view: ReportView) -> str:
    """Verdict first, then a row for each metric, then what else there is to know."""
    manifest = view.manifest
    head = "| metric | pass rate | interval | limit | coverage | verdict | change |\n|---|---:|---|---:|---:|---|---:|"
    rows = "\n".join(_row(metric) for metric in view.metrics)
    counts = manifest.counts
    parts = [
        f"# {SIGNS[manifest.status]}: {manifest.monitor}",
        f"{manifest.window_start:%Y-%m-%d %H:%M} to {manifest.window_end:%Y-%m-%d %H:%M} UTC, "
        f"{counts.sampled} of {counts.joined} interactions sampled",
        f"{head}\n{rows}",
        *_sentences(view),
        f"Read {counts.lines_read} lines: {counts.inputs} inputs, {counts.outputs} outputs, "
        f"{counts.quarantined} in quarantine; {counts.orphan_inputs} inputs without an output. "
        f"{manifest.evaluator.judged} new judgements{_took(manifest.evaluator)}.",
    ]
    if manifest.evaluator.provider == "local":
        parts.append(f"_{LOCAL_NOTE}_")
    return "\n\n".join(parts)


def worst_rows(failures: Sequence[Failure]) -> list[dict[str, str]]:
    """The lowest-scored interactions for a table artifact: short texts, few rows."""
    return [
        {
            "metric": failure.metric,
            "score": f"{failure.score:g}",
            "reason": shortened(failure.reason, TEXT_LIMIT),
            "prompt": shortened(failure.texts.get("prompt", ""), TEXT_LIMIT),
            "completion": shortened(failure.texts.get("completion", ""), TEXT_LIMIT),
            "interaction": shortened(failure.interaction_id, TEXT_LIMIT),
        }
        for failure in failures[:ROWS]
    ]


def _took(use: EvaluatorUse) -> str:
    """The calls that the judgements took and what they cost; nothing for an evaluator that makes none."""
    cost = "" if use.cost_usd is None else f" for {use.cost_usd:.4f} USD"
    return f" in {use.calls} calls{cost}" if use.calls else ""


def _row(view: MetricView) -> str:
    rate, verdict = view.pass_rate, view.verdict
    interval = "–" if rate.low is None else f"{share(rate.low)} to {share(rate.high)}"
    cells = [
        view.metric.name,
        share(rate.value),
        interval,
        share(verdict.limit if verdict else None),
        share(view.coverage.value),
        SIGNS[verdict.state.value] if verdict else "only watched",
        points(view.change),
    ]
    return f"| {' | '.join(cells)} |"


def _sentences(view: ReportView) -> list[str]:
    decided = [metric.verdict for metric in view.metrics if metric.verdict] + list(view.other_verdicts)
    lines = [f"- {SIGNS[one.state.value]}: {unmarked(one.explanation)}" for one in decided if one.state.value != "ok"]
    lines += [f"- ⚠️ {unmarked(warning)}" for warning in view.manifest.warnings]
    return ["\n".join(lines)] if lines else []
