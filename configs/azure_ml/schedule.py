"""The generation safety and quality signal of an Azure ML monitor schedule, as types."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Final

from configs.azure_ml.part import Part
from tasks.core.quality.metric import HIGHEST, LOWEST

SIGNAL_TYPE: Final = "generation_safety_quality"
METRICS: Final = ("groundedness", "relevance", "coherence", "fluency", "similarity")
PASS_RATE: Final = 0.7  # Azure's where the file names none
ACCEPTABLE_SCORE: Final = 3.0
ROLES: Final = ("prompt", "completion", "context", "ground_truth")
CORRELATION: Final = "correlation_id"
_THRESHOLD = re.compile(rf"(?:aggregated({'|'.join(METRICS)})passrate|acceptable({'|'.join(METRICS)})scoreperinstance)")
_WINDOW_KEYS: Final = ("lookback_window_size", "trailing_window_size", "lookback_window_offset")
_FIXED: Final = "a fixed period; run it by: genwatch run FILE --window-start TIME --window-end TIME"
_OFFSET: Final = "a window is judged once it has ended and window.grace has passed; set that if data come late"


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """What Azure asks of one metric: least pass rate (0 to 1) and acceptable score (1 to 5); None = not in the file."""

    pass_rate: float | None
    score: float | None

    @property
    def pass_at(self) -> int:
        """The least whole score that Azure accepts; scores are whole, so that 3.5 accepts from 4 on."""
        return max(LOWEST, ceil(ACCEPTABLE_SCORE if self.score is None else self.score))

    @property
    def remarks(self) -> Iterator[str]:
        """What is not written in the Azure file as it stands in the monitor file."""
        if self.pass_rate is None:
            yield f"min_pass_rate {PASS_RATE} is Azure's default"
        if self.score is None:
            yield f"pass_at {self.pass_at} is Azure's default"
        elif self.pass_at != self.score:
            yield f"{self.score:g} in Azure; scores are whole, so that {self.pass_at} passes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Production:
    """One entry of production_data: what Azure calls it, its columns by Azure's names, how far it looks back."""

    asset: str
    context: str
    columns: Mapping[str, str]
    window: timedelta | None
    left_out: tuple[str, ...]

    @property
    def is_outputs(self) -> bool:
        """Whether it is named like the outputs of a model."""
        return re.search(r"output|response", f"{self.asset} {self.context}", re.IGNORECASE) is not None

    @property
    def is_collected(self) -> bool:
        """Whether it is named like a collection of the Model Data Collector."""
        return re.search(r"model_?(in|out)puts|app_?traces", f"{self.asset} {self.context}", re.IGNORECASE) is not None


def generation_signal(monitor: Part, wanted: str | None) -> tuple[str, Part, tuple[str, ...]]:
    """The signal to import with its name, and a line for each other one.

    `wanted` names it; None takes the first of its type. Raises ConfigError where there is none.
    """
    signals = monitor.part("monitoring_signals")
    found = {name: signals.part(name) for name in signals.content} if signals else {}
    types = {name: part.text("type") or "no type" for name, part in found.items() if part}
    fitting = [name for name, kind in types.items() if _plain(kind) == _plain(SIGNAL_TYPE)]
    chosen = next((name for name in fitting if wanted in (None, name)), None)
    part = found.get(chosen) if chosen else None
    if chosen is None or part is None:
        there = ", ".join(f"{name}: {kind}" for name, kind in types.items()) or "none at all"
        asked = f"no signal {wanted}" if wanted else "no signal"
        what = f"{asked} of type {SIGNAL_TYPE} ({there}); only that type can be imported, give a schedule that has one"
        raise monitor.error(key="monitoring_signals", what=what)
    return chosen, part, tuple(_other_signals(monitor, types, fitting, chosen))


def _other_signals(monitor: Part, types: Mapping[str, str], fitting: list[str], chosen: str) -> Iterator[str]:
    for name, kind in types.items():
        where = f"{monitor.address('monitoring_signals')}.{name} ({kind})"
        if name in fitting and name != chosen:
            yield f"{where}: a monitor file holds one such signal; import it by --signal {name}"
        elif name not in fitting:
            yield f"{where}: signals of this type are not imported"


