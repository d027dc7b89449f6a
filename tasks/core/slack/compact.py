"""One message for all alerts of a window, as a webhook takes it."""

from collections.abc import Mapping, Sequence
from typing import Final

from tasks.core.alert import Event
from tasks.core.news import News, Notice
from tasks.core.slack.block import SIGNS, Block, Message, failing, header, inert, mentioned, places, remark, section
from tasks.core.trend import drawn
from tasks.core.verdict import Severity

ALERTS_SHOWN: Final = 10
LINE_LIMIT: Final = 300
CALLING: Final = {Event.OPENED, Event.REOPENED, Event.ESCALATED}
Mentions = Mapping[Severity, Sequence[str]]  # whom an alert of that severity calls


def compact(news: News, mentions: Mentions) -> Message:
    """One message for the alerts of one window: a line for each, the course of the first, and where to look."""
    shown, blocks = news.notices[:ALERTS_SHOWN], [header(news.headline)]
    for notice in shown:
        blocks.append(section(line(notice), LINE_LIMIT))
        blocks += course(notice) if notice is shown[0] else ()
    if len(news.notices) > len(shown):
        blocks.append(remark(f"and {len(news.notices) - len(shown)} more"))
    blocks += mentioned(called(news.notices, mentions))
    ends = [*places({"Report": news.report, "Run": news.run}), remark("genwatch alerts CONFIG ack ID")]
    blocks += failing((example for notice in shown for example in notice.examples), [*blocks, *ends])
    return Message(text=inert(news.headline, LINE_LIMIT), blocks=[*blocks, *ends])


def line(notice: Notice) -> str:
    """What happened, the sentence, and the name to answer by."""
    told = f" ({notice.remark})" if notice.remark else ""
    sign, name = f"{SIGNS[notice.kind]}{told}: ", f" · {notice.alert.id}"
    sentence, room = notice.sentence, LINE_LIMIT - len(sign) - len(name)
    return f"{sign}{sentence if len(sentence) <= room else f'{sentence[: room - 1]}…'}{name}"


def course(notice: Notice) -> list[Block]:
    """The measure over the last windows, where it is known."""
    found = None if notice.trend is None else drawn(notice.trend, notice.unit)
    return [] if found is None else [remark(found)]


def called(notices: Sequence[Notice], mentions: Mentions) -> list[str]:
    """Whom the setting names for what opened, reopened or became critical, each once."""
    asked = [name for one in notices if one.event in CALLING for name in mentions.get(one.alert.severity, ())]
    return list(dict.fromkeys(asked))
