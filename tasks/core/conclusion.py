"""How a run ended, in a few words: what is in breach, and what nothing can be said of."""

from collections.abc import Iterable, Sequence
from typing import Final

from tasks.core.run import Published
from tasks.core.verdict import State, Verdict
from tasks.core.window import span_label

NAMED: Final = 5
NOTHING_DUE: Final = "no window is due"


def conclusion(published: Sequence[Published]) -> str:
    """One line: `2 breaches in 2026-11-21 06:00–07:00: groundedness, fluency; undecided: relevance`.

    What is named are metrics and measures of the monitor, never logged text; segments are not.
    """
    if not published:
        return NOTHING_DUE
    windows = span_label([one.window for one in published])
    verdicts = [verdict for one in published for verdict in one.verdicts]
    breaches = [verdict for verdict in verdicts if verdict.state is State.BREACH]
    if breaches:
        head = f"{len(breaches)} {'breach' if len(breaches) == 1 else 'breaches'} in {windows}: {_named(breaches)}"
        return "; ".join([head, *_unknown(verdicts)])
    unknown = _unknown(verdicts)
    if unknown and all(verdict.state is not State.OK for verdict in verdicts):
        states = list(dict.fromkeys(verdict.state for verdict in verdicts))
        return f"{' and '.join(_words(state) for state in states)} in {windows}"
    good = sum(verdict.state is State.OK for verdict in verdicts)
    return "; ".join([f"{good} of {len(verdicts)} limits ok in {windows}" if unknown else f"ok in {windows}", *unknown])


def label(verdict: Verdict) -> str:
    """What a verdict is about: the metric of a pass rate, else subject and measure, such as `latency_ms p95`."""
    signal, subject, measure = verdict.names
    return subject if (signal, measure) == ("quality", "pass_rate") else f"{subject} {measure.replace('_', ' ')}"


def _unknown(verdicts: Sequence[Verdict]) -> list[str]:
    states = (State.UNDECIDED, State.NO_DATA)
    found = {state: [one for one in verdicts if one.state is state] for state in states}
    return [f"{_words(state)}: {_named(of)}" for state, of in found.items() if of]


def _named(verdicts: Iterable[Verdict]) -> str:
    names = list(dict.fromkeys(label(verdict) for verdict in verdicts))
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"


def _words(state: State) -> str:
    return state.value.replace("_", " ")
