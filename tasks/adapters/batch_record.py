"""The record of a window's batches in the store: what was handed to the provider, so that nothing is paid for twice."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from configs.monitor import MonitorConfig
from tasks.adapters.evaluators import identity_of
from tasks.adapters.storage import Storage, read_bytes
from tasks.core.errors import StorageError
from tasks.core.quality.fingerprint import fingerprints
from tasks.core.window import Window

DIGEST_CHARACTERS: Final = 16
ID_CHARACTERS: Final = 64  # some servers allow no more


class Part(BaseModel):
    """One batch. `token` is random and stands in the batch's metadata too.

    `batch_id` is None until the provider has told it; `requests` are the custom IDs of what is still wanted of it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    token: str
    batch_id: str | None = None
    submitted_at: AwareDatetime
    requests: tuple[str, ...]

    def is_late(self, deadline: timedelta, now: datetime) -> bool:
        """Whether it was handed over longer ago than `deadline`."""
        return now - self.submitted_at > deadline


class BatchRecord(BaseModel):
    """The batches of one window under one set of fingerprints; `done` once their scores are in the ledger."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: Literal["open", "done"] = "open"
    parts: tuple[Part, ...] = ()

    @property
    def requests(self) -> frozenset[str]:
        """The custom IDs of all parts."""
        return frozenset(one for part in self.parts for one in part.requests)

    def without(self, token: str) -> "BatchRecord":
        """The record but for one part."""
        return self.model_copy(update={"parts": tuple(part for part in self.parts if part.token != token)})

    def with_part(self, part: Part) -> "BatchRecord":
        """The record with the part in the place of the one with its token, else at the end."""
        return self.model_copy(update={"parts": (*self.without(part.token).parts, part)})


def custom_id(content_hash: str, repeat: int, name: str) -> str:
    """The name of a request in a batch, the same in every run; the hash covers texts and metrics, `name` is to read."""
    return f"{content_hash}-{repeat}-{name}"[:ID_CHARACTERS]


def marks_of(config: MonitorConfig) -> Mapping[str, str]:
    """The fingerprints of a monitor with one judge, by metric."""
    return fingerprints(list(config.metrics.values()), identity_of(config, config.evaluator))


def record_key(config: MonitorConfig, window: Window) -> str:
    """Where the record lies: `batches/window=20261121T0600Z/<digest of the fingerprints>.json`."""
    text = "\n".join(f"{metric} {mark}" for metric, mark in sorted(marks_of(config).items()))
    digest = hashlib.sha256(text.encode()).hexdigest()[:DIGEST_CHARACTERS]
    return f"batches/window={window.key}/{digest}.json"


def open_record(store: Storage, key: str) -> BatchRecord:
    """The record that a run has left open; an empty one where there is none, or it is done.

    Raises StorageError where the object is no record.
    """
    try:
        record = BatchRecord.model_validate_json(read_bytes(store, key))
    except FileNotFoundError:
        return BatchRecord()
    except ValidationError as error:
        message = f"{store.root}/{key}: this is no batch record; delete it, and the batch is submitted anew"
        raise StorageError(message) from error
    return record if record.state == "open" else BatchRecord()


def write_record(store: Storage, key: str, record: BatchRecord) -> BatchRecord:
    """Write the record, and return it."""
    store.put(key, record.model_dump_json().encode())
    return record


def close_record(store: Storage, key: str) -> None:
    """Mark the record as done, where one is open: its scores are in the ledger."""
    record = open_record(store, key)
    if record.parts:
        write_record(store, key, record.model_copy(update={"state": "done"}))
