"""Drift as the monitor file says it: what the texts of a window are held against, and what alerts."""

from collections.abc import Collection
from typing import Annotated, Final

from pydantic import Field

from configs.values import Section
from tasks.core.verdict import Direction, Threshold

ROLES: Final = ("prompt", "completion")
UNCOMPARED: Final = (*ROLES, "system", "history", "context", "ground_truth", "user", "session")


class Baseline(Section):
    """What a window is held against."""

    previous: int = Field(default=7, ge=1, le=100)
    """How many published windows before this one are the baseline."""
    fixed: bool = False
    """Hold every window against what `genwatch baseline` has put into the store instead."""


class TextLimit(Section):
    """What alerts of the texts of a role."""

    max_auc: Annotated[float, Field(gt=0.5, lt=1)] | None = None
    """How well the texts may be told from those of the baseline at most, between 0.5 (by chance) and 1 (always); null =
    only watched."""


class ColumnLimit(Section):
    """How far the values of a column may be from those of the baseline."""

    max_psi: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """The greatest population stability index; null = only watched."""
    max_js: Annotated[float, Field(gt=0, lt=1)] | None = None
    """The greatest Jensen-Shannon distance; null = only watched."""


class Drift(Section):
    """Drift of prompts and completions, and of every mapped column of numbers or categories."""

    baseline: Baseline = Baseline()
    """What a window is held against."""
    prompt: TextLimit = TextLimit()
    """What alerts of the prompts."""
    completion: TextLimit = TextLimit()
    """What alerts of the completions."""
    columns: dict[str, ColumnLimit] = Field(default_factory=dict)
    """By mapped column of numbers or categories, what alerts."""

    def check_mapped(self, mapped: Collection[str]) -> None:
        """Raises ValueError for a limit on a column that the source does not map, or that has no values to compare."""
        for name in self.columns:
            if name in UNCOMPARED:
                message = f"drift.columns.{name} is a text or an ID; only numbers and categories have limits there"
                raise ValueError(message)
            if name not in mapped:
                message = f"drift.columns.{name} is not mapped; add source.columns.{name} or remove the limit"
                raise ValueError(message)

    def thresholds(self) -> list[Threshold]:
        """The limits that are set, and no others."""
        limits = {role: getattr(self, role).max_auc for role in ROLES}
        return [
            Threshold(address=f"drift.{role}.auc", limit=limit, direction=Direction.MAX)
            for role, limit in limits.items()
            if limit is not None
        ] + [
            Threshold(address=f"drift.{name}.{measure}", limit=limit, direction=Direction.MAX)
            for name, column in self.columns.items()
            for measure, limit in (("psi", column.max_psi), ("js", column.max_js))
            if limit is not None
        ]
