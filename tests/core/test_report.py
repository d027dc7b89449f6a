import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from configs.load import built_in_metrics
from tasks.core.decide import Rule
from tasks.core.drift.judge import Pair, bridge_measures
from tasks.core.drift.tokens import TokenDrift
from tasks.core.manifest import Counts, EvaluatorUse, Manifest, MetricCounts
from tasks.core.measure import Measure
from tasks.core.quality.pass_rate import Drawn, Tally, quality_measures
from tasks.core.report.render import render_report
from tasks.core.report.summary import summary
from tasks.core.report.view import Failure, Point, ReportView, beside, metric_views, segment_rows, word_clouds
from tasks.core.safety.measures import injection_share, redaction_counts
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
        beside=beside(measures),
        segments=segment_rows(measures),
        words={},
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


def charts(page: str) -> Any:
    found = re.search(r'<script type="application/json" id="charts">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_the_change_since_the_last_window_is_shown_in_points() -> None:
    found = view(point(0, 0.7), point(1, 0.6))
    assert found.metrics[0].change == pytest.approx(-0.1)
    assert "| −10.0 points |" in summary(found)


@pytest.mark.parametrize("before", [point(0, 0.7, "judge-b"), point(0, None)])
def test_nothing_is_compared_across_judges_or_with_a_window_without_scores(before: Point) -> None:
    assert view(before, point(1, 0.6)).metrics[0].change is None


def test_a_chart_knows_the_judge_of_every_point() -> None:
    """The page's script draws one line for each judge and says that it changed."""
    page = render_report(view(point(0, 0.7, "judge-b"), point(1, 0.6)))
    assert [one["judge"] for one in charts(page)[0]["history"]] == ["judge-b", "judge-a"]
    assert "the judge changed" in page


def test_the_histogram_holds_the_rows_of_each_score() -> None:
    assert charts(render_report(view(point(0, 0.6))))[0]["histogram"] == [40, 0, 0, 0, 60]


def test_what_was_not_measured_is_a_dash_and_never_zero() -> None:
    found = view(point(0, None), histogram={})
    assert "| fluency | – | – | 70.0% | 0.0% | ⚪ no data | – |" in summary(found)
    assert "NaN" not in render_report(found).split("<script>")[0]


def test_scores_of_the_local_evaluator_say_so_everywhere() -> None:
    note = "no substitute for a judge"
    assert note in render_report(view(point(0, 0.6), provider="local"))
    assert note in summary(view(point(0, 0.6), provider="local"))
    assert note not in render_report(view(point(0, 0.6)))


def test_an_empty_answer_is_shown_as_empty() -> None:
    assert "<dd><i>empty</i></dd>" in render_report(view(point(0, 0.6)))


def test_the_page_asks_nobody_for_anything() -> None:
    page = render_report(view(point(0, 0.6)))
    own = page.split("<script>")[0]
    assert not re.search(r"https?://|//cdn|@import|url\(", own)
    assert len(page) < 1_500_000


def test_the_judge_and_safety_stand_beside_the_quality() -> None:
    page = view(point(0, 0.6))
    shift = bridge_measures([Pair(metric="fluency", pass_at=3, before=3, now=2 + n % 2) for n in range(4)], 0.95)
    shown = [
        *shift,
        *redaction_counts({"credit_card": 3}, 100),
        injection_share([True] * 2 + [False] * 98, Rows(confidence=0.95)),
    ]
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", render_report(replace(page, beside=beside(shown)))))
    assert "judge bridge shift fluency −0.50" in text
    assert "redacted credit card 3 – 100" in text
    assert "injection suspected share 2.0%" in text


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


def test_what_people_and_local_scores_make_of_a_pass_rate_is_shown() -> None:
    corrected = Measure(
        signal="quality",
        subject="fluency",
        measure="pass_rate_corrected",
        value=0.61,
        low=0.52,
        high=0.7,
        n=90,
        unit="share",
    )
    text = re.sub(
        r"\s+", " ", re.sub(r"<[^>]+>", " ", render_report(replace(view(point(0, 0.6)), beside=beside([corrected]))))
    )
    assert "Pass rates corrected and assisted" in text
    assert "fluency pass rate corrected 61.0% 52.0% to 70.0% 90" in text


def test_the_words_of_a_drift_are_shown_with_their_shares_and_without_their_markup() -> None:
    token = TokenDrift(token="<b>refund", share_before=0.1, share_now=0.6, contribution=0.2, part=0.5)
    drift = Measure(signal="drift", subject="prompt", measure="p_value", value=0.005, n=90, unit="ratio")
    clouds = word_clouds({"prompt": (token,), "completion": (token,)}, [drift], 0.05)
    page = render_report(replace(view(point(0, 0.6)), words=clouds, beside=beside([drift])))
    assert 'class="word w5 more" title="10.0% of the texts before, 60.0% now">&lt;b&gt;refund</span>' in page
    assert "Words of completions" not in page
