import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from configs.azure_ml.importing import Imported, convert, import_schedule
from configs.load import load_monitor
from configs.monitor import MonitorConfig
from tasks.core.errors import ConfigError

GOLDEN = Path(__file__).parents[1] / "golden/azure"
GOOD = ("documented", "older", "five_metrics", "listed", "unknown_type")


def imported(name: str, signal: str | None = None) -> Imported:
    return import_schedule(GOLDEN / f"{name}.yaml", signal)


def loaded(folder: Path, text: str) -> MonitorConfig:
    path = folder / "imported.yaml"
    path.write_text(text)
    return load_monitor(path)


def schedule(trigger: dict[str, Any] | None = None, **signal: Any) -> dict[str, Any]:
    """A small schedule; each keyword is a key of its one signal."""
    thresholds = {"coherence": {"aggregated_coherence_pass_rate": 0.8}}
    answers = {"type": "generation_safety_quality", "metric_thresholds": thresholds} | signal
    top: dict[str, Any] = {"name": "bot", "create_monitor": {"monitoring_signals": {"answers": answers}}}
    return top | ({"trigger": trigger} if trigger else {})


def read(folder: Path, trigger: dict[str, Any] | None = None, **signal: Any) -> MonitorConfig:
    return loaded(folder, convert(schedule(trigger, **signal), "bot.yaml").text)


def left_out(trigger: dict[str, Any] | None = None, **signal: Any) -> str:
    return "\n".join(convert(schedule(trigger, **signal), "bot.yaml").left_out)


def test_the_documented_form_becomes_the_golden_monitor_file() -> None:
    assert imported("documented").text == (GOLDEN / "documented.monitor.yaml").read_text()


def test_the_documentation_shows_that_file() -> None:
    page = Path(__file__).parents[2] / "docs/azure-ml.md"
    assert (GOLDEN / "documented.monitor.yaml").read_text() in page.read_text()


@pytest.mark.parametrize("name", GOOD)
def test_what_is_written_is_a_monitor_file_and_always_the_same(tmp_path: Path, name: str) -> None:
    assert loaded(tmp_path, imported(name).text).metrics
    assert imported(name) == imported(name)


@pytest.mark.parametrize("name", GOOD)
def test_what_is_not_carried_over_stands_at_the_top_of_the_file(name: str) -> None:
    found = imported(name)
    comments = [line for line in found.text.splitlines() if line.startswith("# - ")]
    assert comments == [f"# - {line}" for line in found.left_out]


def test_the_older_names_are_read(tmp_path: Path) -> None:
    config = loaded(tmp_path, imported("older").text)
    assert config.schedule is not None
    assert (config.schedule.cron, config.schedule.timezone) == ("0,30 20,22 * * 1,5", "UTC")
    assert config.window.every == timedelta(days=7)
    assert config.source.columns == {"prompt": "question", "completion": "answer"}
    assert "old-connection" in imported("older").text
    assert config.alerts.slack is not None
    assert config.alerts.slack.webhook == "env:SLACK_WEBHOOK_URL"


def test_halves_are_told_apart_by_their_names(tmp_path: Path) -> None:
    source = loaded(tmp_path, imported("older").text).source
    assert source.inputs == "file:///REPLACE/model_inputs"
    assert "  # Azure: azureml:my_model_inputs_data:1\n  inputs:" in imported("older").text
    assert source.outputs == "file:///REPLACE/model_outputs"


def test_one_asset_with_both_halves_is_a_table(tmp_path: Path) -> None:
    source = loaded(tmp_path, imported("five_metrics").text).source
    assert (source.format, source.inputs, source.outputs) == ("table", "file:///REPLACE/joined/shop", None)
    assert source.join_on == "request"


def test_columns_that_metrics_need_have_the_default_names_of_azure(tmp_path: Path) -> None:
    roles = ("prompt", "completion", "context", "ground_truth")
    assert loaded(tmp_path, imported("five_metrics").text).source.columns == {role: role for role in roles}


