"""Measure the local evaluator against people on the project's data sets, and its speed: `local_evaluator.py [DATA]`."""

import gzip
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO

from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from tasks.core.quality.local.text_statistics import METRICS, Estimate

Item = Mapping[str, Any]
Truth = Callable[[Item], float | None]
Choice = Callable[[Item], bool]
Pair = tuple[Estimate, float]
DATA: Final = Path(__file__).resolve().parents[2] / "shared/data"
DEFAULT_PROMPTS: Final[Mapping[str, str]] = {"summarization": "Summarize the article."}
ROLES: Final = ("prompt", "completion", "context", "ground_truth")
HEAD: Final = f"{'set':21} {'':3} {'metric':13} {'n':>5} {'value':>7} {'score':>7} {'AUC':6}    1    2    3    4    5"
SPEED_ROWS: Final = 300
PARCELS: Final = ("large", "small", "heavy", "green", "late", "early")
PLACES: Final = ("warehouse", "shop", "office", "van", "depot")


def mean_of(name: str, key: str) -> Truth:
    """People's mean rating `key` of the quality `name`; None where nobody rated it."""

    def truth(item: Item) -> float | None:
        rating: float | None = item["human"][name].get(key)
        return rating

    return truth


def label_is(name: str, label: str) -> Truth:
    """1 where people gave the label, else 0."""
    return lambda item: float(item["human"][name]["label"] == label)


def part(key: str, value: str) -> Choice:
    """The rows with one value of a label."""
    return lambda item: bool((item["labels"] or {}).get(key) == value)


def language(code: str) -> Choice:
    """The rows in one language."""
    return lambda item: bool(item["language"] == code)


def every(_: Item) -> bool:
    """All rows."""
    return True


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the table: a metric on the rows `chosen` of a set, what people said, and figures to compare with.

    `has_area`: people's figure is yes or no, so that the area under the ROC curve says how well it is told apart.
    """

    folder: str
    shown: str
    chosen: Choice
    metric: str
    truth: Truth
    note: str = ""
    has_area: bool = False


ATTRIBUTED: Final = label_is("groundedness", "Fully attributable")
SIMILAR: Final = mean_of("similarity", "mean")
CASES: Final[Sequence[Case]] = (
    *(
        Case("summeval_judged", "summeval", every, metric, mean_of(rated, "expert_mean"), note)
        for metric, rated, note in (
            ("coherence", "coherence", "sketch .27 gpt-3.5 .43 gpt-4 .44"),
            ("fluency", "fluency", "sketch .28 gpt-3.5 .29 gpt-4 .50"),
            ("groundedness", "consistency", "sketch .39 gpt-3.5 .43 gpt-4 .59"),
            ("relevance", "relevance", "sketch .23 gpt-3.5 .41 gpt-4 .41"),
        )
    ),
    Case("stsb_similarity", "stsb en", language("en"), "similarity", SIMILAR, "sketch .74 word Jaccard .60"),
    *(
        Case("stsb_similarity", f"stsb {code}", language(code), "similarity", SIMILAR)
        for code in ("de", "fr", "es", "zh")
    ),
    *(
        Case("topical_chat_judged", shown, every, metric, mean_of(rated, "mean"), note)
        for shown, metric, rated, note in (
            ("topical_chat", "coherence", "coherence", "UniEval .61 (full set)"),
            ("topical_chat", "fluency", "naturalness", "UniEval .51 (full set)"),
            ("topical_chat", "groundedness", "groundedness", "UniEval .58 (full set)"),
            ("topical_chat overall", "relevance", "overall", "for information"),
        )
    ),
    Case("begin_groundedness", "begin", every, "groundedness", ATTRIBUTED, has_area=True),
    *(
        Case("begin_groundedness", f"begin {key}", part("source", key), "groundedness", ATTRIBUTED, has_area=True)
        for key in ("wow", "cmu", "tc")
    ),
    *(
        Case("unieval_sets", f"{key}{end}", part("set", key), metric, mean_of(rated, "mean"), note)
        for key, end, metric, rated, note in (
            ("qags_cnndm", "", "groundedness", "consistency", "UniEval .65"),
            ("qags_xsum", "", "groundedness", "consistency", "UniEval .47"),
            ("sfres", "", "fluency", "naturalness", "UniEval .34"),
            ("sfhot", "", "fluency", "naturalness", "UniEval .31"),
            ("sfres", " inform.", "similarity", "informativeness", "UniEval .21"),
            ("sfhot", " inform.", "similarity", "informativeness", "UniEval .17"),
        )
    ),
    Case(
        "openqa_judged",
        "openqa",
        every,
        "similarity",
        label_is("correct", "Yes"),
        "gpt-4 agrees on .84 of rows",
        has_area=True,
    ),
    Case("gug_fluency", "gug (report only)", every, "fluency", mean_of("fluency", "mean"), "one expert to crowd .65"),
)


def items(folder: Path) -> list[Item]:
    """The rows of one set."""
    with opened(folder) as lines:
        return [json.loads(line) for line in lines]


@contextmanager
def opened(folder: Path) -> Iterator[TextIO]:
    """The file of rows, which may be packed."""
    packed = folder / "items.jsonl.gz"
    if packed.exists():
        with gzip.open(packed, "rt", encoding="utf-8") as lines:
            yield lines
    else:
        with (folder / "items.jsonl").open(encoding="utf-8") as lines:
            yield lines


def row(item: Item) -> dict[str, str]:
    """The texts of an item by role, "" where there is none."""
    roles = {role: item[role] or "" for role in ROLES}
    return roles | {"prompt": roles["prompt"] or DEFAULT_PROMPTS.get(item["task"], "")}


def pairs(case: Case, rows: Sequence[Item]) -> list[Pair]:
    """Our estimate and people's figure of each row that has one."""
    judge = METRICS[case.metric]
    return [(judge(row(item)), truth) for item in rows if (truth := case.truth(item)) is not None]


