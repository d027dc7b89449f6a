"""The raw replies of evaluators, kept for a while so that a window can be judged again from them."""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc

from tasks.adapters.results import day_folder, days_until, read_days, write_table
from tasks.adapters.storage import Storage
from tasks.core.quality.exchange import SCHEMA, Judged
from tasks.core.quality.plan import Call

ROOT = "replies"


class Replies:
    """The exchanges of the windows that begin on one day; every append is an object of its own."""

    def __init__(self, storage: Storage, window_start: datetime, fingerprints: Mapping[str, str]) -> None:
        self._storage = storage
        self._window_start = window_start
        self._fingerprints = fingerprints

    def append(self, judged: Collection[tuple[Call, Judged]]) -> None:
        """Write the exchanges, all of them or none."""
        rows = [row for call, one in judged for row in self._rows(call, one)]
        if rows:
            place = f"{day_folder(ROOT, self._window_start.date())}{uuid4()}.parquet"
            write_table(self._storage, place, pa.Table.from_pylist(rows, schema=SCHEMA))

    def newest(self, within: timedelta) -> pa.Table:
        """The exchanges of this day and of those `within` before it, under the current fingerprints."""
        today = self._window_start.date()
        replies = read_days(self._storage, ROOT, [*days_until(today, within), today], SCHEMA)
        wanted = pa.array(sorted(set(self._fingerprints.values())), pa.string())
        return replies.filter(pc.is_in(replies["fingerprint"], wanted))

    def forget(self, keep: timedelta) -> None:
        """Delete the days that lie more than `keep` before this window."""
        last = (self._window_start - keep).date()
        for stored in self._storage.list(f"{ROOT}/"):
            if date.fromisoformat(stored.key.split("/")[-2].removeprefix("date=")) < last:
                self._storage.delete(stored.key)

    def _rows(self, call: Call, judged: Judged) -> list[dict[str, object]]:
        attempt = uuid4().hex
        return [
            {
                "attempt": attempt,
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
                "at": one.exchange.at,
            }
            for one in judged.recordings
        ]
