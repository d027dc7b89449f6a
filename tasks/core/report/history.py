"""The windows that a report shows, as they were published, and any measure over them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final

from tasks.core.alert import Alert
from tasks.core.manifest import Manifest
from tasks.core.measure import Measure, address_of
from tasks.core.report.panel import Break, Limit, Point, Span, judge_breaks
from tasks.core.report.words import limit_text
from tasks.core.verdict import Verdict
from tasks.core.window import Window

QUALITY = "quality"
JUDGED: Final = (QUALITY, "drift", "comparison")  # where a measure may be made of scores; its subject is the metric


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowResults:
    """The newest revision of one window.

    `revisions` are the numbers of all that were published, oldest first. `alerts` are those that the window left when
    it was the newest; None where it never was.
    """

    manifest: Manifest
    revisions: tuple[int, ...]
    measures: Sequence[Measure]
    verdicts: Sequence[Verdict]
    alerts: Sequence[Alert] | None = ()

    @property
    def window(self) -> Window:
        """Its time."""
        return Window(start=self.manifest.window_start, end=self.manifest.window_end)

    @property
    def decided(self) -> Mapping[str, Verdict]:
        """By address the verdicts that are against a limit on the measure itself."""
        return {one.address: one for one in self.verdicts if not one.is_relative}

    def judge_of(self, measure: Measure) -> str | None:
        """The fingerprint of the judge whose scores a measure is made of; None where it is made of none."""
        return self.manifest.fingerprints.get(measure.subject) if measure.signal in JUDGED else None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The windows of a monitor, oldest first; `found` is where each measure stands in them, by its address."""

    windows: tuple[WindowResults, ...]
    found: Mapping[str, Sequence[tuple[WindowResults, Measure]]]

    @classmethod
    def of(cls, windows: Iterable[WindowResults]) -> "History":
        """The history of these windows."""
        ordered = tuple(sorted(windows, key=lambda one: one.manifest.window_start))
        found: dict[str, list[tuple[WindowResults, Measure]]] = {}
        for results in ordered:
            for measure in results.measures:
                found.setdefault(measure.address, []).append((results, measure))
        return cls(windows=ordered, found=found)

    @property
    def newest(self) -> WindowResults | None:
        """The last window; None where there is none yet."""
        return self.windows[-1] if self.windows else None

    def now(self, address: str) -> Measure | None:
        """A measure of the newest window; None where that has none."""
        found = self.found.get(address)
        return found[-1][1] if found and found[-1][0] is self.newest else None

    def measures_now(self) -> Sequence[Measure]:
        """Those of the newest window."""
        return self.newest.measures if self.newest else ()

    def points(self, address: str) -> list[Point]:
        """A measure over the windows that have it, with the judge where somebody judged."""
        return [
            Point(
                time=results.manifest.window_start,
                value=measure.value,
                low=measure.low,
                high=measure.high,
                n=measure.n,
                revision=results.manifest.revision,
                judge=results.judge_of(measure),
            )
            for results, measure in self.found.get(address, ())
        ]

    def runs(self, address: str) -> list[int]:
        """For each of the points which run it is in; only points of one run may be joined: windows by one judge.

        A window that was not run ends one.
        """
        found = self.found.get(address, ())
        breaks = [
            before.window.end < now.window.start or before.judge_of(old) != now.judge_of(new)
            for (before, old), (now, new) in pairwise(found)
        ]
        return [0, *accumulate(map(int, breaks))][: len(found)]

    def addresses(self, *signals: str) -> Iterator[tuple[str, Measure]]:
        """Every measure of the whole window that signals have had, by its address, with its newest value."""
        for address, found in self.found.items():
            measure = found[-1][1]
            if measure.signal in signals and measure.segment_by is None:
                yield address, measure

    def limits(self, *addresses: str) -> list[Limit]:
        """The limits on measures in the newest window."""
        decided = self.newest.decided if self.newest else {}
        measures = {address: self.found[address][-1][1] for address in addresses if address in self.found}
        return [
            Limit(
                value=decided[address].limit,
                direction=decided[address].direction,
                text=limit_text(decided[address], measure.unit),
            )
            for address, measure in measures.items()
            if address in decided
        ]

    def spans(self, *names: str) -> list[Span]:
        """The times in which an alert on measures was open, by their names `signal.subject.measure`."""
        spans: list[Span] = []
        running: dict[str, Span] = {}
        for results in self.windows:
            if results.alerts is None:  # it was run late: what was open before it and after it, was so meanwhile
                continue
            still: dict[str, Span] = {}
            for alert in results.alerts:
                if alert.is_open and _is_about(alert, names):
                    begun = running.get(alert.key)
                    still[alert.key] = Span(
                        start=begun.start if begun else results.window.start,
                        end=results.window.end,
                        text=f"alert {alert.id}: {alert.explanation}",
                        severity=alert.severity.value,
                    )
            spans += [span for key, span in running.items() if key not in still]
            running = still
        return [*spans, *running.values()]

    def breaks(self, *addresses: str) -> list[Break]:
        """Where the judge of measures changed."""
        return list(dict.fromkeys(one for address in addresses for one in judge_breaks(self.points(address))))


def whole(measure: Measure) -> str:
    """The address of a measure in the whole window."""
    return address_of(measure.signal, measure.subject, measure.measure, None, None)


def _is_about(alert: Alert, names: Sequence[str]) -> bool:
    addresses = {alert.address, *(member.address for member in alert.members if member.is_bad)}
    return any(address.partition("[")[0] in names for address in addresses)
