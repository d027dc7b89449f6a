"""Whom to tell, as the monitor file says it."""

from pathlib import Path

import pytest

from configs.alerts import Alerts
from configs.load import load_monitor
from tasks.core.errors import ConfigError
from tests.builders import write_monitor_file


@pytest.mark.parametrize(
    ("slack", "said"),
    [
        ("xoxb-sesame", "a secret is named, never written"),
        ("{}", "give a webhook, or a token with its channel"),
        ("{webhook: env:A, token: env:B, channel: C0123ABCD}", "give a webhook, or a token with its channel"),
        ("{token: env:B}", "a token needs the channel's ID, such as channel: C0123ABCD"),
        ("{webhook: env:A, channel: C0123ABCD}", "a webhook knows its own"),
        ("{token: env:B, channel: '#alerts'}", "alerts.slack.channel"),
        ("{webhook: env:A, mentions: {critical: '<!here>'}}", "write here, channel, the ID of a member"),
        ("{webhook: env:A, mentions: {critical: everyone}}", "write here, channel, the ID of a member"),
        ("{webhook: env:A, mentions: {fatal: here}}", "alerts.slack.mentions.fatal"),
        ("{token: xoxb-sesame, channel: C0123ABCD}", "a secret is named, never written"),
    ],
)
def test_what_cannot_be_meant_is_said_with_its_key_and_without_the_secret(
    tmp_path: Path, slack: str, said: str
) -> None:
    with pytest.raises(ConfigError) as found:
        load_monitor(write_monitor_file(tmp_path, f"alerts: {{slack: {slack}}}\n"))
    assert said in str(found.value)
    assert "sesame" not in str(found.value)
    assert "alerts.slack" in str(found.value)


def test_a_monitor_without_slack_has_no_channel() -> None:
    assert Alerts().policy.channels == ()
    assert Alerts.model_validate({"slack": "env:A"}).policy.channels == ("slack",)


def test_a_digest_goes_to_the_channels_that_people_read() -> None:
    assert Alerts.model_validate({"slack": "env:A"}).policy.digested == ()
    assert Alerts.model_validate({"slack": "env:A", "digest": "weekly"}).policy.digested == ("slack",)


@pytest.mark.parametrize(("every", "digest"), [("2d", "daily"), ("14d", "weekly")])
def test_a_window_longer_than_the_period_of_its_digest_is_refused(tmp_path: Path, every: str, digest: str) -> None:
    lines = f"alerts: {{slack: env:A, digest: {digest}}}\nwindow: {{every: {every}}}\n"
    with pytest.raises(ConfigError, match=f"alerts.digest: {digest} is shorter than a window"):
        load_monitor(write_monitor_file(tmp_path, lines))
    load_monitor(write_monitor_file(tmp_path, lines.replace(every, "1d")))
