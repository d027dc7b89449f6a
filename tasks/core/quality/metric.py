"""A judged metric: what it needs, its scale, and the rubric that the evaluator is given."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

LOWEST, HIGHEST = 1, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """What a score can be: a whole number from `lowest` to `highest`, the worst first.

    `names` are what the evaluator answers in place of the numbers, in their order; empty where it answers the number.
    """

    lowest: int = LOWEST
    highest: int = HIGHEST
    names: tuple[str, ...] = ()

    @property
    def labels(self) -> Mapping[int, str]:
        """Each number, lowest first, with what it is called: its name, else the number itself."""
        numbers = range(self.lowest, self.highest + 1)
        return dict(zip(numbers, self.names or map(str, numbers), strict=True))


FIVE_POINTS: Final = Scale()


def named_scale(names: tuple[str, ...], lowest: int) -> Scale:
    """The scale of these names, the worst first, numbered from `lowest` on."""
    return Scale(lowest=lowest, highest=lowest + len(names) - 1, names=names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A metric read from `configs/metrics/*.yaml`.

    `needs` are the roles of the interaction that the evaluator sees, in the order in which it sees them. `levels`
    anchor each number of the scale; question and levels make the `rubric`, as the evaluator reads it. A score passes
    at `pass_at` or above. `of_sessions`: it is asked of whole sessions, by their last interactions.
    """

    name: str
    needs: tuple[str, ...]
    question: str
    levels: Mapping[int, str]
    pass_at: int
    scale: Scale = FIVE_POINTS
    of_sessions: bool = False
    rubric: str = field(init=False)

    def __post_init__(self) -> None:  # noqa: D105  said above
        shown = '"{}":' if self.scale.names else "{}"
        levels = [
            f"{shown.format(label)} {self.levels[number].rstrip('.')}" for number, label in self.scale.labels.items()
        ]
        object.__setattr__(self, "rubric", f"{self.question} {'; '.join(levels)}.")
