"""The screening of sampled interactions: values are redacted, and those that seem to address a judge are flagged."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from tasks.core.safety.injection import suspected_injection
from tasks.core.safety.redaction import redact

BATCH_ROWS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """The interactions with their flag, and how many values of each asked kind were redacted."""

    interactions: pa.Table
    redacted: Mapping[str, int]


def screen(
    interactions: pa.Table, kinds: Sequence[str], read: Sequence[str], keys: Sequence[str], schema: pa.Schema
) -> Screened:
    """Redact every text column but the `keys`, and flag by the columns that a judge reads; as a table of `schema`.

    The flag is set by the texts as they were logged.
    """
    texts = [field.name for field in interactions.schema if field.type == pa.string() and field.name not in keys]
    counts: Counter[str] = Counter(dict.fromkeys(kinds, 0))
    batches = []
    for batch in interactions.to_batches(max_chunksize=BATCH_ROWS):
        rows = batch.to_pylist()
        flag = schema.names[-1]
        for row in rows:
            row[flag] = suspected_injection(row[role] for role in read)
            if kinds:
                redacted = redact({name: row[name] for name in texts}, kinds)
                row.update(redacted.texts)
                counts.update(redacted.counts)
        batches.append(pa.RecordBatch.from_pylist(rows, schema=schema))
    return Screened(interactions=pa.Table.from_batches(batches, schema), redacted=dict(counts))