def test_thresholds_may_stand_side_by_side(tmp_path: Path) -> None:
    metrics = loaded(tmp_path, imported("five_metrics").text).quality.metrics
    rates = {name: threshold.min_pass_rate for name, threshold in metrics.items()}
    names = ("coherence", "fluency", "groundedness", "relevance", "similarity")
    assert rates == dict(zip(names, (0.71, 0.72, 0.73, 0.74, 0.75), strict=True))
    assert [threshold.pass_at for threshold in metrics.values()] == [3, 3, 3, 3, 4]


def test_thresholds_may_stand_in_a_list(tmp_path: Path) -> None:
    relevance = loaded(tmp_path, imported("listed").text).quality.metrics["relevance"]
    assert (relevance.min_pass_rate, relevance.pass_at) == (0.6, 2)


def test_the_defaults_of_azure_are_written_out(tmp_path: Path) -> None:
    config = loaded(tmp_path, imported("unknown_type").text)
    coherence = config.quality.metrics["coherence"]
    assert (coherence.min_pass_rate, coherence.pass_at) == (0.7, 3)
    assert config.sample.rate == 1.0
    assert (config.decide.by, config.decide.min_scored) == ("estimate", 1)
    assert config.window.every == timedelta(days=30)


def test_another_signal_is_imported_by_its_name(tmp_path: Path) -> None:
    assert "import it by --signal second" in "\n".join(imported("listed").left_out)
    assert list(loaded(tmp_path, imported("listed", "second").text).quality.metrics) == ["coherence"]
    with pytest.raises(ConfigError, match="no signal third of type generation_safety_quality"):
        imported("listed", "third")


def test_what_az_ml_schedule_show_prints_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "schedule.json"
    path.write_text(json.dumps(schedule() | {"is_enabled": False, "tags": {}, "id": "/subscriptions/0"}, indent=2))
    lines = import_schedule(path).left_out
    assert lines[:2] == (
        "is_enabled (false): has no counterpart in a monitor file",
        "id (/subscriptions/0): has no counterpart in a monitor file",
    )


def test_signals_of_other_types_are_named() -> None:
    assert "monitoring_signals.mood (mood_ring): signals of this type are not imported" in "\n".join(
        imported("unknown_type").left_out
    )


def test_a_schedule_without_a_generation_signal_is_refused() -> None:
    with pytest.raises(ConfigError) as raised:
        imported("no_generation")
    assert "no signal of type generation_safety_quality (drift: data_drift, quality: data_quality)" in str(raised.value)
    assert "\n" not in str(raised.value)


TOKYO = {"frequency": "day", "start_time": "2026-11-02T05:30:00Z", "time_zone": "Tokyo Standard Time"}
WEEKLY = {"type": "recurrence", "frequency": "week", "interval": 2, "start_time": "2026-11-02T05:30:00Z"}


@pytest.mark.parametrize(
    ("trigger", "kind", "expected"),
    [
        ({"type": "cron", "expression": "5 * * * *"}, "cron", "5 * * * *"),
        ({"type": "recurrence", "frequency": "minute", "interval": 30}, "interval", timedelta(minutes=30)),
        ({"type": "Recurrence", "frequency": "Hour", "interval": 6}, "interval", timedelta(hours=6)),
        ({"frequency": "hour", "interval": 1, "schedule": {"hours": [8, 9], "minutes": 5}}, "cron", "5 8,9 * * *"),
        ({"frequency": "day", "interval": 1}, "cron", "0 0 * * *"),
        (TOKYO, "cron", "30 14 * * *"),
        ({"frequency": "week", "interval": 1, "schedule": {"week_days": "sunday"}}, "cron", "0 0 * * 0"),
        ({"frequency": "month", "schedule": {"month_days": [1, 15], "hours": 4}}, "cron", "0 4 1,15 * *"),
        (WEEKLY, "rrule", "DTSTART:20261102T053000\nRRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;BYHOUR=5;BYMINUTE=30"),
        (
            {"frequency": "day", "interval": 3, "schedule": {"hours": 6, "minutes": 0}},
            "rrule",
            "FREQ=DAILY;INTERVAL=3;BYHOUR=6;BYMINUTE=0",
        ),
    ],
)
def test_triggers_become_schedules(tmp_path: Path, trigger: dict[str, Any], kind: str, expected: object) -> None:
    found = read(tmp_path, trigger).schedule
    assert getattr(found, kind) == expected


