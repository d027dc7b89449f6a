"""What judging will take and what it could find, said before anything is asked."""

import math
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import pyarrow as pa

from configs.monitor import MonitorConfig
from tasks.adapters.evaluators import open_evaluator, price_of
from tasks.adapters.wanted import judgeable
from tasks.core.quality.estimate import Estimate, Terms, estimate
from tasks.core.quality.exchange import BATCH_SHARE
from tasks.core.quality.plan import Missing, missing
from tasks.core.records.interaction import sessions_of
from tasks.core.stats.power import rows_to_find
from tasks.core.verdict import Direction, Threshold

ANY_RATE: Final = 0.5
FALLS: Final = (0.10, 0.05)  # how far beyond its limit a rate is looked at
POWER: Final = 0.9
DAY: Final = timedelta(days=1)
MOST: Final = 100_000


def check_evaluator(config: MonitorConfig) -> str:
    """The evaluator in a few words; raises ConfigError where its secret or its package is missing."""
    open_evaluator(config)
    return " and ".join(", ".join(filter(None, (one.provider, one.model))) for one in config.evaluator.judges)


def estimate_of(config: MonitorConfig, interactions: pa.Table, wanted: list[Missing] | None = None) -> Estimate:
    """What judging these interactions takes and buys, by the characters that they have."""
    fused = config.evaluator.judging == "fused"
    if wanted is None:
        wanted = missing(judgeable(config, interactions), list(config.metrics.values()), (), fused=fused)
    limits = [one.min_pass_rate for one in config.quality.metrics.values() if one.min_pass_rate is not None]
    terms = Terms(
        prices=[price_of(one) for one in config.evaluator.judges],
        repeats=config.evaluator.repeats,
        batch_share=BATCH_SHARE if config.evaluator.mode == "batch" else 1.0,
        budget_usd=config.evaluator.budget_usd,
        rate=min(limits, key=lambda limit: abs(limit - ANY_RATE), default=ANY_RATE),
        confidence=config.decide.confidence,
    )
    return estimate(interactions.num_rows, wanted, terms)


def detectable(config: MonitorConfig, interactions: pa.Table) -> Iterator[str]:
    """For each limit on a pass rate, how soon a rate beyond it would be found, if windows are as large as this one.

    The rows are those whose needed fields are there. Nothing is said without a row, or where estimates are compared.
    """
    table = judgeable(config, interactions)
    if not table.num_rows or not config.tested_thresholds or config.decide.by == "estimate":
        return
    sessions = Counter(sessions_of(table)) if "session" in config.source.all_columns else Counter[str]()
    error = config.decide.error / (len(config.tested_thresholds) if config.decide.family == "run" else 1)
    for limit in config.tested_thresholds:
        signal, subject, measure = limit.address.split(".")
        if (signal, measure) == ("quality", "pass_rate") and limit.against is None:
            needed = config.metrics[subject].needs
            rows = min(table.num_rows - table[role].null_count for role in needed)
            yield from _found(config, limit, rows, max(sessions.values(), default=1), error)


def _found(config: MonitorConfig, limit: Threshold, rows: int, largest: int, error: float) -> Iterator[str]:
    a_day = rows * (DAY / config.window.every)
    subject = limit.address.split(".")[1]
    told = []
    for away in FALLS:
        rate = limit.limit - away if limit.direction is Direction.MIN else limit.limit + away
        if rows and 0 < rate < 1:
            alone, together = (
                rows_to_find(rate, limit.limit, error=one, power=POWER, largest=largest)
                for one in (error / 2, error / 2 / config.decide.across)  # bets begin anew with each window
            )
            needed = alone if alone is not None and alone <= rows else together
            windows = math.inf if needed is None else math.ceil(needed / rows)
            if windows <= config.decide.across:
                told.append(f"{rate:.2f} is found within {_span(windows * config.window.every)}")
            else:
                told.append(f"{rate:.2f} takes {needed or MOST:,} rows, more than {_windows(config.decide.across)}")
    if told:
        yield f"{subject}, limit {limit.limit:g}, about {a_day:,.0f} judged rows a day: {'; '.join(told)} ({POWER:.0%})"


def _windows(across: int) -> str:
    return "one window has" if across == 1 else f"{across} windows have"


def _span(length: timedelta) -> str:
    """A length in hours, from two days on in days."""
    hours = length / timedelta(hours=1)
    return f"{math.ceil(hours)} h" if hours < 48 else f"{math.ceil(hours / 24)} days"  # noqa: PLR2004
