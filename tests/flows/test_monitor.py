import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from prefect.artifacts import Artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterKey,
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import State
from prefect.states import Completed

from configs.monitor import MonitorConfig
from flows.monitor import monitor as monitor_flow
from flows.monitor import published_of
from tasks.adapters.results import key, read_table
from tasks.adapters.secret import resolve
from tasks.adapters.storage import read_bytes
from tasks.core.alert import AlertBook
from tasks.core.manifest import check_counts
from tasks.due import due_jobs
from tasks.publish import newest_revisions
from tests.builders import (
    HOUR,
    SIX,
    WINDOW,
    answered,
    asked,
    judged_by,
    manifest_of,
    monitor,
    store_of,
    write_logs,
    write_pairs,
)
from tests.core.report.test_pages import Read
from tests.schedule import scheduled
from tests.servers.evaluator import failure, said, user_text, verdict
from tests.servers.http import HttpServer, Reply, serve

pytestmark = pytest.mark.usefixtures("prefect_server")
QUARTER = timedelta(minutes=15)
SALAD = "the the of of is is the the"


def run(config: MonitorConfig, hours: int = 1, start: int = 0) -> State[Any]:
    first = SIX + start * HOUR
    state: State[Any] = monitor_flow(config, first, first + hours * HOUR, return_state=True)
    return state


def alerts_of(config: MonitorConfig, hour: int = 0, revision: int = 0) -> list[tuple[str, str, bool]]:
    place = f"alerts/window={SIX + hour * HOUR:%Y%m%dT%H%MZ}/rev={revision}.json"
    book = AlertBook.model_validate_json(read_bytes(store_of(config), place))
    return [(alert.address, (alert.emits or alert.status).value, not alert.news) for alert in book.alerts]


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpServer]:
    with serve(lambda _: Reply(content=b"ok")) as running:
        monkeypatch.setenv("TEST_SLACK", f"{running.url}/services/T0/B0/sesame")
        yield running


def test_a_run_publishes_everything_that_the_store_promises(tmp_path: Path) -> None:
    write_pairs(tmp_path, 40)
    config = monitor(tmp_path)
    state = run(config)
    assert (state.name, state.message) == ("Completed", "ok in 2026-11-20 06:00–07:00")
    keys = {stored.key for stored in store_of(config).list("") if not stored.key.startswith(("scores/", "halves/"))}
    place = f"window={WINDOW.key}/rev=0"
    kinds = ("interactions", "measures", "quarantine", "verdicts", "words")
    results = {stored for stored in keys if not stored.startswith("report/")}
    assert results == {f"{kind}/{place}.parquet" for kind in kinds} | {f"alerts/{place}.json", f"runs/{place}.json"}
    assert keys > {"report/index.html", "report/metric-fluency.html", "report/operations.html"}
    manifest = manifest_of(config)
    check_counts(manifest.counts)
    assert (manifest.status, manifest.counts.lines_read, manifest.counts.metrics["fluency"].scored) == ("ok", 80, 40)
    assert [one.uri.rsplit("/", 6)[1] for one in manifest.objects] == ["model_inputs", "model_outputs"]


def test_results_are_read_by_duckdb_alone(tmp_path: Path) -> None:
    write_pairs(tmp_path, 40)
    config = monitor(tmp_path)
    run(config)
    root = config.store.removeprefix("file://")
    with duckdb.connect() as engine:
        engine.execute(f"SELECT value, low, n FROM '{root}/bot/measures/*/*.parquet' WHERE measure = 'pass_rate'")
        assert engine.fetchall() == [(1.0, pytest.approx(0.912, abs=0.001), 40)]
        engine.execute(f"SELECT verdict FROM '{root}/bot/verdicts/*/*.parquet' WHERE measure = 'pass_rate'")
        assert engine.fetchall() == [("ok",)]


def test_a_breach_is_a_finding_and_not_a_failure(tmp_path: Path) -> None:
    write_pairs(tmp_path, 40, answers=dict.fromkeys(range(30), SALAD))
    config = monitor(tmp_path)
    state = run(config)
    assert state.is_completed()
    assert (state.name, state.message) == ("Breach", "1 breach in 2026-11-20 06:00–07:00: fluency")
    assert alerts_of(config) == [("quality.fluency.pass_rate", "opened", True)]


