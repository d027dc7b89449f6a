"""Quantiles by a sketch that merges: values fall into buckets whose bounds grow by a constant factor.

Source: C. Masson, J. E. Rim, H. K. Lee, DDSketch: a fast and fully-mergeable quantile sketch with relative-error
guarantees, VLDB 2019, section 2.
"""

import math
from collections.abc import Mapping
from typing import Final

ERROR: Final = 0.005  # of a quantile, relative
GROWTH: Final = (1 + ERROR) / (1 - ERROR)
ZERO: Final = -1_000_000  # the bucket of 0, below that of every positive double
SMALLEST: Final = 1e-300  # what is closer to 0 counts as this


def bucket_sql(value: str) -> str:
    """SQL for the bucket of a number that is not negative; null stays null."""
    of_others = f"ceil(ln(greatest({value}, {SMALLEST})) / {math.log(GROWTH)!r})::INTEGER"
    return f"CASE WHEN {value} = 0 THEN {ZERO} ELSE {of_others} END"


def bucket(value: float) -> int:
    """As `bucket_sql`."""
    return ZERO if value == 0 else math.ceil(math.log(max(value, SMALLEST)) / math.log(GROWTH))


def quantile(counts: Mapping[int, int], share: float) -> float | None:
    """The value below which lies a share (0 to 1) of those in the buckets, within `ERROR`; None without any.

    That is the smallest value with at least `share` of all at or below it (the inverse of the distribution function).
    """
    total = sum(counts.values())
    if not total:
        return None
    rank, passed = max(1, math.ceil(share * total - 1e-9)), 0
    for place in sorted(counts):
        passed += counts[place]
        if passed >= rank:
            return 0.0 if place == ZERO else 2 * GROWTH**place / (GROWTH + 1)
    return None