def line(case: Case, rows: Sequence[Item]) -> str:
    """Count, rank correlations of value and score with people, area, and the shares of the scores 1 to 5."""
    estimates, truths = zip(*pairs(case, rows), strict=True)
    values, scores = [each.value for each in estimates], [each.score for each in estimates]
    area = f"{roc_auc_score(truths, values):.3f}" if case.has_area else ""
    shares = " ".join(f"{scores.count(score) / len(scores):4.0%}" for score in range(1, 6))
    return (
        f"{case.shown:21} {rows[0]['language']:3} {case.metric:13} {len(truths):5} "
        f"{spearmanr(values, truths)[0]:7.3f} {spearmanr(scores, truths)[0]:7.3f} {area:6} {shares}  {case.note}"
    )


def made_row(number: int) -> dict[str, str]:
    """A row of 1,200 + 600 + 600 + 200 characters."""
    kinds = [(parcel, place) for parcel in PARCELS for place in PLACES]
    sentences = [f"The {a} parcel reached our {b} on day {n} without its label. " for n, (a, b) in enumerate(kinds)]
    at = number % len(sentences)
    turned = "".join(sentences[at:] + sentences[:at])
    return {
        "prompt": "".join(sentences[at : at + 4])[:200],
        "completion": (turned * 2)[:1200],
        "context": ("".join(sentences[at // 2 :]) * 2)[:600],
        "ground_truth": turned[:600],
    }


def speed() -> str:
    """Rows per second for all five metrics."""
    made = [made_row(number) for number in range(SPEED_ROWS)]
    start = time.perf_counter()
    for each in made:
        for judge in METRICS.values():
            judge(each)
    return f"{len(made) / (time.perf_counter() - start):.0f} rows/s for all five metrics"


def main(data: Path) -> None:
    """Print the table, a line a case, and the speed."""
    print(HEAD)
    read = {name: items(data / name) for name in dict.fromkeys(case.folder for case in CASES)}
    for case in CASES:
        print(line(case, [item for item in read[case.folder] if case.chosen(item)]))
    print(speed())


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DATA)
