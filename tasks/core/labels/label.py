"""What people said of an interaction, beside what the judge said of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean

HALF = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What one person said of one interaction on one metric, and what the judge had said.

    `label` and `score` are numbers of the metric's scale. `probability` (0 to 1) is that with which the interaction
    was chosen to be labelled, `frame` maps each score to the judged rows it was chosen among, weighted where they do
    not count alike; empty where that is not known. `fingerprint` is that of the judge. `labeller` may be empty.
    """

    interaction_id: str
    window_start: datetime
    metric: str
    label: float
    labeller: str
    labelled_at: datetime
    probability: float
    score: float
    fingerprint: str
    session: str | None = None
    frame: Mapping[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """One interaction on one metric: the mean `label` of its labellers, whether most say it passes, the judge's score.

    The other fields are as those of `Label`.
    """

    interaction_id: str
    window_start: datetime
    label: float
    passed: bool
    score: float
    probability: float
    session: str | None = None
    frame: Mapping[float, float]


def labelled(labels: Iterable[Label], pass_at: int) -> list[Labelled]:
    """The labels of one metric and one judge by interaction, in the order of their IDs.

    Of several labels by the same person the latest counts; of several people a majority passes, a tie fails.
    """
    newest: dict[tuple[str, str], Label] = {}
    for one in sorted(labels, key=lambda label: label.labelled_at):
        newest[one.interaction_id, one.labeller] = one
    by_interaction: dict[str, list[Label]] = {}
    for one in newest.values():
        by_interaction.setdefault(one.interaction_id, []).append(one)
    return [_merged(by_interaction[name], pass_at) for name in sorted(by_interaction)]


def frame_of(rows: Sequence[Labelled]) -> Mapping[float, float]:
    """The judged rows that some labelled ones were chosen among, by score; empty where it is not known of each."""
    frames = {tuple(sorted(one.frame.items())) for one in rows}
    if not all(frames):
        return {}
    total: dict[float, float] = {}
    for frame in frames:
        for score, count in frame:
            total[score] = total.get(score, 0) + count
    return total


def _merged(said: Sequence[Label], pass_at: int) -> Labelled:
    latest = max(said, key=lambda label: label.labelled_at)
    return Labelled(
        interaction_id=latest.interaction_id,
        window_start=latest.window_start,
        label=fmean(one.label for one in said),
        passed=fmean(one.label >= pass_at for one in said) > HALF,
        score=latest.score,
        probability=latest.probability,
        session=latest.session,
        frame=latest.frame,
    )
