"""The measures of safety: interactions that seem to address a judge, and values that were redacted."""

from collections.abc import Mapping

from tasks.core.measure import Measure
from tasks.core.stats.estimates import share_of


def injection_share(suspected: int, sampled: int, confidence: float) -> Measure:
    """The share of the sampled interactions whose text addresses a judge or overrides instructions."""
    return share_of("safety.injection.suspected_share", suspected, sampled, confidence)


def redaction_counts(redacted: Mapping[str, int], sampled: int) -> list[Measure]:
    """How many values of each kind were redacted in the sampled interactions."""
    return [
        Measure(signal="safety", subject="redacted", measure=kind, value=float(count), n=sampled, unit="values")
        for kind, count in redacted.items()
    ]
