"""Whole sessions for the judge: the last interaction of each, with all turns before it as its history."""

from collections.abc import Mapping
from typing import Final

import pyarrow as pa

from tasks.core.records.interaction import sessions_of

NEEDED: Final = ("interaction_id", "session", "event_time", "history", "prompt", "completion")
ORDER: Final = [("event_time", "ascending"), ("interaction_id", "ascending")]


def conversations(interactions: pa.Table) -> Mapping[str, str | None]:
    """By the last interaction of each session, what was said before its prompt; None where nothing was.

    These are the turns of the interactions that are given, in the order of their times, after the history that the
    first of them had. Where the last one was logged with a longer history, that counts: it knows turns that are not
    given. An interaction without a session is one of its own. The order of the rows makes no difference.
    """
    table = interactions.select(NEEDED).sort_by(ORDER)
    told: dict[str, list[str]] = {}
    last: dict[str, tuple[str, str | None]] = {}
    for session, row in zip(sessions_of(table), table.to_pylist(), strict=True):
        known = told.setdefault(session, [row["history"]] if row["history"] else [])
        before = "\n".join(known)
        logged = row["history"] or ""
        last[session] = row["interaction_id"], max(before, logged, key=len) or None
        known += [f"{role}: {text}" for role, text in _said(row) if text]
    return dict(last.values())


def _said(row: Mapping[str, str | None]) -> tuple[tuple[str, str | None], ...]:
    return ("user", row["prompt"]), ("assistant", row["completion"])
