"""What the page of one run shows: counts as the sums they are, quarantine, objects, verdicts, alerts, neighbours."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from tasks.core.alert import Alert
from tasks.core.manifest import Counts, Manifest, MetricCounts, ReadObject
from tasks.core.report.signals import WORST_FIRST
from tasks.core.report.view import shortened
from tasks.core.verdict import Verdict
from tasks.core.window import Window

MOST_OBJECTS: Final = 200
MOST_LINES: Final = 100
CONTENT_CHARACTERS: Final = 300
OBJECT_CHARACTERS: Final = 1_000
WIDTH: Final = 100.0
PICTURES: Final = {code: 0x2400 + code for code in range(32) if chr(code) not in "\t\n"} | {0x7F: 0x2421}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a sum; `tone` is a name of the style sheet: `good` goes on, `aside` does not, `bad` is a fault."""

    name: str
    rows: int
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """A count and the parts that it is the sum of; `of` names the metric, where it is of one."""

    name: str
    rows: int
    parts: Sequence[Part]
    of: str = ""

    @property
    def shown(self) -> Sequence[Part]:
        """The parts that are not empty, or the first where all are."""
        return [part for part in self.parts if part.rows] or self.parts[:1]

    @property
    def bars(self) -> Sequence[tuple[Part, float, float]]:
        """Each part that is not empty with where its bar begins and how long it is, of `WIDTH` in all."""
        bars, at = [], 0.0
        for part in self.parts:
            length = WIDTH * part.rows / self.rows if self.rows else 0.0
            if part.rows:
                bars.append((part, round(at, 3), round(length, 3)))
            at += length
        return bars


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line in quarantine, or a whole object where `line` is None; `content`: its beginning, or None."""

    object: str
    line: int | None
    reason: str
    content: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantine:
    """The first lines in quarantine, and how many there are; `remark` says why contents or lines are missing."""

    lines: Sequence[Line]
    rows: int
    remark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """Another run whose page is linked to."""

    window: Window
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """The newest revisions of the windows before and after, None where there are none, and this window's revisions."""

    before: Neighbour | None
    after: Neighbour | None
    revisions: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """One revision of one window; `objects` are the first of those that were read."""

    manifest: Manifest
    records: Sequence[Sum]
    metrics: Sequence[Sum]
    quarantine: Quarantine
    objects: Sequence[ReadObject]
    verdicts: Sequence[Verdict]
    alerts: Sequence[Alert]
    neighbours: Neighbours
    has_interactions: bool

    @property
    def window(self) -> Window:
        """Its time."""
        return Window(start=self.manifest.window_start, end=self.manifest.window_end)

    @property
    def reasons(self) -> Sum:
        """Why lines and objects could not be used."""
        counts = self.manifest.counts
        return Sum(
            name="in quarantine",
            rows=counts.quarantined + counts.quarantined_objects,
            parts=[
                Part(name=reason.replace("_", " "), rows=rows, tone="bad")
                for reason, rows in counts.quarantined_by_reason.items()
            ],
        )

    @property
    def bytes_read(self) -> int:
        """The size of all objects that were read, as they were stored."""
        return sum(one.size for one in self.manifest.objects)

    @property
    def newer(self) -> int | None:
        """The newest revision of the window, where that is another one."""
        newest = max(self.neighbours.revisions, default=self.manifest.revision)
        return newest if newest > self.manifest.revision else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What a run decided and told."""

    verdicts: Sequence[Verdict]
    alerts: Sequence[Alert]


def run_view(
    manifest: Manifest, decided: Decided, quarantine: Quarantine, neighbours: Neighbours, *, has_interactions: bool
) -> RunView:
    """The view of a run, the worst verdicts first."""
    return RunView(
        manifest=manifest,
        records=record_sums(manifest.counts),
        metrics=[_metric(name, manifest.counts.sampled, one) for name, one in manifest.counts.metrics.items()],
        quarantine=quarantine,
        objects=[one.model_copy(update={"uri": pictured(one.uri)}) for one in manifest.objects[:MOST_OBJECTS]],
        verdicts=sorted(decided.verdicts, key=lambda one: WORST_FIRST.index(one.state)),
        alerts=decided.alerts,
        neighbours=neighbours,
        has_interactions=has_interactions,
    )


def record_sums(counts: Counts) -> Sequence[Sum]:
    """The sums that the manifest was checked by, each part with what became of it."""
    joined, twice = ("joined", counts.joined, "good"), "duplicate"
    return (
        _sum(
            "lines read",
            counts.lines_read,
            ("inputs", counts.inputs, "good"),
            ("outputs", counts.outputs, "good"),
            ("no calls", counts.not_calls, "aside"),
            ("ground truth and feedback that came later", counts.later, "aside"),
            ("quarantined", counts.quarantined, "bad"),
        ),
        _sum(
            "inputs",
            counts.inputs,
            joined,
            ("without an output", counts.orphan_inputs, "bad"),
            (twice, counts.duplicate_inputs, "aside"),
        ),
        _sum(
            "outputs",
            counts.outputs,
            joined,
            ("without an input", counts.orphan_outputs, "bad"),
            (twice, counts.duplicate_outputs, "aside"),
        ),
        _sum(
            "joined", counts.joined, ("sampled", counts.sampled, "good"), ("not sampled", counts.not_sampled, "aside")
        ),
    )


def _sum(name: str, rows: int, *parts: tuple[str, int, str]) -> Sum:
    return Sum(name=name, rows=rows, parts=[Part(name=part, rows=count, tone=tone) for part, count, tone in parts])


def _metric(name: str, sampled: int, counts: MetricCounts) -> Sum:
    """What became of the sample on one metric."""
    return Sum(
        name="sampled",
        of=name,
        rows=sampled,
        parts=(
            Part(name="scored", rows=counts.scored, tone="good"),
            *_reasons("unscored", counts.unscored, "bad"),
            Part(name="not applicable", rows=counts.not_applicable, tone="aside"),
            *_reasons("not asked", counts.not_asked, "undecided"),
        ),
    )


def _reasons(state: str, by_reason: Mapping[str, int], tone: str) -> Iterable[Part]:
    for reason, rows in by_reason.items():
        yield Part(name=f"{state}: {reason.replace('_', ' ')}", rows=rows, tone=tone)


def quarantine_of(lines: Iterable[Mapping[str, object]], rows: int, *, with_contents: bool) -> Quarantine:
    """The first lines of the table of the quarantine; `with_contents` is False where pages are kept for longer."""
    remark = (
        ""
        if with_contents
        else (
            "Contents are in the store's quarantine only: this page is kept for longer than retention.raw keeps them."
        )
    )
    return Quarantine(
        lines=[
            Line(
                object=shortened(pictured(str(row["object"])), OBJECT_CHARACTERS),
                line=line if isinstance(line := row["line"], int) else None,
                reason=str(row["reason"]),
                content=shortened(pictured(content), CONTENT_CHARACTERS)
                if with_contents and isinstance(content := row["content"], str)
                else None,
            )
            for row in islice(lines, MOST_LINES)
        ],
        rows=rows,
        remark=remark,
    )


def pictured(text: str) -> str:
    """The text with the picture of each control character: HTML would drop or change most of them."""
    return text.translate(PICTURES)


GONE: Final = Quarantine(lines=(), rows=0, remark="The store does not hold the quarantine of this run any more.")
