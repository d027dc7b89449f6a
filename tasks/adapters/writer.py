"""What is judged, written as the judging goes on: scores to the ledger, raw replies beside it."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Final

from tasks.adapters.ledger import Ledger
from tasks.adapters.replies import Replies
from tasks.core.errors import EvaluatorError
from tasks.core.manifest import EvaluatorUse, Stopped
from tasks.core.progress import Asked
from tasks.core.quality.exchange import Judged
from tasks.core.quality.plan import Call, Purpose
from tasks.core.quality.score import Use

BATCH_CALLS: Final = 1024
BATCH_S: Final = 5.0

Progress = Callable[[Asked], None]


class Writer:
    """Takes what is judged and writes it in batches, at most `BATCH_S` seconds apart; `total` judgements are wanted."""

    def __init__(self, ledger: Ledger, replies: Replies | None, total: int, progress: Progress) -> None:
        self._ledger = ledger
        self._replies = replies
        self._total = total
        self.progress = progress
        self._waiting: list[tuple[Call, Judged]] = []
        self._written_at = time.monotonic()
        self.judged = 0
        self.use = Use()
        self.models: set[str] = set()

    async def deliver(self, call: Call, judged: Judged) -> None:
        """Take one call's scores; the one who brings the last of a batch waits until the batch is written."""
        self.judged += len(judged.scores)
        await self.note(call, judged)
        self.progress(Asked(done=self.judged, total=self._total, cost_usd=self.use.cost_usd))

    async def note(self, call: Call, judged: Judged) -> None:
        """Take what a call cost and what came back; only a call of the window enters the ledger."""
        self._waiting.append((call, judged))
        for score in judged.scores:
            self.use += score.use
            if score.model is not None:
                self.models.add(score.model)
        if len(self._waiting) >= BATCH_CALLS or time.monotonic() - self._written_at >= BATCH_S:
            await self.flush()

    def add(self, use: Use, judged: int, models: Iterable[str]) -> None:
        """Count in what others have judged and written."""
        self.use += use
        self.judged += judged
        self.models.update(models)

    def used(self, provider: str, reused: int, stopped: EvaluatorError | None) -> EvaluatorUse:
        """What the judging took, as the manifest holds it."""
        use = self.use
        return EvaluatorUse(
            provider=provider,
            calls=use.calls,
            judged=self.judged,
            reused=reused,
            prompt_tokens=use.prompt_tokens,
            cached_tokens=use.cached_tokens,
            completion_tokens=use.completion_tokens,
            cost_usd=use.cost_usd,
            models=tuple(sorted(self.models)),
            stopped=None if stopped is None else Stopped(reason=stopped.reason, message=str(stopped)),
        )

    async def flush(self) -> None:
        """Write what waits."""
        batch, self._waiting = self._waiting, []
        self._written_at = time.monotonic()
        if batch:
            await asyncio.to_thread(self._write, batch)

    def _write(self, batch: list[tuple[Call, Judged]]) -> None:
        if self._replies is not None:
            self._replies.append(batch)
        if scores := [(call, judged) for call, judged in batch if call.purpose is Purpose.WINDOW]:
            self._ledger.append(scores)
