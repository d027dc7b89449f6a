"""Measure the local evaluator against people on the project's data sets, and its speed: `bench_local.py DATA`."""

import gzip
import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score
from text_statistics import METRICS, Estimate

Item = Mapping[str, Any]
Truth = Callable[[Item], float | None]
DEFAULT_PROMPTS: Final[Mapping[str, str]] = {"summarization": "Summarize the article."}


def mean_of(name: str, key: str) -> Truth:
    return lambda item: item["human"][name].get(key)


def label_is(name: str, label: str) -> Truth:
    return lambda item: float(item["human"][name]["label"] == label)


def part(key: str, value: str) -> Callable[[Item], bool]:
    return lambda item: (item["labels"] or {}).get(key) == value


def language(code: str) -> Callable[[Item], bool]:
    return lambda item: item["language"] == code


def every(item: Item) -> bool:
    return True


Case = tuple[str, str, Callable[[Item], bool], str, Truth, str]
# set, shown name, which rows, metric, people's figure, figures to compare with
CASES: Final[Sequence[Case]] = (
    (
        "summeval_judged",
        "summeval",
        every,
        "coherence",
        mean_of("coherence", "expert_mean"),
        "sketch .27 gpt-3.5 .43 gpt-4 .44",
    ),
    (
        "summeval_judged",
        "summeval",
        every,
        "fluency",
        mean_of("fluency", "expert_mean"),
        "sketch .28 gpt-3.5 .29 gpt-4 .50",
    ),
    (
        "summeval_judged",
        "summeval",
        every,
        "groundedness",
        mean_of("consistency", "expert_mean"),
        "sketch .39 gpt-3.5 .43 gpt-4 .59",
    ),
    (
        "summeval_judged",
        "summeval",
        every,
        "relevance",
        mean_of("relevance", "expert_mean"),
        "sketch .23 gpt-3.5 .41 gpt-4 .41",
    ),
    (
        "stsb_similarity",
        "stsb en",
        language("en"),
        "similarity",
        mean_of("similarity", "mean"),
        "sketch .74 word Jaccard .60",
    ),
    ("stsb_similarity", "stsb de", language("de"), "similarity", mean_of("similarity", "mean"), ""),
    ("stsb_similarity", "stsb fr", language("fr"), "similarity", mean_of("similarity", "mean"), ""),
    ("stsb_similarity", "stsb es", language("es"), "similarity", mean_of("similarity", "mean"), ""),
    ("stsb_similarity", "stsb zh", language("zh"), "similarity", mean_of("similarity", "mean"), ""),
    ("topical_chat_judged", "topical_chat", every, "coherence", mean_of("coherence", "mean"), "UniEval .61 (full set)"),
    ("topical_chat_judged", "topical_chat", every, "fluency", mean_of("naturalness", "mean"), "UniEval .51 (full set)"),
    (
        "topical_chat_judged",
        "topical_chat",
        every,
        "groundedness",
        mean_of("groundedness", "mean"),
        "UniEval .58 (full set)",
    ),
    ("topical_chat_judged", "topical_chat overall", every, "relevance", mean_of("overall", "mean"), "for information"),
    ("begin_groundedness", "begin", every, "groundedness", label_is("groundedness", "Fully attributable"), ""),
    (
        "begin_groundedness",
        "begin wow",
        part("source", "wow"),
        "groundedness",
        label_is("groundedness", "Fully attributable"),
        "",
    ),
    (
        "begin_groundedness",
        "begin cmu",
        part("source", "cmu"),
        "groundedness",
        label_is("groundedness", "Fully attributable"),
        "",
    ),
    (
        "begin_groundedness",
        "begin tc",
        part("source", "tc"),
        "groundedness",
        label_is("groundedness", "Fully attributable"),
        "",
    ),
    (
        "unieval_sets",
        "qags_cnndm",
        part("set", "qags_cnndm"),
        "groundedness",
        mean_of("consistency", "mean"),
        "UniEval .65",
    ),
    (
        "unieval_sets",
        "qags_xsum",
        part("set", "qags_xsum"),
        "groundedness",
        mean_of("consistency", "mean"),
        "UniEval .47",
    ),
    ("unieval_sets", "sfres", part("set", "sfres"), "fluency", mean_of("naturalness", "mean"), "UniEval .34"),
    ("unieval_sets", "sfhot", part("set", "sfhot"), "fluency", mean_of("naturalness", "mean"), "UniEval .31"),
    (
        "unieval_sets",
        "sfres inform.",
        part("set", "sfres"),
        "similarity",
        mean_of("informativeness", "mean"),
        "UniEval .21",
    ),
    (
        "unieval_sets",
        "sfhot inform.",
        part("set", "sfhot"),
        "similarity",
        mean_of("informativeness", "mean"),
        "UniEval .17",
    ),
    ("openqa_judged", "openqa", every, "similarity", label_is("correct", "Yes"), "gpt-4 agrees on .84 of rows"),
    ("gug_fluency", "gug (report only)", every, "fluency", mean_of("fluency", "mean"), "one expert to crowd .65"),
)