def test_runs_are_named_by_the_monitor_and_their_windows(tmp_path: Path) -> None:
    config = monitor(tmp_path, name="named-bot")
    state = run(config, hours=2)
    with get_client(sync_client=True) as client:
        whole = client.read_flow_run(state.state_details.flow_run_id)
        of_tag = FlowRunFilter(tags=FlowRunFilterTags(all_=["genwatch", "named-bot"]))
        windows = client.read_flow_runs(flow_run_filter=of_tag)
        in_windows = FlowRunFilter(id=FlowRunFilterId(any_=[one.id for one in windows]))
        tasks = client.read_task_runs(flow_run_filter=in_windows)
    assert len(tasks) == 12
    assert not any(one.tags for one in tasks), "the server is asked for a slot for each tag of a task"
    assert whole.name == "named-bot 2026-11-20 06:00–08:00 (2 windows)"
    assert sorted(one.name for one in windows) == [
        f"named-bot 2026-11-20 {hours}" for hours in ("06:00–07:00", "07:00–08:00")
    ]


def test_prefect_shows_summary_worst_and_report_by_keys_of_the_monitor(tmp_path: Path) -> None:
    write_pairs(tmp_path, 40, answers=dict.fromkeys(range(30), SALAD))
    config = monitor(tmp_path, name="shown-bot")
    run(config)
    summary = Artifact.get("shown-bot-summary")
    assert summary is not None
    assert str(summary.data).startswith("# 🔴 breach: shown-bot\n")
    assert "| fluency | 25.0% | 12.7% to 41.2% | 70.0% | 100.0% | 🔴 breach | – |" in str(summary.data)
    worst = Artifact.get("shown-bot-worst")
    assert worst is not None
    rows = json.loads(str(worst.data))
    assert len(rows) == 20
    assert rows[0]["completion"] == SALAD
    report = Artifact.get("shown-bot-report")
    assert report is not None
    assert "report/index.html" in str(report.data)
    with get_client(sync_client=True) as client:
        progress = client.read_artifacts(
            artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=["shown-bot-progress"]))
        )
    assert [artifact.data for artifact in progress] == [100.0]


def test_slack_is_told_of_a_breach_once_and_of_its_recovery(tmp_path: Path, slack: HttpServer) -> None:
    for hour in range(3):
        bad = dict.fromkeys(range(30), SALAD) if hour < 2 else {}
        write_pairs(tmp_path, 40, SIX + hour * HOUR, bad)
    config = monitor(tmp_path, alerts={"slack": "env:TEST_SLACK"})
    run(config, hours=3)
    texts = [received.body["text"] for received in slack.received]
    assert texts == ["bot: 1 breach, 2026-11-20 06:00–07:00 UTC", "bot: 1 recovered, 2026-11-20 08:00–09:00 UTC"]
    assert [alerts_of(config, hour)[0][1] for hour in range(3)] == ["opened", "open", "recovered"]


def test_alerts_are_prefect_events_that_automations_can_act_on(tmp_path: Path) -> None:
    for hour in range(2):
        write_pairs(tmp_path, 40, SIX + hour * HOUR, dict.fromkeys(range(30), SALAD) if hour == 0 else {})
    run(monitor(tmp_path, name="eventful-bot"), hours=2)
    resource = "genwatch.alert.eventful-bot:quality.fluency.pass_rate"

    def emitted() -> list[str]:
        with get_client(sync_client=True) as client:
            body = {"filter": {"resource": {"id": [resource]}, "order": "ASC"}}
            events = client._client.post("/events/filter", json=body).json()["events"]
        return [str(event["event"]) for event in events]

    deadline = time.monotonic() + 30
    while len(emitted()) < 2 and time.monotonic() < deadline:
        threading.Event().wait(0.2)
    assert emitted() == ["genwatch.alert.opened", "genwatch.alert.recovered"]


