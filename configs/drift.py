"""Drift as the monitor file says it: what the texts of a window are held against, and what alerts."""

from typing import Annotated, Final

from pydantic import Field

from configs.values import Section
from tasks.core.verdict import Direction, Threshold

ROLES: Final = ("prompt", "completion")


class Baseline(Section):
    """What a window is held against: the interactions of the `previous` windows that were published before it."""

    previous: int = Field(default=7, ge=1, le=100)


class TextLimit(Section):
    """`max_auc`: how well the texts may be told from those of the baseline at most; null = only watched."""

    max_auc: Annotated[float, Field(gt=0.5, lt=1)] | None = None


class Drift(Section):
    """Drift of prompts and completions."""

    baseline: Baseline = Baseline()
    prompt: TextLimit = TextLimit()
    completion: TextLimit = TextLimit()

    def thresholds(self) -> list[Threshold]:
        """The limits that are set, and no others."""
        limits = {role: getattr(self, role).max_auc for role in ROLES}
        return [
            Threshold(address=f"drift.{role}.auc", limit=limit, direction=Direction.MAX)
            for role, limit in limits.items()
            if limit is not None
        ]
