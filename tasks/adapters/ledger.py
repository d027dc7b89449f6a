"""The ledger: append-only scores, found again by the content judged, the metric and the fingerprint."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final
from uuid import uuid4

import pyarrow as pa

from tasks.adapters.database import open_database
from tasks.adapters.results import read_tables, write_table
from tasks.adapters.storage import Storage
from tasks.core.quality.plan import Request
from tasks.core.quality.score import SCHEMA, Score

NEWEST: Final = """
    SELECT * FROM ledger WHERE fingerprint IN (SELECT unnest($fingerprints))
    QUALIFY row_number() OVER (
        PARTITION BY content_hash, metric, fingerprint ORDER BY score IS NOT NULL DESC, judged_at DESC
    ) = 1
"""


class Ledger:
    """The scores of the windows that begin on one day; every append is an object of its own."""

    def __init__(self, storage: Storage, window_start: datetime, fingerprints: Mapping[str, str]) -> None:
        self._storage = storage
        self._window_start = window_start
        self._fingerprints = fingerprints
        self._folder = f"scores/date={window_start:%Y-%m-%d}"

    def newest(self) -> pa.Table:
        """One row for each content and metric under the current fingerprints: its score, else why it has none."""
        keys = [stored.key for stored in self._storage.list(f"{self._folder}/")]
        ledger = pa.concat_tables([SCHEMA.empty_table(), *read_tables(self._storage, keys)])
        with open_database() as engine:
            engine.register("ledger", ledger)
            found = engine.sql(NEWEST, params={"fingerprints": sorted(set(self._fingerprints.values()))})
            return found.to_arrow_table().cast(SCHEMA)

    def append(self, judged: Collection[tuple[Request, Score]]) -> None:
        """Write the scores, all of them or none."""
        rows = [self._row(request, score) for request, score in judged]
        write_table(self._storage, f"{self._folder}/{uuid4()}.parquet", pa.Table.from_pylist(rows, schema=SCHEMA))

    def _row(self, request: Request, score: Score) -> dict[str, object]:
        return {
            "interaction_id": request.interaction_id,
            "content_hash": request.content_hash,
            "window_start": self._window_start,
            "metric": request.metric.name,
            "score": score.score,
            "reason": score.reason,
            "unscored": score.unscored,
            "model": score.model,
            "fingerprint": self._fingerprints[request.metric.name],
            "prompt_tokens": score.prompt_tokens,
            "completion_tokens": score.completion_tokens,
            "cost_usd": None,
            "latency_ms": score.latency_ms,
            "judged_at": score.judged_at,
        }
