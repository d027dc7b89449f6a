import re
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.alert import Event, Status
from tasks.core.news import Change, Digest
from tasks.core.plain_message import plain_digest, plain_message, tame
from tasks.core.verdict import Severity
from tasks.core.window import Window
from tests.builders import WINDOW
from tests.news import HOSTILE, alert, news, notice

LINKS = ["Report: https://reports.example/bot/report/index.html", "Run: https://prefect.example/runs/1"]
SPEAKS = re.compile(r"[`*\[\]<>|~@&\\]|://")


def test_a_message_says_what_happened_who_to_answer_and_where_to_look() -> None:
    found = plain_message(news(notice(ids=("i-1", "i-2"))))
    assert found.subject == "bot: 1 breach, 2026-11-20 06:00–07:00 UTC"
    assert found.body.splitlines() == [
        "BREACH: relevance pass rate 0.500 (0.400 to 0.600, 100 scored of 100 asked) is below 0.7: breach",
        f"Alert {alert().id}",
        "Failed: i-1, i-2",
        "",
        *LINKS,
    ]
    assert (found.is_urgent, found.is_good) == (True, False)


def test_a_recovery_is_good_and_a_warning_is_not_urgent() -> None:
    assert plain_message(news(notice(Event.RECOVERED), notice(Event.MISSED))).is_good
    warned = plain_message(news(notice(Event.RECOVERED), notice(severity=Severity.WARNING)))
    assert (warned.is_good, warned.is_urgent) == (False, False)


def test_the_text_of_an_interaction_is_never_told() -> None:
    assert "SAID" not in plain_message(news(notice(ids=("i-1",)))).body


def test_many_alerts_are_counted() -> None:
    found = plain_message(news(*[notice()] * 14))
    assert found.body.count("BREACH") == 10
    assert "and 4 more, which the report shows" in found.body


@settings(deadline=None)
@given(st.text() | st.text(st.sampled_from("<>@[]()`*|~&\\:/!#\n\r\u2028\x1b\u202e{}aw.")))
def test_logged_text_forms_no_markup_mention_or_link_and_no_line(text: str) -> None:
    hostile = text + HOSTILE
    told = notice(ids=(hostile,), explanation=hostile, acknowledged_by=hostile, status=Status.ACKNOWLEDGED)
    found = plain_message(news(told))
    assert not SPEAKS.search(found.subject)
    lines = found.body.split("\n")
    assert lines[-2:] == LINKS
    assert len(lines) == 6
    assert not any(SPEAKS.search(line) for line in lines[:-2])
    assert all(line.isprintable() for line in lines)
    assert len(found.body) < 1_500


def test_what_is_no_mark_stays_as_it_is() -> None:
    sentence = "relevance pass rate of language pt-BR 0.5 (0.4 to 0.6, n = 40), with 3 more: breach; quality.x_y.z #1"
    assert tame(sentence, 400) == sentence


def test_a_digest_names_what_is_open_and_the_pass_rates() -> None:
    found = plain_digest(
        Digest(
            monitor="bot",
            period=WINDOW,
            windows=24,
            opened=(),
            recovered=(),
            still_open=[alert(explanation=HOSTILE)] * 12,
            rates=[Change(metric="relevance", now=0.8, n=240, before=None)],
            report="https://reports.example/bot",
        )
    )
    assert (
        found.subject
        == "bot: 0 opened, 0 recovered, 12 still open in 24 windows, 2026-11-20 06:00 – 2026-11-20 07:00 UTC"
    )
    assert "- and 2 more" in found.body
    assert "- relevance: 0.800 of 240 judged, unknown the period before" in found.body
    assert found.body.endswith("Report: https://reports.example/bot")
    assert not SPEAKS.search(found.body.partition("Report:")[0])


def test_a_digest_says_what_an_alert_is_about_and_both_dates_of_a_day_of_23_hours() -> None:
    found = plain_digest(
        Digest(
            monitor="bot",
            period=Window(start=datetime(2026, 3, 28, 23, tzinfo=UTC), end=datetime(2026, 3, 29, 22, tzinfo=UTC)),
            windows=23,
            opened=(),
            recovered=[alert(explanation="it is not watched any more")],
            still_open=(),
            rates=(),
            report="x",
        )
    )
    assert found.subject.endswith("in 23 windows, 2026-03-28 23:00 – 2026-03-29 22:00 UTC")
    assert "- relevance pass rate: it is not watched any more" in found.body
