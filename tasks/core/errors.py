"""The deliberate errors of genwatch: what is wrong, where, and what to do, in one line.

MonitorError
├── ConfigError      the monitor file or the command line is wrong (exit code 2)
├── StorageError     a bucket, a key or a permission is missing
├── UnreadableObjectError  one object's content cannot be had, however often it is asked for
├── ClusterError     the Dask cluster cannot be reached
├── ScratchError     a window does not fit into the scratch space
├── SourceError      the logs changed while they were read; a retry helps
├── EvaluatorError   the evaluator cannot be asked any more: key, model, address, quota, budget
├── BatchPending     the provider's batch has no result yet, or its API is away; asking later helps
├── CountsError      the counts of a run do not add up; nothing is published
├── RevisionError    another run published this revision first
└── ErasureError     something of what was to be forgotten is left
"""


class MonitorError(Exception):
    """A run or a command cannot go on; the message is one line for the user."""


class ConfigError(MonitorError):
    """The monitor file, a metric file or the command line is wrong."""


class StorageError(MonitorError):
    """Object storage refuses: no such bucket, access denied, no credentials."""


class UnreadableObjectError(MonitorError):
    """The content of one object cannot be had, however often it is asked for; it costs that object."""


class ClusterError(MonitorError):
    """The Dask cluster cannot be reached, or has no worker."""


class ScratchError(MonitorError):
    """The objects of a window do not fit into the scratch space."""


class SourceError(MonitorError):
    """The logs changed between two readings of one run."""


class EvaluatorError(MonitorError):
    """No further call can be made or would succeed; `reason` is the code that what was not asked is counted under."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class BatchPending(MonitorError):  # noqa: N818  it waits, nothing is broken
    """The provider works on the batch still, or does not answer; asking later helps."""


class EmbeddingError(MonitorError):
    """A server gave no embeddings."""


class CountsError(MonitorError):
    """Rows were lost or invented; a defect of genwatch, never of the input."""


class ErasureError(MonitorError):
    """Something of what was to be forgotten is still in the store."""


class RevisionError(MonitorError):
    """The revision exists already: a second run of the monitor was faster."""