@pytest.mark.parametrize(
    ("frequency", "days"), [("minute", 1), ("hour", 1), ("day", 3), ("week", 21), ("month", 90), (None, 7)]
)
def test_without_a_data_window_the_window_is_the_recurrence(tmp_path: Path, frequency: str | None, days: int) -> None:
    cron = {"type": "cron", "expression": "5 * * * *"}
    trigger = {"type": "recurrence", "frequency": frequency, "interval": 3} if frequency else cron
    assert read(tmp_path, trigger).window.every == timedelta(days=days)


@pytest.mark.parametrize(
    ("size", "every"),
    [("P7D", timedelta(7)), ("PT1H", timedelta(hours=1)), ("P1W", timedelta(7)), ("p1dt90m", None), (3, timedelta(3))],
)
def test_data_windows_are_iso_durations_or_days(tmp_path: Path, size: object, every: timedelta | None) -> None:
    found = read(tmp_path, production_data=[{"data_window": {"lookback_window_size": size}}]).window.every
    assert found == (every or timedelta(days=1, minutes=90))


@pytest.mark.parametrize(
    ("zone", "name"), [("utc", "UTC"), ("india standard time", "Asia/Calcutta"), ("Asia/Tokyo", "Asia/Tokyo")]
)
def test_zones_are_known_by_both_kinds_of_names(tmp_path: Path, zone: str, name: str) -> None:
    found = read(tmp_path, {"type": "cron", "expression": "5 * * * *", "time_zone": zone}).schedule
    assert found is not None
    assert found.timezone == name


@pytest.mark.parametrize(
    ("trigger", "sentence"),
    [
        (
            {"type": "cron", "expression": "5 * * * *", "end_time": "2027-01-01"},
            "end_time (2027-01-01): a schedule",
        ),
        ({"frequency": "hour", "interval": 2, "start_time": "2026-11-02T05:30:00"}, "a schedule begins when it is"),
        ({"frequency": "week"}, "trigger: names no start_time, Azure counted from its creation"),
        ({"frequency": "minute", "schedule": {"hours": 1}}, "trigger.schedule: is not used"),
        ({"frequency": "day", "schedule": {"seconds": 1}}, "trigger.schedule.seconds (1): has no counterpart"),
        (None, "trigger: is missing; add a schedule"),
    ],
)
def test_what_a_schedule_cannot_say_is_listed(trigger: dict[str, Any] | None, sentence: str) -> None:
    assert sentence in left_out(trigger)


@pytest.mark.parametrize(
    ("signal", "sentence"),
    [
        ({"mood": "good"}, "monitoring_signals.answers.mood (good): has no counterpart"),
        ({"properties": {"a": 1}}, "answers.properties.a (1): has no counterpart"),
        ({"production_data": [{"data_window": {"lookback_window_offset": "P1D"}}]}, "offset 24 hours"),
        ({"production_data": [{"data_window": {"window_start": "a", "window_end": "b"}}]}, "(a to b): a fixed period"),
        (
            {"production_data": [{"pre_processing_component": "azureml:p@latest"}]},
            "processing_component (azureml:p",
        ),
        ({"production_data": [{}, {}, {"input_data": {"path": "third"}}]}, "(third): a source has two halves"),
        ({"production_data": {"input_data": {"path": "azureml:x-app_traces:1"}}}, "are read from two folders here"),
        (
            {"production_data": [{"data_window_size": "P1D"}, {"data_window_size": "P2D"}]},
            "its window differs; both halves have 1d here",
        ),
    ],
)
def test_what_a_monitor_cannot_say_of_a_signal_is_listed(signal: dict[str, Any], sentence: str) -> None:
    assert sentence in left_out(**signal)


