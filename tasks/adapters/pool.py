"""Many calls judged at once: as many workers as calls may be under way, each taking the next call when it is free."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

from tasks.adapters.evaluator import Evaluator
from tasks.core.errors import EvaluatorError
from tasks.core.quality.exchange import Judged
from tasks.core.quality.plan import Call
from tasks.core.quality.score import NotAsked

Deliver = Callable[[Call, Judged], Awaitable[None]]


async def judge_all(
    calls: Iterator[Call], evaluator: Evaluator, workers: int, until: float | None, deliver: Deliver
) -> EvaluatorError | None:
    """Judge the calls and deliver each that was judged, once, in any order; returns why the rest was not asked.

    Calls are taken only as fast as they are judged and delivered. What is under way when asking ends is finished; what
    is under way at `until`, a time of the event loop, is cut off. A call without a recording is passed over alone.
    """
    skipped: list[EvaluatorError] = []
    ended: list[EvaluatorError] = []

    async def work() -> None:
        for call in calls:
            try:
                judged = await evaluator.judge(call)
            except EvaluatorError as error:
                (skipped if error.reason == NotAsked.NOT_RECORDED else ended).append(error)
            else:
                await deliver(call, judged)
            if ended:
                return

    try:
        async with asyncio.timeout_at(until), asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(work())
    except TimeoutError:
        return EvaluatorError(
            NotAsked.DEADLINE, "evaluator.deadline was reached; what was not judged by then is not asked"
        )
    return next(iter([*ended, *skipped]), None)
