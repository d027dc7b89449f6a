import json
import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon

from tasks.core.drift.topics import (
    FAR,
    LEAST_TEXTS,
    WORDLESS,
    Topics,
    assign,
    fit_topics,
    from_document,
    to_document,
    topic_measures,
)
from tasks.core.stats.rows import Rows

SHOP = ["parcel", "order", "refund", "label", "return", "shop", "delivery", "courier", "address", "invoice", "voucher"]
SKY = ["telescope", "planet", "orbit", "comet", "star", "galaxy", "nebula", "eclipse", "meteor", "spectrum", "mirror"]
BALL = ["football", "goal", "referee", "match", "league", "coach", "stadium", "striker", "penalty", "keeper"]
BOTH = ["the", "a", "of", "and", "is", "it", "how", "what", "when", "my", "your", "can", "please", "to", "in"]
FOOD = ["烤鸭", "面条", "米饭", "饺子", "火锅", "豆腐", "牛肉", "辣椒", "酱油", "蔬菜", "餐厅", "厨师"]
LAW = ["合同", "法院", "律师", "判决", "诉讼", "证据", "条款", "违约", "赔偿", "仲裁", "法规", "权利"]
STARS = ["望远镜", "行星", "轨道", "彗星", "银河", "星云", "日食", "流星", "光谱", "宇宙"]
WORDS = ["我", "你", "们", "的", "了", "是", "在", "想", "请问", "怎么", "可以", "一下", "这个", "那个", "有"]
KANA = ["チケット", "ホテル", "フライト", "キャンセル", "パスポート", "ビザ"]
KANJI = ["給与", "税金", "契約書", "保険", "請求書", "経理"]
GLUE = ["は", "を", "に", "ください", "ですか", "の"]


def texts(of: Sequence[str], among: Sequence[str], count: int, seed: int, between: str = " ") -> list[str]:
    """Texts of fourteen words, two in five of them of a topic."""
    rng = random.Random(seed)
    return [between.join(rng.choice(of if rng.random() < 0.4 else among) for _ in range(14)) for _ in range(count)]


def fitted(of: Sequence[str], *, count: int | None = None, seed: int = 7) -> Topics:
    topics = fit_topics(of, count=count, seed=seed)
    assert topics is not None
    assert len(topics.names) == len(set(topics.names)) == len(topics.rows) >= 1
    assert 0 <= topics.threshold < 1
    assert 0 < topics.far_share <= 1
    return topics


@pytest.fixture(scope="module")
def two() -> Topics:
    return fitted([*texts(SHOP, BOTH, 150, 1), *texts(SKY, BOTH, 100, 2)])


@pytest.mark.parametrize(
    ("one", "other", "new", "common", "between"),
    [(SHOP, SKY, BALL, BOTH, " "), (FOOD, LAW, STARS, WORDS, ""), (KANA, KANJI, FOOD, GLUE, "")],
    ids=["English", "Chinese", "Japanese"],
)
def test_topics_are_found_and_new_ones_are_far_in_any_script(
    one: list[str], other: list[str], new: list[str], common: list[str], between: str
) -> None:
    topics = fitted([*texts(one, common, 150, 1, between), *texts(other, common, 100, 2, between)])
    assert len(topics.names) == 2
    for place, of in enumerate((one, other)):
        found = assign(topics, texts(of, common, 100, 3, between))
        assert (found == place).mean() >= 0.95
        assert all(any(word in said or said in word for said in of) for word in topics.names[place].split(" · ")[:1])
    assert (assign(topics, texts(new, common, 100, 4, between)) == FAR).mean() >= 0.9


def test_a_topic_is_named_by_its_words(two: Topics) -> None:
    named = [name.split(" · ") for name in two.names]
    assert [len(one) for one in named] == [3, 3]
    assert [set(one) - set(of) for one, of in zip(named, (SHOP, SKY), strict=True)] == [set(), set()]


@pytest.mark.parametrize("count", [1, 3, 5])
def test_as_many_topics_are_made_as_are_asked_for(count: int) -> None:
    assert len(fitted(texts(SHOP, BOTH, 100, 1), count=count).names) == count


