"""What a score depends on, as hashes: the content judged, and how it was judged."""

import hashlib
import json
from collections.abc import Mapping, Sequence

from tasks.core.quality.metric import HIGHEST, LOWEST, Metric
from tasks.core.quality.prompt import NAMED_TEMPLATE, TEMPLATE

LENGTH = 32


def content_hash(names: Sequence[str], fields: Mapping[str, str]) -> str:
    """The hash of the texts that a call shows and of the metrics that it asks for.

    Equal texts share it, whatever interaction they stand in.
    """
    digest = hashlib.sha256()
    for part in (*names, *(part for role in sorted(fields) for part in (role, fields[role]))):
        raw = part.encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(8))
        digest.update(raw)
    return digest.hexdigest()[:LENGTH]


def fingerprints(metrics: Sequence[Metric], judge: Mapping[str, object]) -> dict[str, str]:
    """By metric, the hash of everything else a score depends on; `judge` names provider, model and parameters.

    Metrics that are asked for together depend on each other's rubrics.
    """
    if judge.get("judging") == "fused":
        return dict.fromkeys((metric.name for metric in metrics), _fingerprint(metrics, judge))
    return {metric.name: _fingerprint([metric], judge) for metric in metrics}


def _fingerprint(metrics: Sequence[Metric], judge: Mapping[str, object]) -> str:
    asked = [[metric.name, metric.rubric, list(metric.needs)] for metric in metrics]
    sessions = [one.name for one in metrics if one.of_sessions]
    named = {one.name: [one.scale.lowest, *one.scale.names] for one in metrics if one.scale.names}
    return _digest(
        [
            asked,
            [LOWEST, HIGHEST],
            TEMPLATE,
            judge,
            *([named, NAMED_TEMPLATE] if named else []),
            *([{"sessions": sessions}] if sessions else []),
        ]
    )


def _digest(value: object) -> str:
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]
