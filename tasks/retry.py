"""When a verb is tried again: for faults that may heal, not for what a person has to correct."""

from typing import Any

from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

from tasks.core.errors import ConfigError, CountsError, EvaluatorError, RevisionError, ScratchError

LASTING = (ConfigError, CountsError, EvaluatorError, RevisionError, ScratchError)


def may_heal(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Prefect's retry condition."""
    return not isinstance(state.result(raise_on_failure=False), LASTING)
