"""The raw replies of evaluators, kept for a while so that a window can be judged again from them."""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc

from tasks.adapters.results import day_folder, days_until, read_days, write_table
from tasks.adapters.storage import Storage
from tasks.core.quality.exchange import SCHEMA, Judged
from tasks.core.quality.plan import Call, Purpose

ROOT = "replies"


class Replies:
    """The exchanges of the windows that begin on one day; every append is an object of its own."""

    def __init__(self, storage: Storage, window_start: datetime, fingerprints: Mapping[str, str]) -> None:
        self._storage = storage
        self._window_start = window_start
        self._fingerprints = fingerprints

    def append(self, judged: Collection[tuple[Call, Judged]]) -> None:
        """Write the exchanges, all of them or none."""
        batch = uuid4().hex
        rows = [row for number, (call, one) in enumerate(judged) for row in self._rows(f"{batch}-{number}", call, one)]
        if rows:
            place = f"{day_folder(ROOT, self._window_start.date())}{uuid4()}.parquet"
            write_table(self._storage, place, pa.Table.from_pylist(rows, schema=SCHEMA))

    def newest(self, within: timedelta, contents: Collection[str]) -> pa.Table:
        """The exchanges about these contents, of this day and those `within` before it, under the fingerprints.

        Canaries and bridges are those of this window.
        """
        today = self._window_start.date()
        replies = read_days(self._storage, ROOT, [*days_until(today, within), today], SCHEMA)
        marks = pa.array(sorted(set(self._fingerprints.values())), pa.string())
        about = pc.is_in(replies["content_hash"], pa.array(sorted(contents), pa.string()))
        beside = pc.and_(
            pc.not_equal(replies["purpose"], Purpose.WINDOW), pc.equal(replies["window_start"], self._window_start)
        )
        return replies.filter(pc.and_(pc.is_in(replies["fingerprint"], marks), pc.or_(about, beside)))

    def forget(self, keep: timedelta) -> None:
        """Delete the days that lie more than `keep` before this window."""
        last = (self._window_start - keep).date()
        for stored in self._storage.list(f"{ROOT}/"):
            if date.fromisoformat(stored.key.split("/")[-2].removeprefix("date=")) < last:
                self._storage.delete(stored.key)

    def _rows(self, attempt: str, call: Call, judged: Judged) -> list[dict[str, object]]:
        return [
            {
                "attempt": attempt,
                "purpose": call.purpose,
                "interaction_id": call.interaction_id,
                "content_hash": call.content_hash,
                "window_start": self._window_start,
                "metrics": list(call.names),
                "fingerprint": self._fingerprints[call.names[0]],
                "judge": one.judge,
                "repeat": one.repeat,
                "turn": one.turn,
                "failure": one.exchange.failure,
                "body": one.exchange.body,
                "calls": one.exchange.calls,
                "latency_ms": one.exchange.latency_ms,
                "price_share": one.exchange.price_share,
                "at": one.exchange.at,
            }
            for one in judged.recordings
        ]