def test_texts_like_those_of_the_baseline_are_seldom_far() -> None:
    far, expected = [], []
    for seed in range(30):
        topics = fitted(texts([*SHOP, *SKY], BOTH, 300, 2 * seed), count=2, seed=seed)
        found = assign(topics, texts([*SHOP, *SKY], BOTH, 300, 2 * seed + 1))
        far.append((found == FAR).sum() / (found != WORDLESS).sum())
        expected.append(topics.far_share)
    assert max(expected) < 0.03
    assert np.mean(far) < 0.02
    assert np.mean(far) <= np.mean(expected) + 0.005


def test_shares_that_did_not_change_seldom_alarm_though_half_the_baseline_made_the_topics() -> None:
    alarms, simulations = 0, 40
    for seed in range(simulations):
        topics = fitted(texts([*SHOP, *SKY, *BALL], BOTH, 160, 2 * seed), count=3, seed=seed)
        found = assign(topics, texts([*SHOP, *SKY, *BALL], BOTH, 100, 2 * seed + 1))
        p_value = topic_measures(topics, found, Rows(confidence=0.95))[1].value
        alarms += p_value is not None and p_value <= 0.05
    assert alarms <= stats.binom.ppf(0.999, simulations, 0.05)


def test_texts_without_content_words_are_of_no_topic_and_not_new(two: Topics) -> None:
    found = assign(two, ["", "?", "the", "12", "🙂", "refund my order"])
    assert found.tolist() == [WORDLESS] * 5 + [0]
    assert assign(two, []).tolist() == []
    assert assign(two, ["", "?"]).tolist() == [WORDLESS] * 2


def test_a_known_word_among_many_unknown_ones_does_not_make_a_text_known(two: Topics) -> None:
    known = "order parcel refund return"
    assert assign(two, [known, f"{known} zig zag zug zog zyg zeg zaz zuz zoz zez zyz zix"]).tolist() == [0, FAR]


@pytest.mark.parametrize("count", [LEAST_TEXTS, 200])
def test_one_repeated_text_is_one_topic(count: int) -> None:
    topics = fitted(["Where is my order?"] * count)
    assert topics.names == ("order",)
    assert assign(topics, ["where is MY order", "Cancel the subscription"]).tolist() == [0, FAR]


def test_near_duplicates_are_one_topic() -> None:
    topics = fitted([f"Where is my order {number}?" for number in range(30)])
    assert topics.names == ("order",)
    assert assign(topics, ["Where is my order 77?"]).tolist() == [0]


def test_twenty_texts_are_enough_and_their_uncertainty_is_told() -> None:
    topics = fitted(texts(SHOP, BOTH, LEAST_TEXTS, 1))
    assert topics.far_share > 0.05


@pytest.mark.parametrize(
    "few",
    [
        [],
        ["order"] * (LEAST_TEXTS - 1),
        ["?"] * 100,
        ["order"] * (LEAST_TEXTS - 1) + ["the"] * 100,
        [f"word{chr(97 + number)}" for number in range(25)],
    ],
    ids=["none", "nineteen", "without words", "nineteen with words", "no word twice"],
)
def test_too_few_texts_have_no_topics(few: list[str]) -> None:
    assert fit_topics(few, seed=7) is None


@given(st.randoms(use_true_random=False), st.integers(0, 1000))
@settings(max_examples=5, deadline=None)
def test_the_order_of_the_texts_makes_no_difference(rng: random.Random, seed: int) -> None:
    given_texts = [*texts(SHOP, BOTH, 30, seed), *texts(SKY, BOTH, 20, seed + 1), "Where is my order?"]
    topics = fitted(given_texts, seed=seed)
    assert fitted(rng.sample(given_texts, len(given_texts)), seed=seed) == topics
    found = assign(topics, given_texts)
    order = rng.sample(range(len(given_texts)), len(given_texts))
    assert assign(topics, [given_texts[place] for place in order]).tolist() == found[order].tolist()
    assert assign(topics, given_texts[:1]).tolist() == found[:1].tolist()


ODD = ["Á", "Ê", "Ê", "Ë", "Ì", "Í", "Î", "Ï", *(f"0{letter}" for letter in "ABCDEFGÀÁÂ"), "A0", "Áㇰâ", "Áㇰâ"]


