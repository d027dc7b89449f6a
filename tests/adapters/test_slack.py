"""Slack by webhook and by bot, against a server that refuses what Slack refuses."""

from collections.abc import Iterator

import pytest

from configs.alerts import Alerts
from tasks.adapters.channels import open_channel
from tasks.adapters.slack_bot import SlackBot
from tasks.adapters.slack_webhook import SlackWebhook
from tasks.core.alert import Event, Told
from tasks.core.errors import ConfigError
from tasks.core.news import Delivered, Digest, Notice
from tasks.core.verdict import Severity, State
from tests.builders import SIX, WINDOW
from tests.news import news
from tests.news import notice as notice_of
from tests.servers.http import Reply
from tests.servers.slack import CHANNEL, TOKEN, Slack, refusal, shown
from tests.servers.slack import slack as serve_slack

KEY, OTHER = "bot:quality.relevance.pass_rate", "bot:quality.fluency.pass_rate"
NAME = f"{KEY}@{WINDOW.key}"


@pytest.fixture
def slack() -> Iterator[Slack]:
    with serve_slack() as running:
        yield running


def notice(event: Event = Event.OPENED, thread: str | None = None, key: str = KEY) -> Notice:
    """What a channel is to be told of an alert, which it knows by the thread."""
    before = Told(at=SIX, severity=Severity.CRITICAL, state=State.BREACH, thread=thread) if thread else None
    return notice_of(event, before, ids=("41",), key=key)


def bot(slack: Slack, token: str = TOKEN) -> SlackBot:
    called = {Severity.CRITICAL: ("here",), Severity.WARNING: ()}
    return SlackBot(token=token, channel=CHANNEL, api_url=slack.url, mentions=called)


def webhook(slack: Slack) -> SlackWebhook:
    return SlackWebhook(url=f"{slack.server.url}/services/T0/B0/sesame", mentions={})


def told(slack: Slack, event: Event = Event.OPENED, thread: str | None = None) -> str:
    """Tell one notice by the bot; returns the reference of its thread."""
    found = bot(slack).tell(news(notice(event, thread=thread)))
    assert found.failures == {}
    return found.threads[NAME]


def test_a_webhook_takes_one_message_for_all_alerts(slack: Slack) -> None:
    found = webhook(slack).tell(news(notice(), notice(Event.RECOVERED, key=OTHER)))
    assert found == Delivered()
    (received,) = slack.server.received
    assert received.body["text"] == "bot: 1 breach, 1 recovered, 2026-11-20 06:00–07:00 UTC"
    assert (received.body["unfurl_links"], received.body["unfurl_media"]) == (False, False)


def test_a_bot_sends_a_message_for_each_alert_and_keeps_its_thread(slack: Slack) -> None:
    found = bot(slack).tell(news(notice(), notice(key=OTHER)))
    assert (found.failures, len(slack.top)) == ({}, 2)
    assert sorted(found.threads.values()) == [f"{CHANNEL}:{timestamp}" for timestamp in sorted(slack.messages)]
    assert "<!here>" in shown(slack.top[0])


def test_what_follows_goes_into_the_thread_and_the_first_message_shows_how_it_is(slack: Slack) -> None:
    thread = told(slack)
    for event in (Event.REMINDED, Event.RECOVERED):
        assert told(slack, event, thread) == thread
    (top,) = slack.top
    replies = [shown(one).splitlines()[0] for one in slack.replies(thread.partition(":")[2])]
    assert [one.split(" (")[0].split(":")[0] for one in replies] == ["🟠 Still open", "🟢 Recovered"]
    assert shown(top).startswith("🟢 Recovered: relevance pass rate")
    assert "<!here>" not in shown(top)


def test_what_opens_again_or_grows_worse_calls_people_in_the_thread(slack: Slack) -> None:
    thread = told(slack)
    told(slack, Event.REOPENED, thread)
    told(slack, Event.ESCALATED, thread)
    assert all("<!here>" in shown(one) for one in slack.replies(thread.partition(":")[2]))