def test_a_slack_failure_loses_nothing_and_the_next_window_tells(tmp_path: Path, slack: HttpServer) -> None:
    for hour in range(2):
        write_pairs(tmp_path, 40, SIX + hour * HOUR, dict.fromkeys(range(30), SALAD))
    config = monitor(tmp_path, alerts={"slack": "env:TEST_SLACK"})
    slack.answer = lambda _: Reply(status=404)
    assert run(config).name == "Breach"
    assert manifest_of(config).status == "breach"
    assert alerts_of(config) == [("quality.fluency.pass_rate", "opened", False)]
    slack.answer = lambda _: Reply(content=b"ok")
    run(config, start=1)
    assert alerts_of(config, 1) == [("quality.fluency.pass_rate", "open", True)]
    assert slack.received[-1].body["text"] == "bot: 1 breach, 2026-11-20 07:00–08:00 UTC"


def test_a_rerun_of_a_window_is_a_new_revision_and_keeps_the_old_one(tmp_path: Path) -> None:
    write_pairs(tmp_path, 40)
    config = monitor(tmp_path)
    run(config)
    write_logs(tmp_path, "outputs", SIX, [], name="late.jsonl")
    write_pairs(tmp_path, 50)
    run(config)
    assert (manifest_of(config).counts.joined, manifest_of(config, revision=1).counts.joined) == (40, 50)
    assert manifest_of(config, revision=1).evaluator.judged == 10


def test_a_rerun_tells_only_what_it_changes(tmp_path: Path, slack: HttpServer) -> None:
    write_pairs(tmp_path, 40, answers=dict.fromkeys(range(30), SALAD))
    config = monitor(tmp_path, alerts={"slack": "env:TEST_SLACK"})
    run(config)
    run(config)
    assert len(slack.received) == 1
    write_pairs(tmp_path, 40)
    run(config)
    assert [received.body["text"].split(",")[0] for received in slack.received] == ["bot: 1 breach", "bot: 1 recovered"]


def test_an_old_window_amends_its_own_record_and_tells_nobody(tmp_path: Path, slack: HttpServer) -> None:
    for hour in range(2):
        write_pairs(tmp_path, 40, SIX + hour * HOUR)
    config = monitor(tmp_path, alerts={"slack": "env:TEST_SLACK"})
    run(config, hours=2)
    write_pairs(tmp_path, 40, SIX, dict.fromkeys(range(30), SALAD))
    run(config)
    assert alerts_of(config, revision=1) == [("quality.fluency.pass_rate", "open", True)]
    assert alerts_of(config, hour=1) == []
    assert slack.received == []


def test_missed_windows_are_caught_up_oldest_first(tmp_path: Path) -> None:
    config = monitor(tmp_path, window={"every": "1h", "grace": "15m", "catch_up": 2})
    store = store_of(config)
    at = SIX + timedelta(minutes=20)
    (first,) = due_jobs(config, store, at, None, None)
    assert first.window.end == SIX
    state: State[Any] = monitor_flow(config, return_state=True)
    assert state.is_completed()
    (done,) = published_of(config, state, {})
    later = done.window.end + 5 * HOUR + timedelta(minutes=20)
    jobs = due_jobs(config, store, later, None, None)
    assert [job.window.start for job in jobs] == [done.window.end, done.window.end + HOUR]


def test_what_a_run_published_is_known_also_where_the_answer_to_its_end_got_lost(tmp_path: Path) -> None:
    write_pairs(tmp_path, 5, SIX)
    config = monitor(tmp_path)
    first = scheduled(config, SIX + HOUR + timedelta(minutes=20))
    before = newest_revisions(config)
    second = scheduled(config, SIX + 2 * HOUR + timedelta(minutes=20))
    assert published_of(config, Completed(), before) == second
    assert len(published_of(config, Completed(), {})) == len(first) + len(second)


def test_a_window_run_by_hand_does_not_hide_the_missed_ones(tmp_path: Path) -> None:
    config = monitor(tmp_path)
    state: State[Any] = monitor_flow(config, return_state=True)
    (done,) = published_of(config, state, {})
    by_hand = done.window.end
    monitor_flow(config, by_hand, by_hand + HOUR)
    jobs = due_jobs(config, store_of(config), by_hand + 3 * HOUR + timedelta(minutes=20), None, None)
    assert [job.window.start for job in jobs] == [by_hand + HOUR, by_hand + 2 * HOUR]


