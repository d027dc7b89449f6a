"""The table of the peers: what each round was, what came of it, and the cells that say so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

METRICS: Final = 5
HEADINGS: Final = (
    "package",
    "scored",
    "wall, s",
    "x limit",
    "CPU a call, ms",
    "peak, MB",
    "calls",
    "most in flight",
    "characters a row",
    "with faults: lost",
    "counted wrongly",
    "calls",
    "wall, s",
    "remarks",
)
NOTHING: Final = "–"

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What every peer is put through: the file of rows and their count, the faults, and how long it may take."""

    file: Path
    rows: int
    faults: Mapping[str, float]
    patience_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a peer printed, or why it did not; and what the server counted meanwhile."""

    line: Json | None = None
    failure: str | None = None
    asked: Json | None = None


def total(outcome: Outcome, count: str) -> int:
    """The judgements of all metrics that were `scored`, `lost` or `wrong`."""
    return sum(metric[count] for metric in outcome.line["metrics"].values()) if outcome.line else 0


def clean_cells(outcome: Outcome, one: Round, limit_s: float) -> list[str]:
    """What a clean round took: from judgements scored to characters a row."""
    line, asked = outcome.line, outcome.asked
    if line is None or asked is None:
        return [NOTHING] * 8
    judgements = one.rows * len(line["metrics"])
    return [
        f"{total(outcome, 'scored')} of {judgements}",
        f"{line['wall_s']:.1f}",
        f"{line['wall_s'] / (judgements * limit_s):.2f}",
        f"{1000 * line['cpu_s'] / asked['calls']:.2f}",
        f"{line['peak_mb']:.0f}",
        str(asked["calls"]),
        str(asked["most"]),
        f"{asked['characters'] / one.rows:.0f}",
    ]


def faulty_cells(outcome: Outcome | None, one: Round) -> list[str]:
    """What a round with faults gave: judgements lost and counted wrongly, calls and wall seconds."""
    if outcome is None:
        return [NOTHING] * 4
    calls = str(outcome.asked["calls"]) if outcome.asked else NOTHING
    judgements = one.rows * METRICS
    if outcome.line is None:
        return [f"{judgements} of {judgements}", "0", calls, NOTHING]
    lost = f"{total(outcome, 'lost')} of {one.rows * len(outcome.line['metrics'])}"
    return [lost, str(total(outcome, "wrong")), calls, f"{outcome.line['wall_s']:.1f}"]


def remarks(clean: Outcome, faulty: Outcome | None) -> str:
    """What the figures do not say."""
    said = [f"clean: {clean.failure}"] if clean.failure else []
    if faulty is not None and faulty.failure:
        said.append(f"with faults: {faulty.failure}")
    return "; ".join(said)


def title(name: str, outcome: Outcome) -> str:
    """A peer's name with its package's version."""
    return f"{name} {outcome.line['version']}" if outcome.line else name


def row(cells: Sequence[str]) -> str:
    """One row of a Markdown table."""
    return f"| {' | '.join(cells)} |"
