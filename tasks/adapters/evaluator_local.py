"""The embedded evaluator: text statistics, no network, no key, no cost."""

import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from tasks.core.errors import ConfigError
from tasks.core.quality.exchange import Judged
from tasks.core.quality.local.text_statistics import METRICS, VERSION
from tasks.core.quality.metric import Metric
from tasks.core.quality.plan import Call
from tasks.core.quality.score import Score, Use

NAME: Final = "text statistics"


class LocalEvaluator:
    """Scores each call by itself, from its own texts alone."""

    @property
    def identity(self) -> Mapping[str, object]:
        """As `Evaluator.identity`."""
        return {"provider": "local", "model": NAME, "version": VERSION}

    async def judge(self, call: Call) -> Judged:
        """As `Evaluator.judge`."""
        return Judged(scores=tuple(_judge(call, metric) for metric in call.metrics))

    async def close(self) -> None:
        """As `Evaluator.close`."""


def check_supported(metrics: Iterable[str]) -> None:
    """Raises ConfigError for a metric that has no text statistic."""
    for name in metrics:
        if name not in METRICS:
            message = (
                f"quality.metrics.{name}: the local evaluator knows only {', '.join(METRICS)}; "
                "remove the metric or choose another evaluator.provider"
            )
            raise ConfigError(message)


def _judge(call: Call, metric: Metric) -> Score:
    started = time.monotonic()
    estimate = METRICS[metric.name](call.fields)
    return Score(
        score=estimate.score,
        unscored=None,
        reason=estimate.reason,
        model=NAME,
        use=Use(),
        latency_ms=(time.monotonic() - started) * 1000,
        judged_at=datetime.now(UTC),
    )
