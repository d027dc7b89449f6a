"""What a window's drift is held against: the windows before it, or the baseline in the store."""

from collections.abc import Sequence

import pyarrow as pa

from configs.drift import Baseline
from tasks.adapters.baseline import read_baseline
from tasks.adapters.results import fitted
from tasks.adapters.storage import Storage
from tasks.core.evidence import Evidence


def baseline_of(asked: Baseline, store: Storage, earlier: Sequence[Evidence], schema: pa.Schema) -> pa.Table:
    """The interactions that a window is held against; raises ConfigError where a fixed baseline is not there.

    A column that a window before did not have yet is null there.
    """
    if asked.fixed:
        return read_baseline(store, schema)
    parts = [fitted(part.interactions, schema) for part in earlier[-asked.previous :]]
    return pa.concat_tables([schema.empty_table(), *parts])