def test_no_data_is_said_and_not_counted_as_zero(tmp_path: Path) -> None:
    config = monitor(tmp_path)
    state = run(config)
    assert state.message == "no data in 2026-11-20 06:00–07:00"
    verdicts = {one.address: (one.verdict, one.value) for one in manifest_of(config).verdicts}
    assert verdicts["quality.fluency.pass_rate"] == ("no_data", None)
    assert alerts_of(config) == []


@pytest.fixture
def judge() -> Iterator[HttpServer]:
    with serve(lambda _: verdict(4)) as running:
        yield running


def test_an_evaluator_that_fails_leaves_the_verdict_undecided_with_a_coverage_alert(
    tmp_path: Path, judge: HttpServer
) -> None:
    write_pairs(tmp_path, 100)
    judge.answer = lambda received: verdict(5) if "-7?" in user_text(received) else said("no idea")
    config = judged_by(judge.url, tmp_path)
    run(config)
    verdicts = {one.address: one.verdict for one in manifest_of(config).verdicts}
    assert verdicts["quality.fluency.pass_rate"] == "undecided"
    assert verdicts["quality.fluency.coverage"] == "breach"
    assert alerts_of(config) == [("quality.fluency.coverage", "opened", True)]
    assert manifest_of(config).counts.metrics["fluency"].unscored == {"unreadable": 99}


def test_a_wrong_key_leaves_the_run_undecided_with_one_alert_that_says_what_to_do(
    tmp_path: Path, judge: HttpServer
) -> None:
    write_pairs(tmp_path, 20)
    judge.answer = lambda _: failure(401)
    metrics = {"fluency": {"min_pass_rate": 0.7}, "coherence": {}}
    config = judged_by(judge.url, tmp_path, name="locked-bot", quality={"metrics": metrics}, concurrency=4)
    state = run(config)
    assert state.is_completed()
    manifest = manifest_of(config)
    assert (manifest.status, manifest.counts.metrics["fluency"].not_asked) == ("undecided", {"key_invalid": 20})
    assert alerts_of(config) == [("operations.judging.prevented_share", "opened", True)]
    assert len(judge.received) <= 4, "no more than were under way"
    summary = Artifact.get("locked-bot-summary")
    assert summary is not None
    assert "does not accept the key (401); correct evaluator.api_key" in str(summary.data)


def test_a_window_is_judged_again_from_its_replies_without_a_call(tmp_path: Path, judge: HttpServer) -> None:
    write_pairs(tmp_path, 10)
    config = judged_by(judge.url, tmp_path)
    run(config)
    calls = len(judge.received)
    state = monitor_flow(config, replay=True, return_state=True)
    assert state.is_completed(), state.message
    assert len(judge.received) == calls
    again = manifest_of(config, revision=1)
    assert again.counts == manifest_of(config).counts
    assert (again.verdicts, again.scores) == (manifest_of(config).verdicts, f"replays/window={WINDOW.key}/rev=1")


def test_another_limit_assesses_the_same_scores_without_a_call(tmp_path: Path, judge: HttpServer) -> None:
    write_pairs(tmp_path, 40)
    judge.answer = lambda received: verdict(4 if received.number % 2 else 2)
    run(judged_by(judge.url, tmp_path))
    asked = len(judge.received)
    strict = judged_by(judge.url, tmp_path, quality={"metrics": {"fluency": {"min_pass_rate": 0.4, "pass_at": 2}}})
    run(strict)
    assert len(judge.received) == asked
    assert manifest_of(strict, revision=1).status == "ok"


def test_above_a_set_share_of_bad_lines_the_run_warns_then_breaches(tmp_path: Path) -> None:
    write_pairs(tmp_path, 40)
    write_logs(tmp_path, "inputs", SIX, ["{torn"] * 2, name="torn.jsonl")
    config = monitor(tmp_path, source={"quarantine": {"warn_above": 0.01, "breach_above": 0.05}})
    run(config)
    assert "2 of 82 lines are in quarantine (2 malformed_json)" in manifest_of(config).warnings
    assert manifest_of(config).status == "ok"
    write_logs(tmp_path, "inputs", SIX, ["{torn"] * 20, name="torn.jsonl")
    run(config)
    assert alerts_of(config, revision=1) == [("operations.records.quarantined_share", "opened", True)]