@pytest.mark.parametrize(
    ("signal", "sentence"),
    [
        ({"metric_thresholds": None}, "metric_thresholds: no metric is asked for"),
        ({"metric_thresholds": {"coherence": 3}}, "coherence is 3: keys and values were expected here"),
        (
            {"metric_thresholds": {"fluency": {"aggregated_fluency_pass_rate": 70}}},
            "fluency.aggregated_fluency_pass_rate is 70: pass rates lie in [0, 1]; write 0.70",
        ),
        ({"metric_thresholds": {"acceptable_fluency_score_per_instance": 9}}, "acceptable scores lie in [1, 5]"),
        ({"metric_thresholds": {"acceptable_fluency_score_per_instance": "high"}}, "is high: a number was expected"),
        ({"sampling_rate": 0}, "answers.sampling_rate is 0: a rate is more than 0"),
        ({"production_data": ["azureml:x:1"]}, "production_data[0] is azureml:x:1: keys and values were expected"),
        ({"production_data": [{"data_window_size": "a week"}]}, "is a week: this is no duration that can be read"),
        ({"production_data": [{"data_window_size": "PT0M"}]}, "a window is at least one minute long"),
    ],
)
def test_a_value_that_cannot_be_read_is_one_line_with_file_key_and_remedy(
    signal: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        convert(schedule(**signal), "bot.yaml")
    assert str(raised.value).startswith("bot.yaml: create_monitor.monitoring_signals.answers.")
    assert sentence in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("trigger", "sentence"),
    [
        ({"type": "event"}, "trigger.type is event: there is no such trigger; use cron or recurrence"),
        ({"type": "cron", "expression": "hourly"}, "trigger.expression is hourly: a cron line of five fields"),
        ({"type": "recurrence"}, "trigger.frequency: use minute, hour, day, week, month"),
        ({"frequency": "day", "interval": 0}, "trigger.interval is 0: whole numbers from 1 to 10000"),
        ({"frequency": "day", "schedule": {"hours": [25]}}, "trigger.schedule.hours: whole numbers from 0 to 23"),
        ({"frequency": "week", "schedule": {"week_days": ["someday"]}}, "schedule.week_days: names of days"),
        ({"frequency": "day", "time_zone": "Mars"}, "trigger.time_zone is Mars: there is no such time zone"),
        ({"frequency": "day", "start_time": "soon"}, "trigger.start_time is soon: this is no time"),
    ],
)
def test_a_trigger_that_cannot_be_read_is_one_line(trigger: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as raised:
        convert(schedule(trigger), "bot.yaml")
    assert str(raised.value).startswith("bot.yaml: ")
    assert sentence in str(raised.value)


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({"name": "x"}, "x.yaml: create_monitor: this key is missing"),
        ({"create_job": {}, "create_monitor": {}}, "create_monitor.monitoring_signals: no signal of type"),
        (schedule() | {"name": "???"}, "x.yaml: name is ???: a name is missing"),
    ],
)
def test_what_is_no_monitor_schedule_is_refused(document: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as raised:
        convert(document, "x.yaml")
    assert sentence in str(raised.value)


@settings(max_examples=50, deadline=None)
@given(st.text(), st.text(), st.text())
def test_no_text_of_the_schedule_gets_out_of_its_place(name: str, asset: str, key: str) -> None:
    document = schedule(production_data=[{"input_data": {"path": asset}, f"x{key}": asset}])
    document |= {"name": f"a{name}", "description": name}
    found = YAML(typ="safe", pure=True).load(convert(document, "x.yaml").text)
    assert set(found) <= {"name", "description", *MonitorConfig.model_fields}
    MonitorConfig.model_validate(found)
