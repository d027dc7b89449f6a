"""The published windows of a store as labelling sees them: their interactions, and what the judge said of each."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pyarrow as pa

from configs.monitor import MonitorConfig
from tasks.adapters.ledger import Ledger
from tasks.adapters.results import fitted, key, read_manifest, read_table, revisions
from tasks.adapters.storage import Storage
from tasks.adapters.wanted import judgeable
from tasks.core.evidence import MOST_ROWS
from tasks.core.quality.plan import Call, plan
from tasks.core.records.interaction import INCLUSION, schema
from tasks.core.window import key_of

Fits = Callable[[datetime], bool]
NEWEST: Final = 1_000  # windows that are looked at, at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A score of the judge, and how far its repeats or jurors were apart; None where it has one voice."""

    score: float
    spread: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One published window: its interactions, a table of `interaction.schema`, and the scores it was published with.

    `said` goes by interaction and metric, `fingerprints` by metric.
    """

    start: datetime
    interactions: pa.Table
    said: Mapping[tuple[str, str], Said]
    fingerprints: Mapping[str, str]

    def inclusions(self) -> Mapping[str, float]:
        """By interaction the probability with which it was sampled."""
        chances = self.interactions[INCLUSION].fill_null(1.0).to_pylist()
        return dict(zip(self.interactions["interaction_id"].to_pylist(), chances, strict=True))


def seen_windows(config: MonitorConfig, store: Storage, fits: Fits) -> list[Seen]:
    """The newest windows that fit and have a score, oldest first, as far as their interactions are still kept.

    At most `MOST_ROWS` interactions: of the oldest window that has room, the first of its sample.
    """
    published = revisions(store)
    kept = {stored.key for stored in store.list("interactions/")}
    found: list[Seen] = []
    left = MOST_ROWS
    for start in [start for start in reversed(published) if fits(start)][:NEWEST]:
        if left <= 0:
            break
        if (place := key("interactions", key_of(start), published[start])) in kept:
            one = _seen(config, store, start, published[start], read_table(store, place).slice(0, left))
            if one.said:
                found.append(one)
                left -= one.interactions.num_rows
    return found[::-1]


def newest_fingerprints(store: Storage) -> Mapping[str, str]:
    """By metric those of the judge of the newest published window; none where there is no window."""
    published = revisions(store)
    if not published:
        return {}
    start, revision = max(published.items())
    return read_manifest(store, key_of(start), revision).fingerprints


def _seen(config: MonitorConfig, store: Storage, start: datetime, revision: int, table: pa.Table) -> Seen:
    manifest = read_manifest(store, key_of(start), revision)
    ledger = Ledger(store, start, manifest.fingerprints, manifest.scores).newest()
    interactions = fitted(table, schema(config.source.segments))
    return Seen(
        start=start,
        interactions=interactions,
        said=dict(_said(config, judgeable(config, interactions), ledger)),
        fingerprints=manifest.fingerprints,
    )


def _said(config: MonitorConfig, interactions: pa.Table, ledger: pa.Table) -> Iterator[tuple[tuple[str, str], Said]]:
    columns = ledger.select(["content_hash", "metric", "score", "spread", "disagreement"]).to_pylist()
    known = {(row["content_hash"], row["metric"]): row for row in columns if row["score"] is not None}
    for call in calls_of(config, interactions):
        for name in call.names:
            if row := known.get((call.content_hash, name)):
                spread = row["spread"] if row["spread"] is not None else row["disagreement"]
                yield (call.interaction_id, name), Said(score=row["score"], spread=spread)


def calls_of(config: MonitorConfig, interactions: pa.Table) -> Iterator[Call]:
    """What judging these interactions asks for."""
    metrics, fused = list(config.metrics.values()), config.evaluator.judging == "fused"
    return (one for one in plan(interactions, metrics, fused=fused) if isinstance(one, Call))


def between(first: datetime, last: datetime) -> Fits:
    """Windows that begin from `first` to `last`."""
    return lambda start: first <= start <= last


def frame(windows: Sequence[Seen], metric: str, span: tuple[datetime, datetime] | None) -> Mapping[float, float]:
    """By score the judged rows of the windows in a span, of all of them where it is None.

    A row counts 1 / the probability with which it was sampled; in all they count as many as they are.
    """
    counts: dict[float, float] = {}
    rows = 0
    for one in windows:
        if span is None or span[0] <= one.start <= span[1]:
            chances = one.inclusions()
            for (interaction, name), said in one.said.items():
                if name == metric:
                    counts[said.score] = counts.get(said.score, 0.0) + 1 / chances[interaction]
                    rows += 1
    total = sum(counts.values())
    return {score: count * rows / total for score, count in counts.items()}
