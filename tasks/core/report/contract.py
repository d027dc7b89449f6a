"""The data contract of a window as the rows of a Prefect table: a line a measure, the worst first."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import pyarrow as pa

from tasks.core.measure import Measure
from tasks.core.plain import plain, unmarked
from tasks.core.records.contract import SEPARATOR, SIGNAL
from tasks.core.records.expectation import Kind
from tasks.core.records.interaction import BROKEN
from tasks.core.verdict import Direction, State, Verdict

ROWS: Final = 200
EXAMPLES: Final = 3
TEXT_LIMIT: Final = 60
WATCHED: Final = "watched"
ORDER: Final = (State.BREACH, State.UNDECIDED, State.NO_DATA, State.OK, WATCHED)


def contract_rows(
    measures: Iterable[Measure], verdicts: Iterable[Verdict], interactions: pa.Table
) -> list[dict[str, str]]:
    """At most 200 rows of short texts; `interactions` are those of the window, with the rules that they break.

    The examples are interaction IDs, which are logged text: cut, on one line, and without marks, as
    Prefect reads cells as Markdown.
    """
    decided = {verdict.address: verdict for verdict in verdicts if verdict.is_main}
    examples = _examples(interactions)
    rows = [
        _row(measure, decided.get(measure.address), examples)
        for measure in measures
        if measure.signal == SIGNAL and measure.segment_by is None
    ]
    return sorted(rows, key=lambda row: ORDER.index(row["verdict"]))[:ROWS]


def _row(measure: Measure, verdict: Verdict | None, examples: Mapping[str, Sequence[str]]) -> dict[str, str]:
    kind = measure.measure.removesuffix("_share")
    is_rule = kind in set(Kind) and measure.value is not None
    failing = round(measure.n * (1 - (measure.value or 0)))
    return {
        "subject": measure.subject,
        "measure": measure.measure,
        "value": _figure(measure.value, measure.unit),
        "limit": _limit(verdict, measure.unit),
        "verdict": str(verdict.state) if verdict else WATCHED,
        "rows": str(measure.n),
        "failing": str(failing) if is_rule else "",
        "examples": ", ".join(examples.get(f"{measure.subject}.{kind}", ())),
    }


def _figure(value: float | None, unit: str) -> str:
    """A share as a percentage with six digits, so that one failing row in a million shows; a dash for no figure."""
    if value is None:
        return "–"
    return {"share": f"{100 * value:.6g} %", "seconds": f"{value:.0f} s"}.get(unit, f"{value:.2f}")


def _limit(verdict: Verdict | None, unit: str) -> str:
    if verdict is None:
        return ""
    return f"{'≥' if verdict.direction is Direction.MIN else '≤'} {_figure(verdict.limit, unit)}"


def _examples(interactions: pa.Table) -> Mapping[str, list[str]]:
    """The first interactions that break each rule."""
    found: dict[str, list[str]] = {}
    if BROKEN not in interactions.column_names:
        return found
    broken = interactions.select(["interaction_id", BROKEN]).filter(interactions[BROKEN].is_valid())
    for batch in broken.to_batches():
        for row in batch.to_pylist():
            for name in row[BROKEN].split(SEPARATOR):
                shown = found.setdefault(name, [])
                if len(shown) < EXAMPLES:
                    shown.append(unmarked(plain(row["interaction_id"], TEXT_LIMIT)))
    return found
