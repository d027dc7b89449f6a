"""The interaction: a joined input and output, and the roles its columns can play."""

from collections.abc import Iterable
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tasks.core.measure import TIMESTAMP

TEXT_ROLES: Final = (
    "prompt",
    "completion",
    "system",
    "history",
    "context",
    "ground_truth",
    "model_version",
    "user",
    "session",
    "language",
    "status",
    "finish_reason",
    "cached",
    "feedback",
)
NUMERIC_ROLES: Final = ("latency_ms", "first_token_ms", "input_tokens", "output_tokens", "temperature")
ROLES: Final = (*TEXT_ROLES, *NUMERIC_ROLES)
SUSPECTED: Final = "suspected_injection"
BROKEN: Final = "contract_broken"
INCLUSION: Final = "inclusion"
KEYS: Final = (
    "interaction_id",
    "correlation_id",
    "event_time",
    "output_time",
    "input_object",
    "output_object",
)


def logged(segments: Iterable[str]) -> pa.Schema:
    """The columns of the interactions of one window as they were logged.

    Every role has its column, null where it is not mapped or was not logged; `segments` are further mapped columns,
    as text. `event_time` is the input's, `output_time` the output's. Objects are URIs.
    """
    fields = [
        pa.field("interaction_id", pa.string(), nullable=False),
        pa.field("correlation_id", pa.string(), nullable=False),
        pa.field("event_time", TIMESTAMP, nullable=False),
        pa.field("output_time", TIMESTAMP, nullable=False),
        pa.field("input_object", pa.string(), nullable=False),
        pa.field("output_object", pa.string(), nullable=False),
        *(pa.field(role, pa.string()) for role in TEXT_ROLES),
        *(pa.field(role, pa.float64()) for role in NUMERIC_ROLES),
        *(pa.field(segment, pa.string()) for segment in segments),
    ]
    return pa.schema(fields)


def schema(segments: Iterable[str]) -> pa.Schema:
    """The columns of the interactions as they are stored: redacted where the monitor asks for it.

    `suspected_injection` says whether the texts address a judge or override instructions; `contract_broken` names the
    rules of the contract that the row breaks, null where it keeps it. `inclusion` is the probability with which the row
    was chosen among the candidates, above 0 to 1, where rows were stratified or preferred; else 1.
    """
    return screened(segments).append(pa.field(BROKEN, pa.string())).append(pa.field(INCLUSION, pa.float64()))


def screened(segments: Iterable[str]) -> pa.Schema:
    """The columns of the interactions before the contract is looked at."""
    return logged(segments).append(pa.field(SUSPECTED, pa.bool_(), nullable=False))


def sessions_of(interactions: pa.Table) -> list[str]:
    """The session of each interaction; one without is a session of its own."""
    named = pc.binary_join_element_wise("session", interactions["session"], ":")
    alone = pc.binary_join_element_wise("interaction", interactions["interaction_id"], ":")
    sessions: list[str] = pc.coalesce(named, alone).to_pylist()
    return sessions
