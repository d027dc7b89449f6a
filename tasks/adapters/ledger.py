"""The ledger: append-only scores, found again by the content judged, the metric and the fingerprint."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import pyarrow as pa

from tasks.adapters.database import open_session
from tasks.adapters.results import day_folder, days_until, read_days, write_table
from tasks.adapters.storage import Storage
from tasks.core.quality.exchange import Judged
from tasks.core.quality.plan import Call
from tasks.core.quality.score import SCHEMA, Score

NEWEST: Final = """
    SELECT * FROM ledger WHERE fingerprint IN (SELECT unnest($fingerprints))
        AND ($until IS NULL OR judged_at < $until)
    QUALIFY row_number() OVER (
        PARTITION BY content_hash, metric, fingerprint
        ORDER BY score IS NOT NULL DESC, CASE WHEN score IS NOT NULL THEN judged_at END, judged_at DESC
    ) = 1
"""
WANTED: Final = """
    SELECT w.interaction_id, l.* EXCLUDE (interaction_id) FROM wanted w JOIN ledger l USING (content_hash, metric)
    WHERE l.score IS NOT NULL AND l.fingerprint IN (SELECT unnest($fingerprints))
    QUALIFY row_number() OVER (PARTITION BY content_hash, metric ORDER BY judged_at DESC) = 1
"""
UNPAID: Final = ("prompt_tokens", "cached_tokens", "completion_tokens", "cost_usd", "latency_ms")
Key = tuple[str, str]


class Ledger:
    """The scores of the windows that begin on one day; every append is an object of its own.

    `root` is the folder of the scores: `scores`, or that of a replay.
    """

    def __init__(
        self, storage: Storage, window_start: datetime, fingerprints: Mapping[str, str], root: str = "scores"
    ) -> None:
        self._storage = storage
        self._window_start = window_start
        self._fingerprints = fingerprints
        self.root = root

    def newest(self, until: datetime | None = None) -> pa.Table:
        """One row for each content and metric under the current fingerprints: its first score, else why it has none.

        Only what was judged before `until`, where it is given.
        """
        ledger = read_days(self._storage, self.root, [self._window_start.date()], SCHEMA)
        with open_session() as engine:
            engine.register("ledger", ledger)
            parameters = {"fingerprints": sorted(set(self._fingerprints.values())), "until": until}
            found = engine.sql(NEWEST, params=parameters)
            return found.to_arrow_table().cast(SCHEMA)

    def reuse(self, wanted: Mapping[Key, str], within: timedelta) -> set[Key]:
        """Take over scores of other days, up to `within` before this window, and return what was found.

        `wanted` maps content hash and metric to the interaction. A score that is taken over stands in this day's ledger
        too, without tokens, cost and latency, as nothing was paid for it again.
        """
        rows = self._elsewhere(wanted, within)
        own = {"window_start": self._window_start} | dict.fromkeys(UNPAID)
        if rows:
            self._write(pa.Table.from_pylist([row | own for row in rows], schema=SCHEMA))
        return {(row["content_hash"], row["metric"]) for row in rows}

    def reusable(self, wanted: Mapping[Key, str], within: timedelta) -> set[Key]:
        """As `reuse`, but nothing is taken over."""
        return {(row["content_hash"], row["metric"]) for row in self._elsewhere(wanted, within)}

    def _elsewhere(self, wanted: Mapping[Key, str], within: timedelta) -> list[dict[str, Any]]:
        days = days_until(self._window_start.date(), within) if wanted else ()
        ledger = read_days(self._storage, self.root, days, SCHEMA)
        if not ledger.num_rows:
            return []
        keys = pa.table(
            {
                "content_hash": [content for content, _ in wanted],
                "metric": [metric for _, metric in wanted],
                "interaction_id": list(wanted.values()),
            }
        )
        with open_session() as engine:
            engine.register("ledger", ledger)
            engine.register("wanted", keys)
            parameters = {"fingerprints": sorted(set(self._fingerprints.values()))}
            return list(engine.sql(WANTED, params=parameters).to_arrow_table().to_pylist())

    def append(self, judged: Collection[tuple[Call, Judged]]) -> None:
        """Write the scores, all of them or none."""
        rows = [
            self._row(call, name, score)
            for call, one in judged
            for name, score in zip(call.names, one.scores, strict=True)
        ]
        self._write(pa.Table.from_pylist(rows, schema=SCHEMA))

    def _write(self, table: pa.Table) -> None:
        write_table(self._storage, f"{day_folder(self.root, self._window_start.date())}{uuid4()}.parquet", table)

    def _row(self, call: Call, name: str, score: Score) -> dict[str, object]:
        return {
            "interaction_id": call.interaction_id,
            "content_hash": call.content_hash,
            "window_start": self._window_start,
            "metric": name,
            "score": score.score,
            "reason": score.reason,
            "unscored": score.unscored,
            "spread": score.spread,
            "disagreement": score.disagreement,
            "dropped_passages": score.dropped_passages,
            "model": score.model,
            "fingerprint": self._fingerprints[name],
            "prompt_tokens": score.use.prompt_tokens,
            "cached_tokens": score.use.cached_tokens,
            "completion_tokens": score.use.completion_tokens,
            "cost_usd": score.use.cost_usd,
            "latency_ms": score.latency_ms,
            "judged_at": score.judged_at,
        }
