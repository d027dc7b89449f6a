"""What stands behind an alert that is told: failing interactions, the windows before, and where to look."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from configs.monitor import MonitorConfig
from tasks.adapters.telling import behind
from tasks.core.alert import Event, Status
from tasks.core.run import Outcome
from tasks.core.verdict import State
from tasks.core.window import Window
from tasks.notify import tell_all
from tests.builders import HOUR, SIX, answered, asked, judged_by, write_logs, write_pairs
from tests.news import alert
from tests.servers.evaluator import user_text, verdict
from tests.servers.http import HttpServer, Received, Reply, serve
from tests.servers.slack import CHANNEL, TOKEN, Slack, shown
from tests.servers.slack import slack as serve_slack
from tests.tasks.test_judging import Run

RATE = "quality.fluency.pass_rate"


def judged(received: Received) -> Reply:
    """Even numbers fail, the later the window the lower; `-4?` is the worst."""
    number = int(user_text(received).split("Question ")[1].split("?")[0].rsplit("-", 1)[1])
    return verdict((1 if number == 4 else 2) if number % 2 == 0 else 5)


@pytest.fixture
def judge() -> Iterator[HttpServer]:
    with serve(judged) as running:
        yield running


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slack]:
    with serve_slack() as running:
        monkeypatch.setenv("TEST_SLACK_TOKEN", TOKEN)
        yield running


def watched(folder: Path, judge: HttpServer, slack: Slack, **changes: Any) -> MonitorConfig:
    bot = {"token": "env:TEST_SLACK_TOKEN", "channel": CHANNEL, "api_url": slack.url}
    report = {"base_url": "https://reports.example"}
    own = {"alerts": {"slack": bot}, "report": report, "decide": {"by": "estimate"}} | changes
    return judged_by(judge.url, folder, **own)


def run_of(config: MonitorConfig, start: datetime = SIX) -> tuple[Run, Outcome]:
    run = Run(config, window=Window(start=start, end=start + HOUR))
    return run, Outcome(collected=run.collected, scored=run.scored, assessed=run.assessed)


def tell(config: MonitorConfig, start: datetime = SIX) -> tuple[tuple[str, ...], int]:
    run, outcome = run_of(config, start)
    return tell_all(config, run.job, outcome, "https://prefect.example/runs/1", run.store)


def test_the_worst_failures_are_shown_with_the_places_where_they_are(
    tmp_path: Path, judge: HttpServer, slack: Slack
) -> None:
    write_pairs(tmp_path, 20)
    assert tell(watched(tmp_path, judge, slack)) == ((), 1)
    (message,) = slack.top
    lines = shown(message).splitlines()
    asked_for = [line for line in lines if line.startswith("Q: ")]
    assert (asked_for[0], len(asked_for)) == ("Q: Question 2006-4?", 3)
    sent = json.dumps(message["blocks"])
    root = "https://reports.example/bot/report"
    assert f"{root}/window=20261120T0600Z/rev=0-interactions.html#i=2006-4" in sent
    assert f"{root}/metric-fluency.html" in sent
    assert "https://prefect.example/runs/1" in sent


def test_nothing_is_sent_when_nothing_changed(tmp_path: Path, judge: HttpServer, slack: Slack) -> None:
    config = watched(tmp_path, judge, slack)
    for hour in range(3):
        write_pairs(tmp_path, 20, SIX + hour * HOUR)
        assert tell(config, SIX + hour * HOUR) == ((), 1 if hour == 0 else 0)
    assert slack.calls() == ["chat.postMessage"]


def test_windows_that_were_not_run_and_those_of_another_judge_are_gaps(
    tmp_path: Path, judge: HttpServer, slack: Slack
) -> None:
    config = watched(tmp_path, judge, slack)
    other = config.model_copy(update={"evaluator": config.evaluator.model_copy(update={"model": "judge-2"})})
    for hour, one in {0: other, 1: config, 3: config}.items():
        write_pairs(tmp_path, 20, SIX + hour * HOUR)
        run_of(one, SIX + hour * HOUR)
    write_pairs(tmp_path, 20, SIX + 4 * HOUR)
    run, outcome = run_of(config, SIX + 4 * HOUR)
    (told,) = outcome.assessed.alerts
    assert told.news == {"slack": Event.OPENED}, "nobody was told before"
    (trend,) = behind(config, run.job, outcome, run.store).trends.values()
    assert trend.values[-5:] == [None, 0.5, None, 0.5, 0.5]
    assert (len(trend.values), trend.limit) == (24, 0.7)


def test_the_failures_of_a_segment_are_shown_for_its_alert(tmp_path: Path, judge: HttpServer, slack: Slack) -> None:
    columns = {"prompt": "question", "completion": "answer", "context": "documents", "model_version": "model"}
    config = watched(tmp_path, judge, slack, source={"columns": columns}, segments=["model_version"])
    ids = [f"2006-{number}" for number in range(20)]
    lines = [asked(one, SIX, f"Question {one}?", model="a" if place < 10 else "b") for place, one in enumerate(ids)]
    write_logs(tmp_path, "inputs", SIX, lines)
    write_logs(tmp_path, "outputs", SIX, [answered(one, SIX) for one in ids])
    run, outcome = run_of(config)
    (whole,) = outcome.assessed.alerts
    part = whole.model_copy(update={"address": f"{RATE}[model_version=b]"})
    changed = Outcome(
        collected=run.collected,
        scored=run.scored,
        assessed=type(run.assessed)(
            measures=run.assessed.measures, verdicts=(), alerts=(part,), metrics=run.assessed.metrics
        ),
    )
    (examples,) = behind(config, run.job, changed, run.store).examples.values()
    assert [one.interaction_id for one in examples] == ["2006-10", "2006-12", "2006-14"]


@pytest.mark.parametrize(
    "changes",
    [
        {"address": "quality.fluency.coverage"},
        {"address": "operations.latency_ms.p95"},
        {"status": Status.RECOVERED, "state": State.OK, "news": {"slack": Event.RECOVERED}},
        {"news": {}},
    ],
)
def test_an_alert_about_no_failures_shows_none(
    tmp_path: Path, judge: HttpServer, slack: Slack, changes: dict[str, Any]
) -> None:
    write_pairs(tmp_path, 20)
    config = watched(tmp_path, judge, slack)
    run, outcome = run_of(config)
    other = alert(**{"address": RATE, "news": {"slack": Event.OPENED}} | changes)
    assessed = type(run.assessed)(measures=(), verdicts=(), alerts=(other,), metrics=run.assessed.metrics)
    changed = Outcome(collected=run.collected, scored=run.scored, assessed=assessed)
    assert not any(behind(config, run.job, changed, run.store).examples.values())
    assert outcome.assessed.alerts


def test_a_secret_that_is_missing_is_a_warning_and_the_next_run_tells(
    tmp_path: Path, judge: HttpServer, slack: Slack, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = watched(tmp_path, judge, slack)
    for hour in range(2):
        write_pairs(tmp_path, 20, SIX + hour * HOUR)
    monkeypatch.delenv("TEST_SLACK_TOKEN")
    (why,), told = tell(config)
    assert told == 0
    assert why.startswith("slack: alerts.slack.token: the environment variable TEST_SLACK_TOKEN is not set")
    monkeypatch.setenv("TEST_SLACK_TOKEN", TOKEN)
    assert tell(config, SIX + HOUR) == ((), 1)
