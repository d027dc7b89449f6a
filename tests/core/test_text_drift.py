import gzip
import json
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.drift.text import LEAST_TEXTS, PERMUTATIONS, TextDrift, text_drift

SURE = 1 / (1 + PERMUTATIONS)
SHOP = ["parcel", "order", "refund", "label", "return", "shop", "delivery", "courier", "address", "invoice", "voucher"]
SKY = ["telescope", "planet", "orbit", "comet", "star", "galaxy", "nebula", "eclipse", "meteor", "spectrum", "mirror"]
BOTH = ["the", "a", "of", "and", "is", "it", "how", "what", "when", "my", "your", "can", "please", "to", "in"]
FOOD = ["烤鸭", "面条", "米饭", "饺子", "火锅", "豆腐", "牛肉", "辣椒", "酱油", "蔬菜", "餐厅", "厨师"]
LAW = ["合同", "法院", "律师", "判决", "诉讼", "证据", "条款", "违约", "赔偿", "仲裁", "法规", "权利"]
WORDS = ["我", "你", "们", "的", "了", "是", "在", "想", "请问", "怎么", "可以", "一下", "这个", "那个", "有"]


def texts(of: Sequence[str], among: Sequence[str], count: int, seed: int, between: str = " ") -> list[str]:
    """Texts of fourteen words, two in five of them of a topic."""
    rng = random.Random(seed)
    return [between.join(rng.choice(of if rng.random() < 0.4 else among) for _ in range(14)) for _ in range(count)]


def drift(
    baseline: Sequence[str], window: Sequence[str], sessions: tuple[list[str], list[str]] | None = None
) -> TextDrift:
    found = text_drift(baseline, window, sessions, confidence=0.95, seed=7)
    assert found is not None
    assert 0 <= found.auc <= 1
    assert SURE <= found.p_value <= 1
    assert found.scores.shape == (len(baseline) + len(window),)
    assert found.low is None or (found.high is not None and 0 < found.low <= found.auc <= found.high < 1)
    return found


@pytest.mark.parametrize(
    ("before", "after", "common", "between"),
    [(SHOP, SKY, BOTH, " "), (FOOD, LAW, WORDS, "")],
    ids=["English", "Chinese"],
)
def test_a_change_of_topic_is_found_in_any_script(
    before: list[str], after: list[str], common: list[str], between: str
) -> None:
    found = drift(texts(before, common, 200, 1, between), texts(after, common, 200, 2, between))
    assert found.auc >= 0.95
    assert found.p_value == SURE


def test_the_scores_tell_the_texts_that_are_new() -> None:
    window = [*texts(SHOP, BOTH, 180, 3), *texts(SKY, BOTH, 20, 4)]
    scores = drift(texts(SHOP, BOTH, 200, 5), window).scores
    assert (scores[380:, None] > scores[None, :380]).mean() > 0.85


@pytest.mark.parametrize("seed", range(5))
def test_texts_of_one_kind_are_not_told_apart(seed: int) -> None:
    found = drift(texts(SHOP, BOTH, 100, seed), texts(SHOP, BOTH, 100, seed + 100))
    assert found.p_value > 0.01
    assert 0.35 < found.auc < 0.65


def test_the_same_texts_in_both_samples_are_no_drift() -> None:
    same = texts(SHOP, BOTH, 150, 8)
    found = drift(same, same[::-1])
    assert 0.4 < found.auc < 0.6
    assert found.p_value > 0.05


def near_duplicates(tag: str, seed: int) -> tuple[list[str], list[str]]:
    """Ten sessions, each of one text with a word changed here and there."""
    rng = random.Random(seed)
    said, sessions = [], []
    for number in range(10):
        (base,) = texts([*SHOP, *SKY], BOTH, 1, rng.randrange(10**9))
        for _ in range(rng.randint(4, 10)):
            words = base.split()
            words[rng.randrange(len(words))] = rng.choice(BOTH)
            said.append(" ".join(words))
            sessions.append(f"{tag}{number}")
    return said, sessions