def items(folder: Path) -> list[Item]:
    packed = folder / "items.jsonl.gz"
    lines = gzip.open(packed, "rt") if packed.exists() else (folder / "items.jsonl").open()
    with lines:
        return [json.loads(line) for line in lines]


def row(item: Item) -> dict[str, str]:
    roles = {role: item[role] or "" for role in ("prompt", "completion", "context", "ground_truth")}
    return roles | {"prompt": roles["prompt"] or DEFAULT_PROMPTS.get(item["task"], "")}


def line(name: str, metric: str, code: str, pairs: Iterable[tuple[Estimate, float]], note: str) -> str:
    estimates, truths = zip(*pairs, strict=True)
    values, scores = [each.value for each in estimates], [each.score for each in estimates]
    area = (
        f"{roc_auc_score(truths, values):.3f}"
        if set(truths) == {0.0, 1.0} and "begin openqa".count(name.split(maxsplit=1)[0])
        else ""
    )
    shares = " ".join(f"{scores.count(score) / len(scores):4.0%}" for score in range(1, 6))
    return (
        f"{name:21} {code:3} {metric:13} {len(truths):5} {spearmanr(values, truths)[0]:7.3f} "
        f"{spearmanr(scores, truths)[0]:7.3f} {area:6} {shares}  {note}"
    )


def speed() -> str:
    """Rows per second for all five metrics on rows of 1,200 + 600 + 600 + 200 characters."""
    sentence = [
        f"The {a} parcel reached our {b} on day {n} without its label. "
        for n, (a, b) in enumerate(
            (a, b)
            for a in ["large", "small", "heavy", "green", "late", "early"]
            for b in ["warehouse", "shop", "office", "van", "depot"]
        )
    ]
    made = [
        {
            "prompt": "".join(sentence[k : k + 4])[:200],
            "completion": ("".join(sentence[k:] + sentence[:k]) * 2)[:1200],
            "context": ("".join(sentence[k // 2 :]) * 2)[:600],
            "ground_truth": "".join(sentence[k:] + sentence[:k])[:600],
        }
        for k in range(30)
    ] * 10
    start = time.perf_counter()
    for each in made:
        for judge in METRICS.values():
            judge(each)
    return f"{len(made) / (time.perf_counter() - start):.0f} rows/s for all five metrics"


def main(data: Path) -> None:
    print(f"{'set':21} {'':3} {'metric':13} {'n':>5} {'value':>7} {'score':>7} {'AUC':6}    1    2    3    4    5")
    read = {name: items(data / name) for name in dict.fromkeys(case[0] for case in CASES)}
    for folder, name, chosen, metric, truth, note in CASES:
        pairs = [(METRICS[metric](row(i)), t) for i in read[folder] if chosen(i) and (t := truth(i)) is not None]
        print(line(name, metric, (pairs and next(i for i in read[folder] if chosen(i))["language"]) or "", pairs, note))
    print(speed())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
