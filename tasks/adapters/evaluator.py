"""The Protocol of evaluators."""

from collections.abc import Mapping
from typing import Protocol

from tasks.core.quality.exchange import Judged
from tasks.core.quality.plan import Call


class Evaluator(Protocol):
    """Who judges."""

    @property
    def identity(self) -> Mapping[str, object]:
        """Provider, model and parameters: what makes its scores different from another's."""

    async def judge(self, call: Call) -> Judged:
        """A score for each metric of the call; many calls may be under way at once.

        Raises EvaluatorError where the call was not judged and no other can be.
        """

    async def close(self) -> None:
        """Give back what the evaluator holds."""
