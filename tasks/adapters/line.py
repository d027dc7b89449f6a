"""The Protocol of lines: the ways by which a question reaches an evaluator and an exchange comes back."""

from typing import Protocol

from tasks.core.quality.exchange import Exchange, Question


class Line(Protocol):
    """A way to ask: over HTTP, from a batch that has come back, from a recording."""

    async def ask(self, question: Question) -> Exchange:
        """What came back, after as many calls as it took.

        Raises EvaluatorError where the question was not asked and no other can be.
        """

    async def close(self) -> None:
        """Give back what the line holds."""
