"""The sample: the interactions with the smallest hashes, so that it is repeatable, nested and mergeable.

Source: bottom-k sampling, E. Cohen and H. Kaplan, Summarizing data using bottom-k sketches, PODC 2007.
"""

import hashlib
from typing import Final
from uuid import UUID

HASHES: Final = 2**128

EMPTY: Final = """
    SELECT NULL::UUID AS key, NULL::UINTEGER AS index, NULL::UINTEGER AS row_count, NULL::TIMESTAMPTZ AS event_time,
           NULL::TIMESTAMPTZ AS output_time, NULL::UBIGINT AS input_object, NULL::UBIGINT AS input_hash,
           NULL::UINTEGER AS input_position, NULL::UBIGINT AS output_object, NULL::UBIGINT AS output_hash,
           NULL::UINTEGER AS output_position, NULL::UBIGINT AS truth_object, NULL::UBIGINT AS truth_hash,
           NULL::UINTEGER AS truth_position, NULL::UBIGINT AS feedback_object, NULL::UBIGINT AS feedback_hash,
           NULL::UINTEGER AS feedback_position, NULL::UHUGEINT AS sample_hash
    WHERE false
"""
SAMPLE: Final = """
    SELECT key, index, row_count, event_time, output_time, input_object, input_hash, input_position,
           output_object, output_hash, output_position, truth_object, truth_hash, truth_position,
           feedback_object, feedback_hash, feedback_position, sample_hash
    FROM (SELECT *, md5_number($seed || ':' || key || ':' || index) AS sample_hash FROM pairs)
    WHERE window_start = $start AND sample_hash < $below::UHUGEINT
    ORDER BY sample_hash LIMIT $at_most
"""
FIRST: Final = (
    "SELECT *, row_number() OVER (ORDER BY sample_hash) AS number FROM sampled ORDER BY number LIMIT $at_most"
)
WITHIN: Final = "SELECT count(*) FROM sampled WHERE sample_hash < $below::UHUGEINT"


def hash_below(rate: float) -> int:
    """The bound under which lies a share `rate` (0 to 1) of all hashes."""
    return min(HASHES - 1, round(rate * HASHES))


def key_of(correlation_id: str) -> UUID:
    """The key that halves are joined by: the MD5 of the ID, its bytes turned round."""
    return UUID(bytes=hashlib.md5(correlation_id.encode(), usedforsecurity=False).digest()[::-1])


def sample_hash(seed: int, correlation_id: str, index: int = 0) -> int:
    """The hash of one interaction, from 0 to 2**128 - 1, as `SAMPLE` computes it in SQL."""
    text = f"{seed}:{key_of(correlation_id)}:{index}"
    return int.from_bytes(hashlib.md5(text.encode(), usedforsecurity=False).digest(), "little")
