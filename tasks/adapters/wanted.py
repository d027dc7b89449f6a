"""The calls that a window still wants, as the ledger has it."""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import timedelta
from itertools import chain

import pyarrow as pa
import pyarrow.compute as pc

from configs.monitor import MonitorConfig
from tasks.adapters.ledger import Ledger
from tasks.core.quality.plan import Call, Key, Missing, calls_of, missing
from tasks.core.records.interaction import BROKEN

HELD_BACK = "quarantine"
Elsewhere = Callable[[Mapping[Key, str], timedelta], set[Key]]


def judgeable(config: MonitorConfig, interactions: pa.Table, *, held_back: bool = False) -> pa.Table:
    """The interactions that may be judged; or those that are `held_back`, as they break a contract that says so."""
    if config.contract is None or config.contract.on_failure != HELD_BACK:
        return interactions.slice(0, 0) if held_back else interactions
    keeps = pc.is_null(interactions[BROKEN])
    return interactions.filter(pc.invert(keeps) if held_back else keeps)


def wanted_calls(
    config: MonitorConfig, interactions: pa.Table, ledger: Ledger, elsewhere: Elsewhere
) -> tuple[list[Missing], int]:
    """The calls that no day's ledger has the scores of, and how many scores earlier days have.

    `elsewhere` looks for those: `ledger.reuse` takes them over, `ledger.reusable` only finds them.
    """
    metrics, fused = list(config.metrics.values()), config.evaluator.judging == "fused"
    known = ledger.newest()
    known = known.filter(pc.is_valid(known["score"]))
    scored = set(zip(known["content_hash"].to_pylist(), known["metric"].to_pylist(), strict=True))
    wanted = missing(judgeable(config, interactions), metrics, scored, fused=fused)
    places = {key: one.interaction_id for one in wanted for key in one.keys if key not in scored}
    found = elsewhere(places, config.evaluator.reuse)
    scored |= found
    return [one for one in wanted if not scored.issuperset(one.keys)], len(found)


def ordered_calls(
    config: MonitorConfig, interactions: pa.Table, wanted: Collection[Missing], answered: Collection[str] = ()
) -> Iterator[Call]:
    """The wanted calls with their texts in the order of the plan, those with `answered` contents before the others.

    What ends the asking then ends it for the others alone.
    """
    metrics, fused = list(config.metrics.values()), config.evaluator.judging == "fused"
    first = [one for one in wanted if one.content_hash in answered]
    then = [one for one in wanted if one.content_hash not in answered]
    interactions = judgeable(config, interactions)
    return chain.from_iterable(calls_of(some, interactions, metrics, fused=fused) for some in (first, then) if some)
