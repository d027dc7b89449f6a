"""The signals of a monitor: what each is called, where it is shown, and how it stands now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tasks.core.measure import Measure
from tasks.core.report.history import History
from tasks.core.report.words import named
from tasks.core.verdict import State, Verdict

WATCHED: Final = "watched"
WORST_FIRST: Final = (State.BREACH, State.UNDECIDED, State.NO_DATA, State.OK)
QUALITY, DRIFT, VERSIONS = "Quality", "Drift", "Versions"
TITLES: Final[Mapping[str, tuple[str, ...]]] = {
    QUALITY: ("quality",),
    DRIFT: ("drift",),
    "Operations": ("operations",),
    "Usage": ("usage",),
    "Safety": ("safety",),
    "Feedback": ("feedback",),
    "Contract": ("contract",),
    "Own metrics": ("custom", "reference"),
    VERSIONS: ("comparison",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalState:
    """One signal in the newest window.

    `state` is its worst verdict, `watched` where it has none; `sentence` says why. `place` is the page that shows it.
    """

    title: str
    state: str
    sentence: str
    limits: int
    place: str | None


def signal_states(history: History, places: Mapping[str, str]) -> list[SignalState]:
    """The signals that were measured, in the order of their titles; `places` are the pages by title."""
    measures, newest = history.measures_now(), history.newest
    states = []
    for title, signals in TITLES.items():
        own = [one for one in measures if one.signal in signals]
        if own and newest is not None:
            verdicts = [one for one in newest.verdicts if one.names[0] in signals]
            states.append(
                SignalState(
                    title=title,
                    state=worst(verdicts),
                    sentence=_sentence(verdicts, own),
                    limits=len(verdicts),
                    place=places.get(title),
                )
            )
    return states


def worst(verdicts: Sequence[Verdict]) -> str:
    """The worst state of verdicts; `watched` where there are none."""
    found = {one.state for one in verdicts}
    return next((state.value for state in WORST_FIRST if state in found), WATCHED)


def _sentence(verdicts: Sequence[Verdict], measures: Sequence[Measure]) -> str:
    """Why the signal stands as it does: the first of the worst verdicts, and how many are like it."""
    if not verdicts:
        subjects = list(dict.fromkeys(named(one.subject) for one in measures))
        return f"no limit is set; measured: {', '.join(subjects[:4])}{' and more' if len(subjects) > 4 else ''}"  # noqa: PLR2004
    state = worst(verdicts)
    like = [one for one in sorted(verdicts, key=lambda one: not one.is_main) if one.state == state]
    if state == State.OK:
        return "its limit holds" if len(like) == 1 else f"all {len(like)} limits hold"
    more = f" (and {len(like) - 1} more)" if len(like) > 1 else ""
    return f"{like[0].explanation}{more}"
