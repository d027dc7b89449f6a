"""Alerts from run to run: one for each cause, answered on the command line, amended by late data."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prefect.client.schemas.objects import State
from typer.testing import CliRunner

from configs.load import load_monitor
from configs.monitor import MonitorConfig
from flows.backfill import backfill
from flows.cli import app
from flows.monitor import monitor as monitor_flow
from tasks.adapters.alert_books import book_before, read_book
from tasks.core.alert import Alert, Status
from tasks.core.errors import ConfigError
from tests.builders import HOUR, SIX, judged_by, monitor, store_of, write_monitor_file, write_pairs
from tests.schedule import scheduled
from tests.servers.evaluator import said, verdict
from tests.servers.http import HttpServer, Reply, serve
from tests.servers.slack import CHANNEL, TOKEN, Slack, shown
from tests.servers.slack import slack as serve_slack

pytestmark = pytest.mark.usefixtures("prefect_server")
SALAD = "the the of of is is the the"
BAD = dict.fromkeys(range(30), SALAD)
QUARTER = timedelta(minutes=15)


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpServer]:
    with serve(lambda _: Reply(content=b"ok")) as running:
        monkeypatch.setenv("TEST_SLACK", f"{running.url}/services/T0/B0/sesame")
        yield running


def monitor_file(folder: Path, **alerts: object) -> Path:
    """A monitor file over logs in the folder, which tells Slack."""
    channel = {"slack": "env:TEST_SLACK"} | alerts
    return write_monitor_file(folder, f"alerts: {json.dumps(channel)}\n")


def run(config: MonitorConfig, start: int = 0, hours: int = 1) -> None:
    state: State[Any] = monitor_flow(config, SIX + start * HOUR, SIX + (start + hours) * HOUR, return_state=True)
    assert state.is_completed(), state.message


def now_of(config: MonitorConfig) -> tuple[Alert, ...]:
    return book_before(store_of(config)).alerts


def told(slack: HttpServer) -> list[str]:
    return [received.body["text"].split(",")[0].removeprefix("bot: ") for received in slack.received]


def genwatch(*arguments: object) -> str:
    found = CliRunner(env={"USER": "sam"}).invoke(app, ["alerts", *map(str, arguments)])
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    assert found.exit_code == 0, found.output
    return found.stdout


def test_alerts_are_listed_acknowledged_and_muted_on_the_command_line(tmp_path: Path, slack: HttpServer) -> None:
    for hour in range(3):
        write_pairs(tmp_path, 40, SIX + hour * HOUR, BAD if hour < 2 else {})
    path = monitor_file(tmp_path)
    config = load_monitor(path)
    run(config)
    (alert,) = now_of(config)
    first, second = genwatch(path).splitlines()
    assert first == f"{alert.id}  open  critical  since 2026-11-20 06:00"
    assert second.strip().startswith("fluency pass rate 0.250 ")
    assert "acknowledged by sam" in genwatch(path, "ack", alert.id)
    assert "acknowledged  critical" in genwatch(path, "list")
    run(config, 1)
    assert now_of(config)[0].status is Status.ACKNOWLEDGED
    until = datetime.now(UTC) + timedelta(days=1)
    muted = genwatch(path, "mute", alert.id, "--until", f"{until:%Y-%m-%dT%H:%MZ}", "--by", "\x1b[31mkim\n")
    assert f"muted until {until:%Y-%m-%d %H:%M}" in muted
    run(config, 2)
    assert "recovered  critical" in genwatch(path)
    assert told(slack) == ["1 breach"]
    genwatch(path, "unmute", alert.id)
    run(config, 2)
    assert told(slack) == ["1 breach", "1 recovered"]
    actions = [json.loads(one.read_text()) for one in sorted((tmp_path / "store/bot/alert-actions").iterdir())]
    assert [(one["action"], one["by"]) for one in actions] == [
        ("acknowledge", "sam"),
        ("mute", "[31mkim"),
        ("unmute", "sam"),
    ]


def test_what_cannot_be_done_about_an_alert_is_said(tmp_path: Path, slack: HttpServer) -> None:
    write_pairs(tmp_path, 40, answers=BAD)
    path = monitor_file(tmp_path, after=2)
    config = load_monitor(path)
    run(config)
    (alert,) = now_of(config)
    with pytest.raises(ConfigError, match=f"no alert 'x'; there are: {alert.id} .quality.fluency.pass_rate."):
        genwatch(path, "ack", "x")
    with pytest.raises(ConfigError, match="is pending; only an open one can be acknowledged"):
        genwatch(path, "ack", alert.id)
    with pytest.raises(ConfigError, match="--until 2020-01-01T00:00Z has passed"):
        genwatch(path, "mute", alert.id, "--until", "2020-01-01")
    assert told(slack) == []


def test_one_judge_outage_is_one_alert_that_names_the_metrics(tmp_path: Path, slack: HttpServer) -> None:
    write_pairs(tmp_path, 20)
    limits = {key: {"min_pass_rate": 0.7} for key in ("fluency", "coherence", "groundedness")}
    with serve(lambda _: said("no idea")) as judge:
        config = judged_by(judge.url, tmp_path, quality={"metrics": limits}, alerts={"slack": "env:TEST_SLACK"})
        run(config)
        (alert,) = now_of(config)
        assert (alert.key, told(slack)) == ("bot:judging", ["1 breach"])
        assert "too few of the asked were scored for 3 metrics: fluency 0, coherence 0" in alert.explanation
        judge.answer = lambda _: verdict(5)
        run(config)
    assert told(slack) == ["1 breach", "1 recovered"]


def test_backfilled_windows_between_do_not_tell_an_open_alert_again(tmp_path: Path, slack: HttpServer) -> None:
    for hour in range(4):
        write_pairs(tmp_path, 40, SIX + hour * HOUR, BAD)
    config = load_monitor(monitor_file(tmp_path))
    run(config)
    backfill(config, SIX + HOUR, SIX + 4 * HOUR, 1)
    (alert,) = now_of(config)
    assert (alert.since, alert.openings) == (SIX, 1)
    assert told(slack) == ["1 breach"]


def test_an_amendment_that_could_not_be_told_is_told_by_the_next_run(tmp_path: Path, slack: HttpServer) -> None:
    config = load_monitor(monitor_file(tmp_path))
    write_pairs(tmp_path, 40, answers=BAD)
    scheduled(config, SIX + HOUR + QUARTER)
    write_pairs(tmp_path, 40, SIX + HOUR, BAD)
    scheduled(config, SIX + 2 * HOUR + QUARTER)
    write_pairs(tmp_path, 40)
    slack.answer = lambda _: Reply(status=404)
    run(config)
    assert len(store_of(config).list("alerts-untold/")) == 1
    slack.answer = lambda _: Reply(content=b"ok")
    run(config, 1)
    assert told(slack) == ["1 breach", "1 amended", "1 amended"]
    assert "Amended (2026-11-20 06:00): was breach, is ok" in json.dumps(slack.received[-1].body)
    assert store_of(config).list("alerts-untold/") == []
    assert not read_book(store_of(config), f"{SIX:%Y%m%dT%H%MZ}", 1).alerts[0].news
    run(config)
    assert told(slack)[3:] == []


def test_alerts_of_another_version_are_begun_anew(tmp_path: Path, slack: HttpServer) -> None:
    for hour in range(2):
        write_pairs(tmp_path, 40, SIX + hour * HOUR, BAD)
    config = load_monitor(monitor_file(tmp_path))
    run(config)
    store_of(config).put(f"alerts/window={SIX:%Y%m%dT%H%MZ}/rev=0.json", b'{"alerts": [{"event": "still_open"}]}')
    store_of(config).put("alert-actions/20991231T000000000000Z-x.json", b"torn")
    run(config, 1)
    assert told(slack) == ["1 breach", "1 breach"]


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slack]:
    with serve_slack() as running:
        monkeypatch.setenv("TEST_SLACK_TOKEN", TOKEN)
        monkeypatch.setenv("TEST_SLACK", f"{running.server.url}/services/T0/B0/sesame")
        yield running


def test_a_bot_tells_in_the_thread_of_the_first_message_and_keeps_that_up_to_date(
    tmp_path: Path, workspace: Slack
) -> None:
    for hour in range(4):
        write_pairs(tmp_path, 40, SIX + hour * HOUR, BAD if hour < 3 else {})
    bot = {
        "token": "env:TEST_SLACK_TOKEN",
        "channel": CHANNEL,
        "api_url": workspace.url,
        "mentions": {"critical": "here"},
    }
    config = load_monitor(monitor_file(tmp_path, slack=bot, renotify="0s"))
    run(config)
    (first,) = workspace.top
    assert shown(first).startswith("🔴 Breach: fluency pass rate\n<!here>\nfluency pass rate 0.250 ")
    assert shown(first).count("Q: Question") == 3
    run(config, 1, hours=2)
    run(config, 3)
    assert workspace.calls() == ["chat.postMessage", *["chat.update", "chat.postMessage"] * 3]
    (timestamp,) = [stamp for stamp, one in workspace.messages.items() if one["thread_ts"] is None]
    assert [shown(one).split(" (")[0].split(":")[0] for one in workspace.replies(timestamp)] == [
        "🟠 Still open",
        "🟠 Still open",
        "🟢 Recovered",
    ]
    last = shown(workspace.messages[timestamp])
    assert last.startswith("🟢 Recovered: fluency pass rate\n")
    assert "▁▁▁█ 0.250 → 1.000 in 4 windows, limit 0.7 at ▅" in last
    assert "<!here>" not in last
    assert now_of(config)[0].told["slack"].thread == f"{CHANNEL}:{timestamp}"


def test_a_digest_tells_of_warnings_once_also_where_it_failed_at_first(tmp_path: Path, workspace: Slack) -> None:
    for hour in range(4):
        write_pairs(tmp_path, 40, SIX + (16 + hour) * HOUR, BAD if hour == 0 else {})
    limit = {"fluency": {"min_pass_rate": 0.7, "severity": "warning"}}
    config = monitor(tmp_path, quality={"metrics": limit}, alerts={"slack": "env:TEST_SLACK", "digest": "daily"})
    run(config, 16)
    assert workspace.server.received == [], "a warning waits"
    workspace.refuses = [Reply(status=404)]
    run(config, 17, hours=2)
    texts = [received.body["text"] for received in workspace.server.received]
    assert (
        texts == ["bot: 1 opened, 1 recovered, 0 still open in 2 windows, 2026-11-20 00:00 – 2026-11-21 00:00 UTC"] * 2
    )
    assert "fluency: 0.625 of 80 rows" in shown(workspace.server.received[-1].body)
    run(config, 18)
    run(config, 19)
    assert len(workspace.server.received) == 2
