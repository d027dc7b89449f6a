"""Slack's messages: within Slack's limits and without a voice for logged text, whatever was logged."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.alert import Event, Told
from tasks.core.news import Change, Digest, Example, Trend
from tasks.core.slack.block import Message, inert
from tasks.core.slack.compact import compact
from tasks.core.slack.digest import digest_message
from tasks.core.slack.threaded import first, present, reply
from tasks.core.verdict import Direction, Severity, State
from tests.builders import SIX, WINDOW
from tests.news import PAGE, alert, news, notice
from tests.servers.slack import fault_of, shown, texts

HOSTILE = (
    "<!channel> <@U123> <https://evil.example|your bank> & *bold* ```x``` _a_ ~b~ > <script>alert(1)</script> @here "
)
CALLED = {Severity.CRITICAL: ("here", "U0123ABCD"), Severity.WARNING: ("S0123ABCD",)}
NOBODY: dict[Severity, tuple[str, ...]] = {}
LOGGED = st.one_of(
    st.text(max_size=400),
    st.text("<>&!@#*_~`|\n\r\u202e\u200b🔴", max_size=400),
    st.sampled_from([HOSTILE, HOSTILE * 5, HOSTILE * 9]),
    st.text('"\\', min_size=300, max_size=400),
)


def example(text: str, page: str = f"{PAGE}#i=1") -> Example:
    """A failing interaction, all of whose texts are the same."""
    return Example(interaction_id=text, metric="relevance", score=1.0, prompt=text, completion=text, page=page)


def sent(message: Message) -> dict[str, Any]:
    """The message as Slack gets it."""
    return {"text": message.text, "blocks": [dict(block) for block in message.blocks]}


def all_messages(text: str, event: Event = Event.OPENED, count: int = 1) -> list[Message]:
    """Every kind of message, with the text wherever logged text may stand."""
    one = notice(
        event,
        explanation=text,
        address=f"quality.relevance.pass_rate[tier={text}]",
        acknowledged_by=text,
        examples=[example(f"{text}{number}") for number in range(5)],
        trend=Trend(values=[0.9, None, 0.5], limit=0.7),
    )
    told = news(*[one] * count)
    digest = Digest(
        monitor="bot",
        period=WINDOW,
        windows=24,
        opened=[one.alert] * count,
        recovered=[one.alert] * count,
        still_open=[one.alert] * count,
        rates=[Change(metric="relevance", now=0.9, n=100, before=0.8)],
        report=told.report,
    )
    return [
        compact(told, CALLED),
        first(told, one, CALLED),
        present(told, one),
        reply(told, one, CALLED),
        digest_message(digest),
    ]


@settings(max_examples=60, deadline=None)
@given(LOGGED, st.sampled_from(Event), st.integers(1, 60))
def test_slack_takes_every_message_whatever_was_logged(text: str, event: Event, count: int) -> None:
    for message in all_messages(text, event, count):
        assert fault_of(sent(message)) is None


@settings(max_examples=40, deadline=None)
@given(LOGGED)
def test_what_slack_parses_does_not_depend_on_what_was_logged(text: str) -> None:
    def parsed(messages: list[Message]) -> list[list[str]]:
        return [[one["text"] for one in texts(message.blocks) if one["type"] == "mrkdwn"] for message in messages]

    assert parsed(all_messages(text)) == parsed(all_messages("fine"))


@settings(max_examples=40, deadline=None)
@given(LOGGED)
def test_the_fallback_has_no_mention_link_or_emphasis(text: str) -> None:
    for message in all_messages(text):
        assert not {"<", ">", "*", "_", "~", "`", "\n"}.intersection(message.text)


@given(LOGGED, st.integers(1, 300))
def test_text_is_escaped_after_it_is_cut(text: str, limit: int) -> None:
    found = inert(text, limit)
    assert len(found.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")) <= limit


@settings(max_examples=40, deadline=None)
@given(LOGGED)
def test_no_emoji_and_no_link_is_made_of_plain_text(text: str) -> None:
    for message in all_messages(text):
        assert all(one.get("emoji") is False for one in texts(message.blocks) if one["type"] == "plain_text")
        urls = [one for block in message.blocks for one in _urls(block)]
        assert all(url.startswith(("https://reports.example/", "https://prefect.example/")) for url in urls)


def _urls(block: Any) -> list[str]:
    if isinstance(block, dict):
        own = [block["url"]] if "url" in block else []
        return [*own, *(url for value in block.values() for url in _urls(value))]
    return [url for one in block for url in _urls(one)] if isinstance(block, list | tuple) else []


def test_the_message_of_an_alert_has_sentence_figures_course_examples_and_places() -> None:
    one = notice(unit="share", examples=[example("41")], trend=Trend(values=[None, 0.9, None, 0.5], limit=0.7))
    assert shown(sent(first(news(one), one, CALLED))).splitlines() == [
        "🔴 Breach: relevance pass rate",
        "<!here> <@U0123ABCD>",
        one.alert.explanation,
        *("*Value*", "0.500 (0.400 to 0.600)", "*Limit*", "at least 0.7", "*Rows*", "100"),
        *("*Severity*", "critical", "*Since*", "2026-11-20 06:00 UTC", "*Alert*", f"`{one.alert.id}`"),
        "█·▁ 0.900 → 0.500 in 3 windows, limit 0.7 at ▄, · no value",
        *("relevance 1 · 41", "Q: 41", "A: 41", "Open"),
        *("Report", "Run"),
        f"bot, 2026-11-20 06:00–07:00 UTC · genwatch alerts CONFIG ack {one.alert.id}",
    ]


def test_a_limit_in_the_thousands_has_all_its_digits() -> None:
    one = notice(unit="milliseconds", value=31234.0, low=None, high=None, limit=12345.0, direction=Direction.MAX)
    assert "31,234\n*Limit*\nat most 12,345\n" in shown(sent(first(news(one), one, NOBODY)))


def test_what_is_not_known_is_left_out_and_never_zero() -> None:
    one = notice(value=None, low=None, high=None, n=None, limit=None, state=State.NO_DATA, trend=None)
    found = shown(sent(first(news(one), one, NOBODY)))
    assert found.startswith("⚠️ Not judged: relevance pass rate")
    assert not any(name in found for name in ("*Value*", "*Limit*", "*Rows*", "0.000", "None"))


@pytest.mark.parametrize(
    ("event", "changes", "headline", "line"),
    [
        (Event.OPENED, {"severity": Severity.WARNING}, "1 warning", "🟡 Warning: rel"),
        (Event.OPENED, {"state": State.UNDECIDED}, "1 not judged", "⚠️ Not judged: rel"),
        (Event.OPENED, {"state": State.OK}, "1 still open", "🟠 Still open (since 2026-11-20 06:00): rel"),
        (Event.ESCALATED, {"acknowledged_by": "sam"}, "1 now critical", "🔴 Now critical (acknowledged by sam): rel"),
        (Event.REOPENED, {"openings": 3}, "1 reopened", "🔴 Reopened (3 times since 2026-11-20 06:00): rel"),
        (Event.REMINDED, {}, "1 still open", "🟠 Still open (since 2026-11-20 06:00): rel"),
        (Event.MISSED, {}, "1 recovered untold", "🟢 Opened and recovered before it could be told (since 2026"),
        (Event.AMENDED, {}, "1 amended", "⚪ Amended (2026-11-20 06:00): rel"),
    ],
)
def test_every_event_has_its_words(event: Event, changes: dict[str, Any], headline: str, line: str) -> None:
    found = compact(news(notice(event, **changes)), NOBODY)
    assert found.text == f"bot: {headline}, 2026-11-20 06:00–07:00 UTC"
    assert found.blocks[1]["text"]["text"].startswith(line)


def test_the_worst_is_counted_first() -> None:
    warning = notice(severity=Severity.WARNING)
    found = compact(news(notice(Event.RECOVERED), warning, warning, notice(), notice(Event.REMINDED)), NOBODY)
    assert found.text.startswith("bot: 1 breach, 2 warnings, 1 still open, 1 recovered, ")


@pytest.mark.parametrize(
    ("event", "severity", "called"),
    [
        (Event.OPENED, Severity.CRITICAL, "<!here> <@U0123ABCD>"),
        (Event.ESCALATED, Severity.CRITICAL, "<!here> <@U0123ABCD>"),
        (Event.REOPENED, Severity.WARNING, "<!subteam^S0123ABCD>"),
        (Event.REMINDED, Severity.CRITICAL, None),
        (Event.RECOVERED, Severity.CRITICAL, None),
        (Event.AMENDED, Severity.CRITICAL, None),
    ],
)
def test_people_are_called_when_it_opens_and_by_the_setting_alone(
    event: Event, severity: Severity, called: str | None
) -> None:
    one = notice(event, severity=severity)
    for message in (compact(news(one), CALLED), first(news(one), one, CALLED), reply(news(one), one, CALLED)):
        mentions = [text["text"] for text in texts(message.blocks) if text["text"].startswith("<")]
        assert mentions == ([called] if called else [])
    assert "<" not in shown(sent(present(news(one), one)))
    assert "<" not in shown(sent(compact(news(one), NOBODY)))


@pytest.mark.parametrize("place", ["s3://bucket/bot/report/index.html", "file:///store/<x>", f"https://x/{'a' * 4000}"])
def test_a_place_that_no_button_can_open_is_named_in_a_line(place: str) -> None:
    one = notice(page=place, examples=[example("41", place)])
    message = first(news(one, run=None), one, NOBODY)
    assert not [block for block in message.blocks if block["type"] == "actions" or "accessory" in block]
    assert f"Report: {place}"[:100] in shown(sent(message))
    assert fault_of(sent(message)) is None


def test_an_example_that_several_alerts_have_is_shown_once() -> None:
    one = notice(examples=[example("41"), example("42")])
    found = shown(sent(compact(news(one, one), NOBODY)))
    assert found.count("Q: 41") == 1


def test_an_amendment_says_what_was_told_before() -> None:
    one = notice(
        Event.AMENDED, Told(at=SIX, severity=None, state=State.BREACH), state=State.OK, explanation="it is fine"
    )
    assert "was breach, is ok: relevance pass rate: it is fine" in shown(sent(reply(news(one), one, NOBODY)))


def test_a_digest_tells_rates_beside_those_of_the_period_before() -> None:
    digest = Digest(
        monitor="bot",
        period=WINDOW,
        windows=24,
        opened=[alert()],
        recovered=[],
        still_open=[alert(since=SIX - timedelta(days=1), severity=Severity.WARNING)],
        rates=[
            Change(metric="relevance", now=0.9231, n=1240, before=0.95),
            Change(metric="fluency", now=0.5, n=2, before=None),
            Change(metric="coherence", now=None, n=0, before=0.7),
        ],
        report=PAGE,
    )
    found = shown(sent(digest_message(digest)))
    assert found.startswith(
        "bot: 1 opened, 0 recovered, 1 still open in 24 windows, 2026-11-20 06:00 – 2026-11-20 07:00 UTC"
        "\nOpened\n🔴 rel"
    )
    assert "Recovered" not in found
    assert "relevance: 0.923 of 1,240 rows, 0.950 the period before" in found
    assert "fluency: 0.500 of 2 rows, no rate to compare with before" in found
    assert "coherence: nothing was judged" in found


def test_a_sentence_that_does_not_say_what_it_is_about_is_told_with_its_subject() -> None:
    gone = notice(Event.RECOVERED, explanation="it is not watched any more")
    assert gone.sentence == "relevance pass rate: it is not watched any more"
    judging = notice(key="bot:judging", address="quality.relevance.coverage", explanation="the key is wrong")
    assert judging.sentence == "judging: the key is wrong"
    part = notice(
        address="quality.relevance.pass_rate[tier=gold]", explanation="relevance pass rate of tier gold is low"
    )
    assert part.sentence == "relevance pass rate of tier gold is low"
