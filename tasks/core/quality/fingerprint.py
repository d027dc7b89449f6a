"""What a score depends on, as hashes: the content judged, and how it was judged."""

import hashlib
import json
from collections.abc import Mapping

from tasks.core.quality.metric import HIGHEST, LOWEST, Metric
from tasks.core.quality.prompt import TEMPLATE


def content_hash(metric: Metric, fields: Mapping[str, str]) -> str:
    """The hash of the fields that the metric needs; equal texts share it, whatever interaction they stand in."""
    return _digest([[role, fields[role]] for role in metric.needs])


def fingerprint(metric: Metric, judge: Mapping[str, object]) -> str:
    """The hash of everything else a score depends on; `judge` names provider, model and parameters."""
    return _digest([metric.name, metric.rubric, list(metric.needs), [LOWEST, HIGHEST], TEMPLATE, sorted(judge.items())])


def _digest(value: object) -> str:
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
