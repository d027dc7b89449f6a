"""The course of a measure as a line of text: a bar for each window, first and last value, where the limit is."""

from typing import Final

from tasks.core.news import Trend
from tasks.core.sentence import figure

BARS: Final = "▁▂▃▄▅▆▇█"
GAP: Final = "·"
FEWEST: Final = 2


def drawn(trend: Trend, unit: str) -> str | None:
    """`▇▇▆▇·▅▃▁ 0.934 → 0.250 in 8 windows, limit 0.7 at ▅`; None of fewer than two values.

    The lowest bar is the lowest of the values and the limit, the highest bar the highest of them. A window without a
    value is a gap; those before the first value are left out.
    """
    known = [value for value in trend.values if value is not None]
    if len(known) < FEWEST:
        return None
    first = next(place for place, value in enumerate(trend.values) if value is not None)
    shown = trend.values[first:]
    ends = [*known, *([] if trend.limit is None else [trend.limit])]
    low, high = min(ends), max(ends)
    bars = "".join(GAP if value is None else _bar(value, low, high) for value in shown)
    last = "not known" if shown[-1] is None else figure(unit, shown[-1])
    limit = "" if trend.limit is None else f", limit {figure('', trend.limit)} at {_bar(trend.limit, low, high)}"
    gaps = f", {GAP} no value" if GAP in bars else ""
    return f"{bars} {figure(unit, known[0])} → {last} in {len(shown)} windows{limit}{gaps}"


def _bar(value: float, low: float, high: float) -> str:
    """One bar; all are the middle one where nothing differs."""
    share = 0.5 if high <= low else (value - low) / (high - low)
    return BARS[round(share * (len(BARS) - 1))]
