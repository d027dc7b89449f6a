"""A monitor in Markdown, as Prefect shows it on the page of its deployment."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from configs.monitor import MonitorConfig
from tasks.core.plain import unmarked
from tasks.core.report.places import MONITOR_PAGE, address

BESIDE: Final = ("drift", "operations", "usage", "safety", "compare", "custom", "contract")
BY_HAND: Final = (
    "By hand: **Run**, *Custom run*. `window_start` and `window_end` are edges of windows in UTC; without them the run "
    "takes the windows that are due. With `replay` it judges again from the replies that were kept."
)


def description(config: MonitorConfig) -> str:
    """What is watched, when, by which limits, where the results are, and who is told."""
    facts = "\n".join(f"| {name} | {value} |" for name, value in _facts(config))
    limits = "\n".join(f"- {unmarked(one.text)}" for one in config.all_thresholds)
    about = [unmarked(config.description)] if config.description else []
    parts = [
        *about,
        f"| monitor | {config.name} |\n|---|---|\n{facts}",
        "Limits:" if limits else "No limits: it only watches.",
        limits,
    ]
    return "\n\n".join([*(part for part in parts if part), BY_HAND])


def _facts(config: MonitorConfig) -> Iterator[tuple[str, str]]:
    written: Mapping[str, Any] = config.model_dump(mode="json")  # durations as the file has them
    source, window = config.source, written["window"]
    yield "inputs", f"`{source.inputs}`"
    yield "outputs", f"`{source.outputs}`" if source.outputs else "in the same records"
    yield "windows", f"every {window['every']}, run {window['grace']} after their end or later"
    yield "schedule", _schedule(written["schedule"])
    yield "sample", f"{100 * config.sample.rate:g} % of a window, at most {config.sample.at_most:,} interactions"
    yield "judge", config.evaluator.model or f"the {config.evaluator.provider} evaluator"
    yield "metrics", ", ".join(config.metrics)
    if beside := [name for name in BESIDE if written[name] is not None]:
        yield "beside them", ", ".join(beside)
    yield "store", f"`{config.store}`"
    page = address(MONITOR_PAGE, config.name, config.store, config.report.base_url)
    yield "report", page if page.startswith("http") else f"`{page}`"
    yield "tells", ", ".join(config.alerts.channels) or "nobody; alerts are Prefect events"


def _schedule(schedule: Mapping[str, Any] | None) -> str:
    if schedule is None:
        return "none"
    kind = next(name for name in ("cron", "interval", "rrule") if schedule[name] is not None)
    return f"{kind} `{schedule[kind]}`, {schedule['timezone']}"
