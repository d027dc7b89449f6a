"""Builders of what a report is made from: windows as they were published, without a store."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from tasks.core.alert import Alert, Status
from tasks.core.decide import Rule
from tasks.core.manifest import Counts, EvaluatorUse, Manifest, MetricCounts
from tasks.core.measure import Measure
from tasks.core.quality.pass_rate import Drawn, Tally, quality_measures
from tasks.core.report.history import History, WindowResults
from tasks.core.report.places import interactions_page, run_page
from tasks.core.report.site import Site
from tasks.core.stats.rows import Rows
from tasks.core.verdict import Direction, Severity, State, Threshold
from tests.builders import FLUENCY, HOUR, SIX, judged

LIMIT = Threshold(address="quality.fluency.pass_rate", limit=0.7, direction=Direction.MIN)
NOTHING = {name: 0 for name in Counts.model_fields if name not in {"metrics", "quarantined_by_reason"}}


def measure(address: str, value: float | None, **fields: Any) -> Measure:
    """A measure of 100 rows."""
    signal, subject, name = address.split(".")
    given: dict[str, Any] = {"n": 100, "unit": "share"} | fields
    return Measure(signal=signal, subject=subject, measure=name, value=value, **given)


def window(
    hour: int,
    passed: int | None = 90,
    *more: Measure,
    judge: str = "judge-a-0",
    revisions: Sequence[int] = (0,),
    alerts: Sequence[Alert] = (),
) -> WindowResults:
    """One hour in which so many of 100 interactions passed fluency against a limit of 70 %; None: none was scored."""
    tally = Tally(
        histogram={} if passed is None else {1: 100 - passed, 5: passed},
        unscored={"timeout": 5},
        not_applicable=0,
        not_asked={},
    )
    measures = quality_measures(FLUENCY, tally, Drawn(rows=Rows(confidence=0.95)))
    verdict = judged(LIMIT, measures, Rule(min_n=30, min_coverage=0.9))
    start = SIX + hour * HOUR
    return WindowResults(
        manifest=Manifest(
            monitor="bot",
            window_start=start,
            window_end=start + HOUR,
            revision=revisions[-1],
            status=verdict.state.value,
            scheduled=True,
            started_at=start + HOUR,
            finished_at=start + HOUR,
            config_hash="c0ffee",
            objects=(),
            counts=Counts(**NOTHING, quarantined_by_reason={}, metrics={"fluency": MetricCounts.of(tally)}),
            evaluator=EvaluatorUse(
                provider="openai",
                calls=100,
                judged=100,
                reused=0,
                prompt_tokens=5000,
                cached_tokens=None,
                completion_tokens=900,
                cost_usd=0.25,
                models=(judge,),
                stopped=None,
            ),
            fingerprints={"fluency": judge},
            verdicts=(),
            findings=("fluency 0.52 where tier = free (n = 40), 1.00 elsewhere",),
            warnings=("two lines are in quarantine",),
        ),
        revisions=tuple(revisions),
        measures=[*measures, *more],
        verdicts=[verdict],
        alerts=alerts,
    )


def alert(hour: int, status: Status = Status.OPEN, address: str = LIMIT.address, **fields: Any) -> Alert:
    """An alert as one hour left it."""
    given: dict[str, Any] = {
        "key": f"bot:{address.partition('[')[0]}",
        "address": address,
        "status": status,
        "state": State.BREACH,
        "severity": Severity.CRITICAL,
        "since": SIX,
        "window_start": SIX + hour * HOUR,
        "value": 0.5,
        "limit": 0.7,
        "explanation": "fluency pass rate 0.500 is below 0.7: breach",
        "created_at": SIX,
    }
    return Alert(**(given | fields))


def site(*windows: WindowResults, **fields: Any) -> Site:
    """A monitor of fluency with these windows."""
    given: dict[str, Any] = {
        "monitor": "bot",
        "description": "Answers questions",
        "every": HOUR,
        "grace": HOUR / 4,
        "metrics": {"fluency": FLUENCY},
        "is_local": False,
        "history": History.of(windows),
        "alerts": windows[-1].alerts if windows else (),
        "words": {},
        "alpha": 0.05,
        "earlier": 0,
        "written": frozenset(
            page(one.window.key, number)
            for one in windows
            for number in one.revisions
            for page in (run_page, interactions_page)
        ),
        "moment": datetime(2026, 11, 20, 20, tzinfo=UTC),
    }
    return Site(**(given | fields))