@given(st.lists(st.text(max_size=20), min_size=20, max_size=40))
@example(ODD)
@settings(max_examples=15, deadline=None)
def test_any_texts_have_topics_or_none(said: list[str]) -> None:
    topics = fit_topics(said, seed=7)
    found = [] if topics is None else assign(topics, said).tolist()
    assert topics is None or set(found) <= {WORDLESS, FAR, *range(len(topics.names))}


def test_topics_of_the_same_words_have_different_names() -> None:
    twice = fitted([*["order refund"] * 30, *["order order order order refund"] * 30], count=2)
    assert len(set(twice.names)) == 2


def test_a_document_gives_the_topics_back(two: Topics) -> None:
    written = json.dumps(to_document(two))
    assert len(written) < 200_000
    assert from_document(json.loads(written)) == two


@pytest.mark.parametrize(
    "change",
    [
        {"directions": [[0.5]]},
        {"directions": []},
        {"weights": [float("nan")]},
        {"threshold": 2},
        {"threshold": "far"},
        {"names": ["one", "one"]},
        {"names": ["x" * 500, "y"]},
        {"version": 2},
        {"rows": [-1, 2]},
        {"code": "import os"},
    ],
)
def test_a_document_that_is_not_one_is_refused(two: Topics, change: dict[str, Any]) -> None:
    assert from_document({**to_document(two), **change}) is None


@pytest.mark.parametrize("document", [None, [], "topics", {}, 7, {"version": 1}])
def test_anything_else_is_no_document(document: object) -> None:
    assert from_document(document) is None


def test_the_measures_are_the_shares_and_their_distance(two: Topics) -> None:
    now = np.array([0] * 30 + [1] * 60 + [FAR] * 10 + [WORDLESS] * 7)
    measures = {one.address: one for one in topic_measures(two, now, Rows(confidence=0.95))}
    assert list(measures) == [
        "drift.topics.js",
        "drift.topics.p_value",
        "drift.topics.new_topic_share",
        "drift.topics.new_topic_share_expected",
        *(f"usage.topic.share[topic={name}]" for name in two.names),
    ]
    expected = measures["drift.topics.new_topic_share_expected"]
    assert (expected.value, expected.n) == (two.far_share, sum(two.rows) + two.far_rows)
    assert {one.n for one in measures.values() if one is not expected} == {100}
    new, share = measures["drift.topics.new_topic_share"], measures[f"usage.topic.share[topic={two.names[1]}]"]
    assert (new.value, share.value) == (0.1, 0.6)
    bounds = stats.binomtest(60, 100).proportion_ci(confidence_level=0.95, method="exact")
    assert (share.low, share.high) == pytest.approx((bounds.low, bounds.high), abs=1e-9)
    counts = [[two.far_rows, *two.rows], [10, 30, 60]]
    assert measures["drift.topics.js"].value == pytest.approx(jensenshannon(*counts, base=2))
    assert measures["drift.topics.p_value"].value == pytest.approx(stats.chi2_contingency(counts)[1])


def test_two_windows_are_compared_from_either_side(two: Topics) -> None:
    one, other = np.array([0] * 30 + [1] * 60), np.array([0] * 60 + [1] * 30 + [FAR] * 5)
    js, turned = (
        topic_measures(two, now, Rows(confidence=0.95), before=before)[0].value
        for now, before in ((one, other), (other, one))
    )
    assert js is not None
    assert js == pytest.approx(turned)
    assert topic_measures(two, one, Rows(confidence=0.95), before=one)[0].value == 0


@pytest.mark.parametrize("now", [[], [WORDLESS] * 30])
def test_no_texts_have_no_shares(two: Topics, now: list[int]) -> None:
    measures = topic_measures(two, np.array(now, dtype=np.int64), Rows(confidence=0.95))
    of_the_window = [one for one in measures if one.measure != "new_topic_share_expected"]
    assert {(one.value, one.low, one.n) for one in of_the_window} == {(None, None, 0)}


def test_few_texts_have_shares_but_no_distance(two: Topics) -> None:
    measures = topic_measures(two, np.array([0] * 5), Rows(confidence=0.95))
    assert [one.value for one in measures[:3]] == [None, None, 0]
    assert measures[4].value == 1
