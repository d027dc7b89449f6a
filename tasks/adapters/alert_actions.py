"""What people did about alerts, one object each, which are written while runs go on and never changed."""

from collections.abc import Sequence
from datetime import UTC
from typing import Final
from uuid import uuid4

from pydantic import ValidationError

from tasks.adapters.storage import Storage, read_bytes
from tasks.core.alert import Action, Alert

ROOT: Final = "alert-actions"
STAMP: Final = "%Y%m%dT%H%M%S%fZ"


def record_action(store: Storage, action: Action) -> str:
    """Write what was done; the next run applies it. Returns the key of the object."""
    place = f"{ROOT}/{action.at.astimezone(UTC).strftime(STAMP)}-{uuid4()}.json"
    store.put_if_absent(place, action.model_dump_json(indent=2).encode())
    return place


def actions_about(store: Storage, alerts: Sequence[Alert]) -> tuple[Action, ...]:
    """What was done about any of these alerts since the first of them began; what cannot be read counts as nothing."""
    if not alerts:
        return ()
    first = min(alert.created_at for alert in alerts).astimezone(UTC).strftime(STAMP)
    keys = [stored.key for stored in store.list(f"{ROOT}/") if stored.key.removeprefix(f"{ROOT}/") >= first]
    ids = {alert.id for alert in alerts}
    return tuple(action for place in keys if (action := _read(store, place)) is not None and action.id in ids)


def _read(store: Storage, place: str) -> Action | None:
    try:
        return Action.model_validate_json(read_bytes(store, place))
    except (ValidationError, FileNotFoundError):
        return None
