"""The windows before one, as they were published: their sampled interactions with what was judged of them."""

from dataclasses import replace

from configs.monitor import MonitorConfig
from tasks.adapters.judgements import read_judgements
from tasks.adapters.results import fitted, key, read_manifest, read_tables, revisions
from tasks.adapters.storage import Storage
from tasks.core.evidence import MOST_ROWS, Evidence
from tasks.core.records.interaction import schema
from tasks.core.run import Scored
from tasks.core.window import Window, key_of


def earlier_evidence(
    config: MonitorConfig, window: Window, windows: int, scored: Scored, store: Storage
) -> list[Evidence]:
    """The newest `windows` published before this one, oldest first, as far as their interactions are still kept.

    Of their scores those of the present judge are known. A column that a window did not have yet is null there.
    At most `MOST_ROWS`, as many of each: interactions lie in the order of the sample, so the first are a sample too.
    """
    published = revisions(store)
    before = [start for start in published if start < window.start][-windows:]
    kept = {stored.key for stored in store.list("interactions/")}
    wanted = {start: key("interactions", key_of(start), published[start]) for start in before}
    found = [start for start, place in wanted.items() if place in kept]
    columns = schema(config.source.segments)
    tables = [fitted(table, columns) for table in read_tables(store, [wanted[start] for start in found])]
    first = MOST_ROWS // max(len(tables), 1)
    all_counts = replace(scored, taken={}, decided=frozenset())
    return [
        Evidence.of(part, read_judgements(config, span, part, replace(all_counts, root=root), store))
        for start, table in zip(found, tables, strict=True)
        for part in [table.slice(0, first)]
        for span in [Window(start=start, end=start + config.window.every)]
        for root in [read_manifest(store, span.key, published[start]).scores]  # a replay has a folder of its own
    ]
