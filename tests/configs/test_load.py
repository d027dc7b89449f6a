from pathlib import Path

import pytest

from configs.load import config_hash, load_monitor
from configs.monitor import MonitorConfig
from tasks.core.errors import ConfigError

GOOD = """\
name: bot
schedule: {cron: "5 * * * *", timezone: Europe/Berlin}
window: {every: 1h, grace: 15m, catch_up: 48}
source:
  format: azure_mdc
  inputs: s3://logs/bot/model_inputs
  outputs: s3://logs/bot/model_outputs
  columns: {prompt: question, completion: answer}
sample: {rate: 0.1, at_most: 2000}
evaluator: {provider: openai, model: m, api_key: env:KEY}
quality: {metrics: {fluency: {min_pass_rate: 0.7}}}
alerts: {slack: env:HOOK, renotify: 24h}
store: s3://results/genwatch
"""
EXAMPLES = sorted((Path(__file__).parents[2] / "configs/monitors").glob("*.yaml"))


def load(folder: Path, text: str) -> MonitorConfig:
    path = folder / "bot.yaml"
    path.write_text(text)
    return load_monitor(path)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_example_monitors_are_good(path: Path) -> None:
    assert load_monitor(path).metrics


def test_a_monitor_survives_being_a_deployment_parameter(tmp_path: Path) -> None:
    config = load(tmp_path, GOOD)
    again = MonitorConfig.model_validate_json(config.model_dump_json())
    assert again == config
    assert config_hash(again) == config_hash(config)
    assert again.model_dump(mode="json")["window"]["every"] == "1h"


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("0.7", "70", "quality.metrics.fluency.min_pass_rate is 70: it can be at most 1"),
        ("rate: 0.1", "rate: 0", "sample.rate is 0: it must be more than 0"),
        ("rate: 0.1", "raet: 0.1", "sample.raet: no such key; remove it or correct its name"),
        ("name: bot", "name: My Bot", 'name is "My Bot": String should match pattern'),
        ("name: bot\n", "", "name: this key is missing; add it"),
        (
            "every: 1h",
            "every: hourly",
            'window.every is "hourly": a duration is a whole number and a unit, such as 15m',
        ),
        ("every: 1h", "every: 5s", "window: every must be at least 1m"),
        ("azure_mdc", "csv", "source: format csv is unknown; use azure_mdc, azure_traces, bedrock,"),
        (
            "s3://logs/bot/model_inputs",
            "logs/bot",
            'source.inputs is "logs/bot": a location is s3://bucket/folder or file',
        ),
        ("model_inputs", "{yyyy}/{DD}", "{DD} is unknown, doubled or missing"),
        ("  outputs: s3://logs/bot/model_outputs\n", "", "format azure_mdc keeps inputs and outputs apart"),
        ("Europe/Berlin", "Mars/Base", "there is no timezone Mars/Base"),
        ('cron: "5 * * * *"', 'cron: "5 * * * *", interval: 1h', "give exactly one of cron, interval and rrule"),
        ("provider: openai, model: m", "provider: openai", "provider openai needs a model"),
        ("provider: openai, model: m", "provider: local, model: m", "model has no meaning for the local evaluator"),
        ("provider: openai", "provider: azure_openai", "azure_openai needs base_url"),
        (", api_key: env:KEY", "", "openai needs an api_key"),
        ("{fluency:", "{charm:", "quality.metrics.charm: no such metric; there are bias, coherence, completeness"),
        ("{fluency:", "{groundedness:", "quality.metrics.groundedness needs the column context"),
        ("answer}", "answer, interaction_id: x}", "columns.interaction_id cannot be a column"),
        ("name: bot", "name: bot\nname: bot", 'line 2: found duplicate key "name"'),
        ("name: bot", "name: [", "correct the YAML"),
    ],
)
def test_a_mistake_is_one_line_with_file_key_value_and_remedy(
    tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    assert old in GOOD
    with pytest.raises(ConfigError) as raised:
        load(tmp_path, GOOD.replace(old, new))
    message = str(raised.value)
    assert message.startswith(f"{tmp_path / 'bot.yaml'}: ")
    assert sentence in message
    assert "\n" not in message


@pytest.mark.parametrize("key", ["api_key: env:KEY", "slack: env:HOOK"])
def test_a_secret_that_was_written_out_is_refused_and_not_repeated(tmp_path: Path, key: str) -> None:
    name = key.split(":", maxsplit=1)[0]
    with pytest.raises(ConfigError, match="a secret is named, never written") as raised:
        load(tmp_path, GOOD.replace(key, f"{name}: sk-live-1234"))
    assert "sk-live-1234" not in str(raised.value)


@pytest.mark.parametrize("content", [b"", b"- 1\n", b"\xff\xfe", b"just text"])
def test_what_is_no_monitor_file_is_said_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bot.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=str(path)):
        load_monitor(path)


def test_a_missing_file_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        load_monitor(tmp_path / "none.yaml")


POLITENESS = """\
name: politeness
needs: [prompt, completion]
question: Is the answer polite?
levels: {1: Rude., 2: Curt., 3: Neutral., 4: Polite., 5: Warm.}
"""


def test_a_monitor_may_bring_its_own_metric(tmp_path: Path) -> None:
    (tmp_path / "politeness.yaml").write_text(POLITENESS)
    own = "{metric_files: [politeness.yaml], metrics: {politeness: {pass_at: 4}}}"
    config = load(tmp_path, GOOD.replace("{metrics: {fluency: {min_pass_rate: 0.7}}}", own))
    assert config.metrics["politeness"].rubric.startswith("Is the answer polite? 1 Rude; 2 ")
    assert config.metrics["politeness"].pass_at == 4
    moved = MonitorConfig.model_validate_json(config.model_dump_json())
    assert moved.metrics == config.metrics


def test_a_mistake_in_a_metric_file_names_that_file(tmp_path: Path) -> None:
    (tmp_path / "politeness.yaml").write_text(POLITENESS.replace("5: Warm.", "6: Warm."))
    own = "{metric_files: [politeness.yaml], metrics: {politeness: {}}}"
    with pytest.raises(ConfigError, match=r"politeness\.yaml: levels must anchor each score from 1 to 5"):
        load(tmp_path, GOOD.replace("{metrics: {fluency: {min_pass_rate: 0.7}}}", own))
