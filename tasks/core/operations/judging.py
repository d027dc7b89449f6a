"""The judging itself as a measure, and the verdict that tells when it could not be done."""

from dataclasses import replace
from typing import Final

from tasks.core.measure import Measure
from tasks.core.verdict import State, Verdict, stated

PREVENTED: Final = "operations.judging.prevented_share"


def prevented_share(prevented: int, applicable: int) -> Measure:
    """The share of the judgements that apply which the evaluator's refusal prevented; None where none applies."""
    return Measure(
        signal="operations",
        subject="judging",
        measure="prevented_share",
        value=prevented / applicable if applicable else None,
        n=applicable,
        unit="share",
    )


def judging_verdict(measure: Measure, why: str | None) -> Verdict:
    """Ok, or undecided with an alert of its own: `why` says what stopped the judging and what to do."""
    prevented = round((measure.value or 0) * measure.n)
    explanation = f"{prevented} of {measure.n} judgements were prevented"
    state = State.UNDECIDED if why else State.OK
    return stated(measure, state, f"{explanation}: {why}" if why else explanation, alarms=why is not None)


def undecided(verdict: Verdict, why: str) -> Verdict:
    """A verdict on what the judging would have shown, had it not stopped."""
    return replace(verdict, state=State.UNDECIDED, explanation=f"{verdict.explanation}; judging stopped: {why}")
