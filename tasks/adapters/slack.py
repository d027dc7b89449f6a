"""Slack as a monitor file names it."""

from configs.alerts import Alerts
from tasks.adapters.channel import Channel
from tasks.adapters.secret import resolve
from tasks.adapters.slack_bot import SlackBot
from tasks.adapters.slack_webhook import SlackWebhook
from tasks.core.errors import ConfigError


def open_slack(alerts: Alerts, _which: str) -> Channel:
    """Slack by webhook or by bot; raises ConfigError where the secret is missing."""
    slack = alerts.slack
    if slack is not None and slack.webhook is not None:
        return SlackWebhook(url=resolve(slack.webhook, "alerts.slack"), mentions=slack.called)
    if slack is not None and slack.token is not None and slack.channel is not None:
        token = resolve(slack.token, "alerts.slack.token")
        return SlackBot(token=token, channel=slack.channel, api_url=slack.api_url, mentions=slack.called)
    message = "alerts.slack names no channel; give a webhook, or a token with its channel"
    raise ConfigError(message)
