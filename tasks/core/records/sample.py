"""The sample: the interactions with the smallest hashes, so that it is repeatable, nested and mergeable.

Source: bottom-k sampling, E. Cohen and H. Kaplan, Summarizing data using bottom-k sketches, PODC 2007.
"""

import hashlib
from typing import Final

HASHES: Final = 2**64

SAMPLE: Final = """
    CREATE TABLE sampled AS
    SELECT * FROM (
        SELECT *, md5_number_upper($seed || ':' || interaction_id) AS sample_hash FROM pairs
    )
    WHERE sample_hash < $below
    ORDER BY sample_hash, interaction_id
    LIMIT $at_most
"""


def hash_below(rate: float) -> int:
    """The bound under which lies a share `rate` (0 to 1) of all hashes."""
    return min(HASHES - 1, round(rate * HASHES))


def sample_hash(seed: int, interaction_id: str) -> int:
    """The hash of one interaction, from 0 to 2**64 - 1, as `SAMPLE` computes it in SQL."""
    digest = hashlib.md5(f"{seed}:{interaction_id}".encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[:8], "little")
