"""The measures of a window as the rows of a Prefect table: those with a limit first, the worst at the top."""

from collections.abc import Iterable, Sequence
from typing import Final

from tasks.core.measure import Measure
from tasks.core.plain import plain, unmarked
from tasks.core.report.words import value_of
from tasks.core.verdict import Direction, State, Verdict

ROWS: Final = 200
SEGMENT_SHOWN: Final = 60
ORDER: Final = (State.BREACH, State.UNDECIDED, State.NO_DATA, State.OK)


def measure_table(measures: Sequence[Measure], verdicts: Iterable[Verdict]) -> list[dict[str, str]]:
    """At most `ROWS` rows of short texts: the measures that have a limit, then the others of the whole window.

    A segment is logged text: it is cut, on one line, and no Markdown, which Prefect reads cells as.
    """
    by_address = {measure.address: measure for measure in measures}
    decided = sorted(verdicts, key=lambda one: ORDER.index(one.state))
    known = {verdict.address for verdict in decided}
    others = [one for one in measures if one.segment_by is None and one.address not in known]
    rows = [_decided(one, by_address.get(one.address)) for one in decided]
    return [*rows, *(_watched(one) for one in others)][:ROWS]


def _decided(verdict: Verdict, measure: Measure | None) -> dict[str, str]:
    unit = measure.unit if measure else "ratio"
    sign = "≥" if verdict.direction is Direction.MIN else "≤"
    limit = "against before" if verdict.is_relative else f"{sign} {value_of(verdict.limit, unit)}"
    segment = (verdict.segment_by, verdict.segment)
    name = verdict.address.partition("[")[0]
    return _row(name, segment, _figures(verdict, unit), (_words(verdict.state), limit))


def _watched(measure: Measure) -> dict[str, str]:
    segment = (measure.segment_by, measure.segment)
    return _row(measure.name, segment, _figures(measure, measure.unit), ("watched", ""))


def _figures(one: Measure | Verdict, unit: str) -> tuple[str, str, str]:
    between = "" if one.low is None else f"{value_of(one.low, unit)} to {value_of(one.high, unit)}"
    return value_of(one.value, unit), between, f"{one.n:,}"


def _row(
    name: str, segment: tuple[str | None, str | None], figures: tuple[str, str, str], decided: tuple[str, str]
) -> dict[str, str]:
    by, part = segment
    value, between, rows = figures
    verdict, limit = decided
    return {
        "measure": name,
        "verdict": verdict,
        "value": value,
        "limit": limit,
        "interval": between,
        "rows": rows,
        "segment": "" if by is None else unmarked(f"{by} {plain(str(part), SEGMENT_SHOWN)}"),
    }


def _words(state: State) -> str:
    return state.value.replace("_", " ")