def test_only_what_was_asked_for_alerts(tmp_path: Path) -> None:
    write_pairs(tmp_path, 40, answers=dict.fromkeys(range(40), SALAD))
    config = monitor(
        tmp_path,
        quality={"metrics": {"fluency": {}}, "min_coverage": None},
        source={"quarantine": {"breach_above": None}},
    )
    state = run(config)
    assert state.name == "Completed"
    assert manifest_of(config).verdicts == ()
    assert alerts_of(config) == []


def test_hostile_text_stays_text_in_the_report_and_in_prefect(tmp_path: Path, judge: HttpServer) -> None:
    hostile = "</script><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}[x](javascript:alert(3))"
    write_pairs(tmp_path, 5, answers=dict.fromkeys(range(5), hostile))
    judge.answer = lambda _: said(json.dumps({"reason": hostile, "score": 1}))
    config = judged_by(judge.url, tmp_path, name="hostile-bot", description=hostile)
    run(config)
    for place in [stored.key for stored in store_of(config).list("report/") if stored.key.endswith(".html")]:
        page = Read(read_bytes(store_of(config), place).decode())
        assert not any(tag in {"img", "iframe", "object"} for tag, _ in page.tags)
        assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert hostile in Read(read_bytes(store_of(config), "report/index.html").decode()).text
    summary = Artifact.get("hostile-bot-summary")
    assert summary is not None
    assert "script" not in str(summary.data)


