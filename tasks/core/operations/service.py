"""The health of the service as measures: requests, errors, latency, tokens, cost, load, and how the logs arrive.

They count every interaction of the window, hence have no interval. A quantile is that of the sketch, within 0.5 %.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Final

from tasks.core.measure import Measure
from tasks.core.price import Price
from tasks.core.records.facts import ENDINGS, OUTCOMES
from tasks.core.records.observe import COUNTED
from tasks.core.records.observed import Observed, Tally
from tasks.core.stats.sketch import quantile
from tasks.core.verdict import State, Verdict, stated
from tasks.core.window import Window

SIGNAL: Final = "operations"
HOUR_S: Final = 3600
MINUTE_S: Final = 60
QUANTILES: Final[Mapping[str, float]] = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
SUBJECTS: Final[Mapping[str, str]] = {
    "latency_ms": "ms",
    "first_token_ms": "ms",
    "input_tokens": "tokens",
    "output_tokens": "tokens",
}
DATED: Final = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8})$")  # what follows a model's name in that of its version
# What is measured, and the columns that it needs.
MEASURES: Final[Mapping[str, tuple[str, ...]]] = {
    f"{SIGNAL}.requests.count": (),
    f"{SIGNAL}.errors.share": ("status",),
    f"{SIGNAL}.errors.unknown_share": ("status",),
    **{f"{SIGNAL}.errors.{name}_share": ("status",) for name in OUTCOMES if name != "ok"},
    **{f"{SIGNAL}.{subject}.{name}": (subject,) for subject in SUBJECTS for name in (*QUANTILES, "missing_share")},
    f"{SIGNAL}.latency_ms.slow_share": ("latency_ms",),
    f"{SIGNAL}.input_tokens.sum": ("input_tokens",),
    f"{SIGNAL}.output_tokens.sum": ("output_tokens",),
    f"{SIGNAL}.cost_usd.sum": ("input_tokens", "output_tokens", "model_version"),
    f"{SIGNAL}.cost_usd.mean": ("input_tokens", "output_tokens", "model_version"),
    f"{SIGNAL}.cost_usd.priced_share": ("input_tokens", "output_tokens", "model_version"),
    f"{SIGNAL}.completions.empty_share": ("completion",),
    f"{SIGNAL}.completions.truncated_share": ("finish_reason",),
    f"{SIGNAL}.completions.filtered_share": ("finish_reason",),
    f"{SIGNAL}.cache.hit_share": ("cached",),
    f"{SIGNAL}.load_per_minute.median": (),
    f"{SIGNAL}.load_per_minute.max": (),
    f"{SIGNAL}.collection.missing_hours": (),
    f"{SIGNAL}.collection_lag_s.median": (),
    f"{SIGNAL}.collection_lag_s.max": (),
}
MISSING_HOURS: Final = f"{SIGNAL}.collection.missing_hours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The latency in milliseconds above which a call is slow (None: undefined), and prices by the name of a model."""

    slow_ms: float | None
    prices: Mapping[str, Price]


EMPTY: Final = Tally(segment_by=None, segment=None, counts=dict.fromkeys(COUNTED, 0), sketches={})


def service_measures(
    observed: Observed, window: Window, requests: int, mapped: Iterable[str], terms: Terms
) -> list[Measure]:
    """The measures of operations for which the columns are `mapped`; `requests` counts inputs without their copies."""
    asked = set(mapped)
    found = [_one("requests.count", float(requests) if requests else None, requests, "rows")]
    for tally in observed.tallies or (EMPTY,):
        found += _of_tally(tally, with_slow=terms.slow_ms is not None)
    found += [*_cost(observed, terms.prices), *_load(observed, window), *_arrival(observed, window)]
    return [one for one in found if asked.issuperset(MEASURES[one.name])]


def _one(address: str, value: float | None, n: int, unit: str, of: Tally | None = None) -> Measure:
    subject, measure = address.split(".")
    return Measure(
        signal=SIGNAL,
        subject=subject,
        measure=measure,
        value=value,
        n=n,
        unit=unit,
        segment_by=of.segment_by if of else None,
        segment=of.segment if of else None,
    )


def _share(address: str, part: int, whole: int, of: Tally) -> Measure:
    return _one(address, part / whole if whole else None, whole, "share", of)


