"""What labels say of a judge, metric by metric, and its page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from tasks.core.labels.agreement import Agreement, Bias, Share, agreement, bias, intervals
from tasks.core.labels.correction import Corrected, corrected, informedness, labels_needed
from tasks.core.labels.label import Labelled
from tasks.core.labels.measures import frame_judged, pairs_of
from tasks.core.labels.suggestion import Suggestion, suggest_pass_at
from tasks.core.plain import unmarked
from tasks.core.quality.metric import Metric
from tasks.core.stats.intervals import Interval

NOTHING: Final = "–"
WEAK_P: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What is known of an interaction beside its score.

    `length` is that of the answer in characters, `turn` its place in its session from 1 (None where that has no other),
    `spread` the standard deviation of the judge's repeats or jurors (None where it has one voice).
    """

    length: float | None
    turn: float | None
    spread: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricCalibration:
    """One metric; `others` are the labels that met another judge. `judge_rate` is the judge's over the same rows."""

    name: str
    pass_at: int
    others: int
    agreement: Agreement
    intervals: Mapping[str, Interval | None]
    by_length: Bias | None
    by_turn: Bias | None
    inconsistency: float | None
    judge_rate: float | None
    corrected: Corrected | None
    informedness: tuple[float, Interval] | None
    suggestion: Suggestion | None
    within: float
    needed: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """All metrics with labels, what of the file was read, and a sentence for each row that could not be used."""

    monitor: str
    metrics: Sequence[MetricCalibration]
    read: int
    faults: Sequence[str] = ()
    bridged: int = 0

    @property
    def notes(self) -> Iterator[str]:
        """What a person should know, one sentence each."""
        for one in self.metrics:
            if one.others:
                yield others_sentence(one.name, one.others)


def others_sentence(metric: str, labels: int) -> str:
    """What to do about labels that met another judge."""
    return f"{metric}: {labels} labels met another judge; have it judge them again: genwatch calibrate CONFIG --bridge"


def calibrate_metric(
    metric: Metric,
    rows: Sequence[Labelled],
    others: int,
    beside: Mapping[str, Beside],
    *,
    confidence: float,
    within: float,
) -> MetricCalibration:
    """The figures of one metric; `beside` goes by interaction. `within` (over 0) is how near the rate is wanted."""
    pairs, frame = pairs_of(rows, metric.pass_at), frame_judged(rows, metric.pass_at)
    known = [beside.get(one.interaction_id) for one in rows]
    spreads = [one.spread for one in known if one is not None and one.spread is not None]
    return MetricCalibration(
        name=metric.name,
        pass_at=metric.pass_at,
        others=others,
        agreement=agreement(rows, metric.pass_at, confidence),
        intervals=intervals(rows, metric.pass_at, confidence),
        by_length=bias(rows, [None if one is None else one.length for one in known]),
        by_turn=bias(rows, [None if one is None else one.turn for one in known]),
        inconsistency=fmean(spreads) if spreads else None,
        judge_rate=None if frame is None else frame.rate,
        corrected=corrected(pairs, frame, confidence) if frame else None,
        informedness=informedness(pairs, confidence) if rows else None,
        suggestion=suggest_pass_at(rows, metric.pass_at, metric.scale.labels),
        within=within,
        needed=labels_needed(pairs, frame, within, confidence) if frame else None,
    )


def figures(one: MetricCalibration) -> list[tuple[str, str]]:
    """What is shown of one metric, name and text; what cannot be told is a dash."""
    found, table = one.agreement, one.agreement.confusion
    return [
        ("labelled interactions", str(found.rows)),
        ("agreement on pass", _share(found.agreement)),
        ("kappa on pass", _about(found.kappa, one.intervals["kappa"])),
        ("weighted kappa", _about(found.weighted_kappa, one.intervals["weighted_kappa"])),
        ("Spearman", _about(found.correlations.spearman, one.intervals["spearman"])),
        ("Kendall", _about(found.correlations.kendall, one.intervals["kendall"])),
        ("Pearson", _about(found.correlations.pearson, one.intervals["pearson"])),
        ("both pass", str(table.both_pass)),
        ("people fail, judge passes", str(table.missed)),
        ("people pass, judge fails", str(table.false_alarms)),
        ("both fail", str(table.both_fail)),
        ("sensitivity", _share(found.sensitivity)),
        ("specificity", _share(found.specificity)),
        ("informedness", _interval(one.informedness)),
        ("judge less people, points", _number(found.over)),
        ("bias with length", _bias(one.by_length)),
        ("bias with turn", _bias(one.by_turn)),
        ("spread of repeats", _number(one.inconsistency)),
        ("pass rate by the judge", _percent(one.judge_rate)),
        ("pass rate corrected", _corrected(one.corrected)),
        ("weight of the judge in it", NOTHING if one.corrected is None else f"{one.corrected.weight:.2f}"),
        (f"labels for ±{100 * one.within:g} points", _needed(one)),
        ("pass_at that agrees best", _suggested(one.suggestion)),
    ]


def page(calibration: Calibration) -> str:
    """The calibration as Markdown."""
    lines = [f"# Labels of {calibration.monitor}", "", f"{calibration.read} labels were read."]
    for one in calibration.metrics:
        lines += ["", f"## {one.name}", "", "| | |", "| --- | --- |"]
        lines += [f"| {name} | {text} |" for name, text in figures(one)]
    notes = [*calibration.notes, *calibration.faults]
    return "\n".join([*lines, *([""] if notes else []), *(f"- {unmarked(note)}" for note in notes), ""])


def _number(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.2f}"


def _percent(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.1%}"


def _share(share: Share) -> str:
    if share.value is None or share.interval is None:
        return NOTHING
    low, high = share.interval
    return f"{share.value:.1%} ({low:.1%} to {high:.1%})"


def _about(value: float | None, interval: Interval | None) -> str:
    return _number(value) if value is None or interval is None else _interval((value, interval))


def _interval(found: tuple[float, Interval] | None) -> str:
    return NOTHING if found is None else f"{found[0]:.2f} ({found[1][0]:.2f} to {found[1][1]:.2f})"


def _corrected(found: Corrected | None) -> str:
    return NOTHING if found is None else f"{found.value:.1%} ({found.low:.1%} to {found.high:.1%})"


def _bias(found: Bias | None) -> str:
    if found is None:
        return NOTHING
    return f"{found.correlation:+.2f} (p {found.p_value:.3f}{'' if found.p_value < WEAK_P else ', may be chance'})"


def _needed(one: MetricCalibration) -> str:
    if one.corrected is None:
        return NOTHING
    return "more than there are judged rows" if one.needed is None else f"about {one.needed}"


def _suggested(found: Suggestion | None) -> str:
    if found is None:
        return NOTHING
    held_out = "" if found.kappa_held_out is None else f", {found.kappa_held_out:.2f} on labels held out"
    return f"{found.pass_at} (kappa {found.kappa:.2f}{held_out}; now {_number(found.kappa_now)})"