def test_secrets_are_in_no_result_log_or_artifact(
    tmp_path: Path,
    judge: HttpServer,
    slack: HttpServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("TEST_KEY", "sk-very-secret")
    write_pairs(tmp_path, 40)
    judge.answer = lambda received: verdict(1) if received.number < 60 else failure(500)
    config = judged_by(judge.url, tmp_path, alerts={"slack": "env:TEST_SLACK"}, name="secret-bot")
    keyed = config.evaluator.model_copy(update={"api_key": "env:TEST_KEY"})
    config = config.model_copy(update={"evaluator": keyed})
    run(config)
    assert judge.received[0].headers["authorization"] == "Bearer sk-very-secret"
    assert slack.received
    everything = b"".join(read_bytes(store_of(config), stored.key) for stored in store_of(config).list(""))
    with get_client(sync_client=True) as client:
        artifacts = client.read_artifacts(limit=200)
        logs = client.read_logs(limit=200)
        runs = client.read_flow_runs(limit=200)
    shown = f"{artifacts} {logs} {[one.model_dump() for one in runs]} {caplog.text}"
    for secret in ("sk-very-secret", "sesame"):
        assert secret.encode() not in everything
        assert secret not in shown


def test_a_missing_secret_fails_the_run_with_its_name(tmp_path: Path, judge: HttpServer) -> None:
    write_pairs(tmp_path, 5)
    config = judged_by(judge.url, tmp_path)
    keyed = config.evaluator.model_copy(update={"api_key": "env:NOT_THERE"})
    state = run(config.model_copy(update={"evaluator": keyed}))
    assert state.is_failed()
    assert "evaluator.api_key: the environment variable NOT_THERE is not set" in str(state.message)


def test_a_prefect_block_holds_the_secret(tmp_path: Path, judge: HttpServer, slack: HttpServer) -> None:
    from prefect.blocks.notifications import SlackWebhook  # noqa: PLC0415  needs the server
    from prefect.blocks.system import Secret  # noqa: PLC0415

    Secret(value="sk-from-a-block\n").save("judge-key", overwrite=True)
    Secret(value=f"{slack.url}/services/from-a-block").save("team", overwrite=True)
    url = "https://hooks.slack.com/services/T00000000/B00000000/000000000000000000000000"
    SlackWebhook(url=url).save("team", overwrite=True)  # type: ignore[arg-type]
    assert resolve("block:slack-webhook/team", "alerts.slack") == url
    write_pairs(tmp_path, 40)
    judge.answer = lambda _: verdict(1)
    config = judged_by(judge.url, tmp_path, alerts={"slack": "block:secret/team"})
    keyed = config.evaluator.model_copy(update={"api_key": "block:secret/judge-key"})
    run(config.model_copy(update={"evaluator": keyed}))
    assert judge.received[0].headers["authorization"] == "Bearer sk-from-a-block"
    assert slack.received[0].path == "/services/from-a-block"


def test_counts_that_do_not_add_up_are_never_published(tmp_path: Path) -> None:
    from tasks.core.errors import CountsError  # noqa: PLC0415

    write_pairs(tmp_path, 3)
    config = monitor(tmp_path)
    run(config)
    counts = manifest_of(config).counts
    with pytest.raises(CountsError, match="do not add up"):
        check_counts(counts.model_copy(update={"joined": counts.joined - 1}))


def test_late_outputs_reopen_a_closed_window_and_only_they_are_judged(tmp_path: Path, judge: HttpServer) -> None:
    write_pairs(tmp_path, 10)
    write_logs(tmp_path, "inputs", SIX, [asked("late", SIX)], name="late.jsonl")
    config = judged_by(judge.url, tmp_path)
    scheduled(config, SIX + HOUR + QUARTER)
    assert manifest_of(config).counts.orphan_inputs == 1
    write_logs(tmp_path, "outputs", SIX + 2 * HOUR, [answered("late", SIX + 2 * HOUR)])
    again = scheduled(config, SIX + 3 * HOUR + QUARTER)
    assert [(one.window.start, one.revision) for one in again] == [(SIX, 1), (SIX + HOUR, 0), (SIX + 2 * HOUR, 0)]
    revised = manifest_of(config, revision=1)
    assert (revised.counts.orphan_inputs, revised.counts.joined, revised.evaluator.judged) == (0, 11, 1)
    assert manifest_of(config).counts.joined == 10
    assert manifest_of(config, again[2].window).counts.orphan_outputs == 0
    assert scheduled(config, SIX + 4 * HOUR + QUARTER)[0].window.start == SIX + 3 * HOUR


def test_an_object_that_grew_without_news_for_a_window_revises_nothing(tmp_path: Path) -> None:
    write_pairs(tmp_path, 10)
    config = monitor(tmp_path)
    scheduled(config, SIX + HOUR + QUARTER)
    write_logs(tmp_path, "inputs", SIX + HOUR, [asked("next", SIX + HOUR)])
    assert [one.window.start for one in scheduled(config, SIX + 2 * HOUR + QUARTER)] == [SIX + HOUR]
    write_logs(tmp_path, "inputs", SIX + HOUR, [asked("next", SIX + HOUR), asked("more", SIX + 2 * HOUR)])
    assert [one.revision for one in scheduled(config, SIX + 3 * HOUR + QUARTER)] == [0]


def test_what_comes_later_than_revise_changes_no_window(tmp_path: Path) -> None:
    write_pairs(tmp_path, 10)
    config = monitor(tmp_path, window={"every": "1h", "revise": "2h"})
    scheduled(config, SIX + HOUR + QUARTER)
    write_logs(tmp_path, "inputs", SIX, ["{torn"], name="late.jsonl")
    assert scheduled(config, SIX + 4 * HOUR)[0].window.start == SIX + HOUR


def test_a_revision_of_a_window_that_was_run_by_hand_skips_none_that_wait(tmp_path: Path) -> None:
    for hour in range(8):
        write_pairs(tmp_path, 5, SIX + hour * HOUR)
    config = monitor(tmp_path, window={"every": "1h", "catch_up": 2})
    scheduled(config, SIX + HOUR + QUARTER)
    monitor_flow(config, SIX + 5 * HOUR)
    write_logs(tmp_path, "inputs", SIX + 5 * HOUR, [asked("late", SIX + 5 * HOUR)], name="late.jsonl")
    runs = [[(one.window.start, one.revision) for one in scheduled(config, SIX + at * HOUR)] for at in (6.5, 6.6, 7.5)]
    revised = (SIX + 5 * HOUR, 1)
    assert runs[0] == [(SIX + HOUR, 0), (SIX + 2 * HOUR, 0), revised]
    assert runs[1:] == [[(SIX + 3 * HOUR, 0), (SIX + 4 * HOUR, 0)], [(SIX + 6 * HOUR, 0)]]


def test_a_scheduled_window_that_is_run_again_by_hand_still_counts_as_scheduled(tmp_path: Path) -> None:
    for hour in range(4):
        write_pairs(tmp_path, 5, SIX + hour * HOUR)
    config = monitor(tmp_path)
    scheduled(config, SIX + HOUR + QUARTER)
    monitor_flow(config, SIX)
    assert [one.window.start for one in scheduled(config, SIX + 4.5 * HOUR)] == [SIX + n * HOUR for n in (1, 2, 3)]


def test_a_told_verdict_that_late_data_changes_is_amended(tmp_path: Path, slack: HttpServer) -> None:
    write_pairs(tmp_path, 40, answers=dict.fromkeys(range(30), SALAD))
    config = monitor(tmp_path, alerts={"slack": "env:TEST_SLACK"})
    scheduled(config, SIX + HOUR + QUARTER)
    write_pairs(tmp_path, 40, SIX + HOUR)
    scheduled(config, SIX + 2 * HOUR + QUARTER)
    write_pairs(tmp_path, 40)
    scheduled(config, SIX + 3 * HOUR + QUARTER)
    texts = [received.body["text"].split(",")[0] for received in slack.received]
    assert texts == ["bot: 1 breach", "bot: 1 recovered", "bot: 1 amended"]
    assert "was breach, is ok: fluency pass rate 1.000" in json.dumps(slack.received[-1].body)


CONTRACT = {"columns": {"completion": {"length": {"max": 30, "min_share": 0.9}}}, "min_join_rate": 0.9}


def test_a_contract_flags_rows_and_its_limits_alert(tmp_path: Path) -> None:
    write_pairs(tmp_path, 40, answers=dict.fromkeys(range(30), "Short."))
    config = monitor(tmp_path, name="contract-bot", contract=CONTRACT)
    run(config)
    manifest = manifest_of(config)
    verdicts = {one.address: (one.verdict, one.value) for one in manifest.verdicts}
    assert verdicts["contract.completion.length_share"] == ("breach", 0.75)
    assert verdicts["contract.records.join_rate"] == ("ok", 1.0)
    rows = read_table(store_of(config), key("interactions", WINDOW.key, 0)).to_pylist()
    assert sum(row["contract_broken"] == "completion.length" for row in rows) == 10
    assert manifest.counts.metrics["fluency"].scored == 40
    artifact = Artifact.get("contract-bot-contract")
    assert artifact is not None
    assert "completion" in str(artifact.data)


def test_rows_that_break_the_contract_can_be_quarantined_and_are_not_judged(tmp_path: Path) -> None:
    write_pairs(tmp_path, 40, answers=dict.fromkeys(range(30), "Short."))
    config = monitor(tmp_path, contract=CONTRACT | {"on_failure": "quarantine"})
    run(config)
    fluency = manifest_of(config).counts.metrics["fluency"]
    assert (fluency.scored, fluency.not_asked) == (30, {"contract": 10})
    listed = read_table(store_of(config), key("quarantine", WINDOW.key, 0))["reason"].to_pylist()
    assert listed == ["contract:completion.length"] * 10


def test_a_window_whose_logs_are_gone_stays_as_it_is(tmp_path: Path) -> None:
    write_pairs(tmp_path, 10)
    config = monitor(tmp_path)
    scheduled(config, SIX + HOUR + QUARTER)
    for path in (tmp_path / "logs").rglob("*.jsonl"):
        path.unlink()
    write_logs(tmp_path, "inputs", SIX, [asked("late", SIX)], name="late.jsonl")
    again = scheduled(config, SIX + 2 * HOUR + QUARTER)
    assert [(one.window.start, one.revision) for one in again] == [(SIX + HOUR, 0)]
    assert manifest_of(config).counts.joined == 10
