"""A revision of a window as a run of an experiment: parameters, metrics, tags."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tasks.core.manifest import Manifest
from tasks.core.measure import Measure
from tasks.core.window import Window

WINDOW_TAG: Final = "genwatch.window"
REVISION_TAG: Final = "genwatch.revision"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedRun:
    """What is written of a revision; `identity` are the tags by which it is found again."""

    name: str
    window: Window
    identity: Mapping[str, str]
    tags: Mapping[str, str]
    params: Mapping[str, str]
    metrics: Mapping[str, float]


def tracked_run(manifest: Manifest, measures: Sequence[Measure], report: str) -> TrackedRun:
    """The run of a revision; metrics are the measures of the whole window by address, with `.low` and `.high`."""
    window = Window(start=manifest.window_start, end=manifest.window_end)
    bounds = {
        f"{one.address}{suffix}": value
        for one in measures
        if one.segment_by is None
        for suffix, value in (("", one.value), (".low", one.low), (".high", one.high))
    }
    use = manifest.evaluator
    costs = {"evaluator.cost_usd": use.cost_usd, "evaluator.calls": float(use.calls)}
    return TrackedRun(
        name=f"{window.label} rev {manifest.revision}",
        window=window,
        identity={
            "genwatch.monitor": manifest.monitor,
            WINDOW_TAG: window.key,
            REVISION_TAG: str(manifest.revision),
        },
        tags={
            "genwatch.status": manifest.status,
            "genwatch.report": report,
            "mlflow.note.content": f"Report: {report}",
        },
        params={
            "config_hash": manifest.config_hash,
            "evaluator.provider": use.provider,
            "evaluator.models": ", ".join(use.models),
            **{f"fingerprint.{name}": value for name, value in manifest.fingerprints.items()},
        },
        metrics={name: value for name, value in (bounds | costs).items() if value is not None},
    )
