"""The order in which interactions are judged where judging ends as soon as enough is known."""

import hashlib
from collections.abc import Mapping, Sequence

import pyarrow as pa

from tasks.core.quality.metric import Metric
from tasks.core.quality.plan import Call, Key, plan
from tasks.core.records.interaction import sessions_of


def judging_order(interactions: pa.Table, seed: int, *, by_session: bool) -> list[int]:
    """The places of the interactions in the order of their judging: that of the sample, which is random.

    With `by_session`, whole sessions one after the other, by the hash of session and seed: rows of one session tell of
    each other, so that sessions and not rows are what is drawn.
    """
    places = list(range(interactions.num_rows))
    if not by_session:
        return places
    sessions = sessions_of(interactions)
    hashes = {one: hashlib.md5(f"{seed}:{one}".encode(), usedforsecurity=False).digest() for one in set(sessions)}
    return sorted(places, key=lambda place: (hashes[sessions[place]], place))


def keyed(interactions: pa.Table, metrics: Sequence[Metric], order: Sequence[int]) -> list[Mapping[str, Key]]:
    """By interaction, in the given order, what its score on each metric that applies is found by."""
    found: dict[str, dict[str, Key]] = {}
    for one in plan(interactions, metrics, fused=False):
        if isinstance(one, Call):
            found.setdefault(one.interaction_id, {})[one.names[0]] = (one.content_hash, one.names[0])
    ids = interactions["interaction_id"].to_pylist()
    return [found.get(ids[place], {}) for place in order]


def batch_end(sessions: Sequence[str] | None, end: int, rows: int) -> int:
    """Where a batch of `rows` ends that should end at `end`: no session, as they follow each other, is cut in two."""
    end = min(end, rows)
    while sessions is not None and 0 < end < rows and sessions[end] == sessions[end - 1]:
        end += 1
    return end
