from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from configs.load import built_in_metrics
from tasks.core.decide import Rule
from tasks.core.manifest import Counts, EvaluatorUse, Manifest, MetricCounts
from tasks.core.quality.pass_rate import Drawn, Tally, quality_measures
from tasks.core.report.summary import summary
from tasks.core.report.view import Failure, Point, ReportView, metric_views
from tasks.core.stats.rows import Rows
from tasks.core.verdict import Direction, Threshold
from tests.builders import judged

START = datetime(2026, 11, 20, 6, tzinfo=UTC)
FLUENCY = built_in_metrics()["fluency"].metric(None)


def point(hour: int, value: float | None, judge: str = "judge-a") -> Point:
    low, high = (None, None) if value is None else (value - 0.05, value + 0.05)
    start = START + timedelta(hours=hour)
    return Point(window_start=start, value=value, low=low, high=high, n=100, fingerprint=judge)


def view(*history: Point, provider: str = "openai", histogram: dict[int, int] | None = None) -> ReportView:
    tally = Tally(
        histogram={1: 40, 5: 60} if histogram is None else histogram,
        unscored={"timeout": 5},
        not_applicable=3,
        not_asked={},
    )
    measures = quality_measures(FLUENCY, tally, Drawn(rows=Rows(confidence=0.95)))
    threshold = Threshold(address="quality.fluency.pass_rate", limit=0.7, direction=Direction.MIN)
    verdict = judged(threshold, measures, Rule(min_n=30, min_coverage=0.9))
    counts: dict[str, Any] = dict.fromkeys(
        [
            "lines_read",
            "inputs",
            "outputs",
            "quarantined",
            "quarantined_objects",
            "joined",
            "orphan_inputs",
            "duplicate_inputs",
            "orphan_outputs",
            "duplicate_outputs",
            "sampled",
            "not_sampled",
        ],
        0,
    )
    manifest = Manifest(
        monitor="bot",
        window_start=START,
        window_end=START + timedelta(hours=1),
        revision=0,
        status="breach",
        scheduled=True,
        started_at=START,
        finished_at=START,
        config_hash="c0ffee",
        objects=(),
        counts=Counts(**counts, quarantined_by_reason={}, metrics={"fluency": MetricCounts.of(tally)}),
        evaluator=EvaluatorUse(
            provider=provider,
            calls=1,
            judged=1,
            reused=0,
            prompt_tokens=None,
            cached_tokens=None,
            completion_tokens=None,
            cost_usd=None,
            models=(),
            stopped=None,
        ),
        fingerprints={"fluency": "judge-a"},
        verdicts=(),
        warnings=("two lines are in quarantine",),
    )
    return ReportView(
        manifest=manifest,
        description="",
        metrics=metric_views({"fluency": FLUENCY}, measures, [verdict], {"fluency": history}),
        other_verdicts=(),
        failures=[
            Failure(
                interaction_id="x",
                event_time=START,
                metric="fluency",
                score=1.0,
                reason="bad",
                texts={"prompt": "p", "completion": ""},
            )
        ],
        failed_judgements=40,
    )


def test_the_change_since_the_last_window_is_shown_in_points() -> None:
    found = view(point(0, 0.7), point(1, 0.6))
    assert found.metrics[0].change == pytest.approx(-0.1)
    assert "| −10.0 points |" in summary(found)


@pytest.mark.parametrize("before", [point(0, 0.7, "judge-b"), point(0, None)])
def test_nothing_is_compared_across_judges_or_with_a_window_without_scores(before: Point) -> None:
    assert view(before, point(1, 0.6)).metrics[0].change is None


def test_what_was_not_measured_is_a_dash_and_never_zero() -> None:
    found = view(point(0, None), histogram={})
    assert "| fluency | – | – | 70.0% | 0.0% | ⚪ no data | – |" in summary(found)


def test_scores_of_the_local_evaluator_say_so() -> None:
    note = "no substitute for a judge"
    assert note in summary(view(point(0, 0.6), provider="local"))
    assert note not in summary(view(point(0, 0.6)))


def test_a_segment_cannot_speak_in_the_summary() -> None:
    page = view(point(0, 0.6))
    told = page.metrics[0].verdict
    assert told is not None
    hostile = replace(
        told, explanation="pass rate of model_version ![x](http://evil.example/x.png) <b>is</b> below 0.7"
    )
    text = summary(replace(page, other_verdicts=[hostile]))
    assert r"\!\[x\](http:\//evil.example/x.png) \<b\>is\</b\>" in text
    assert "![x]" not in text
    assert "http://evil" not in text
