"""What cheap scores of all candidates, strata and preferences gain, on recorded judgements.

`python benchmarks/deciding/sampling.py [DATA]` takes about a minute and prints Markdown. Every draw is a window of rows
that are drawn anew from a data set, so that the truth is the rate of the data set; seeds are fixed.
"""

import gzip
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tasks.core.quality.local.text_statistics import CUTS, METRICS
from tasks.core.records.strata import choose
from tasks.core.stats.assisted import assisted_rate
from tasks.core.stats.estimate import share_estimate

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

DATA: Final = Path(__file__).resolve().parents[3] / "shared/data"
CONFIDENCE: Final = 0.95
JUDGED: Final = 0.2
DRAWS: Final = 1_000
WINDOWS: Final = 1_000
CANDIDATES: Final = 5_000
ROWS: Final = 500
RARE: Final = 0.02
LOW: Final = 2  # the index of the cut that a score of 4 begins at
ROLES: Final = ("prompt", "completion", "context", "ground_truth")
SUMMEVAL: Final = {
    "coherence": "coherence",
    "fluency": "fluency",
    "relevance": "relevance",
    "consistency": "groundedness",
}
TOPICAL: Final = {"coherence": "coherence", "naturalness": "fluency", "groundedness": "groundedness"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgements:
    """What a judge said of the rows of a set: `passed`; the local scores, the metric's own first; the models."""

    judge: str
    metric: str
    passed: Flags
    scores: Floats
    models: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A data set: the judges and the method whose replies count, what our metrics are called, the least that passes."""

    folder: str
    judges: tuple[str, ...]
    method: str
    metrics: Mapping[str, str]
    pass_at: Mapping[str, float]


SOURCES: Final = (
    Source(
        folder="summeval_judged",
        judges=("gpt-4-0314", "gpt-3.5-turbo-0301"),
        method="rts",
        metrics=SUMMEVAL,
        pass_at=dict.fromkeys(SUMMEVAL, 4),
    ),
    Source(
        folder="topical_chat_judged",
        judges=("gpt-3.5-turbo-0613",),
        method="rate_explain",
        metrics=TOPICAL,
        pass_at={"coherence": 3, "naturalness": 3, "groundedness": 1},
    ),
)


def rows(path: Path) -> list[dict[str, Any]]:
    """The lines of a file, gzip or not."""
    content = path.read_bytes()
    text = gzip.decompress(content) if path.suffix == ".gz" else content
    return [json.loads(line) for line in text.splitlines()]


def judgements(data: Path, source: Source) -> Iterator[Judgements]:
    """The recorded judgements of a set, those with a reply that has a score; of repeated calls the last."""
    folder = data / source.folder
    (items,) = folder.glob("items.jsonl*")
    known = {item["item_id"]: item for item in rows(items)}
    local = {name: _local(item, source.metrics.values()) for name, item in known.items()}
    replies: dict[tuple[str, str], dict[str, float]] = {}
    for one in rows(folder / "judge.jsonl.gz"):
        if one["method"] == source.method and one["scores"] and one["scores"][0] is not None:
            replies.setdefault((one["judge_model"], one["metric"]), {})[one["item_id"]] = one["scores"][0]
    for judge, (name, metric) in product(source.judges, source.metrics.items()):
        found = replies[judge, name]
        order = [metric, *(other for other in source.metrics.values() if other != metric)]
        yield Judgements(
            judge=f"{source.folder.removesuffix('_judged')}, {judge}",
            metric=metric,
            passed=np.array([score >= source.pass_at[name] for score in found.values()]),
            scores=np.array([[local[item][other] for other in order] for item in found]),
            models=[str(known[item]["model"]) for item in found],
        )


def _local(item: Mapping[str, Any], metrics: Iterable[str]) -> dict[str, float]:
    row = {role: item.get(role) or "" for role in ROLES}
    row["prompt"] = row["prompt"] or "Summarize the article."
    return {metric: METRICS[metric](row).value for metric in metrics}


def shrinking(given: Judgements, seed: int) -> str:
    """One line: a fifth of a window judged, with the metric's own local score and with those of all metrics."""
    rng, truth, size = np.random.default_rng(seed), float(given.passed.mean()), len(given.passed)
    judged = round(JUDGED * size)
    held, shrunk = Counter[str](), {"own": list[float](), "all": list[float]()}
    for _ in range(DRAWS):
        drawn = rng.integers(0, size, size)
        passed, scores = given.passed[drawn], given.scores[drawn]
        known = [bool(one) if place < judged else None for place, one in enumerate(passed)]
        alone = share_estimate(passed[:judged])
        bounds = alone.interval(CONFIDENCE) if alone else None
        held["plain"] += bounds is not None and bounds[0] <= truth <= bounds[1]
        for name, columns in (("own", scores[:, :1]), ("all", scores)):
            found = assisted_rate(known, columns, np.ones(size), None, CONFIDENCE)
            if found is not None:
                held[name] += found.low <= truth <= found.high
                shrunk[name].append(found.shrink)
    widths = " | ".join(f"{np.mean(shrunk[name]):.3f}" for name in ("own", "all"))
    coverage = " | ".join(f"{held[name] / DRAWS:.1%}" for name in ("plain", "own", "all"))
    return f"| {given.judge} | {given.metric} | {size} | {truth:.2f} | {widths} | {coverage} |"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What one design made of one window: rows judged of the rare version, failures found, the rates and intervals."""

    rare_rows: int
    failures: int
    rare: tuple[float, float, float]
    window: tuple[float, float, float]
    assisted: tuple[float, float, float]


def windows(given: Judgements, rare_model: str, design: tuple[bool, bool]) -> Iterator[Drawn]:
    """Windows in which a version is rare, sampled with or without strata and with or without a preference."""
    is_rare = np.array([model == rare_model for model in given.models])
    places = {True: np.flatnonzero(is_rare), False: np.flatnonzero(~is_rare)}
    rng = np.random.default_rng(17)
    for _ in range(WINDOWS):
        rare = rng.random(CANDIDATES) < RARE
        drawn = np.where(rare, rng.choice(places[True], CANDIDATES), rng.choice(places[False], CANDIDATES))
        low = given.scores[drawn, 0] < CUTS[given.metric][LOW]
        stratified, preferred = design
        strata = rare.tolist() if stratified else [False] * CANDIDATES
        choice = choose(strata, low.tolist() if preferred else [False] * CANDIDATES, ROWS)
        yield _drawn(given.passed[drawn], given.scores[drawn], rare, choice.chosen, choice.inclusion)


def _drawn(passed: Flags, scores: Floats, rare: Flags, chosen: npt.NDArray[np.int64], inclusion: Floats) -> Drawn:
    mine = chosen[rare[chosen]]
    known: list[bool | None] = [None] * len(passed)
    for place in chosen.tolist():
        known[place] = bool(passed[place])
    found = assisted_rate(known, scores, 1 / inclusion, None, CONFIDENCE)
    return Drawn(
        rare_rows=len(mine),
        failures=int((~passed[chosen]).sum()),
        rare=_rate(passed[mine], 1 / inclusion[mine]),
        window=_rate(passed[chosen], 1 / inclusion[chosen]),
        assisted=(np.nan,) * 3 if found is None else (found.value, found.low, found.high),
    )


def _rate(passed: Flags, weights: Floats) -> tuple[float, float, float]:
    found = share_estimate(passed, weights=weights)
    bounds = found.interval(CONFIDENCE) if found else None
    return (np.nan, 0.0, 1.0) if found is None or bounds is None else (found.value, *bounds)


DESIGNS: Final[Mapping[str, tuple[bool, bool]]] = {
    "simple": (False, False),
    "prefer low local scores": (False, True),
    "stratify by version": (True, False),
    "both": (True, True),
}


def choosing(given: Judgements) -> Iterator[str]:
    """One line a design."""
    rates = {model: given.passed[np.array(given.models) == model].mean() for model in set(given.models)}
    rare_model = min(rates, key=lambda model: (rates[model], model))
    others = given.passed[np.array(given.models) != rare_model].mean()
    truths = {"rare": rates[rare_model], "window": RARE * rates[rare_model] + (1 - RARE) * others}
    rates_told = f"the rare version passes {truths['rare']:.2f}, the window {truths['window']:.3f}"
    names = "its rows | its interval | holds | failures | bias of the window | interval | holds | assisted | holds"
    yield from (f"{given.judge}, {given.metric}: {rates_told}.", "", f"| sample | {names} |", "| --- " * 10 + "|")
    for name, design in DESIGNS.items():
        found = list(windows(given, rare_model, design))
        rare, window, assisted = (
            np.array([getattr(one, part) for one in found]) for part in ("rare", "window", "assisted")
        )
        counts = [np.mean([getattr(one, part) for one in found]) for part in ("rare_rows", "failures")]
        bias = f"{window[:, 0].mean() - truths['window']:+.4f}"
        figures = [_figures(one, truths[of]) for one, of in ((rare, "rare"), (window, "window"), (assisted, "window"))]
        yield f"| {name} | {counts[0]:.0f} | {figures[0]} | {counts[1]:.0f} | {bias} | {figures[1]} | {figures[2]} |"


def _figures(found: Floats, truth: float) -> str:
    held = (found[:, 1] <= truth) & (truth <= found[:, 2])
    return f"{(found[:, 2] - found[:, 1]).mean():.3f} | {held.mean():.1%}"


def table(data: Path) -> str:
    """Both tables, as Markdown."""
    known = [one for source in SOURCES for one in judgements(data, source)]
    lines = [
        f"A fifth judged, {DRAWS} windows: the width of the interval over the plain one, and how often 95 % holds.",
        "",
        "| judge | metric | rows | pass rate | own score | all scores | plain holds | own | all |",
        "| --- " * 9 + "|",
        *(shrinking(one, seed) for seed, one in enumerate(known)),
        "",
        f"{ROWS} of {CANDIDATES:,} candidates judged, a version of {RARE:.0%}, {WINDOWS} windows: mean figures.",
    ]
    for one in known[:2]:
        lines += ["", *choosing(one)]
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(Path(sys.argv[1]) if len(sys.argv) > 1 else DATA))
