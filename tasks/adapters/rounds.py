"""Judging in growing batches, in the order of the sample, until every limit on a pass rate is decided."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa

from configs.monitor import MonitorConfig
from tasks.adapters.wanted import judgeable
from tasks.core.errors import EvaluatorError
from tasks.core.quality.order import batch_end, judging_order, keyed
from tasks.core.quality.plan import Key
from tasks.core.quality.score import NotAsked
from tasks.core.records.interaction import sessions_of
from tasks.core.stats.anytime import both, p_values, part_of
from tasks.core.stats.betting import Part, next_batch
from tasks.core.stats.multiple import holm
from tasks.core.verdict import Threshold

FIRST: Final = 30  # rows before the first look, at least
Ask = Callable[[set[Key]], Awaitable[EvaluatorError | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What is known before a window is judged.

    `parts` are by limit the rows of the windows before that could not decide it, `population` the number of
    interactions in the window where only those are spoken of, else None.
    """

    parts: Mapping[Threshold, Sequence[Part]]
    population: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """How judging ended: by metric how many interactions were taken, which are decided, and why no more was asked.

    Nothing is taken or decided where all were to be judged.
    """

    taken: Mapping[str, int] = field(default_factory=dict)
    decided: frozenset[str] = frozenset()
    stopped: EvaluatorError | None = None


async def judge_until_decided(
    config: MonitorConfig, interactions: pa.Table, carried: Carried, scores: MutableMapping[Key, float | None], ask: Ask
) -> Rounds:
    """Take interactions batch by batch; `ask` has the scores of some keys judged and put into `scores`.

    All metrics share the rows; a decided one is asked no further, and one without a limit as long as any other is. The
    errors are those of the verdicts: within the run's family, and whatever the number of batches, as the evidence may
    be looked at at any time.
    """
    table, limits = judgeable(config, interactions), pass_limits(config)
    sessions = sessions_of(table) if config.is_judged_by_session else None
    order = judging_order(table, config.sample.seed, by_session=config.is_judged_by_session)
    rows = keyed(table, list(config.metrics.values()), order)
    named = None if sessions is None else [sessions[place] for place in order]
    largest = {name: _largest(name, rows, named) for name in limits}
    taken, decided, end = dict.fromkeys(config.metrics, 0), frozenset[str](), 0
    skipped: EvaluatorError | None = None
    while end < len(rows) and not decided.issuperset(limits):
        start, end = end, batch_end(named, end + next_batch(end, max(config.decide.min_scored, FIRST)), len(rows))
        asked = [name for name in config.metrics if name not in decided]
        wanted = {row[name] for row in rows[start:end] for name in asked if name in row}
        stopped = await ask(wanted - scores.keys())
        if stopped is not None and stopped.reason == NotAsked.NOT_RECORDED:
            skipped = stopped
        elif stopped is not None:
            return Rounds(taken=taken | dict.fromkeys(asked, end), decided=decided, stopped=stopped)
        taken |= dict.fromkeys(asked, end)
        judged = {}
        for name in limits:
            known = [scores.get(row[name]) if name in row else None for row in rows[: taken[name]]]
            passed = [None if one is None else one >= config.metrics[name].pass_at for one in known]
            judged[name] = _judged(passed, named, largest[name], sum(name in row for row in rows[: taken[name]]))
        decided |= _decided(config, limits, judged, carried)
    return Rounds(taken=taken, decided=decided, stopped=skipped)


def pass_limits(config: MonitorConfig) -> Mapping[str, list[Threshold]]:
    """By metric the limits on its pass rate."""
    found: dict[str, list[Threshold]] = {}
    for one in config.all_thresholds:
        signal, subject, measure = one.address.split(".")
        if (signal, measure) == ("quality", "pass_rate") and one.against is None:
            found.setdefault(subject, []).append(one)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """What was judged of one metric so far: rows asked, rows with a score, how many of these passed, their evidence."""

    asked: int
    rows: int
    passed: int
    part: Part


def _largest(name: str, rows: Sequence[Mapping[str, Key]], sessions: Sequence[str] | None) -> int:
    """The most interactions of one session that a metric is judged on; 1 where sessions do not matter."""
    if sessions is None:
        return 1
    counts = Counter(session for session, row in zip(sessions, rows, strict=True) if name in row)
    return max(counts.values(), default=1)


def _judged(passed: Sequence[bool | None], sessions: Sequence[str] | None, largest: int, asked: int) -> _Judged:
    values = [float(one) for one in passed if one is not None]
    told = None
    if sessions is not None:
        told = [session for session, one in zip(sessions, passed, strict=False) if one is not None]
    return _Judged(asked=asked, rows=len(values), passed=int(sum(values)), part=part_of(values, told, largest))


def _decided(
    config: MonitorConfig, limits: Mapping[str, Sequence[Threshold]], judged: Mapping[str, _Judged], carried: Carried
) -> frozenset[str]:
    """The metrics all of whose limits are decided, as the run's verdicts will be."""
    tests = [(name, limit) for name, of in limits.items() for limit in of]
    found = [_claims(judged[name], limit, carried) for name, limit in tests]
    others = [1.0] * (len(config.tested_thresholds) - len(tests))
    ups, downs = ([one[side] for one in found] for side in (0, 1))
    told = [_adjusted(values, others, as_family=config.decide.family == "run") for values in (ups, downs)]
    clear = {test: min(up, down) < config.decide.error for test, up, down in zip(tests, *told, strict=True)}
    return frozenset(
        name
        for name, of in limits.items()
        if _has_enough(config, judged[name]) and all(clear[name, limit] for limit in of)
    )


def _has_enough(config: MonitorConfig, judged: _Judged) -> bool:
    """Whether as many rows, and as large a share of the asked, are scored as a verdict wants."""
    least = config.quality.min_coverage or 0.0
    return judged.rows >= config.decide.min_scored and judged.rows >= least * judged.asked


def _claims(judged: _Judged, limit: Threshold, carried: Carried) -> tuple[float, float]:
    """The p-values that the pass rate is above the limit and below it."""
    if not judged.rows:
        return 1.0, 1.0
    alone, before = p_values([judged.part], limit.limit, carried.population), carried.parts.get(limit, ())
    if not before:
        return alone
    together = p_values([judged.part, *before], limit.limit)
    return both(alone, together, judged.passed / judged.rows, limit.limit)


def _adjusted(p_values: Sequence[float], others: Sequence[float], *, as_family: bool) -> Sequence[float]:
    return holm([*p_values, *others])[: len(p_values)] if as_family else p_values
