"""The digest of a period as one message."""

from collections.abc import Sequence
from typing import Final

from tasks.core.alert import Alert
from tasks.core.news import Change, Digest, sentence_of
from tasks.core.plain import plain
from tasks.core.slack.block import TEXT_LIMIT, Block, Message, header, inert, places, section
from tasks.core.verdict import Severity

ALERTS_SHOWN: Final = 6
LINE_LIMIT: Final = 160
RATES_SHOWN: Final = 20
SIGNS: Final = {Severity.CRITICAL: "🔴", Severity.WARNING: "🟡"}


def digest_message(digest: Digest) -> Message:
    """What opened, what recovered, what is open, and the pass rates beside those of the period before."""
    return Message(
        text=inert(digest.headline, TEXT_LIMIT),
        blocks=[
            header(digest.headline),
            *_listed("Opened", digest.opened),
            *_listed("Recovered", digest.recovered),
            *_listed("Still open", digest.still_open),
            *_rates(digest.rates),
            *places({"Report": digest.report}),
        ],
    )


def _listed(title: str, alerts: Sequence[Alert]) -> list[Block]:
    if not alerts:
        return []
    lines = [_line(alert) for alert in alerts[:ALERTS_SHOWN]]
    if len(alerts) > ALERTS_SHOWN:
        lines.append(f"and {len(alerts) - ALERTS_SHOWN} more")
    return [section("\n".join([title, *lines]), TEXT_LIMIT)]


def _line(alert: Alert) -> str:
    sign = SIGNS[alert.severity] if alert.is_open else "🟢"
    return f"{sign} {plain(sentence_of(alert), LINE_LIMIT)} · {alert.id}"


def _rates(rates: Sequence[Change]) -> list[Block]:
    if not rates:
        return []
    return [section("\n".join(["Pass rates", *(_rate(one) for one in rates[:RATES_SHOWN])]), TEXT_LIMIT)]


def _rate(change: Change) -> str:
    if change.now is None:
        return f"{change.metric}: nothing was judged"
    before = "no rate to compare with before" if change.before is None else f"{change.before:.3f} the period before"
    return f"{change.metric}: {change.now:.3f} of {change.n:,} rows, {before}"
