"""A judged metric: what it needs, its scale, and the rubric that the evaluator is given."""

from collections.abc import Mapping
from dataclasses import dataclass

LOWEST, HIGHEST = 1, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A metric read from `configs/metrics/*.yaml`.

    `needs` are the roles of the interaction that the evaluator sees, in the order in which it sees them. `levels`
    anchor each score from 1 to 5. A score passes at `pass_at` or above.
    """

    name: str
    needs: tuple[str, ...]
    question: str
    levels: Mapping[int, str]
    pass_at: int

    @property
    def rubric(self) -> str:
        """The question and its five anchored levels, as the evaluator reads them."""
        levels = "; ".join(f"{score} {self.levels[score].rstrip('.')}" for score in range(LOWEST, HIGHEST + 1))
        return f"{self.question} {levels}."
