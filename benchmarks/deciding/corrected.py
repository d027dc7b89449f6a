"""Pass rates corrected by labels on recorded judges: how often the intervals hold what people say.

`python benchmarks/deciding/corrected.py ../shared/data` draws labels from fixed seeds and prints Markdown.
"""

import gzip
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any, Final

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tasks.core.labels.choosing import choose, telling
from tasks.core.labels.correction import Corrected, Judged, Pairs, carried, corrected
from tasks.core.stats.intervals import wilson

CONFIDENCE: Final = 0.9
DRAWS: Final = 300
LABELS: Final = 100
FRAME: Final = 2_000
WINDOW: Final = 400
FALL: Final = 0.2

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgements:
    """A judge on one metric: what passes by people and by the judge, and the system that wrote each row.

    `tells` is by how much the label of each row would tell, empty where scores are not whole.
    """

    name: str
    human: Floats
    judge: Floats
    system: npt.NDArray[np.str_]
    tells: tuple[float, ...] = ()

    def pairs(self, rows: Integers) -> Pairs:
        """Labelled rows."""
        return Pairs(human=self.human[rows], judge=self.judge[rows], probability=np.ones(len(rows)))

    def judged(self, rows: Integers) -> Judged:
        """Judged rows."""
        return Judged(rows=len(rows), passed=int(self.judge[rows].sum()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """How often an interval was given and, where it was, held the truth; its mean width, its value's mean error."""

    given: float
    coverage: float
    width: float
    bias: float

    @staticmethod
    def of(found: list[Corrected | None], truth: float) -> "Held":
        """Of the results of all draws."""
        there = [one for one in found if one is not None]
        if not there:
            return Held(given=0.0, coverage=float("nan"), width=float("nan"), bias=float("nan"))
        return Held(
            given=len(there) / len(found),
            coverage=fmean(one.low <= truth <= one.high for one in there),
            width=fmean(one.high - one.low for one in there),
            bias=fmean(one.value for one in there) - truth,
        )


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a set's file, packed or not."""
    packed = path.with_name(f"{path.name}.gz")
    with gzip.open(packed, "rt") if packed.exists() else path.open() as found:
        yield from map(json.loads, found)


def summeval(data: Path) -> Iterator[Judgements]:
    """Summaries that three experts rated from 1 to 5; both pass from 4 on."""
    folder = data / "summeval_judged"
    items = {item["item_id"]: item for item in lines(folder / "items.jsonl")}
    recorded: dict[tuple[str, str], dict[str, float]] = {}
    for one in lines(folder / "judge.jsonl"):
        if one["scores"][0] is not None:
            key = f"{one['judge_model']}/{one['method']}", one["metric"]
            recorded.setdefault(key, {})[one["item_id"]] = one["scores"][0]
    for (judge, metric), scores in recorded.items():
        said = [items[item]["human"][metric]["expert_mean"] >= 4 for item in scores]  # noqa: PLR2004
        told = [score >= 4 for score in scores.values()]  # noqa: PLR2004
        found = _judgements(f"summeval {judge} {metric}", said, told, [items[item]["model"] for item in scores])
        yield replace(found, tells=tuple(telling(score, 4, 4, None) for score in scores.values()))


def topical(data: Path) -> Iterator[Judgements]:
    """Replies that people rated from 0 to 1, 1 to 3 or 1 to 5: they pass above the middle of the scale.

    So do the judge's mean ratings; a score of UniEval passes from 0.5 on.
    """
    folder = data / "topical_chat_judged"
    items = {item["item_id"]: item for item in lines(folder / "items.jsonl")}
    found: dict[tuple[str, str], list[tuple[bool, bool, str]]] = {}
    for one in lines(folder / "judge.jsonl"):
        scores, item = [score for score in one["scores"] if score is not None], items[one["item_id"]]
        rated = item["human"].get(one["metric"])
        if not scores or rated is None:
            continue
        lowest, highest = rated["scale"]
        middle = (lowest + highest) / 2
        cut = 0.5 if one["method"] == "unieval" else middle
        row = rated["mean"] > middle + 1e-9, fmean(scores) >= cut, item["model"]
        found.setdefault((one["method"], one["metric"]), []).append(row)
    for (method, metric), rows in found.items():
        said, told, systems = zip(*rows, strict=True)
        yield _judgements(f"topical {method} {metric}", list(said), list(told), list(systems))


def _judgements(name: str, said: list[bool], told: list[bool], systems: list[str]) -> Judgements:
    return Judgements(
        name=name, human=np.array(said, np.float64), judge=np.array(told, np.float64), system=np.array(systems)
    )


def within(one: Judgements, rng: np.random.Generator) -> tuple[Held, Held, float]:
    """Labels of the very rows that are corrected, drawn without replacement; and labels and rows drawn with it.

    The truth is the share of the whole set that people pass. The last figure: whether the judge's own interval,
    Wilson's over all its scores, holds it.
    """
    n, truth = len(one.human), float(one.human.mean())
    everyone = np.arange(n)
    finite = [
        corrected(one.pairs(rng.choice(n, LABELS, replace=False)), one.judged(everyone), CONFIDENCE)
        for _ in range(DRAWS)
    ]
    endless = [
        corrected(one.pairs(rng.choice(n, LABELS)), one.judged(rng.choice(n, WINDOW)), CONFIDENCE) for _ in range(DRAWS)
    ]
    low, high = wilson(int(one.judge.sum()), n, CONFIDENCE) or (0.0, 1.0)
    return Held.of(finite, truth), Held.of(endless, truth), float(low <= truth <= high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """Where labels and a later window come from: probabilities of the set's rows."""

    before: Floats
    after: Floats

    def truth(self, one: Judgements) -> float:
        """What people would pass of the window."""
        return float(self.after @ one.human)


def shifts(one: Judgements) -> dict[str, Shift]:
    """No shift; 20 points fewer pass, and the judge errs as before; worse, or better, systems write the answers."""
    n, rate = len(one.human), one.human.mean()
    even = np.full(n, 1 / n)
    fallen = np.where(one.human == 1, (rate - FALL) / rate, (1 - rate + FALL) / (1 - rate)) / n
    means = {str(system): one.human[one.system == system].mean() for system in np.unique(one.system)}
    ranked = sorted(means, key=lambda system: float(means[system]))
    worse = np.isin(one.system, ranked[: len(ranked) // 2])
    bad, good = worse / worse.sum(), ~worse / (~worse).sum()
    return {
        "as before": Shift(before=even, after=even),
        "20 points fewer pass, the judge errs as before": Shift(before=even, after=fallen),
        "the worse half of the systems writes": Shift(before=good, after=bad),
        "the better half of the systems writes": Shift(before=bad, after=good),
    }


def across(one: Judgements, shift: Shift, rng: np.random.Generator) -> dict[str, Held]:
    """Labels of earlier windows, used in three ways for a later one."""
    n = len(one.human)
    found: dict[str, list[Corrected | None]] = {"tuned": [], "weight 1": [], "carried": [], "no frame": []}
    for _ in range(DRAWS // 3):
        rows = one.pairs(rng.choice(n, LABELS, p=shift.before))
        frame = one.judged(rng.choice(n, FRAME, p=shift.before))
        window = one.judged(rng.choice(n, WINDOW, p=shift.after))
        found["tuned"].append(corrected(rows, window, CONFIDENCE))
        found["carried"].append(carried(rows, frame, window, CONFIDENCE))
        found["no frame"].append(carried(rows, None, window, CONFIDENCE))
        found["weight 1"].append(rectified(rows, window))
    truth = shift.truth(one)
    return {name: Held.of(results, truth) for name, results in found.items()}


def rectified(rows: Pairs, window: Judged) -> Corrected:
    """Prediction-powered inference without tuning, by normal theory."""
    rest = rows.human - rows.judge
    value = window.rate + float(rest.mean())
    half = 1.645 * float(np.sqrt(rest.var() / len(rest) + window.variance))
    return Corrected(value=value, low=value - half, high=value + half, labels=len(rest), judged=window.rows, weight=1.0)


def table(data: Path) -> str:
    """The tables as Markdown."""
    judges = [*summeval(data), *topical(data)]
    return "\n".join([*_within_lines(judges), "", *_chosen_lines(judges), "", *_across_lines(judges)])


def chosen(one: Judgements) -> Held:
    """Labels chosen where they tell most, with their probabilities; the whole set is what they are chosen among."""
    names = [f"r{place}" for place in range(len(one.human))]
    found = []
    for seed in range(DRAWS):
        rows = choose(names, one.tells, LABELS, seed)
        places = np.array([row.place for row in rows])
        pairs = replace(one.pairs(places), probability=np.array([row.probability for row in rows]))
        found.append(corrected(pairs, one.judged(np.arange(len(one.human))), CONFIDENCE))
    return Held.of(found, float(one.human.mean()))


def _chosen_lines(judges: list[Judgements]) -> Iterator[str]:
    """Labels at random against labels where they tell most, over the judges with whole scores."""
    yield "| labels | least coverage | mean coverage | mean width |"
    yield "| --- | --- | --- | --- |"
    whole = [one for one in judges if one.tells]
    by_chance = [within(one, np.random.default_rng(1))[0] for one in whole]
    for how, held in (("at random", by_chance), ("half where they tell most", [chosen(one) for one in whole])):
        coverage, width = [one.coverage for one in held], fmean(one.width for one in held)
        yield f"| {how} | {min(coverage):.1%} | {fmean(coverage):.1%} | {width:.3f} |"


def _within_lines(judges: list[Judgements]) -> Iterator[str]:
    names = "people pass | judge passes | judge's own interval | coverage | width | bias | drawn anew"
    yield f"| judge and metric | {names} |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    finite, endless, naive = [], [], []
    for one in judges:
        mine, drawn, own = within(one, np.random.default_rng(1))
        finite, endless, naive = [*finite, mine.coverage], [*endless, drawn.coverage], [*naive, own]
        rates = f"{one.human.mean():.1%} | {one.judge.mean():.1%} | {'holds it' if own else 'misses it'}"
        figures = f"{mine.coverage:.1%} | {mine.width:.3f} | {mine.bias:+.3f} | {drawn.coverage:.1%}"
        yield f"| {one.name} | {rates} | {figures} |"
    least = f"{min(finite):.1%} | | | {min(endless):.1%}"
    mean = f"{fmean(finite):.1%} | | | {fmean(endless):.1%}"
    yield f"| least of {len(judges)} | | | {fmean(naive):.0%} hold it | {least} |"
    yield f"| mean | | | | {mean} |"


def _across_lines(judges: list[Judgements]) -> Iterator[str]:
    yield "| window after the labels | how | value given | coverage | width | mean bias | mean absolute bias |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    found: dict[tuple[str, str], list[Held]] = {}
    for one in judges:
        for shift, where in shifts(one).items():
            for how, held in across(one, where, np.random.default_rng(2)).items():
                found.setdefault((shift, how), []).append(held)
    for (shift, how), held in found.items():
        there = [one for one in held if one.given]
        given, bias = fmean(one.given for one in held), fmean(one.bias for one in there)
        coverage, width = fmean(one.coverage for one in there), fmean(one.width for one in there)
        away = fmean(abs(one.bias) for one in there)
        yield f"| {shift} | {how} | {given:.0%} | {coverage:.1%} | {width:.2f} | {bias:+.3f} | {away:.3f} |"


if __name__ == "__main__":
    print(table(Path(sys.argv[1])))
