"""Every measure that limits can be set on, and why a monitor does not take it where it does not."""

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from configs.drift import ROLES, UNCOMPARED
from tasks.core.feedback import rates
from tasks.core.feedback.agreement import AGREEMENTS
from tasks.core.labels.measures import CORRECTED
from tasks.core.operations import service
from tasks.core.quality.local.text_statistics import METRICS as LOCAL_METRICS
from tasks.core.records.interaction import NUMERIC_ROLES
from tasks.core.safety import signals
from tasks.core.safety.recognisers import RECOGNISERS
from tasks.core.usage import people, spread

if TYPE_CHECKING:
    from configs.monitor import MonitorConfig

QUALITY: Final = ("pass_rate", "pass_rate_if_missing_failed", "pass_rate_if_missing_passed", "coverage", "mean")
ASSISTED: Final = "pass_rate_assisted"
ALWAYS: Final = (
    *(f"operations.records.{name}" for name in ("quarantined_share", "orphan_input_share", "orphan_output_share")),
    "operations.records.interactions",
    "safety.injection.suspected_share",
)


def catalogue(config: "MonitorConfig") -> Mapping[str, str | None]:
    """By address why the monitor does not take a measure; None where it does."""
    return dict(_all(config))


def check_thresholds(config: "MonitorConfig") -> None:
    """Raises ValueError for a limit on a measure that there is not, or that the monitor does not take."""
    known = catalogue(config) if config.thresholds else {}
    elsewhere = {(limit.address, limit.direction) for limit in config.section_thresholds}
    for address, limits in config.thresholds.items():
        asked = limits.thresholds(address)
        if any((address, one.direction) in elsewhere for one in asked if one.against is None):
            message = f"thresholds.{address}: its own section sets a limit already; remove one of them"
            raise ValueError(message)
        if is_share(address) and (outside := [one.limit for one in asked if not 0 <= one.limit <= 1]):
            message = f"thresholds.{address} is {outside[0]:g}; shares lie in [0, 1]; write 0.70 for 70 %"
            raise ValueError(message)
        if address not in known:
            near = get_close_matches(address, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else "; docs/reference/measures.md names them"
            message = f"thresholds.{address}: there is no such measure{hint}"
            raise ValueError(message)
        if why := known[address]:
            message = f"thresholds.{address} {why}"
            raise ValueError(message)


def switched_off(config: "MonitorConfig") -> Mapping[str, str]:
    """What the monitor would measure if more columns were mapped: by subject, or by address, with the reason."""
    known = catalogue(config)
    taken = {_subject(address) for address, why in known.items() if why is None}
    return {
        address if _subject(address) in taken else _subject(address): why
        for address, why in known.items()
        if why is not None and "column" in why
    }


def is_share(address: str) -> bool:
    """Whether a measure is a share, from 0 to 1."""
    measure = address.rpartition(".")[2]
    return measure in {"share", "coverage"} or measure.endswith("_share") or measure.startswith(("pass_rate", "share_"))


def _subject(address: str) -> str:
    return address.rpartition(".")[0]


def _all(config: "MonitorConfig") -> Iterator[tuple[str, str | None]]:
    mapped, logged = config.source.all_columns, config.source.columns
    yield from ((address, None) for address in ALWAYS)
    for name, metric in config.metrics.items():
        yield from ((f"quality.{name}.{measure}", None) for measure in (*QUALITY, *CORRECTED))
        yield f"quality.{name}.{ASSISTED}", _unassisted(config, name)
        yield from ((f"quality.{name}.share_{label}", None) for label in metric.scale.labels.values())
    sections = (
        ("operations", config.operations, logged, service.MEASURES),
        ("usage", config.usage, logged, {**people.MEASURES, **spread.MEASURES}),
        ("safety", config.safety, mapped, signals.MEASURES),
    )
    for section, asked, columns, measures in sections:
        for address, needs in measures.items():
            yield address, f"needs the section {section}" if asked is None else _unmapped(needs, columns)
    yield from _settings(config)
    for address, needs in rates.MEASURES.items():
        yield address, _unmapped(needs, mapped)
    for name in config.metrics:
        yield from ((f"feedback.{name}.{one}", _unmapped(("feedback",), mapped)) for one in AGREEMENTS)
    yield from _own(config)
    yield from _drift(config)


def _unassisted(config: "MonitorConfig", metric: str) -> str | None:
    """Why local scores do not assist a metric's pass rate."""
    if not config.sample.looked_at:
        return "needs sample.candidates"
    if config.sample.until == "decided":
        return "needs sample.until: all"
    return None if metric in LOCAL_METRICS else "needs a metric that the local evaluator has"


def _settings(config: "MonitorConfig") -> Iterator[tuple[str, str]]:
    """What is off for want of a setting beside the columns."""
    for kind in RECOGNISERS:
        if config.safety is not None and kind not in config.safety.kinds:
            yield f"safety.pii.leaked_{kind}", f"needs {kind} among safety.kinds"
    if config.operations is not None and config.operations.slow_ms is None:
        yield "operations.latency_ms.slow_share", "needs operations.slow_ms"
    if config.usage is not None and config.usage.salt is None:
        people_need = [address for address, needs in people.MEASURES.items() if people.PEOPLE.intersection(needs)]
        yield from ((address, "needs usage.salt") for address in people_need)


def _own(config: "MonitorConfig") -> Iterator[tuple[str, None]]:
    if config.custom is None:
        return
    yield from ((f"reference.{name}.mean", None) for name in config.custom.reference)
    for name in config.custom.functions:
        yield from ((f"custom.{name}.{one}", None) for one in ("mean", "missing_share"))


def _drift(config: "MonitorConfig") -> Iterator[tuple[str, str | None]]:
    section = "needs the section drift" if config.drift is None else None
    for role in ROLES:
        yield from ((f"drift.{role}.{measure}", section) for measure in ("auc", "p_value"))
    for name in config.source.all_columns:
        if name not in UNCOMPARED:
            numbers = ("wasserstein",) if name in NUMERIC_ROLES else ()
            yield from (
                (f"drift.{name}.{measure}", section) for measure in ("psi", "js", "p_value", "importance", *numbers)
            )
    for name in config.metrics:
        yield from ((f"drift.{name}.{measure}", section) for measure in ("psi", "js", "p_value", "mean_shift"))
        yield from ((f"drift.concept_{name}.{measure}", section) for measure in ("p_value", "largest_change"))
    topics = section or _unmapped(("prompt",), config.source.all_columns)
    yield from ((f"drift.topics.{measure}", topics) for measure in ("js", "p_value", "new_topic_share"))


def _unmapped(needs: Collection[str], mapped: Collection[str]) -> str | None:
    missing = [role for role in needs if role not in mapped]
    return f"needs the column {missing[0]}, which source.columns does not map" if missing else None