def test_sessions_of_near_duplicates_are_no_drift_though_their_texts_alone_would_be() -> None:
    alarms = {"by session": 0, "by text": 0}
    for seed in range(12):
        (before, first), (after, second) = near_duplicates("b", 2 * seed), near_duplicates("w", 2 * seed + 1)
        alarms["by session"] += drift(before, after, (first, second)).p_value <= 0.05
        alarms["by text"] += drift(before, after).p_value <= 0.05
    assert alarms["by session"] <= 2
    assert alarms["by text"] >= 10


def test_a_change_of_topic_is_found_by_sessions() -> None:
    sessions = [f"{place // 10}" for place in range(200)]
    found = drift(texts(SHOP, BOTH, 200, 1), texts(SKY, BOTH, 200, 2), (sessions, [f"w{one}" for one in sessions]))
    assert found.auc >= 0.95
    assert found.p_value == SURE


@given(st.randoms(use_true_random=False), st.integers(0, 10**6))
@settings(max_examples=5, deadline=None)
def test_neither_the_order_of_the_texts_nor_which_sample_is_first_makes_a_difference(
    rng: random.Random, seed: int
) -> None:
    before, after = texts(SHOP, BOTH, 30, seed), texts([*SHOP, *SKY], BOTH, 25, seed + 1)
    found = drift(before, after)
    shuffled = (rng.sample(before, len(before)), rng.sample(after, len(after)))
    again = drift(*shuffled)
    assert (again.auc, again.low, again.high, again.p_value) == (found.auc, found.low, found.high, found.p_value)
    assert drift(after, before).auc == pytest.approx(found.auc, abs=1e-9)


ODD = {"empty texts": "", "one character": "a", "one emoji": "🙂", "NUL": "\0"}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD.keys())
def test_texts_that_say_nothing_are_told_apart_by_chance(text: str) -> None:
    found = drift([text] * 30, [text] * 40)
    assert found.auc == pytest.approx(0.5, abs=0.05)
    assert found.p_value > 0.05


@given(
    st.lists(st.text(max_size=20), min_size=20, max_size=30), st.lists(st.text(max_size=20), min_size=20, max_size=30)
)
@settings(max_examples=10, deadline=None)
def test_any_texts_give_figures(before: list[str], after: list[str]) -> None:
    assert np.isfinite(drift(before, after).scores).all()


@pytest.mark.parametrize(
    ("before", "after", "sessions"),
    [
        (LEAST_TEXTS - 1, 100, None),
        (100, LEAST_TEXTS - 1, None),
        (0, 0, None),
        (50, 50, (["one"] * 50, [f"{n}" for n in range(50)])),
    ],
)
def test_too_few_texts_or_sessions_say_nothing(
    before: int, after: int, sessions: tuple[list[str], list[str]] | None
) -> None:
    assert (
        text_drift(texts(SHOP, BOTH, before, 1), texts(SKY, BOTH, after, 2), sessions, confidence=0.95, seed=7) is None
    )


def answers(shared_data: Path, task: str, model: str, field: str) -> list[str]:
    """What one version of a model was asked, or said, in order."""
    with gzip.open(shared_data / "llmdrift/items.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [row[field] or "" for row in rows if row["item_id"].startswith(f"{task}:") and row["model"] == model][:300]


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("task", "least"), [("prime", 0.99), ("counthappynumber", 0.99), ("opinionqa", 0.9), ("sensitiveq", 0.9)]
)
def test_the_completions_of_gpt_4_drifted_in_2023_and_the_prompts_did_not(
    shared_data: Path, task: str, least: float
) -> None:
    said, asked = (
        [answers(shared_data, task, model, field) for model in ("gpt-4-0314", "gpt-4-0613")]
        for field in ("completion", "prompt")
    )
    found = drift(*said)
    assert (found.auc >= least, found.p_value) == (True, SURE)
    assert drift(*asked).p_value > 0.05