def _of_tally(tally: Tally, *, with_slow: bool) -> Iterator[Measure]:
    counts, calls = tally.counts, tally.counts["calls"]
    outcomes = {name: counts[f"outcome_{name}"] for name in OUTCOMES}
    told = sum(outcomes.values())
    yield _share("errors.unknown_share", counts["outcome_unknown"], told + counts["outcome_unknown"], tally)
    yield _share("errors.share", told - outcomes["ok"], told, tally)
    for name, rows in outcomes.items():
        if name != "ok":
            yield _share(f"errors.{name}_share", rows, told, tally)
    for subject, unit in SUBJECTS.items():
        values, given = tally.sketches.get(subject, {}), counts[f"has_{subject}"]
        for name, share in QUANTILES.items():
            yield _one(f"{subject}.{name}", quantile(values, share), given, unit, tally)
        yield _share(f"{subject}.missing_share", calls - given, calls, tally)
    if with_slow:
        yield _share("latency_ms.slow_share", counts["slow"], counts["has_latency_ms"], tally)
    for subject in ("input_tokens", "output_tokens"):
        given = counts[f"has_{subject}"]
        yield _one(f"{subject}.sum", float(counts[f"sum_{subject}"]) if given else None, given, "tokens", tally)
    yield _share("completions.empty_share", counts["empty"], counts["has_completion_chars"], tally)
    ended = sum(counts[f"ending_{name}"] for name in ENDINGS)
    yield _share("completions.truncated_share", counts["ending_truncated"], ended, tally)
    yield _share("completions.filtered_share", counts["ending_filtered"], ended, tally)
    yield _share("cache.hit_share", counts["cached"], counts["cached"] + counts["not_cached"], tally)


def _cost(observed: Observed, prices: Mapping[str, Price]) -> Iterator[Measure]:
    """What the tokens of the priced models cost; nothing is said of models without a price, but for their share."""
    priced, cost = 0, 0.0
    for model, tokens in observed.models.items():
        price = price_of(model, prices)
        if price is not None:
            priced += tokens.calls
            cost += price.cost_usd(tokens.sent, 0, tokens.received)
    calls = observed.tallies[0].counts["calls"] if observed.tallies else 0
    yield _one("cost_usd.sum", cost if priced else None, priced, "dollars")
    yield _one("cost_usd.mean", cost / priced if priced else None, priced, "dollars")
    yield _one("cost_usd.priced_share", priced / calls if calls else None, calls, "share")


def price_of(model: str, prices: Mapping[str, Price]) -> Price | None:
    """The price of a model, else that of the name before its date (`gpt-4o-mini-2024-07-18`); None without one."""
    return prices.get(model) or prices.get(DATED.sub("", model))


def _load(observed: Observed, window: Window) -> Iterator[Measure]:
    """Requests a minute, over all minutes of the hours of the window in which there was one."""
    hours = {hour for hour in _hours(window) if hour in observed.hours}
    minutes = {
        start + minute * MINUTE_S
        for start in hours
        for minute in range(HOUR_S // MINUTE_S)
        if window.start.timestamp() <= start + minute * MINUTE_S < window.end.timestamp()
    }
    loads = {int(minute.timestamp()): calls for minute, calls in observed.minutes.items()}
    values = [loads.get(minute, 0) for minute in minutes]
    yield _one("load_per_minute.median", float(median(values)) if values else None, len(values), "requests")
    yield _one("load_per_minute.max", float(max(values)) if values else None, len(values), "requests")


def _arrival(observed: Observed, window: Window) -> Iterator[Measure]:
    """Whole hours of the window without any input, and how long after its newest record an object was last written.

    None where the window holds no whole hour: what is missing in less is not told.
    """
    start, end = window.start.timestamp(), window.end.timestamp()
    whole = [hour for hour in _hours(window) if start <= hour and hour + HOUR_S <= end]
    missing = float(sum(hour not in observed.hours for hour in whole)) if whole else None
    yield _one("collection.missing_hours", missing, len(whole), "hours")
    lags = observed.lags_s
    yield _one("collection_lag_s.median", float(median(lags)) if lags else None, len(lags), "seconds")
    yield _one("collection_lag_s.max", max(lags) if lags else None, len(lags), "seconds")


def _hours(window: Window) -> list[int]:
    """The hours that the window touches, as Unix times."""
    first = int(window.start.timestamp()) // HOUR_S * HOUR_S
    return list(range(first, math.ceil(window.end.timestamp()), HOUR_S))


def silence_verdict(missing: Measure) -> Verdict:
    """Ok, or no data with an alert of its own: for whole hours of the window the collector has logged nothing."""
    hours = round(missing.value or 0)
    if hours:
        silent = f"nothing was logged in {hours} of {missing.n} hours: look whether the collector runs"
        return stated(missing, State.NO_DATA, silent, alarms=True)
    return stated(missing, State.OK, f"something was logged in each of {missing.n} whole hours", alarms=False)
