"""Why a logged line, or a whole object, is in quarantine."""

from enum import StrEnum
from typing import Final

KEPT_CHARACTERS: Final = 10_000  # of an unusable line


class Fault(StrEnum):
    """The reasons; those of whole objects name no line."""

    MALFORMED_JSON = "malformed_json"
    NOT_AN_OBJECT = "not_an_object"
    NO_CORRELATION_ID = "no_correlation_id"
    INVALID_TIME = "invalid_time"
    NO_ROWS = "no_rows"
    REFERENCE_MISSING = "reference_missing"
    ROW_NOT_AN_OBJECT = "row_not_an_object"
    UNDECODABLE_BODY = "undecodable_body"
    INVALID_UTF8 = "invalid_utf8"
    LINE_TOO_LONG = "line_too_long"
    MALFORMED_CSV = "malformed_csv"
    TRUNCATED_GZIP = "truncated_gzip"
    DAMAGED_GZIP = "damaged_gzip"
    DAMAGED_ZSTD = "damaged_zstd"
    UNREADABLE_OBJECT = "unreadable_object"
    VANISHED_OBJECT = "vanished_object"

    @property
    def is_whole_object(self) -> bool:
        """Whether the fault is an object's and not a line's."""
        return self in WHOLE_OBJECTS


WHOLE_OBJECTS = frozenset(
    {
        Fault.TRUNCATED_GZIP,
        Fault.DAMAGED_GZIP,
        Fault.DAMAGED_ZSTD,
        Fault.UNREADABLE_OBJECT,
        Fault.VANISHED_OBJECT,
    }
)
