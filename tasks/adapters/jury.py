"""A jury: several evaluators judge the same call, and their scores become one."""

import asyncio
from collections.abc import Mapping, Sequence

from tasks.adapters.evaluator import Evaluator
from tasks.core.quality.combine import RULES, jury, majority
from tasks.core.quality.exchange import Judged
from tasks.core.quality.plan import Call


class Jury:
    """An evaluator made of evaluators; `rule` is the name of one of `combine.RULES`."""

    def __init__(self, jurors: Sequence[Evaluator], rule: str) -> None:
        self._jurors = tuple(jurors)
        self._rule = rule

    @property
    def identity(self) -> Mapping[str, object]:
        """As `Evaluator.identity`: the first juror's, with the others'."""
        first, *others = (dict(juror.identity) for juror in self._jurors)
        return first | {"jury": others, "jury_rule": self._rule}

    async def judge(self, call: Call) -> Judged:
        """As `Evaluator.judge`; all jurors at once."""
        heard = await asyncio.gather(*(juror.judge(call) for juror in self._jurors))
        by_metric = zip(*(one.scores for one in heard), strict=True)
        return Judged(
            scores=tuple(
                jury(scores, majority if metric.scale.names else RULES[self._rule])
                for metric, scores in zip(call.metrics, by_metric, strict=True)
            ),
            recordings=tuple(recording for one in heard for recording in one.recordings),
        )

    async def close(self) -> None:
        """As `Evaluator.close`."""
        for juror in self._jurors:
            await juror.close()
