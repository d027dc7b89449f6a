"""A message in plain text for e-mail and chats: what happened, one alert a line, and where to look."""

from dataclasses import dataclass
from typing import Final

from tasks.core.news import Digest, News, Notice, sentence_of
from tasks.core.plain import plain
from tasks.core.verdict import Severity

ALERTS_SHOWN: Final = 10
EXAMPLES_SHOWN: Final = 3
SENTENCE_LIMIT: Final = 400
ID_LIMIT: Final = 80
SUBJECT_LIMIT: Final = 200
GOOD: Final = {"recovered", "recovered untold"}
TAME: Final = str.maketrans("`*[]<>|~@&\\", "'∗()‹›¦∼＠＆⧵")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainMessage:
    """`subject` is one line. `is_good`: all of it is recovery; `is_urgent`: something of it is bad and critical."""

    subject: str
    body: str
    is_good: bool = False
    is_urgent: bool = False


def plain_message(news: News) -> PlainMessage:
    """One message for all news of a window; of logged interactions only the IDs are in it, never their text."""
    lines = [_line(notice) for notice in news.notices[:ALERTS_SHOWN]]
    if len(news.notices) > ALERTS_SHOWN:
        lines.append(f"and {len(news.notices) - ALERTS_SHOWN} more, which the report shows")
    places = [f"Report: {news.report}", *([f"Run: {news.run}"] if news.run else [])]
    bad = [notice for notice in news.notices if notice.kind not in GOOD]
    return PlainMessage(
        subject=tame(news.headline, SUBJECT_LIMIT),
        body="\n\n".join([*lines, "\n".join(places)]),
        is_good=not bad,
        is_urgent=any(notice.alert.severity is Severity.CRITICAL for notice in bad),
    )


def plain_digest(digest: Digest) -> PlainMessage:
    """The digest of a period: what is open, what opened and recovered, and the pass rates."""
    sections = {"Still open": digest.still_open, "Opened": digest.opened, "Recovered": digest.recovered}
    lines = []
    for title, alerts in sections.items():
        named = [f"- {tame(sentence_of(alert), SENTENCE_LIMIT)} ({alert.id})" for alert in alerts[:ALERTS_SHOWN]]
        if len(alerts) > ALERTS_SHOWN:
            named.append(f"- and {len(alerts) - ALERTS_SHOWN} more")
        lines += ["\n".join([f"{title}:", *named])] if alerts else []
    rates = [
        f"- {rate.metric}: {_share(rate.now)} of {rate.n} judged, {_share(rate.before)} the period before"
        for rate in digest.rates
    ]
    lines += ["\n".join(["Pass rates:", *rates])] if rates else []
    return PlainMessage(
        subject=tame(digest.headline, SUBJECT_LIMIT), body="\n\n".join([*lines, f"Report: {digest.report}"])
    )


def tame(text: str, limit: int) -> str:
    """Logged text on one line that forms no markup, mention or link, whatever a service makes of plain text.

    Services read Markdown, HTML or marks of their own where they say that they take plain text, so what they could
    read as such becomes a sign that looks like it.
    """
    return plain(text, limit).translate(TAME).replace("://", ":∕∕")


def _line(notice: Notice) -> str:
    """What happened, the sentence, the name to answer by; then some of the interactions that failed."""
    remark = f" ({tame(notice.remark, SENTENCE_LIMIT)})" if notice.remark else ""
    told = f"{notice.kind.upper()}{remark}: {tame(notice.sentence, SENTENCE_LIMIT)}"
    examples = ", ".join(tame(one.interaction_id, ID_LIMIT) for one in notice.examples[:EXAMPLES_SHOWN])
    failed = f"\nFailed: {examples}" if examples else ""
    return f"{told}\nAlert {notice.alert.id}{failed}"


def _share(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f}"
