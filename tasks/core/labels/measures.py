"""The measures of one metric that labels correct."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from tasks.core.labels.correction import Corrected, Judged, Pairs, carried, corrected, informedness
from tasks.core.labels.label import Labelled, frame_of
from tasks.core.measure import Measure

CORRECTED: Final = ("pass_rate_corrected", "judge_informedness", "labels")
LEAST_OWN: Final = 30  # labels of a window's own rows that correct it without any assumption


def corrected_measures(
    name: str,
    pass_at: int,
    scores: Mapping[str, float | None],
    rows: Sequence[Labelled],
    confidence: float,
    weights: Mapping[str, float] | None = None,
) -> list[Measure]:
    """The pass rate corrected by labels, how far the judge carries them, and how many there are.

    `scores` are those of the window by interaction, None where there is none, and `weights` what each counts, where
    they do not count alike: 1 / the probability with which it was sampled. `rows` are labelled under the same judge.
    With `LEAST_OWN` labels of the window's own rows, `pass_rate_corrected` is by those alone (`corrected`); else by all
    (`carried`). It is None where the labels are too few, or do not show that the judge tells good from bad.
    """
    known = {place: score for place, score in scores.items() if score is not None}
    window = judged_of(list(known.values()), pass_at, [weights[place] for place in known] if weights else None)
    own = [one for one in rows if one.interaction_id in scores]
    found = _own(own, window, pass_at, confidence) or _from_elsewhere(rows, window, pass_at, confidence)
    told = informedness(pairs_of(rows, pass_at), confidence) if rows else None
    value, (low, high) = told or (None, (None, None))
    rate = Measure(signal="quality", subject=name, measure=CORRECTED[0], value=None, n=len(known), unit="share")
    if found is not None:
        rate = replace(rate, value=found.value, low=found.low, high=found.high)
    count, n = float(len(rows)), len(rows)
    return [
        rate,
        Measure(
            signal="quality", subject=name, measure=CORRECTED[1], value=value, low=low, high=high, n=n, unit="ratio"
        ),
        Measure(signal="quality", subject=name, measure=CORRECTED[2], value=count, n=n, unit="rows"),
    ]


def pairs_of(rows: Sequence[Labelled], pass_at: int) -> Pairs:
    """Labelled rows as arrays."""
    return Pairs(
        human=np.array([one.passed for one in rows], dtype=np.float64),
        judge=np.array([one.score >= pass_at for one in rows], dtype=np.float64),
        probability=np.array([one.probability for one in rows], dtype=np.float64),
        sessions=[one.session for one in rows],
    )


def judged_of(scores: Sequence[float], pass_at: int, weights: Sequence[float] | None = None) -> Judged:
    """Scored rows, and how many of them pass.

    `weights` are 1 / the probability with which each row was sampled. Source: L. Kish, Survey sampling (1965), 8.1,
    for as many rows as tell as much.
    """
    each = np.ones(len(scores)) if weights is None else np.array(weights, dtype=np.float64)
    rows = float(each.sum() ** 2 / (each**2).sum()) if len(each) else 0.0
    passes = np.array(scores, dtype=np.float64) >= pass_at
    return Judged(rows=rows, passed=rows * float(each @ passes) / float(each.sum()) if len(each) else 0.0)


def frame_judged(rows: Sequence[Labelled], pass_at: int) -> Judged | None:
    """The judged rows that the labelled ones were chosen among; None where they are not known."""
    frame = frame_of(rows)
    passed = sum(count for score, count in frame.items() if score >= pass_at)
    return Judged(rows=sum(frame.values()), passed=passed) if frame else None


def _own(rows: Sequence[Labelled], window: Judged, pass_at: int, confidence: float) -> Corrected | None:
    return corrected(pairs_of(rows, pass_at), window, confidence) if len(rows) >= LEAST_OWN else None


def _from_elsewhere(rows: Sequence[Labelled], window: Judged, pass_at: int, confidence: float) -> Corrected | None:
    return carried(pairs_of(rows, pass_at), frame_judged(rows, pass_at), window, confidence) if rows else None
