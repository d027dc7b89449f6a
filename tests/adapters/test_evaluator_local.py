import asyncio
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.load import built_in_metrics
from tasks.adapters.evaluator_local import LocalEvaluator, check_supported
from tasks.core.errors import ConfigError
from tasks.core.quality.local.text_statistics import METRICS
from tasks.core.quality.score import Use
from tests.builders import call

CONTEXT = (
    "Items can be returned within 30 days of delivery if they are unworn. The return label is under My Orders. "
    "Refunds reach the original payment method within five working days."
)
TRUTH = "You can return unworn items within 30 days of delivery, with the return label under My Orders."
ROW = {"prompt": "How do I return shoes?", "context": CONTEXT, "ground_truth": TRUTH}
OFF_TOPIC = "Penguins huddle together in winter, and the male bird guards the egg on its feet."
SALAD = "the the order of is is return the shoes of is the the items is is the of the the"


def grade(metric: str, completion: str, **row: str) -> int:
    return METRICS[metric](ROW | row | {"completion": completion}).score


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("empty", ["", "   \n", "?!…", "\u200b"])
def test_an_answer_without_a_word_is_the_worst_on_every_metric(metric: str, empty: str) -> None:
    assert grade(metric, empty) == 1


@pytest.mark.parametrize("metric", METRICS)
def test_a_good_answer_passes(metric: str) -> None:
    assert grade(metric, TRUTH) >= 3


@pytest.mark.parametrize("metric", ["groundedness", "relevance", "similarity"])
def test_an_answer_off_the_topic_scores_one_or_two(metric: str) -> None:
    assert grade(metric, OFF_TOPIC) <= 2


@pytest.mark.parametrize("metric", ["fluency", "coherence"])
def test_word_salad_and_loops_score_one_or_two(metric: str) -> None:
    assert grade(metric, SALAD) <= 2
    assert grade(metric, "I am sorry. " * 30) <= 2


def test_a_verbatim_copy_is_grounded_and_equal() -> None:
    assert grade("groundedness", "The return label is under My Orders.") == 5
    assert grade("similarity", TRUTH) == 5


@given(st.text(max_size=300), st.text(max_size=300))
@settings(deadline=None)
def test_any_text_has_a_score_in_range(completion: str, context: str) -> None:
    row = {"prompt": context, "completion": completion, "context": context, "ground_truth": context}
    for judge in METRICS.values():
        estimate = judge(row)
        assert 1 <= estimate.score <= 5
        assert 0 <= estimate.value <= 1


@pytest.mark.parametrize("text", ["a" * 1_000_000, "a. " * 300_000, "\n" * 1_000_000, "漢字" * 400_000, "((" * 500_000])
def test_huge_and_hostile_text_takes_no_longer_than_a_moment(text: str) -> None:
    row = {"prompt": text, "completion": text[1:], "context": text[2:], "ground_truth": text[3:]}
    started = time.process_time()
    for judge in METRICS.values():
        judge(row)
    assert time.process_time() - started < 10


def test_scores_are_pinned_to_their_version() -> None:
    """A change of these figures is a change of VERSION, else old and new scores would look alike."""
    answers = [TRUTH, OFF_TOPIC, SALAD, "Refunds take five working days.", "Returns are possible within 90 days."]
    scores = {metric: [grade(metric, answer) for answer in answers] for metric in METRICS}
    assert scores == {
        "coherence": [5, 5, 1, 3, 4],
        "fluency": [3, 4, 1, 5, 5],
        "groundedness": [4, 1, 2, 4, 2],
        "relevance": [5, 1, 5, 3, 5],
        "similarity": [5, 1, 2, 1, 1],
    }


def test_a_call_has_a_score_for_each_of_its_metrics_at_no_cost() -> None:
    metrics = tuple(built_in_metrics()[name].metric(None) for name in METRICS)
    judged = asyncio.run(LocalEvaluator().judge(call(TRUTH, metrics, context=CONTEXT, ground_truth=TRUTH)))
    assert len(judged.scores) == len(metrics)
    assert all(score.score is not None and score.use == Use() for score in judged.scores)


def test_a_metric_without_statistics_is_refused_before_the_run() -> None:
    with pytest.raises(ConfigError, match=r"quality\.metrics\.politeness: the local evaluator knows only"):
        check_supported(["fluency", "politeness"])