def thresholds(signal: Part) -> tuple[dict[str, Threshold], tuple[str, ...]]:
    """The judged metrics in the order of the file, and what was no threshold.

    They may stand below their metric, side by side, or in a list as the REST interface has them. Raises ConfigError
    where there is none, or one is out of range.
    """
    asked: dict[str, dict[str, float | None]] = {}
    notes: list[str] = []
    for metric, kind, value in _stated(signal, notes):
        asked.setdefault(metric, {})
        if kind:
            asked[metric][kind] = value
    if not asked:
        what = f"no metric is asked for; name at least one of {', '.join(METRICS)}"
        raise signal.error(key="metric_thresholds", what=what)
    read = {metric: Threshold(pass_rate=given.get("rate"), score=given.get("score")) for metric, given in asked.items()}
    return read, tuple(notes)


def _stated(signal: Part, notes: list[str]) -> Iterator[tuple[str, str, float | None]]:
    """Each threshold as metric, `rate` or `score`, and value; a metric alone has neither."""
    if isinstance(signal.content.get("metric_thresholds"), list):
        for entry in signal.parts("metric_thresholds"):
            yield from _listed(entry, notes)
        return
    whole = signal.part("metric_thresholds")
    for key, value in whole.content.items() if whole else ():
        if whole and key.lower() in METRICS:
            yield key.lower(), "", None
            below = whole.part(key)
            for name in below.content if below else ():
                yield from _one(below, name, name, notes) if below else ()
        elif whole and value is not None:
            yield from _one(whole, key, key, notes)


def _listed(entry: Part, notes: list[str]) -> Iterator[tuple[str, str, float | None]]:
    name = entry.text("metric", "metric_name") or ""
    notes += entry.others("metric", "metric_name", "threshold")
    if isinstance(entry.content.get("threshold"), Mapping):
        held = entry.part("threshold")
        yield from _one(held, name, "value", notes) if held else ()
    else:
        yield from _one(entry, name, "threshold", notes)


def _one(part: Part, name: str, key: str, notes: list[str]) -> Iterator[tuple[str, str, float | None]]:
    found = _THRESHOLD.fullmatch(_plain(name))
    if found is None:
        notes.append(f"{part.address(key)} ({name}): is no threshold of a generation metric")
        return
    value = part.number(key)
    if value is not None and found[1] and not 0 <= value <= 1:
        raise part.error(key=key, what="pass rates lie in [0, 1]; write 0.70 for 70 %")
    if value is not None and found[2] and not 0 <= value <= HIGHEST:
        raise part.error(key=key, what=f"acceptable scores lie in [{LOWEST}, {HIGHEST}]; correct it")
    yield found[1] or found[2], "rate" if found[1] else "score", value


def production(signal: Part) -> tuple[Production, ...]:
    """The entries of production_data, in the order of the file."""
    return tuple(_entry(entry) for entry in signal.parts("production_data"))


def _entry(entry: Part) -> Production:
    given = entry.part("input_data")
    path = given.text("path") if given else None
    notes = [*(given.others("path", "type", "mode") if given else ())]
    notes += entry.others("input_data", "data_column_names", "data_window", "data_window_size", "data_context")
    columns = entry.part("data_column_names")
    return Production(
        asset=path or "",
        context=entry.text("data_context") or "",
        columns=_columns(columns, notes) if columns else {},
        window=_window(entry, notes),
        left_out=tuple(notes),
    )


def _columns(names: Part, notes: list[str]) -> dict[str, str]:
    known = {key: key.lower().removesuffix("_name").removesuffix("_column") for key in names.content}
    wanted = {key: role for key, role in known.items() if role in (*ROLES, CORRELATION)}
    notes += names.others(*wanted)
    return {role: text for key, role in wanted.items() if (text := names.text(key))}


def _window(entry: Part, notes: list[str]) -> timedelta | None:
    within = entry.part("data_window")
    if within is None:
        return _at_least_a_minute(entry, "data_window_size")
    notes += within.others(*_WINDOW_KEYS, "trailing_window_offset", "window_start", "window_end")
    if (start := within.text("window_start")) or within.text("window_end"):
        notes.append(f"{within.path} ({start} to {within.text('window_end')}): {_FIXED}")
    offset = within.duration("lookback_window_offset", "trailing_window_offset")
    if offset:
        notes.append(f"{within.path} (offset {offset.total_seconds() / 3600:g} hours): {_OFFSET}")
    return _at_least_a_minute(within, "lookback_window_size", "trailing_window_size")


def _at_least_a_minute(part: Part, *names: str) -> timedelta | None:
    size = part.duration(*names)
    if size is not None and size < timedelta(minutes=1):
        raise part.error(key=part.key(*names) or names[0], what="a window is at least one minute long; write PT1H")
    return size


def _plain(name: str) -> str:
    """A name without its way of being written: Aggregated_Pass_Rate and aggregatedPassRate are the same."""
    return re.sub(r"[^a-z]", "", name.lower())
