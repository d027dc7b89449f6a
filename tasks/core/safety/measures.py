"""The measures of safety: interactions that seem to address a judge, and values that were redacted."""

from collections.abc import Mapping, Sequence

from tasks.core.measure import Measure
from tasks.core.stats.rows import Rows, share_among


def injection_share(suspected: Sequence[bool], rows: Rows) -> Measure:
    """The share of the sampled interactions whose text addresses a judge or overrides instructions."""
    return share_among("safety.injection.suspected_share", suspected, rows)


def redaction_counts(redacted: Mapping[str, int], sampled: int) -> list[Measure]:
    """How many values of each kind were redacted in the sampled interactions."""
    return [
        Measure(signal="safety", subject="redacted", measure=kind, value=float(count), n=sampled, unit="values")
        for kind, count in redacted.items()
    ]