def test_an_amendment_is_a_reply_and_leaves_the_first_message_as_it_is(slack: Slack) -> None:
    thread = told(slack)
    before = shown(slack.top[0])
    told(slack, Event.AMENDED, thread)
    assert shown(slack.top[0]) == before
    assert slack.calls() == ["chat.postMessage", "chat.postMessage"]


@pytest.mark.parametrize("event", [Event.REMINDED, Event.AMENDED])
def test_an_alert_whose_first_message_is_gone_is_told_anew(slack: Slack, event: Event) -> None:
    thread = told(slack)
    slack.messages.clear()
    anew = told(slack, event, thread)
    assert anew != thread
    assert [f"{CHANNEL}:{timestamp}" for timestamp in slack.messages] == [anew]
    assert len(slack.top) == 1


def test_a_thread_of_another_channel_is_not_gone_on_with(slack: Slack) -> None:
    anew = told(slack, Event.REMINDED, "C9999ZZZZ:1600000000.000001")
    assert slack.calls() == ["chat.postMessage"]
    assert anew.startswith(f"{CHANNEL}:")


@pytest.mark.parametrize("code", ["edit_window_closed", "cant_update_message"])
def test_a_first_message_that_may_not_be_changed_still_gets_its_replies(slack: Slack, code: str) -> None:
    thread = told(slack)
    slack.refuses = [refusal(code)]
    assert told(slack, Event.RECOVERED, thread) == thread
    assert len(slack.replies(thread.partition(":")[2])) == 1


def test_a_reply_that_fails_is_sent_once_when_it_is_tried_again(slack: Slack) -> None:
    thread = told(slack)
    updated = Reply(content=b'{"ok": true, "ts": "1"}')
    slack.refuses = [updated, refusal("restricted_action")]
    found = bot(slack).tell(news(notice(Event.RECOVERED, thread=thread)))
    assert found.threads == {}
    assert found.failures[NAME].startswith("Slack answered restricted_action; the workspace does not allow it")
    told(slack, Event.RECOVERED, thread)
    assert len(slack.replies(thread.partition(":")[2])) == 1


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("channel_not_found", f"write /invite and the bot's name in the channel {CHANNEL}, or correct alerts.slack"),
        ("not_in_channel", f"write /invite and the bot's name in the channel {CHANNEL}"),
        ("is_archived", "its channel is archived"),
        ("invalid_auth", "install the app again and correct the token that alerts.slack.token names"),
        ("missing_scope", "give the app the scope chat:write and install it again"),
        ("something_new", "look it up in its documentation"),
        ("<!here> *bold*", "Slack answered an unknown code"),
    ],
)
def test_what_slack_refuses_is_said_with_its_remedy_and_not_tried_for_the_others(
    slack: Slack, code: str, remedy: str
) -> None:
    slack.refuses = [refusal(code)]
    found = bot(slack).tell(news(notice(), notice(key=OTHER)))
    assert len(found.failures) == 2
    assert all(remedy in why and TOKEN not in why and "<" not in why for why in found.failures.values())
    assert len(slack.server.received) == 1


def test_a_wrong_token_is_said_without_it(slack: Slack) -> None:
    found = bot(slack, "xoxb-wrong").tell(news(notice()))
    assert found.failures == {
        NAME: "Slack answered invalid_auth; install the app again and correct the token that alerts.slack.token names"
    }


def test_one_message_that_is_not_taken_keeps_no_other_back(slack: Slack) -> None:
    slack.refuses = [refusal("invalid_blocks")]
    found = bot(slack).tell(news(notice(), notice(key=OTHER)))
    assert list(found.failures) == [NAME]
    assert len(slack.top) == 1


@pytest.mark.parametrize("fault", [Reply(status=500), Reply(status=429, headers={"retry-after": "0"})])
@pytest.mark.parametrize("way", ["bot", "webhook"])
def test_a_passing_fault_is_tried_again(slack: Slack, fault: Reply, way: str) -> None:
    slack.refuses = [fault]
    channel = bot(slack) if way == "bot" else webhook(slack)
    assert channel.tell(news(notice())).failures == {}
    assert len(slack.server.received) == 2


