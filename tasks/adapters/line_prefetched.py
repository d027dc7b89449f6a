"""Questions answered from the results of a batch, and over a live line where it has none."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from configs.evaluator import Juror
from configs.monitor import MonitorConfig
from tasks.adapters.batch_record import BatchRecord, custom_id, open_record, record_key
from tasks.adapters.evaluator import Evaluator
from tasks.adapters.evaluators import Through, live_line, open_evaluator, price_of
from tasks.adapters.faults import Dialect, cause_of, read_refusal, simpler
from tasks.adapters.line import Line
from tasks.adapters.storage import Storage
from tasks.core.errors import EvaluatorError
from tasks.core.price import Purse
from tasks.core.quality.answer import read_answer
from tasks.core.quality.exchange import BATCH_SHARE, Exchange, Question
from tasks.core.quality.score import Unscored
from tasks.core.window import Window

if TYPE_CHECKING:  # the provider's package is slow to import
    from tasks.adapters.batches import BatchState, Result

SAID_BYTES: Final = 2_000


class PrefetchedLine:
    """A line over results that are there already; the rest goes to the `live` one.

    The first question of a judgement is looked for among the results. A reply that could not be read, or a context
    that was too long, is asked again live.
    """

    def __init__(self, results: Mapping[str, Exchange], live: Line) -> None:
        self._results = results
        self._live = live

    async def ask(self, question: Question) -> Exchange:
        """As `Line.ask`."""
        if question.turn == 0:
            call = question.call
            found = self._results.get(custom_id(call.content_hash, question.repeat, call.names[0]))
            if found is not None:
                return found
        return await self._live.ask(question)

    async def close(self) -> None:
        """As `Line.close`."""
        await self._live.close()


def open_prefetched(config: MonitorConfig, window: Window, store: Storage) -> tuple[Evaluator, frozenset[str]]:
    """The evaluator of a window with what its batches have brought, and the content hashes that they answer wholly.

    In live mode there are no batches.
    """
    if config.evaluator.mode == "live":
        return open_evaluator(config), frozenset()
    record = open_record(store, record_key(config, window))
    results = read_results(config, record) if record.parts else {}
    return open_evaluator(config, through(results)), _answered(results, config.evaluator.repeats)


def _answered(results: Mapping[str, Exchange], repeats: int) -> frozenset[str]:
    counts = Counter(one.split("-", 1)[0] for one in results)
    return frozenset(content for content, count in counts.items() if count == repeats)


def through(results: Mapping[str, Exchange]) -> Through:
    """How a judge asks with these results there; what they cost is taken out of the purse at once."""

    def line(juror: Juror, number: int, purse: Purse) -> Line:
        price = price_of(juror)
        uses = (read_answer(one.body, one.calls, price, one.price_share).use for one in results.values())
        purse.reserve(0.0)
        purse.settle(0.0, sum(use.cost_usd or 0.0 for use in uses))
        return PrefetchedLine(results, live_line(juror, number, purse))

    return line


def read_results(config: MonitorConfig, record: BatchRecord) -> Mapping[str, Exchange]:
    """What the batches of a record have brought, by custom ID; what has to be asked live is not among it."""
    from tasks.adapters.batches import open_batches  # noqa: PLC0415  slow to import

    found: dict[str, Exchange] = {}
    with open_batches(config.evaluator) as batches:
        for part in record.parts:
            if part.batch_id is None:
                continue
            state = batches.state(part.batch_id)
            results, wanted = batches.results(state), set(part.requests)
            found |= {
                name: exchange
                for name, result in results.items()
                if name in wanted and (exchange := exchange_of(result, state, config.evaluator.model or ""))
            }
    return found


def exchange_of(result: "Result", state: "BatchState", model: str) -> Exchange | None:
    """The result as a line would have brought it; None where asking live may bring more.

    Its latency is that of the whole batch, from its creation to its end: what one request took is not told.
    """
    if result.status == HTTPStatus.OK:
        return _exchange(None, result.body, state.created_at, state.ended_at)
    refusal = read_refusal(result.status, result.body)
    if refusal.heals or simpler(Dialect(), refusal) is not None:
        return None
    try:
        cause = cause_of(refusal, model)
    except EvaluatorError:
        return None
    return _exchange(cause, result.body[:SAID_BYTES], state.created_at, state.ended_at)


def _exchange(failure: Unscored | None, body: bytes, began: datetime, ended: datetime) -> Exchange:
    return Exchange(
        failure=failure,
        body=body,
        calls=1,
        latency_ms=(ended - began).total_seconds() * 1000,
        at=ended,
        price_share=BATCH_SHARE,
    )
