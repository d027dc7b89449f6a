"""The Protocol of evaluators, and the one that a monitor asks for."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Protocol

from tasks.core.quality.plan import Request
from tasks.core.quality.score import Score

Deliver = Callable[[Request, Score], Awaitable[None]]


class Evaluator(Protocol):
    """Who judges."""

    @property
    def identity(self) -> Mapping[str, object]:
        """Provider, model and parameters: what makes its scores different from another's."""

    async def grade(self, requests: Iterable[Request], deliver: Deliver) -> None:
        """Judge every request and deliver each exactly once, in any order, as it is judged.

        Requests are taken only as fast as they are judged and delivered. Raises EvaluatorError, after what was judged
        has been delivered, where every further call would fail for the same reason.
        """
