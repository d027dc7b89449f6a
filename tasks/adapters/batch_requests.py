"""The requests of a batch: what is still wanted of a window, as lines of input files within a budget."""

import json
import math
import secrets
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from configs.evaluator import Juror
from configs.monitor import MonitorConfig
from tasks.adapters.batch_record import custom_id
from tasks.adapters.evaluators import price_of
from tasks.adapters.faults import Dialect
from tasks.adapters.judge import MARK_BYTES, messages_of
from tasks.adapters.line_http import parameters, settings_of
from tasks.adapters.wanted import ordered_calls
from tasks.core.quality.exchange import BATCH_SHARE, Question
from tasks.core.quality.plan import Call, Missing

MODERN: Final = "max_completion_tokens"  # OpenAI's own models all understand it, and some nothing else


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one input file may hold: requests, and bytes."""

    requests: int = 50_000
    size: int = 200_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One line of an input file, with its custom ID."""

    name: str
    line: bytes


def names_of(config: MonitorConfig, content_hash: str, metric: str) -> list[str]:
    """The custom IDs of a call, one for each repeat."""
    return [custom_id(content_hash, repeat, metric) for repeat in range(config.evaluator.repeats)]


def requests_of(
    config: MonitorConfig, interactions: pa.Table, wanted: Collection[Missing], under_way: Collection[str], path: str
) -> Iterator[Request]:
    """The requests that are not `under_way`, in the order of the plan, until the budget may not suffice for a call.

    What is under way has its share of the budget first.
    """
    left_usd = math.inf if config.evaluator.budget_usd is None else config.evaluator.budget_usd
    if under_way and left_usd < math.inf:
        for call in ordered_calls(config, interactions, wanted):
            left_usd -= _bound_usd(config, call, config.evaluator.repeats - len(_missing(config, call, under_way)))
    for call in ordered_calls(config, interactions, wanted):
        repeats = _missing(config, call, under_way)
        left_usd -= _bound_usd(config, call, len(repeats))
        if repeats and left_usd < 0:
            return
        yield from (_request(config.evaluator, call, repeat, path) for repeat in repeats)


def in_files(requests: Iterable[Request], limits: Limits) -> Iterator[list[Request]]:
    """The requests in as few files as the limits allow, in their order."""
    file: list[Request] = []
    size = 0
    for request in requests:
        if file and (len(file) == limits.requests or size + len(request.line) > limits.size):
            yield file
            file, size = [], 0
        file.append(request)
        size += len(request.line)
    if file:
        yield file


def _missing(config: MonitorConfig, call: Call, under_way: Collection[str]) -> list[int]:
    names = names_of(config, call.content_hash, call.names[0])
    return [repeat for repeat, name in enumerate(names) if name not in under_way]


def _bound_usd(config: MonitorConfig, call: Call, count: int) -> float:
    """The most that so many repeats of a call can cost in a batch."""
    price = price_of(config.evaluator)
    if price is None or count == 0:
        return 0.0
    size = sum(len(text.encode()) for _, text in messages_of(call, call.fields, "0" * 2 * MARK_BYTES))
    return BATCH_SHARE * price.bound_usd(size, config.evaluator.max_tokens) * count


def _request(juror: Juror, call: Call, repeat: int, path: str) -> Request:
    is_openais = juror.provider == "openai" and juror.base_url is None
    question = Question(
        call=call,
        messages=messages_of(call, call.fields, secrets.token_hex(MARK_BYTES)),
        judge=0,
        repeat=repeat,
        turn=0,
        bound_usd=0.0,
    )
    name = custom_id(call.content_hash, repeat, call.names[0])
    body = parameters(Dialect(token_key=MODERN) if is_openais else Dialect(), settings_of(juror), question)
    document = {"custom_id": name, "method": "POST", "url": path, "body": body}
    return Request(name=name, line=json.dumps(document).encode() + b"\n")
