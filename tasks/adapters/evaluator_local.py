"""The embedded evaluator: text statistics, no network, no key, no cost."""

import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from tasks.adapters.evaluator import Deliver
from tasks.core.errors import ConfigError
from tasks.core.quality.local.text_statistics import METRICS, VERSION
from tasks.core.quality.plan import Request
from tasks.core.quality.score import Score

NAME: Final = "text statistics"


class LocalEvaluator:
    """Scores each request by itself, from its own texts alone."""

    @property
    def identity(self) -> Mapping[str, object]:
        """As `Evaluator.identity`."""
        return {"provider": "local", "model": NAME, "version": VERSION}

    async def grade(self, requests: Iterable[Request], deliver: Deliver) -> None:
        """As `Evaluator.grade`."""
        for request in requests:
            await deliver(request, _judge(request))


def check_supported(metrics: Iterable[str]) -> None:
    """Raises ConfigError for a metric that has no text statistic."""
    for name in metrics:
        if name not in METRICS:
            message = (
                f"quality.metrics.{name}: the local evaluator knows only {', '.join(METRICS)}; "
                "remove the metric or choose another evaluator.provider"
            )
            raise ConfigError(message)


def _judge(request: Request) -> Score:
    started = time.monotonic()
    estimate = METRICS[request.metric.name](request.fields)
    return Score(
        score=estimate.score,
        unscored=None,
        reason=estimate.reason,
        model=NAME,
        calls=0,
        prompt_tokens=None,
        completion_tokens=None,
        latency_ms=(time.monotonic() - started) * 1000,
        judged_at=datetime.now(UTC),
    )