@pytest.mark.parametrize("wait", ["3600", "Fri, 27 Nov 2026 23:00:00 GMT"])
@pytest.mark.parametrize("way", ["bot", "webhook"])
def test_a_wait_of_an_hour_is_left_to_the_next_run(slack: Slack, way: str, wait: str) -> None:
    slack.refuses = [Reply(status=429, content=b'{"ok": false, "error": "ratelimited"}', headers={"retry-after": wait})]
    channel = bot(slack) if way == "bot" else webhook(slack)
    (why,) = channel.tell(news(notice())).failures.values()
    assert why.endswith("too many messages at once")
    assert len(slack.server.received) == 1


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(status=404, content=b"no_service"), "Slack answered 404 no_service; make another webhook and correct"),
        (Reply(status=410, content=b"channel_is_archived"), "Slack answered 410 channel_is_archived; its channel is"),
        (Reply(status=403, content=b"<!here>"), "Slack answered 403; check the webhook"),
    ],
)
def test_a_lasting_fault_of_a_webhook_is_said_without_it(slack: Slack, reply: Reply, said: str) -> None:
    slack.refuses = [reply]
    (why,) = webhook(slack).tell(news(notice())).failures.values()
    assert why.startswith(said)
    assert "sesame" not in why


@pytest.mark.parametrize("way", ["bot", "webhook"])
def test_no_secret_and_no_address_is_logged_however_much_is(
    slack: Slack, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    slack.refuses = [Reply(status=500), Reply(status=404, content=b"no_service")]
    channel = bot(slack) if way == "bot" else webhook(slack)
    with caplog.at_level("DEBUG"):
        assert channel.tell(news(notice())).failures
    assert "slack" not in {record.name.partition(".")[0].partition("_")[0] for record in caplog.records}


def test_an_unreachable_slack_is_said_without_its_secret() -> None:
    channel = SlackWebhook(url="http://127.0.0.1:9/services/T0/B0/sesame", mentions={})
    (why,) = channel.tell(news(notice())).failures.values()
    assert why.startswith("Slack cannot be reached")
    assert "sesame" not in why


@pytest.mark.parametrize("way", ["bot", "webhook"])
def test_an_answer_that_breaks_off_is_a_failure_that_is_said(slack: Slack, way: str) -> None:
    slack.refuses = [Reply(content=b"ok" * 100, cut=True)]
    channel = bot(slack) if way == "bot" else webhook(slack)
    (why,) = channel.tell(news(notice())).failures.values()
    assert why.startswith("Slack cannot be reached (IncompleteRead)")


@pytest.mark.parametrize("way", ["bot", "webhook"])
def test_a_digest_is_one_message_and_its_refusal_is_said(slack: Slack, way: str) -> None:
    digest = Digest(
        monitor="bot",
        period=WINDOW,
        windows=1,
        opened=[notice().alert],
        recovered=[],
        still_open=[],
        rates=[],
        report="x",
    )
    channel = bot(slack) if way == "bot" else webhook(slack)
    assert channel.summarise(digest) is None
    assert len(slack.server.received) == 1
    slack.refuses = [Reply(status=404) if way == "webhook" else refusal("is_archived")]
    assert "Slack answered" in str(channel.summarise(digest))


def test_the_monitor_file_names_a_webhook_or_a_bot(slack: Slack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK", TOKEN)
    by_itself = Alerts.model_validate({"slack": "env:SLACK"})
    assert open_channel(by_itself, "slack") == SlackWebhook(url=TOKEN, mentions=dict.fromkeys(Severity, ()))
    mentions = {"critical": ["here", "U0123ABCD"], "warning": "S0123ABCD"}
    with_bot = {"token": "env:SLACK", "channel": CHANNEL, "mentions": mentions, "api_url": slack.url}
    called = {Severity.CRITICAL: ("here", "U0123ABCD"), Severity.WARNING: ("S0123ABCD",)}
    opened = open_channel(Alerts.model_validate({"slack": with_bot}), "slack")
    assert opened == SlackBot(token=TOKEN, channel=CHANNEL, api_url=slack.url, mentions=called)
    monkeypatch.delenv("SLACK")
    with pytest.raises(ConfigError, match=r"alerts\.slack\.token: the environment variable SLACK is not set"):
        open_channel(Alerts.model_validate({"slack": with_bot}), "slack")
